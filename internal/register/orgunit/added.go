package orgunit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// Offices and posts that a city adds to the template of an agency, as lines of the same
// grammar as every other fact.

// firstAdded is the lowest number of an office that a city adds; templates stay below it.
const firstAdded = 50

// agencySub is the number of the agency itself among its offices.
const agencySub = 1

func (c change) parseAdded(w []string, bad error) (change, error) {
	least := 3
	if c.verb == "office" {
		least = 4
	}
	if len(w) < least || c.verb == "post" && len(w) != 3 {
		return c, bad
	}
	var err error
	if c.date, err = clock.ParseDate(w[0]); err != nil {
		return c, err
	}
	if c.sub, err = strconv.Atoi(w[1]); err != nil || c.sub < agencySub || c.sub >= idsPerNumber || c.verb == "office" && c.sub < firstAdded {
		return c, bad
	}
	for r := range strings.SplitSeq(w[2], ",") {
		if _, ok := RoleOf(Role(r)); !ok {
			return c, fmt.Errorf("unknown role %q", r)
		}
		c.role = append(c.role, Role(r))
	}
	name, en, _ := strings.Cut(strings.Join(w[3:], " "), " = ")
	c.arg, c.en = strings.TrimSpace(name), strings.TrimSpace(en)
	return c, nil
}

// furnishMore adds what stands beyond the template of an agency: offices first, so that a
// post may stand in one.
func (b *builder) furnishMore(a *life) {
	more := slices.Clone(b.added[a.id])
	slices.SortStableFunc(more, func(x, y change) int { return cmp.Compare(x.verb, y.verb) })
	for _, c := range more {
		t, ok := span{from: c.date}.cut(a.span)
		if !ok {
			b.problem(a.at, "addedTime", "name", a.name, "date", c.date)
			continue
		}
		if c.verb == "office" {
			b.add(officeOf(a, officeForm{sub: c.sub, keys: []string{"office" + strconv.Itoa(c.sub)}, name: c.arg, en: c.en, roles: c.role}, t))
			continue
		}
		l := a
		if c.sub != agencySub {
			l = b.r.byID[a.id-agencySub+UnitID(c.sub)]
		}
		if l == nil {
			b.problem(a.at, "noOffice", "name", a.name, "number", c.sub)
			continue
		}
		if t, ok = t.cut(l.span); !ok {
			b.problem(a.at, "addedTime", "name", l.name, "date", c.date)
			continue
		}
		l.roles = append(l.roles, dated[[]Role]{t, c.role})
	}
}

// Addition is an office of an agency, or one more post in a unit that stands.
type Addition struct {
	Unit   UnitID     // agency of a new office; of a post the agency or office that it stands in
	From   clock.Date // first day
	Name   string     // of a new office; empty for a post
	NameEN string
	Roles  []Role
	Source string // the decision that it rests on
}

// Addend is a checked addition, ready to be kept.
type Addend struct {
	epoch  int64
	line   string
	source string
	Office UnitID // the new office's id; 0 for a post
}

const maxName = 120

// PlanAddition checks an addition against all facts and changes nothing. Errors: Invalid
// with the fields unit, from, name, nameEN, roles; Conflict where the unit has such an
// office or post already.
func (s *Service) PlanAddition(a Addition) (out Addend, err error) {
	defer errs.Op(&err, "orgunit.PlanAddition(%s)", a.Unit)
	st := s.state.Load()
	var bad []errs.Field
	fault := func(path, key string, kv ...any) {
		f := errs.Field{Path: path, Key: "orgunit.added." + key, Params: errs.Params{}}
		for i := 0; i+1 < len(kv); i += 2 {
			f.Params[kv[i].(string)] = kv[i+1] //nolint:forcetypeassert // names are constants below
		}
		bad = append(bad, f)
	}
	if a.From.IsZero() || a.From.Before(s.Today()) {
		fault("from", "from")
		a.From = s.Today()
	}
	tree := st.reg.At(a.From)
	u, ok := tree.Get(a.Unit)
	office := a.Name != "" || a.NameEN != ""
	if !ok || u.Class == Territory || office && u.Class != Agency || u.External() {
		fault("unit", "unit")
	}
	for _, name := range [...]struct{ path, text string }{{"name", a.Name}, {"nameEN", a.NameEN}} {
		if n := utf8.RuneCountInString(name.text); office && (n < 3 || n > maxName || strings.ContainsAny(name.text, ";=#@\n\r|")) {
			fault(name.path, "name", "max", maxName)
		}
	}
	if len(a.Roles) == 0 || !office && len(a.Roles) != 1 || slices.ContainsFunc(a.Roles, func(r Role) bool { _, ok := RoleOf(r); return !ok }) {
		fault("roles", "roles")
	}
	if len(bad) > 0 {
		return out, errs.E(errs.Invalid, "orgunit.added.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
	}
	number, sub := int(u.ID)/idsPerNumber, int(u.ID)%idsPerNumber
	roles := make([]string, len(a.Roles))
	for i, r := range a.Roles {
		roles[i] = string(r)
	}
	out = Addend{epoch: st.epoch, source: a.Source}
	if office {
		for _, o := range tree.Children(u.ID) {
			if i18n.Fold(o.Name) == i18n.Fold(a.Name) {
				return out, errs.E(errs.Conflict, "orgunit.added.office", errs.P("name", o.Name))
			}
		}
		sub = firstAdded
		for st.reg.byID[idOf(number, sub)] != nil {
			sub++
		}
		out.Office = idOf(number, sub)
		out.line = fmt.Sprintf("~%d ; office %s %d %s %s = %s", number, a.From, sub, strings.Join(roles, ","), a.Name, a.NameEN)
	} else {
		for _, p := range tree.Posts(u.ID) {
			if p.Unit == u.ID && p.Role == a.Roles[0] {
				return out, errs.E(errs.Conflict, "orgunit.added.post")
			}
		}
		out.line = fmt.Sprintf("~%d ; post %s %d %s", number, a.From, sub, roles[0])
	}
	f := facts{units: slices.Clone(st.facts.units), links: st.facts.links}
	if err := f.read(importFile, "@\n"+out.line); err != nil {
		return out, err
	}
	_, problems, err := build(f)
	if err == nil && len(problems) > 0 {
		err = errs.E(errs.Conflict, problems[0].Key, errs.P(flat(problems[0].Params)...))
	}
	return out, err
}

// KeepIn writes an addition as part of a unit of work; Refresh afterwards shows it here,
// other nodes see it within a second or two. The unit fails with Conflict
// orgunit.import.raced where somebody changed the units since it was planned. Whoever
// decided on it writes the journal's entry.
func (s *Service) KeepIn(tx *db.Tx, a Addend) error {
	if err := raiseEpoch(tx, a.epoch); err != nil {
		return err
	}
	return insertFact(tx, factRow{id: s.gen.Next(), block: "@", line: a.line, source: a.source})
}

// PlanFresh is PlanAddition after the newest facts have been read.
func (s *Service) PlanFresh(ctx context.Context, a Addition) (Addend, error) {
	if err := s.Refresh(ctx); err != nil {
		return Addend{}, err
	}
	return s.PlanAddition(a)
}
