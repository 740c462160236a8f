package service

import (
	"slices"
	"strings"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/decl"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
)

// paid refuses a way to the result on which nothing is ever paid, or of which nobody said
// when it is.
func (l *loader) paid() {
	p := l.pkg
	const file = "service.yaml"
	if p.Fee.When != "" && !slices.Contains(feeTimes, p.Fee.When) {
		l.fail(file, p.Fee.Pos, "fee.when", "service.lint.wordNear", "value", p.Fee.When, "known", list(feeTimes), "nearest", nearestOr(p.Fee.When, feeTimes))
		return
	}
	owed := p.Fee.Kind == "amount" || p.Fee.Kind == "set-by-council" || p.Fee.Rule != ""
	if !owed {
		return
	}
	switch {
	case p.Fee.When == "":
		l.fail(file, p.Fee.Pos, "fee.when", "service.lint.feeWhen", "known", list(feeTimes))
	case p.Fee.When == "accept" && p.Process.Avoids(process.DoAccept):
		at, pos := l.firstStep()
		l.fail(at, pos, l.pkg.Process.Steps()[0].ID, "service.lint.unpaid", "action", process.DoAccept)
	case p.Fee.When == "return" && !l.does(process.DoIssue):
		l.fail(file, p.Fee.Pos, "fee.when", "service.lint.unpaid", "action", process.DoIssue)
	}
	if p.Fee.Kind == "amount" && p.Fee.Amount <= 0 && p.Fee.Rule == "" {
		l.fail(file, p.Fee.Pos, "fee.amount", "service.lint.feeAmount")
	}
}

// feeTimes are when a fee is paid.
//
//nolint:gochecknoglobals // immutable table
var feeTimes = []string{"submit", "accept", "return"}

// does reports whether a step has an action.
func (l *loader) does(do string) bool {
	return slices.ContainsFunc(l.pkg.Process.Steps(), func(s process.StepInfo) bool {
		return slices.ContainsFunc(s.Actions, func(a process.ActionInfo) bool { return a.Do == do })
	})
}

func (l *loader) firstStep() (string, decl.Pos) {
	steps := l.pkg.Process.Steps()
	if len(steps) == 0 {
		return "steps.yaml", decl.Pos{Line: 1, Col: 1}
	}
	return l.stepPlace(steps[0].ID)
}

// handsOver is the place of the step that gives the result out.
func (l *loader) handsOver() (file string, pos decl.Pos, element string) {
	for _, s := range l.pkg.Process.Steps() {
		for _, a := range s.Actions {
			if a.Do == process.DoIssue {
				file, pos = l.stepPlace(s.ID)
				return file, pos, s.ID + "." + a.Do
			}
		}
	}
	file, pos = l.firstStep()
	return file, pos, ""
}

// budget compares the steps with the legal term of each case and channel, 8 working hours
// a day. A deadline that states a reason may be exceeded.
func (l *loader) budget(src *source) {
	cases, channels := l.pkg.Cases, l.pkg.Channels
	if len(cases) == 0 {
		cases = []string{""}
	}
	told := map[int]bool{}
	for _, kase := range cases {
		for _, ch := range channels {
			term, ok := l.pkg.Process.Deadline(kase, string(ch))
			if !ok {
				l.fail("service.yaml", src.Pos, "deadline", "service.lint.noDeadline", "case", kase, "channel", string(ch))
				return
			}
			i := slices.IndexFunc(src.Deadline, func(d deadlineDef) bool { return d.Case == term.Case && d.Channel == term.Channel })
			if i < 0 || told[i] || src.Deadline[i].Reason != "" {
				continue
			}
			sum, longest := l.minutes(kase, string(ch))
			if allowed := termMinutes(term.Term); sum > allowed {
				told[i] = true
				l.fail("service.yaml", src.Deadline[i].Pos, deadlineName(src.Deadline[i], i), "service.lint.budget",
					"sum", hours(sum), "term", hours(allowed), "case", orAny(kase), "channel", string(ch), "longest", longest)
			} else if step, within := l.outlast(allowed); step != "" {
				told[i] = true
				l.fail("service.yaml", src.Deadline[i].Pos, deadlineName(src.Deadline[i], i), "service.lint.outlasts",
					"step", step, "within", within, "term", hours(allowed), "case", orAny(kase))
			}
		}
	}
}

func orAny(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func deadlineName(d deadlineDef, i int) string {
	name := "deadline[" + itoa(i) + "]"
	if d.Case != "" {
		name += " " + d.Case
	}
	return name
}

// termMinutes is a legal term as working minutes: a week of calendar days has five working
// days, a month twenty.
func termMinutes(d calendar.Deadline) int {
	const day = 8 * 60
	switch d.Kind {
	case calendar.SameDay:
		return day
	case calendar.WorkingDays:
		return d.N * day
	case calendar.WorkingHours:
		return d.N * 60
	case calendar.CalendarDays:
		return (d.N*5*day + 6) / 7
	case calendar.Months:
		return d.N * 20 * day
	}
	return 0
}

// minutes is the longest sum of the steps that a case and channel go through, and the step
// with the largest budget. Steps that cannot be reached in that case are left out.
func (l *loader) minutes(kase, channel string) (sum int, longest string) {
	steps := l.chain().Steps
	best := 0
	note := func(id string, m int) {
		if m > best {
			best, longest = m, id
		}
	}
	if len(steps) == 0 { // a drawn process: its branches are the engine's to add up
		for _, s := range l.pkg.Process.Steps() {
			note(s.ID, s.Minutes)
		}
		return l.pkg.Process.Minutes(), longest
	}
	c := l.conditions()
	for _, s := range steps {
		info, ok := l.pkg.Process.Step(s.ID)
		if !ok || s.When.Set() && c.neverIn(s.When, kase, channel) {
			continue
		}
		sum += info.Minutes
		note(s.ID, info.Minutes)
	}
	return sum, longest
}

// neverIn reports whether a condition cannot hold in a case and channel.
func (c *conditions) neverIn(t decl.Text, kase, channel string) bool {
	f := c.l.pkg.Form
	k := condition{f, []decl.Text{t}}
	if kase != "" {
		k.parts = append(k.parts, decl.Text{S: "case = " + quoted(kase), Pos: t.Pos})
	}
	k.parts = append(k.parts, decl.Text{S: "channel = " + quoted(channel), Pos: t.Pos})
	return c.never(k)
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, ``) + `"` }

// purposes asks for the purpose of the data that the form and the papers use: a source
// beyond the applicant's own must be declared, and a declared one have a purpose.
func (l *loader) purposes() {
	d := l.pkg.Data
	if len(d.Uses) > 0 && d.Purpose == "" {
		l.fail("service.yaml", d.Pos, "data.purpose", "service.lint.purpose")
	}
	tell := func(fd form.FieldDef) {
		for _, s := range fd.Suggest {
			head, _, _ := strings.Cut(s, ".")
			if slices.Contains(own, head) {
				continue
			}
			if !declared(d.Uses, head) {
				l.fail("form.yaml", fd.Pos, fd.ID+".suggest", "service.lint.use", "source", s, "known", list(d.Uses))
			}
		}
	}
	drawn, _ := l.read(processFile)
	for _, name := range l.pkg.Process.Connectors() {
		head, _, _ := strings.Cut(name, ".")
		if !declared(d.Uses, head) {
			l.fail(processFile, placeOfText(drawn, `"`+name+`"`), name, "service.lint.use", "source", name, "known", list(d.Uses))
		}
	}
	for _, p := range l.def.Pages {
		for _, fd := range p.Fields {
			tell(fd)
		}
	}
	for _, a := range l.def.Officer {
		for _, fd := range a.Fields {
			tell(fd)
		}
	}
}

// declared reports whether data.uses names something of a register.
func declared(uses []string, register string) bool {
	return slices.ContainsFunc(uses, func(u string) bool { return u == register || strings.HasPrefix(u, register+".") })
}

// own are the sources of answers that are the applicant's own.
//
//nolint:gochecknoglobals // immutable table
var own = []string{"profile", "previous", "wallet", "typed"}
