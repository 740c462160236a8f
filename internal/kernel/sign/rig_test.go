package sign

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"image"
	"image/color"
	"image/png"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-pdf/fpdf"
)

// rig is an authority with signers.
type rig struct {
	dir       string
	root      *x509.Certificate
	rootKey   crypto.Signer
	ecdsa     Signer
	rsa       Signer
	stamp     Stamper
	tsa       Signer
	stranger  Signer
	now       time.Time
	authority Authorities
}

func issue(t *testing.T, name string, key crypto.Signer, parent *x509.Certificate, parentKey crypto.Signer, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<60))
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name, Country: []string{"VN"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment, BasicConstraintsValid: true,
	}
	if change != nil {
		change(c)
	}
	if parent == nil {
		c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
		parent, parentKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func ecKey(t *testing.T) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{dir: t.TempDir(), rootKey: ecKey(t), now: time.Now()}
	r.root = issue(t, "Gốc thử nghiệm", r.rootKey, nil, nil, nil)
	k := ecKey(t)
	r.ecdsa = Local(k, issue(t, "Nguyễn Văn An", k, r.root, r.rootKey, nil), r.root)
	rk, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	r.rsa = Local(rk, issue(t, "Ủy ban nhân dân phường", rk, r.root, r.rootKey, nil), r.root)
	k = ecKey(t)
	r.tsa = Local(k, issue(t, "Dấu thời gian", k, r.root, r.rootKey, func(c *x509.Certificate) {
		eku, _ := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: eku}}
	}), r.root)
	r.stamp = StampBy(r.tsa, asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, func() time.Time { return r.now })
	k = ecKey(t)
	r.stranger = Local(k, issue(t, "Người lạ", k, nil, nil, func(c *x509.Certificate) { c.IsCA = true }))
	r.authority = Authorities{Roots: x509.NewCertPool(), Now: time.Now().Add(time.Second)}
	r.authority.Roots.AddCert(r.root)
	r.put(t, "root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.root.Raw}))
	return r
}

func (r *rig) put(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run calls a program that no one here wrote.
func (r *rig) run(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed: scripts/install-test-tools", name)
	}
	cmd := exec.CommandContext(t.Context(), name, args...) //nolint:gosec // fixed names
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "HOME="+r.dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func paper(t *testing.T) []byte {
	t.Helper()
	p := fpdf.New("P", "mm", "A4", "")
	p.SetFont("Helvetica", "", 14)
	for _, text := range []string{"Trang 1: 5.000.000", "Trang 2"} {
		p.AddPage()
		p.Cell(40, 10, text)
	}
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func picture(t *testing.T, c color.NRGBA) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 60, 60))
	for x := range 60 {
		for y := range 60 {
			if d := (x-30)*(x-30) + (y-30)*(y-30); d < 900 && d > 500 {
				m.SetNRGBA(x, y, c)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rawSign(t *testing.T, by Signer, b []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(b)
	sig, err := by.Sign(t.Context(), sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}
