package dossierweb

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// familyView is what a dossier's page shows of its children and of the agencies on its way.
type familyView struct {
	Children *ui.TableArgs // nil: its service opens none
	Way      *ui.TableArgs // nil: one agency deals with it alone
}

// family draws children and way. public readers get links that carry the child's own key;
// key is the parent's.
func (h *handlers) family(ctx context.Context, d dossier.Dossier, c dossier.Content, pkg *service.Package, lines []dossier.Line, public bool, key string) (familyView, error) {
	var v familyView
	kids, err := h.svc.Children(ctx, d)
	if err != nil {
		return v, err
	}
	if len(kids) > 0 {
		t := h.childTable(ctx, kids, public, key)
		v.Children = &t
	}
	if legs := h.svc.Legs(d, c, pkg, lines); len(legs) > 1 {
		t := h.wayTable(ctx, d, legs)
		v.Way = &t
	}
	return v, nil
}

func (h *handlers) childTable(ctx context.Context, kids []dossier.Dossier, public bool, key string) ui.TableArgs {
	now := h.clock.Now()
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "dossierweb.family.children"), CaptionQuiet: true, First: true,
		Head: []ui.Column{
			{Label: i18n.T(ctx, "dossierweb.family.child")}, {Label: i18n.T(ctx, "dossierweb.timing.unit")},
			{Label: i18n.T(ctx, "dossierweb.field.state")}, {Label: i18n.T(ctx, "dossierweb.field.due")},
		},
	}
	for _, k := range kids {
		name := k.Procedure
		if pkg, err := h.services.ByDigest(k.Package); err == nil {
			name = say(ctx, pkg.Name())
		}
		first := ui.Cell{Text: name, Note: k.Code}
		switch {
		case public && key != "":
			first.Href = h.publicPath(k)
		case public:
			first.Href = "/dossiers/" + url.PathEscape(k.Code)
		case h.svc.MaySeeAll(ctx, k):
			first.Href = "/desk/dossiers/" + url.PathEscape(k.Code)
		}
		due := ui.T(i18n.T(ctx, "dossierweb.family.later"))
		switch ended := k.State.Ended() || k.State == process.Done; {
		case !k.DueAt.IsZero():
			due = dueCell(ctx, k.DueAt, now, ended && !k.Late(now))
		case ended:
			due = ui.T(i18n.T(ctx, "dossierweb.due.none"))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			first, h.unitCell(ctx, k.Competent, k), ui.Tagged(stateWord(ctx, k.State), stateTone(k.State)), due,
		}})
	}
	return t
}

// unitCell is a unit with a note where it is no part of the committees.
func (h *handlers) unitCell(ctx context.Context, u orgunit.UnitID, d dossier.Dossier) ui.Cell {
	c := ui.T(h.unitName(ctx, u, d.SubmittedAt))
	if v, ok := h.units.At(clock.DateOf(d.SubmittedAt)).Get(u); ok && v.External() {
		c.Note = i18n.T(ctx, "dossierweb.family.external")
	}
	return c
}

// wayTable is the dossier's way over the tiers: where it was, is and goes, with the days
// that each has and used.
func (h *handlers) wayTable(ctx context.Context, d dossier.Dossier, legs []dossier.Leg) ui.TableArgs {
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "dossierweb.family.way"), CaptionQuiet: true, First: true,
		Head: []ui.Column{
			{Label: i18n.T(ctx, "dossierweb.timing.unit")}, {Label: i18n.T(ctx, "dossierweb.field.state")},
			{Label: i18n.T(ctx, "dossierweb.family.has"), Numeric: true}, {Label: i18n.T(ctx, "dossierweb.family.used"), Numeric: true},
		},
	}
	for _, l := range legs {
		name := h.unitCell(ctx, l.Agency.ID, d)
		if name.Note == "" {
			name.Note = tierName(ctx, l.Agency.Tier)
		}
		state := ui.Tagged(i18n.T(ctx, "dossierweb.family.todo"), ui.ToneNeutral)
		switch {
		case l.Open:
			state = ui.Tagged(i18n.T(ctx, "dossierweb.family.here"), ui.ToneActive)
			state.Note = i18n.T(ctx, "dossierweb.family.since", "at", shortTime(ctx, l.From))
		case !l.From.IsZero():
			state = ui.Tagged(i18n.T(ctx, "dossierweb.family.left"), ui.ToneDone)
			state.Note = shortTime(ctx, l.From) + " – " + shortTime(ctx, l.To)
		}
		used := ui.T("")
		if !l.From.IsZero() {
			used.Text = h.days(ctx, l.Days)
			if l.Late() {
				used.Note = i18n.T(ctx, "dossierweb.family.over", "days", h.days(ctx, l.Days-l.Planned))
			}
		}
		has := ""
		if l.Planned > 0 {
			has = h.days(ctx, l.Planned)
		}
		t.Rows = append(t.Rows, ui.Row{Marked: l.Open, Cells: []ui.Cell{name, state, ui.T(has), used}})
	}
	return t
}

// days is a count of working days with at most one decimal, as the reader writes it.
func (h *handlers) days(ctx context.Context, n float64) string {
	s := strings.TrimSuffix(strconv.FormatFloat(n, 'f', 1, 64), ".0")
	if i18n.LangOf(ctx) == i18n.VI {
		s = strings.Replace(s, ".", ",", 1)
	}
	return i18n.T(ctx, "dossierweb.family.days", "n", s)
}

// parentRow names the dossier that a child belongs to; false where there is none.
func (h *handlers) parentRow(ctx context.Context, d dossier.Dossier, public bool) (ui.SummaryRow, bool) {
	parent, ok, err := h.svc.ParentOf(ctx, d)
	if err != nil || !ok {
		return ui.SummaryRow{}, false
	}
	cell := ui.T(parent.Code)
	if h.svc.MaySeeAll(ctx, parent) {
		if cell.Href = "/desk/dossiers/" + url.PathEscape(parent.Code); public {
			cell.Href = "/dossiers/" + url.PathEscape(parent.Code)
		}
	}
	if pkg, err := h.services.ByDigest(parent.Package); err == nil {
		cell.Note = say(ctx, pkg.Name())
	}
	return ui.SummaryRow{Key: i18n.T(ctx, "dossierweb.family.parent"), Value: cell}, true
}

// childEvent is a line of the parent's timeline: which child ended, and how.
func (h *handlers) childEvent(ctx context.Context, l dossier.Line) string {
	name := l.Child
	if pkg, err := h.services.ByDigest(l.Service); err == nil {
		name = say(ctx, pkg.Name())
	}
	return name + ": " + stateWord(ctx, l.Outcome)
}

// titleOf is the service with the case of its procedure, where it has several.
func titleOf(v taskView) string {
	if v.Case == "" {
		return v.Name
	}
	return v.Name + " · " + v.Case
}
