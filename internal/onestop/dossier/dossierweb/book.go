package dossierweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/sheet"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
)

// bookView is a page of the tracking book.
type bookView struct {
	Span   spanView
	Unit   string
	Title  string
	Form   string
	Period string
	Table  ui.TableArgs
	Pages  ui.PageLinks
	Files  []ui.Anchor
}

const bookRows = 100 // on a page

// bookColumns are the columns of the law's form, with their widths in a workbook.
func bookColumns() []sheet.Column {
	return []sheet.Column{
		{Title: "no", Width: 6}, {Title: "code", Width: 24}, {Title: "procedure", Width: 40}, {Title: "sets", Width: 8}, {Title: "applicant", Width: 28},
		{Title: "contact", Width: 28}, {Title: "agency", Width: 30}, {Title: "received", Width: 17}, {Title: "due", Width: 17}, {Title: "forwarded", Width: 17},
		{Title: "result", Width: 17}, {Title: "returned", Width: 17}, {Title: "method", Width: 20}, {Title: "signature", Width: 14}, {Title: "note", Width: 24},
	}
}

// bookWords says rows of the book in the reader's language. Names are looked up once.
type bookWords struct {
	h     *handlers
	now   time.Time
	units map[string]string
}

// cells are one row, as bookColumns name them.
func (b *bookWords) cells(ctx context.Context, no int, r dossier.BookRow) []any {
	lang := i18n.LangOf(ctx)
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return i18n.DateTime(lang, t)
	}
	name := r.Procedure
	if pkg, err := b.h.services.ByDigest(r.Package); err == nil {
		name = say(ctx, pkg.Name())
	}
	key := r.Competent.String() + "/" + clock.DateOf(r.AcceptedAt).String()
	agency, ok := b.units[key]
	if !ok {
		agency = b.h.unitName(ctx, r.Competent, r.AcceptedAt)
		b.units[key] = agency
	}
	var contact, notes []string
	for _, s := range [...]string{r.Filing.Delivery.Address, groupedPhone(r.Phone)} {
		if s != "" {
			contact = append(contact, s)
		}
	}
	switch r.State {
	case process.Withdrawn, process.Stopped, process.NotAccepted, process.Supplement, process.Financial:
		notes = append(notes, stateWord(ctx, r.State))
	default:
	}
	if r.Late(b.now) {
		notes = append(notes, i18n.T(ctx, "dossierweb.book.late"))
	}
	return []any{
		no, r.Code, name, 1, r.Applicant, strings.Join(contact, "; "), agency, at(r.AcceptedAt), at(r.DueAt), at(r.AcceptedAt),
		at(r.ResultAt()), at(r.ReturnedAt()), i18n.T(ctx, "dossierweb.delivery."+r.Filing.Delivery.Method), "", strings.Join(notes, "; "),
	}
}

// book is the printable page of the tracking book.
func (h *handlers) book(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	unit, p, err := h.asked(ctx, q, false)
	if err != nil {
		return err
	}
	var after dossier.BookCursor
	no := 0
	if _, err := web.ReadCursor(q.Get("cursor"), &after.At, &after.ID, &no); err != nil {
		return err
	}
	v := bookView{Span: h.span(ctx, "/desk/book", q, p, false), Title: i18n.T(ctx, "dossierweb.book.title")}
	if unit != 0 {
		v.Unit = h.unitName(ctx, unit, h.clock.Now())
	}
	rows, next, err := h.svc.Book(ctx, unit, p, after, bookRows)
	if errs.Is(err, errs.Invalid) {
		v.Span.Problems = ui.ProblemsOf(ctx, err)
		return web.Render(w, r, http.StatusUnprocessableEntity, bookPage(v))
	}
	if err != nil {
		return err
	}
	v.Period, v.Form = periodWords(ctx, p), bookForm(ctx, p)
	v.Table = ui.TableArgs{Caption: v.Title, CaptionQuiet: true, Empty: i18n.T(ctx, "dossierweb.book.none")}
	for _, c := range bookColumns() {
		v.Table.Head = append(v.Table.Head, ui.Column{Label: i18n.T(ctx, "dossierweb.book.col."+c.Title), Numeric: c.Title == "no" || c.Title == "sets"})
	}
	words := bookWords{h: h, now: h.clock.Now(), units: map[string]string{}}
	for _, x := range rows {
		no++
		var row ui.Row
		for i, c := range words.cells(ctx, no, x) {
			switch c := c.(type) {
			case int:
				row.Cells = append(row.Cells, ui.T(strconv.Itoa(c)))
			case string:
				cell := ui.T(c)
				if i == 1 {
					cell = ui.L(c, "/desk/dossiers/"+url.PathEscape(c))
				}
				row.Cells = append(row.Cells, cell)
			}
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	here := "/desk/book?" + spanQuery(q.Get("unit"), "", p)
	if next != nil {
		v.Pages.Next = here + "&cursor=" + url.QueryEscape(web.NewCursor(next.At, next.ID, no))
	}
	if q.Get("cursor") != "" {
		v.Pages.Prev = here
	}
	v.Files = []ui.Anchor{{Label: i18n.T(ctx, "dossierweb.book.xlsx"), Href: "/desk/book/book.xlsx?" + spanQuery(q.Get("unit"), "", p)}}
	return web.Render(w, r, http.StatusOK, bookPage(v))
}

// bookForm is the form of the law on the last day of the book.
func bookForm(ctx context.Context, p dossier.Period) string {
	f, source := dossier.FormOf(dossier.PaperBook, p.To)
	return i18n.T(ctx, "dossier.paper.form", "number", f.Number, "source", source)
}

// bookFile is the whole book of a period as a workbook.
func (h *handlers) bookFile(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	unit, p, err := h.asked(ctx, q, false)
	if err != nil {
		return err
	}
	whose := ""
	if unit != 0 {
		whose = h.unitName(ctx, unit, h.clock.Now())
	}
	words := bookWords{h: h, now: h.clock.Now(), units: map[string]string{}}
	t := sheet.Table{
		Name: i18n.T(ctx, "dossierweb.book.sheet"), Above: []string{bookForm(ctx, p), i18n.T(ctx, "dossierweb.book.title"), whose, periodWords(ctx, p)},
		Rows: func(add func(...any) error) error {
			no := 0
			return h.svc.EachInBook(ctx, unit, p, func(x dossier.BookRow) error {
				no++
				return add(words.cells(ctx, no, x)...)
			})
		},
	}
	for _, c := range bookColumns() {
		t.Columns = append(t.Columns, sheet.Column{Title: i18n.T(ctx, "dossierweb.book.col."+c.Title), Width: c.Width})
	}
	return sendSheet(w, r, "book-"+p.From.String()+"-"+p.To.String(), false, t)
}
