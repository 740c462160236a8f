package identityweb_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
)

// Somebody moves on a day, and nothing of the old post is left; somebody leaves, signs in no
// more, and comes back under the number of before.
func TestAMoverAndALeaver(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ward := unitOf(t, c, "chutich")
		account := accountOf(c, "motcua2")
		self := "/admin/officers/" + account
		code := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		own := c.AsLogin("motcua2")
		var list struct {
			Items []struct {
				ID, Dossier string
				Version     int
			}
		}
		own.Get("/api/v1/tasks").Want(200).Into(&list)
		for _, i := range list.Items {
			if i.Dossier == code {
				own.Post("/api/v1/tasks/"+i.ID+"/claim", map[string]any{"version": i.Version}).Want(200)
			}
		}
		if !holder(c, "motcua2", code) {
			t.Fatal("the clerk does not hold the task")
		}
		number := cut(t, page(t, c.AsLogin("chutich"), self, "Move to another unit"), "CB", "<")
		move := func(by string, kv ...string) citytest.Answer {
			f := url.Values{"do": {"move"}, "held": {ward + " clerk "}, "unit": {ward}, "role": {"registryClerk"}, "decision": {"77/QĐ-UBND"}, "sign": {""}}
			f.Set("from.day", "25")
			f.Set("from.month", "6")
			f.Set("from.year", "2025")
			for i := 0; i+1 < len(kv); i += 2 {
				f.Set(kv[i], kv[i+1])
			}
			return send(c.AsLogin(by), self, f)
		}
		move("chutich", "unit", "99999").Want(422)
		move("chutich", "role", "clerk").Want(422)
		move("cukhoi.chutich").Want(403)
		move("chutich").Want(303)
		change := cut(t, page(t, c.AsLogin("phochutich"), "/admin/proposals", "Post until then"), `action="/admin/proposals/`, `"`)
		send(c.AsLogin("phochutich"), "/admin/proposals/"+change, url.Values{"do": {"approve"}}).Want(303)
		if sub := subject(t, c, "motcua2"); !sub.Has("clerk") || sub.Has("registryClerk") {
			t.Error("the move counts before its day")
		}
		c.Pass(48 * time.Hour)
		c.Eventually("the task goes back", func() bool { return !holder(c, "motcua2", code) })
		if sub := subject(t, c, "motcua2"); sub.Has("clerk") || !sub.Has("registryClerk") {
			t.Error("after the move the old post is left, or the new one is not there")
		}

		// Leaving: at once, since no last day is given.
		send(c.AsLogin("chutich"), self, url.Values{"do": {"depart"}, "decision": {"78/QĐ-UBND"}}).Want(303)
		change = cut(t, page(t, c.AsLogin("phochutich"), "/admin/proposals", "Leaving the service"), `action="/admin/proposals/`, `"`)
		send(c.AsLogin("phochutich"), "/admin/proposals/"+change, url.Values{"do": {"approve"}}).Want(303)
		c.Eventually("nobody signs in", func() bool { return own.Get("/api/v1/tasks").Status == 401 })
		page(t, c.AsLogin("lanhdao"), self, "Left the service on")

		// Back after a while: the same number.
		send(c.AsLogin("chutich"), "/admin/officers", url.Values{"unit": {ward}, "login": {"motcua2"}, "email": {"huy@example.vn"}, "role": {"clerk"}, "decision": {"90/QĐ-UBND"}}).Want(303)
		change = cut(t, page(t, c.AsLogin("phochutich"), "/admin/proposals"), `action="/admin/proposals/`, `"`)
		send(c.AsLogin("phochutich"), "/admin/proposals/"+change, url.Values{"do": {"approve"}}).Want(303)
		if again := cut(t, page(t, c.AsLogin("chutich"), self), "CB", "<"); again != number {
			t.Errorf("came back as CB%s, was CB%s", again, number)
		}
	})
}

// A personnel system keeps officers by SCIM: what gives a right waits for two people, what
// takes one away counts at once.
func TestAPersonnelSystem(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ctx := t.Context()
		city := unitOf(t, c, "lanhdao")
		account, err := c.Auth.CreateAccount(ctx, auth.NewAccount{Login: "nhansu", Name: "Phần mềm nhân sự", Kind: auth.KindSystem, Grants: []auth.GrantPeriod{{Grant: auth.Grant{Role: "provisioner", Scope: "unit:" + city}}}})
		if err != nil {
			t.Fatal(err)
		}
		token, err := c.Auth.IssueToken(ctx, account, "SCIM")
		if err != nil {
			t.Fatal(err)
		}
		do := func(method, path string, body any) citytest.Answer {
			t.Helper()
			b, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			return c.Visitor().In("en").Do(method, "/scim/v2"+path, b, map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/scim+json"})
		}
		c.As("leader").Get("/scim/v2/Users").Want(403)
		c.Visitor().Get("/scim/v2/Users").Want(401)
		if do("GET", "/ServiceProviderConfig", nil).Want(200).Text("patch.supported") != "true" {
			t.Error("it does not say that it takes patches")
		}
		one := do("GET", "/Users?startIndex=2&count=3", nil).Want(200)
		if one.Text("itemsPerPage") != "3" || one.Text("startIndex") != "2" || one.Text("Resources.0.id") == "" {
			t.Errorf("a page is %s", one.Body)
		}
		clerk := do("GET", "/Users?filter="+url.QueryEscape(`userName eq "motcua"`), nil).Want(200)
		id := clerk.Text("Resources.0.id")
		if clerk.Text("totalResults") != "1" || id != accountOf(c, "motcua") || clerk.Text("Resources.0.active") != "true" {
			t.Fatalf("found %s", clerk.Body)
		}
		if bad := do("GET", "/Users?filter="+url.QueryEscape(`active pr`), nil).Want(400); bad.Text("scimType") != "invalidFilter" {
			t.Errorf("another filter: %s", bad.Body)
		}
		ward := unitOf(t, c, "chutich")
		fresh := map[string]any{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "moi.ve", "displayName": "Lý Thị Mới", "emails": []any{map[string]any{"value": "moi@example.vn"}},
			"urn:khue:params:scim:schemas:extension:post:2.0:User": map[string]any{"unit": ward, "role": "clerk", "decision": "99/QĐ-UBND"},
		}
		do("POST", "/Users", map[string]any{"userName": "khong.vi.tri"}).Want(400)
		if made := do("POST", "/Users", fresh).Want(202); !strings.Contains(string(made.Body), `"status":"proposed"`) || made.Text("active") != "false" {
			t.Errorf("created: %s", made.Body)
		}
		do("GET", "/Users?filter="+url.QueryEscape(`userName eq "moi.ve"`), nil).Want(200)
		change := cut(t, page(t, c.AsLogin("phochutich"), "/admin/proposals", "Phần mềm nhân sự"), `action="/admin/proposals/`, `"`)
		send(c.AsLogin("phochutich"), "/admin/proposals/"+change, url.Values{"do": {"approve"}}).Want(303)
		if found := do("GET", "/Users?filter="+url.QueryEscape(`userName eq "moi.ve"`), nil).Want(200); found.Text("Resources.0.groups.0.value") != ward+".clerk" {
			t.Errorf("approved: %s", found.Body)
		}
		if taken := do("POST", "/Users", fresh).Want(409); taken.Text("scimType") != "uniqueness" {
			t.Errorf("again: %s", taken.Body)
		}
		// Posts are groups; a member is proposed.
		group := do("GET", "/Groups/"+ward+".clerk", nil).Want(200)
		if !strings.Contains(string(group.Body), id) {
			t.Errorf("the post is %s", group.Body)
		}
		if all := do("GET", "/Groups?count=1", nil).Want(200); all.Text("itemsPerPage") != "1" || len(all.Text("totalResults")) < 2 {
			t.Errorf("posts: %.300s", all.Body)
		}
		do("PATCH", "/Groups/"+ward+".registryClerk", map[string]any{"Operations": []any{map[string]any{"op": "add", "path": "members", "value": []any{map[string]any{"value": id}}}}}).Want(202)
		if sub := subject(t, c, "motcua"); sub.Has("registryClerk") {
			t.Error("a post was given by one")
		}
		// Out: at once. In again: never by one.
		off := map[string]any{"Operations": []any{map[string]any{"op": "Replace", "path": "active", "value": false}}}
		if out := do("PATCH", "/Users/"+id, off).Want(200); out.Text("active") != "false" {
			t.Errorf("shut out: %s", out.Body)
		}
		c.AsLogin("motcua").Get("/api/v1/tasks").Want(401)
		page(t, c.AsLogin("phochutich"), "/admin/proposals", "Leaving the service")
		do("PATCH", "/Users/"+id, map[string]any{"Operations": []any{map[string]any{"op": "replace", "value": map[string]any{"active": true}}}}).Want(403)
		do("DELETE", "/Users/"+id, nil).Want(403)
		do("GET", "/Users/1", nil).Want(404)
	})
}
