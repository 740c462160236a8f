package resultweb

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/result"
	"khue/internal/register/orgunit"
)

// toSignForm is the form that the boxes of the list belong to.
const toSignForm = "to-sign"

type toSignView struct {
	Lead     string
	Banner   *ui.BannerArgs
	Problems ui.Problems
	Table    ui.TableArgs
	Form     ui.FormArgs
	Any      bool
	Own      bool
	All      string // label of the button that signs all
	Tick     string // address on which all are ticked
	Choices  []choiceView
}

// choiceView is how an agency of the reader signs, with the form that changes it.
type choiceView struct {
	Unit   string
	Now    string
	Change string
	Form   ui.FormArgs
}

func (h handlers) toSign(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	v := toSignView{}
	if q.Get("done") == "choice" {
		v.Banner = &ui.BannerArgs{Text: i18n.T(r.Context(), "resultweb.sign.chosen"), Tone: ui.ToneDone, Alert: true}
	}
	return h.showToSign(w, r, http.StatusOK, v, nil, q.Get("tick") != "")
}

func (h handlers) showToSign(w http.ResponseWriter, r *http.Request, status int, v toSignView, marked []string, all bool) error {
	ctx := r.Context()
	list, n, err := h.svc.ToSign(ctx)
	if err != nil {
		return err
	}
	if n > 0 {
		v.Lead = i18n.T(ctx, "resultweb.sign.lead", "n", n)
	}
	ready, own := h.svc.Card(ctx)
	v.Own = own
	switch {
	case v.Banner != nil || len(list) == 0:
	case own:
		v.Banner = &ui.BannerArgs{Text: i18n.T(ctx, "result.batch.own")}
	case !ready:
		v.Banner = &ui.BannerArgs{Text: i18n.T(ctx, "result.batch.noCard"), Tone: ui.ToneWaiting}
	}
	v.Table = ui.TableArgs{
		Caption: i18n.T(ctx, "resultweb.sign.title"), CaptionQuiet: true, First: true, Empty: i18n.T(ctx, "resultweb.sign.empty"), SelectName: "paper", SelectForm: toSignForm,
		Head: []ui.Column{
			{Label: i18n.T(ctx, "resultweb.row.number"), Tight: true}, {Label: i18n.T(ctx, "resultweb.row.kind")}, {Label: i18n.T(ctx, "resultweb.sign.for")},
			{Label: i18n.T(ctx, "resultweb.row.dossier"), Tight: true}, {Label: i18n.T(ctx, "resultweb.sign.since"), Tight: true}, {Label: i18n.T(ctx, "resultweb.sign.paper"), Quiet: true},
		},
	}
	waits := 0
	for _, x := range list {
		row := ui.Row{Label: x.Text, Cells: []ui.Cell{
			ui.L(x.Text, "/desk/results/"+x.ID.String()), {Text: h.kind(ctx, x.Result), Note: h.unit(ctx, x.Unit)}, ui.T(x.Applicant),
			ui.L(x.Code, "/desk/dossiers/"+url.PathEscape(x.Code)), ui.T(i18n.DateTime(i18n.LangOf(ctx), x.DrawnAt)), ui.L(i18n.T(ctx, "resultweb.sign.read"), paperOf(x.Result)),
		}}
		if x.Hand == result.Waits {
			waits++
			row.Select, row.Ticked = x.ID.String(), all || contains(marked, x.ID.String())
			if x.Fault != "" {
				row.Cells[4].Note, row.Marked = i18n.T(ctx, "resultweb.sign.fault", "why", h.fault(ctx, x.Fault)), true
			}
		} else if x.Hand == result.Inked {
			row.Cells[4] = ui.T(i18n.T(ctx, "resultweb.state.inked"))
			if x.Fault != "" {
				row.Cells[4].Note, row.Marked = h.fault(ctx, x.Fault), true
			}
		} else {
			row.Cells[4] = ui.L(i18n.T(ctx, "resultweb.sign.signing"), "/desk/to-sign/"+x.Batch.String())
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Any = waits > 0
	v.All = i18n.T(ctx, "resultweb.sign.all", "n", waits)
	v.Tick = "/desk/to-sign?tick=1"
	v.Form = ui.FormArgs{Action: "/desk/to-sign", Key: web.NewKey(), ID: toSignForm}
	for _, u := range h.svc.Agencies(ctx) {
		if !h.svc.MayDecide(ctx, u.ID) {
			continue
		}
		c, err := h.choice(ctx, u)
		if err != nil {
			return err
		}
		v.Choices = append(v.Choices, c)
	}
	return web.Render(w, r, status, toSignPage(v))
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func paperOf(r result.Result) string { return "/desk/results/" + r.ID.String() + "/paper.pdf" }

// fault says why a paper was not signed; a key of another module is a sentence of its own.
func (h handlers) fault(ctx context.Context, key string) string {
	return strings.TrimSuffix(i18n.T(ctx, key), ".")
}

func (h handlers) choice(ctx context.Context, u orgunit.Unit) (c choiceView, err error) {
	batch, err := h.svc.Chosen(ctx, u.ID)
	if err != nil {
		return c, err
	}
	word, to := "act", "batch"
	if batch {
		word, to = "batch", "act"
	}
	return choiceView{
		Unit: unitName(ctx, u), Now: i18n.T(ctx, "resultweb.sign.mode."+word), Change: i18n.T(ctx, "resultweb.sign.change."+to),
		Form: ui.FormArgs{
			Action: "/desk/to-sign", Key: web.NewKey(),
			Hidden: []ui.KeyText{{Name: "do", Value: "choose"}, {Name: "unit", Value: u.ID.String()}, {Name: "to", Value: to}},
		},
	}, nil
}

// signMany takes the marked papers, or changes how an agency signs.
func (h handlers) signMany(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, key, err := web.Command(r)
	if err != nil {
		return err
	}
	if f.Get("do") == "choose" {
		u, err := id.Parse[orgunit.Unit](f.Get("unit"))
		if err != nil {
			return errs.E(errs.Invalid, "resultweb.unknown", errs.Cause(err))
		}
		if err := h.svc.Choose(ctx, u, f.Get("to") == "batch"); err != nil {
			return err
		}
		return web.Redirect(w, r, "/desk/to-sign?done=choice")
	}
	var papers []result.ID
	marked := f["paper"]
	if f.Get("do") == "all" {
		list, _, err := h.svc.ToSign(ctx)
		if err != nil {
			return err
		}
		marked = nil
		for _, x := range list {
			if x.Hand == result.Waits {
				marked = append(marked, x.ID.String())
			}
		}
	}
	for _, m := range marked {
		v, err := id.Parse[result.Result](m)
		if err != nil {
			return errs.E(errs.Invalid, "resultweb.unknown", errs.Cause(err))
		}
		papers = append(papers, v)
	}
	var to string
	if _, own := h.svc.Card(ctx); own {
		to, err = h.own.Papers(ctx, papers, key)
	} else {
		var batch result.BatchID
		batch, err = h.svc.SignBatch(ctx, papers, key)
		to = "/desk/to-sign/" + batch.String()
	}
	if errs.Is(err, errs.Invalid) || errs.Is(err, errs.Conflict) {
		return h.showToSign(w, r, web.Status(err), toSignView{Banner: &ui.BannerArgs{Text: web.ProblemOf(ctx, err).Detail, Tone: ui.ToneStopped, Alert: true}}, marked, false)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, to)
}

type batchView struct {
	Here    string
	Title   string
	Banner  ui.BannerArgs
	Running bool
	Share   int // of 100
	Said    string
	Table   ui.TableArgs
}

// refresh is how soon a browser without scripts asks again.
const refresh = 2

func again(v batchView) int {
	if v.Running {
		return refresh
	}
	return 0
}

func (h handlers) batch(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := web.PathID[result.Batch](r, "batch")
	if err != nil {
		return err
	}
	b, papers, err := h.svc.Progress(ctx, v)
	if err != nil {
		return err
	}
	done, failed := 0, len(b.Refused)
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "resultweb.batch.caption"), CaptionQuiet: true, First: true,
		Head: []ui.Column{{Label: i18n.T(ctx, "resultweb.row.number"), Tight: true}, {Label: i18n.T(ctx, "resultweb.row.kind")}, {Label: i18n.T(ctx, "resultweb.row.dossier"), Tight: true}, {Label: i18n.T(ctx, "resultweb.row.state")}},
	}
	var first, rest []ui.Row
	for _, x := range b.Refused {
		number := x.Number
		if number == "" {
			number = i18n.T(ctx, "resultweb.batch.unknown")
		}
		c := ui.Tagged(i18n.T(ctx, "resultweb.batch.refused"), ui.ToneStopped)
		c.Note = i18n.T(ctx, x.Why)
		first = append(first, ui.Row{Cells: []ui.Cell{ui.T(number), ui.T(""), ui.T(""), c}, Marked: true})
	}
	for _, x := range papers {
		row := ui.Row{Cells: []ui.Cell{ui.L(x.Text, "/desk/results/"+x.ID.String()), ui.T(h.kind(ctx, x)), ui.L(x.Code, "/desk/dossiers/"+url.PathEscape(x.Code))}}
		switch {
		case x.Hand == result.Given:
			row.Cells = append(row.Cells, ui.Tagged(i18n.T(ctx, "resultweb.sign.signing"), ui.ToneWaiting))
		case x.Fault != "":
			failed++
			c := ui.Tagged(i18n.T(ctx, "resultweb.batch.failed"), ui.ToneStopped)
			c.Note, row.Marked = h.fault(ctx, x.Fault), true
			row.Cells = append(row.Cells, c)
			first = append(first, row)
			continue
		default:
			done++
			row.Cells = append(row.Cells, ui.Tagged(i18n.T(ctx, "resultweb.batch.done"), ui.ToneDone))
		}
		rest = append(rest, row)
	}
	t.Rows = append(first, rest...)
	all := len(papers) + len(b.Refused)
	view := batchView{Here: "/desk/to-sign/" + v.String(), Title: i18n.T(ctx, "resultweb.batch.title", "n", all), Running: done+failed < all, Table: t}
	if all > 0 {
		view.Share = (done + failed) * 100 / all
	}
	view.Said = i18n.T(ctx, "resultweb.batch.said", "done", done, "all", all)
	switch {
	case view.Running:
		view.Banner = ui.BannerArgs{Title: view.Said, Text: i18n.T(ctx, "resultweb.batch.running")}
	case failed == 0:
		view.Banner = ui.BannerArgs{Title: i18n.T(ctx, "resultweb.batch.allDone", "n", done), Text: i18n.T(ctx, "resultweb.batch.allDoneText"), Tone: ui.ToneDone}
	default:
		view.Banner = ui.BannerArgs{Title: i18n.T(ctx, "resultweb.batch.some", "done", done, "failed", failed), Text: i18n.T(ctx, "resultweb.batch.someText"), Tone: ui.ToneStopped}
	}
	return web.Render(w, r, http.StatusOK, batchPage(view))
}

// paper shows a paper as it waits.
func (h handlers) paper(w http.ResponseWriter, r *http.Request) error {
	v, err := web.PathID[result.Result](r, "id")
	if err != nil {
		return err
	}
	x, b, err := h.svc.Drawn(r.Context(), v)
	if err != nil {
		return err
	}
	return web.Send(w, r, web.Download{Name: strings.ReplaceAll(x.Text, "/", "-") + ".pdf", Type: "application/pdf", Size: int64(len(b)), Inline: true, Body: bytes.NewReader(b)})
}
