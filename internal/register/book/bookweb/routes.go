package bookweb

import (
	"bytes"
	"context"
	"embed"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/sheet"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/book"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "bookweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Names says what the kinds of books are called, as the packages do.
type Names interface {
	BookName(ctx context.Context, kind string) string
}

type handlers struct {
	svc   *book.Service
	names Names
}

// Routes is the web half of the books. Whether a reader may see the books of an agency is
// decided with the agency in hand.
func Routes(s *book.Service, names Names) web.Module {
	h := handlers{s, names}
	return web.Module{Name: "book", Routes: []web.Route{
		{Method: http.MethodGet, Path: "/desk/numbers", Policy: auth.Officer, Do: h.page},
		{Method: http.MethodGet, Path: "/desk/numbers/book.csv", Policy: auth.Officer, Do: h.file},
	}}
}

type view struct {
	Unit  string
	Units []ui.Filter
	Books ui.TableArgs
	Lines *ui.TableArgs
	Title string
	Files []ui.Anchor
	Pages ui.PageLinks
}

// asked reads the book that a query names; without a unit it is the reader's own.
func (h handlers) asked(ctx context.Context, q url.Values) (b book.Book, err error) {
	if ref := q.Get("unit"); ref != "" {
		u, err := h.svc.Units.Now().Resolve(ref)
		if err != nil {
			return b, err
		}
		if a, ok := h.svc.Units.Now().AgencyOf(u.ID); ok {
			u = a
		}
		b.Unit = u.ID
	} else if own := h.svc.Agencies(ctx); len(own) > 0 {
		b.Unit = own[0].ID
	}
	b.Kind = q.Get("kind")
	if y := q.Get("year"); y != "" {
		if b.Year, err = strconv.Atoi(y); err != nil {
			return b, errs.E(errs.Invalid, "bookweb.year")
		}
	}
	return b, nil
}

func name(ctx context.Context, u orgunit.Unit) string {
	if i18n.LangOf(ctx) == i18n.EN && u.NameEN != "" {
		return u.NameEN
	}
	return u.Name
}

func address(path string, b book.Book, after int64) string {
	q := url.Values{"unit": {b.Unit.String()}}
	if b.Kind != "" {
		q.Set("kind", b.Kind)
		q.Set("year", strconv.Itoa(b.Year))
	}
	if after > 0 {
		q.Set("after", strconv.FormatInt(after, 10))
	}
	return path + "?" + q.Encode()
}

func (h handlers) page(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	b, err := h.asked(ctx, q)
	if err != nil {
		return err
	}
	v := view{}
	own := h.svc.Agencies(ctx)
	if u, ok := h.svc.Units.Now().Get(b.Unit); ok {
		v.Unit = name(ctx, u)
		if !slices.ContainsFunc(own, func(x orgunit.Unit) bool { return x.ID == u.ID }) {
			own = append(own, u)
		}
	}
	for _, u := range own {
		v.Units = append(v.Units, ui.Filter{Label: name(ctx, u), Href: address("/desk/numbers", book.Book{Unit: u.ID}, 0), Count: -1, Current: u.ID == b.Unit})
	}
	books, err := h.svc.Books(ctx, b.Unit)
	if err != nil {
		return err
	}
	v.Books = ui.TableArgs{
		Caption: i18n.T(ctx, "bookweb.books"), CaptionQuiet: true, First: true, Empty: i18n.T(ctx, "bookweb.none"),
		Head: []ui.Column{{Label: i18n.T(ctx, "bookweb.col.book"), Lead: true}, {Label: i18n.T(ctx, "bookweb.col.year"), Numeric: true}, {Label: i18n.T(ctx, "bookweb.col.last"), Numeric: true}, {Label: i18n.T(ctx, "bookweb.col.void"), Numeric: true}},
	}
	for _, k := range books {
		v.Books.Rows = append(v.Books.Rows, ui.Row{Cells: []ui.Cell{
			ui.L(h.names.BookName(ctx, k.Kind), address("/desk/numbers", k.Book, 0)), ui.T(strconv.Itoa(k.Year)), ui.T(strconv.FormatInt(k.Last, 10)), ui.T(strconv.FormatInt(k.Void, 10)),
		}, Marked: k.Book == b})
	}
	if b.Kind != "" {
		after, _ := strconv.ParseInt(q.Get("after"), 10, 64)
		if err := h.lines(ctx, &v, b, after); err != nil {
			return err
		}
	}
	return web.Render(w, r, http.StatusOK, numbersPage(v))
}

// lines adds a page of one book.
func (h handlers) lines(ctx context.Context, v *view, b book.Book, after int64) error {
	all, next, err := h.svc.Lines(ctx, b, after)
	if err != nil {
		return err
	}
	v.Title = i18n.T(ctx, "bookweb.of", "book", h.names.BookName(ctx, b.Kind), "year", strconv.Itoa(b.Year))
	t := ui.TableArgs{
		Caption: v.Title, CaptionQuiet: true, First: true, Empty: i18n.T(ctx, "bookweb.noLines"),
		Head: []ui.Column{
			{Label: i18n.T(ctx, "bookweb.col.n"), Numeric: true}, {Label: i18n.T(ctx, "bookweb.col.at"), Tight: true}, {Label: i18n.T(ctx, "bookweb.col.for"), Tight: true},
			{Label: i18n.T(ctx, "bookweb.col.by")}, {Label: i18n.T(ctx, "bookweb.col.state")},
		},
	}
	l := i18n.LangOf(ctx)
	for _, n := range all {
		state := ui.Tagged(i18n.T(ctx, "bookweb.given"), ui.ToneDone)
		if n.Void() {
			state = ui.Tagged(i18n.T(ctx, "bookweb.void"), ui.ToneStopped)
			state.Note = i18n.T(ctx, "bookweb.voidWhy", "at", i18n.DateTime(l, n.VoidAt), "why", why(ctx, n))
		}
		of := ui.T(n.Subject.Code)
		if n.Subject.Code != "" {
			of = ui.L(n.Subject.Code, "/desk/dossiers/"+url.PathEscape(n.Subject.Code))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.T(strconv.FormatInt(n.N, 10)), ui.T(i18n.DateTime(l, n.TakenAt)), of, ui.T(n.By), state}})
	}
	v.Lines = &t
	v.Files = []ui.Anchor{{Label: i18n.T(ctx, "bookweb.csv"), Href: address("/desk/numbers/book.csv", b, 0)}}
	if next > 0 {
		v.Pages.Next = address("/desk/numbers", b, next)
	}
	if after > 0 {
		v.Pages.Prev = address("/desk/numbers", b, 0)
	}
	return nil
}

// key is a reason that the program gives: the key of a sentence, for it holds no data of a dossier.
var key = regexp.MustCompile(`^[a-z]+(\.[A-Za-z]+)+$`)

// why is the reason of a void number in the reader's words.
func why(ctx context.Context, n book.Number) string {
	if !key.MatchString(n.VoidWhy) {
		return n.VoidWhy
	}
	if i18n.BundleOf(ctx).Has(n.VoidWhy) {
		if said := i18n.T(ctx, n.VoidWhy); !strings.Contains(said, "{") { // the values of the sentence are not kept
			return said
		}
	}
	return i18n.T(ctx, "bookweb.voidBy")
}

// file is a whole book, a line a number, void ones with their reason.
func (h handlers) file(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	b, err := h.asked(ctx, q)
	if err != nil {
		return err
	}
	l := i18n.LangOf(ctx)
	t := sheet.Table{Name: i18n.T(ctx, "bookweb.sheet"), Rows: func(add func(cells ...any) error) error {
		for after := int64(0); ; {
			all, next, err := h.svc.Lines(ctx, b, after)
			if err != nil {
				return err
			}
			for _, n := range all {
				state, when := i18n.T(ctx, "bookweb.given"), ""
				if n.Void() {
					state, when = i18n.T(ctx, "bookweb.void"), i18n.DateTime(l, n.VoidAt)
				}
				if err := add(n.N, i18n.DateTime(l, n.TakenAt), n.Subject.Code, n.By, state, when, why(ctx, n)); err != nil {
					return err
				}
			}
			if after = next; next == 0 {
				return nil
			}
		}
	}}
	for _, c := range []string{"n", "at", "for", "by", "state", "voidAt", "voidWhy"} {
		t.Columns = append(t.Columns, sheet.Column{Title: i18n.T(ctx, "bookweb.col."+c)})
	}
	var body bytes.Buffer
	if err := sheet.CSV(&body, t); err != nil {
		return err
	}
	return web.Send(w, r, web.Download{Name: b.Kind + "-" + strconv.Itoa(b.Year) + ".csv", Type: "text/csv; charset=utf-8", Body: &body, Size: int64(body.Len())})
}
