package orgunit

import (
	"iter"
	"slices"
	"strings"

	"khue/internal/kernel/id"
)

const scopePrefix = "unit:"

// Scope is how grants name a unit: "unit:" and its id.
func Scope(u UnitID) string { return scopePrefix + u.String() }

// ScopesOf is an agency's own scope and those of scopes that lie in one of its offices: a post
// in an office is a post of its agency. Scopes that name no unit of this day are passed over.
func (t *Tree) ScopesOf(agency UnitID, scopes iter.Seq[string]) []string {
	own := Scope(agency)
	out := []string{own}
	for s := range scopes {
		if a, ok := t.agencyOfScope(s); ok && a.ID == agency && s != own {
			out = append(out, s)
		}
	}
	return out
}

// AgenciesOf are the agencies in which scopes lie, each once, in their order.
func (t *Tree) AgenciesOf(scopes iter.Seq[string]) (out []Unit) {
	for s := range scopes {
		if a, ok := t.agencyOfScope(s); ok && !slices.ContainsFunc(out, func(u Unit) bool { return u.ID == a.ID }) {
			out = append(out, a)
		}
	}
	return out
}

func (t *Tree) agencyOfScope(s string) (Unit, bool) {
	v, err := id.Parse[Unit](strings.TrimPrefix(s, scopePrefix))
	if err != nil {
		return Unit{}, false
	}
	return t.AgencyOf(v)
}
