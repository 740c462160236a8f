package sign

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"image/color"
	"strings"
	"testing"
	"time"
)

func (r *rig) signed(t *testing.T, pdf []byte, by Signer, v *Visible) []byte {
	t.Helper()
	out, err := SignPDF(t.Context(), pdf, by, r.stamp, PDFOptions{Name: "Nguyễn Văn An", Reason: "Ký ban hành", At: r.now, Visible: v})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(out, pdf) {
		t.Fatal("the file before the signature was touched")
	}
	return out
}

func (r *rig) check(t *testing.T, pdf []byte) []Signature {
	t.Helper()
	got, err := r.authority.CheckPDF(t.Context(), pdf)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// twoSigned is a paper with the person's signature and the agency's seal.
func (r *rig) twoSigned(t *testing.T, pdf []byte) []byte {
	blue, red := picture(t, color.NRGBA{B: 200, A: 255}), picture(t, color.NRGBA{R: 220, A: 200})
	one := r.signed(t, pdf, r.ecdsa, &Visible{Page: 2, Kind: Personal, Rect: [4]float64{350, 200, 450, 260}, Image: blue})
	return r.signed(t, one, r.rsa, &Visible{Page: 2, Kind: Seal, Rect: [4]float64{300, 190, 383, 273}, Image: red})
}

// Programs that no one here wrote read what is signed here: a person's ECDSA signature, then the
// agency's RSA seal, each keeping the former whole; on a file with a table of cross-references,
// and on one with streams.
func TestSignaturesHoldElsewhere(t *testing.T) {
	r := newRig(t)
	plain := paper(t)
	packed := r.put(t, "plain.pdf", plain)
	files := map[string][]byte{"table": plain}
	if out, err := r.run(t, "qpdf", "--object-streams=generate", packed, r.dir+"/packed.pdf"); err == nil {
		files["streams"] = read(t, r.dir+"/packed.pdf")
	} else {
		t.Log(out)
	}
	for name, pdf := range files {
		t.Run(name, func(t *testing.T) {
			two := r.twoSigned(t, pdf)
			path := r.put(t, name+".pdf", two)
			out, err := r.run(t, "pdfsig", "-nocert", path)
			if err != nil || strings.Count(out, "Signature is Valid.") != 2 || strings.Count(out, "ETSI.CAdES.detached") != 2 || !strings.Contains(out, "Not total document signed") || !strings.Contains(out, "Total document signed") {
				t.Errorf("pdfsig: %v\n%s", err, out)
			}
			out, err = r.run(t, "qpdf", "--check", path)
			if err != nil {
				t.Errorf("qpdf: %v\n%s", err, out)
			}
			got := r.check(t, two)
			if len(got) != 2 || got[0].Whole != Signed || got[1].Whole != Kept || !got[0].Good() || !got[1].Good() {
				t.Fatalf("got %+v", got)
			}
			for _, s := range got {
				if s.Format != "PAdES" || s.Stamped.Unix() != r.now.Unix() || s.Reason != "Ký ban hành" {
					t.Errorf("signature %+v", s)
				}
			}
			if cn := got[0].Certificate.Subject.CommonName; cn != "Nguyễn Văn An" {
				t.Errorf("signer %s", cn)
			}
		})
	}
	// The CMS and its time stamp by themselves.
	one := r.signed(t, plain, r.ecdsa, nil)
	f, _ := openPDF(one)
	d, _ := f.signatures()
	cms, _ := d[0]["Contents"].(pdfText)
	rng, _ := d[0]["ByteRange"].(pdfArray)
	from, _ := integer(rng[1])
	to, _ := integer(rng[2])
	r.put(t, "sig.der", trimDER(cms))
	r.put(t, "content", append(bytes.Clone(one[:from]), one[to:]...))
	if out, err := r.run(t, "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "sig.der", "-content", "content", "-CAfile", "root.pem", "-purpose", "any", "-cades", "-out", "/dev/null"); err != nil {
		t.Errorf("openssl cms: %v %s", err, out)
	}
}

// A time stamp holds for openssl, answered from a request that openssl wrote.
func TestStampsHoldElsewhere(t *testing.T) {
	r := newRig(t)
	r.put(t, "data", []byte("văn bản"))
	if out, err := r.run(t, "openssl", "ts", "-query", "-data", "data", "-sha512", "-cert", "-out", "q.tsq"); err != nil {
		t.Fatal(out)
	}
	q, err := ParseStampRequest(read(t, r.dir+"/q.tsq"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := Stamp(t.Context(), q, []int{1, 3, 6, 1, 4, 1, 99999, 1}, r.now, r.tsa)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := StampResponse(token)
	if err != nil {
		t.Fatal(err)
	}
	r.put(t, "r.tsr", resp)
	if out, err := r.run(t, "openssl", "ts", "-verify", "-queryfile", "q.tsq", "-in", "r.tsr", "-CAfile", "root.pem"); err != nil || !strings.Contains(out, "Verification: OK") {
		t.Errorf("openssl ts: %v %s", err, out)
	}
	for _, bad := range [][]byte{nil, {0x30}, bytes.Repeat([]byte{0x30, 0x80}, 4000)} {
		if _, err := ParseStampRequest(bad); err == nil {
			t.Error("a broken request is answered")
		}
	}
}

// Whoever changes a signed paper is told apart: bytes of what was signed; things added behind it;
// a signature of nobody that is known; one that was revoked.
func TestChangesAreSeen(t *testing.T) {
	r := newRig(t)
	one := r.signed(t, paper(t), r.ecdsa, nil)
	at := bytes.Index(one, []byte("/MediaBox"))
	altered := bytes.Clone(one)
	altered[at+11]++
	if got := r.check(t, altered); got[0].Whole != Altered || got[0].Good() {
		t.Errorf("altered: %+v", got[0])
	}

	// A page is replaced behind the signature, a signature is put on top of the change.
	f, err := openPDF(one)
	if err != nil {
		t.Fatal(err)
	}
	u := &update{f: f, changed: map[pdfRef]any{}, next: len(f.xref) + 1}
	ref, page, err := f.page(1)
	if err != nil {
		t.Fatal(err)
	}
	page["Rotate"] = 180
	u.changed[ref] = page
	p, err := u.finish(u.add(pdfDict{}), 10)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.check(t, p.pdf); got[0].Whole != Added || got[0].Good() {
		t.Errorf("added: %+v", got[0])
	}
	over := r.signed(t, p.pdf, r.rsa, nil)
	if got := r.check(t, over); len(got) != 2 || got[0].Whole != Added || got[1].Whole != Kept {
		t.Errorf("signed over a change: %+v", got)
	}

	// What a further signature shows counts only if the signature holds.
	two := r.signed(t, one, r.rsa, &Visible{Rect: [4]float64{0, 0, 600, 800}, Image: picture(t, color.NRGBA{A: 255})})
	i := bytes.LastIndex(two, []byte("/Contents <30"))
	two[i+200] = '0' + (two[i+200]-'0'+1)%10
	if got := r.check(t, two); got[0].Whole != Added {
		t.Errorf("covered by a false signature: %+v", got[0])
	}

	if got := r.check(t, r.signed(t, paper(t), r.stranger, nil)); got[0].Trust == Trusted || got[0].Good() {
		t.Errorf("stranger: %+v", got[0])
	}
	for _, c := range []struct {
		at   time.Time
		want Trust
	}{{r.now.Add(-time.Minute), Revoked}, {r.now.Add(time.Hour), RevLater}} {
		r.authority.Revoked = func(_ context.Context, x, _ *x509.Certificate) (time.Time, error) {
			if x.Subject.CommonName == "Nguyễn Văn An" {
				return c.at, nil
			}
			return time.Time{}, nil
		}
		if got := r.check(t, one); got[0].Trust != c.want || got[0].Good() != (c.want == RevLater) {
			t.Errorf("revoked: %+v", got[0])
		}
	}
}

// What is asked of certificates costs a question to a database each: of a file with several
// signatures each certificate is asked about once, and by its issuer.
func TestACertificateIsAskedAboutOnceAFile(t *testing.T) {
	r := newRig(t)
	b := paper(t)
	for range 3 {
		b = r.signed(t, b, r.ecdsa, nil)
	}
	asked := map[string]int{}
	r.authority.Revoked = func(_ context.Context, c, issuer *x509.Certificate) (time.Time, error) {
		if c.CheckSignatureFrom(issuer) != nil {
			t.Errorf("%s is asked about as one of %s", c.Subject.CommonName, issuer.Subject.CommonName)
		}
		asked[c.Subject.CommonName]++
		return time.Time{}, nil
	}
	got := r.check(t, b)
	if len(got) != 3 || !got[0].Good() || !got[2].Good() || got[2].Stamped.IsZero() {
		t.Fatalf("%+v", got)
	}
	if asked["Nguyễn Văn An"] != 1 || asked["Dấu thời gian"] != 1 {
		t.Errorf("asked %v", asked)
	}
}

// A signer elsewhere is given the attributes, and signs their hash.
func TestSignedElsewhere(t *testing.T) {
	r := newRig(t)
	p, err := PreparePDF(paper(t), PDFOptions{At: r.now})
	if err != nil {
		t.Fatal(err)
	}
	chain, _ := r.rsa.Certificate(t.Context())
	attrs, err := Attributes(p.Digest, chain[0])
	if err != nil {
		t.Fatal(err)
	}
	sig := rawSign(t, r.rsa, attrs)
	cms, err := Assemble(t.Context(), attrs, sig, r.stamp, chain...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Complete(cms)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.check(t, out); !got[0].Good() {
		t.Errorf("%+v", got[0])
	}
	if _, err := Assemble(t.Context(), attrs, rawSign(t, r.ecdsa, attrs), nil, chain...); err == nil {
		t.Error("another key's signature is taken")
	}
}

// No file brings the reader down, or makes it read without end.
func TestHostilePDF(t *testing.T) {
	r := newRig(t)
	good := r.twoSigned(t, paper(t))
	for n := 0; n < len(good); n += 97 {
		bad := bytes.Clone(good)
		for i := n; i < min(n+3, len(bad)); i++ {
			bad[i] ^= 0x15
		}
		got, err := r.authority.CheckPDF(t.Context(), bad)
		if err != nil && !errors.Is(err, ErrPDF) {
			t.Errorf("at %d: %v", n, err)
		}
		if err == nil && len(got) > 0 && got[0].Whole == Kept {
			t.Errorf("changed at %d, and the first still covers all", n)
		}
		_, _ = r.authority.CheckPDF(t.Context(), good[:n])
	}
	bomb := func(body string) []byte {
		head := "%PDF-1.7\n1 0 obj\n" + body + "\nendobj\n"
		return fmt.Appendf(nil, "%sxref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer\n<</Root 1 0 R/Size 2>>\nstartxref\n%d\n%%%%EOF\n", head, len(head))
	}
	for _, body := range []string{
		strings.Repeat("[", 100_000), strings.Repeat("<<", 100_000), "<</AcroForm 1 0 R/Fields[1 0 R]/Kids[1 0 R]>>", "1 0 R",
		"<</AcroForm<</Fields[" + strings.Repeat("1 0 R ", 200_000) + "]>>>>", "<</Pages 1 0 R/Kids[1 0 R]/Type/Pages>>",
	} {
		if got, _ := r.authority.CheckPDF(t.Context(), bomb(body)); len(got) > 0 {
			t.Errorf("signatures in %.20s", body)
		}
		if _, err := PreparePDF(bomb(body), PDFOptions{}); err == nil {
			t.Errorf("signed %.20s", body)
		}
	}
}
