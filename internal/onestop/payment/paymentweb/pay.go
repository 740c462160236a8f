package paymentweb

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/skip2/go-qrcode"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/payment"
)

// payView is the payer's page.
type payView struct {
	Title   string
	Code    string
	State   string
	Tone    ui.Tone
	Due     string
	First   ui.SummaryArgs // what whoever pays needs to know; empty where nothing is to be paid
	Lines   ui.TableArgs
	Facts   ui.SummaryArgs
	QR      [][]bool
	Bank    ui.SummaryArgs // the same as the code says, to type by hand
	Gateway string
	Receipt string
	Note    string // what holds now, in a sentence
	Again   string // where a new code is got; "" where none is to be had
	LinkKey string // of the link by which the page was opened
	Key     string // request id of Again
	Next    string // page of the order that took this one's place
	Banner  *ui.BannerArgs
	Refresh string
	Back    ui.Anchor // the dossier, for its owner; for anybody else where it is looked up
	Help    string
	Ask     string // at the counter, and whom to ask
}

func (h handlers) read(r *http.Request) (payment.Order, string, error) {
	v, err := web.PathID[payment.Order](r, "order")
	if err != nil {
		return payment.Order{}, "", err
	}
	q, err := web.Query(r)
	if err != nil {
		return payment.Order{}, "", err
	}
	o, err := h.s.Read(r.Context(), v, q.Get("key"))
	return o, q.Get("key"), err
}

func (h handlers) pay(w http.ResponseWriter, r *http.Request) error {
	o, key, err := h.read(r)
	if err != nil {
		return err
	}
	v, err := h.payPageOf(r.Context(), o, key)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, payPage(v))
}

// payPageOf is the page of an order for its payer, with the way to a new code where that is to be had.
func (h handlers) payPageOf(ctx context.Context, o payment.Order, key string) (payView, error) {
	v := h.payView(ctx, o, key)
	if o.Payable() { // on a telephone the way to pay stands before what the order is made up of
		first := []string{say(ctx, "row.due"), say(ctx, "row.reference"), say(ctx, "row.until")}
		v.First.Rows = append(v.First.Rows, ui.SummaryRow{Key: first[0], Value: ui.T(v.Due)})
		rest := v.Facts.Rows[:0:0]
		for _, r := range v.Facts.Rows {
			switch {
			case !slices.Contains(first, r.Key):
				rest = append(rest, r)
			case r.Key != first[0]:
				v.First.Rows = append(v.First.Rows, r)
			}
		}
		v.Facts.Rows = rest
	}
	if o.Void == payment.Replaced {
		next, err := h.s.Successor(ctx, o)
		v.Next = h.s.Link(next.ID)
		return v, err
	}
	if !o.Renewable() || h.s.CanRenew(ctx, o, key) != nil {
		return v, nil
	}
	owes, err := h.sources.Owes(ctx, o)
	if owes {
		v.Note, v.Again, v.LinkKey, v.Key = say(ctx, "note.again"), "/pay/"+o.ID.String()+"/renew", key, web.NewKey()
	}
	return v, err
}

// refused shows an order's page again with why no new code was given.
func (h handlers) refused(w http.ResponseWriter, r *http.Request, id payment.OrderID, key string, why error) error {
	o, err := h.s.Read(r.Context(), id, key)
	if err != nil {
		return err
	}
	v, err := h.payPageOf(r.Context(), o, key)
	if err != nil {
		return err
	}
	p := web.ProblemOf(r.Context(), why)
	v.Banner = &ui.BannerArgs{Text: p.Detail, Tone: ui.ToneStopped, Alert: true}
	return web.Render(w, r, p.Status, payPage(v))
}

// back is where the gateway sends the payer. It moves no state, whatever it is told: it says
// that the page will show the money when the gateway's own notice has come.
func (h handlers) back(w http.ResponseWriter, r *http.Request) error {
	o, key, err := h.read(r)
	if err != nil {
		return err
	}
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	q.Del("key")
	v, err := h.payPageOf(r.Context(), o, key)
	if err != nil {
		return err
	}
	v.Refresh = h.link(o, key)
	switch _, done, err := payment.ReadGateway(h.s.GatewaySecret, q); {
	case o.Settled():
	case err != nil:
		v.Banner = &ui.BannerArgs{Text: say(r.Context(), "back.unsigned"), Tone: ui.ToneStopped}
	case !done:
		v.Banner = &ui.BannerArgs{Text: say(r.Context(), "back.failed"), Tone: ui.ToneStopped}
	default:
		v.Banner = &ui.BannerArgs{Text: say(r.Context(), "back.waits"), Tone: ui.ToneWaiting}
	}
	return web.Render(w, r, http.StatusOK, payPage(v))
}

func (h handlers) link(o payment.Order, key string) string {
	out := "/pay/" + o.ID.String()
	if key != "" {
		out += "?key=" + key
	}
	return out
}

func (h handlers) receipt(w http.ResponseWriter, r *http.Request) error {
	o, _, err := h.read(r)
	if err != nil {
		return err
	}
	b, err := h.s.Receipt(i18n.BundleOf(r.Context()), i18n.LangOf(r.Context()), o)
	if err != nil {
		return err
	}
	return web.Send(w, r, web.Download{Name: "bien-lai-" + o.Reference + ".pdf", Type: "application/pdf", Size: int64(len(b)), Inline: true, Body: bytes.NewReader(b)})
}

func (h handlers) lines(ctx context.Context, o payment.Order) ui.TableArgs {
	t := ui.TableArgs{Caption: say(ctx, "lines"), First: true, Head: []ui.Column{{Label: say(ctx, "line")}, {Label: say(ctx, "amount"), Numeric: true}}}
	several := slices.ContainsFunc(o.Lines, func(l payment.Line) bool { return l.Quantity > 1 })
	if several {
		t.Head = slices.Insert(t.Head, 1, ui.Column{Label: say(ctx, "quantity"), Numeric: true})
	}
	for _, l := range o.Lines {
		cells := []ui.Cell{{Text: l.Text.In(i18n.LangOf(ctx)), Note: l.Source}, ui.T(money(ctx, l.Amount))}
		if several {
			cells = slices.Insert(cells, 1, ui.T(strconv.Itoa(max(1, l.Quantity))))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	return t
}

func (h handlers) payView(ctx context.Context, o payment.Order, key string) payView {
	v := payView{
		Title: say(ctx, "title"), Code: o.Source.Code, State: stateWord(ctx, o.State), Tone: tone(o.State), Due: money(ctx, o.Due()),
		Lines: h.lines(ctx, o), Note: say(ctx, "note."+string(o.State)),
		Back: ui.Anchor{Label: say(ctx, "toTrack"), Href: "/track?code=" + url.QueryEscape(o.Source.Code)},
		Help: say(ctx, "ask"), Ask: say(ctx, "askText", "unit", h.unitName(ctx, o.Unit), "reference", o.Reference),
	}
	if o.Account != 0 && o.Account == auth.From(ctx).Account {
		v.Back = ui.Anchor{Label: say(ctx, "toDossier", "code", o.Source.Code), Href: "/dossiers/" + url.PathEscape(o.Source.Code)}
	}
	if o.Payable() {
		v.Help, v.Ask = say(ctx, "counter"), say(ctx, "counterText", "unit", h.unitName(ctx, o.Unit), "reference", o.Reference)
	}
	row := func(s *ui.SummaryArgs, key, text string) {
		if text != "" {
			s.Rows = append(s.Rows, ui.SummaryRow{Key: say(ctx, "row."+key), Value: ui.T(text)})
		}
	}
	row(&v.Facts, "payer", o.Payer)
	row(&v.Facts, "unit", h.unitName(ctx, o.Unit))
	row(&v.Facts, "sum", money(ctx, o.Amount))
	if o.Held() > 0 {
		row(&v.Facts, "held", money(ctx, o.Held()))
		if o.Payable() && o.Due() > 0 {
			row(&v.Facts, "due", money(ctx, o.Due()))
		}
	}
	switch missing := o.Amount - o.Held(); {
	case o.Void == "" && o.Excess() > 0:
		row(&v.Facts, "excess", money(ctx, o.Excess()))
	case o.Void != "" && o.Held() > 0 && missing > 0:
		row(&v.Facts, "missing", money(ctx, missing))
	}
	row(&v.Facts, "reference", o.Reference)
	if !o.ExpiresAt.IsZero() && o.Payable() {
		row(&v.Facts, "until", i18n.DateTime(i18n.LangOf(ctx), o.ExpiresAt))
	}
	if o.Void == payment.Expired {
		row(&v.Facts, "ended", i18n.DateTime(i18n.LangOf(ctx), o.ExpiresAt))
	}
	if !o.PaidAt.IsZero() {
		row(&v.Facts, "paidAt", i18n.DateTime(i18n.LangOf(ctx), o.PaidAt))
	}
	if o.Settled() {
		v.Receipt = "/pay/" + o.ID.String() + "/receipt.pdf"
		if key != "" {
			v.Receipt += "?key=" + key
		}
	}
	p := h.s.ToPay(o)
	if p.QR != "" {
		if q, err := qrcode.New(p.QR, qrcode.Medium); err == nil {
			q.DisableBorder = true
			v.QR = q.Bitmap()
		}
		bank := p.Payee.Bank
		if name := payment.BankName(bank); name != "" {
			bank = name + " (" + bank + ")"
		}
		row(&v.Bank, "bank", bank)
		row(&v.Bank, "account", p.Payee.Account)
		row(&v.Bank, "holder", p.Payee.Holder)
		row(&v.Bank, "due", money(ctx, o.Due()))
		row(&v.Bank, "purpose", o.Reference)
	}
	v.Gateway = p.Gateway
	if o.Payable() {
		v.Refresh = h.link(o, key)
	}
	return v
}

// qrPath draws the dark squares of a code as one path.
func qrPath(rows [][]bool) string {
	var b strings.Builder
	for y, row := range rows {
		for x := 0; x < len(row); x++ {
			if !row[x] {
				continue
			}
			from := x
			for x+1 < len(row) && row[x+1] {
				x++
			}
			n := strconv.Itoa(x - from + 1)
			b.WriteString("M" + strconv.Itoa(from+2) + " " + strconv.Itoa(y+2) + "h" + n + "v1h-" + n + "z")
		}
	}
	return b.String()
}

func qrBox(rows [][]bool) string {
	n := strconv.Itoa(len(rows) + 4)
	return "0 0 " + n + " " + n
}
