package recordweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/record"
)

type entryView struct {
	ID       string
	Title    string
	Register string
	Unit     string
	On       string
	Version  int // that is read; 0: the one that counts on the day
	Status   ui.Cell
	Back     ui.Anchor
	Rows     ui.SummaryArgs
	History  ui.TableArgs
	Acts     []actView
	Banner   *ui.BannerArgs
	Problems ui.Problems
}

// actView is the form of one act that fits where the entry stands.
type actView struct {
	Do      string
	Title   string
	Open    bool
	Form    ui.FormArgs
	Values  []ui.Field
	Reason  ui.Field
	Basis   ui.Field
	Since   ui.Field
	Warning bool
}

func (h handlers) entry(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	on, err := onDay(q)
	if err != nil {
		return err
	}
	v := entryView{Version: atoi(q.Get("version"))}
	for _, do := range record.Acts() {
		if q.Get("done") == string(do) {
			v.Banner = &ui.BannerArgs{Text: i18n.T(r.Context(), "recordweb.done."+string(do)), Tone: ui.ToneDone, Alert: true}
		}
	}
	return h.show(w, r, http.StatusOK, on, v, url.Values{})
}

// show draws an entry; sent is what came back from a form.
func (h handlers) show(w http.ResponseWriter, r *http.Request, code int, on clock.Date, v entryView, sent url.Values) error {
	ctx := r.Context()
	id, err := web.PathID[record.Entry](r, "id")
	if err != nil {
		return err
	}
	e, history, err := h.svc.Open(ctx, id, on)
	if err != nil {
		return err
	}
	if v.Version != 0 { // of several in effect since one day the day alone shows the last
		i := slices.IndexFunc(history, func(x record.Entry) bool { return x.Version == v.Version })
		if i < 0 {
			return errs.E(errs.NotFound, "record.none")
		}
		e = history[i]
	}
	reg, err := h.svc.Register(e.Register)
	if err != nil {
		return err
	}
	l := i18n.LangOf(ctx)
	v.ID, v.Title, v.Register = e.ID.String(), e.Key, reg.Name.In(l)
	if v.Title == "" {
		v.Title = e.Source.Code
	}
	if u, ok := h.svc.Units.Now().Get(e.Unit); ok {
		v.Unit = unitName(ctx, u)
	}
	v.Back = ui.Anchor{Label: v.Register, Href: "/desk/registers/" + url.PathEscape(reg.ID) + "?unit=" + e.Unit.String()}
	today := on
	if on.IsZero() {
		today = clock.DateOf(h.svc.Clock.Now())
	} else {
		v.On = i18n.T(ctx, "recordweb.asOf", "day", i18n.Date(l, on))
	}
	if v.Version != 0 {
		v.On = i18n.T(ctx, "recordweb.asVersion", "n", e.Version, "of", history[0].Version, "at", i18n.DateTime(l, e.Recorded))
	}
	v.Status = status(ctx, e, today)
	row := func(key string, c ui.Cell) { v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: key, Value: c}) }
	for _, f := range reg.Fields {
		text := h.words(ctx, f, e.Values)
		if text == "" {
			text = "–"
		}
		row(label(ctx, f), ui.T(text))
	}
	if !e.From.IsZero() {
		row(i18n.T(ctx, "recordweb.col.from"), ui.T(i18n.Date(l, e.From)))
	}
	if !e.Until.IsZero() {
		row(i18n.T(ctx, "recordweb.col.until"), ui.T(i18n.Date(l, e.Until)))
	}
	if e.Source.Code != "" {
		row(i18n.T(ctx, "recordweb.col.source"), ui.L(e.Source.Code, "/desk/dossiers/"+url.PathEscape(e.Source.Code)))
	}
	v.History = h.history(ctx, history)
	if on.IsZero() && v.Version == 0 && h.svc.MayKeep(ctx, e.Unit) {
		v.Acts = acts(ctx, reg, e, v.Problems, sent)
	}
	return web.Render(w, r, code, entryPage(v))
}

func (h handlers) history(ctx context.Context, all []record.Entry) ui.TableArgs {
	l := i18n.LangOf(ctx)
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "recordweb.history"), CaptionQuiet: true, First: true,
		Head: []ui.Column{{Label: i18n.T(ctx, "recordweb.col.recorded"), Tight: true}, {Label: i18n.T(ctx, "recordweb.col.act")}, {Label: i18n.T(ctx, "recordweb.col.since"), Tight: true}, {Label: i18n.T(ctx, "recordweb.col.by")}, {Label: i18n.T(ctx, "recordweb.col.why")}},
	}
	for _, e := range all {
		why := ui.T(e.Reason)
		why.Note = e.Authority
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			ui.T(i18n.DateTime(l, e.Recorded)), ui.L(i18n.T(ctx, "recordweb.act."+string(e.Do)), "/desk/records/"+e.ID.String()+"?version="+itoa(e.Version)), ui.T(i18n.Date(l, e.Effective)), ui.T(e.By), why,
		}})
	}
	return t
}

// acts are the forms of what may be done to an entry. The one that came back is open, with
// what was typed.
func acts(ctx context.Context, reg record.Register, e record.Entry, ps ui.Problems, sent url.Values) (out []actView) {
	for _, do := range record.Acts() {
		if !do.Fits(e) {
			continue
		}
		name := string(do)
		a := actView{Do: name, Title: i18n.T(ctx, "recordweb.do."+name), Open: sent.Get("do") == name, Warning: do == record.Revoke}
		of := func(f ui.Field) ui.Field {
			f.Scope = name + "-"
			if a.Open {
				if s := sent.Get(f.Name); s != "" {
					f.Value = s
				}
				f.Error = ps.For(f.Name)
			}
			return f
		}
		a.Form = ui.FormArgs{
			Action: "/desk/records/" + e.ID.String(), Key: web.NewKey(), Submit: a.Title, Warning: a.Warning,
			Hidden: []ui.KeyText{{Name: "do", Value: name}, {Name: "version", Value: itoa(e.Version)}},
		}
		if do == record.Correct {
			for _, f := range reg.Fields {
				if f.Type == "list" {
					continue
				}
				a.Values = append(a.Values, of(asks(ctx, f, e.Values)))
			}
		}
		a.Reason = of(ui.Field{Name: "reason", Label: i18n.T(ctx, "recordweb.field.reason"), Rows: 3, MaxLength: 1000})
		a.Basis = of(ui.Field{Name: "authority", Label: i18n.T(ctx, "recordweb.field.authority"), Hint: i18n.T(ctx, "recordweb.hint.authority"), MaxLength: 300})
		a.Since = of(ui.Field{Name: "effective", Label: i18n.T(ctx, "recordweb.field.effective"), Hint: i18n.T(ctx, "recordweb.hint.effective"), Optional: true})
		if a.Open {
			_, a.Since.Value, _ = dayIn(sent, "effective")
		}
		out = append(out, a)
	}
	return out
}

// asks is the question for a value: a choice where it is one of few.
func asks(ctx context.Context, f record.Field, v record.Values) ui.Field {
	q := ui.Field{Name: "v." + f.ID, Label: label(ctx, f), Value: f.Typed(v.Text(f.ID)), Optional: true, MaxLength: 1000}
	switch {
	case f.Type == "date":
		q.Hint, q.Width = i18n.T(ctx, "recordweb.hint.date"), ui.Width10
	case f.Type == "yesno":
		q.Options = []ui.Option{{Value: "true", Label: i18n.T(ctx, "recordweb.value.true")}, {Value: "false", Label: i18n.T(ctx, "recordweb.value.false")}}
	case len(f.Choices) > 0:
		for _, c := range f.Choices {
			q.Options = append(q.Options, ui.Option{Value: c.Code, Label: c.Label.In(i18n.LangOf(ctx))})
		}
	}
	return q
}

func (h handlers) act(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, err := web.PathID[record.Entry](r, "id")
	if err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	a := record.Act{Entry: id, Do: record.Do(f.Get("do")), Reason: f.Get("reason"), Authority: f.Get("authority"), Version: atoi(f.Get("version"))}
	if a.Request, err = web.ClientKey(r); err != nil {
		return err
	}
	a.Effective, _, err = dayIn(f, "effective")
	if err == nil && a.Do == record.Correct {
		a.Values, err = h.corrected(ctx, id, f)
	}
	if err == nil {
		_, err = h.svc.Act(ctx, a)
	}
	if errs.Is(err, errs.Invalid) || errs.Is(err, errs.Conflict) {
		ps := ui.ProblemsOf(ctx, err)
		for i, p := range ps {
			if f.Has("v." + p.Field) {
				ps[i].Field = "v." + p.Field
			}
		}
		return h.show(w, r, web.Status(err), clock.Date{}, entryView{Problems: ps}, f)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/records/"+id.String()+"?done="+url.QueryEscape(string(a.Do)))
}

// corrected are the values of a form; lists, which it does not ask for, stay as they are.
func (h handlers) corrected(ctx context.Context, id record.EntryID, f url.Values) (record.Values, error) {
	e, _, err := h.svc.Open(ctx, id, clock.Date{})
	if err != nil {
		return nil, err
	}
	reg, err := h.svc.Register(e.Register)
	if err != nil {
		return nil, err
	}
	out := record.Values{}
	for _, x := range reg.Fields {
		switch {
		case x.Type == "list" && e.Values[x.ID] != nil:
			out[x.ID] = e.Values[x.ID]
		case f.Get("v."+x.ID) != "":
			out[x.ID] = x.Untyped(f.Get("v." + x.ID))
		}
	}
	return out, nil
}
