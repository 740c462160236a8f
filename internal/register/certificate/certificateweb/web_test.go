package certificateweb_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
	"khue/internal/register/certificate"
)

// bench is a folder in which programs that no one here wrote check what the authority says.
type bench struct {
	t   *testing.T
	dir string
	c   *citytest.City
}

func (b bench) fetch(method, path, kind, body, into string) {
	b.t.Helper()
	var in io.Reader
	if body != "" {
		f, err := os.Open(filepath.Join(b.dir, body))
		if err != nil {
			b.t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	q, err := http.NewRequestWithContext(b.t.Context(), method, b.c.URL+path, in)
	if err != nil {
		b.t.Fatal(err)
	}
	if kind != "" {
		q.Header.Set("Content-Type", kind)
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: %d %v %.200s", path, r.StatusCode, err, text)
	}
	b.put(into, text)
}

func (b bench) put(name string, text []byte) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), text, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b bench) openssl(args ...string) (string, error) {
	cmd := exec.CommandContext(b.t.Context(), "openssl", args...) //nolint:gosec // fixed
	cmd.Dir = b.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (b bench) card(c certificate.Card, name string) {
	b.put(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Der}))
}

// A card is asked for by one, issued by another, renewed and revoked; openssl believes the chain,
// the list, the answers of OCSP and the time stamps.
func TestCardsTakeTwoPeopleAndHoldForOthers(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		as := func(login string) func(path string, form url.Values) citytest.Answer {
			actor := c.Login(login).In("en")
			return func(path string, form url.Values) citytest.Answer {
				if form == nil {
					return actor.Do("GET", path, nil, map[string]string{"Accept": "text/html"})
				}
				form.Set("_key", web.NewKey())
				return actor.Do("POST", path, []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
			}
		}
		chair, city, clerk := as("chutich"), as("lanhdao"), as("motcua")
		wish := func(login string) url.Values {
			return url.Values{"kind": {"officer"}, "login": {login}, "basis": {"Quyết định 12/QĐ-UBND"}}
		}
		const page = "/admin/certificates"
		token := ""
		for _, a := range c.Demo.Accounts {
			if a.Login == "chutich" {
				token = a.Token
			}
		}
		sub, err := c.Auth.Resolve(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		chairCtx := auth.With(t.Context(), sub)
		clerk(page, wish("motcua")).Want(403)
		if a := chair(page, wish("khong-co")).Want(422); !strings.Contains(string(a.Body), "khong-co") || !strings.Contains(string(a.Body), "No officer signs in") {
			t.Error("what was typed is lost, or what is wrong was not said")
		}
		chair(page, wish("hotich")).Want(303)
		chair(page, wish("hotich")).Want(409)
		list, err := c.Certificates.Cards(chairCtx)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		act := page + "/" + list[0].ID.String()
		chair(act, url.Values{"do": {"issue"}}).Want(403)
		clerk(act, url.Values{"do": {"issue"}}).Want(403)
		city(act, url.Values{"do": {"issue"}}).Want(303)
		city(act, url.Values{"do": {"issue"}}).Want(409)
		one, err := c.Certificates.Get(t.Context(), list[0].ID)
		if err != nil || one.State != certificate.Issued {
			t.Fatal(one.State, err)
		}

		b := bench{t, t.TempDir(), c}
		b.card(one, "card.pem")
		b.fetch("GET", "/ca/root.pem", "", "", "root.pem")
		b.fetch("GET", "/ca/issuing.cer", "", "", "issuing.cer")
		der, _ := os.ReadFile(filepath.Join(b.dir, "issuing.cer"))
		b.put("issuing.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		at := "-attime"
		now := c.Clock.Now().Add(time.Minute)
		check := func(want bool) {
			t.Helper()
			b.fetch("GET", "/ca/crl", "", "", "crl.der")
			if out, err := b.openssl("crl", "-inform", "DER", "-in", "crl.der", "-out", "crl.pem", "-CAfile", "issuing.pem"); err != nil {
				t.Fatal(out)
			}
			out, err := b.openssl("verify", at, unix(now), "-crl_check", "-CAfile", "root.pem", "-untrusted", "issuing.pem", "-CRLfile", "crl.pem", "card.pem")
			if (err == nil) != want || !want && !strings.Contains(out, "certificate revoked") {
				t.Errorf("openssl verify, want %v: %s", want, out)
			}
			out, err = b.openssl("ocsp", "-issuer", "issuing.pem", "-cert", "card.pem", "-no_nonce", "-reqout", "req.der")
			if err != nil {
				t.Fatal(out)
			}
			b.fetch("POST", "/ca/ocsp", "application/ocsp-request", "req.der", "resp.der")
			// The demo's clock is not the machine's: the span of the answer is not held against it.
			out, err = b.openssl("ocsp", "-issuer", "issuing.pem", "-cert", "card.pem", "-no_nonce", "-respin", "resp.der", "-CAfile", "root.pem", "-verify_other", "issuing.pem", "-validity_period", "999999999", at, unix(now))
			if err != nil || !strings.Contains(out, "Response verify OK") || strings.Contains(out, "card.pem: good") != want || strings.Contains(out, "card.pem: revoked") == want {
				t.Errorf("openssl ocsp, want %v: %v %s", want, err, out)
			}
		}
		check(true)
		b.put("data", []byte("văn bản"))
		if out, err := b.openssl("ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "q.tsq"); err != nil {
			t.Fatal(out)
		}
		b.fetch("POST", "/ca/time", "application/timestamp-query", "q.tsq", "r.tsr")
		if out, err := b.openssl("ts", "-verify", "-queryfile", "q.tsq", "-in", "r.tsr", "-CAfile", "root.pem", "-untrusted", "issuing.pem", at, unix(now)); err != nil || !strings.Contains(out, "Verification: OK") {
			t.Errorf("openssl ts: %s", out)
		}

		// Renewed: the old one is revoked when the new one is issued. Then lost by its holder.
		chair(act, url.Values{"do": {"renew"}}).Want(303)
		list, _ = c.Certificates.Cards(chairCtx)
		next := page + "/" + list[0].ID.String()
		city(next, url.Values{"do": {"issue"}}).Want(303)
		check(false)
		clerk(next, url.Values{"do": {"revoke"}, "reason": {"key_compromise"}}).Want(403)
		as("cukhoi.chutich")(next, url.Values{"do": {"revoke"}, "reason": {"key_compromise"}}).Want(403)
		chair(next, url.Values{"do": {"revoke"}, "reason": {"vui"}}).Want(422)
		chair(next, url.Values{"do": {"revoke"}, "reason": {"key_compromise"}}).Want(303)
		two, err := c.Certificates.Get(t.Context(), list[0].ID)
		if err != nil || two.State != certificate.Revoked || two.Reason != certificate.Compromise {
			t.Error(two.State, two.Reason, err)
		}
		b.card(two, "card.pem")
		check(false)
		if _, err := c.Certificates.Signer(t.Context(), two); err == nil {
			t.Error("a revoked card signs")
		}

		// Nonsense is answered as the protocols say.
		b.put("junk", []byte("junk"))
		b.fetch("POST", "/ca/ocsp", "application/ocsp-request", "junk", "out")
		b.fetch("POST", "/ca/time", "application/timestamp-query", "junk", "out")

		// A key of one's own: only a strong one whose request it signed.
		key, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
		csr, _ := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
		weak := wish("motcua")
		weak.Set("request", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})))
		chair(page, weak).Want(422)
	})
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
