package rightsweb

import (
	"context"
	"net/http"
	"slices"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/rights"
)

// termsView shows how long the city keeps what, and what is due.
type termsView struct {
	Rules    ui.TableArgs
	Services ui.TableArgs
	Batches  ui.TableArgs
	Holds    ui.TableArgs
}

func (h handlers) terms(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	l := i18n.LangOf(ctx)
	due, err := h.Rights.Due(ctx)
	if err != nil {
		return err
	}
	batches, err := h.Rights.Batches(ctx)
	if err != nil {
		return err
	}
	holds, err := h.Rights.Holds(ctx)
	if err != nil {
		return err
	}
	holds = slices.DeleteFunc(holds, func(x rights.Hold) bool { return !x.InForce() })
	v := termsView{Holds: holdTable(ctx, holds)}
	v.Rules = ui.TableArgs{Caption: t(ctx, "terms.rules"), First: true, Head: []ui.Column{
		{Label: t(ctx, "terms.what")}, {Label: t(ctx, "terms.after")}, {Label: t(ctx, "terms.how")}, {Label: t(ctx, "terms.law")}, {Label: t(ctx, "terms.due"), Numeric: true},
	}}
	for _, x := range h.Rights.Rules() {
		after, n := periodWords(ctx, x.After), ""
		if x.How == "answer" {
			after = t(ctx, "terms.days", "n", x.Days)
		}
		if c, ok := due[x.ID]; ok {
			n = i18n.Number(l, int64(c))
		}
		v.Rules.Rows = append(v.Rules.Rows, ui.Row{Cells: []ui.Cell{ui.T(t(ctx, "rule."+x.ID)), ui.T(after), ui.T(t(ctx, "how."+x.How)), sourceCell(ctx, x), ui.T(n)}})
	}
	v.Services = ui.TableArgs{Caption: t(ctx, "terms.services"), CaptionQuiet: true, First: true, Head: []ui.Column{{Label: t(ctx, "terms.service")}, {Label: t(ctx, "terms.after")}}}
	for _, s := range sorted(h.Rights.Services()) {
		v.Services.Rows = append(v.Services.Rows, ui.Row{Cells: []ui.Cell{ui.T(s[0]), ui.T(periodWords(ctx, s[1]))}})
	}
	v.Batches = ui.TableArgs{Caption: t(ctx, "terms.batches"), First: true, Empty: t(ctx, "terms.nothing"), Head: []ui.Column{
		{Label: t(ctx, "terms.rule")}, {Label: t(ctx, "terms.found"), Tight: true}, {Label: t(ctx, "terms.n"), Numeric: true}, {Label: t(ctx, "terms.state")},
	}}
	for _, b := range batches {
		v.Batches.Rows = append(v.Batches.Rows, ui.Row{Marked: b.State == "found" || b.State == "agreed", Cells: []ui.Cell{
			ui.L(b.Rule, adminPath+"/"+b.ID.String()), ui.T(i18n.DateTime(l, b.FoundAt)), ui.T(i18n.Number(l, int64(b.N))), ui.Tagged(t(ctx, "batch."+b.State), batchTone(b.State)),
		}})
	}
	return web.Render(w, r, http.StatusOK, termsPage(v))
}

// sourceCell says who set a term: nothing passes for the law's that is the city's own choice.
func sourceCell(ctx context.Context, r rights.Rule) ui.Cell {
	switch r.Source {
	case rights.FromLaw:
		return ui.Cell{Text: t(ctx, "source.law"), Note: r.Law + ", " + r.Cite}
	case rights.FromDuty:
		return ui.Cell{Text: t(ctx, "source.duty"), Note: r.Law}
	}
	return ui.T(t(ctx, "source.city"))
}

func batchTone(state string) ui.Tone {
	switch state {
	case "done":
		return ui.ToneDone
	case "refused":
		return ui.ToneStopped
	case "running":
		return ui.ToneActive
	}
	return ui.ToneWaiting
}

// batchView is a list of dossiers that two people agree on.
type batchView struct {
	ID       string
	Rows     ui.SummaryArgs
	Dossiers ui.TableArgs
	May      bool
	Second   bool
	Key      string
	Problems ui.Problems
	Banner   string
}

func (h handlers) batch(w http.ResponseWriter, r *http.Request) error {
	return h.showBatch(w, r, http.StatusOK, nil)
}

func (h handlers) showBatch(w http.ResponseWriter, r *http.Request, status int, refused error) error {
	ctx := r.Context()
	id, err := web.PathID[rights.Batch](r, "id")
	if err != nil {
		return err
	}
	b, list, held, err := h.Rights.BatchOf(ctx, id)
	if err != nil {
		return err
	}
	codes, err := h.Codes(ctx, list)
	if err != nil {
		return err
	}
	l := i18n.LangOf(ctx)
	v := batchView{ID: b.ID.String(), May: b.State == "found" || b.State == "agreed", Second: b.State == "agreed", Key: web.NewKey()}
	if refused != nil {
		v.Banner = web.ProblemOf(ctx, refused).Detail
	}
	add := func(key string, c ui.Cell) {
		v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: t(ctx, "terms."+key), Value: c})
	}
	add("rule", ui.T(b.Rule))
	add("state", ui.Tagged(t(ctx, "batch."+b.State), batchTone(b.State)))
	add("found", ui.T(i18n.DateTime(l, b.FoundAt)))
	if b.First != 0 {
		add("first", ui.T(b.FirstName))
	}
	if b.Second != 0 {
		add("second", ui.T(b.SecondName))
	}
	if b.State == "done" || b.State == "running" {
		add("erased", ui.T(i18n.Number(l, int64(b.Erased))))
	}
	v.Dossiers = ui.TableArgs{Caption: t(ctx, "terms.dossiers", "n", len(list)), First: true, Head: []ui.Column{{Label: t(ctx, "terms.code")}, {Label: t(ctx, "terms.held")}}}
	for _, d := range list {
		mark := ""
		if held[d] {
			mark = t(ctx, "terms.isHeld")
		}
		v.Dossiers.Rows = append(v.Dossiers.Rows, ui.Row{Cells: []ui.Cell{ui.T(codes[d]), ui.T(mark)}})
	}
	return web.Render(w, r, status, batchPage(v))
}

func (h handlers) agree(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	id, err := web.PathID[rights.Batch](r, "id")
	if err != nil {
		return err
	}
	err = h.Rights.Agree(r.Context(), id, sent.Get("do") == "agree", key)
	switch errs.KindOf(err) {
	case errs.Conflict, errs.Forbidden:
		if err != nil {
			return h.showBatch(w, r, web.ProblemOf(r.Context(), err).Status, err)
		}
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, adminPath+"/"+id.String())
}
