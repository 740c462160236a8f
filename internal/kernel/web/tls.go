package web

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificates serves the pair of files as they are: a renewed certificate is taken up
// without a restart, and one that cannot be read leaves the old one in use.
type certificates struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	cert    *tls.Certificate
	stamp   [2]time.Time
	checked time.Time
	now     func() time.Time
}

// certificateEvery is how often the files are looked at, when somebody connects.
const certificateEvery = 10 * time.Second

func newCertificates(certFile, keyFile string, now func() time.Time, log *slog.Logger) (*certificates, error) {
	c := &certificates{certFile: certFile, keyFile: keyFile, log: log, now: now}
	_, err := c.read()
	return c, err
}

// read loads the files where they changed, and reports whether they did.
func (c *certificates) read() (bool, error) {
	var stamp [2]time.Time
	for i, f := range [...]string{c.certFile, c.keyFile} {
		info, err := os.Stat(f)
		if err != nil {
			return false, fmt.Errorf("web: certificate: %w", err)
		}
		stamp[i] = info.ModTime()
	}
	if c.cert != nil && stamp == c.stamp {
		return false, nil
	}
	cert, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return false, fmt.Errorf("web: certificate: %w", err)
	}
	c.cert, c.stamp = &cert, stamp
	return true, nil
}

func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.checked) >= certificateEvery || now.Before(c.checked) {
		c.checked = now
		switch changed, err := c.read(); {
		case err != nil:
			c.log.Error("the certificate cannot be read again; the old one stays in use", "error", err)
		case changed:
			c.log.Info("certificate read", "until", c.cert.Leaf.NotAfter)
		}
	}
	return c.cert, nil
}

// config admits TLS 1.2 and 1.3. Go chooses ciphers with forward secrecy first; those of
// TLS 1.2 without it are left out.
func (c *certificates) config() *tls.Config {
	return &tls.Config{
		GetCertificate: c.get,
		MinVersion:     tls.VersionTLS12,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}

// CertificateEnds is until when the certificate in use holds; false where the program serves
// plain HTTP.
func (s *Server) CertificateEnds() (time.Time, bool) {
	if s == nil || s.certs == nil {
		return time.Time{}, false
	}
	cert, err := s.certs.get(nil)
	if err != nil || cert == nil || cert.Leaf == nil {
		return time.Time{}, false
	}
	return cert.Leaf.NotAfter, true
}
