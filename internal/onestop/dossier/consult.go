package dossier

import (
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// byID begins the reference to a unit by its id, where no code names it for good.
const byID = "#"

// whom turns the units that an officer asks into routes. Errors: Invalid for a unit that
// does not exist today, or for the one that asks.
func (s *Service) whom(cmd Command, t Task, on clock.Date) ([]string, error) {
	if cmd.Action != process.DoConsult {
		return nil, nil
	}
	tree := s.Units.At(on)
	out := make([]string, 0, len(cmd.Units))
	for _, u := range cmd.Units {
		if _, ok := tree.Get(u); !ok || u == t.Unit {
			return nil, errs.E(errs.Invalid, "form.invalid", errs.P("n", 1), errs.WithFields(errs.Field{Path: "unit", Key: "dossier.consult.unit"}))
		}
		out = append(out, byID+u.String())
	}
	if len(out) == 0 {
		return nil, errs.E(errs.Invalid, "form.invalid", errs.P("n", 1), errs.WithFields(errs.Field{Path: "unit", Key: "dossier.consult.none"}))
	}
	return out, nil
}

// unitByID reads a reference by id.
func unitByID(t *orgunit.Tree, ref string) (orgunit.Unit, bool) {
	text, ok := strings.CutPrefix(ref, byID)
	if !ok {
		return orgunit.Unit{}, false
	}
	v, err := id.Parse[orgunit.Unit](text)
	if err != nil {
		return orgunit.Unit{}, false
	}
	return t.Get(v)
}

// Consultable are the units that an officer may ask on a task: the offices of the agency
// that it lies with, the agencies above, and the city's departments.
func (s *Service) Consultable(t Task) []orgunit.Unit {
	tree := s.Units.At(clock.DateOf(s.Clock.Now()))
	seen := map[orgunit.UnitID]bool{t.Unit: true}
	var out []orgunit.Unit
	add := func(list ...orgunit.Unit) {
		for _, u := range list {
			if !seen[u.ID] {
				seen[u.ID] = true
				out = append(out, u)
			}
		}
	}
	for _, up := range tree.Ancestors(t.Unit) {
		if up.Class == orgunit.Agency {
			add(up)
			if up.ID != tree.Government().ID {
				add(tree.Children(up.ID)...)
			}
		}
	}
	if at, ok := tree.Get(t.Unit); ok && at.Class == orgunit.Agency {
		add(tree.Children(t.Unit)...)
	}
	add(tree.Departments()...)
	return out
}

func unitList(ids []orgunit.UnitID) string {
	var b strings.Builder
	for _, u := range ids {
		b.WriteString(u.String())
		b.WriteByte(' ')
	}
	return b.String()
}
