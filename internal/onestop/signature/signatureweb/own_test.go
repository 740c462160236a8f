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
	"encoding/json"
	"encoding/pem"
	"math/big"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/sign"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/signature"
)

// provider is an authority of others that the city believes, with one key of a citizen's.
type provider struct {
	key  *ecdsa.PrivateKey
	cert []byte // PEM of the citizen's certificate
}

// trust puts a provider's root where the city finds it, and issues a certificate.
func trust(t *testing.T, data string, at time.Time) provider {
	t.Helper()
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Nhà cung cấp thử"}, NotBefore: at.AddDate(-1, 0, 0), NotAfter: at.AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, root.Public(), root)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(data, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "keys", "ca-trusted-thu.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	p := provider{}
	if p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: "Nguyễn Thị Hạnh"}, NotBefore: at.AddDate(0, -1, 0), NotAfter: at.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature}
	if der, err = x509.CreateCertificate(rand.Reader, tpl, ca, p.key.Public(), root); err != nil {
		t.Fatal(err)
	}
	p.cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return p
}

func (p provider) sign(_ context.Context, digest []byte) ([]byte, error) {
	return p.key.Sign(rand.Reader, digest, crypto.SHA256)
}

// upload is a form with one file, as a browser without scripts sends it.
func upload(t *testing.T, a citytest.Actor, path, field, name string, b []byte) citytest.Answer {
	t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	_ = m.WriteField("_key", web.NewKey())
	f, err := m.CreateFormFile(field, name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write(b)
	_ = m.Close()
	return a.In("en").Do("POST", path, body.Bytes(), map[string]string{"Content-Type": m.FormDataContentType(), "Accept": "text/html"})
}

func read(t *testing.T, a citytest.Actor, path string) string {
	t.Helper()
	return string(a.In("en").Do(http.MethodGet, path, nil, map[string]string{"Accept": "text/html"}).Want(200).Body)
}

// TestACitizenSignsWhatTheyFiledWithTheirOwnKey goes the way without scripts: the certificate is
// handed in, the file to sign taken, the answer handed in; what is wrong is told in words. The
// signed paper lies with the dossier and is good to anybody who checks it.
func TestACitizenSignsWhatTheyFiledWithTheirOwnKey(t *testing.T) {
	t.Parallel()
	at := clock.MustDate("2025-06-23").At(8, 10)
	var mu sync.Mutex
	made := map[string]provider{}
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		mu.Lock()
		p := made[c.Config.Data]
		mu.Unlock()
		has := func(page string, want ...string) {
			t.Helper()
			for _, w := range want {
				if !strings.Contains(page, w) {
					t.Errorf("the page does not say %q", w)
				}
			}
		}
		me := c.As("citizen")
		code := me.Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		has(read(t, me, "/dossiers/"+code), "Sign what you filed with your own digital signature")
		here := "/dossiers/" + code + "/sign"
		has(read(t, me, here), "Never send your private key")
		c.Login("0912000002").Get(here).Want(404)
		has(string(upload(t, me, here, "certificate", "x.pem", []byte("rác")).Want(422).Body), "This file is no certificate")
		private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})
		has(string(upload(t, me, here, "certificate", "x.pem", private).Want(422).Body), "This file holds a private key")
		has(string(upload(t, me, here, "certificate", "x.pem", selfSigned(t, c.Clock.Now())).Want(409).Body), "an authority that the city does not recognise")

		errand := upload(t, me, here, "certificate", "toi.pem", p.cert).Want(303).Header.Get("Location")
		page := read(t, me, errand)
		has(page, "Nguyễn Thị Hạnh", "Nhà cung cấp thử", code, "Waits for the signature", "openssl dgst -sha256 -sign")
		c.As("clerk").Get(errand).Want(404)
		c.Login("0912000002").Get(errand + "/request.json").Want(404)
		request, err := sign.ReadRequest(me.Get(errand + "/request.json").Want(200).Body)
		if err != nil {
			t.Fatal(err)
		}
		has(string(upload(t, me, errand, "answer", "x.json", me.Get(errand+"/request.json").Body).Want(422).Body), "This is the file to be signed, not the signature")
		wrong, _ := json.Marshal(sign.Answer{Format: sign.AnswerFormat, Errand: request.Errand, Signatures: map[string][]byte{request.Papers[0].ID: []byte("khác")}})
		has(string(upload(t, me, errand, "answer", "x.json", wrong).Want(422).Body), "1 paper could not be signed", "does not fit the certificate")

		// The bare bytes signed by a program of others do as well as the answer of khue-token.
		raw := me.Get("/" + strings.TrimPrefix(errand, "/") + "/papers/" + request.Papers[0].ID + ".bin").Want(200).Body
		sum := sha256.Sum256(raw)
		sig, err := p.sign(t.Context(), sum[:])
		if err != nil {
			t.Fatal(err)
		}
		upload(t, me, errand, "answer", "chu-ky.bin", sig).Want(303)
		upload(t, me, errand, "answer", "chu-ky.bin", sig).Want(422) // nothing is open any more
		has(read(t, me, errand), "All is signed")

		signed := regexp.MustCompile(`href="(/dossiers/[^"]*/signed/[^"]*)"`).FindStringSubmatch(read(t, me, here))
		if signed == nil {
			t.Fatal("the signed paper does not lie with the dossier")
		}
		file := me.Get(signed[1]).Want(200).Body
		rep, err := c.Signatures.Verify(t.Context(), file)
		if err != nil || rep.Verdict != signature.Good || rep.Signatures[0].Certificate.Subject.CommonName != "Nguyễn Thị Hạnh" || rep.Signatures[0].Stamped.IsZero() {
			t.Errorf("the signed paper: %+v %v", rep, err)
		}
		c.Login("0912000002").Get(signed[1]).Want(404)
		task := c.As("clerk").In("en").Do(http.MethodGet, "/desk/dossiers/"+code, nil, map[string]string{"Accept": "text/html"}).Want(303).Header.Get("Location")
		has(read(t, c.As("clerk"), task), "What the applicant signed digitally")
		c.As("clerk").Get(signed[1]).Want(200)
		if path, err := exec.LookPath("pdfsig"); err == nil {
			name := filepath.Join(t.TempDir(), "signed.pdf")
			if err := os.WriteFile(name, file, 0o600); err != nil {
				t.Fatal(err)
			}
			out, _ := exec.CommandContext(t.Context(), path, "-nocert", name).CombinedOutput()
			has(string(out), "Signature is Valid.", "Total document signed")
			t.Logf("%s", out)
		}

		// When the dossier is erased nothing of it is left here, nor a name in a certificate.
		d, _, err := c.Dossiers.ByCode(t.Context(), code)
		if err != nil {
			t.Fatal(err)
		}
		files, err := c.Signatures.Erase(t.Context(), journal.Subject{Type: dossier.SubjectType, ID: int64(d)})
		if err != nil || len(files) < 2 {
			t.Errorf("erased: %+v, %v", files, err)
		}
		err = c.Signatures.FileNames(t.Context(), func(text string) {
			for _, f := range files {
				if strings.Contains(text, f.SHA256) {
					t.Errorf("a file is named still: %s", text)
				}
			}
		})
		if err != nil {
			t.Error(err)
		}
		me.Get(errand).Want(404)
		c.As("clerk").Get(signed[1]).Want(404)
	}, citytest.With(func(cfg *app.Config) {
		mu.Lock()
		defer mu.Unlock()
		made[cfg.Data] = trust(t, cfg.Data, at)
	}))
}

func selfSigned(t *testing.T, at time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(5), Subject: pkix.Name{CommonName: "Tự ký"}, NotBefore: at.Add(-time.Hour), NotAfter: at.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
