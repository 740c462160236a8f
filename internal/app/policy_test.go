package app_test

import (
	"html"
	"strings"
	"testing"

	"khue/internal/app"
	"khue/internal/citytest"
)

func TestPolicyCommands(t *testing.T) {
	t.Parallel()
	code, out, errOut := run(t, "policy", "list", "--role", "clerk")
	if code != 0 || !strings.Contains(out, "permit counter.work") || !strings.Contains(out, "roles: clerk") || !strings.Contains(out, "permit route.role-clerk") || strings.Contains(out, "permit dossier.lead\n") {
		t.Errorf("exit %d, what a clerk may do:\n%s%s", code, out, errOut)
	}
	// A chairman acts as a leader, and is listed what leaders may do.
	if _, out, _ := run(t, "policy", "list", "--role", "chairman", "--action", "dossier.lead"); !strings.Contains(out, "permit dossier.lead\n") {
		t.Error("a chairman leads:", out)
	}
	if code, _, errOut := run(t, "policy", "list", "--role", "king"); code != 2 || !strings.Contains(errOut, "king") {
		t.Error(code, errOut)
	}
	if _, out, _ := run(t, "policy", "list", "--action", "identity.decide", "--cedar"); !strings.Contains(out, "forbid (") || !strings.Contains(out, "resource.owners.contains(principal)") {
		t.Error(out)
	}
	if _, out, _ := run(t, "--lang", "vi", "policy", "list", "--action", "identity.decide"); !strings.Contains(out, "không tự duyệt") {
		t.Error(out)
	}

	// Why may this one, and not that one?
	data := t.TempDir()
	c := citytest.New(t, citytest.With(func(c *app.Config) { c.Data = data }))
	filed := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
	for _, tt := range []struct{ login, action, resource, want string }{
		{"motcua", "dossier.read", "dossier:" + filed, "permitted by policy dossier.read.officer"},
		{"0912000001", "dossier.read", "dossier:" + filed, "permitted by policy dossier.read.owner"},
		{"cukhoi.motcua", "dossier.read", "dossier:" + filed, "refused by policy default"},
		{"motcua", "POST /desk/return", "", "permitted by policy route.role-clerk"},
		{"-", "GET /desk", "", "refused by policy default"},
		{"lanhdao", "identity.propose", "unit:" + c.Units.Now().Government().ID.String(), "over this: leader"},
	} {
		code, out, errOut := run(t, "policy", "explain", "--data", data, tt.login, tt.action, tt.resource)
		if tt.resource == "" {
			code, out, errOut = run(t, "policy", "explain", "--data", data, tt.login, tt.action)
		}
		if code != 0 || !strings.Contains(out, tt.want) {
			t.Errorf("%+v: exit %d\n%s%s", tt, code, out, errOut)
		}
	}
	if code, _, errOut := run(t, "policy", "explain", "--data", data, "motcua", "dossier.eat"); code != 2 || !strings.Contains(errOut, "dossier.eat") {
		t.Error(code, errOut)
	}
	if code, _, errOut := run(t, "policy", "explain", "--data", data, "motcua", "dossier.read", "dossier:H26.00133-990101-9999"); code != 1 {
		t.Error(code, errOut)
	}
}

func TestThePageOfPolicies(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	const path = "/admin/policies"
	c.Visitor().Get(path).Want(401)
	c.As("citizen").Get(path).Want(403)
	c.As("clerk").Get(path).Want(403)
	has := func(lang, query string, wants ...string) string {
		t.Helper()
		body := html.UnescapeString(string(c.As("auditor").In(lang).Get(path + query).Want(200).Body))
		for _, w := range wants {
			if !strings.Contains(body, w) {
				t.Errorf("%s in %s lacks %q", query, lang, w)
			}
		}
		return body
	}
	for _, login := range []string{"designer", "leader"} {
		c.As(login).Get(path).Want(200)
	}
	has("en", "", "Nobody decides on their own proposal", "Forbids", "GET /desk", `context.here.contains("leader")`, "Luật 91/2025/QH15")
	has("vi", "", "Người đề nghị không tự duyệt", "Cấm", "Công chức một cửa")
	if body := has("en", "?q=NGUOI+kiem+tra+tin+nhan", "Notices", "1 policy"); strings.Contains(body, "Reorganisations") {
		t.Error("a search found more than it asked for")
	}
	if body := has("en", "?role=clerk&area=dossier", "A one-stop clerk of the agency that receives"); strings.Contains(body, "ending them, belong to leaders") {
		t.Error("a clerk is shown what only leaders may do")
	}
	has("en", "?q=nothing-of-this", "0 policies")
}
