package counterweb

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/counter"
	"khue/internal/register/orgunit"
)

// originalsView is where papers are, and the hand-overs.
type originalsView struct {
	Unit     string
	All      bool // of the unit, not only the reader's
	Tabs     []ui.Filter
	Table    ui.TableArgs
	To       ui.Field
	Key      string
	Problems ui.Problems
	Banner   *ui.BannerArgs
	Batches  ui.TableArgs
	Mine     bool // something can be handed over
	Here     string
	Pages    ui.PageLinks
}

func (h *handlers) originals(w http.ResponseWriter, r *http.Request) error {
	return h.showOriginals(w, r, http.StatusOK, nil, "", nil)
}

func (h *handlers) showOriginals(w http.ResponseWriter, r *http.Request, status int, chosen []string, to string, refused error) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	v := originalsView{Key: web.NewKey(), Problems: ui.ProblemsOf(ctx, refused)}
	if e, ok := errs.As(refused); ok && len(e.Fields) == 0 {
		v.Problems, v.Banner = nil, &ui.BannerArgs{Text: web.ProblemOf(ctx, refused).Detail, Tone: ui.ToneStopped, Alert: true}
	}
	f := counter.OriginalFilter{}
	if text := q.Get("unit"); text != "" {
		if f.Unit, err = id.Parse[orgunit.Unit](text); err != nil {
			return errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
		}
		v.All, v.Unit = true, h.unit(ctx, f.Unit)
	}
	v.Tabs = []ui.Filter{{Label: t(ctx, "originals.mine"), Href: "/desk/originals", Count: -1, Current: f.Unit == 0}}
	var seen []orgunit.UnitID
	for _, g := range auth.From(ctx).Grants {
		u, err := id.Parse[orgunit.Unit](strings.TrimPrefix(g.Scope, "unit:"))
		if err == nil && !slices.Contains(seen, u) {
			seen = append(seen, u)
			v.Tabs = append(v.Tabs, ui.Filter{Label: t(ctx, "originals.ofUnit", "unit", h.unit(ctx, u)), Href: "/desk/originals?unit=" + u.String(), Count: -1, Current: f.Unit == u})
		}
	}
	path := url.Values{}
	if v.All {
		path.Set("unit", f.Unit.String())
	}
	if text := q.Get("after"); text != "" {
		if f.After, err = id.Parse[counter.Original](text); err != nil {
			return errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
		}
		v.Pages.Prev = href(path)
	}
	f.Limit = originalRows + 1
	list, err := h.s.Originals(ctx, f)
	if err != nil {
		return err
	}
	if len(list) > originalRows {
		list = list[:originalRows]
		path.Set("after", list[originalRows-1].ID.String())
		v.Pages.Next = href(path)
	}
	v.Here = r.URL.RequestURI()
	v.Table = h.originalTable(ctx, list, chosen, !v.All)
	v.Mine = !v.All && slices.ContainsFunc(list, func(o counter.Original) bool { return o.Batch == 0 })
	if v.Mine {
		if v.To, err = h.recipients(ctx, list, to, v.Problems.For("to")); err != nil {
			return err
		}
	}
	batches, err := h.s.Batches(ctx)
	if err != nil {
		return err
	}
	v.Batches = h.batchTable(ctx, batches)
	return web.Render(w, r, status, originalsPage(v))
}

// originalRows is how many papers a page shows.
const originalRows = 50

func href(q url.Values) string {
	if len(q) == 0 {
		return "/desk/originals"
	}
	return "/desk/originals?" + q.Encode()
}

func (h *handlers) originalTable(ctx context.Context, list []counter.Original, chosen []string, pick bool) ui.TableArgs {
	a := ui.TableArgs{
		Caption: t(ctx, "originals.caption"), CaptionQuiet: true, First: true, Empty: t(ctx, "originals.empty"),
		Head: []ui.Column{
			{Label: t(ctx, "col.code"), Tight: true}, {Label: t(ctx, "col.paper")}, {Label: t(ctx, "col.originals"), Numeric: true},
			{Label: t(ctx, "col.holder")}, {Label: t(ctx, "col.since"), Tight: true},
		},
	}
	if pick {
		a.SelectName, a.SelectForm = "original", "give"
	}
	for _, o := range list {
		holder := ui.Cell{Text: o.HolderName, Note: h.unit(ctx, o.Unit)}
		row := ui.Row{Label: t(ctx, "originals.pick", "paper", h.s.PaperName(o, i18n.LangOf(ctx)), "code", o.Code)}
		if o.Batch != 0 {
			holder.Note = t(ctx, "originals.inBatch")
		} else if pick {
			row.Select = o.ID.String()
		}
		row.Marked = slices.Contains(chosen, o.ID.String())
		row.Cells = []ui.Cell{
			{Text: o.Code, Href: "/desk/dossiers/" + o.Code, Note: o.Applicant}, ui.T(h.s.PaperName(o, i18n.LangOf(ctx))), ui.T(strconv.Itoa(o.Count)),
			holder, ui.T(i18n.DateTime(i18n.LangOf(ctx), o.Since)),
		}
		a.Rows = append(a.Rows, row)
	}
	return a
}

func (h *handlers) recipients(ctx context.Context, list []counter.Original, to, refused string) (ui.Field, error) {
	f := ui.Field{Name: "to", Label: t(ctx, "originals.to"), Value: to, Error: refused, Options: []ui.Option{{Label: t(ctx, "originals.toNobody")}}}
	rs, err := h.s.Recipients(ctx, list)
	for _, x := range rs {
		label := t(ctx, "originals.oneStop", "unit", h.unit(ctx, x.Unit))
		if x.Account != 0 {
			label = x.Name + ", " + h.unit(ctx, x.Unit)
		}
		f.Options = append(f.Options, ui.Option{Value: x.Unit.String() + "/" + strconv.FormatInt(x.Account, 10), Label: label})
	}
	return f, err
}

func (h *handlers) batchTable(ctx context.Context, list []counter.Batch) ui.TableArgs {
	a := ui.TableArgs{
		Caption: t(ctx, "batch.caption"), CaptionQuiet: true, First: true, Empty: t(ctx, "batch.empty"),
		Head: []ui.Column{
			{Label: t(ctx, "batch.made")}, {Label: t(ctx, "batch.from")}, {Label: t(ctx, "batch.to")},
			{Label: t(ctx, "batch.papers"), Numeric: true}, {Label: t(ctx, "batch.state")},
		},
	}
	for _, b := range list {
		state := ui.Tagged(t(ctx, "batch.state_"+b.State), map[string]ui.Tone{counter.BatchOpen: ui.ToneWaiting, counter.BatchReceived: ui.ToneDone}[b.State])
		if h.s.MayReceive(ctx, b) {
			state = ui.Tagged(t(ctx, "batch.yours"), ui.ToneActive)
		}
		a.Rows = append(a.Rows, ui.Row{Marked: h.s.MayReceive(ctx, b), Cells: []ui.Cell{
			ui.L(h.batchName(ctx, b), batchPath(b.ID)), {Text: b.FromName, Note: h.unit(ctx, b.FromUnit)}, {Text: h.receiver(ctx, b), Note: h.unit(ctx, b.ToUnit)},
			ui.T(strconv.Itoa(b.Originals)), state,
		}})
	}
	return a
}

func batchPath(v counter.BatchID) string { return "/desk/originals/batches/" + v.String() }

// batchName is the half of the day that a batch was made in.
func (h *handlers) batchName(ctx context.Context, b counter.Batch) string {
	half := "afternoon"
	if b.Morning() {
		half = "morning"
	}
	return t(ctx, "batch."+half, "at", b.MadeAt)
}

func (h *handlers) receiver(ctx context.Context, b counter.Batch) string {
	switch {
	case b.State == counter.BatchReceived:
		return b.EndedBy
	case b.ToName != "":
		return b.ToName
	}
	return t(ctx, "originals.anyone")
}

func (h *handlers) give(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	var papers []counter.OriginalID
	for _, text := range sent["original"] {
		v, err := id.Parse[counter.Original](text)
		if err != nil {
			return errs.E(errs.NotFound, "counter.original.notFound", errs.Cause(err))
		}
		papers = append(papers, v)
	}
	var to counter.Recipient
	if unit, account, ok := strings.Cut(sent.Get("to"), "/"); ok {
		to.Unit, _ = id.Parse[orgunit.Unit](unit)
		to.Account, _ = strconv.ParseInt(account, 10, 64)
	}
	v, err := h.s.Give(ctx, papers, to, key)
	switch {
	case errs.Is(err, errs.Invalid), errs.Is(err, errs.Conflict):
		return h.showOriginals(w, r, web.ProblemOf(ctx, err).Status, sent["original"], sent.Get("to"), err)
	case err != nil:
		return err
	}
	return web.Redirect(w, r, batchPath(v))
}

// batchView is one hand-over.
type batchView struct {
	ID       counter.BatchID
	Name     string
	Summary  ui.SummaryArgs
	Lines    []batchLine
	Receive  bool
	Withdraw bool
	Key      string
	Problems ui.Problems
	Banner   *ui.BannerArgs
}

type batchLine struct {
	ID, Code, Applicant, Paper, Count, Refused string
	Reason                                     ui.Field
}

func (h *handlers) batch(w http.ResponseWriter, r *http.Request) error {
	return h.showBatch(w, r, http.StatusOK, nil, nil)
}

func (h *handlers) showBatch(w http.ResponseWriter, r *http.Request, status int, sent map[string][]string, refused error) error {
	ctx := r.Context()
	v, err := web.PathID[counter.Batch](r, "id")
	if err != nil {
		return err
	}
	b, err := h.s.FindBatch(ctx, v)
	if err != nil {
		return err
	}
	out := batchView{
		ID: b.ID, Name: h.batchName(ctx, b), Receive: h.s.MayReceive(ctx, b), Key: web.NewKey(), Problems: ui.ProblemsOf(ctx, refused),
		Withdraw: b.State == counter.BatchOpen && b.From == auth.From(ctx).Account,
	}
	if e, ok := errs.As(refused); ok && len(e.Fields) == 0 {
		out.Problems, out.Banner = nil, &ui.BannerArgs{Text: web.ProblemOf(ctx, refused).Detail, Tone: ui.ToneStopped, Alert: true}
	}
	lang := i18n.LangOf(ctx)
	out.Summary = ui.SummaryArgs{Tight: true, Rows: []ui.SummaryRow{
		{Key: t(ctx, "batch.state"), Value: ui.Tagged(t(ctx, "batch.state_"+b.State), map[string]ui.Tone{counter.BatchOpen: ui.ToneWaiting, counter.BatchReceived: ui.ToneDone}[b.State])},
		{Key: t(ctx, "batch.from"), Value: ui.Cell{Text: b.FromName + ", " + h.unit(ctx, b.FromUnit), Note: t(ctx, "batch.signedAt", "at", b.MadeAt)}},
		{Key: t(ctx, "batch.to"), Value: ui.Cell{Text: h.receiver(ctx, b) + ", " + h.unit(ctx, b.ToUnit)}},
	}}
	if b.State == counter.BatchReceived {
		out.Summary.Rows[2].Value.Note = t(ctx, "batch.signedAt", "at", b.EndedAt)
	}
	for _, l := range b.Lines {
		x := l.Original
		line := batchLine{ID: x.ID.String(), Code: x.Code, Applicant: x.Applicant, Paper: h.s.PaperName(x, lang), Count: t(ctx, "papers.nOriginals", "n", x.Count), Refused: l.Refused}
		name := "reason." + x.ID.String()
		line.Reason = ui.Field{Name: name, Label: t(ctx, "batch.reason"), Error: out.Problems.For(name), MaxLength: 500, Rows: 2}
		if v := sent[name]; len(v) > 0 {
			line.Reason.Value = v[0]
		}
		out.Lines = append(out.Lines, line)
	}
	return web.Render(w, r, status, batchPage(out))
}

func (h *handlers) sign(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := web.PathID[counter.Batch](r, "id")
	if err != nil {
		return err
	}
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	if sent.Get("withdraw") != "" {
		err = h.s.Withdraw(ctx, v, key)
	} else {
		refused := map[counter.OriginalID]string{}
		for name, values := range sent {
			num, ok := strings.CutPrefix(name, "reason.")
			if !ok || strings.TrimSpace(values[0]) == "" {
				continue
			}
			o, err := id.Parse[counter.Original](num)
			if err != nil {
				return errs.E(errs.NotFound, "counter.original.notFound", errs.Cause(err))
			}
			refused[o] = values[0]
		}
		err = h.s.Receive(ctx, v, refused, key)
	}
	switch {
	case errs.Is(err, errs.Invalid), errs.Is(err, errs.Conflict), errs.Is(err, errs.Mismatch):
		return h.showBatch(w, r, web.ProblemOf(ctx, err).Status, sent, err)
	case err != nil:
		return err
	}
	return web.Redirect(w, r, batchPath(v))
}

func (h *handlers) batchSlip(w http.ResponseWriter, r *http.Request) error {
	v, err := web.PathID[counter.Batch](r, "id")
	if err != nil {
		return err
	}
	b, err := h.s.FindBatch(r.Context(), v)
	if err != nil {
		return err
	}
	p, err := h.s.BatchSlip(r.Context(), b, i18n.LangOf(r.Context()))
	if err != nil {
		return err
	}
	return sendPDF(w, r, "ban-giao-"+b.MadeAt.Format("20060102-1504")+".pdf", p)
}

func sendPDF(w http.ResponseWriter, r *http.Request, name string, b []byte) error {
	return web.Send(w, r, web.Download{Name: name, Type: "application/pdf", Size: int64(len(b)), Inline: true, Body: bytes.NewReader(b)})
}
