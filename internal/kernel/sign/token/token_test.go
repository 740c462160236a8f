//go:build cgo

package token_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-pdf/fpdf"
	"github.com/miekg/pkcs11"

	"khue/internal/kernel/sign"
	"khue/internal/kernel/sign/signweb"
	"khue/internal/kernel/sign/token"
)

const module = "/usr/lib/softhsm/libsofthsm2.so"

// softToken makes a token with an EC and an RSA key that never leave it.
func softToken(t *testing.T) *token.Token {
	t.Helper()
	if _, err := os.Stat(module); err != nil {
		t.Skip("softhsm2 is not installed: scripts/install-test-tools")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "conf"), []byte("directories.tokendir = "+dir+"\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", filepath.Join(dir, "conf"))
	if out, err := exec.CommandContext(t.Context(), "softhsm2-util", "--init-token", "--free", "--label", "city", "--pin", "123456", "--so-pin", "123456").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	makeKeys(t)
	k, err := token.Open(token.Config{Module: module, Label: "city", PIN: "123456"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

func makeKeys(t *testing.T) {
	t.Helper()
	p := pkcs11.New(module)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(p.Initialize())
	slots, err := p.GetSlotList(true)
	ok(err)
	s, err := p.OpenSession(slots[0], pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	ok(err)
	ok(p.Login(s, pkcs11.CKU_USER, "123456"))
	private := func(label string) []*pkcs11.Attribute {
		return []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_LABEL, label), pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
			pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		}
	}
	public := func(label string, more ...*pkcs11.Attribute) []*pkcs11.Attribute {
		return append(more, pkcs11.NewAttribute(pkcs11.CKA_LABEL, label), pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true))
	}
	_, _, err = p.GenerateKeyPair(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_EC_KEY_PAIR_GEN, nil)},
		public("ec", pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07})), private("ec"))
	ok(err)
	_, _, err = p.GenerateKeyPair(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, nil)},
		public("rsa", pkcs11.NewAttribute(pkcs11.CKA_MODULUS_BITS, 2048), pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1})), private("rsa"))
	ok(err)
	ok(p.Finalize())
	p.Destroy()
}

// standard lets a certificate be signed by a key of the token.
type standard struct {
	s   sign.Signer
	pub crypto.PublicKey
}

func (s standard) Public() crypto.PublicKey { return s.pub }
func (s standard) Sign(_ io.Reader, d []byte, o crypto.SignerOpts) ([]byte, error) {
	return s.s.Sign(context.Background(), d, o)
}

type direct struct {
	t   *token.Token
	ref string
}

func (d direct) Certificate(context.Context) ([]*x509.Certificate, error) { return nil, nil }
func (d direct) Sign(ctx context.Context, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return d.t.Sign(ctx, d.ref, digest)
}

// errand takes a paper to the token by files, as khue-token sign does.
func errand(t *testing.T, k *token.Token, ref string, cert *x509.Certificate, pdf []byte) []byte {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(ref, err)
		}
	}
	p, err := sign.PreparePDF(pdf, sign.PDFOptions{At: time.Now()})
	ok(err)
	attrs, err := sign.Attributes(p.Digest, cert)
	ok(err)
	file, from, to := p.Prepared()
	of, sum := sha256.Sum256(cert.Raw), sha256.Sum256(attrs)
	raw, err := json.Marshal(sign.Request{Format: sign.RequestFormat, Errand: "1", Certificate: hex.EncodeToString(of[:]), Papers: []sign.RequestPaper{{ID: "7", Name: "Đơn", Bytes: attrs, SHA256: hex.EncodeToString(sum[:])}}})
	ok(err)
	r, err := sign.ReadRequest(raw)
	ok(err)
	by := func(ctx context.Context, digest []byte) ([]byte, error) { return k.Sign(ctx, ref, digest) }
	if _, err := r.Sign(t.Context(), []byte("khác"), by); err == nil {
		t.Error("a request for another certificate was signed")
	}
	if _, err := sign.ReadRequest(bytes.Replace(raw, []byte(hex.EncodeToString(sum[:4])), []byte("00000000"), 1)); err == nil {
		t.Error("a request that was changed was read")
	}
	a, err := r.Sign(t.Context(), cert.Raw, by)
	ok(err)
	cms, err := sign.Assemble(t.Context(), attrs, a.Signatures["7"], nil, cert)
	ok(err)
	out, err := sign.Resume(file, from, to).Complete(cms)
	ok(err)
	return out
}

// Keys in a SoftHSM sign a paper over the remote signing service at a socket.
func TestPaperSignedByAToken(t *testing.T) {
	k := softToken(t)
	dir, err := os.MkdirTemp("", "khue-token-") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	at := "unix://" + filepath.Join(dir, "s")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	l, err := signweb.Listen(ctx, at, signweb.Config{})
	if err != nil {
		t.Fatal(err)
	}
	go func() { done <- signweb.Serve(ctx, l, k) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	dial, err := signweb.Dial(signweb.Config{URL: at})
	if err != nil {
		t.Fatal(err)
	}
	p := fpdf.New("P", "mm", "A4", "")
	p.AddPage()
	var pdf bytes.Buffer
	if err := p.Output(&pdf); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"ec", "rsa"} {
		pub, err := k.Public(ctx, ref)
		if err != nil {
			t.Fatal(err)
		}
		tpl := &x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: ref}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature}
		der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, pub, standard{direct{k, ref}, pub})
		if err != nil {
			t.Fatal(ref, err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := dial(ref, []*x509.Certificate{cert})
		if err != nil {
			t.Fatal(err)
		}
		out, err := sign.SignPDF(ctx, pdf.Bytes(), signer, nil, sign.PDFOptions{At: time.Now()})
		if err != nil {
			t.Fatal(ref, err)
		}
		a := sign.Authorities{Roots: x509.NewCertPool(), Now: time.Now()}
		a.Roots.AddCert(cert)
		if got, err := a.CheckPDF(ctx, out); err != nil || !got[0].Good() {
			t.Errorf("%s: %+v %v", ref, got, err)
		}
		if got, err := a.CheckPDF(ctx, errand(t, k, ref, cert, pdf.Bytes())); err != nil || !got[0].Good() {
			t.Errorf("%s by an errand: %+v %v", ref, got, err)
		}
		other, err := dial("khac", []*x509.Certificate{cert})
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(nil)
		if _, err := other.Sign(ctx, sum[:], crypto.SHA256); err == nil {
			t.Error("a key that is not there signs")
		}
	}
	if _, err := signweb.Dial(signweb.Config{URL: "http://signer.example"}); err == nil {
		t.Error("keys are reached without certificates")
	}
}

// The request for a certificate is signed in the token and asks for nothing but its key.
func TestATokenAsksForItsCertificate(t *testing.T) {
	k := softToken(t)
	for _, ref := range []string{"ec", "rsa"} {
		b, err := k.Request(t.Context(), ref, "Nguyễn Văn A")
		if err != nil {
			t.Fatal(err)
		}
		p, _ := pem.Decode(b)
		if p == nil {
			t.Fatalf("%s: no PEM", ref)
		}
		r, err := x509.ParseCertificateRequest(p.Bytes)
		if err != nil || r.CheckSignature() != nil || r.Subject.CommonName != "Nguyễn Văn A" {
			t.Errorf("%s: %+v %v", ref, r, err)
		}
	}
	if _, err := k.Request(t.Context(), "none", "x"); err == nil {
		t.Error("a key that is not there asks for a certificate")
	}
}
