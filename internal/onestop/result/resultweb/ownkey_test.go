package resultweb_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/sign"
	"khue/internal/kernel/web"
	"khue/internal/onestop/result"
	"khue/internal/onestop/signature"
	"khue/internal/register/certificate"
)

// TestAnOfficerSignsWithAKeyThatOnlyTheyHold: their papers wait without anybody having chosen it;
// they take them away, hand the signatures in, and the city adds the seal.
func TestAnOfficerSignsWithAKeyThatOnlyTheyHold(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, cc *citytest.City) {
		c := city{cc, t, nil}
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "x"}}, key)
		if err != nil {
			t.Fatal(err)
		}
		boss := c.as("noivu.pgd")
		unit := c.Results.Agencies(boss)[0].ID
		for _, w := range []certificate.Wish{
			{Kind: certificate.Officer, Login: "noivu.pgd", Request: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))}, {Kind: certificate.Seal, Unit: "unit:" + unit.String()},
		} {
			w.Basis = "Quyết định 7/QĐ-SNV"
			asked, err := c.Certificates.Ask(boss, w, web.NewKey())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Certificates.Decide(c.as("lanhdao"), asked.ID, true); err != nil {
				t.Fatal(err)
			}
		}
		code, r := c.numbered("AB 901 b")
		other, _ := c.numbered("AB 902 b")
		if page := c.page("noivu.pgd", "/desk/to-sign"); !strings.Contains(page, "Your key is outside of this house") || !strings.Contains(page, code) {
			t.Error("the officer is not told how they sign")
		}
		errand := c.form("noivu.pgd", "/desk/to-sign", url.Values{"do": {"all"}}).Want(303).Header.Get("Location")
		request, err := sign.ReadRequest(c.Login("noivu.pgd").Get(errand + "/request.json").Want(200).Body)
		if err != nil || len(request.Papers) != 2 {
			t.Fatalf("the request holds %d papers, %v", len(request.Papers), err)
		}
		answer, err := request.Sign(t.Context(), nil, func(_ context.Context, digest []byte) ([]byte, error) {
			return key.Sign(rand.Reader, digest, crypto.SHA256)
		})
		if err != nil {
			t.Fatal(err)
		}
		answer.Signatures[request.Papers[1].ID] = answer.Signatures[request.Papers[0].ID] // of another paper
		send := func(want int) string {
			t.Helper()
			raw, err := json.Marshal(answer)
			if err != nil {
				t.Fatal(err)
			}
			var body bytes.Buffer
			m := multipart.NewWriter(&body)
			_ = m.WriteField("_key", web.NewKey())
			f, err := m.CreateFormFile("answer", "chu-ky.json")
			if err != nil {
				t.Fatal(err)
			}
			_, _ = f.Write(raw)
			_ = m.Close()
			return string(c.Login("noivu.pgd").In("en").Do("POST", errand, body.Bytes(), map[string]string{"Content-Type": m.FormDataContentType(), "Accept": "text/html"}).Want(want).Body)
		}
		if page := send(422); !strings.Contains(page, "1 paper could not be signed") {
			t.Error("the wrong signature is not told")
		}
		c.Eventually("the first is sealed, entered and given", func() bool { return c.state(code) == "returned" })
		if x := c.results(other)[0]; x.Hand != result.Waits {
			t.Errorf("the other is %+v", x)
		}
		file, _, err := c.Results.Paper(t.Context(), c.dossier(code))
		if err != nil {
			t.Fatal(err)
		}
		rep, err := c.Signatures.Verify(t.Context(), file)
		if err != nil || rep.Verdict != signature.Good || len(rep.Signatures) != 2 || rep.Signatures[0].Certificate.Subject.CommonName != r.SignedBy {
			t.Errorf("the paper: %+v %v", rep, err)
		}
		if got := strings.Join(c.kinds(r), " "); got != "result.intended result.drawn signature.signed result.given result.signed result.issued" {
			t.Errorf("the journal says %s", got)
		}
		good, err := request.Sign(t.Context(), nil, func(_ context.Context, digest []byte) ([]byte, error) {
			return key.Sign(rand.Reader, digest, crypto.SHA256)
		})
		if err != nil {
			t.Fatal(err)
		}
		answer = good
		send(303)
		c.Eventually("the other too", func() bool { return c.state(other) == "returned" })
	}, citytest.At(clock.MustDate("2026-11-09").At(8, 30)))
}
