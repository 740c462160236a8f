package cutoverweb

import (
	"bytes"
	"context"
	"embed"
	"net/http"
	"strconv"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/sheet"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/cutover"
	"khue/internal/onestop/dossier"
	"khue/internal/register/identity/identityweb"
)

// Messages are this package's sentences (keys under "cutoverweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

const (
	home      = "/admin/imports/dossiers"
	xlsx      = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	maxBody   = cutover.MaxFile + 1<<20
	pageNotes = 200
)

type handlers struct{ svc *cutover.Service }

// Routes is the web half of imports.
func Routes(s *cutover.Service) web.Module {
	h := handlers{s}
	managers := identityweb.Managers()
	return web.Module{Name: "cutover", Routes: []web.Route{
		{Method: http.MethodGet, Path: home, Policy: managers, Do: h.list},
		{Method: http.MethodPost, Path: home, Policy: managers, Do: h.upload, MaxBody: maxBody},
		{Method: http.MethodGet, Path: home + "/template.xlsx", Policy: managers, Do: h.template},
		{Method: http.MethodGet, Path: home + "/{id}", Policy: managers, Do: h.show},
		{Method: http.MethodPost, Path: home + "/{id}", Policy: managers, Do: h.decide},
		{Method: http.MethodGet, Path: home + "/{id}/report.xlsx", Policy: managers, Do: h.report},
	}}
}

func say(ctx context.Context, key string, kv ...any) string {
	return i18n.T(ctx, "cutoverweb."+key, kv...)
}

func count(ctx context.Context, n int) string { return i18n.Number(i18n.LangOf(ctx), int64(n)) }

type listView struct {
	Upload   bool
	Busy     *ui.BannerArgs
	Key      string
	Problems ui.Problems
	Imports  ui.TableArgs
	Columns  ui.TableArgs
}

func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	return h.showList(w, r, http.StatusOK, nil)
}

func (h handlers) showList(w http.ResponseWriter, r *http.Request, status int, problems ui.Problems) error {
	ctx := r.Context()
	list, busy, err := h.svc.Imports(ctx)
	if err != nil {
		return err
	}
	v := listView{Upload: h.svc.MayUpload(ctx), Key: web.NewKey(), Problems: problems}
	if busy != nil && len(problems) == 0 {
		v.Busy = &ui.BannerArgs{Text: i18n.T(ctx, "cutover.busy", "by", busy.Name, "file", busy.File), Tone: ui.ToneWaiting}
	}
	v.Imports = ui.TableArgs{Caption: say(ctx, "imports"), First: true, Empty: say(ctx, "none"), Head: []ui.Column{
		{Label: say(ctx, "file")}, {Label: say(ctx, "status")}, {Label: say(ctx, "added"), Numeric: true}, {Label: say(ctx, "refused"), Numeric: true}, {Label: say(ctx, "by")},
	}}
	for _, i := range list {
		added := "–"
		if !i.StartedAt.IsZero() {
			added = count(ctx, i.Added)
		}
		v.Imports.Rows = append(v.Imports.Rows, ui.Row{Cells: []ui.Cell{
			ui.L(i.File, home+"/"+i.ID.String()), statusTag(ctx, i.Status), ui.T(added), ui.T(count(ctx, i.Refused+i.Changed)),
			{Text: i.Name, Note: i18n.DateTime(i18n.LangOf(ctx), i.UploadedAt)},
		}})
	}
	v.Columns = ui.TableArgs{Caption: say(ctx, "columns"), First: true, Head: []ui.Column{
		{Label: say(ctx, "column"), Tight: true}, {Label: say(ctx, "meaning")}, {Label: say(ctx, "needed")},
	}}
	for _, c := range dossier.OldColumns() {
		needed := say(ctx, "no")
		if c.Needed {
			needed = say(ctx, "yes")
		}
		v.Columns.Rows = append(v.Columns.Rows, ui.Row{Cells: []ui.Cell{{Text: c.Name, Note: c.NameEN}, ui.T(say(ctx, "is."+c.NameEN)), ui.T(needed)}})
	}
	return web.Render(w, r, status, listPage(v))
}

func statusTag(ctx context.Context, s cutover.Status) ui.Cell {
	tone := map[cutover.Status]ui.Tone{
		cutover.Checking: ui.ToneActive, cutover.Running: ui.ToneActive, cutover.Checked: ui.ToneWaiting, cutover.Done: ui.ToneDone, cutover.Dropped: ui.ToneStopped,
	}[s]
	return ui.Tagged(i18n.T(ctx, "cutover.status."+string(s)), tone)
}

// upload keeps a file and has it looked at; nothing else changes.
func (h handlers) upload(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if _, err := web.Form(r); err != nil {
		return err
	}
	key, err := web.ClientKey(r)
	if err != nil {
		return err
	}
	files, err := web.Files(r, "file")
	if err != nil {
		return err
	}
	back := func(err error) error {
		p := ui.ProblemsOf(ctx, err)
		for i := range p {
			p[i].Field = "file"
		}
		return h.showList(w, r, web.ProblemOf(ctx, err).Status, p)
	}
	if len(files) != 1 {
		return back(errs.E(errs.Invalid, "cutoverweb.noFile"))
	}
	f, err := files[0].Open()
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	v, err := h.svc.Upload(ctx, files[0].Name, f, files[0].Size, key)
	switch errs.KindOf(err) {
	case errs.Invalid, errs.TooLarge, errs.Conflict, errs.Mismatch, errs.Forbidden:
		return back(err)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, home+"/"+v.String())
}

type importView struct {
	ID       string
	File     string
	Lead     string
	Summary  ui.SummaryArgs
	Figures  []ui.Figure
	Busy     bool
	Percent  string
	Label    string
	Notes    ui.TableArgs
	Report   bool
	Start    bool
	Drop     bool
	Key      string
	Problems ui.Problems
}

func (h handlers) show(w http.ResponseWriter, r *http.Request) error {
	return h.showImport(w, r, http.StatusOK, nil)
}

func (h handlers) showImport(w http.ResponseWriter, r *http.Request, status int, problems ui.Problems) error {
	ctx := r.Context()
	id, err := web.PathID[cutover.Import](r, "id")
	if err != nil {
		return err
	}
	i, notes, err := h.svc.Find(ctx, id, pageNotes)
	if err != nil {
		return err
	}
	l := i18n.LangOf(ctx)
	v := importView{
		ID: i.ID.String(), File: i.File, Lead: say(ctx, "lead."+string(i.Status)), Busy: i.Busy(), Percent: strconv.Itoa(i.Percent()), Key: web.NewKey(), Problems: problems,
		Report: !i.Busy(), Label: say(ctx, "progress."+string(i.Status), "percent", i.Percent()),
	}
	if h.svc.MayDecide(ctx, i) {
		v.Start = i.Status == cutover.Checked && i.Added > 0
		v.Drop = i.Busy() || i.Status == cutover.Checked
	}
	add := func(key string, c ui.Cell) {
		v.Summary.Rows = append(v.Summary.Rows, ui.SummaryRow{Key: say(ctx, key), Value: c})
	}
	add("status", statusTag(ctx, i.Status))
	add("by", ui.Cell{Text: i.Name, Note: i18n.DateTime(l, i.UploadedAt)})
	if !i.StartedAt.IsZero() {
		add("started", ui.T(i18n.DateTime(l, i.StartedAt)))
	}
	if !i.EndedAt.IsZero() {
		add("ended", ui.T(i18n.DateTime(l, i.EndedAt)))
	}
	add("digest", ui.T(i.SHA256[:16]))
	added := "fig.would"
	if !i.StartedAt.IsZero() {
		added = "fig.added"
	}
	fig := func(key string, n int, tone, zero ui.Tone) {
		if n == 0 {
			tone = zero
		}
		v.Figures = append(v.Figures, ui.Figure{Label: say(ctx, key), Value: count(ctx, n), Tone: tone})
	}
	fig("fig.rows", i.Total, "", "")
	fig(added, i.Added, ui.ToneDone, "")
	fig("fig.open", i.Open, "", "")
	fig("fig.same", i.Same, "", "")
	fig("fig.refused", i.Refused, ui.ToneLate, "")
	fig("fig.changed", i.Changed, ui.ToneLate, "")
	fig("fig.doubts", i.Doubts, ui.ToneWaiting, "")
	caption, all := say(ctx, "notes"), i.Refused+i.Changed+i.Doubts
	if all > len(notes) {
		caption = say(ctx, "firstNotes", "n", count(ctx, len(notes)), "all", count(ctx, all))
	}
	v.Notes = ui.TableArgs{Caption: caption, First: true, Empty: say(ctx, "noNotes"), Head: []ui.Column{
		{Label: say(ctx, "line"), Numeric: true}, {Label: say(ctx, "code"), Tight: true}, {Label: say(ctx, "outcome")}, {Label: say(ctx, "todo")},
	}}
	for _, n := range notes {
		tone := ui.ToneLate
		if n.Outcome == "doubt" {
			tone = ui.ToneWaiting
		}
		v.Notes.Rows = append(v.Notes.Rows, ui.Row{Cells: []ui.Cell{
			ui.T(strconv.Itoa(n.Line)), ui.T(n.Code), ui.Tagged(i18n.T(ctx, "cutover.outcome."+n.Outcome), tone), ui.T(i18n.BundleOf(ctx).Map(l, n.Key, n.Params)),
		}})
	}
	return web.Render(w, r, status, importPage(v))
}

// decide starts what was looked at, or drops it.
func (h handlers) decide(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, err := web.PathID[cutover.Import](r, "id")
	if err != nil {
		return err
	}
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	switch sent.Get("do") {
	case "start":
		err = h.svc.Start(ctx, id, key)
	case "drop":
		err = h.svc.Drop(ctx, id, key)
	default:
		err = errs.E(errs.Invalid, "cutoverweb.choose")
	}
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Mismatch:
		return h.showImport(w, r, web.ProblemOf(ctx, err).Status, ui.ProblemsOf(ctx, err))
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, home+"/"+id.String())
}

// report is the whole report as a workbook.
func (h handlers) report(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, err := web.PathID[cutover.Import](r, "id")
	if err != nil {
		return err
	}
	i, notes, err := h.svc.Find(ctx, id, cutover.MaxNotes)
	if err != nil {
		return err
	}
	if i.Busy() {
		return errs.E(errs.Conflict, "cutoverweb.stillBusy")
	}
	l := i18n.LangOf(ctx)
	added := "fig.would"
	if !i.StartedAt.IsZero() {
		added = "fig.added"
	}
	t := sheet.Table{
		Name: say(ctx, "sheet"),
		Above: []string{
			say(ctx, "above", "file", i.File, "by", i.Name, "at", i18n.DateTime(l, i.UploadedAt), "status", i18n.T(ctx, "cutover.status."+string(i.Status))),
			say(ctx, "aboveCounts", "rows", count(ctx, i.Total), "what", say(ctx, added), "added", count(ctx, i.Added), "open", count(ctx, i.Open), "same", count(ctx, i.Same),
				"refused", count(ctx, i.Refused), "changed", count(ctx, i.Changed), "doubts", count(ctx, i.Doubts)),
		},
		Columns: []sheet.Column{{Title: say(ctx, "line"), Width: 8}, {Title: say(ctx, "code"), Width: 26}, {Title: say(ctx, "outcome"), Width: 16}, {Title: say(ctx, "todo"), Width: 90}},
		Rows: func(add func(cells ...any) error) error {
			for _, n := range notes {
				if err := add(n.Line, n.Code, i18n.T(ctx, "cutover.outcome."+n.Outcome), i18n.BundleOf(ctx).Map(l, n.Key, n.Params)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	return send(w, r, say(ctx, "reportFile")+".xlsx", t)
}

// template is a file with the row of titles.
func (h handlers) template(w http.ResponseWriter, r *http.Request) error {
	t := sheet.Table{Name: say(r.Context(), "sheet"), Rows: func(func(cells ...any) error) error { return nil }}
	for _, c := range dossier.OldColumns() {
		t.Columns = append(t.Columns, sheet.Column{Title: c.Name, Width: 16})
	}
	return send(w, r, "ho-so-cu-mau.xlsx", t)
}

func send(w http.ResponseWriter, r *http.Request, name string, t sheet.Table) error {
	var b bytes.Buffer
	if err := sheet.XLSX(&b, t); err != nil {
		return err
	}
	return web.Send(w, r, web.Download{Name: name, Type: xlsx, Size: int64(b.Len()), Body: &b})
}
