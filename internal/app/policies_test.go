package app_test

import (
	"context"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/authtest"
	"khue/internal/register/orgunit"
)

// inside is a small city: an office in a commune, the commune in the city, and another commune.
type inside map[string]string

func (p inside) Covers(_ context.Context, scope, what string) bool {
	for at, ok := what, true; ok; at, ok = p[at] {
		if at == scope {
			return true
		}
	}
	return false
}

// TestPoliciesOfTheHouseRunAsCedarReadsThem asks every action of every module for many made-up
// people, beside Cedar's own evaluator.
func TestPoliciesOfTheHouseRunAsCedarReadsThem(t *testing.T) {
	t.Parallel()
	city := inside{"unit:office": "unit:commune", "unit:commune": "unit:city", "unit:other": "unit:city"}
	rules, err := auth.NewPolicies(city, orgunit.ActsAs, app.PolicySources()...)
	if err != nil {
		t.Fatal(err)
	}
	oracle, err := authtest.New(city, orgunit.ActsAs, app.PolicySources()...)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	pick := func(of []string) string { return of[rng.IntN(len(of))] }
	var actions []auth.Action
	typed := map[auth.Action][]string{}
	for _, r := range rules.Rules() {
		for _, a := range r.Actions {
			if m := regexp.MustCompile(`resource is (\w+)`).FindStringSubmatch(r.Text); m != nil {
				typed[a] = append(typed[a], m[1])
			}
			if !slices.Contains(actions, a) {
				actions = append(actions, a)
			}
		}
	}
	var roles []string
	for _, r := range orgunit.Roles() {
		roles = append(roles, string(r.Role))
	}
	units := []string{"unit:office", "unit:commune", "unit:city", "unit:other"}
	permitted, refused := map[auth.Action]int{}, map[auth.Action]int{}
	for range 30_000 {
		a := actions[rng.IntN(len(actions))]
		s := auth.Subject{Account: rng.Int64N(4), Kind: []auth.Kind{auth.KindAnonymous, auth.KindCitizen, auth.KindSystem, auth.KindOfficer, auth.KindOfficer, auth.KindOfficer}[rng.IntN(6)]}
		for range rng.IntN(4) {
			s.Grants = append(s.Grants, auth.Grant{Role: pick(append(roles, "leader", "head", "clerk")), Scope: pick(append(units, auth.Everywhere))})
		}
		r := auth.Resource{
			Type: pick(append(typed[a], "Unit")), ID: "1", State: pick([]string{"proposed", "proposed", "draft", "undo"}), Units: []string{pick(units)},
			Owners: []int64{rng.Int64N(4)}, About: []int64{rng.Int64N(4)}, Roles: []string{pick(roles)}, Facts: []string{pick([]string{"key", "follower", "applicant", "government", "x"})},
		}
		got := rules.Permits(t.Context(), s, a, r)
		if want, faults := oracle.Permits(t.Context(), s, a, r); got != want || len(faults) > 0 {
			t.Fatalf("%s by %+v on %+v: %t, Cedar says %t %v", a, s, r, got, want, faults)
		}
		if got {
			permitted[a]++
		} else {
			refused[a]++
		}
	}
	for _, a := range actions {
		if permitted[a] == 0 || refused[a] == 0 {
			t.Errorf("%s was permitted %d times and refused %d times", a, permitted[a], refused[a])
		}
	}
}

// TestPoliciesSpeakOfWhatThereIs: the roles that they name are posts of the city, and what
// they say to whom they refuse is a sentence.
func TestPoliciesSpeakOfWhatThereIs(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	rules := c.Policies.Rules()
	if len(rules) < 50 {
		t.Errorf("only %d policies", len(rules))
	}
	for _, r := range rules {
		for _, role := range r.Roles {
			if _, known := orgunit.RoleOf(orgunit.Role(role)); !known && role != "gateway" {
				t.Errorf("%s names the role %s, which nobody can hold", r.ID, role)
			}
		}
		if r.Says != "" && !c.Bundle.Has(r.Says) {
			t.Errorf("%s says %s, which is no sentence", r.ID, r.Says)
		}
		if !strings.HasPrefix(r.Text, "permit") && !strings.HasPrefix(r.Text, "forbid") || !strings.HasSuffix(r.Text, ";") {
			t.Errorf("%s reads %q", r.ID, r.Text)
		}
	}
}
