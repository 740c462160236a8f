package rightsweb

import (
	"context"
	"net/http"
	"time"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/rights"
)

// dataView is a person's page of their own data.
type dataView struct {
	Done     string
	Consents []consentView
	Programs []Program
	Exports  ui.TableArgs
	Waiting  bool
	Key      string
	Requests ui.TableArgs
	Kinds    []ui.Anchor
	Limits   *ui.TableArgs // nil: none hold
}

type consentView struct {
	Purpose string
	Title   string
	Text    string
	State   string
	Tone    ui.Tone
	Given   bool
	Key     string
}

func (h handlers) data(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	v := dataView{Key: web.NewKey()}
	switch q.Get("done") {
	case "consent", "export", "asked", "program":
		v.Done = t(ctx, "done."+q.Get("done"))
	}
	consents, err := h.Rights.Consents(ctx)
	if err != nil {
		return err
	}
	for _, c := range consents {
		x := consentView{Purpose: c.Purpose, Title: t(ctx, "purpose."+c.Purpose), Text: t(ctx, "purposeText."+c.Purpose), Given: c.Given, Key: web.NewKey(), Tone: ui.ToneDone}
		switch {
		case c.At.IsZero():
			x.State = t(ctx, "consent.fromStart")
		case c.Given:
			x.State = t(ctx, "consent.given", "at", i18n.DateTime(i18n.LangOf(ctx), c.At))
		default:
			x.State, x.Tone = t(ctx, "consent.withdrawn", "at", i18n.DateTime(i18n.LangOf(ctx), c.At)), ui.ToneNeutral
		}
		v.Consents = append(v.Consents, x)
	}
	if h.Programs != nil {
		if v.Programs, err = h.Programs(ctx); err != nil {
			return err
		}
	}
	exports, err := h.Rights.Exports(ctx)
	if err != nil {
		return err
	}
	v.Exports, v.Waiting = exportTable(ctx, exports, h.Rights.Clock.Now())
	list, err := h.Rights.Requests(ctx)
	if err != nil {
		return err
	}
	v.Requests = requestTable(ctx, list, requestPath, h.Rights.Clock.Now())
	limits, err := h.Rights.Limits(ctx)
	if err != nil {
		return err
	}
	if len(limits) > 0 {
		a := limitTable(ctx, limits)
		v.Limits = &a
	}
	for _, k := range rights.Kinds() {
		if k == rights.Lifting && len(limits) == 0 {
			continue
		}
		v.Kinds = append(v.Kinds, ui.Anchor{Label: t(ctx, "ask."+string(k)), Href: requestPath + "/new?kind=" + string(k)})
	}
	return web.Render(w, r, http.StatusOK, dataPage(v))
}

func exportTable(ctx context.Context, list []rights.Export, now time.Time) (a ui.TableArgs, waiting bool) {
	a = ui.TableArgs{
		Caption: t(ctx, "export.title"), CaptionQuiet: true, First: true, Empty: t(ctx, "export.none"),
		Head: []ui.Column{{Label: t(ctx, "export.made"), Tight: true}, {Label: t(ctx, "export.file")}, {Label: t(ctx, "export.until"), Tight: true}},
	}
	l := i18n.LangOf(ctx)
	for _, e := range list {
		file := ui.T(t(ctx, "export.gone"))
		switch {
		case e.State == "waiting":
			file, waiting = ui.T(t(ctx, "export.waiting")), true
		case e.State == "ready" && now.Before(e.Until):
			file = ui.L(t(ctx, "export.download", "kb", i18n.Number(l, (e.Size+1023)/1024)), dataPath+"/exports/"+e.ID.String())
		}
		a.Rows = append(a.Rows, ui.Row{Cells: []ui.Cell{ui.T(i18n.DateTime(l, e.MadeAt)), file, ui.T(i18n.DateTime(l, e.Until))}})
	}
	return a, waiting
}

func requestTable(ctx context.Context, list []rights.Request, path string, now time.Time) ui.TableArgs {
	a := ui.TableArgs{
		Caption: t(ctx, "requests"), CaptionQuiet: true, First: true, Empty: t(ctx, "request.none"),
		Head: []ui.Column{{Label: t(ctx, "request.what")}, {Label: t(ctx, "request.made"), Tight: true}, {Label: t(ctx, "request.due"), Tight: true}, {Label: t(ctx, "request.state")}},
	}
	l := i18n.LangOf(ctx)
	for _, r := range list {
		name := ""
		if path == deskPath {
			name = r.Name
		}
		due := ui.T(i18n.DateTime(l, r.DueAt))
		if r.State != rights.Open {
			due = ui.T("")
		}
		a.Rows = append(a.Rows, ui.Row{Marked: r.Late(now), Cells: []ui.Cell{
			{Text: t(ctx, "kind."+string(r.Kind)), Href: path + "/" + r.ID.String(), Note: name + sep(name, r.Code) + r.Code},
			ui.T(i18n.DateTime(l, r.MadeAt)), due, stateTag(ctx, r, now),
		}})
	}
	return a
}

// limitTable says what holds of a person's granted restrictions and objections.
func limitTable(ctx context.Context, list []rights.Limit) ui.TableArgs {
	a := ui.TableArgs{Caption: t(ctx, "limits.title"), CaptionQuiet: true, First: true, Head: []ui.Column{
		{Label: t(ctx, "limits.what")}, {Label: t(ctx, "limits.about")}, {Label: t(ctx, "limits.since"), Tight: true},
	}}
	for _, l := range list {
		about := l.Code
		if l.About == 0 {
			about = t(ctx, "about.all")
		}
		a.Rows = append(a.Rows, ui.Row{Cells: []ui.Cell{
			{Text: t(ctx, "kind."+string(l.Kind)), Href: requestPath + "/" + l.Request.String(), Note: t(ctx, "limits."+string(l.Kind))},
			ui.T(about), ui.T(i18n.DateTime(i18n.LangOf(ctx), l.Since)),
		}})
	}
	return a
}

func sep(a, b string) string {
	if a != "" && b != "" {
		return " · "
	}
	return ""
}

func stateTag(ctx context.Context, r rights.Request, now time.Time) ui.Cell {
	switch {
	case r.Late(now):
		return ui.Tagged(t(ctx, "state.late"), ui.ToneLate)
	case r.State == rights.Open:
		return ui.Tagged(t(ctx, "state.open"), ui.ToneActive)
	case r.State == rights.Refused:
		return ui.Tagged(t(ctx, "state.refused"), ui.ToneStopped)
	}
	return ui.Tagged(t(ctx, "state."+r.State), ui.ToneDone)
}

func (h handlers) consent(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	if err := h.Rights.Say(r.Context(), sent.Get("purpose"), sent.Get("given") == "yes", key); err != nil {
		return err
	}
	return web.Redirect(w, r, dataPath+"?done=consent")
}

func (h handlers) beginExport(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Form(r); err != nil {
		return err
	}
	key, err := web.ClientKey(r)
	if err != nil {
		return err
	}
	if err := h.Rights.BeginExport(r.Context(), key); err != nil {
		return err
	}
	return web.Redirect(w, r, dataPath+"?done=export")
}

func (h handlers) download(w http.ResponseWriter, r *http.Request) error {
	v, err := web.PathID[rights.Export](r, "id")
	if err != nil {
		return err
	}
	e, body, err := h.Rights.OpenExport(r.Context(), v)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	return web.Send(w, r, web.Download{Name: "khue-" + e.MadeAt.Format("2006-01-02") + ".zip", Type: "application/zip", Size: e.Size, Body: body})
}
