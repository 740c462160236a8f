package orgunit

import (
	"cmp"
	"slices"

	"khue/internal/kernel/clock"
)

// Share says how much of a unit went to a successor.
type Share string

// The shares.
const (
	Whole Share = "whole" // all of it
	Part  Share = "part"  // a piece
	Rest  Share = "rest"  // what was left after the pieces
)

// Succession is one step: on Date a unit ended and another took over a share of it.
type Succession struct {
	From  UnitID
	To    UnitID
	Date  clock.Date
	Share Share
	Basis string // resolution, plan, report, list, code, name, import
}

// Heir is a unit that stands for a share of another at some other time.
type Heir struct {
	Unit  UnitID
	Share Share
}

// Main is the heir that keeps the most: all of a unit, or what was left after the pieces; of
// pieces alone the first. False without heirs.
func Main(heirs []Heir) (UnitID, bool) {
	for _, share := range [...]Share{Whole, Rest, Part} {
		for _, h := range heirs {
			if h.Share == share {
				return h.Unit, true
			}
		}
	}
	return 0, false
}

// link resolves the codes of a succession and keeps it.
func (b *builder) link(l linkFact) {
	from := b.linkEnd(l, l.from, l.date.AddDays(-1))
	if from == nil {
		return
	}
	if from.until != l.date {
		b.problem(l.at, "alive", "name", from.name, "date", l.date)
		return
	}
	if len(l.heirs) == 0 {
		b.r.lost[from.id] = l.date
		if from.class == Territory {
			b.r.lost[from.id+1] = l.date
		}
		return
	}
	for _, h := range l.heirs {
		to := b.linkEnd(l, h.code, l.date)
		if to == nil {
			continue
		}
		if to.class != from.class {
			b.problem(l.at, "class", "name", from.name, "other", to.name)
			continue
		}
		b.r.keep(Succession{from.id, to.id, l.date, h.share, l.basis})
		if from.class == Territory { // who takes the land takes the desk
			b.r.keep(Succession{from.id + 1, to.id + 1, l.date, h.share, l.basis})
		}
	}
}

func (r *Register) keep(s Succession) {
	r.out[s.From] = append(r.out[s.From], s)
	r.in[s.To] = append(r.in[s.To], s)
}

// linkEnd finds the unit that a link names by code on a day, or by #number.
func (b *builder) linkEnd(l linkFact, ref string, d clock.Date) *life {
	if ref[0] == '#' {
		id, err := parseRef(ref[1:])
		found := b.r.byID[id]
		if found == nil {
			found = b.r.byID[id+1] // a body has no territory
		}
		if err != nil || found == nil || !found.has(d) {
			b.problem(l.at, "link", "code", ref, "date", d)
			return nil
		}
		return found
	}
	for _, x := range b.r.byCode[ref] {
		if x.has(d) && (valueAt(x.codes, d) == ref || slices.Contains(valuesAt(x.aliases, d), ref)) {
			return x
		}
	}
	b.problem(l.at, "link", "code", ref, "date", d)
	return nil
}

// Successors tells who stands for a unit on a later day: itself while it lives.
// complete is false where a step on the way is not known. Offices have no
// successors: their work is divided by procedure, not by unit.
func (r *Register) Successors(id UnitID, d clock.Date) (heirs []Heir, complete bool) {
	l := r.byID[id]
	if l == nil || d.Before(l.from) {
		return nil, false
	}
	shares := map[UnitID]Share{}
	complete = r.follow(l, d, Whole, shares)
	for u, s := range shares {
		heirs = append(heirs, Heir{u, s})
	}
	if complete && len(heirs) == 1 {
		heirs[0].Share = Whole // pieces that met again
	}
	slices.SortFunc(heirs, func(a, b Heir) int { return cmp.Compare(a.Unit, b.Unit) })
	return heirs, complete
}

func (r *Register) follow(l *life, d clock.Date, share Share, into map[UnitID]Share) bool {
	if l.has(d) {
		if old, twice := into[l.id]; twice && old != share {
			share = Part
		}
		into[l.id] = share
		return true
	}
	next := r.out[l.id]
	complete := len(next) > 0
	for _, s := range next {
		if !r.follow(r.byID[s.To], d, times(share, s.Share), into) {
			complete = false
		}
	}
	return complete
}

// times is a share of a share.
func times(a, b Share) Share {
	switch {
	case a == Whole:
		return b
	case b == Whole:
		return a
	default:
		return Part
	}
}

// Predecessors tells which units of an earlier day went into a unit, and which
// share of them. It lists those that are known.
func (r *Register) Predecessors(id UnitID, d clock.Date) []Heir {
	seen := map[UnitID]bool{}
	var back func(id UnitID)
	back = func(id UnitID) {
		l := r.byID[id]
		if l == nil || seen[id] {
			return
		}
		seen[id] = true
		for _, s := range r.in[id] {
			back(s.From)
		}
	}
	back(id)
	l := r.byID[id]
	if l == nil {
		return nil
	}
	day := l.from // by then everything that went into it had come
	for _, s := range r.in[id] {
		if s.Date.After(day) {
			day = s.Date
		}
	}
	if day.Before(d) {
		day = d
	}
	var out []Heir
	for u := range seen {
		if !r.byID[u].has(d) {
			continue
		}
		heirs, _ := r.Successors(u, day)
		if i := slices.IndexFunc(heirs, func(h Heir) bool { return h.Unit == id }); i >= 0 {
			out = append(out, Heir{u, heirs[i].Share})
		}
	}
	slices.SortFunc(out, func(a, b Heir) int { return cmp.Compare(a.Unit, b.Unit) })
	return out
}

// Episode is a unit in the story of a place.
type Episode struct {
	Unit  Unit
	Share Share // what of the unit asked about this was or became; Whole for itself
	Self  bool
}

// Lineage tells the whole story of a unit: those before it, itself, those after
// it, by first day. A page shows old and new names with it.
func (r *Register) Lineage(id UnitID) []Episode {
	if r.byID[id] == nil {
		return nil
	}
	shares := map[UnitID]Share{id: Whole}
	r.walk(id, Whole, shares, r.out, func(s Succession) UnitID { return s.To })
	r.walk(id, Whole, shares, r.in, func(s Succession) UnitID { return s.From })
	var out []Episode
	for u, s := range shares {
		unit, _ := r.Unit(u)
		out = append(out, Episode{Unit: unit, Share: s, Self: u == id})
	}
	slices.SortFunc(out, func(a, b Episode) int {
		return cmp.Or(a.Unit.From.Compare(b.Unit.From), b2i(b.Self)-b2i(a.Self), cmp.Compare(a.Unit.ID, b.Unit.ID))
	})
	return out
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (r *Register) walk(id UnitID, share Share, into map[UnitID]Share, steps map[UnitID][]Succession, next func(Succession) UnitID) {
	for _, s := range steps[id] {
		u := next(s)
		share := times(share, s.Share)
		if old, twice := into[u]; twice && old != share {
			share = Part
		}
		into[u] = share
		r.walk(u, share, into, steps, next)
	}
}

// Steps lists every known succession of territories and bodies on a day, in
// the order of the units that ended.
func (r *Register) Steps(d clock.Date) []Succession {
	var out []Succession
	for _, l := range r.lives {
		if l.class == Agency && l.serves != 0 {
			continue // follows its territory
		}
		for _, s := range r.out[l.id] {
			if s.Date == d {
				out = append(out, s)
			}
		}
	}
	return out
}

// Lost lists the units that ended on a day and whose successors are not known.
func (r *Register) Lost(d clock.Date) []Unit {
	var out []Unit
	for _, l := range r.lives {
		if r.lost[l.id] == d && !d.IsZero() && l.class == Territory {
			u, _ := r.Unit(l.id)
			out = append(out, u)
		}
	}
	return out
}
