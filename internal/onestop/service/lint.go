package service

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/decl"
	"khue/internal/onestop/process"
)

// told are the milestones of which the applicant must be told.
//
//nolint:gochecknoglobals // immutable table
var told = []string{"submitted", "accepted", "supplementAsked", "refused", "issued"}

// lint checks what the parts cannot check alone. It runs where they are sound.
func (l *loader) lint(src *source) {
	p := l.pkg
	const file = "service.yaml"
	for _, key := range []string{"name", "summary"} {
		l.need(src.ID.Pos, key)
	}
	for _, c := range src.Cases {
		l.need(c.Pos, "case."+c.S)
	}
	if typ, ok := p.Form.Leaf(p.Competent.By); !ok || typ != "unit" {
		l.fail(file, p.Competent.Pos, "competent.by", "service.lint.competent", "path", p.Competent.By, "nearest", nearestOr(p.Competent.By, l.unitFields()))
	}
	if tiers := []string{"city", "district", "commune"}; !slices.Contains(tiers, p.Competent.Tier) {
		l.fail(file, p.Competent.Pos, "competent.tier", "service.lint.wordNear", "value", p.Competent.Tier, "known", list(tiers), "nearest", nearestOr(p.Competent.Tier, tiers))
	}
	p.decides = l.unit(p.Competent.Unit, "competent.unit")
	for _, d := range src.Deadline {
		if d.Case != "" && !slices.Contains(p.Cases, d.Case) && !p.Process.UsesTerm(d.Case) {
			l.warn(file, d.Pos, "deadline", "service.lint.deadlineCase", "case", d.Case)
		}
	}
	if (p.Fee.Kind == "free" || p.Fee.Kind == "amount") && p.Fee.Source == "" {
		l.fail(file, p.Fee.Pos, "fee.source", "service.lint.feeSource")
	}
	if p.Fee.Rule != "" {
		p.feeTable = l.rule(p.Fee.Rule, p.Fee.Pos, "fee.rule", "fee")
	}
	for _, d := range src.Deadline {
		if d.Rule != "" {
			p.termTable = l.rule(d.Rule, d.Pos, "deadline.rule", "deadline")
		}
	}
	l.purposes()
	if p.Data.Retention == "" {
		l.fail(file, p.Data.Pos, "data.retention", "service.lint.retention")
	}
	if p.LevelCap.Max > 0 && (p.LevelCap.Reason == "" || p.LevelCap.Source == "") && p.LevelCap.Max < 4 {
		l.fail(file, p.LevelCap.Pos, "levelCap", "service.lint.levelCap")
	}
	if len(p.Result.Sign) > 0 && p.Process.Avoids(process.DoSign) {
		at, pos, element := l.handsOver()
		l.fail(at, pos, element, "service.lint.unsigned")
	}
	for _, r := range p.More {
		if milestones := p.Process.Milestones(); !slices.Contains(milestones, r.On) {
			l.fail(file, r.Pos, "results."+r.Kind, "service.lint.noticeEvent", "event", r.On, "nearest", decl.Nearest(r.On, milestones))
		}
		l.need(r.Pos, "result."+r.Kind)
	}
	l.paid()
	l.lintOpening(src)
	l.budget(src)
	l.roles()
	l.officers()
	l.coverage()
	l.entry()
	l.numbering()
	l.names()
	l.conditions().check()
	l.blanks()
	l.guidance()
	l.strayRules()
	l.unused()
	if l.pkg.help["vi"] == "" {
		l.fail("help/vi.md", decl.Pos{}, "", "service.lint.missingFile", "file", "help/vi.md")
	}
}

func (l *loader) need(pos decl.Pos, key string) {
	if _, ok := l.pkg.texts[key]; !ok {
		l.fail("service.yaml", pos, key, "service.lint.text", "key", key, "lang", "Tiếng Việt, English")
	}
}

// conditions are the conditions of the package, compiled once.
func (l *loader) conditions() *conditions {
	if l.conds == nil {
		l.conds = newConditions(l)
	}
	return l.conds
}

// unitFields are the questions that ask for a unit.
func (l *loader) unitFields() []string {
	var out []string
	for _, in := range l.pkg.Form.Inputs() {
		if in.Type == "unit" {
			out = append(out, in.Path)
		}
	}
	return out
}

// Bounds of a form: a page of a browser and a reader's patience end sooner.
const (
	maxPages  = 60
	maxFields = 600
	maxPapers = 200
	maxDrawn  = 1000 // elements of a drawn process, its sub-processes' with them
)

// bounded refuses a form that only a machine could have written, before it is compiled.
func (l *loader) bounded() bool {
	fields := 0
	for _, p := range l.def.Pages {
		fields += len(p.Fields)
	}
	for _, a := range l.def.Officer {
		fields += len(a.Fields)
	}
	ok := true
	for _, c := range []struct {
		file, element string
		n, max        int
	}{{"form.yaml", "pages", len(l.def.Pages), maxPages}, {"form.yaml", "fields", fields, maxFields}, {"service.yaml", "papers", len(l.pkg.Papers), maxPapers}} {
		if c.n > c.max {
			l.fail(c.file, decl.Pos{Line: 1, Col: 1}, c.element, "service.lint.many", "n", c.n, "max", c.max)
			ok = false
		}
	}
	return ok
}

// drawable refuses a drawing that only a machine could have made, before it is compiled.
func (l *loader) drawable(m *bpmn.Model) bool {
	var count func(b *bpmn.Body) int
	count = func(b *bpmn.Body) int {
		n := len(b.Elements) + len(b.Flows)
		for _, e := range b.Elements {
			if e.Body != nil {
				n += count(e.Body)
			}
		}
		return n
	}
	for _, p := range m.Processes {
		if n := count(&p.Body); n > maxDrawn {
			l.fail(processFile, p.Pos, p.ID, "service.lint.many", "n", n, "max", maxDrawn)
			return false
		}
	}
	return true
}

// itoa writes a small number.
func itoa(n int) string { return strconv.Itoa(n) }

// hours writes minutes as hours.
func hours(minutes int) string { return strconv.FormatFloat(float64(minutes)/60, 'f', -1, 64) }

// officers checks that each officer's form belongs to an action of a step.
func (l *loader) officers() {
	names := map[string]bool{}
	for _, s := range l.pkg.Process.Steps() {
		for _, a := range s.Actions {
			names[a.Do], names[s.ID+"."+a.Do] = true, true
		}
	}
	known := slices.Sorted(maps.Keys(names))
	for _, name := range l.pkg.Form.Actions() {
		if !names[name] {
			l.fail("form.yaml", l.def.Officer[name].Pos, "officer."+name, "service.lint.officer", "action", name, "nearest", nearestOr(name, known))
		}
	}
	told := map[string]bool{}
	for _, s := range l.pkg.Process.Steps() {
		for _, a := range s.Actions {
			if _, asks := l.pkg.Form.Officer(s.ID, a.Do); !asks && !told[a.Do] && (a.Do == process.DoRefuse || a.Do == process.DoSupplement || a.Do == process.DoStop) {
				told[a.Do] = true
				file, pos := l.stepPlace(s.ID)
				l.fail(file, pos, s.ID+"."+a.Do, "service.lint.reason", "action", a.Do)
			}
		}
	}
}

// coverage asks for the notices and scenarios that the process calls for.
func (l *loader) coverage() {
	milestones := l.pkg.Process.Milestones()
	for _, m := range told {
		if _, ok := l.pkg.Notices[m]; !ok && slices.Contains(milestones, m) {
			l.fail("notify/"+m+".yaml", decl.Pos{Line: 1, Col: 1}, m, "service.lint.noNotice", "event", m)
		}
	}
	for _, n := range l.pkg.Notices {
		if !slices.Contains(milestones, n.Event) {
			l.fail(n.file, n.pos, n.Event, "service.lint.noticeEvent", "event", n.Event, "nearest", nearestOr(n.Event, milestones))
		}
	}
	if len(l.pkg.Scenarios) == 0 {
		l.fail("tests", decl.Pos{Line: 1, Col: 1}, "", "service.lint.scenario", "what", "submit")
		return
	}
	does := l.played()
	for _, need := range []struct{ milestone, does string }{
		{"refused", process.DoRefuse}, {"supplementAsked", process.DoSupplement}, {"lapsed", "lapse"}, {"silenceAgreed", "silence"},
	} {
		if slices.Contains(milestones, need.milestone) && !does[need.does] {
			l.fail("tests", decl.Pos{Line: 1, Col: 1}, need.does, "service.lint.scenario", "what", need.does)
		}
	}
}

// played are the things that scenarios do. A wait right after a request for a supplement
// lets it lapse; another wait lets somebody be silent.
func (l *loader) played() map[string]bool {
	does := map[string]bool{}
	for _, s := range l.pkg.Scenarios {
		last := ""
		for _, st := range s.Steps {
			_, act, dotted := strings.Cut(st.Do, ".")
			if !dotted {
				act = st.Do
			}
			if st.Fails == "" {
				does[act] = true
			}
			if act == "wait" && last == process.DoSupplement {
				does["lapse"] = true
			} else if act == "wait" {
				does["silence"] = true
			}
			last = act
		}
	}
	return does
}
