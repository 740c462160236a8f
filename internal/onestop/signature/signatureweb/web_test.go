package signatureweb_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"image"
	"image/color"
	"image/png"
	"math/big"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/go-pdf/fpdf"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/web"
	"khue/internal/onestop/signature"
	"khue/internal/register/certificate"
	"khue/internal/register/orgunit"
)

// rig is a city in which the chair of a ward has a card and the ward a seal.
type rig struct {
	*citytest.City
	t    testing.TB
	unit orgunit.UnitID
	card certificate.Card
}

func (r rig) ctx(login string) context.Context {
	r.t.Helper()
	for _, a := range r.Demo.Accounts {
		if a.Login == login {
			sub, err := r.Auth.Resolve(r.t.Context(), a.Token)
			if err != nil {
				r.t.Fatal(err)
			}
			return auth.With(r.t.Context(), sub)
		}
	}
	r.t.Fatal(login)
	return nil
}

func (r rig) issue(w certificate.Wish) certificate.Card {
	r.t.Helper()
	w.Basis = "Quyết định 12/QĐ-UBND"
	asked, err := r.Certificates.Ask(r.ctx("phochutich"), w, web.NewKey())
	if err != nil {
		r.t.Fatal(err)
	}
	c, err := r.Certificates.Decide(r.ctx("lanhdao"), asked.ID, true)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func newRig(t testing.TB, c *citytest.City) rig {
	t.Helper()
	r := rig{City: c, t: t}
	sub := auth.From(r.ctx("chutich"))
	scope := sub.Grants[0].Scope
	for _, u := range c.Units.Now().Select(func(u orgunit.Unit) bool { return "unit:"+u.ID.String() == scope }) {
		r.unit = u.ID
	}
	if c.Signatures.Working(r.unit) || c.Signatures.Working(0) {
		t.Error("a unit without a seal signs")
	}
	r.card = r.issue(certificate.Wish{Kind: certificate.Officer, Login: "chutich"})
	r.issue(certificate.Wish{Kind: certificate.Seal, Unit: scope})
	if !c.Signatures.Working(r.unit) || !c.Signatures.Working(0) {
		t.Error("a unit with a seal does not sign")
	}
	return r
}

func paper(t testing.TB, text string) []byte {
	t.Helper()
	p := fpdf.New("P", "mm", "A4", "")
	p.SetFont("Helvetica", "", 14)
	p.AddPage()
	p.Cell(40, 10, text)
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func picture(t testing.TB) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 80, 80))
	for i := range 80 {
		m.SetNRGBA(i, i, color.NRGBA{B: 200, A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sent is what a visitor without JavaScript is told of a file.
func (r rig) sent(name string, b []byte, status int) string {
	r.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	_ = m.WriteField("_key", web.NewKey())
	f, err := m.CreateFormFile("file", name)
	if err != nil {
		r.t.Fatal(err)
	}
	_, _ = f.Write(b)
	_ = m.Close()
	a := r.Visitor().In("en").Do("POST", "/verify", body.Bytes(), map[string]string{"Content-Type": m.FormDataContentType(), "Accept": "text/html"})
	return string(a.Want(status).Body)
}

// The chair signs, the seal goes over a third of the signature; a visitor is told who signed,
// when, and what happened to the file since.
func TestAnybodyIsToldWhatAFileIsWorth(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		r := newRig(t, c)
		ctx := r.ctx("chutich")
		by, err := c.Signatures.OfficerSigner(ctx, auth.From(ctx).Account)
		if err != nil {
			t.Fatal(err)
		}
		seal, err := c.Signatures.SealSigner(ctx, r.unit)
		if err != nil {
			t.Fatal(err)
		}
		person := [4]float64{350, 200, 450, 260}
		one, err := c.Signatures.SignPDF(ctx, paper(t, "Giay phep"), by, &signature.Visible{Rect: person, Kind: signature.Personal, Image: picture(t)}, "Ban hành")
		if err != nil {
			t.Fatal(err)
		}
		two, err := c.Signatures.SignPDF(ctx, one, seal, &signature.Visible{Rect: signature.SealOver(person), Kind: signature.Seal, Image: picture(t)}, "")
		if err != nil {
			t.Fatal(err)
		}
		told := func(got string, want ...string) {
			t.Helper()
			for _, w := range want {
				if !strings.Contains(got, w) {
					t.Errorf("%q is not told", w)
				}
			}
		}
		told(r.sent("giay-phep.pdf", two, 200), "The signatures are good", "Vũ Đức Thắng", "Ban hành", "proven by a time stamp", "Only further signatures were added", "covers the whole file", r.card.Serial[:8])
		bad := bytes.Replace(two, []byte("/MediaBox [0 0 595"), []byte("/MediaBox [0 0 596"), 1)
		told(r.sent("giay-phep.pdf", bad, 200), "The file was changed after it was signed")
		told(r.sent("giay-phep.pdf", append(bytes.Clone(two), "\n% thêm\n"...), 200), "The file was changed after it was signed")
		told(r.sent("khac.pdf", paper(t, "x"), 200), "carries no digital signature")
		told(r.sent("khac.pdf", []byte("%PDF-1.7\nrác"), 422), "no PDF or XML that can be read")
		told(r.sent("khac.xml", []byte(`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`), 422), "no PDF or XML that can be read")
		xml, err := c.Signatures.SignXML(ctx, []byte("<hoSo><ten>An</ten></hoSo>"), seal)
		if err != nil {
			t.Fatal(err)
		}
		told(r.sent("ho-so.xml", xml, 200), "The signatures are good", "XAdES")
		told(r.sent("ho-so.xml", bytes.Replace(xml, []byte(">An<"), []byte(">Anh<"), 1), 200), "The file was changed")

		// Revoked after the proven time: what was signed before stays good, nothing more is signed.
		c.Pass(time.Hour)
		if _, err := c.Certificates.Revoke(ctx, r.card.ID, certificate.Compromise); err != nil {
			t.Fatal(err)
		}
		told(r.sent("giay-phep.pdf", two, 200), "The signatures are good", "revoked after the proven time")
		if _, err := c.Signatures.OfficerSigner(ctx, auth.From(ctx).Account); !errs.Is(err, errs.NotFound) {
			t.Error("signs with a revoked card", err)
		}
	})
}

// A citizen signs with a key of their own: the city prepares, their software signs, the city completes.
func TestACitizensOwnKey(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(5), Subject: pkix.Name{CommonName: "Nguyễn Thị Hạnh"}, NotBefore: c.Clock.Now().Add(-time.Hour), NotAfter: c.Clock.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	e, err := c.Signatures.Prepare(t.Context(), paper(t, "Don"), []*x509.Certificate{cert}, nil, "Nộp hồ sơ")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(e.Attributes)
	sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Signatures.Complete(t.Context(), e, sig)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := c.Signatures.Verify(t.Context(), out)
	if err != nil || rep.Verdict != signature.Doubtful || rep.Signatures[0].Whole != "kept" || rep.Signatures[0].Trust != "unknown" {
		t.Errorf("%+v %v", rep, err)
	}
	if _, err := c.Signatures.Complete(t.Context(), e, []byte("khác")); !errs.Is(err, errs.Invalid) {
		t.Error("nonsense is put on paper", err)
	}
}
