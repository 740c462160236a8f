package app_test

import (
	"cmp"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
	"khue/internal/register/orgunit"
)

var update = flag.Bool("update", false, "write golden files anew")

// person is one column of the matrix.
type person struct {
	name  string // as the golden file says it
	group string // "": the visitor
	actor citytest.Actor
	ctx   auth.Subject
}

// The groups of people.
const (
	here      = "here"
	elsewhere = "elsewhere"
	outside   = "outside"
)

// unasked are routes that the matrix does not send, each with the reason. What their policy
// says is in the list all the same.
var unasked = map[string]string{
	"GET /admin/health/jobs/{id}":  "no job gave up",
	"POST /admin/health/jobs/{id}": "no job gave up",
	"POST /sign-out":               "would end the token with which the matrix asks",
	"GET /live":                    "stays open",
}

// cast is everybody whom the matrix asks as: strangers before those whose the things are, so
// that what an owner ends is asked for by everybody first.
func (s *seed) cast() []person {
	s.t.Helper()
	tree := s.Units.Now()
	other, err := tree.ByCode("00154") // Cự Khối
	s.ok(err)
	agency, _ := tree.AgencyOf(other.ID)
	there, ours := "unit:"+agency.ID.String(), "unit:"+s.id["agency"]
	hash, err := s.Auth.HashPassword(s.t.Context(), s.Demo.Password)
	s.ok(err)
	var out []person
	add := func(name, group, token string) {
		p := person{name: name, group: group, actor: s.Visitor()}
		if token != "" {
			p.actor = s.Token(token)
			p.ctx, err = s.Auth.Resolve(s.t.Context(), token)
			s.ok(err)
		}
		out = append(out, p)
	}
	make := func(name, group string, kind auth.Kind, level auth.Level, grants ...auth.Grant) {
		n := auth.NewAccount{Login: fmt.Sprintf("09%08d", 70000000+len(out)), Name: name, Kind: kind, Hash: hash, Level: level}
		if kind != auth.KindCitizen {
			n.Login = fmt.Sprintf("ma-tran-%d", len(out))
		}
		for _, g := range grants {
			n.Grants = append(n.Grants, auth.GrantPeriod{Grant: g})
		}
		account, err := s.Auth.CreateAccount(s.t.Context(), n)
		s.ok(err)
		token, err := s.Auth.IssueToken(s.t.Context(), account, "matrix")
		s.ok(err)
		add(name, group, token)
	}
	add("visitor", "", "")
	make("registered citizen", outside, auth.KindCitizen, auth.Registered)
	make("verified citizen", outside, auth.KindCitizen, auth.Verified)
	make("program", outside, auth.KindSystem, auth.Registered)
	make("gateway program", outside, auth.KindSystem, auth.Registered, auth.Grant{Role: "gateway", Scope: auth.Everywhere})
	make("officer without a post", elsewhere, auth.KindOfficer, auth.Verified)
	for _, r := range orgunit.Roles() {
		make(string(r.Role)+" elsewhere", elsewhere, auth.KindOfficer, auth.Verified, auth.Grant{Role: string(r.Role), Scope: there})
	}
	for _, r := range orgunit.Roles() {
		switch r.Role {
		case orgunit.RoleClerk, orgunit.RoleLeader, "chairman", "viceChairman", "justiceOfficer":
		default:
			make(string(r.Role), here, auth.KindOfficer, auth.Verified, auth.Grant{Role: string(r.Role), Scope: ours})
		}
	}
	for _, x := range []struct{ name, login string }{
		{"city auditor", "kiemtra"}, {"city designer", "thietke"}, {"city leader", "lanhdao"},
		{"viceChairman", "phochutich"}, {"chairman", "chutich"}, {"justiceOfficer", "hotich"},
	} {
		add(x.name, here, s.token(x.login))
	}
	make("leader", here, auth.KindOfficer, auth.Verified, auth.Grant{Role: "leader", Scope: ours})
	make("deputy of the clerk", here, auth.KindOfficer, auth.Verified, auth.Grant{Role: "clerk", Scope: ours, For: "Lê Thu Trang"})
	add("clerk", here, s.token("motcua"))
	add("owner", outside, s.token("0912000001"))
	return out
}

func (s *seed) token(login string) string {
	for _, a := range s.Demo.Accounts {
		if a.Login == login {
			return a.Token
		}
	}
	s.t.Fatalf("nobody is called %s", login)
	return ""
}

// TestMatrixOfRoutes asks every route and API operation as everybody, and compares the
// answers with testdata/matrix.txt, which a person reads. After a change that is meant:
//
//	go test -run TestMatrixOfRoutes ./internal/app -update
func TestMatrixOfRoutes(t *testing.T) {
	t.Parallel()
	s := sow(t)
	cast := s.cast()
	routes := slices.Clone(s.Server.Routes())
	slices.SortStableFunc(routes, func(a, b web.RouteInfo) int { return cmp.Compare(a.Path, b.Path) })
	var b strings.Builder
	b.WriteString("# Who gets what answer: every route and API operation, asked as everybody, with ids that belong to\n" +
		"# the citizen \"owner\" and to the commune of the officers \"here\". \"elsewhere\" is the same post in\n" +
		"# another commune. Written by TestMatrixOfRoutes; a change in it is a change of who may do what.\n")
	// Reading first, so that what an owner ends has been asked for by everybody.
	lines := map[string]string{}
	for _, reading := range []bool{true, false} {
		for _, r := range routes {
			route := r.Method + " " + r.Path
			if (r.Method == http.MethodGet) != reading {
				continue
			}
			if why := unasked[route]; why != "" {
				lines[route] = fmt.Sprintf("\n%s\n  policy     %s\n  not asked  %s\n", route, r.Policy, why)
				continue
			}
			by := map[string][]person{}
			for _, p := range cast {
				got := s.outcome(p, route, r.Method, r.Path)
				by[got] = append(by[got], p)
				// Whatever the golden file says, the door obeys the policy beside the route.
				if may := s.Policies.Permits(t.Context(), p.ctx, r.Action(), auth.Resource{}); !may && got != "401" && got != "403" {
					t.Errorf("%s as %s: %s, and the policy %q does not admit them", route, p.name, got, r.Policy)
				} else if may && got == "401" && p.name != "visitor" && !asksAgain(r.Path) {
					t.Errorf("%s as %s: asked to sign in, and the policy %q admits them", route, p.name, r.Policy)
				}
			}
			var w strings.Builder
			fmt.Fprintf(&w, "\n%s\n  policy     %s\n", route, r.Policy)
			for _, o := range []string{"answers", "404", "403", "401", "500"} {
				if len(by[o]) > 0 {
					fmt.Fprintf(&w, "  %-10s %s\n", o, names(by[o], cast))
				}
				if o == "500" && len(by[o]) > 0 {
					t.Errorf("%s fails as %s", route, names(by[o], cast))
				}
			}
			lines[route] = w.String()
		}
	}
	for _, r := range routes {
		b.WriteString(lines[r.Method+" "+r.Path])
	}
	golden(t, "matrix.txt", b.String())
}

// asksAgain: pages about how somebody signs in ask for a fresh proof, which a token is not;
// OAuth asks for a token of a client, signing in for one who is signed in by it.
func asksAgain(path string) bool {
	return strings.HasPrefix(path, "/oauth/") || strings.HasPrefix(path, "/sign-in") || strings.HasPrefix(path, "/account/") || strings.HasPrefix(path, "/admin/kiosks")
}

// outcome is how a route answers somebody: 401, 403 or 404, or with anything else.
func (s *seed) outcome(p person, route, method, path string) string {
	filled := strings.TrimSuffix(path, "{$}")
	if parameter.MatchString(path) {
		var ok bool
		if filled, ok = s.public(path); !ok {
			filled, _ = s.address(method, path)
		}
	}
	a := s.ask(p.actor, route, filled)
	switch {
	case a.Status == http.StatusUnauthorized || a.Status == http.StatusSeeOther && strings.HasPrefix(a.Header.Get("Location"), "/sign-in"):
		return "401"
	case a.Status == http.StatusForbidden:
		return "403"
	case a.Status == http.StatusNotFound:
		return "404"
	case a.Status >= 500 && a.Status != http.StatusServiceUnavailable:
		return "500"
	}
	return "answers"
}

// public fills the ids that belong to nobody.
func (s *seed) public(path string) (string, bool) {
	for prefix, id := range map[string]string{
		"/account/passkeys/": "1", "/desk/parcels/": "1", "/desk/to-sign/": "1", "/account/contact/": "mail", "/account/clients/": "1", "/admin/clients/wishes/": s.id["wish"], "/admin/certificates/": "1", "/ca/ocsp/": "x", "/admin/templates/": "1",
		"/desk/people/": "1", "/desk/mandates/": "1", "/scim/v2/Users/": "1", "/scim/v2/Groups/": "1",
		"/units/": s.id["agency"], "/api/v1/units/": s.id["agency"], "/procedures/life-events/": "birth", "/procedures/{code}": "1.001193", "/api/v1/procedures/": "1.001193",
		"/api/v1/services/": "hanoi.civil-status.birth-registration", "/apply/{service}": "hanoi.civil-status.birth-registration", "/line/": "hanoi.civil-status.birth-registration",
		"/desk/counter/new/": "hanoi.civil-status.birth-registration", "/admin/reorganise/plans/": s.id["plan"],
		"/desk/registers/{register}": "martyr-worship", "/r/{code}": "AAAABBBBCCCCDDDD",
	} {
		if strings.HasPrefix(path, prefix) {
			return parameter.ReplaceAllString(path, id), true
		}
	}
	return "", false
}

// names lists people; groups by the group's name, with those that are missing where that is
// shorter.
func names(list, cast []person) string {
	in := func(p person) bool { return slices.ContainsFunc(list, func(x person) bool { return x.name == p.name }) }
	if len(list) == len(cast) {
		return "everybody"
	}
	var out []string
	for _, g := range []struct{ group, name string }{{outside, "every citizen and program"}, {elsewhere, "every officer elsewhere"}, {here, "every officer here"}, {"", ""}} {
		var have, lack []string
		for _, p := range cast {
			switch {
			case p.group != g.group:
			case in(p):
				have = append(have, p.name)
			default:
				lack = append(lack, p.name)
			}
		}
		switch {
		case len(have) == 0:
		case g.name == "" || len(lack) >= len(have):
			out = append(out, strings.Join(have, ", "))
		case len(lack) == 0:
			out = append(out, g.name)
		default:
			out = append(out, g.name+" but "+strings.Join(lack, ", "))
		}
	}
	return strings.Join(out, "; ")
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	was, is := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	head := ""
	for _, l := range is {
		if l != "" && l[0] != ' ' {
			head = l
		}
		if !slices.Contains(was, l) || head == l && !slices.Contains(was, head) {
			t.Errorf("%s: new or changed: %s", head, l)
		}
	}
	for _, l := range was {
		if l != "" && l[0] != ' ' && !slices.Contains(is, l) {
			t.Errorf("gone: %s", l)
		}
	}
	t.Errorf("testdata/%s differs; after a change that is meant, run the test with -update and read the difference", name)
}
