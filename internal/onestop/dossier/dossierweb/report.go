package dossierweb

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/sheet"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/register/catalog"
	"khue/internal/register/orgunit"
)

// Catalogue knows the procedures by their codes.
type Catalogue interface {
	Item(ctx context.Context, code catalog.Code) (catalog.Item, error)
}

// Values of parameters of a report.
const (
	everyUnit   = "all"       // every unit that the reader oversees
	byProcedure = "procedure" // a line a procedure, not a field
)

// spanView is the choice of unit and period above a report and a book.
type spanView struct {
	Action   string
	Unit     string // as sent
	By       string
	From, To string
	Presets  []ui.Filter
	Units    []ui.Filter
	Problems ui.Problems
}

type reportView struct {
	Span    spanView
	Unit    string
	Period  string
	Figures []ui.Figure
	By      []ui.Filter
	Table   ui.TableArgs
	Files   []ui.Anchor
	Note    string
	Scores  scoresView
}

// grid is a report as it is shown and written to files.
type grid struct {
	columns []string
	words   int // leading columns of words; the rest are numbers
	rows    [][]any
}

// reportRoutes are the report and the tracking book.
func (h *handlers) reportRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/desk/report", Policy: auth.Officer, Do: h.report},
		{Method: http.MethodGet, Path: "/desk/report/report.xlsx", Policy: auth.Officer, Do: h.reportFile},
		{Method: http.MethodGet, Path: "/desk/report/report.csv", Policy: auth.Officer, Do: h.reportFile},
		{Method: http.MethodGet, Path: "/desk/book", Policy: auth.Officer, Do: h.book},
		{Method: http.MethodGet, Path: "/desk/book/book.xlsx", Policy: auth.Officer, Do: h.bookFile},
	}
}

// asked reads unit and period; without a period it is this month until today.
func (h *handlers) asked(ctx context.Context, q url.Values, every bool) (unit orgunit.UnitID, p dossier.Period, err error) {
	today := h.today()
	p = dossier.Period{From: clock.Date{Year: today.Year, Month: today.Month, Day: 1}, To: today}
	for name, into := range map[string]*clock.Date{"from": &p.From, "to": &p.To} {
		if text := dayTyped(q, name); text != "" {
			*into = clock.Date{} // no day: refused with the field's own sentence
			for _, layout := range [...]string{time.DateOnly, "2/1/2006"} {
				if t, err := time.ParseInLocation(layout, text, clock.Zone); err == nil {
					*into = clock.DateOf(t)
				}
			}
		}
	}
	if every && q.Get("unit") == everyUnit {
		return 0, p, nil
	}
	if unit, err = h.unitOf(ctx, q.Get("unit")); err != nil || unit == 0 {
		return unit, p, err
	}
	if a, ok := h.units.At(today).AgencyOf(unit); ok {
		unit = a.ID
	}
	return unit, p, nil
}

// dayTyped is a day as one ISO value, or as typed into three boxes; "" where none was sent.
func dayTyped(q url.Values, name string) string {
	if v := strings.TrimSpace(q.Get(name)); v != "" {
		return v
	}
	text := strings.TrimSpace(q.Get(name+".day")) + "/" + strings.TrimSpace(q.Get(name+".month")) + "/" + strings.TrimSpace(q.Get(name+".year"))
	if text == "//" {
		return ""
	}
	return text
}

// span fills the choice above a page.
func (h *handlers) span(ctx context.Context, path string, q url.Values, p dossier.Period, every bool) spanView {
	v := spanView{Action: path, Unit: q.Get("unit"), By: q.Get("by"), From: p.From.String(), To: p.To.String()}
	for name, into := range map[string]*string{"from": &v.From, "to": &v.To} {
		if text := dayTyped(q, name); text != "" {
			*into = text
		}
	}
	today := h.today()
	month := clock.Date{Year: today.Year, Month: today.Month, Day: 1}
	quarter := clock.Date{Year: today.Year, Month: (today.Month-1)/3*3 + 1, Day: 1}
	year := clock.Date{Year: today.Year, Month: time.January, Day: 1}
	at := func(p dossier.Period) string { return path + "?" + spanQuery(v.Unit, v.By, p) }
	for _, x := range []struct {
		key string
		p   dossier.Period
	}{
		{"month", dossier.Period{From: month, To: today}},
		{"lastMonth", dossier.Period{From: month.AddMonths(-1), To: month.AddDays(-1)}},
		{"quarter", dossier.Period{From: quarter, To: today}},
		{"year", dossier.Period{From: year, To: today}},
	} {
		v.Presets = append(v.Presets, ui.Filter{Label: i18n.T(ctx, "dossierweb.report.preset."+x.key), Href: at(x.p), Count: -1, Current: x.p == p})
	}
	posts := h.agencies(ctx)
	for i, u := range posts {
		v.Units = append(v.Units, ui.Filter{
			Label: h.unitName(ctx, u, h.clock.Now()), Href: path + "?" + spanQuery(u.String(), v.By, p), Count: -1,
			Current: v.Unit == u.String() || v.Unit == "" && i == 0,
		})
	}
	if every {
		v.Units = append(v.Units, ui.Filter{
			Label: i18n.T(ctx, "dossierweb.report.every"), Href: path + "?" + spanQuery(everyUnit, v.By, p), Count: -1,
			Current: v.Unit == everyUnit || v.Unit == "" && len(posts) == 0,
		})
	}
	return v
}

// agencies are those that the reader holds posts in.
func (h *handlers) agencies(ctx context.Context) []orgunit.UnitID {
	var out []orgunit.UnitID
	t := h.units.At(h.today())
	for _, u := range h.svc.Posts(ctx) {
		if a, ok := t.AgencyOf(u); ok {
			u = a.ID
		}
		if !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

func spanQuery(unit, by string, p dossier.Period) string {
	q := url.Values{"from": {p.From.String()}, "to": {p.To.String()}}
	if unit != "" {
		q.Set("unit", unit)
	}
	if by != "" {
		q.Set("by", by)
	}
	return q.Encode()
}

// report is the page.
func (h *handlers) report(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	unit, p, err := h.asked(ctx, q, true)
	if err != nil {
		return err
	}
	v := reportView{Span: h.span(ctx, "/desk/report", q, p, true), Unit: i18n.T(ctx, "dossierweb.report.every")}
	if unit != 0 {
		v.Unit = h.unitName(ctx, unit, h.clock.Now())
	}
	rep, err := h.svc.ReportOf(ctx, unit, p)
	if errs.Is(err, errs.Invalid) {
		v.Span.Problems = ui.ProblemsOf(ctx, err)
		return web.Render(w, r, http.StatusUnprocessableEntity, reportPage(v))
	}
	if err != nil {
		return err
	}
	v.Period = periodWords(ctx, p)
	v.Note = i18n.T(ctx, "dossierweb.report.note", "at", rep.At)
	t := rep.Total()
	n := func(x int) string { return i18n.Number(i18n.LangOf(ctx), int64(x)) }
	late := ui.ToneDone
	if t.Overdue > 0 {
		late = ui.ToneLate
	}
	v.Figures = []ui.Figure{
		{Label: i18n.T(ctx, "dossierweb.report.received"), Value: n(t.Received())},
		{Label: i18n.T(ctx, "dossierweb.report.settled"), Value: n(t.Settled())},
		{Label: i18n.T(ctx, "dossierweb.report.pending"), Value: n(t.Pending())},
		{Label: i18n.T(ctx, "dossierweb.report.overdue"), Value: n(t.Overdue), Tone: late},
	}
	by := q.Get("by")
	for _, x := range []string{"", byProcedure} {
		key := "dossierweb.report.byField"
		if x != "" {
			key = "dossierweb.report.byProcedure"
		}
		v.By = append(v.By, ui.Filter{Label: i18n.T(ctx, key), Href: "/desk/report?" + spanQuery(q.Get("unit"), x, p), Count: -1, Current: by == x})
	}
	v.Table = h.reportGrid(ctx, rep, unit == 0, by).table(ctx)
	for _, kind := range []string{"xlsx", "csv"} {
		v.Files = append(v.Files, ui.Anchor{Label: i18n.T(ctx, "dossierweb.report."+kind), Href: "/desk/report/report." + kind + "?" + spanQuery(q.Get("unit"), by, p)})
	}
	scores, err := h.svc.ScoresOf(ctx, unit, p)
	if err != nil {
		return err
	}
	v.Scores = scoresOf(ctx, scores)
	return web.Render(w, r, http.StatusOK, reportPage(v))
}

func periodWords(ctx context.Context, p dossier.Period) string {
	l := i18n.LangOf(ctx)
	return i18n.T(ctx, "dossierweb.report.period", "from", i18n.Date(l, p.From), "to", i18n.Date(l, p.To))
}

// reportGrid folds the lines of a report into fields, or names their procedures.
func (h *handlers) reportGrid(ctx context.Context, rep dossier.Report, units bool, by string) grid {
	type key struct {
		unit orgunit.UnitID
		name string
	}
	sums := map[key]dossier.Tally{}
	var order []key
	for _, l := range rep.Lines {
		k := key{name: h.lineName(ctx, l.Procedure, by)}
		if units {
			k.unit = l.Unit
		}
		if _, ok := sums[k]; !ok {
			order = append(order, k)
		}
		sums[k] = sums[k].Plus(l.Tally)
	}
	col := i18n.Collator(i18n.LangOf(ctx))
	names := map[orgunit.UnitID]string{}
	for _, k := range order {
		if units && names[k.unit] == "" {
			names[k.unit] = h.unitName(ctx, k.unit, rep.At)
		}
	}
	slices.SortFunc(order, func(a, b key) int {
		if c := col.CompareString(names[a.unit], names[b.unit]); c != 0 {
			return c
		}
		return col.CompareString(a.name, b.name)
	})
	g := grid{words: 1}
	if units {
		g.words, g.columns = 2, []string{i18n.T(ctx, "dossierweb.report.col.unit")}
	}
	first := "field"
	if by == byProcedure {
		first = "procedure"
	}
	for _, c := range []string{first, "received", "online", "counter", "post", "carried", "settled", "early", "onTime", "late", "pending", "inTerm", "overdue"} {
		g.columns = append(g.columns, i18n.T(ctx, "dossierweb.report.col."+c))
	}
	row := func(words []any, t dossier.Tally) {
		g.rows = append(g.rows, append(
			words, t.Received(), t.Online, t.Counter, t.Post, t.Carried, t.Settled(), t.Early, t.OnTime, t.Late, t.Pending(), t.InTerm, t.Overdue,
		))
	}
	for _, k := range order {
		words := []any{k.name}
		if units {
			words = []any{names[k.unit], k.name}
		}
		row(words, sums[k])
	}
	if len(order) > 0 {
		words := []any{i18n.T(ctx, "dossierweb.report.total")}
		if units {
			words = append(words, "")
		}
		row(words, rep.Total())
	}
	return g
}

// lineName is the field of a procedure, or the procedure itself.
func (h *handlers) lineName(ctx context.Context, code, by string) string {
	en := i18n.LangOf(ctx) == i18n.EN
	item, err := h.catalogue.Item(ctx, catalog.Code(code))
	switch {
	case err != nil && by == byProcedure:
		return code
	case err != nil || by != byProcedure && item.Field.Name == "":
		return i18n.T(ctx, "dossierweb.report.noField")
	case by == byProcedure && en && item.NameEN != "":
		return code + " " + item.NameEN
	case by == byProcedure:
		return code + " " + item.Name
	case en && item.FieldEN != "":
		return item.FieldEN
	}
	return item.Field.Name
}

// table draws a grid.
func (g grid) table(ctx context.Context) ui.TableArgs {
	t := ui.TableArgs{Caption: i18n.T(ctx, "dossierweb.report.title"), CaptionQuiet: true, First: true, Empty: i18n.T(ctx, "dossierweb.report.none")}
	for i, c := range g.columns {
		t.Head = append(t.Head, ui.Column{Label: c, Numeric: i >= g.words})
	}
	for _, row := range g.rows {
		var out ui.Row
		for _, v := range row {
			text, ok := v.(string)
			if n, isInt := v.(int); !ok && isInt {
				text = i18n.Number(i18n.LangOf(ctx), int64(n))
			}
			out.Cells = append(out.Cells, ui.T(text))
		}
		t.Rows = append(t.Rows, out)
	}
	return t
}

// reportFile is the report as a workbook or as CSV.
func (h *handlers) reportFile(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	unit, p, err := h.asked(ctx, q, true)
	if err != nil {
		return err
	}
	rep, err := h.svc.ReportOf(ctx, unit, p)
	if err != nil {
		return err
	}
	g := h.reportGrid(ctx, rep, unit == 0, q.Get("by"))
	whose := i18n.T(ctx, "dossierweb.report.every")
	if unit != 0 {
		whose = h.unitName(ctx, unit, h.clock.Now())
	}
	t := sheet.Table{
		Name: i18n.T(ctx, "dossierweb.report.sheet"), Above: []string{i18n.T(ctx, "dossierweb.report.title"), whose, periodWords(ctx, p)},
		Rows: func(add func(...any) error) error {
			for _, row := range g.rows {
				if err := add(row...); err != nil {
					return err
				}
			}
			return nil
		},
	}
	for i, c := range g.columns {
		width := 12.0
		if i < g.words {
			width = 40
		}
		t.Columns = append(t.Columns, sheet.Column{Title: c, Width: width})
	}
	return sendSheet(w, r, "report-"+p.From.String()+"-"+p.To.String(), strings.HasSuffix(r.URL.Path, ".csv"), t)
}

// sendSheet answers with a file; nothing is sent before it is whole, so that an error is
// told as one.
func sendSheet(w http.ResponseWriter, r *http.Request, name string, csv bool, t sheet.Table) error {
	var b bytes.Buffer
	d := web.Download{Name: name + ".xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Body: &b}
	write := sheet.XLSX
	if csv {
		d.Name, d.Type, write = name+".csv", "text/csv; charset=utf-8", sheet.CSV
	}
	if err := write(&b, t); err != nil {
		return err
	}
	d.Size = int64(b.Len())
	return web.Send(w, r, d)
}
