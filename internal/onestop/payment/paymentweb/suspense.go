package paymentweb

import (
	"net/http"
	"net/url"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/payment"
)

type suspenseView struct {
	Unit   string
	Bar    bar
	Sum    string
	Oldest string // says that not all are listed; "" where all are
	Money  ui.TableArgs
}

// suspense lists the money of a unit of which nobody knows what it is for.
func (h handlers) suspense(w http.ResponseWriter, r *http.Request) error {
	ctx, l := r.Context(), i18n.LangOf(r.Context())
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	u, units, err := h.desk(r, q.Get("unit"))
	if err != nil {
		return err
	}
	all, err := h.s.Suspense(ctx, u)
	if err != nil {
		return err
	}
	n, sum, err := h.s.SuspenseSum(ctx, u)
	if err != nil {
		return err
	}
	v := suspenseView{Unit: h.unitName(ctx, u), Bar: h.bar(ctx, "suspense", u, units)}
	v.Money = ui.TableArgs{
		Caption: say(ctx, "bar.suspense"), CaptionQuiet: true, First: true, Empty: say(ctx, "suspense.nothing"),
		Head: []ui.Column{{Label: say(ctx, "day.ref"), Tight: true}, {Label: say(ctx, "suspense.text")}, {Label: say(ctx, "suspense.came"), Tight: true}, {Label: say(ctx, "amount"), Numeric: true}, {Label: say(ctx, "state")}},
	}
	for _, m := range all {
		v.Money.Rows = append(v.Money.Rows, ui.Row{Cells: []ui.Cell{
			{Text: m.External, Href: "/desk/suspense/" + m.ID.String(), Note: i18n.T(ctx, "payment.way."+string(m.Way))}, ui.T(m.Text), ui.T(i18n.DateTime(l, m.ToldAt)), ui.T(money(ctx, m.Amount)),
			ui.Tagged(say(ctx, "suspense.state."+string(m.State)), moneyTone(m.State)),
		}})
	}
	v.Sum = say(ctx, "suspense.sum", "n", n, "sum", i18n.Money(l, sum))
	if len(all) < n {
		v.Oldest = say(ctx, "suspense.oldest", "n", len(all))
	}
	return web.Render(w, r, http.StatusOK, suspensePage(v))
}

func moneyTone(s payment.SuspenseState) ui.Tone {
	switch s {
	case payment.Lying:
		return ui.ToneStopped
	case payment.Asked:
		return ui.ToneWaiting
	case payment.Returning:
		return ui.ToneActive
	}
	return ui.ToneDone
}

type moneyView struct {
	ID       string
	UnitID   string
	Title    string
	State    string
	Tone     ui.Tone
	Note     string // what comes next, and who does it
	Facts    ui.SummaryArgs
	Order    string // link to the order that it is wanted for, or has
	May      payment.MayMoney
	Key      string
	Sent     url.Values
	Problems ui.Problems
	Banner   *ui.BannerArgs
}

func (h handlers) moneyOf(r *http.Request) (payment.Money, error) {
	v, err := web.PathID[payment.Money](r, "money")
	if err != nil {
		return payment.Money{}, err
	}
	return h.s.FindMoney(r.Context(), v)
}

// money is one amount, with what may be done with it.
func (h handlers) money(w http.ResponseWriter, r *http.Request) error {
	m, err := h.moneyOf(r)
	if err != nil {
		return err
	}
	return h.showMoney(w, r, m, url.Values{}, nil)
}

func (h handlers) showMoney(w http.ResponseWriter, r *http.Request, m payment.Money, sent url.Values, bad error) error {
	ctx, l := r.Context(), i18n.LangOf(r.Context())
	v := moneyView{
		ID: m.ID.String(), UnitID: m.Unit.String(), Title: i18n.Money(l, m.Amount), State: say(ctx, "suspense.state."+string(m.State)), Tone: moneyTone(m.State), Note: say(ctx, "suspense.next."+string(m.State)), May: h.s.MayOfMoney(ctx, m), Key: web.NewKey(), Sent: sent,
	}
	add := func(key, text string) {
		if text != "" {
			v.Facts.Rows = append(v.Facts.Rows, ui.SummaryRow{Key: say(ctx, key), Value: ui.T(text)})
		}
	}
	add("row.unit", h.unitName(ctx, m.Unit))
	add("day.ref", m.External)
	add("suspense.text", m.Text)
	add("suspense.came", i18n.DateTime(l, m.ToldAt))
	if m.Aim != "" {
		add("suspense.aim", say(ctx, "suspense.aims."+string(m.Aim)))
	}
	if m.Order != 0 {
		o, err := h.s.Read(ctx, m.Order, "")
		if err != nil {
			return err
		}
		v.Order = "/desk/payments/" + o.ID.String()
		v.Facts.Rows = append(v.Facts.Rows, ui.SummaryRow{Key: say(ctx, "row.reference"), Value: ui.Cell{Text: o.Reference, Href: v.Order, Note: o.Source.Code + " · " + o.Payer + " · " + say(ctx, "suspense.owes", "due", i18n.Money(l, o.Due()))}})
	}
	add("why", m.Why)
	add("row.askedBy", m.AskedBy)
	add("row.approvedBy", m.SecondBy)
	add("ref", m.Ref)
	status := http.StatusOK
	if bad != nil {
		p := web.ProblemOf(ctx, bad)
		status, v.Problems = p.Status, ui.ProblemsOf(ctx, bad)
		v.Banner = &ui.BannerArgs{Text: p.Detail, Tone: ui.ToneStopped, Alert: true}
	}
	return web.Render(w, r, status, moneyPage(v))
}

func (h handlers) actMoney(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	m, err := h.moneyOf(r)
	if err != nil {
		return err
	}
	f, key, err := web.Command(r)
	if err != nil {
		return err
	}
	switch f.Get("do") {
	case "assign":
		err = h.s.AskMoney(ctx, m.ID, payment.Assign, f.Get("reference"), f.Get("why"), key)
	case "return":
		err = h.s.AskMoney(ctx, m.ID, payment.SendBack, "", f.Get("why"), key)
	case "drop":
		err = h.s.DropMoney(ctx, m.ID, key)
	case "decide":
		err = h.s.DecideMoney(ctx, m.ID, key)
	case "back":
		err = h.s.PayMoneyBack(ctx, m.ID, f.Get("ref"), key)
	default:
		return errs.E(errs.Invalid, "web.error.form")
	}
	if wrong(err) {
		return h.showMoney(w, r, m, f, err)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/suspense/"+m.ID.String())
}
