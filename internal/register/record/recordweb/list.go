package recordweb

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/sheet"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/orgunit"
	"khue/internal/register/record"
)

type listView struct {
	Unit  string
	Units []ui.Filter
	Table ui.TableArgs
}

// units are the choices of agencies above a page.
func (h handlers) units(ctx context.Context, path string, at orgunit.Unit) (out []ui.Filter) {
	own := h.svc.Agencies(ctx)
	if !slices.ContainsFunc(own, func(u orgunit.Unit) bool { return u.ID == at.ID }) {
		own = append(own, at)
	}
	if len(own) < 2 {
		return nil
	}
	for _, u := range own {
		out = append(out, ui.Filter{Label: unitName(ctx, u), Href: path + "?unit=" + u.ID.String(), Count: -1, Current: u.ID == at.ID})
	}
	return out
}

func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	u, err := h.unitOf(ctx, q.Get("unit"))
	if err != nil {
		return err
	}
	n, err := h.svc.Counts(ctx, u.ID)
	if err != nil {
		return err
	}
	v := listView{Unit: unitName(ctx, u), Units: h.units(ctx, "/desk/registers", u)}
	v.Table = ui.TableArgs{
		Caption: i18n.T(ctx, "recordweb.title"), CaptionQuiet: true, First: true, Empty: i18n.T(ctx, "recordweb.noRegister"),
		Head: []ui.Column{{Label: i18n.T(ctx, "recordweb.col.register"), Lead: true}, {Label: i18n.T(ctx, "recordweb.col.entries"), Numeric: true}},
	}
	regs := slices.Clone(h.svc.Declared.Registers())
	slices.SortStableFunc(regs, func(a, b record.Register) int { // those that the agency keeps stand first
		return cmp.Compare(min(1, n[b.ID]), min(1, n[a.ID]))
	})
	for _, reg := range regs {
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			ui.L(reg.Name.In(i18n.LangOf(ctx)), "/desk/registers/"+url.PathEscape(reg.ID)+"?unit="+u.ID.String()), ui.T(strconv.FormatInt(n[reg.ID], 10)),
		}})
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

type registerView struct {
	Unit    string
	UnitID  string
	Title   string
	Path    string
	Words   string
	On      string
	Units   []ui.Filter
	Table   ui.TableArgs
	Files   []ui.Anchor
	Pages   ui.PageLinks
	OnField ui.Field
	Back    ui.Anchor
}

// asked is what the page or a file of a register shows.
func (h handlers) asked(r *http.Request) (reg record.Register, u orgunit.Unit, f record.Filter, err error) {
	q, err := web.Query(r)
	if err != nil {
		return reg, u, f, err
	}
	if reg, err = h.svc.Register(r.PathValue("register")); err != nil {
		return reg, u, f, err
	}
	if u, err = h.unitOf(r.Context(), q.Get("unit")); err != nil {
		return reg, u, f, err
	}
	f = record.Filter{Register: reg.ID, Unit: u.ID, Words: q.Get("q")}
	if f.On, err = onDay(q); err != nil {
		return reg, u, f, err
	}
	if after := q.Get("after"); after != "" {
		if f.After, err = id.Parse[record.Entry](after); err != nil {
			return reg, u, f, errs.E(errs.Invalid, "recordweb.after", errs.Cause(err))
		}
	}
	return reg, u, f, nil
}

func query(f record.Filter, after record.EntryID) string {
	q := url.Values{"unit": {f.Unit.String()}}
	if f.Words != "" {
		q.Set("q", f.Words)
	}
	if !f.On.IsZero() {
		q.Set("on", f.On.String())
	}
	if after != 0 {
		q.Set("after", after.String())
	}
	return "?" + q.Encode()
}

// lead are the fields that a list shows of each entry, after its number.
func lead(reg record.Register) []record.Field {
	fields := slices.DeleteFunc(slices.Clone(reg.Fields), func(f record.Field) bool { return f.ID == "number" })
	return fields[:min(len(fields), 5)]
}

func (h handlers) register(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	reg, u, f, err := h.asked(r)
	if err != nil {
		return err
	}
	page, next, err := h.svc.Search(ctx, f)
	if err != nil {
		return err
	}
	l := i18n.LangOf(ctx)
	path := "/desk/registers/" + url.PathEscape(reg.ID)
	v := registerView{
		Unit: unitName(ctx, u), UnitID: u.ID.String(), Title: reg.Name.In(l), Path: path, Words: f.Words, Units: h.units(ctx, path, u),
		Back: ui.Anchor{Label: i18n.T(ctx, "recordweb.title"), Href: "/desk/registers?unit=" + u.ID.String()},
		Files: []ui.Anchor{
			{Label: i18n.T(ctx, "recordweb.csv"), Href: path + "/entries.csv" + query(f, 0)}, {Label: i18n.T(ctx, "recordweb.json"), Href: path + "/entries.json" + query(f, 0)},
		},
		OnField: ui.Field{Name: "on", Label: i18n.T(ctx, "recordweb.on"), Hint: i18n.T(ctx, "recordweb.onHint"), Optional: true},
	}
	if !f.On.IsZero() {
		v.On, v.OnField.Value = i18n.T(ctx, "recordweb.asOf", "day", i18n.Date(l, f.On)), f.On.String()
	}
	v.Table = ui.TableArgs{Caption: v.Title, CaptionQuiet: true, First: true, Empty: i18n.T(ctx, "recordweb.none"), Head: []ui.Column{{Label: i18n.T(ctx, "recordweb.col.key"), Lead: true, Tight: true}}}
	for _, x := range lead(reg) {
		v.Table.Head = append(v.Table.Head, ui.Column{Label: label(ctx, x), Numeric: x.Type == "number"})
	}
	v.Table.Head = append(v.Table.Head, ui.Column{Label: i18n.T(ctx, "recordweb.col.since"), Tight: true}, ui.Column{Label: i18n.T(ctx, "recordweb.col.status")})
	today := f.On
	if today.IsZero() {
		today = clock.DateOf(h.svc.Clock.Now())
	}
	if f.Words != "" || !f.On.IsZero() {
		v.Table.Empty = i18n.T(ctx, "recordweb.noneSuch")
	}
	for _, e := range page {
		href := "/desk/records/" + e.ID.String()
		if !f.On.IsZero() {
			href += "?on=" + f.On.String()
		}
		row := ui.Row{Cells: []ui.Cell{ui.L(e.Key, href)}}
		row.Cells[0].Note = h.found(ctx, reg, e, f.Words)
		for _, x := range lead(reg) {
			row.Cells = append(row.Cells, ui.T(h.words(ctx, x, e.Values)))
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: append(row.Cells, ui.T(i18n.Date(l, e.Effective)), status(ctx, e, today))})
	}
	if next != 0 {
		v.Pages.Next = path + query(f, next)
	}
	if f.After != 0 {
		v.Pages.Prev = path + query(f, 0)
	}
	return web.Render(w, r, http.StatusOK, registerPage(v))
}

// found is what of an entry was searched for, where no column of the list shows it.
func (h handlers) found(ctx context.Context, reg record.Register, e record.Entry, words string) string {
	for _, x := range reg.Fields {
		if slices.ContainsFunc(lead(reg), func(y record.Field) bool { return y.ID == x.ID }) {
			continue
		}
		for _, has := range strings.Fields(i18n.Fold(e.Values.Text(x.ID))) {
			if slices.ContainsFunc(strings.Fields(i18n.Fold(words)), func(w string) bool { return strings.HasPrefix(has, w) }) {
				return label(ctx, x) + ": " + h.words(ctx, x, e.Values)
			}
		}
	}
	return ""
}

func label(ctx context.Context, f record.Field) string {
	if s := f.Label.In(i18n.LangOf(ctx)); s != "" {
		return s
	}
	return f.ID
}

// words is a value as a reader reads it.
func (h handlers) words(ctx context.Context, f record.Field, v record.Values) string {
	s := v.Text(f.ID)
	switch {
	case f.Type == "yesno" && s != "":
		return i18n.T(ctx, "recordweb.value."+s)
	case f.Type == "number" && len(s) > 4: // an amount; shorter ones may be years
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return i18n.Number(i18n.LangOf(ctx), n)
		}
	case f.Unit:
		if u, err := h.svc.Units.Now().ByCode(s); err == nil {
			return unitName(ctx, u)
		}
	}
	return f.Read(i18n.LangOf(ctx), s)
}

// status is where an entry stands on a day.
func status(ctx context.Context, e record.Entry, on clock.Date) ui.Cell {
	switch {
	case e.Status == record.Revoked:
		return ui.Tagged(i18n.T(ctx, "recordweb.status.revoked"), ui.ToneStopped)
	case e.Status == record.Suspended:
		return ui.Tagged(i18n.T(ctx, "recordweb.status.suspended"), ui.ToneWaiting)
	case !e.ValidOn(on) && !e.From.IsZero() && on.Before(e.From):
		return ui.Tagged(i18n.T(ctx, "recordweb.status.notYet"), ui.ToneWaiting)
	case !e.ValidOn(on):
		return ui.Tagged(i18n.T(ctx, "recordweb.status.over"), ui.ToneStopped)
	}
	return ui.Tagged(i18n.T(ctx, "recordweb.status.inForce"), ui.ToneDone)
}

// csv is a whole register of an agency, a line an entry.
func (h handlers) csv(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	reg, _, f, err := h.asked(r)
	if err != nil {
		return err
	}
	on := f.On
	if on.IsZero() {
		on = clock.DateOf(h.svc.Clock.Now())
	}
	t := sheet.Table{Name: reg.ID, Columns: []sheet.Column{{Title: i18n.T(ctx, "recordweb.col.key")}}}
	for _, x := range reg.Fields {
		t.Columns = append(t.Columns, sheet.Column{Title: label(ctx, x)})
	}
	for _, c := range []string{"status", "since", "from", "until", "source"} {
		t.Columns = append(t.Columns, sheet.Column{Title: i18n.T(ctx, "recordweb.col."+c)})
	}
	t.Rows = func(add func(cells ...any) error) error {
		return h.svc.Each(ctx, f, func(e record.Entry) error {
			cells := []any{e.Key}
			for _, x := range reg.Fields {
				cells = append(cells, h.cell(ctx, x, e.Values))
			}
			return add(append(cells, status(ctx, e, on).Text, e.Effective.String(), day(e.From), day(e.Until), e.Source.Code)...)
		})
	}
	var body bytes.Buffer
	if err := sheet.CSV(&body, t); err != nil {
		return err
	}
	return web.Send(w, r, web.Download{Name: reg.ID + ".csv", Type: "text/csv; charset=utf-8", Body: &body, Size: int64(body.Len())})
}

// cell is a value in a file for people: words as on the page, but numbers and days as spreadsheets
// read them.
func (h handlers) cell(ctx context.Context, f record.Field, v record.Values) string {
	if f.Type == "number" || f.Type == "date" {
		return v.Text(f.ID)
	}
	return h.words(ctx, f, v)
}

func day(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// exported is one entry in a file for programs.
type exported struct {
	ID        string        `json:"id"`
	Key       string        `json:"key"`
	Version   int           `json:"version"`
	Status    string        `json:"status"`
	Effective string        `json:"effective"`
	From      string        `json:"from,omitempty"`
	Until     string        `json:"until,omitempty"`
	Source    string        `json:"source,omitempty"`
	Values    record.Values `json:"values"`
}

// json is a whole register of an agency for programs.
func (h handlers) json(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	reg, u, f, err := h.asked(r)
	if err != nil {
		return err
	}
	out := struct {
		Register string     `json:"register"`
		Unit     string     `json:"unit"`
		On       string     `json:"on,omitempty"`
		Entries  []exported `json:"entries"`
	}{Register: reg.ID, Unit: u.Code, On: day(f.On), Entries: []exported{}}
	err = h.svc.Each(ctx, f, func(e record.Entry) error {
		out.Entries = append(out.Entries, exported{e.ID.String(), e.Key, e.Version, string(e.Status), e.Effective.String(), day(e.From), day(e.Until), e.Source.Code, e.Values})
		return nil
	})
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	return web.Send(w, r, web.Download{Name: reg.ID + ".json", Type: "application/json", Body: bytes.NewReader(raw), Size: int64(len(raw))})
}
