package orgunit

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
)

func parseID(s string) (UnitID, error) { return id.Parse[Unit](s) }

// latin drops the marks and keeps the case: "Ngọc Lâm" is "Ngoc Lam".
func latin(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		switch {
		case r >= 0x0300 && r <= 0x036F:
		case r == 'đ':
			b.WriteRune('d')
		case r == 'Đ':
			b.WriteRune('D')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// entry is what the search knows of a unit.
type entry struct {
	unit   int32
	bare   string   // folded
	above  []string // folded words of those above it
	former []former
}

type former struct {
	bare string // folded
	unit *life
}

// indexOf folds the names of a tree, with the names that its territories had before.
func (r *Register) indexOf(t *Tree) []entry {
	old := map[UnitID][]former{}
	for _, l := range r.lives {
		if l.class != Territory || l.until.IsZero() || l.until.After(t.from) || l.kind.tier != Commune {
			continue
		}
		heirs, _ := r.Successors(l.id, t.from)
		for _, h := range heirs {
			if h.Unit != l.id {
				old[h.Unit] = append(old[h.Unit], former{i18n.Fold(l.bare), l})
			}
		}
	}
	var out []entry
	for i, u := range t.units {
		if u.Class == Office {
			continue
		}
		e := entry{unit: int32(i), bare: i18n.Fold(u.Bare), former: old[u.ID]} //nolint:gosec // some thousand units
		for _, a := range t.Ancestors(u.ID) {
			e.above = append(e.above, words(i18n.Fold(a.Bare))...)
		}
		if u.Class == Agency && u.Serves != 0 {
			e.bare = i18n.Fold(u.Name)
		}
		out = append(out, e)
	}
	return out
}

func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '-' || r == ',' || r == '.' })
}

// reading is one way to understand a written name: "quan thanh" is Quán Thánh, or
// the district Thanh.
type reading struct {
	bare  string
	kinds []Kind // nil = any
}

func (r reading) allows(u Unit) bool {
	return r.kinds == nil || u.Class != Territory || slices.Contains(r.kinds, u.Kind)
}

// readings understands a folded name, with a kind before it or without:
// "phuong ngoc lam", "p. ngoc lam", "p.ngoc lam".
func readings(s string) []reading {
	s = strings.TrimSpace(s)
	out := []reading{{bare: s}}
	for _, k := range kinds {
		for _, w := range k.fold {
			for _, sep := range []string{". ", ".", " "} {
				rest, ok := strings.CutPrefix(s, w+sep)
				if rest = strings.TrimSpace(rest); ok && rest != "" {
					out = append(out, reading{rest, []Kind{k.kind}})
					break
				}
			}
		}
	}
	return out
}

// Find returns the territories and bodies that carry a name on the day: with or
// without kind, marks and case, narrowed by those above it after a comma:
// "Tân Minh", "xã Tân Minh, Sóc Sơn", "P. Ngọc Lâm, Q. Long Biên". Several
// answers mean that the name alone does not tell.
func (t *Tree) Find(name string) []Unit {
	parts := strings.Split(i18n.Fold(name), ",")
	own := readings(parts[0])
	var out []Unit
	for _, e := range t.index() {
		u := t.units[e.unit]
		named := slices.ContainsFunc(own, func(r reading) bool { return e.bare == r.bare && r.allows(u) })
		if named && t.under(u.ID, parts[1:]) {
			out = append(out, u)
		}
	}
	slices.SortStableFunc(out, inOrder)
	return out
}

// under reports whether every named unit stands above a unit.
func (t *Tree) under(id UnitID, names []string) bool {
	up := t.Ancestors(id)
	for _, n := range names {
		if strings.TrimSpace(n) == "" {
			continue
		}
		rs := readings(n)
		if !slices.ContainsFunc(up, func(a Unit) bool {
			return slices.ContainsFunc(rs, func(r reading) bool { return i18n.Fold(a.Bare) == r.bare && r.allows(a) })
		}) {
			return false
		}
	}
	return true
}

// Filter narrows a search; zero values do not narrow.
type Filter struct {
	Class  Class
	Tier   Tier
	Parent UnitID // directly below
	Limit  int    // 0 = 20
}

// Hit is a unit that a search found.
type Hit struct {
	Unit   Unit
	Former Unit // the unit of old that the words name, where it is not this one; ID 0 else
	rank   int
}

// Search finds units by the beginnings of words, without marks, also under
// former names ("ngoc lam" finds Phường Bồ Đề in 2026), the best first.
func (t *Tree) Search(q string, f Filter) []Hit {
	rs := readings(i18n.Fold(q))
	var hits []Hit
	for _, e := range t.index() {
		u := t.units[e.unit]
		if (f.Class != "" && u.Class != f.Class) || (f.Tier != "" && u.Tier != f.Tier) || (f.Parent != 0 && u.Parent != f.Parent) {
			continue
		}
		best := Hit{rank: -1}
		switch code := strings.TrimSpace(q); {
		case u.Code == "" || len(code) < 3:
		case strings.EqualFold(u.Code, code):
			best = Hit{Unit: u}
		case len(u.Code) > len(code) && strings.EqualFold(u.Code[:len(code)], code):
			best = Hit{Unit: u, rank: 4}
		}
		for _, r := range rs {
			if r.allows(u) {
				best = better(best, Hit{Unit: u}, r, e.bare, e.above, b2i(u.Class == Agency))
			}
			for _, o := range e.former {
				if r.kinds == nil || slices.Contains(r.kinds, o.unit.as) {
					old := o.unit.on(o.unit.until.AddDays(-1))
					best = better(best, Hit{Unit: u, Former: old}, r, o.bare, e.above, 20)
				}
			}
		}
		if best.rank >= 0 {
			hits = append(hits, best)
		}
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(rank(a.Unit.Tier), rank(b.Unit.Tier)), inOrder(a.Unit, b.Unit))
	})
	if f.Limit == 0 {
		f.Limit = 20
	}
	return hits[:min(f.Limit, len(hits))]
}

// better keeps the hit with the lower rank.
func better(best, next Hit, r reading, name string, above []string, extra int) Hit {
	n, ok := match(name, r.bare, words(r.bare), above)
	if !ok || (best.rank >= 0 && best.rank <= n+extra) {
		return best
	}
	next.rank = n + extra
	return next
}

// match ranks a name: 0 the very name, 4 its beginning, 8 beginnings of its
// words in any order, 12 with words of those above it.
func match(name, q string, toks, above []string) (int, bool) {
	switch {
	case name == q:
		return 0, true
	case strings.HasPrefix(name, q) && q != "":
		return 4, true
	case len(toks) == 0:
		return 0, false
	}
	own := words(name)
	score, hit := 8, false
	for _, tok := range toks {
		begins := func(w string) bool { return strings.HasPrefix(w, tok) }
		switch {
		case slices.ContainsFunc(own, begins):
			hit = true
		case slices.ContainsFunc(above, begins):
			score = 12
		default:
			return 0, false
		}
	}
	return score, hit
}
