package openidweb_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
)

// A program of somebody else is added, changed and removed by two people of the city's
// government; its secret is shown once, to who asked for it, and to nobody else.
func TestProgramsTakeTwoPeople(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		lead, err := c.Auth.FindAccount(t.Context(), "lanhdao")
		if err != nil {
			t.Fatal(err)
		}
		held, err := c.Auth.GrantsOf(t.Context(), lead.ID)
		if err != nil || len(held) == 0 {
			t.Fatal(held, err)
		}
		var second []auth.GrantPeriod
		for _, g := range held {
			second = append(second, auth.GrantPeriod{Grant: auth.Grant{Role: g.Role, Scope: g.Scope}})
		}
		if _, err := c.Auth.CreateAccount(t.Context(), auth.NewAccount{Login: "pho.lanhdao", Name: "Trần Văn Phó", Kind: auth.KindOfficer, Password: "con bò vàng ăn cỏ", Grants: second}); err != nil {
			t.Fatal(err)
		}
		as := func(login string) func(method, path string, form url.Values) citytest.Answer {
			a, err := c.Auth.FindAccount(t.Context(), login)
			if err != nil {
				t.Fatal(err)
			}
			token, _, err := c.Auth.OpenAs(t.Context(), a, auth.How{Methods: []string{auth.ByPassword}, Network: "n"})
			if err != nil {
				t.Fatal(err)
			}
			return func(method, path string, form url.Values) citytest.Answer {
				if form != nil {
					form.Set("_key", web.NewKey())
				}
				return c.Token(token).In("en").Do(method, path, []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
			}
		}
		one, two, ward := as("lanhdao"), as("pho.lanhdao"), as("chutich")
		good := func() url.Values {
			return url.Values{
				"kind": {"add"}, "name": {"Bến Đỗ <b>"}, "owner": {"Công ty Bến Đỗ"}, "redirects": {back}, "scopes": {"openid", "profile"}, "secret": {"yes"}, "basis": {"Thỏa thuận 12/TT-UBND"},
			}
		}
		bad := good()
		bad.Set("redirects", "http://xau.example/back")
		if a := one("POST", "/admin/clients", bad).Want(422); !strings.Contains(string(a.Body), "Bến Đỗ &lt;b&gt;") || !strings.Contains(string(a.Body), "xau.example") {
			t.Error("what was typed is lost, or the address was not named")
		}
		ward("POST", "/admin/clients", good()).Want(403) // of no city-wide post
		one("POST", "/admin/clients", good()).Want(303)
		if len(c.OpenID.Clients()) != 0 {
			t.Fatal("one person added a program")
		}
		wish := func(from string) string {
			t.Helper()
			return "/admin/clients/wishes/" + cut(t, string(two("GET", "/admin/clients", nil).Want(200).Body), from+`/admin/clients/wishes/`, `"`)
		}
		add := wish(`action="`)
		one("POST", add, url.Values{"do": {"approve"}}).Want(403)
		ward("POST", add, url.Values{"do": {"approve"}}).Want(403)
		two("POST", add, url.Values{"do": {"approve"}}).Want(303)
		two("POST", add, url.Values{"do": {"approve"}}).Want(409)
		two("POST", add, url.Values{"do": {"collect"}}).Want(403) // who approved never sees the secret
		secret := cut(t, string(one("POST", add, url.Values{"do": {"collect"}}).Want(200).Body), "client_secret <code>", "<")
		one("POST", add, url.Values{"do": {"collect"}}).Want(409)
		if strings.Contains(string(one("GET", "/admin/clients", nil).Body), secret) {
			t.Error("the secret is shown again")
		}
		made := c.OpenID.Clients()[0]
		x := client{made, secret, t, c}
		b := signedIn(t, c)
		allow(t, b, x)
		if r := x.tokens(b, "scope", "openid profile"); r.text("id_token") == "" {
			t.Errorf("the program signs nobody in: %v", r.m)
		}

		one("POST", "/admin/clients", url.Values{"kind": {"rotate"}, "code": {made.Code}, "basis": {"lộ mã"}}).Want(303)
		one("POST", "/admin/clients", url.Values{"kind": {"rotate"}, "code": {made.Code}, "basis": {"lộ mã lần nữa"}}).Want(409)
		rotate := wish(`action="`)
		two("POST", rotate, url.Values{"do": {"approve"}}).Want(303)
		fresh := cut(t, string(one("POST", rotate, url.Values{"do": {"collect"}}).Want(200).Body), "client_secret <code>", "<")
		for _, s := range []string{secret, fresh} { // the old one holds for a week
			x.secret = s
			if r := x.call("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {"x"}}); r.text("error") != "invalid_grant" {
				t.Errorf("a secret is answered with %v", r.m)
			}
		}
		one("POST", "/admin/clients", url.Values{"kind": {"remove"}, "code": {made.Code}, "basis": {"hết thỏa thuận"}}).Want(303)
		two("POST", wish(`action="`), url.Values{"do": {"approve"}}).Want(303)
		if r := x.call("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {"x"}}); r.status != http.StatusUnauthorized {
			t.Errorf("a removed program is answered with %d %v", r.status, r.m)
		}
	})
}
