package auth_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/authtest"
	"khue/internal/kernel/errs"
)

// parts says which unit lies in which.
type parts map[string]string

func (p parts) Covers(_ context.Context, scope, what string) bool {
	for at, ok := what, true; ok; at, ok = p[at] {
		if at == scope {
			return true
		}
	}
	return false
}

func acts(role string) []string {
	if role == "chairman" {
		return []string{"leader"}
	}
	return nil
}

const house = `
@id("plan.decide")
@vi("v")
@en("Leaders decide.")
@says("plan.notYours")
permit (principal is Officer, action == Action::"plan.decide", resource is Plan)
when { resource.state == "proposed" && context.here.contains("leader") };

@id("plan.second")
@vi("v")
@en("Never their own.")
@says("plan.fourEyes")
forbid (principal, action == Action::"plan.decide", resource is Plan)
when { resource.owners.contains(principal) };

@id("plan.read")
@vi("v")
@en("Whoever made it, and who is posted there unless barred.")
permit (principal, action == Action::"plan.read", resource)
when { resource.owners.contains(principal) || (!context.at.isEmpty() && principal.level != "registered") }
unless { resource.facts.contains("secret") && !(context.own.containsAny(["leader", "auditor"]) || context.above.contains("head")) };

@id("plan.task")
@vi("v")
@en("Who holds the role of the task, or any post at all where two factors were shown.")
permit (principal, action in [Action::"plan.task", Action::"plan.read"], resource is Plan)
when { context.here.containsAny(resource.roles) || (principal.known && principal.factors.contains("otp") && context.anywhere.containsAny(["clerk"])) || principal is Program || (principal.delegated && principal.scopes.contains("plans")) };
`

func policies(t testing.TB) *auth.Policies {
	t.Helper()
	p, err := auth.NewPolicies(parts{"unit:ward": "unit:city"}, acts, auth.Source{Module: "plan", Text: house})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestForbidWinsAndNothingIsPermittedByDefault(t *testing.T) {
	t.Parallel()
	p := policies(t)
	chair := auth.Subject{Account: 1, Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "chairman", Scope: "unit:city"}}}
	plan := auth.Resource{Type: "Plan", Units: []string{"unit:ward"}, Owners: []int64{2}, State: "proposed"}
	own, done := plan, plan
	own.Owners, done.State = []int64{1}, "done"
	ctx := auth.With(t.Context(), chair)
	if err := p.Can(ctx, "plan.decide", plan); err != nil {
		t.Errorf("a chairman of the city acts as leader over its ward: %v", err)
	}
	for _, tt := range []struct {
		what     string
		ctx      context.Context
		action   auth.Action
		r        auth.Resource
		kind     errs.Kind
		key, why string
	}{
		{"their own", ctx, "plan.decide", own, errs.Forbidden, "plan.fourEyes", "plan.second"},
		{"one that is decided", ctx, "plan.decide", done, errs.Forbidden, "plan.notYours", "default"},
		{"another type", ctx, "plan.decide", auth.Resource{Type: "Dossier", Units: plan.Units, State: "proposed"}, errs.Forbidden, "plan.notYours", "default"},
		{"a visitor", t.Context(), "plan.decide", plan, errs.Unauthenticated, "auth.error.sign_in_first", "default"},
		{"what nobody wrote a policy for", ctx, "plan.eat", plan, errs.Internal, "", "plan.eat"},
	} {
		err := p.Can(tt.ctx, tt.action, tt.r)
		if e, ok := errs.As(err); !ok || e.Kind != tt.kind || e.Key != tt.key || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: %v, want %v %s by %s", tt.what, err, tt.kind, tt.key, tt.why)
		}
	}
}

// TestThePoliciesRunAsCedarReadsThem compares the compiled form with Cedar's own evaluator
// over many made-up requests.
func TestThePoliciesRunAsCedarReadsThem(t *testing.T) {
	t.Parallel()
	p := policies(t)
	oracle, err := authtest.New(parts{"unit:ward": "unit:city"}, acts, auth.Source{Module: "plan", Text: house})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	some := func(of ...string) (out []string) {
		for _, w := range of {
			if rng.IntN(2) == 0 {
				out = append(out, w)
			}
		}
		return out
	}
	seen := map[bool]int{}
	for range 20_000 {
		s := auth.Subject{Account: rng.Int64N(3), Kind: auth.Kind(rng.IntN(4)), Level: auth.Level(rng.IntN(2)), Methods: some("pwd", "otp")}
		for _, u := range some("unit:ward", "unit:city", "unit:other", "*") {
			g := auth.Grant{Role: []string{"clerk", "head", "leader", "chairman", "auditor"}[rng.IntN(5)], Scope: u}
			if rng.IntN(3) == 0 {
				g.For = "somebody"
			}
			s.Grants = append(s.Grants, g)
		}
		if rng.IntN(3) == 0 {
			s.Client, s.Allowed = 9, some("plans", "profile")
		}
		r := auth.Resource{
			Type: []string{"Plan", "Dossier"}[rng.IntN(2)], ID: "1", State: []string{"proposed", "done"}[rng.IntN(2)],
			Units: some("unit:ward", "unit:city", "unit:other"), Owners: []int64{rng.Int64N(3)}, Facts: some("secret"), Roles: some("clerk", "leader"),
		}
		for _, a := range []auth.Action{"plan.decide", "plan.read", "plan.task"} {
			got := p.Permits(t.Context(), s, a, r)
			want, faults := oracle.Permits(t.Context(), s, a, r)
			if got != want || len(faults) > 0 {
				t.Fatalf("%s by %+v on %+v: %t, Cedar says %t %v", a, s, r, got, want, faults)
			}
			seen[got]++
		}
	}
	if seen[true] < 1000 || seen[false] < 1000 {
		t.Errorf("the requests say too little: %v", seen)
	}
}

func TestAPolicyThatWouldBeReadOtherwiseDoesNotStart(t *testing.T) {
	t.Parallel()
	head := "@id(\"a\") @vi(\"v\") @en(\"e\") "
	for what, text := range map[string]string{
		"no name":             `permit (principal, action == Action::"x", resource);`,
		"permits everything":  head + `permit (principal, action, resource);`,
		"forbids in silence":  head + `forbid (principal, action == Action::"x", resource);`,
		"another attribute":   head + `permit (principal, action == Action::"x", resource) when { resource.secret == "y" };`,
		"a kind of nobody":    head + `permit (principal is Ghost, action == Action::"x", resource);`,
		"one named principal": head + `permit (principal == Officer::"7", action == Action::"x", resource);`,
		"unknown annotation":  head + `@why("x") permit (principal, action == Action::"x", resource);`,
		"no Cedar":            `permit everything`,
		"twice":               head + `permit (principal, action == Action::"x", resource);` + head + `permit (principal, action == Action::"x", resource);`,
	} {
		if _, err := auth.NewPolicies(parts{}, acts, auth.Source{Module: "m", Text: text}); err == nil {
			t.Errorf("%s: it started", what)
		}
	}
}

func BenchmarkDecision(b *testing.B) {
	p := policies(b)
	ctx := auth.With(b.Context(), auth.Subject{Account: 1, Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "chairman", Scope: "unit:city"}}})
	plan := auth.Resource{Type: "Plan", Units: []string{"unit:ward"}, Owners: []int64{2}, State: "proposed"}
	b.ReportAllocs()
	for b.Loop() {
		if p.Can(ctx, "plan.decide", plan) != nil {
			b.Fatal("refused")
		}
	}
}
