package certificateweb_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/big"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/web"
	"khue/internal/register/certificate"
)

const list = "/admin/certificates"

// office is a city with its cards.
type office struct {
	*citytest.City
	t *testing.T
}

func (o office) ctx(login string) context.Context {
	o.t.Helper()
	for _, a := range o.Demo.Accounts {
		if a.Login == login {
			sub, err := o.Auth.Resolve(o.t.Context(), a.Token)
			if err != nil {
				o.t.Fatal(err)
			}
			return auth.With(o.t.Context(), sub)
		}
	}
	o.t.Fatal("nobody signs in as", login)
	return nil
}

// as is somebody who signed in just now: sessions end, cards hold for years.
func (o office) as(login string) citytest.Actor {
	o.t.Helper()
	a, err := o.Auth.FindAccount(o.t.Context(), login)
	if err != nil {
		o.t.Fatal(err)
	}
	token, _, err := o.Auth.OpenAs(o.t.Context(), a, auth.How{Methods: []string{auth.ByPassword, auth.ByMany}, Network: "n"})
	if err != nil {
		o.t.Fatal(err)
	}
	return o.Token(token)
}

func (o office) get(login, path string) string {
	o.t.Helper()
	return string(o.as(login).In("en").Do(http.MethodGet, path, nil, map[string]string{"Accept": "text/html"}).Want(200).Body)
}

func (o office) post(login, path string, form url.Values) citytest.Answer {
	o.t.Helper()
	form.Set("_key", web.NewKey())
	return o.Login(login).In("en").Do(http.MethodPost, path, []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
}

// card is issued to an officer of the ward by the two who have to.
func (o office) card(login string) certificate.Card {
	o.t.Helper()
	by := "chutich"
	if login == by {
		by = "phochutich"
	}
	asked, err := o.Certificates.Ask(o.ctx(by), certificate.Wish{Kind: certificate.Officer, Login: login, Basis: "Quyết định 12/QĐ-UBND"}, web.NewKey())
	if err != nil {
		o.t.Fatal(err)
	}
	c, err := o.Certificates.Decide(o.ctx("lanhdao"), asked.ID, true)
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

// The leader of the city decides on cards, but not on what they asked for themselves: they are told
// so, and can only take it back.
func TestNobodyDecidesOnWhatTheyAskedFor(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		o := office{c, t}
		boss := o.ctx("lanhdao")
		o.post("lanhdao", list, url.Values{"kind": {"seal"}, "unit": {auth.From(boss).Grants[0].Scope}, "basis": {"Quyết định 1/QĐ-UBND"}}).Want(303)
		waiting, _, err := o.Certificates.Find(boss, certificate.CardFilter{Show: certificate.Waiting})
		if err != nil || len(waiting) != 1 {
			t.Fatal(waiting, err)
		}
		one := list + "/" + waiting[0].ID.String()
		if page := o.get("lanhdao", list); strings.Contains(page, `value="issue"`) || !strings.Contains(page, "Take the request back") {
			t.Error("who asked is offered to decide, or cannot take it back")
		}
		if a := o.post("lanhdao", one, url.Values{"do": {"issue"}}).Want(403); !strings.Contains(string(a.Body), "somebody else") {
			t.Errorf("who asked is not told who has to decide: %.300s", a.Body)
		}
		if x, err := o.Certificates.Get(boss, waiting[0].ID); err != nil || x.State != certificate.Asked {
			t.Errorf("decided by who asked: %s %v", x.State, err)
		}
		o.post("lanhdao", one, url.Values{"do": {"refuse"}}).Want(303)
		if x, err := o.Certificates.Get(boss, waiting[0].ID); err != nil || x.State != certificate.Refused {
			t.Errorf("taken back it is %s %v", x.State, err)
		}
	})
}

// An officer without any other duty sees their own card alone and ends it at once when the key is
// lost; a leader elsewhere sees none of it. The key that the city kept is gone with the card.
func TestOfficersSeeAndEndTheirOwnCard(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		o := office{c, t}
		mine, boss := o.card("hotich"), o.card("chutich")
		page := o.get("hotich", list)
		if !strings.Contains(page, mine.Name) || strings.Contains(page, boss.Serial[:8]) || strings.Contains(page, "Certificate authority") {
			t.Error("an officer sees not their card, or more than it")
		}
		for _, other := range []string{"motcua", "cukhoi.chutich"} {
			if page := o.get(other, list); strings.Contains(page, mine.Serial[:8]) {
				t.Errorf("%s sees the card of another", other)
			}
			o.post(other, list+"/"+mine.ID.String(), url.Values{"do": {"revoke"}, "reason": {"key_compromise"}}).Want(403)
		}
		kept := func() (n int) {
			t.Helper()
			err := c.DB.View(t.Context(), func(_ context.Context, v *db.View) error {
				return v.QueryRow(`SELECT length(sealed) FROM certificate_card WHERE id = $1`, mine.ID).Scan(&n)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if kept() == 0 {
			t.Error("the city keeps no key")
		}
		o.post("hotich", list+"/"+mine.ID.String(), url.Values{"do": {"revoke"}, "reason": {"key_compromise"}}).Want(303)
		if kept() != 0 {
			t.Error("the key of a revoked card is kept")
		}
		if _, err := o.Certificates.OfAccount(t.Context(), mine.Account); !errs.Is(err, errs.NotFound) {
			t.Errorf("a revoked card is offered for signing: %v", err)
		}
		if now, err := o.Certificates.Get(t.Context(), mine.ID); err != nil || now.Valid(c.Clock.Now()) {
			t.Errorf("a revoked card is valid: %+v %v", now, err)
		}
		if page := o.get("hotich", list); !strings.Contains(page, "Revoked") {
			t.Error("the holder is not shown that it is revoked")
		}
	})
}

// A card is told to be near its end while two people still have time to renew it; after its end it
// signs nothing. Cards are found by any of their words, without marks.
func TestCardsRunOutAndAreFound(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		o := office{c, t}
		one := o.card("hotich")
		if page := o.get("chutich", list+"?show=ending"); strings.Contains(page, one.Name) {
			t.Error("a new card is told to run out")
		}
		words := strings.Fields(one.Name)
		for q, want := range map[string]bool{words[len(words)-1]: true, one.Serial[:10]: true, "khong-co-ai": false} {
			if page := o.get("chutich", list+"?q="+url.QueryEscape(q)); strings.Contains(page, `kh-case`) != want {
				t.Errorf("searched for %q it is found: %v", q, !want)
			}
		}
		c.Pass(one.Until.Sub(c.Clock.Now()) - 30*24*time.Hour)
		if page := o.get("chutich", list+"?show=ending"); !strings.Contains(page, one.Name) || !strings.Contains(page, "Runs out soon") {
			t.Error("that it runs out soon is not told")
		}
		c.Measures.Refresh(t.Context())
		if text := string(c.Visitor().Get("/metrics").Want(200).Body); !strings.Contains(text, "\nkhue_cards_ending 1") || !strings.Contains(text, `khue_authority_key_failed{part="issuing"} 0`) {
			t.Error("the figures do not tell of it")
		}
		c.Pass(31 * 24 * time.Hour)
		if _, err := o.Certificates.OfAccount(t.Context(), one.Account); !errs.Is(err, errs.NotFound) {
			t.Errorf("a card that ran out is offered for signing: %v", err)
		}
		if _, err := o.Certificates.Signer(t.Context(), one); !errs.Is(err, errs.Conflict) {
			t.Errorf("a card that ran out signs: %v", err)
		}
		if page := o.get("chutich", list+"?show=over"); !strings.Contains(page, one.Name) || !strings.Contains(page, "Expired") {
			t.Error("that it ran out is not told")
		}
		if page := o.get("chutich", list+"?show=force"); strings.Contains(page, one.Name) {
			t.Error("what ran out is told to be in force")
		}
	})
}

// What this authority never issued is answered as unknown, never as good.
func TestOcspKnowsNothingOfForeignCards(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	issuer := c.Certificates.Issuing()
	q, err := ocsp.CreateRequest(&x509.Certificate{SerialNumber: big.NewInt(4711)}, issuer, nil)
	if err != nil {
		t.Fatal(err)
	}
	ask, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+"/ca/ocsp", bytes.NewReader(q))
	if err != nil {
		t.Fatal(err)
	}
	ask.Header.Set("Content-Type", "application/ocsp-request")
	r, err := http.DefaultClient.Do(ask)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	der, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	a, err := ocsp.ParseResponse(der, issuer)
	if err != nil || a.Status != ocsp.Unknown {
		t.Errorf("a serial number of nobody is answered %+v %v", a, err)
	}
}

// ask is the form with an image, as a browser sends it.
func (o office) ask(login string, form url.Values, file []byte) citytest.Answer {
	o.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	form.Set("_key", web.NewKey())
	for k := range form {
		_ = m.WriteField(k, form.Get(k))
	}
	f, err := m.CreateFormFile("look", "chu-ky.png")
	if err != nil {
		o.t.Fatal(err)
	}
	_, _ = f.Write(file)
	_ = m.Close()
	return o.Login(login).In("en").Do(http.MethodPost, list, body.Bytes(), map[string]string{"Content-Type": m.FormDataContentType(), "Accept": "text/html"})
}

func drawn(t *testing.T, side int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side {
		m.SetNRGBA(i, i, color.NRGBA{B: 200, A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The image of a signature is asked for with the card, seen by who decides and by nobody elsewhere,
// goes over to a renewal, and goes with the card.
func TestTheImageOfASignatureGoesWithItsCard(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		o := office{c, t}
		wish := func() url.Values {
			return url.Values{"kind": {"officer"}, "login": {"hotich"}, "basis": {"Quyết định 12/QĐ-UBND"}}
		}
		for name, bad := range map[string][]byte{"a text": []byte("<svg/>"), "a dot": drawn(t, 8), "half a file": drawn(t, 80)[:60]} {
			if a := o.ask("chutich", wish(), bad).Want(422); !strings.Contains(string(a.Body), "has to be a PNG") || !strings.Contains(string(a.Body), `value="hotich"`) {
				t.Errorf("%s: what is wrong is not told, or what was typed is lost", name)
			}
		}
		signature := drawn(t, 80)
		o.ask("chutich", wish(), signature).Want(303)
		all, _, err := o.Certificates.Find(o.ctx("chutich"), certificate.CardFilter{Show: certificate.Waiting})
		if err != nil || len(all) != 1 || !all[0].Looks {
			t.Fatal(all, err)
		}
		one := all[0].ID
		picture := func(v certificate.ID) string { return list + "/" + v.String() + "/look.png" }
		for _, login := range []string{"lanhdao", "hotich"} {
			if a := c.Login(login).Get(picture(one)).Want(200); !bytes.Equal(a.Body, signature) {
				t.Errorf("%s is shown another image", login)
			}
		}
		c.Login("cukhoi.chutich").Get(picture(one)).Want(404)
		c.Login("motcua").Get(picture(one)).Want(404)
		if page := o.get("lanhdao", list); !strings.Contains(page, picture(one)) {
			t.Error("who decides is not shown the image")
		}
		o.post("lanhdao", list+"/"+one.String(), url.Values{"do": {"issue"}}).Want(303)

		o.post("chutich", list+"/"+one.String(), url.Values{"do": {"renew"}}).Want(303)
		if all, _, err = o.Certificates.Find(o.ctx("chutich"), certificate.CardFilter{Show: certificate.Waiting}); err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		next := all[0].ID
		o.post("lanhdao", list+"/"+next.String(), url.Values{"do": {"issue"}}).Want(303)
		c.Login("hotich").Get(picture(one)).Want(404) // superseded
		if a := c.Login("hotich").Get(picture(next)).Want(200); !bytes.Equal(a.Body, signature) {
			t.Error("the renewal shows another image")
		}
		o.post("hotich", list+"/"+next.String(), url.Values{"do": {"revoke"}, "reason": {"cessation"}}).Want(303)
		c.Login("hotich").Get(picture(next)).Want(404)
	})
}
