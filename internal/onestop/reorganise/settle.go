package reorganise

import (
	"slices"
	"strings"
	"unicode"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// Why says by which rule a dossier went where it went, or why it did not.
type Why string

// The reasons. Their sentences stand under reorganise.why.
const (
	WhyWhole   Why = "whole"   // its commune went whole to a new one
	WhyAddress Why = "address" // its commune was divided; the address lies in this part
	WhyAsked   Why = "asked"   // its commune was divided and nobody has said which part: the default acts
	WhySeat    Why = "seat"    // it names no commune: who takes the district's place
	WhyAlive   Why = "alive"   // its units go on
	WhyEnded   Why = "ended"   // it ended before its turn came
	WhyNoHeir  Why = "noHeir"  // nobody is known to follow its unit
	WhyNoPost  Why = "noPost"  // an open task would have nobody who may do it
	WhyOfficer Why = "officer" // an officer said which part
	WhyOwner   Why = "owner"   // the applicant said which part
	WhyUndone  Why = "undone"  // taken back by a further act
	WhyActedOn Why = "actedOn" // somebody has acted on it since
)

// Verdict is what a plan says about one dossier.
type Verdict struct {
	Why     Why
	Move    *dossier.Relocation // nil: it stays where it is
	Problem string              // what stands in the way: the name of a unit or a role
	Commune orgunit.UnitID      // of the day before; 0 where none is named
	Ward    orgunit.UnitID      // territory that takes it over
	Heirs   []orgunit.UnitID    // of a divided commune, where it is asked which
	Address string              // what the form says of the place
}

// settler judges dossiers by a plan. It is pure: it reads the register and the dossier only.
type settler struct {
	plan          *Plan
	reg           *orgunit.Register
	before, after *orgunit.Tree
	posts         map[string]string // old role: new role
}

func newSettler(p *Plan, reg *orgunit.Register) *settler {
	s := &settler{plan: p, reg: reg, before: reg.At(p.Day.AddDays(-1)), after: reg.At(p.Day), posts: map[string]string{}}
	for _, r := range p.Posts {
		s.posts[r.Role] = r.To
	}
	return s
}

// ends reports whether a unit is no more on the day.
func (s *settler) ends(u orgunit.UnitID) bool {
	_, ok := s.after.Get(u)
	return u != 0 && !ok
}

// settle says where a dossier goes. to is the new commune where somebody has said which; 0:
// the plan decides.
func (s *settler) settle(st dossier.Standing, to orgunit.UnitID) Verdict {
	d := st.Dossier
	if d.State.Ended() {
		return Verdict{Why: WhyEnded}
	}
	if !s.touches(st) || d.Heritage != nil && s.lives(st) {
		return Verdict{Why: WhyAlive}
	}
	v := s.territory(st, to)
	if v.Ward == 0 {
		v.Why, v.Problem = WhyNoHeir, s.name(v.Commune, d.Receiving)
		return v
	}
	m := mapping{settler: s, d: d, commune: v.Commune, ward: v.Ward, units: map[orgunit.UnitID]orgunit.UnitID{}}
	for _, u := range s.units(st) {
		if s.ends(u) {
			m.add(u)
		}
	}
	h := dossier.Heritage{Units: m.units, Roles: s.posts}
	for _, r := range s.plan.Skip {
		if r.Service == d.Service {
			if h.Skip == nil {
				h.Skip = map[string]string{}
			}
			h.Skip[r.Step] = r.Do
		}
	}
	v.Move = &dossier.Relocation{
		Plan: s.plan.Digest, Why: string(v.Why), Basis: s.plan.Basis.VI, Heritage: h,
		Reception: m.to(d.Reception), Receiving: m.to(d.Receiving), Competent: m.to(d.Competent),
	}
	for _, u := range []orgunit.UnitID{v.Move.Reception, v.Move.Receiving, v.Move.Competent} {
		if s.ends(u) || u == 0 {
			return Verdict{Why: WhyNoHeir, Problem: s.name(u, d.Receiving), Commune: v.Commune}
		}
	}
	for _, t := range st.Open() {
		at := m.to(t.Unit)
		if s.ends(at) {
			return Verdict{Why: WhyNoHeir, Problem: s.name(t.Unit, d.Receiving), Commune: v.Commune}
		}
		if t.Role != "" && !s.staffed(at, t.Role) && !s.staffed(at, s.posts[t.Role]) {
			return Verdict{Why: WhyNoPost, Problem: s.name(at, 0) + ": " + t.Role, Commune: v.Commune}
		}
	}
	return v
}

// touches reports whether a dossier has to do with a unit that ends.
func (s *settler) touches(st dossier.Standing) bool {
	return slices.ContainsFunc(s.units(st), s.ends)
}

// lives reports whether a dossier that has moved before lies wholly with units that go on.
func (s *settler) lives(st dossier.Standing) bool {
	d := st.Dossier
	return !s.ends(d.Receiving) && !s.ends(d.Competent) && !s.ends(d.Reception) &&
		!slices.ContainsFunc(st.Open(), func(t dossier.Task) bool { return s.ends(t.Unit) })
}

// units are those that a dossier's way may lead to: its agencies, where its tasks are, the
// commune of the form and the districts above.
func (s *settler) units(st dossier.Standing) []orgunit.UnitID {
	d := st.Dossier
	out := []orgunit.UnitID{d.Receiving, d.Competent, d.Reception}
	for _, t := range st.Open() {
		out = append(out, t.Unit)
	}
	if c, ok := s.named(st); ok {
		if a, ok := s.agencyOf(c); ok {
			out = append(out, a.ID)
		}
	}
	for _, u := range slices.Clone(out) {
		v, ok := s.before.Get(u)
		if !ok {
			continue
		}
		if up, ok := s.before.Above(placeOf(v), orgunit.District); ok {
			if a, ok := s.before.AgencyOf(up.ID); ok {
				out = append(out, a.ID)
			}
		}
		if v.Class == orgunit.Office {
			out = append(out, v.Parent)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func placeOf(u orgunit.Unit) orgunit.UnitID {
	if u.Serves != 0 {
		return u.Serves
	}
	return u.ID
}

// agencyOf is who governed a territory on the day before.
func (s *settler) agencyOf(u orgunit.UnitID) (orgunit.Unit, bool) { return s.before.AgencyOf(u) }

// named is the commune that the form names, read on the day of filing and followed to the
// day before the act.
func (s *settler) named(st dossier.Standing) (orgunit.UnitID, bool) {
	code := st.Content.Answers.Text(st.Package.Competent.By)
	if code == "" {
		return 0, false
	}
	u, err := s.reg.At(clock.DateOf(st.Dossier.SubmittedAt)).ByCode(code)
	if err != nil || u.Tier != orgunit.Commune {
		return 0, false
	}
	return s.lastOf(u.ID)
}

// lastOf follows a territory to the day before.
func (s *settler) lastOf(u orgunit.UnitID) (orgunit.UnitID, bool) {
	if _, ok := s.before.Get(u); ok {
		return u, true
	}
	heirs, _ := s.reg.Successors(u, s.plan.Day.AddDays(-1))
	return orgunit.Main(heirs)
}

// territory finds the commune that a dossier belongs to and its heir.
func (s *settler) territory(st dossier.Standing, to orgunit.UnitID) Verdict {
	d := st.Dossier
	v := Verdict{Why: WhyWhole, Address: s.address(st)}
	if u, ok := s.reg.Unit(d.Receiving); ok && u.Tier == orgunit.Commune && u.Serves != 0 {
		v.Commune, _ = s.lastOf(u.Serves)
	} else if c, ok := s.named(st); ok {
		v.Commune = c
	}
	if v.Commune == 0 {
		v.Why, v.Ward = WhySeat, s.seat(d)
		return v
	}
	heirs, _ := s.reg.Successors(v.Commune, s.plan.Day)
	if len(heirs) <= 1 {
		v.Ward, _ = orgunit.Main(heirs)
		return v
	}
	for _, h := range heirs {
		if h.Unit == to {
			v.Ward = to
			return v
		}
	}
	split := s.split(v.Commune)
	if ward, ok := split.byAddress(s.after, v.Address); ok {
		v.Why, v.Ward = WhyAddress, ward
		return v
	}
	v.Why = WhyAsked
	for _, h := range heirs {
		v.Heirs = append(v.Heirs, h.Unit)
	}
	v.Ward, _ = orgunit.Main(heirs)
	if u, err := s.after.ByCode(split.Default); err == nil && slices.Contains(v.Heirs, u.ID) {
		v.Ward = u.ID
	}
	return v
}

// split is what the plan says of a divided commune.
func (s *settler) split(commune orgunit.UnitID) Split {
	u, _ := s.before.Get(commune)
	i := slices.IndexFunc(s.plan.Splits, func(x Split) bool { return x.From == u.Code })
	if i < 0 {
		return Split{}
	}
	return s.plan.Splits[i]
}

// byAddress finds the one part in whose places an address lies.
func (x Split) byAddress(after *orgunit.Tree, address string) (orgunit.UnitID, bool) {
	found := ""
	text := folded(address)
	for _, part := range x.Parts {
		for _, place := range part.Places {
			if p := folded(place); p != "  " && strings.Contains(text, p) {
				if found != "" && found != part.To {
					return 0, false // two parts: somebody has to look
				}
				found = part.To
			}
		}
	}
	u, err := after.ByCode(found)
	return u.ID, found != "" && err == nil
}

// folded is a text in plain words with a space around each, so that "Tổ 1" is not found in
// "Tổ 12".
func folded(s string) string {
	words := strings.FieldsFunc(i18n.Fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return " " + strings.Join(words, " ") + " "
}

// address is what the form says of the place: first what stands beside the commune.
func (s *settler) address(st dossier.Standing) string {
	by := st.Package.Competent.By
	head := by
	if i := strings.LastIndexByte(by, '.'); i >= 0 {
		head = by[:i]
	}
	var best, other []string
	fields := []string(nil)
	if c, ok := s.named(st); ok {
		fields = s.split(c).Fields
	}
	for _, path := range st.Content.Answers.Paths() {
		last := path[strings.LastIndexByte(path, '.')+1:]
		text := strings.TrimSpace(st.Content.Answers.Text(path))
		switch {
		case text == "":
		case len(fields) > 0:
			if slices.Contains(fields, path) {
				best = append(best, text)
			}
		case last != "line" && last != "address" && last != "street" && last != "group":
		case strings.HasPrefix(path, head+"."):
			best = append(best, text)
		default:
			other = append(other, text)
		}
	}
	if len(best) == 0 {
		best = other
	}
	return strings.Join(slices.Compact(best), "; ")
}

// seat is who takes the place of a district for what names no commune: the plan's word, or
// the new commune into which most of the district's communes went.
func (s *settler) seat(d dossier.Dossier) orgunit.UnitID {
	u, ok := s.reg.Unit(d.Receiving)
	if !ok {
		return 0
	}
	place := placeOf(u)
	if old, ok := s.before.Get(place); ok {
		for _, x := range s.plan.Seats {
			if x.District == old.Code {
				if v, err := s.after.ByCode(x.To); err == nil {
					return v.ID
				}
			}
		}
	}
	count := map[orgunit.UnitID]int{}
	best := orgunit.UnitID(0)
	for _, c := range s.before.Children(place) {
		heirs, _ := s.reg.Successors(c.ID, s.plan.Day)
		if v, ok := orgunit.Main(heirs); ok && c.Class == orgunit.Territory {
			if count[v]++; count[v] > count[best] || count[v] == count[best] && v < best {
				best = v
			}
		}
	}
	return best
}

// staffed reports whether a post at a unit may act in a role.
func (s *settler) staffed(at orgunit.UnitID, role string) bool {
	return role != "" && slices.ContainsFunc(s.after.Posts(at), func(p orgunit.Post) bool { return p.Role.Acts(orgunit.Role(role)) })
}

func (s *settler) name(list ...orgunit.UnitID) string {
	for _, u := range list {
		if v, ok := s.reg.Unit(u); ok {
			return v.Name
		}
	}
	return ""
}
