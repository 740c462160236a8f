package paymentweb

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/payment"
)

type reconcileView struct {
	Unit, UnitID string
	Bar          bar
	Day          clock.Date
	Facts        ui.SummaryArgs
	Items        ui.TableArgs
	Balances     ui.TableArgs
	Prev, Next   *ui.Anchor
	Other        ui.Field // another day, typed
	NoStatement  bool
	Key          string
	Banner       *ui.BannerArgs
	Problems     ui.Problems
}

func (h handlers) reconcile(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showDay(w, r, q, nil, nil)
}

func (h handlers) showDay(w http.ResponseWriter, r *http.Request, q url.Values, got *payment.Imported, bad error) error {
	ctx, l := r.Context(), i18n.LangOf(r.Context())
	u, units, err := h.desk(r, q.Get("unit"))
	if err != nil {
		return err
	}
	today := clock.DateOf(h.s.Clock.Now())
	day, typed, lost, err := askedDay(q, today)
	if err != nil {
		return err
	}
	if got != nil && !got.Last.IsZero() {
		day = got.Last // what was imported is looked at, wherever it was imported
	}
	d, err := h.s.Reconcile(ctx, u, day)
	if err != nil {
		return err
	}
	v := reconcileView{Unit: h.unitName(ctx, u), UnitID: u.String(), Bar: h.bar(ctx, "reconcile", u, units), Day: day, Key: web.NewKey(), NoStatement: d.Lines == 0}
	href := func(d clock.Date) string { return "/desk/reconcile?unit=" + u.String() + "&day=" + d.String() }
	v.Prev = &ui.Anchor{Label: say(ctx, "day.prev", "day", i18n.Date(l, day.AddDays(-1))), Href: href(day.AddDays(-1))}
	if day.Before(today) {
		v.Next = &ui.Anchor{Label: say(ctx, "day.next", "day", i18n.Date(l, day.AddDays(1))), Href: href(day.AddDays(1))}
	}
	v.Other = ui.Field{Name: "at", Label: say(ctx, "day.at"), Hint: say(ctx, "day.atHint", "day", today), Value: typed}
	if p, ok := h.s.Payees.Payee(u); ok {
		v.Facts.Rows = append(v.Facts.Rows, ui.SummaryRow{Key: say(ctx, "day.of"), Value: ui.Cell{Text: p.Account, Note: p.Holder}})
	}
	for _, x := range [...][2]string{{"stated", money(ctx, d.Stated)}, {"told", money(ctx, d.Told)}, {"difference", money(ctx, d.Stated-d.Told)}, {"lines", strconv.Itoa(d.Lines)}} {
		v.Facts.Rows = append(v.Facts.Rows, ui.SummaryRow{Key: say(ctx, "day."+x[0]), Value: ui.T(x[1])})
	}
	v.Items = ui.TableArgs{
		Caption: say(ctx, "day.items"), First: true, Empty: say(ctx, "day.even"),
		Head: []ui.Column{{Label: say(ctx, "day.why")}, {Label: say(ctx, "day.ref")}, {Label: say(ctx, "amount"), Numeric: true}},
	}
	for _, i := range d.Items {
		why := ui.T(say(ctx, "item."+i.Kind))
		if i.Kind == string(payment.Unplaced) {
			why.Href = "/desk/suspense?unit=" + u.String()
		}
		v.Items.Rows = append(v.Items.Rows, ui.Row{Cells: []ui.Cell{why, {Text: i.Ref, Note: i.Text}, ui.T(money(ctx, i.Amount))}})
	}
	v.Balances = ui.TableArgs{Caption: say(ctx, "day.balances"), First: true, Plain: true, Head: []ui.Column{{Label: say(ctx, "day.account")}, {Label: say(ctx, "amount"), Numeric: true}}}
	for _, k := range payment.Kinds() {
		v.Balances.Rows = append(v.Balances.Rows, ui.Row{Cells: []ui.Cell{ui.T(say(ctx, "account."+string(k))), ui.T(money(ctx, standing(k, d.Balances[k])))}})
	}
	status := http.StatusOK
	switch {
	case bad != nil:
		p := web.ProblemOf(ctx, bad)
		status, v.Problems = p.Status, ui.Problems{{Field: "file", Text: p.Detail}}
		v.Banner = &ui.BannerArgs{Text: p.Detail, Tone: ui.ToneStopped, Alert: true}
	case lost:
		status, v.Other.Error = http.StatusUnprocessableEntity, say(ctx, "day.bad", "day", today)
		v.Problems = ui.Problems{{Field: v.Other.Name, Text: v.Other.Error}}
	case got != nil:
		days := i18n.Date(l, got.Last)
		if got.First != got.Last {
			days = i18n.Date(l, got.First) + " – " + days
		}
		v.Banner = &ui.BannerArgs{Tone: ui.ToneDone, Alert: true, Text: say(ctx, "imported", "days", days, "lines", got.Lines, "repeated", got.Repeated, "found", got.By[payment.Found], "unknown", got.By[payment.Unplaced])}
	}
	return web.Render(w, r, status, reconcilePage(v))
}

// askedDay is the day that a link names or somebody typed, today where neither does; lost says that
// what was typed is no day up to today.
func askedDay(q url.Values, today clock.Date) (day clock.Date, typed string, lost bool, err error) {
	if text := q.Get("day"); text != "" {
		if day, err = clock.ParseDate(text); err != nil {
			return day, "", false, errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
		}
		return day, "", false, nil
	}
	box := func(part string) string { return strings.TrimSpace(q.Get("at." + part)) }
	if typed = box("day") + "/" + box("month") + "/" + box("year"); typed == "//" {
		return today, "", false, nil
	}
	at, err := time.ParseInLocation("2/1/2006", typed, clock.Zone)
	if day = clock.DateOf(at); err != nil || day.After(today) {
		return today, typed, true, nil
	}
	return day, typed, false, nil
}

// standing is a balance as people read it: fees, and what is owed to somebody, grow on the
// credit side of the ledger, where they are negative. What a box was short is below zero.
func standing(k payment.Kind, balance int64) int64 {
	switch k {
	case payment.Revenue, payment.Suspense, payment.Refunds, payment.Difference:
		return -balance
	}
	return balance
}

// statement imports a file. Importing it again counts nothing twice, so that it needs no key of
// its own.
func (h handlers) statement(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	if _, err := web.ClientKey(r); err != nil {
		return err
	}
	u, _, err := h.desk(r, f.Get("unit"))
	if err != nil {
		return err
	}
	files, err := web.Files(r, "file")
	if err != nil {
		return err
	}
	if len(files) != 1 {
		return h.showDay(w, r, f, nil, errs.E(errs.Invalid, "paymentweb.fileMissing"))
	}
	body, err := files[0].Open()
	if err != nil {
		return err
	}
	defer body.Close()
	got, err := h.s.Import(r.Context(), u, body)
	if err != nil && (errs.Is(err, errs.Invalid) || errs.Is(err, errs.TooLarge)) {
		return h.showDay(w, r, f, nil, err)
	}
	if err != nil {
		return err
	}
	return h.showDay(w, r, f, &got, nil)
}
