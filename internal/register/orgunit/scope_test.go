package orgunit_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"khue/internal/register/orgunit"
)

// A post in an office is a post of its agency, and of no other; what names no unit counts for
// nothing.
func TestScopesOfAnAgency(t *testing.T) {
	t.Parallel()
	tree := on(t, "2026-11-23")
	agencies := tree.Select(func(u orgunit.Unit) bool { return u.Class == orgunit.Agency && len(tree.Children(u.ID)) > 1 })
	one, other := agencies[1], agencies[2]
	var offices []orgunit.Unit
	for _, c := range tree.Children(one.ID) {
		if a, ok := tree.AgencyOf(c.ID); ok && a.ID == one.ID {
			offices = append(offices, c)
		}
	}
	if len(offices) == 0 {
		t.Fatalf("%s has no office", one.Name)
	}
	office := orgunit.Scope(offices[0].ID)
	held := slices.Values([]string{office, orgunit.Scope(other.ID), "unit:nonsense", "", orgunit.Scope(one.ID)})
	if d := cmp.Diff([]string{orgunit.Scope(one.ID), office}, tree.ScopesOf(one.ID, held)); d != "" {
		t.Error(d)
	}
	var names []string
	for _, a := range tree.AgenciesOf(held) {
		names = append(names, a.Name)
	}
	if d := cmp.Diff([]string{one.Name, other.Name}, names); d != "" {
		t.Error(d)
	}
}
