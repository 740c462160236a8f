package service

import (
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/calendar"
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
		l.fail(file, src.Pos, "competent.by", "service.lint.competent", "path", p.Competent.By)
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
	if len(p.Data.Uses) > 0 && p.Data.Purpose == "" {
		l.fail(file, src.Pos, "data.purpose", "service.lint.purpose")
	}
	if p.Data.Retention == "" {
		l.fail(file, src.Pos, "data.retention", "service.lint.retention")
	}
	if p.LevelCap.Max > 0 && (p.LevelCap.Reason == "" || p.LevelCap.Source == "") && p.LevelCap.Max < 4 {
		l.fail(file, src.Pos, "levelCap", "service.lint.levelCap")
	}
	if len(p.Result.Sign) > 0 && p.Process.Avoids(process.DoSign) {
		l.fail("steps.yaml", decl.Pos{}, "", "service.lint.unsigned")
	}
	for _, r := range p.More {
		if milestones := p.Process.Milestones(); !slices.Contains(milestones, r.On) {
			l.fail(file, r.Pos, "results."+r.Kind, "service.lint.noticeEvent", "event", r.On, "nearest", decl.Nearest(r.On, milestones))
		}
		l.need(r.Pos, "result."+r.Kind)
	}
	l.budget()
	l.officers()
	l.coverage()
	if l.pkg.help["vi"] == "" {
		l.fail("help/vi.md", decl.Pos{}, "", "service.lint.missingFile", "file", "help/vi.md")
	}
}

func (l *loader) need(pos decl.Pos, key string) {
	if _, ok := l.pkg.texts[key]; !ok {
		l.fail("i18n/vi.yaml", pos, key, "service.lint.text", "key", key, "lang", "Tiếng Việt, English")
	}
}

// budget compares the steps with the shortest legal term, 8 working hours a day.
func (l *loader) budget() {
	if l.overrun {
		return
	}
	for _, d := range l.pkg.Terms.Deadlines {
		minutes := 0
		switch d.Term.Kind {
		case calendar.SameDay:
			minutes = 8 * 60
		case calendar.WorkingDays:
			minutes = d.Term.N * 8 * 60
		case calendar.WorkingHours:
			minutes = d.Term.N * 60
		case calendar.CalendarDays:
			minutes = d.Term.N * 5 / 7 * 8 * 60
		case calendar.Months:
			minutes = d.Term.N * 20 * 8 * 60
		}
		if sum := l.pkg.Process.Minutes(); sum > minutes {
			l.fail("steps.yaml", decl.Pos{}, "hours", "service.lint.budget", "sum", hours(sum), "term", hours(minutes))
			return
		}
	}
}

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
	known := make([]string, 0, len(names))
	for n := range names {
		known = append(known, n)
	}
	slices.Sort(known)
	for _, name := range l.pkg.Form.Actions() {
		if !names[name] {
			l.fail("form.yaml", decl.Pos{}, "officer."+name, "service.lint.officer", "action", name, "nearest", decl.Nearest(name, known))
		}
	}
	for _, s := range l.pkg.Process.Steps() {
		for _, a := range s.Actions {
			if _, asks := l.pkg.Form.Officer(s.ID, a.Do); !asks && (a.Do == process.DoRefuse || a.Do == process.DoSupplement || a.Do == process.DoStop) {
				l.fail("form.yaml", decl.Pos{}, "officer."+a.Do, "service.lint.reason", "action", a.Do)
			}
		}
	}
}

// coverage asks for the notices and scenarios that the process calls for.
func (l *loader) coverage() {
	milestones := l.pkg.Process.Milestones()
	for _, m := range told {
		if _, ok := l.pkg.Notices[m]; !ok && slices.Contains(milestones, m) {
			l.fail("notify", decl.Pos{}, m, "service.lint.noNotice", "event", m)
		}
	}
	for name := range l.pkg.Notices {
		if !slices.Contains(milestones, name) {
			l.fail("notify", decl.Pos{}, name, "service.lint.noticeEvent", "event", name, "nearest", decl.Nearest(name, milestones))
		}
	}
	if len(l.pkg.Scenarios) == 0 {
		l.fail("tests", decl.Pos{}, "", "service.lint.scenario", "what", "submit")
		return
	}
	does := map[string]bool{}
	for _, s := range l.pkg.Scenarios {
		for _, st := range s.Steps {
			_, act, dotted := strings.Cut(st.Do, ".")
			if !dotted {
				act = st.Do
			}
			does[act] = true
		}
	}
	for milestone, do := range map[string]string{"refused": "refuse", "supplementAsked": "supplement", "silenceAgreed": "wait"} {
		if slices.Contains(milestones, milestone) && !does[do] {
			l.fail("tests", decl.Pos{}, do, "service.lint.scenario", "what", do)
		}
	}
}
