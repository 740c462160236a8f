package signweb_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"khue/internal/kernel/sign/signweb"
)

type key struct{ k *ecdsa.PrivateKey }

func (k key) Public(context.Context, string) (crypto.PublicKey, error) { return k.k.Public(), nil }
func (k key) Sign(_ context.Context, _ string, d []byte) ([]byte, error) {
	return ecdsa.SignASN1(rand.Reader, k.k, d)
}

// Over a network both sides show certificates: who shows none, or one of somebody else, signs nothing.
// A signature of another key is not taken.
func TestBothSidesShowCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := func(name string, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		t.Helper()
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c := &x509.Certificate{
			SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		}
		if parent == nil {
			c.IsCA, c.KeyUsage, parent, by = true, x509.KeyUsageCertSign, c, k
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, k.Public(), by)
		if err != nil {
			t.Fatal(err)
		}
		kd, _ := x509.MarshalPKCS8PrivateKey(k)
		for file, b := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: kd}} {
			if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return out, k
	}
	ca, caKey := made("ca", nil, nil)
	made("server", ca, caKey)
	made("city", ca, caKey)
	other, otherKey := made("other", nil, nil)
	made("stranger", other, otherKey)
	signer, signerKey := made("signer", ca, caKey)
	at := func(name string) string { return filepath.Join(dir, name) }
	l, err := signweb.Listen(t.Context(), "127.0.0.1:0", signweb.Config{CA: at("ca.pem"), Cert: at("server.pem"), Key: at("server.key")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- signweb.Serve(ctx, l, key{signerKey}) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	sum := sha256.Sum256([]byte("x"))
	try := func(who string, cert *x509.Certificate) error {
		t.Helper()
		dial, err := signweb.Dial(signweb.Config{URL: "https://" + l.Addr().String(), CA: at("ca.pem"), Cert: at(who + ".pem"), Key: at(who + ".key")})
		if err != nil {
			t.Fatal(err)
		}
		s, err := dial("k", []*x509.Certificate{cert})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Sign(ctx, sum[:], crypto.SHA256)
		return err
	}
	if err := try("city", signer); err != nil {
		t.Error(err)
	}
	if try("stranger", signer) == nil {
		t.Error("a stranger signs")
	}
	if try("city", ca) == nil {
		t.Error("a signature of another key is taken")
	}
}
