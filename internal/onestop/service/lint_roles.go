package service

import (
	"slices"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// roles checks that each step's role is held by a post of the unit that the step falls to,
// by the templates of the eras in which the package is in force. A step that nobody can be
// given would stop every dossier.
func (l *loader) roles() {
	reg, err := orgunit.Embedded()
	if err != nil {
		return
	}
	for _, day := range l.eras(reg) {
		tree := reg.At(day)
		for _, s := range l.pkg.Process.Steps() {
			if s.Role == process.RoleApplicant || s.Role == "" {
				continue
			}
			agencies := l.agenciesOf(tree, s.Unit)
			var without []string
			for _, a := range agencies {
				if !holds(tree, a.ID, orgunit.Role(s.Role)) {
					without = append(without, a.Name)
				}
			}
			if len(without) == 0 {
				continue
			}
			file, pos := l.stepPlace(s.ID)
			kv := []any{"role", s.Role, "unit", without[0], "day", day, "known", heldBy(tree, agencies)}
			if len(without) == len(agencies) && !heldInDepartment(tree, agencies, orgunit.Role(s.Role)) {
				l.fail(file, pos, s.ID+".role", "service.lint.roleNobody", kv...)
			} else {
				l.warn(file, pos, s.ID+".role", "service.lint.roleSome", kv...)
			}
		}
	}
}

// eras are days that stand for the templates in force while the package is: its first day,
// and the last on which anything changed.
func (l *loader) eras(reg *orgunit.Register) []clock.Date {
	out := []clock.Date{l.pkg.From}
	for _, d := range slices.Backward(reg.ChangeDays()) {
		if l.pkg.Covers(d) && d != l.pkg.From {
			return append(out, d)
		}
	}
	return out
}

// agenciesOf are agencies that a step may fall to, one of each kind: all kinds of the tier
// where the unit is computed. None where only a dossier could tell.
func (l *loader) agenciesOf(tree *orgunit.Tree, unit string) []orgunit.Unit {
	tier := orgunit.Tier(l.pkg.Competent.Tier)
	switch {
	case unit == "receiving" && l.pkg.Receive == AnyCommune:
		tier = "commune"
	case (unit == "competent" || unit == "receiving" && l.pkg.Competent.Tier == cityTier) && l.pkg.Competent.Unit.Set():
		return named(tree, l.pkg.Competent.Unit.S)
	case unit == "receiving" || unit == "competent":
	case strings.HasPrefix(unit, `"`):
		return named(tree, unit)
	default:
		return nil
	}
	var out []orgunit.Unit
	var kinds []orgunit.Kind
	for _, u := range tree.Tier(tier) {
		if slices.Contains(kinds, u.Kind) {
			continue
		}
		if a, ok := tree.AgencyOf(u.ID); ok {
			kinds, out = append(kinds, u.Kind), append(out, a)
		}
	}
	return out
}

// heldInDepartment reports whether the only agency is the city's own and one of its
// departments has the role: then the author may still name the department.
func heldInDepartment(tree *orgunit.Tree, agencies []orgunit.Unit, role orgunit.Role) bool {
	return len(agencies) == 1 && agencies[0].ID == tree.Government().ID && slices.ContainsFunc(tree.Departments(), func(u orgunit.Unit) bool {
		_, held := tree.Post(u.ID, role)
		return held
	})
}

// holds reports whether a post of an agency, or of an office, may act in a role.
func holds(tree *orgunit.Tree, id orgunit.UnitID, role orgunit.Role) bool {
	return slices.ContainsFunc(tree.Posts(id), func(p orgunit.Post) bool { return p.Role.Acts(role) })
}

// named is the agency or office that a text in FEEL names: "H26.10" by its code,
// "H26/labour" by the function that it has in the city, "H26/labour/onestop" its office.
// None where the text is computed, or the function is not there on the day: a scenario tells.
func named(tree *orgunit.Tree, unit string) []orgunit.Unit {
	if len(unit) < 3 || unit[0] != '"' || strings.Count(unit, `"`) != 2 {
		return nil
	}
	parts := strings.Split(strings.Trim(unit, `"`), "/")
	u, err := tree.Resolve(parts[0])
	if err != nil {
		return nil
	}
	a, ok := tree.AgencyOf(u.ID)
	for _, key := range parts[1:] {
		if !ok {
			return nil
		}
		if a.ID == tree.Government().ID {
			a, ok = tree.Body(key)
		} else {
			a, ok = tree.Office(a.ID, key)
		}
	}
	if !ok {
		return nil
	}
	return []orgunit.Unit{a}
}

// heldBy names the roles that the agencies have.
func heldBy(tree *orgunit.Tree, agencies []orgunit.Unit) string {
	var out []string
	for _, a := range agencies {
		for _, p := range tree.Posts(a.ID) {
			if !slices.Contains(out, string(p.Role)) {
				out = append(out, string(p.Role))
			}
		}
	}
	return strings.Join(out, ", ")
}

// chain is steps.yaml as written, empty where the process is drawn.
func (l *loader) chain() process.Source {
	if l.steps == nil {
		l.steps = &process.Source{}
		if b, ok := l.read("steps.yaml"); ok {
			decl.Decode("steps.yaml", b, l.steps) // its mistakes are told elsewhere
		}
	}
	return *l.steps
}

// stepPlace is where a step is declared: in the chain, or in the drawing.
func (l *loader) stepPlace(id string) (file string, pos decl.Pos) {
	for _, s := range l.chain().Steps {
		if s.ID == id {
			return "steps.yaml", s.Pos
		}
	}
	if b, ok := l.read("process.bpmn"); ok {
		return "process.bpmn", placeOfText(b, `id="`+id+`"`)
	}
	return "steps.yaml", decl.Pos{Line: 1, Col: 1}
}

// placeOfText is where a text first stands in a file; its first line where it does not.
func placeOfText(b []byte, text string) decl.Pos {
	i := strings.Index(string(b), text)
	if i < 0 {
		return decl.Pos{Line: 1, Col: 1}
	}
	head := string(b[:i])
	return decl.Pos{Line: strings.Count(head, "\n") + 1, Col: len([]rune(head[strings.LastIndexByte(head, '\n')+1:])) + 1}
}
