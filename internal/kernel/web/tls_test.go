package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/web"
)

// certify writes a self-signed certificate for 127.0.0.1 and returns what trusts it.
func certify(t *testing.T, dir, name string, stamp time.Time) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: clock.System().Now().Add(-time.Hour), NotAfter: clock.System().Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, b := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		f := filepath.Join(dir, file)
		if err := os.WriteFile(f, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(f, stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool
}

// TestTLS: the program speaks TLS itself, marks its cookies and pages for it, refuses old
// versions, and takes a renewed certificate up while it runs.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir, at := t.TempDir(), clock.System().Now().Add(-time.Hour)
	pool := certify(t, dir, "first", at)
	clk := clock.NewFake(at)
	site := newSiteAt(t, clk, web.Config{Listen: "127.0.0.1:0", TLSCert: filepath.Join(dir, "cert.pem"), TLSKey: filepath.Join(dir, "key.pem")}, web.Module{Name: "m", Routes: []web.Route{
		page("GET", "/in", auth.Public, func(w http.ResponseWriter, r *http.Request) error {
			web.SetSession(w, r, "khue_s_x")
			return web.Render(w, r, 200, text("in"))
		}),
	}})
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	addr, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- site.Run(ctx, func(a net.Addr) { addr <- a }) }()
	host := (<-addr).String()
	ask := func(pool *x509.CertPool, most uint16) (*http.Response, error) {
		tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS10, MaxVersion: most}, DisableKeepAlives: true} //nolint:gosec // what it must refuse
		r, err := (&http.Client{Transport: tr}).Get("https://" + host + "/in")                                                                      //nolint:noctx // ends with the server
		if err == nil {
			_ = r.Body.Close()
		}
		return r, err
	}
	r, err := ask(pool, tls.VersionTLS13)
	if err != nil {
		t.Fatal(err)
	}
	if r.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS over TLS")
	}
	if c := r.Header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-khue=") || !strings.Contains(c, "Secure") {
		t.Errorf("the cookie is %q", c)
	}
	if _, err := ask(pool, tls.VersionTLS11); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	renewed := certify(t, dir, "second", at.Add(time.Minute))
	clk.Advance(time.Minute)
	if _, err := ask(renewed, tls.VersionTLS13); err != nil {
		t.Errorf("the renewed certificate: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	clk.Advance(time.Minute)
	if _, err := ask(renewed, tls.VersionTLS13); err != nil {
		t.Errorf("after a spoilt file the old certificate is gone: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
