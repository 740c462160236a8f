package dossierweb

import (
	"context"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

func say(ctx context.Context, l decl.Label) string { return l.In(i18n.LangOf(ctx)) }

// stateTone is the colour of a core state; its words carry the meaning.
func stateTone(s process.State) ui.Tone {
	switch s {
	case process.Submitted:
		return ui.ToneNew
	case process.Accepted, process.Processing:
		return ui.ToneActive
	case process.Supplement, process.Financial:
		return ui.ToneWaiting
	case process.Done, process.Returned:
		return ui.ToneDone
	case process.NotAccepted, process.Stopped, process.Withdrawn:
		return ui.ToneStopped
	}
	return ui.ToneNeutral
}

func stateWord(ctx context.Context, s process.State) string {
	return i18n.T(ctx, "process.state."+s.String())
}

// roleName is a role in the reader's language.
func roleName(ctx context.Context, role string) string {
	if role == process.RoleApplicant {
		return i18n.T(ctx, "dossierweb.role.applicant")
	}
	return orgunit.Role(role).In(i18n.LangOf(ctx))
}

// unitName is a unit by its name on the day of the dossier.
func (h *handlers) unitName(ctx context.Context, u orgunit.UnitID, on time.Time) string {
	t := h.units.At(clock.DateOf(on))
	v, ok := t.Get(u)
	if !ok { // a dossier that moved names a unit of another day
		if v, ok = h.units.Register().Unit(u); !ok {
			return u.String()
		}
		last, _ := v.LastDay()
		if t = h.units.At(v.From); !last.IsZero() {
			t = h.units.At(last)
		}
	}
	en := i18n.LangOf(ctx) == i18n.EN && v.NameEN != ""
	name := v.Name
	if en {
		name = v.NameEN
	}
	if v.Class != orgunit.Office {
		return name
	}
	if place, ok := t.Get(v.Serves); ok && v.External() { // "Công an phường" of which ward
		switch {
		case en:
			return name + ", " + place.NameEN
		case strings.Contains(name, place.Bare):
			return name
		}
		return name + " " + place.Bare
	}
	if a, ok := t.AgencyOf(v.ID); ok {
		if en {
			return name + ", " + a.NameEN
		}
		return name + ", " + a.Name
	}
	return name
}

// stepLabel is a step of a package; public is what the citizen reads.
func stepLabel(ctx context.Context, pkg *service.Package, step string, public bool) string {
	if pkg == nil {
		return step
	}
	if at, ok := process.OpinionOf(step); ok {
		return i18n.T(ctx, "dossierweb.consult.opinion", "step", stepLabel(ctx, pkg, at, public))
	}
	if at, ok := dossier.RepairOf(step); ok {
		return i18n.T(ctx, "dossierweb.correct.repair", "step", stepLabel(ctx, pkg, at, public))
	}
	s, ok := pkg.Process.Step(step)
	switch {
	case !ok:
		return step
	case public && !s.Public.IsZero():
		return say(ctx, s.Public)
	case s.Label.IsZero():
		return step // a gateway or an event without a name
	}
	return say(ctx, s.Label)
}

// publicStep is what the citizen reads of an element that is no task: the call of a child.
func publicStep(ctx context.Context, pkg *service.Package, step string) string {
	for _, key := range []string{"public." + step, "step." + step} {
		if l, ok := pkg.Label(key); ok {
			return say(ctx, l)
		}
	}
	return step
}

func actionLabel(ctx context.Context, pkg *service.Package, step, action string) string {
	if s, ok := pkg.Process.Step(step); ok {
		for _, a := range s.Actions {
			if a.Do == action && !a.Label.IsZero() {
				return say(ctx, a.Label)
			}
		}
	}
	if b := i18n.BundleOf(ctx); b != nil && b.Has("dossierweb.action."+action) {
		return i18n.T(ctx, "dossierweb.action."+action)
	}
	return action
}

// dueCell says a date with its distance: late, today, or the date alone.
func dueCell(ctx context.Context, due, now time.Time, ended bool) ui.Cell {
	if due.IsZero() {
		return ui.T(i18n.T(ctx, "dossierweb.due.none"))
	}
	c := ui.Cell{Text: shortTime(ctx, due)}
	switch {
	case ended:
	case now.After(due):
		c.Tagged, c.Tag = true, ui.ToneLate
		c.Note = i18n.T(ctx, "dossierweb.due.late", "for", distance(ctx, now.Sub(due)))
	case due.Sub(now) < 2*time.Hour:
		c.Tagged, c.Tag = true, ui.ToneSoon
		c.Note = i18n.T(ctx, "dossierweb.due.in", "for", distance(ctx, due.Sub(now)))
	default:
		c.Note = i18n.T(ctx, "dossierweb.due.in", "for", distance(ctx, due.Sub(now)))
	}
	return c
}

// shortTime is 17:00 23/06 as the reader writes it.
func shortTime(ctx context.Context, t time.Time) string {
	if i18n.LangOf(ctx) == i18n.EN {
		return t.In(clock.Zone).Format("15:04, 2 Jan 2006")
	}
	return t.In(clock.Zone).Format("15:04, 02/01/2006")
}

func longTime(ctx context.Context, t time.Time) string {
	return i18n.DateTime(i18n.LangOf(ctx), t)
}

// distance is a span in its two largest words at most.
func distance(ctx context.Context, d time.Duration) string {
	days, hours, minutes := int(d/(24*time.Hour)), int(d%(24*time.Hour)/time.Hour), int(d%time.Hour/time.Minute)
	switch {
	case days > 1:
		return i18n.T(ctx, "dossierweb.span.days", "n", days)
	case days == 1 && hours == 0:
		return i18n.T(ctx, "dossierweb.span.wholeDay")
	case days == 1:
		return i18n.T(ctx, "dossierweb.span.day", "hours", hours)
	case hours > 0 && minutes == 0:
		return i18n.T(ctx, "dossierweb.span.wholeHours", "n", hours)
	case hours > 0:
		return i18n.T(ctx, "dossierweb.span.hours", "n", hours, "minutes", minutes)
	}
	return i18n.T(ctx, "dossierweb.span.minutes", "n", max(minutes, 1))
}

// budget says office hours, which are not days: 24 of them are three working days.
func budget(ctx context.Context, minutes int) string {
	switch h, m := minutes/60, minutes%60; {
	case h == 0:
		return i18n.T(ctx, "dossierweb.span.minutes", "n", m)
	case m == 0:
		return i18n.T(ctx, "dossierweb.span.wholeHours", "n", h)
	default:
		return i18n.T(ctx, "dossierweb.span.hours", "n", h, "minutes", m)
	}
}

// events draws a timeline. public readers get the words meant for them.
func (h *handlers) events(ctx context.Context, d dossier.Dossier, pkg *service.Package, lines []dossier.Line, public bool) []ui.Event {
	out := make([]ui.Event, 0, len(lines)+2)
	for _, l := range lines {
		e := ui.Event{When: longTime(ctx, l.At), ISO: l.At.Format(time.RFC3339), State: ui.EventDone, Text: l.Comment}
		if l.Erased {
			e.Title, e.Text = i18n.T(ctx, "dossier.event.erased"), ""
			out = append(out, e)
			continue
		}
		e.Title, e.Text = h.eventTitle(ctx, pkg, l), said(ctx, l)
		if l.Shift != nil {
			e.Text = h.shifted(ctx, l)
		}
		e.By = h.eventBy(ctx, l, public)
		switch l.State {
		case process.NotAccepted, process.Stopped, process.Withdrawn:
			e.State = ui.EventProblem
		case process.Supplement:
			if l.Action == "supplement" {
				e.State = ui.EventProblem
			}
		}
		out = append(out, e)
	}
	return h.future(ctx, d, pkg, out, public)
}

// shifted says from where to where a reorganisation moved a dossier, by the names of before
// and of after.
func (h *handlers) shifted(ctx context.Context, l dossier.Line) string {
	name := func(u int64) string { return h.unitName(ctx, orgunit.UnitID(u), l.At) }
	from, to := name(l.Shift.Receiving[0]), name(l.Shift.Receiving[1])
	key := "dossierweb.moved.text"
	if l.Shift.Basis == "" {
		key = "dossierweb.moved.plain"
	}
	text := i18n.T(ctx, key, "from", from, "to", to, "basis", l.Shift.Basis)
	for _, t := range l.Shift.Tasks {
		if from, to := name(int64(t.From)), name(int64(t.To)); int64(t.From) != l.Shift.Receiving[0] {
			text += " " + i18n.T(ctx, "dossierweb.moved.task", "from", from, "to", to)
		}
	}
	return text
}

// said is the comment of a line, with the order that it rests on and the dossier it leads to.
func said(ctx context.Context, l dossier.Line) string {
	text := l.Comment
	if l.Authority != "" {
		text = i18n.T(ctx, "dossierweb.correct.order", "comment", text, "authority", l.Authority)
	}
	if l.Link != "" {
		text = i18n.T(ctx, "dossierweb.correct.linked", "comment", text, "code", l.Link)
	}
	return text
}

func (h *handlers) eventTitle(ctx context.Context, pkg *service.Package, l dossier.Line) string {
	if l.Kind == dossier.KindChildEnded {
		return h.childEvent(ctx, l)
	}
	if e := l.Escalated; e != nil {
		what := "task"
		if e.Promise {
			what = "promise"
		}
		return i18n.T(ctx, "dossier.escalated."+what, "to", strings.Join(e.To, ", "), "rank", i18n.T(ctx, "dossier.escalated.rank_"+string(e.Rank)))
	}
	if b := i18n.BundleOf(ctx); b != nil {
		if key := "dossier.event." + strings.TrimPrefix(l.Kind, "dossier."); b.Has(key) {
			return i18n.T(ctx, key)
		}
	}
	if pkg == nil || l.Action == "" {
		return l.Kind
	}
	return stepLabel(ctx, pkg, l.Step, false) + ": " + actionLabel(ctx, pkg, l.Step, l.Action)
}

func (h *handlers) eventBy(ctx context.Context, l dossier.Line, public bool) string {
	unit := ""
	if n, err := strconv.ParseInt(l.Unit, 10, 64); err == nil {
		unit = h.unitName(ctx, orgunit.UnitID(n), l.At)
	}
	if l.For != "" && l.By == "" && !public {
		return i18n.T(ctx, "dossierweb.toQueue", "name", l.For) + " · " + unit
	}
	if public || l.By == "" {
		return unit
	}
	if l.Role != "" && l.Role != process.RoleApplicant {
		by := l.By
		if l.For != "" && l.Kind != dossier.KindStandsIn {
			by += " (" + i18n.T(ctx, "dossierweb.behalf", "name", l.For) + ")"
		} else if l.For != "" {
			by = i18n.T(ctx, "dossierweb.standsIn", "by", l.By, "name", l.For)
		}
		return by + ", " + roleName(ctx, l.Role) + " · " + unit
	}
	return l.By
}

// future adds where the dossier stands and what was promised.
func (h *handlers) future(ctx context.Context, d dossier.Dossier, pkg *service.Package, out []ui.Event, public bool) []ui.Event {
	if d.State.Ended() {
		return out
	}
	for _, t := range d.Instance.Tokens {
		e := ui.Event{Title: stepLabel(ctx, pkg, t.Step, public), State: ui.EventCurrent, When: i18n.T(ctx, "dossierweb.now")}
		switch t.Wait {
		case process.ForTask:
		case process.ForChild:
			e.Title = publicStep(ctx, pkg, t.Step)
		case process.ForJoin, process.ForInner, process.ForMany:
			continue // others stand for it
		default:
			e.Title = i18n.T(ctx, "dossierweb.wait."+string(t.Wait))
		}
		out = append(out, e)
	}
	if !d.DueAt.IsZero() && d.State != process.Done {
		out = append(out, ui.Event{
			Title: i18n.T(ctx, "dossierweb.promised"), When: longTime(ctx, d.DueAt), ISO: d.DueAt.Format(time.RFC3339), State: ui.EventFuture, Planned: true,
		})
	}
	return out
}

// groupedPhone is 0912 000 001.
func groupedPhone(s string) string {
	if len(s) != 10 {
		return s
	}
	return s[:4] + " " + s[4:7] + " " + s[7:]
}
