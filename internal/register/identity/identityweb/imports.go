package identityweb

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/sheet"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/identity"
	"khue/internal/register/orgunit"
)

type importView struct {
	Form    form
	Units   []ui.Option
	Columns ui.TableArgs
}

func (h handlers) importPage(w http.ResponseWriter, r *http.Request) error {
	return h.showImport(w, r, http.StatusOK, importView{Form: form{Values: url.Values{}}})
}

func (h handlers) showImport(w http.ResponseWriter, r *http.Request, status int, v importView) error {
	ctx := r.Context()
	t := h.svc.Units.Now()
	for _, p := range h.svc.Posts(ctx) {
		if u, ok := t.Get(p); ok && h.svc.MayPropose(ctx, p) {
			v.Units = append(v.Units, ui.Option{Value: p.String(), Label: h.fullName(ctx, u.ID)})
		}
	}
	if v.Form.get("unit") == "" && len(v.Units) > 0 {
		v.Form.Values.Set("unit", v.Units[0].Value)
	}
	v.Columns = ui.TableArgs{Caption: say(ctx, "import.columns"), First: true, Head: []ui.Column{
		{Label: say(ctx, "import.column"), Tight: true}, {Label: say(ctx, "import.meaning")}, {Label: say(ctx, "import.needed")}, {Label: say(ctx, "import.example")},
	}}
	for _, c := range identity.Columns() {
		needed := say(ctx, "import.no")
		if c.Needed {
			needed = say(ctx, "import.yes")
		}
		v.Columns.Rows = append(v.Columns.Rows, ui.Row{Cells: []ui.Cell{ui.T(c.Name), ui.T(i18n.T(ctx, c.HelpKey)), ui.T(needed), ui.T(c.Example)}})
	}
	v.Form.Key = web.NewKey()
	return web.Render(w, r, status, importPage(v))
}

// upload reads a spreadsheet as a draft; nothing changes.
func (h handlers) upload(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, key, err := posted(r)
	if err != nil {
		return err
	}
	files, err := web.Files(r, "file")
	if err != nil {
		return err
	}
	unit, err := id.Parse[orgunit.Unit](sent.Get("unit"))
	if err != nil {
		return errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
	}
	back := func(err error) error {
		return h.showImport(w, r, web.ProblemOf(ctx, err).Status, importView{Form: form{Values: sent, Problems: ui.ProblemsOf(ctx, err)}})
	}
	if len(files) != 1 {
		return back(errs.E(errs.Invalid, "identityweb.import.noFile", errs.WithFields(errs.Field{Path: "file", Key: "identityweb.import.noFile"})))
	}
	f, err := files[0].Open()
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	c, err := h.svc.ReadOfficers(ctx, unit, files[0].Name, f, files[0].Size, key)
	if wrong(err) {
		return back(err)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin/imports/officers/"+c.ID.String())
}

type draftView struct {
	ID     string
	Change changeView
	Faults ui.TableArgs
	Clean  bool
	Sent   bool
	Key    string
	Counts []ui.Figure
	Errors ui.Problems
}

func (h handlers) draft(w http.ResponseWriter, r *http.Request) error {
	return h.showDraft(w, r, http.StatusOK, nil)
}

func (h handlers) showDraft(w http.ResponseWriter, r *http.Request, status int, problems ui.Problems) error {
	ctx := r.Context()
	v, err := web.PathID[identity.Change](r, "id")
	if err != nil {
		return err
	}
	c, err := h.svc.Find(ctx, v)
	if err != nil {
		return err
	}
	out := draftView{ID: c.ID.String(), Change: h.changeView(ctx, c), Clean: len(c.Body.Faults) == 0, Sent: c.Status != identity.Draft, Key: web.NewKey(), Errors: problems}
	bad := map[int]bool{}
	out.Faults = ui.TableArgs{Caption: say(ctx, "import.faults"), First: true, Head: []ui.Column{
		{Label: say(ctx, "import.line"), Numeric: true}, {Label: say(ctx, "import.column"), Tight: true}, {Label: say(ctx, "import.cell")}, {Label: say(ctx, "import.todo")},
	}}
	for _, f := range c.Body.Faults {
		bad[f.Line] = true
		out.Faults.Rows = append(out.Faults.Rows, ui.Row{Cells: []ui.Cell{
			ui.T(strconv.Itoa(f.Line)), ui.T(f.Column), ui.T(f.Text), ui.T(i18n.BundleOf(ctx).Map(i18n.LangOf(ctx), f.Key, f.Params)),
		}})
	}
	l := i18n.LangOf(ctx)
	out.Counts = []ui.Figure{
		{Label: say(ctx, "import.count"), Value: i18n.Number(l, int64(c.Body.Rows))},
		{Label: say(ctx, "import.good"), Value: i18n.Number(l, int64(c.Body.Rows-len(bad))), Tone: ui.ToneDone},
		{Label: say(ctx, "import.bad"), Value: i18n.Number(l, int64(len(bad)))},
	}
	if len(bad) > 0 {
		out.Counts[2].Tone = ui.ToneLate
	}
	return web.Render(w, r, status, draftPage(out))
}

func (h handlers) send(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	_, key, err := posted(r)
	if err != nil {
		return err
	}
	v, err := web.PathID[identity.Change](r, "id")
	if err != nil {
		return err
	}
	if _, err = h.svc.SendDraft(ctx, v, key); wrong(err) {
		return h.showDraft(w, r, web.ProblemOf(ctx, err).Status, ui.ProblemsOf(ctx, err))
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin/proposals?done=proposed")
}

func (h handlers) template(w http.ResponseWriter, r *http.Request) error {
	var b bytes.Buffer
	if err := sheet.XLSX(&b, identity.Template(say(r.Context(), "import.above"))); err != nil {
		return err
	}
	return web.Send(w, r, web.Download{
		Name: "cong-chuc-mau.xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Size: int64(b.Len()), Body: &b,
	})
}
