package paymentweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/payment"
	"khue/internal/register/orgunit"
)

// desk is the unit for whose money the reader works, as the address or their first post says.
func (h handlers) desk(r *http.Request, asked string) (u orgunit.UnitID, units []orgunit.UnitID, err error) {
	units = h.s.Desks(r.Context())
	if len(units) == 0 {
		return 0, nil, errs.E(errs.Forbidden, "payment.notYours")
	}
	u = units[0]
	if asked != "" {
		if u, err = id.Parse[orgunit.Unit](asked); err != nil {
			return 0, nil, errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
		}
	}
	return u, units, nil
}

func (h handlers) unitName(ctx context.Context, u orgunit.UnitID) string {
	x, _ := h.s.Units.Now().Get(u)
	if i18n.LangOf(ctx) == i18n.EN && x.NameEN != "" {
		return x.NameEN
	}
	return x.Name
}

// bar are the ways between the pages of money, and between units.
type bar struct {
	Pages []ui.Filter
	Units []ui.Filter
}

func (h handlers) bar(ctx context.Context, here string, u orgunit.UnitID, units []orgunit.UnitID) (b bar) {
	for _, p := range [...][2]string{{"list", "/desk/payments"}, {"suspense", "/desk/suspense"}, {"cash", "/desk/cash"}, {"reconcile", "/desk/reconcile"}} {
		if p[0] != "list" && !h.s.MayReconcile(ctx, u) {
			continue // an auditor reads payments alone
		}
		b.Pages = append(b.Pages, ui.Filter{Label: say(ctx, "bar."+p[0]), Href: p[1] + "?unit=" + u.String(), Count: -1, Current: p[0] == here})
	}
	if len(units) > 1 {
		for _, x := range units {
			b.Units = append(b.Units, ui.Filter{Label: h.unitName(ctx, x), Href: "?unit=" + x.String(), Count: -1, Current: x == u})
		}
	}
	return b
}

type listView struct {
	Unit     string
	UnitID   string
	Bar      bar
	Find     string // what was looked for in vain
	Problems ui.Problems
	States   []ui.Filter
	Orders   ui.TableArgs
	Pages    ui.PageLinks
}

func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	u, units, err := h.desk(r, q.Get("unit"))
	if err != nil {
		return err
	}
	find := strings.TrimSpace(q.Get("q"))
	if find != "" {
		o, err := h.s.ByReference(ctx, find)
		if err == nil {
			return web.Redirect(w, r, "/desk/payments/"+o.ID.String())
		}
		if !errs.Is(err, errs.NotFound) {
			return err
		}
	}
	state, before := payment.State(q.Get("state")), payment.OrderID(0)
	if text := q.Get("before"); text != "" {
		if before, err = id.Parse[payment.Order](text); err != nil {
			return errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
		}
	}
	orders, more, err := h.s.OfUnit(ctx, u, state, before)
	if err != nil {
		return err
	}
	v := listView{Unit: h.unitName(ctx, u), UnitID: u.String(), Find: find, Bar: h.bar(ctx, "list", u, units)}
	if find != "" {
		v.Problems = ui.Problems{{Field: "q", Text: say(ctx, "find.none")}}
	}
	link := func(s payment.State) string {
		return "/desk/payments?unit=" + u.String() + "&state=" + string(s)
	}
	if more {
		v.Pages.Next = link(state) + "&before=" + orders[len(orders)-1].ID.String()
	}
	if before != 0 {
		v.Pages.Prev = link(state)
	}
	v.States = append(v.States, ui.Filter{Label: say(ctx, "all"), Href: link(""), Count: -1, Current: state == ""})
	for _, s := range payment.States() {
		v.States = append(v.States, ui.Filter{Label: stateWord(ctx, s), Href: link(s), Count: -1, Current: s == state})
	}
	v.Orders = ui.TableArgs{
		Caption: say(ctx, "bar.list"), CaptionQuiet: true, First: true, Empty: say(ctx, "noOrders"),
		Head: []ui.Column{{Label: say(ctx, "row.reference"), Tight: true}, {Label: say(ctx, "row.payer")}, {Label: say(ctx, "row.sum"), Numeric: true}, {Label: say(ctx, "row.due"), Numeric: true}, {Label: say(ctx, "state")}, {Label: say(ctx, "opened"), Tight: true}},
	}
	for _, o := range orders {
		v.Orders.Rows = append(v.Orders.Rows, ui.Row{Cells: []ui.Cell{
			ui.L(o.Reference, "/desk/payments/"+o.ID.String()), {Text: o.Payer, Note: o.Source.Code}, ui.T(money(ctx, o.Amount)), ui.T(money(ctx, o.Due())),
			ui.Tagged(stateWord(ctx, o.State), tone(o.State)), ui.T(i18n.DateTime(i18n.LangOf(ctx), o.OpenedAt)),
		}})
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

type orderView struct {
	ID       string
	UnitID   string
	Pay      payView
	May      payment.May
	Facts    ui.SummaryArgs
	Key      string
	Sent     url.Values
	Problems ui.Problems
	Banner   *ui.BannerArgs
	HasShift bool   // the reader's, for the order's unit
	NoShift  string // why no cash is taken without one
	Waits    bool   // a refund was asked for and not decided, and the reader is not who decides
	Excess   string
	Held     string
	Next     string // page of the order that took this one's place
}

func (h handlers) order(w http.ResponseWriter, r *http.Request) error {
	o, _, err := h.read(r)
	if err != nil {
		return err
	}
	return h.showOrder(w, r, o, url.Values{}, nil)
}

func (h handlers) showOrder(w http.ResponseWriter, r *http.Request, o payment.Order, sent url.Values, bad error) error {
	ctx := r.Context()
	v := orderView{
		ID: o.ID.String(), UnitID: o.Unit.String(), Pay: h.payView(ctx, o, ""), May: h.s.MayOf(ctx, o), Key: web.NewKey(), Sent: sent,
		Excess: money(ctx, o.Excess()), Held: money(ctx, o.Held()),
	}
	v.Pay.Title, v.Pay.Note = say(ctx, "order", "reference", o.Reference), say(ctx, "deskNote."+string(o.State))
	switch {
	case o.Refund.Approved != 0:
		v.Pay.Note = say(ctx, "deskNote.approved")
	case o.State == payment.Late && o.Renewable():
		v.Pay.Note = say(ctx, "deskNote.part")
	}
	v.Pay.Facts.Rows = append([]ui.SummaryRow{{Key: say(ctx, "dossier"), Value: ui.L(o.Source.Code, "/desk/dossiers/"+url.PathEscape(o.Source.Code))}}, v.Pay.Facts.Rows...)
	switch mine, err := h.s.MyShift(ctx); {
	case errs.Is(err, errs.NotFound):
		v.NoShift = say(ctx, "noShift")
	case err != nil:
		return err
	case mine.Unit != o.Unit:
		v.NoShift = say(ctx, "shiftElsewhere", "unit", h.unitName(ctx, mine.Unit))
	default:
		v.HasShift = true
	}
	if v.May.Renew {
		owes, err := h.sources.Owes(ctx, o)
		if err != nil {
			return err
		}
		v.May.Renew = owes
	}
	if o.Void == payment.Replaced {
		next, err := h.s.Successor(ctx, o)
		if err != nil {
			return err
		}
		v.Next = "/desk/payments/" + next.ID.String()
	}
	v.Waits = o.Refund.Amount > 0 && o.Refund.Approver == "" && !v.May.Approve
	if o.Excess() == 0 || o.Void != "" {
		v.Excess = ""
	}
	add := func(key, text string) {
		if text != "" {
			v.Facts.Rows = append(v.Facts.Rows, ui.SummaryRow{Key: say(ctx, "row."+key), Value: ui.T(text)})
		}
	}
	if o.Refund.Amount > 0 {
		add("refund", money(ctx, o.Refund.Amount))
		add("refundWhy", o.Refund.Reason)
		add("askedBy", o.Refund.ByName)
		add("approvedBy", o.Refund.Approver)
	}
	add("dispute", o.Dispute)
	if key := "paymentweb.ended." + o.Why; i18n.BundleOf(ctx).Has(key) { // its source wrote a word of its own
		o.Why = i18n.T(ctx, key)
	}
	add("why", o.Why)
	status := http.StatusOK
	if bad != nil {
		p := web.ProblemOf(ctx, bad)
		status = p.Status
		v.Problems = ui.ProblemsOf(ctx, bad)
		v.Banner = &ui.BannerArgs{Text: p.Detail, Tone: ui.ToneStopped, Alert: true}
	}
	return web.Render(w, r, status, orderPage(v))
}

// wrong says that an error is told on the page on which the act was asked for.
func wrong(err error) bool {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Forbidden, errs.NotFound:
		return true
	}
	return false
}

func (h handlers) act(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := web.PathID[payment.Order](r, "order")
	if err != nil {
		return err
	}
	f, key, err := web.Command(r)
	if err != nil {
		return err
	}
	before, err := h.s.Read(ctx, v, "")
	if err != nil {
		return err
	}
	at := v // the order whose page comes next
	switch f.Get("do") {
	case "renew":
		var next payment.Order
		if next, err = h.sources.AskAgain(ctx, v, "", key); err == nil {
			at = next.ID
		}
	case "cash":
		_, err = h.s.TakeHere(ctx, v, payment.ByCash, "", key)
	case "card":
		_, err = h.s.TakeHere(ctx, v, payment.ByCard, f.Get("slip"), key)
	case "excess", "all":
		_, err = h.s.AskRefund(ctx, v, f.Get("do") == "all", f.Get("why"), key)
	case "approve":
		_, err = h.s.ApproveRefund(ctx, v, key)
	case "drop":
		_, err = h.s.DropRefund(ctx, v, key)
	case "outCash":
		_, err = h.s.PayOut(ctx, v, payment.ByCash, "", key)
	case "outBank":
		_, err = h.s.PayOut(ctx, v, payment.ByBank, f.Get("ref"), key)
	case "contest":
		_, err = h.s.Contest(ctx, v, f.Get("why"), key)
	case "resolve":
		_, err = h.s.Resolve(ctx, v, key)
	case "reinstate":
		_, err = h.s.Reinstate(ctx, v, key)
	default:
		return errs.E(errs.Invalid, "web.error.form")
	}
	if wrong(err) {
		return h.showOrder(w, r, before, f, err)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/payments/"+at.String())
}

type cashView struct {
	Unit, UnitID string
	Bar          bar
	Mine         *payment.Shift
	Facts        ui.SummaryArgs
	Past         ui.TableArgs
	May          bool
	Key          string
	Sent         url.Values
	Problems     ui.Problems
	Banner       *ui.BannerArgs
}

func (h handlers) cash(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showCash(w, r, q.Get("unit"), url.Values{}, nil)
}

func (h handlers) showCash(w http.ResponseWriter, r *http.Request, asked string, sent url.Values, bad error) error {
	ctx := r.Context()
	u, units, err := h.desk(r, asked)
	if err != nil {
		return err
	}
	past, err := h.s.Shifts(ctx, u)
	if err != nil {
		return err
	}
	v := cashView{Unit: h.unitName(ctx, u), UnitID: u.String(), Bar: h.bar(ctx, "cash", u, units), May: h.s.MayTake(ctx, u), Key: web.NewKey(), Sent: sent}
	mine, err := h.s.MyShift(ctx)
	switch {
	case err == nil:
		v.Mine = &mine
		if mine.Unit != u {
			v.Facts.Rows = append(v.Facts.Rows, ui.SummaryRow{Key: say(ctx, "row.unit"), Value: ui.T(h.unitName(ctx, mine.Unit))})
		}
		for _, x := range [...][2]string{{"float", money(ctx, mine.Float)}, {"taken", money(ctx, mine.Expected-mine.Float)}, {"expected", money(ctx, mine.Expected)}, {"since", i18n.DateTime(i18n.LangOf(ctx), mine.OpenedAt)}} {
			v.Facts.Rows = append(v.Facts.Rows, ui.SummaryRow{Key: say(ctx, "shift."+x[0]), Value: ui.T(x[1])})
		}
	case !errs.Is(err, errs.NotFound):
		return err
	}
	v.Past = ui.TableArgs{
		Caption: say(ctx, "shift.past"), First: true, Empty: say(ctx, "shift.nonePast"),
		Head: []ui.Column{{Label: say(ctx, "shift.closed"), Tight: true}, {Label: say(ctx, "shift.cashier")}, {Label: say(ctx, "shift.expected"), Numeric: true}, {Label: say(ctx, "shift.counted"), Numeric: true}, {Label: say(ctx, "shift.difference"), Numeric: true}},
	}
	for _, s := range past {
		if s.ClosedAt.IsZero() {
			continue
		}
		v.Past.Rows = append(v.Past.Rows, ui.Row{Marked: s.Difference() != 0, Cells: []ui.Cell{
			ui.T(i18n.DateTime(i18n.LangOf(ctx), s.ClosedAt)), ui.T(s.Name), ui.T(money(ctx, s.Expected)), ui.T(money(ctx, s.Counted)), {Text: money(ctx, s.Difference()), Note: s.Why},
		}})
	}
	status := http.StatusOK
	if bad != nil {
		p := web.ProblemOf(ctx, bad)
		status, v.Problems = p.Status, ui.ProblemsOf(ctx, bad)
		v.Banner = &ui.BannerArgs{Text: p.Detail, Tone: ui.ToneStopped, Alert: true}
	}
	return web.Render(w, r, status, cashPage(v))
}

// dong reads an amount as people type it: 1.000.000, 1 000 000, 50.000 đồng.
func dong(s string) int64 {
	s = strings.NewReplacer("đồng", "", "đ", "", "VND", "", ".", "", ",", "", " ", "", "\u00a0", "").Replace(strings.TrimSpace(s))
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return v
}

func (h handlers) shift(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, key, err := web.Command(r)
	if err != nil {
		return err
	}
	u, _, err := h.desk(r, f.Get("unit"))
	if err != nil {
		return err
	}
	if f.Get("do") == "open" {
		_, err = h.s.OpenShift(ctx, u, dong(f.Get("float")), key)
	} else {
		var v payment.ShiftID
		if v, err = id.Parse[payment.Shift](f.Get("shift")); err != nil {
			return errs.E(errs.Invalid, "web.error.form", errs.Cause(err))
		}
		_, err = h.s.CloseShift(ctx, v, dong(f.Get("counted")), f.Get("why"), key)
	}
	if wrong(err) {
		return h.showCash(w, r, f.Get("unit"), f, err)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/cash?unit="+u.String())
}
