package openidweb_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/register/mandate"
	"khue/internal/register/openid/openidweb"
	"khue/internal/register/openid/standinweb"
)

// above opens a city below a stand-in for the national identity.
func above(t *testing.T, test func(t *testing.T, c *citytest.City, s *standinweb.Standin)) {
	t.Helper()
	for _, db := range []string{"sqlite", "postgres"} {
		t.Run(db, func(t *testing.T) {
			var s *standinweb.Standin
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
			t.Cleanup(server.Close)
			opts := []citytest.Option{today(), citytest.With(func(cfg *app.Config) {
				cfg.National = openidweb.National{Issuer: server.URL, Client: "khue", Secret: "matkhau", Wait: 2 * time.Second}
				if db == "postgres" {
					cfg.DB = postgres(t)
				}
			})}
			c := citytest.New(t, opts...)
			var err error
			if s, err = standinweb.New(server.URL, "khue", "matkhau", c.Clock, c.URL+"/sign-in/national/callback"); err != nil {
				t.Fatal(err)
			}
			test(t, c, s)
		})
	}
}

// asPerson goes to the national identity, is somebody there, and comes back.
func (b *browser) asPerson(subject, next string) answer {
	b.t.Helper()
	a := b.get("/sign-in/national?next=" + url.QueryEscape(next))
	if a.status != http.StatusSeeOther {
		b.t.Fatalf("the way there is answered with %d %.600s", a.status, a.body)
	}
	return b.chosen(a.header.Get("Location"), subject)
}

func (b *browser) chosen(authorize, subject string) answer {
	b.t.Helper()
	if page := b.get(authorize); !strings.Contains(page.body, "STAND-IN") {
		b.t.Fatal("the stand-in does not say that it is one")
	}
	a := b.get(strings.Replace(authorize, "/oauth2/authorize?", "/oauth2/chosen?who="+subject+"&", 1))
	return b.get(a.header.Get("Location"))
}

func TestTheNationalIdentityOpensAccounts(t *testing.T) {
	above(t, func(t *testing.T, c *citytest.City, s *standinweb.Standin) {
		b := open(t, c)
		if page := b.get("/sign-in"); !strings.Contains(page.body, "/sign-in/national?next=") {
			t.Error("the sign-in page does not offer it")
		}
		// Somebody new gets an account.
		if a := b.asPerson("nid-0002", "/account"); a.status != http.StatusSeeOther || a.header.Get("Location") != "/account" {
			t.Fatalf("coming back is answered with %d to %q: %.800s", a.status, a.header.Get("Location"), a.body)
		}
		if page := b.get("/account"); !strings.Contains(page.body, "Lê Minh Châu") {
			t.Error("the account is not hers")
		}
		a, err := c.Auth.FindAccount(t.Context(), "0987000102")
		if err != nil || a.Level != auth.Verified {
			t.Errorf("her account: %+v, %v", a, err)
		}
		x := register(t, c)
		if id := claims(t, x.tokens(b).text("id_token")); id["acr"] != "verified" || id["amr"].([]any)[0] != "fed" {
			t.Errorf("clients see acr %v, amr %v", id["acr"], id["amr"])
		}
		// The same person under another subject, by the personal number.
		s.Rename("999301000112", "nid-0002b")
		again := open(t, c)
		again.asPerson("nid-0002b", "/account")
		if page := again.get("/account"); !strings.Contains(page.body, "Lê Minh Châu") {
			t.Error("under another subject the account is not found by the number")
		}
		// A weak level makes an account that is only registered.
		weak := open(t, c)
		weak.asPerson("nid-0003", "/")
		if a, err := c.Auth.FindAccount(t.Context(), "0987000103"); err != nil || a.Level != auth.Registered {
			t.Errorf("LoA1 makes %+v, %v", a, err)
		}
	})
}

// A business signs in itself, says who may act for it, and is the same again under another subject.
func TestABusinessSignsInByTheNationalIdentity(t *testing.T) {
	above(t, func(t *testing.T, c *citytest.City, _ *standinweb.Standin) {
		b := open(t, c)
		b.signIn("0912000001", "/") // who comes back as the business is the business, and not linked with the person
		if a := b.asPerson("nid-0004", "/account"); a.status != http.StatusSeeOther || a.header.Get("Location") != "/account" {
			t.Fatalf("coming back is answered with %d: %.800s", a.status, a.body)
		}
		page := b.get("/account").body
		for _, want := range []string{"Công ty Bến Đỗ", "0109999982", "8 Nguyễn Văn Cừ", "Nobody yet", "/account/mandates", "0 in all"} {
			if !strings.Contains(page, want) {
				t.Errorf("the account page lacks %q", want)
			}
		}
		a, err := c.Auth.FindAccount(t.Context(), "mst-0109999982")
		if err != nil || a.Level != auth.Verified {
			t.Fatalf("its account: %+v, %v", a, err)
		}
		as := auth.With(t.Context(), auth.Subject{Account: a.ID, Name: a.Name, Kind: auth.KindCitizen})
		sides, err := c.Mandates.Of(as)
		if err != nil || len(sides.Businesses) != 1 {
			t.Fatalf("what it is: %+v, %v", sides, err)
		}
		// It lets an employee act for it, and nobody for a person.
		until := clock.DateOf(c.Clock.Now()).AddDays(30)
		offer := mandate.Offer{Business: sides.Businesses[0].ID, Number: "999196000001", Name: "Nguyễn Thị Hạnh", Limits: mandate.Limits{Until: until}, Key: "key-of-this-offer"}
		m, err := c.Mandates.Grant(as, offer)
		if err != nil || m.Kind != mandate.Employee || m.GiverName != "Công ty Bến Đỗ" {
			t.Fatalf("it grants %+v, %v", m, err)
		}
		offer.Business, offer.Key = 0, "key-of-another"
		if _, err := c.Mandates.Grant(as, offer); !errs.Is(err, errs.Forbidden) {
			t.Errorf("it grants as a person: %v", err)
		}
		if _, _, err := c.People.NewCode(as); !errs.Is(err, errs.Conflict) {
			t.Errorf("a business may become a person at a counter: %v", err)
		}
		if page := b.get("/account/identity").body; !strings.Contains(page, "0109999982") || strings.Contains(page, "At a counter") {
			t.Error("the page about identity speaks to a business as to a person")
		}
		if page := b.get("/account/mandates").body; !strings.Contains(page, "Nguyễn Thị Hạnh") || strings.Contains(page, "For myself") {
			t.Error("its page of mandates does not show the offer, or offers it a person's")
		}
		// What it files is its own.
		filed := citytest.Birth()
		filed["applicant"] = map[string]any{"name": "Công ty Bến Đỗ", "phone": "0987000104"}
		answers := filed["answers"].(map[string]any)
		answers["child.registrationUnit"], answers["child.dob"] = "00118", clock.DateOf(c.Clock.Now()).AddDays(-10).String()
		token, _, err := c.Auth.OpenAs(t.Context(), a, auth.How{Methods: []string{auth.ByNational}, Network: "n"})
		if err != nil {
			t.Fatal(err)
		}
		c.Token(token).Post("/api/v1/dossiers", filed).Want(http.StatusCreated)
		if page := b.get("/account").body; !strings.Contains(page, "1 in all") {
			t.Error("the account page does not count the dossier")
		}
		if a := open(t, c).asPerson("nid-0004", "/account"); a.status != http.StatusSeeOther {
			t.Errorf("the second time it is answered with %d", a.status)
		}
		if got := open(t, c).signIn("mst-0109999982", "/"); got.status == http.StatusSeeOther {
			t.Error("a password opens the account of a business")
		}
	})
}

// An account that exists is linked only by whoever proves that it is theirs.
func TestAnExistingAccountIsLinkedByItsOwnerOnly(t *testing.T) {
	above(t, func(t *testing.T, c *citytest.City, _ *standinweb.Standin) {
		b := open(t, c)
		a := b.asPerson("nid-0001", "/account")
		if a.status != http.StatusOK || !strings.Contains(a.body, "Is this account yours?") {
			t.Fatalf("an existing number is answered with %d %.300s", a.status, a.body)
		}
		if got := b.get("/account"); got.status != http.StatusSeeOther {
			t.Fatal("the telephone number alone opened the account")
		}
		b.signIn("0912000001", "/sign-in/national/link")
		if page := b.get("/sign-in/national/link"); !strings.Contains(page.body, "Nguyễn Thị Hạnh") {
			t.Error("the page does not say what is linked")
		}
		if a := b.post("/sign-in/national/link", nil); a.status != http.StatusOK {
			t.Fatalf("linking is answered with %d", a.status)
		}
		other := open(t, c)
		if a := other.asPerson("nid-0001", "/account"); a.status != http.StatusSeeOther {
			t.Errorf("after linking it is answered with %d", a.status)
		}
		if a := other.post("/sign-in/national/link", nil); a.status < 400 {
			t.Errorf("linking without an identity is answered with %d", a.status)
		}
		// Another identity does not get in beside it.
		second := signedIn(t, c)
		second.asPerson("nid-0003", "/")
		if a := second.post("/sign-in/national/link", nil); a.status != http.StatusConflict {
			t.Errorf("a second identity is answered with %d", a.status)
		}
		// A sign-in of an hour ago proves nothing.
		late := open(t, c)
		late.signIn("0912000002", "/")
		c.Pass(11 * time.Minute)
		late.asPerson("nid-0003", "/")
		if a := late.post("/sign-in/national/link", nil); a.status != http.StatusForbidden {
			t.Errorf("an old sign-in is answered with %d", a.status)
		}
	})
}

func TestFaultsOfTheNationalIdentityLetNobodyIn(t *testing.T) {
	above(t, func(t *testing.T, c *citytest.City, s *standinweb.Standin) {
		for what, f := range map[string]standinweb.Faults{
			"nonce": {Nonce: true}, "audience": {Audience: true}, "issuer": {Issuer: true}, "expired": {Expired: true}, "unsigned": {Unsigned: true},
			"stranger": {Stranger: true}, "swapped": {Swapped: true}, "refuses": {Refuses: true},
		} {
			s.Fail(f)
			b := open(t, c)
			if a := b.asPerson("nid-0002", "/account"); a.status < 400 || a.header.Get("Location") != "" {
				t.Errorf("%s: answered with %d to %q", what, a.status, a.header.Get("Location"))
			}
			if a := b.get("/account"); a.status != http.StatusSeeOther {
				t.Errorf("%s: somebody is signed in", what)
			}
		}
		s.Fail(standinweb.Faults{})
		// State of another browser, or none, or used.
		mine, thief := open(t, c), open(t, c)
		to := mine.get("/sign-in/national").header.Get("Location")
		if a := thief.chosen(to, "nid-0002"); a.status < 400 {
			t.Errorf("another browser comes back with %d", a.status)
		}
		if a := thief.get("/sign-in/national/callback?code=x&state="); a.status < 400 {
			t.Errorf("no state comes back with %d", a.status)
		}
		mine.chosen(to, "nid-0002")
		if a := mine.chosen(to, "nid-0002"); a.status < 400 {
			t.Errorf("a state comes back twice with %d", a.status)
		}
		for _, next := range []string{"https://evil.example/", "//evil.example/", "/\\evil.example"} {
			if a := open(t, c).asPerson("nid-0002", next); a.header.Get("Location") != "/" {
				t.Errorf("next %q leads to %q", next, a.header.Get("Location"))
			}
		}
		s.Fail(standinweb.Faults{Delay: 5 * time.Second})
		b := open(t, c)
		c.Clock.Advance(2 * time.Hour) // what was kept of it is old
		if a := b.get("/sign-in/national"); a.status != http.StatusServiceUnavailable {
			t.Errorf("a slow identity is answered with %d", a.status)
		}
	})
}
