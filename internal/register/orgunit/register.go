package orgunit

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"khue/internal/kernel/clock"
)

// RecordStart is the first day that the embedded facts speak of. Units that
// stood on that day may be older.
func RecordStart() clock.Date { return clock.Date{Year: 2016, Month: 1, Day: 1} }

// life is a unit over its whole time.
type life struct {
	span
	id      UnitID
	at      place
	class   Class
	kind    kindInfo
	as      Kind // the kind to show: a territory's agency is a committee
	bare    string
	name    string
	en      string
	serves  UnitID
	parents []dated[UnitID]
	codes   []dated[string]
	aliases []dated[string]
	keys    []dated[string]
	roles   []dated[[]Role]
	doubts  []string
}

// Problem is a fact that contradicts the others.
type Problem struct {
	at     place
	Key    string // message key, orgunit.problem.…
	Params map[string]any
}

// Register holds every unit over all time. It is immutable: changes make a new one.
type Register struct {
	lives  []*life // by id
	byID   map[UnitID]*life
	byCode map[string][]*life
	out    map[UnitID][]Succession
	in     map[UnitID][]Succession
	lost   map[UnitID]clock.Date // ended, and nobody told us who came after
	starts []clock.Date          // first days of the times between two changes; the first is zero
	trees  []func() *Tree
}

// Embedded returns the register of the facts in the program.
var Embedded = sync.OnceValues(func() (*Register, error) {
	f, err := embeddedFacts()
	if err != nil {
		return nil, err
	}
	r, problems, err := build(f)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return r, nil
})

// Error is the diagnosis of a problem.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString("orgunit: " + p.at.String() + ": " + p.Key)
	for _, k := range slices.Sorted(maps.Keys(p.Params)) {
		b.WriteString(" " + k + "=")
		b.WriteString(toText(p.Params[k]))
	}
	return b.String()
}

func toText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case clock.Date:
		return v.String()
	case UnitID:
		return v.String()
	case int:
		return strconv.Itoa(v)
	default:
		return "?"
	}
}

// build makes a register of facts. Problems are facts that contradict others;
// the register is then not to be used. An error is a fault of the program's own files.
func build(f facts) (*Register, []Problem, error) {
	fm, err := embeddedForms()
	if err != nil {
		return nil, nil, err
	}
	b := builder{added: map[UnitID][]change{}, r: &Register{
		byID: map[UnitID]*life{}, byCode: map[string][]*life{},
		out: map[UnitID][]Succession{}, in: map[UnitID][]Succession{}, lost: map[UnitID]clock.Date{},
	}}
	for _, u := range b.merge(f.units) {
		b.declare(u)
	}
	for _, l := range slices.Clone(b.r.lives) {
		if l.class == Agency {
			b.furnish(l, fm.sections)
		}
	}
	slices.SortFunc(b.r.lives, func(x, y *life) int { return cmp.Compare(x.id, y.id) })
	b.checkParents()
	b.checkCodes()
	for _, l := range f.links {
		b.link(l)
	}
	b.r.cutTime()
	return b.r, b.problems, nil
}

type builder struct {
	r        *Register
	added    map[UnitID][]change // offices and posts beyond the template, by agency
	problems []Problem
}

func (b *builder) problem(at place, key string, kv ...any) {
	p := Problem{at: at, Key: "orgunit.problem." + key, Params: map[string]any{}}
	for i := 0; i+1 < len(kv); i += 2 {
		p.Params[kv[i].(string)] = kv[i+1] //nolint:forcetypeassert // names are constants below
	}
	b.problems = append(b.problems, p)
}

// merge adds amendments to the units that they amend.
func (b *builder) merge(units []unitFact) []*unitFact {
	byNumber := make(map[int]*unitFact, len(units))
	var order []*unitFact
	for i := range units {
		u := units[i]
		if u.amend {
			continue
		}
		if byNumber[u.number] != nil {
			b.problem(u.at, "number", "number", u.number)
			continue
		}
		byNumber[u.number] = &u
		order = append(order, &u)
	}
	for _, u := range units {
		if !u.amend {
			continue
		}
		old := byNumber[u.number]
		if old == nil {
			b.problem(u.at, "unknown", "number", u.number)
			continue
		}
		old.change = append(slices.Clone(old.change), u.change...)
		if !u.life.from.IsZero() {
			old.life.from = u.life.from
		}
		if !u.life.until.IsZero() {
			old.life.until = u.life.until
		}
		old.at = u.at
	}
	return order
}

// declare adds a body, or a territory with its agency.
func (b *builder) declare(u *unitFact) {
	if !u.life.until.IsZero() && !u.life.from.Before(u.life.until) {
		b.problem(u.at, "span", "name", u.name)
		return
	}
	l := &life{span: u.life, at: u.at, class: u.kind.class, kind: u.kind, as: u.kind.kind, bare: u.name, name: u.name, en: u.en}
	l.parents = []dated[UnitID]{{u.life, u.parent}}
	l.codes = []dated[string]{{u.life, u.code}}
	agencyCode := ""
	for _, c := range u.change {
		switch c.verb {
		case "code":
			l.codes = succeed(l.codes, c.date, c.arg)
		case "parent":
			l.parents = succeed(l.parents, c.date, c.ref)
		case "alias":
			l.aliases = append(l.aliases, dated[string]{u.life, c.arg})
		case "agency":
			agencyCode = c.arg
		case "key":
			if s, ok := (span{c.date, c.to}).cut(u.life); ok {
				l.keys = append(l.keys, dated[string]{s, c.arg})
			}
		case "english":
			l.en = c.arg
		case "doubt":
			l.doubts = append(l.doubts, c.arg)
		case "office", "post":
			b.added[idOf(u.number, 1)] = append(b.added[idOf(u.number, 1)], c)
		default:
		}
	}
	if l.class == Agency {
		l.id = idOf(u.number, 1)
		b.add(l)
		return
	}
	l.id = idOf(u.number, 0)
	l.name = u.kind.vi + " " + u.name
	if l.en == "" {
		l.en = latin(u.name) + " " + u.kind.en
	}
	b.add(l)
	b.add(committee(l, agencyCode))
}

// committee is the agency of a territory.
func committee(t *life, code string) *life {
	a := &life{span: t.span, id: t.id + 1, at: t.at, class: Agency, kind: t.kind, as: KindCommittee, serves: t.id, bare: t.bare}
	a.name = "Ủy ban nhân dân " + strings.ToLower(t.kind.vi) + " " + t.bare
	if t.kind.tier == City {
		a.name = "Ủy ban nhân dân " + t.name
	}
	a.en = "People's Committee of " + t.en
	a.codes = []dated[string]{{t.span, code}}
	for _, p := range t.parents {
		if p.value != 0 {
			p.value++
		}
		a.parents = append(a.parents, p)
	}
	return a
}

// succeed ends the last value of a list on a day and begins another.
func succeed[T any](list []dated[T], d clock.Date, v T) []dated[T] {
	last := &list[len(list)-1]
	next := dated[T]{span{d, last.until}, v}
	last.until = d
	return append(list, next)
}

func (b *builder) add(l *life) {
	if old := b.r.byID[l.id]; old != nil {
		b.problem(l.at, "number", "number", int(l.id))
		return
	}
	b.r.byID[l.id] = l
	b.r.lives = append(b.r.lives, l)
	for _, list := range [][]dated[string]{l.codes, l.aliases} {
		for _, c := range list {
			if c.value != "" && !slices.Contains(b.r.byCode[c.value], l) {
				b.r.byCode[c.value] = append(b.r.byCode[c.value], l)
			}
		}
	}
}

// furnish puts offices and posts into an agency.
func (b *builder) furnish(a *life, sections []form) {
	for _, s := range sections {
		if !slices.Contains(s.kinds, a.kind.short) {
			continue
		}
		times := []span{a.span}
		if s.key != "" {
			times = nil
			for _, k := range a.keys {
				if k.value == s.key {
					times = append(times, k.span)
				}
			}
		}
		for _, t := range times {
			t, ok := t.cut(s.life)
			if !ok {
				continue
			}
			if len(s.roles) > 0 {
				a.roles = append(a.roles, dated[[]Role]{t, s.roles})
			}
			for _, o := range s.offices {
				b.add(officeOf(a, o, t))
			}
		}
	}
	b.furnishMore(a)
}

func officeOf(a *life, o officeForm, t span) *life {
	l := &life{span: t, id: a.id - 1 + UnitID(o.sub), at: a.at, class: Office, kind: a.kind, as: KindOffice}
	l.bare, l.name, l.en, l.serves = o.name, o.name, o.en, a.serves
	l.parents = []dated[UnitID]{{t, a.id}}
	l.roles = []dated[[]Role]{{t, o.roles}}
	for _, k := range o.keys {
		l.keys = append(l.keys, dated[string]{t, k})
	}
	return l
}

// checkParents holds that every unit stands under a living unit of its own
// tree, or is a root, on every day of its life, and that nobody is above himself.
func (b *builder) checkParents() {
	for _, l := range b.r.lives {
		for _, p := range l.parents {
			if p.value == 0 {
				continue
			}
			up := b.r.byID[p.value]
			switch {
			case up == nil || (up.class == Territory) != (l.class == Territory):
				b.problem(l.at, "parent", "name", l.name, "parent", p.value)
			case !up.covers(p.span):
				b.problem(l.at, "parentTime", "name", l.name, "parent", up.name)
			case up.id == l.id || (l.class != Office && up.kind.tier != City && rank(up.kind.tier) >= rank(l.kind.tier)):
				b.problem(l.at, "tier", "name", l.name, "parent", up.name)
			default:
			}
		}
	}
	// Bodies of the city may stand under each other; only they can make a ring.
	for _, l := range b.r.lives {
		if l.class == Agency && l.serves == 0 {
			for _, p := range l.parents {
				if b.rings(l.id, p.value, p.span, len(b.r.lives)) {
					b.problem(l.at, "tier", "name", l.name, "parent", l.name)
				}
			}
		}
	}
}

func (b *builder) rings(start, up UnitID, s span, left int) bool {
	l := b.r.byID[up]
	if l == nil || left == 0 {
		return false
	}
	if up == start {
		return true
	}
	for _, p := range l.parents {
		if t, ok := s.cut(p.span); ok && b.rings(start, p.value, t, left-1) {
			return true
		}
	}
	return false
}

func rank(t Tier) int {
	switch t {
	case City:
		return 0
	case District:
		return 1
	case Commune:
		return 2
	default:
		return 3
	}
}

// checkCodes holds that on any day a code belongs to one unit.
func (b *builder) checkCodes() {
	for _, code := range slices.Sorted(maps.Keys(b.r.byCode)) {
		owners := b.r.byCode[code]
		for i, x := range owners {
			for _, y := range owners[i+1:] {
				if d, clash := clashOf(x, y, code); clash {
					late := x
					if y.at.file == importFile || x.at.file != importFile && y.id > x.id {
						late = y // who came later takes the blame
					}
					b.problem(late.at, "code", "code", code, "name", x.name, "other", y.name, "date", d)
				}
			}
		}
	}
}

func clashOf(x, y *life, code string) (clock.Date, bool) {
	for _, a := range slices.Concat(x.codes, x.aliases) {
		for _, c := range slices.Concat(y.codes, y.aliases) {
			if a.value == code && c.value == code {
				if s, ok := a.cut(c.span); ok {
					return s.from, true
				}
			}
		}
	}
	return clock.Date{}, false
}

// cutTime finds the days on which the tree changes.
func (r *Register) cutTime() {
	days := map[clock.Date]bool{{}: true}
	mark := func(s span) {
		days[s.from] = true
		if !s.until.IsZero() {
			days[s.until] = true
		}
	}
	for _, l := range r.lives {
		mark(l.span)
		for _, list := range [][]dated[string]{l.codes, l.aliases, l.keys} {
			for _, x := range list {
				mark(x.span)
			}
		}
		for _, p := range l.parents {
			mark(p.span)
		}
		for _, p := range l.roles {
			mark(p.span)
		}
	}
	r.starts = slices.SortedFunc(maps.Keys(days), clock.Date.Compare)
	r.trees = make([]func() *Tree, len(r.starts))
	for i, d := range r.starts {
		var until clock.Date
		if i+1 < len(r.starts) {
			until = r.starts[i+1]
		}
		r.trees[i] = sync.OnceValue(func() *Tree { return r.grow(span{d, until}) })
	}
}

// At returns the tree of a day. Before RecordStart it is the oldest that is known.
func (r *Register) At(d clock.Date) *Tree {
	i, found := slices.BinarySearchFunc(r.starts, d, clock.Date.Compare)
	if !found {
		i--
	}
	return r.trees[max(i, 0)]()
}

// ChangeDays lists the days on which anything about the units changes, oldest first.
func (r *Register) ChangeDays() []clock.Date { return slices.Clone(r.starts[1:]) }

// Unit returns a unit of any time as it stood on its last day, or stands now.
func (r *Register) Unit(id UnitID) (Unit, bool) {
	l := r.byID[id]
	if l == nil {
		return Unit{}, false
	}
	day := l.from
	for _, list := range [][]dated[string]{l.codes, l.keys} {
		for _, x := range list {
			if x.from.After(day) {
				day = x.from
			}
		}
	}
	for _, p := range l.parents {
		if p.from.After(day) {
			day = p.from
		}
	}
	if !l.until.IsZero() {
		day = l.until.AddDays(-1)
	}
	return l.on(day), true
}

// on is the unit as it stood on a day.
func (l *life) on(d clock.Date) Unit {
	return Unit{
		ID: l.id, Class: l.class, Kind: l.as, Tier: l.kind.tier,
		Code: valueAt(l.codes, d), Aliases: valuesAt(l.aliases, d),
		Name: l.name, NameEN: l.en, Bare: l.bare,
		Parent: valueAt(l.parents, d), Serves: l.serves, Keys: valuesAt(l.keys, d),
		From: l.from, Until: l.until,
	}
}

// CodePeriod is a time in which a unit held a code.
type CodePeriod struct {
	Code  string
	From  clock.Date // zero: since before the record
	Until clock.Date // first day no more; zero: open
}

// Codes lists the official codes that a unit held, the oldest first, then its aliases.
func (r *Register) Codes(id UnitID) []CodePeriod {
	l := r.byID[id]
	if l == nil {
		return nil
	}
	var out []CodePeriod
	for _, c := range slices.Concat(l.codes, l.aliases) {
		if c.value != "" {
			out = append(out, CodePeriod{c.value, c.from, c.until})
		}
	}
	return out
}

// CommuneDays lists the days on which a new state of the communes began, oldest
// first: RecordStart, then each day on which one came or went.
func (r *Register) CommuneDays() []clock.Date {
	days := map[clock.Date]bool{RecordStart(): true}
	for _, l := range r.lives {
		if l.class == Territory && l.kind.tier == Commune {
			if !l.from.IsZero() {
				days[l.from] = true
			}
			if !l.until.IsZero() {
				days[l.until] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(days), clock.Date.Compare)
}

// Doubts lists what the facts themselves call uncertain, by unit.
func (r *Register) Doubts() map[UnitID][]string {
	out := map[UnitID][]string{}
	for _, l := range r.lives {
		if len(l.doubts) > 0 {
			out[l.id] = slices.Clone(l.doubts)
		}
	}
	return out
}
