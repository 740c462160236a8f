package dossierweb

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// timingView is where the time of a dossier went: a bar by tier, with its table beside.
type timingView struct {
	Bar   []barPart
	Label string // the bar in words, for who does not see it
	Steps ui.TableArgs
}

// barPart is one part of a bar. Kind names its colour and its pattern.
type barPart struct {
	Kind  string
	Label string
	Value string
	From  int // thousandths of the bar
	Width int
}

// x is where the part begins, on a bar of a thousand.
func (p barPart) x() string { return strconv.Itoa(p.From) }
func (p barPart) w() string { return strconv.Itoa(max(p.Width, 2)) }

func tierName(ctx context.Context, t orgunit.Tier) string {
	return i18n.T(ctx, "dossierweb.timing.tier."+string(t))
}

// timing draws where the time of a dossier went, for its officers.
func (h *handlers) timing(ctx context.Context, d dossier.Dossier, pkg *service.Package, lines []dossier.Line) timingView {
	t := h.svc.TimingOf(d, pkg, lines)
	v := timingView{Bar: bar(ctx, t)}
	parts := make([]string, len(v.Bar))
	for i, p := range v.Bar {
		parts[i] = p.Label + ": " + p.Value
	}
	v.Label = i18n.T(ctx, "dossierweb.timing.bar", "parts", strings.Join(parts, "; "))
	v.Steps = ui.TableArgs{
		Caption: i18n.T(ctx, "dossierweb.timing.caption"), CaptionQuiet: true, First: true,
		Head: []ui.Column{
			{Label: i18n.T(ctx, "dossierweb.col.step")}, {Label: i18n.T(ctx, "dossierweb.timing.unit")}, {Label: i18n.T(ctx, "dossierweb.timing.clock")},
			{Label: i18n.T(ctx, "dossierweb.timing.worked"), Numeric: true}, {Label: i18n.T(ctx, "dossierweb.timing.budget"), Numeric: true},
		},
	}
	for _, s := range t.Stays {
		row := ui.Row{Marked: s.To.IsZero()}
		name := i18n.T(ctx, "dossierweb.wait."+string(process.ForSupplement))
		if s.Fee {
			name = i18n.T(ctx, "dossierweb.wait.fee")
		} else if s.Step != "" {
			name = stepLabel(ctx, pkg, s.Step, false)
		}
		span := shortTime(ctx, s.From) + " – " + i18n.T(ctx, "dossierweb.timing.open")
		if !s.To.IsZero() {
			span = shortTime(ctx, s.From) + " – " + shortTime(ctx, s.To)
		}
		unit := i18n.T(ctx, "dossierweb.role.applicant")
		if s.Unit != 0 {
			unit = h.unitName(ctx, s.Unit, s.From)
		}
		over := ui.T(workedWords(ctx, s.Worked))
		if s.Whose == dossier.UnitTime && s.Budget > 0 && s.Worked > s.Budget {
			over.Note = i18n.T(ctx, "dossierweb.timing.over", "for", workedWords(ctx, s.Worked-s.Budget))
		}
		budget := ""
		if s.Budget > 0 {
			budget = workedWords(ctx, s.Budget)
		}
		row.Cells = []ui.Cell{{Text: name, Note: span}, ui.T(unit), ui.T(i18n.T(ctx, "dossierweb.timing.whose."+string(s.Whose))), over, ui.T(budget)}
		v.Steps.Rows = append(v.Steps.Rows, row)
	}
	return v
}

// bar lays the time out by tier, the waits of others after it.
func bar(ctx context.Context, t dossier.Timing) []barPart {
	var out []barPart
	var all time.Duration
	put := func(kind, label string, d time.Duration) {
		if d > 0 {
			all += d
			out = append(out, barPart{Kind: kind, Label: label, Value: workedWords(ctx, d), Width: int(d / time.Minute)})
		}
	}
	for _, x := range t.Tiers {
		put(string(x.Tier), tierName(ctx, x.Tier), x.Worked)
	}
	put("applicant", i18n.T(ctx, "dossierweb.timing.whose.applicant"), t.Applicant)
	put("none", i18n.T(ctx, "dossierweb.timing.whose.none"), t.Nobody)
	at, sum := 0, int(all/time.Minute)
	for i := range out {
		width := 0
		if sum > 0 {
			width = out[i].Width * 1000 / sum
		}
		if i == len(out)-1 {
			width = 1000 - at
		}
		out[i].From, out[i].Width = at, width
		at += width
	}
	return out
}

// workedWords is office time in hours and minutes: days would be read as days of the
// calendar.
func workedWords(ctx context.Context, d time.Duration) string {
	hours, minutes := int(d/time.Hour), int(d%time.Hour/time.Minute)
	switch {
	case hours == 0:
		return i18n.T(ctx, "dossierweb.timing.minutes", "n", minutes)
	case minutes == 0:
		return i18n.T(ctx, "dossierweb.timing.hours", "n", hours)
	}
	return i18n.T(ctx, "dossierweb.timing.hours", "n", hours) + " " + i18n.T(ctx, "dossierweb.timing.minutes", "n", minutes)
}

// tierRow is what the citizen reads: how long each tier has worked on the dossier.
func (h *handlers) tierRow(ctx context.Context, d dossier.Dossier, pkg *service.Package, lines []dossier.Line) (ui.SummaryRow, bool) {
	t := h.svc.TimingOf(d, pkg, lines)
	var parts []string
	for _, x := range t.Tiers {
		parts = append(parts, i18n.T(ctx, "dossierweb.timing.at", "tier", tierName(ctx, x.Tier), "for", workedWords(ctx, x.Worked)))
	}
	if t.Applicant > 0 {
		parts = append(parts, i18n.T(ctx, "dossierweb.timing.at", "tier", i18n.T(ctx, "dossierweb.timing.whose.applicant"), "for", workedWords(ctx, t.Applicant)))
	}
	if len(parts) == 0 {
		return ui.SummaryRow{}, false
	}
	return ui.SummaryRow{
		Key: i18n.T(ctx, "dossierweb.timing.used"), Value: ui.Cell{Text: strings.Join(parts, "; "), Note: i18n.T(ctx, "dossierweb.timing.note")},
	}, true
}

// dueValue is a date with its reasons folded under it.
func (h *handlers) dueValue(ctx context.Context, due ui.Cell, d dossier.Dossier, pkg *service.Package, lines []dossier.Line) ui.Cell {
	words := h.svc.DueWords(ctx, d, pkg, lines)
	var waits []string
	for _, w := range h.svc.Waits(d, pkg) {
		words := w.Words(ctx)
		if w.Why == "silence" {
			words = stepLabel(ctx, pkg, w.Step, true) + ": " + words
		}
		if !slices.Contains(waits, words) {
			waits = append(waits, words)
		}
	}
	if words == "" && len(waits) == 0 {
		return due
	}
	return ui.C(dueReason(due, words, waits))
}
