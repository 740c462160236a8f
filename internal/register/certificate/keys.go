package certificate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"khue/internal/kernel/sign"
)

// Keys are the authority's. The root signs only the two others, and its key is not needed here.
type Keys struct {
	Root    *x509.Certificate
	Issuing sign.Signer
	Stamp   sign.Signer
	// Trusted are roots of other authorities that readers here believe: ca-trusted-*.pem.
	Trusted []*x509.Certificate
}

//nolint:gochecknoglobals // a constant that Go cannot write as such
var oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

// OpenKeys reads the keys of a folder: ca-root.pem, ca-issuing.pem and ca-issuing.key, ca-stamp.pem
// and ca-stamp.key. A folder without ca-root.pem gets keys of its own: enough for a demo; a city makes
// its own (docs/guides/ca-operator.md) and keeps ca-root.key elsewhere.
//
// NAME.ref in place of NAME.key names a key of the remote signing service.
func OpenKeys(dir, city string, now time.Time, remote Remote) (k Keys, err error) {
	if _, err := os.Stat(filepath.Join(dir, "ca-root.pem")); errors.Is(err, fs.ErrNotExist) {
		if err := makeKeys(dir, city, now); err != nil {
			return k, fmt.Errorf("certificate: keys in %s: %w", dir, err)
		}
	}
	if k.Root, err = readCertificate(filepath.Join(dir, "ca-root.pem")); err != nil {
		return k, err
	}
	if k.Issuing, err = OpenKey(dir, "ca-issuing", remote, k.Root); err != nil {
		return k, err
	}
	if k.Stamp, err = OpenKey(dir, "ca-stamp", remote, k.Root); err != nil {
		return k, err
	}
	others, err := filepath.Glob(filepath.Join(dir, "ca-trusted-*.pem"))
	if err != nil {
		return k, err
	}
	for _, path := range others {
		c, err := readCertificate(path)
		if err != nil {
			return k, err
		}
		k.Trusted = append(k.Trusted, c)
	}
	return k, fits(dir, k.Root)
}

// fits refuses parts that do not belong together: whoever checks a paper with them would believe
// none, and the first to see it would be a citizen.
func fits(dir string, root *x509.Certificate) error {
	no := func(name, what string) error {
		return fmt.Errorf("certificate: %s %s; docs/guides/ca-operator.md says how to make one", filepath.Join(dir, name), what)
	}
	if !root.BasicConstraintsValid || !root.IsCA || root.KeyUsage&x509.KeyUsageCertSign == 0 {
		return no("ca-root.pem", "is no authority: it needs CA:TRUE and keyCertSign")
	}
	issuing, err := readCertificate(filepath.Join(dir, "ca-issuing.pem"))
	if err != nil {
		return err
	}
	if !issuing.BasicConstraintsValid || !issuing.IsCA || issuing.KeyUsage&x509.KeyUsageCertSign == 0 || issuing.KeyUsage&x509.KeyUsageCRLSign == 0 {
		return no("ca-issuing.pem", "issues nothing: it needs CA:TRUE, keyCertSign and cRLSign")
	}
	if len(issuing.SubjectKeyId) == 0 {
		return no("ca-issuing.pem", "has no subject key identifier, without which no revocation list is signed")
	}
	if issuing.CheckSignatureFrom(root) != nil {
		return no("ca-issuing.pem", "was not signed by ca-root.pem")
	}
	stamp, err := readCertificate(filepath.Join(dir, "ca-stamp.pem"))
	if err != nil {
		return err
	}
	if stamp.CheckSignatureFrom(root) != nil {
		return no("ca-stamp.pem", "was not signed by ca-root.pem")
	}
	if !stamps(stamp) {
		return no("ca-stamp.pem", "makes no time stamps: timeStamping has to be its one extended key usage, marked critical (RFC 3161, 2.3)")
	}
	return nil
}

// stamps reports whether a certificate is for time stamps and nothing else.
func stamps(c *x509.Certificate) bool {
	if len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(c.UnknownExtKeyUsage) > 0 {
		return false
	}
	for _, e := range c.Extensions {
		if e.Id.Equal(oidExtKeyUsage) {
			return e.Critical
		}
	}
	return false
}

// OpenKey reads NAME.pem, and NAME.key (PKCS #8) or NAME.ref, of a folder.
func OpenKey(dir, name string, remote Remote, above ...*x509.Certificate) (sign.Signer, error) {
	c, err := readCertificate(filepath.Join(dir, name+".pem"))
	if err != nil {
		return nil, err
	}
	if ref, err := os.ReadFile(filepath.Join(dir, name+".ref")); err == nil { //nolint:gosec // the operator's folder
		if remote == nil {
			return nil, fmt.Errorf("certificate: %s.ref names a key elsewhere, and no signing service is set up", name)
		}
		return remote(strings.TrimSpace(string(ref)), append([]*x509.Certificate{c}, above...))
	}
	path := filepath.Join(dir, name+".key")
	b, err := os.ReadFile(path) //nolint:gosec // the operator's folder
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	p, _ := pem.Decode(b)
	if p == nil {
		return nil, fmt.Errorf("certificate: %s holds no PEM", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(p.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate: %s: %w", path, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("certificate: %s signs nothing", path)
	}
	if pub, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(c.PublicKey) {
		return nil, fmt.Errorf("certificate: %s is not the key of %s.pem", path, name)
	}
	return sign.Local(signer, append([]*x509.Certificate{c}, above...)...), nil
}

func readCertificate(path string) (*x509.Certificate, error) {
	b, err := os.ReadFile(path) //nolint:gosec // the operator's folder
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	p, _ := pem.Decode(b)
	if p == nil || p.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("certificate: %s holds no certificate", path)
	}
	return x509.ParseCertificate(p.Bytes)
}

func newSerial() (*big.Int, error) {
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
}

// makeKeys makes a root and the two keys beneath it. ca-root.pem is written last: a folder that
// has it is whole.
func makeKeys(dir, city string, now time.Time) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	subject := func(name string) pkix.Name {
		return pkix.Name{Country: []string{"VN"}, Organization: []string{city}, CommonName: name}
	}
	from := now.Add(-time.Hour)
	root := &x509.Certificate{
		Subject: subject(city + " – CA gốc"), NotBefore: from, NotAfter: now.AddDate(20, 0, 0), IsCA: true, BasicConstraintsValid: true, MaxPathLen: 1,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	rootKey, rootCert, err := make1(root, nil, nil)
	if err != nil {
		return err
	}
	issuing := &x509.Certificate{
		Subject: subject(city + " – CA thẻ cán bộ"), NotBefore: from, NotAfter: now.AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature, // it answers OCSP itself
	}
	use, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		return err
	}
	stamp := &x509.Certificate{
		Subject: subject(city + " – dấu thời gian"), NotBefore: from, NotAfter: now.AddDate(10, 0, 0), BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: oidExtKeyUsage, Critical: true, Value: use}},
	}
	for _, one := range []struct {
		name string
		c    *x509.Certificate
	}{{"ca-issuing", issuing}, {"ca-stamp", stamp}} {
		key, c, err := make1(one.c, rootCert, rootKey)
		if err != nil {
			return err
		}
		if err := save(dir, one.name, key, c); err != nil {
			return err
		}
	}
	return save(dir, "ca-root", rootKey, rootCert)
}

func make1(c, parent *x509.Certificate, parentKey crypto.Signer) (crypto.Signer, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if c.SerialNumber, err = newSerial(); err != nil {
		return nil, nil, err
	}
	if parent == nil {
		parent, parentKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), parentKey)
	if err != nil {
		return nil, nil, err
	}
	out, err := x509.ParseCertificate(der)
	return key, out, err
}

func save(dir, name string, key crypto.Signer, c *x509.Certificate) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), 0o600)
}
