package orgunit

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// Tree is the picture of one day: territories and agencies as they stood. It
// is immutable and shared; callers must not change the slices that it returns.
type Tree struct {
	span
	units    []Unit // by id
	byID     map[UnitID]int32
	byCode   map[string]int32
	children map[UnitID][]int32
	agencies map[UnitID]int32 // by territory
	posts    map[UnitID][]Post
	index    func() []entry
}

// grow makes the tree of a time in which nothing changes.
func (r *Register) grow(s span) *Tree {
	t := &Tree{
		span: s, byID: map[UnitID]int32{}, byCode: map[string]int32{}, children: map[UnitID][]int32{},
		agencies: map[UnitID]int32{}, posts: map[UnitID][]Post{},
	}
	for _, l := range r.lives {
		if !l.has(s.from) {
			continue
		}
		u, i := l.on(s.from), int32(len(t.units)) //nolint:gosec // some thousand units
		t.units = append(t.units, u)
		t.byID[u.ID] = i
		t.children[u.Parent] = append(t.children[u.Parent], i)
		for _, c := range append([]string{u.Code}, u.Aliases...) {
			if c != "" {
				t.byCode[c] = i
			}
		}
		if u.Class == Agency && u.Serves != 0 {
			t.agencies[u.Serves] = i
		}
		agency := u.ID
		if u.Class == Office {
			agency = u.Parent
		}
		for _, roles := range valuesAt(l.roles, s.from) {
			for _, role := range roles {
				t.posts[agency] = append(t.posts[agency], Post{Role: role, Agency: agency, Unit: u.ID})
			}
		}
	}
	for _, list := range t.children {
		slices.SortStableFunc(list, func(a, b int32) int { return inOrder(t.units[a], t.units[b]) })
	}
	t.index = sync.OnceValue(func() []entry { return r.indexOf(t) })
	return t
}

// inOrder is the order of lists: agencies before their offices, by code, by id.
func inOrder(a, b Unit) int {
	return cmp.Or(
		b2i(a.Class == Office)-b2i(b.Class == Office),
		b2i(a.Code == "")-b2i(b.Code == ""),
		cmp.Compare(len(a.Code), len(b.Code)),
		cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.ID, b.ID),
	)
}

// Span returns the first day of the picture (zero: since before the record)
// and the first day on which it no longer holds (zero: open).
func (t *Tree) Span() (from, until clock.Date) { return t.from, t.until }

// Len counts the units, offices included.
func (t *Tree) Len() int { return len(t.units) }

// Get returns a unit that stands on the day.
func (t *Tree) Get(id UnitID) (Unit, bool) {
	i, ok := t.byID[id]
	if !ok {
		return Unit{}, false
	}
	return t.units[i], true
}

// ByCode returns the unit that holds a code on the day: a GSO code ("00118"), an
// agency code or one of its aliases ("H26.16"). NotFound where nobody holds it.
func (t *Tree) ByCode(code string) (Unit, error) {
	i, ok := t.byCode[strings.TrimSpace(code)]
	if !ok {
		return Unit{}, errs.E(errs.NotFound, "orgunit.code.unknown", errs.P("code", code, "date", t.day()))
	}
	return t.units[i], nil
}

// Resolve reads what a sender may write for a unit: a code of the day, or an id.
func (t *Tree) Resolve(ref string) (Unit, error) {
	if u, err := t.ByCode(ref); err == nil {
		return u, nil
	}
	if v, err := parseID(ref); err == nil {
		if u, ok := t.Get(v); ok {
			return u, nil
		}
	}
	return Unit{}, errs.E(errs.NotFound, "orgunit.code.unknown", errs.P("code", ref, "date", t.day()))
}

// day is the first day of the picture, for messages.
func (t *Tree) day() clock.Date {
	if t.from.IsZero() {
		return RecordStart()
	}
	return t.from
}

// Root returns the city.
func (t *Tree) Root() Unit { return t.first(Territory) }

// Government returns the city's People's Committee.
func (t *Tree) Government() Unit { return t.first(Agency) }

func (t *Tree) first(c Class) Unit {
	for _, i := range t.children[0] {
		if t.units[i].Class == c {
			return t.units[i]
		}
	}
	return Unit{}
}

// Children lists the units directly below one: districts of the city, communes
// of a district, departments, offices of an agency.
func (t *Tree) Children(id UnitID) []Unit { return t.pick(t.children[id]) }

func (t *Tree) pick(list []int32) []Unit {
	out := make([]Unit, len(list))
	for k, i := range list {
		out[k] = t.units[i]
	}
	return out
}

// Tier lists the territories of a tier, by code.
func (t *Tree) Tier(tier Tier) []Unit {
	return t.Select(func(u Unit) bool { return u.Class == Territory && u.Tier == tier })
}

// Departments lists the bodies of the city: departments, boards, centres.
func (t *Tree) Departments() []Unit {
	return t.Select(func(u Unit) bool { return u.Class == Agency && u.Serves == 0 })
}

// Select lists the units that a test accepts, in the order of lists.
func (t *Tree) Select(ok func(Unit) bool) []Unit {
	var out []Unit
	for _, u := range t.units {
		if ok(u) {
			out = append(out, u)
		}
	}
	slices.SortStableFunc(out, inOrder)
	return out
}

// Ancestors lists those above a unit, the nearest first.
func (t *Tree) Ancestors(id UnitID) []Unit {
	var out []Unit
	for u, ok := t.Get(id); ok && u.Parent != 0; {
		if u, ok = t.Get(u.Parent); ok {
			out = append(out, u)
		}
	}
	return out
}

// Over lists all that a unit lies under, by either line: those above it, who governs its
// territory, and who governs the territories above that.
func (t *Tree) Over(id UnitID) []Unit {
	out := t.Ancestors(id)
	u, ok := t.Get(id)
	if !ok || u.Serves == 0 {
		return out
	}
	lands := t.Ancestors(u.Serves)
	if own, ok := t.Get(u.Serves); ok {
		lands = append(lands, own)
	}
	for _, l := range lands {
		if a, ok := t.AgencyOf(l.ID); ok && a.ID != id && !slices.ContainsFunc(out, func(o Unit) bool { return o.ID == a.ID }) {
			out = append(out, a)
		}
	}
	return out
}

// Above returns the unit itself or the nearest above it that stands in a tier.
func (t *Tree) Above(id UnitID, tier Tier) (Unit, bool) {
	u, ok := t.Get(id)
	if !ok {
		return Unit{}, false
	}
	for _, u := range append([]Unit{u}, t.Ancestors(id)...) {
		if u.Tier == tier && u.Class != Office {
			return u, true
		}
	}
	return Unit{}, false
}

// AgencyOf returns who governs a territory: its People's Committee. An agency
// is its own, an office's is the one that it is part of.
func (t *Tree) AgencyOf(id UnitID) (Unit, bool) {
	u, ok := t.Get(id)
	switch {
	case !ok:
		return Unit{}, false
	case u.Class == Agency:
		return u, true
	case u.Class == Office:
		return t.Get(u.Parent)
	}
	i, ok := t.agencies[id]
	if !ok {
		return Unit{}, false
	}
	return t.units[i], true
}

// IssuerOf is whose number and seal a paper of a unit bears: its agency's, or its own where it is
// external, since the committee of the place does not sign for the police.
func (t *Tree) IssuerOf(id UnitID) (Unit, bool) {
	if u, ok := t.Get(id); ok && u.External() {
		return u, true
	}
	return t.AgencyOf(id)
}

// Body returns the body of the city that holds a function: "justice", "labour".
func (t *Tree) Body(key string) (Unit, bool) {
	for _, u := range t.units {
		if u.Class == Agency && slices.Contains(u.Keys, key) {
			return u, true
		}
	}
	return Unit{}, false
}

// Office returns the office of an agency that holds a function: "onestop", "labour".
func (t *Tree) Office(agency UnitID, key string) (Unit, bool) {
	for _, i := range t.children[agency] {
		if u := t.units[i]; u.Class == Office && slices.Contains(u.Keys, key) {
			return u, true
		}
	}
	return Unit{}, false
}

// Posts lists the posts inside an agency, or those of one of its offices.
func (t *Tree) Posts(id UnitID) []Post {
	u, ok := t.Get(id)
	if !ok || u.Class == Territory {
		return nil
	}
	if u.Class == Agency {
		return slices.Clone(t.posts[id])
	}
	var out []Post
	for _, p := range t.posts[u.Parent] {
		if p.Unit == id {
			out = append(out, p)
		}
	}
	return out
}

// Post finds where an agency keeps a role: first a post of that very role, then
// one whose holder may act in it. False: no step with that role can be routed there.
func (t *Tree) Post(agency UnitID, role Role) (Post, bool) {
	for _, fits := range [...]func(Role) bool{func(r Role) bool { return r == role }, func(r Role) bool { return r.Acts(role) }} {
		for _, p := range t.posts[agency] {
			if u, ok := t.Get(p.Unit); ok && fits(p.Role) && (!u.External() || u.ID == agency) {
				return p, true
			}
		}
	}
	return Post{}, false
}

// Path names a unit with those above it up to below the city: "Phường Ngọc Lâm, Quận Long Biên".
func (t *Tree) Path(id UnitID) string {
	u, ok := t.Get(id)
	if !ok {
		return ""
	}
	names := []string{u.Name}
	for _, a := range t.Ancestors(id) {
		if a.Tier != City || a.Serves == 0 && a.Class == Agency {
			names = append(names, a.Name)
		}
	}
	return strings.Join(names, ", ")
}
