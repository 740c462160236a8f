package service

import (
	"regexp"
	"slices"
	"strings"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/dmn"
	"khue/internal/kernel/feel"
)

// feeType and termType are what the tables of fee and deadline may give.
//
//nolint:gochecknoglobals // immutable tables
var feeWords, termKinds = []string{"amount", "free", "set-by-council"}, []string{"sameDay", "workingDays", "calendarDays", "workingHours", "months"}

// gives checks what a decision gives: a fee is a number of đồng or a context of state and
// amount, a deadline a context of kind and n.
func (l *loader) gives(file, want string, m *dmn.Model, decision string) {
	t, ok := m.Result(decision)
	if !ok || t.Kind() == feel.KindAny || t.Kind() == feel.KindNull {
		return
	}
	fits := false
	switch want {
	case "fee":
		fits = t.MayBe(feel.NumberType) || t.MayBe(feel.OpenContextType) && hasOnly(t, "state", "amount")
	case "deadline":
		fits = t.MayBe(feel.OpenContextType) && hasOnly(t, "kind", "n")
	default:
		fits = true
	}
	if !fits {
		b, _ := l.read(file)
		l.fail(file, decisionPlace(b, decision), decision, "service.lint.decisionType", "got", t.String(), "want", wanted[want])
	}
	for _, table := range m.Tables() {
		l.cells(file, want, table)
	}
}

// decisionPlace is where a decision is declared.
func decisionPlace(b []byte, name string) decl.Pos {
	m := regexp.MustCompile(`<[\w:]*decision\s[^>]*name="` + regexp.QuoteMeta(name) + `"`).FindIndex(b)
	if m == nil {
		return decl.Pos{Line: 1, Col: 1}
	}
	return posAt(string(b), m[0])
}

//nolint:gochecknoglobals // immutable table
var wanted = map[string]string{"fee": "number, {state, amount}", "deadline": "{kind, n}"}

func hasOnly(t feel.Type, names ...string) bool {
	for _, f := range t.Fields() {
		if !slices.Contains(names, f.Name) {
			return false
		}
	}
	return true
}

// cells looks into the texts of a table: a code that its input cannot have, a state of a
// fee or a kind of term that there is not.
func (l *loader) cells(file, want string, t *dmn.Table) {
	b, _ := l.read(file)
	c := l.conditions()
	for i, in := range t.Inputs {
		codes := c.codes(strings.TrimSpace(in.Expression))
		if len(codes) == 0 {
			continue
		}
		for n, r := range t.Rules {
			if i >= len(r.Inputs) {
				continue
			}
			for _, m := range textLiteral.FindAllStringSubmatch(r.Inputs[i], -1) {
				if !slices.Contains(codes, m[1]) {
					l.fail(file, placeOfText(b, m[1]), t.Name+" "+itoa(n+1), "service.lint.cell", "input", in.Expression, "value", m[1], "rule", n+1, "nearest", nearestOr(m[1], codes))
				}
			}
		}
	}
	for i, out := range t.Outputs {
		words := map[string][]string{"fee.state": feeWords, "deadline.kind": termKinds}[want+"."+strings.TrimSpace(out.Name)]
		for n, r := range t.Rules {
			if words == nil || i >= len(r.Outputs) {
				continue
			}
			for _, m := range textLiteral.FindAllStringSubmatch(r.Outputs[i], -1) {
				if !slices.Contains(words, m[1]) {
					l.fail(file, placeOfText(b, m[1]), t.Name+" "+itoa(n+1), "service.lint.cell", "input", out.Name, "value", m[1], "rule", n+1, "nearest", nearestOr(m[1], words))
				}
			}
		}
	}
}

// strayRules warns of tables that nothing asks.
func (l *loader) strayRules() {
	used := []string{l.pkg.Fee.Rule}
	for _, d := range l.src.Deadline {
		used = append(used, d.Rule)
	}
	bpmn, _ := l.read("process.bpmn")
	for _, f := range l.files("rules", ".dmn") {
		if !slices.Contains(used, f) && !strings.Contains(string(bpmn), f) {
			l.warn(f, decl.Pos{Line: 1, Col: 1}, "", "service.lint.strayRule", "file", f)
		}
	}
}
