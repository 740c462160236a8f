package dossierweb

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
)

// orderRow is an order as it is shown on the dossier, the leader's page and the desk.
type orderRow struct {
	ID       string
	Code     string
	Href     string // of the dossier
	To, From string
	Note     string
	Due      ui.Cell
	State    string
	Tone     ui.Tone
	Answer   string
	Forecast string
	Rounds   int
	Version  string
	Print    string
	MayReply bool // the reader is to answer
	MayEnd   bool // the reader leads: closes or insists
	Insist   bool
}

func (h *handlers) orderRow(ctx context.Context, o dossier.Order, now time.Time, _ string) orderRow {
	me := auth.From(ctx).Account
	v := orderRow{
		ID: o.ID.String(), Code: o.Code, Href: "/desk/dossiers/" + url.PathEscape(o.Code), To: o.OfficerName, From: o.LeaderName, Note: o.Note,
		Due: dueCell(ctx, o.DueAt, now, o.State != dossier.OrderOpen), Answer: o.Answer, Rounds: o.Rounds, Version: strconv.FormatInt(o.Version, 10),
		State: i18n.T(ctx, "dossierweb.order.state."+string(o.State)), Tone: ui.ToneWaiting,
		Print: "/desk/orders/" + o.ID.String() + "/note.pdf",
	}
	switch {
	case o.Overdue(now):
		v.State, v.Tone = i18n.T(ctx, "dossierweb.order.state.overdue"), ui.ToneLate
	case o.State == dossier.OrderAnswered:
		v.Tone = ui.ToneActive
	case o.State == dossier.OrderClosed:
		v.Tone = ui.ToneDone
	}
	if !o.Forecast.IsZero() {
		v.Forecast = i18n.Date(i18n.LangOf(ctx), o.Forecast)
	}
	v.MayReply = o.State != dossier.OrderClosed && o.Officer == me
	v.MayEnd = o.State != dossier.OrderClosed && h.svc.Leads(ctx, o.Unit)
	v.Insist = v.MayEnd && (o.State == dossier.OrderAnswered || o.Overdue(now))
	return v
}

// ordersView is the desk of who was ordered.
type ordersView struct {
	Rows     []orderRow
	Pages    ui.PageLinks
	Key      string
	Banner   *ui.BannerArgs
	Problems ui.Problems
	Sent     url.Values // what came back from a reply that was refused
}

func (h *handlers) orders(w http.ResponseWriter, r *http.Request) error {
	return h.showOrders(w, r, http.StatusOK, nil, nil)
}

func (h *handlers) showOrders(w http.ResponseWriter, r *http.Request, status int, sent url.Values, refused error) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	var after dossier.TaskCursor
	if _, err := web.ReadCursor(q.Get("cursor"), &after.Due, &after.ID); err != nil {
		return err
	}
	list, next, err := h.svc.OrdersToMe(ctx, after, 0)
	if err != nil {
		return err
	}
	v := ordersView{Key: web.NewKey(), Sent: sent}
	for _, o := range list {
		v.Rows = append(v.Rows, h.orderRow(ctx, o, h.clock.Now(), ""))
	}
	if next != nil {
		v.Pages.Next = withQuery(r.URL, q, "cursor", web.NewCursor(next.Due, next.ID))
	}
	v.Banner = orderBanner(ctx, q, refused)
	v.Problems = scoped(ctx, refused, sent.Get("order"))
	return web.Render(w, r, status, ordersPage(v))
}

// scoped are the problems of a reply, with the ids that its fields have on the page.
func scoped(ctx context.Context, refused error, order string) ui.Problems {
	e, ok := errs.As(refused)
	if !ok || len(e.Fields) == 0 {
		return nil
	}
	ps := ui.ProblemsOf(ctx, refused)
	for i := range ps {
		if order != "" {
			ps[i].Field = order + "-" + ps[i].Field
		}
	}
	return ps
}

func orderBanner(ctx context.Context, q url.Values, refused error) *ui.BannerArgs {
	if e, ok := errs.As(refused); ok && len(e.Fields) == 0 {
		return &ui.BannerArgs{Text: web.ProblemOf(ctx, refused).Detail, Tone: ui.ToneStopped, Alert: true}
	}
	if refused == nil && q.Get("done") != "" {
		return &ui.BannerArgs{Text: i18n.T(ctx, "dossierweb.order.done"), Tone: ui.ToneDone, Alert: true}
	}
	return nil
}

// orderView is the page on which orders on a dossier are given, closed and insisted on.
type orderView struct {
	Code     string
	Name     string
	Due      ui.Cell
	May      bool
	Officer  ui.Field
	Hours    ui.Field
	Note     ui.Field
	Rows     []orderRow
	Key      string
	Banner   *ui.BannerArgs
	Problems ui.Problems
	Sent     url.Values
}

func (h *handlers) orderPage(w http.ResponseWriter, r *http.Request) error {
	return h.showOrder(w, r, http.StatusOK, nil, nil)
}

func (h *handlers) showOrder(w http.ResponseWriter, r *http.Request, status int, sent url.Values, refused error) error {
	ctx := r.Context()
	d, _, err := h.svc.Find(ctx, r.PathValue("code"), dossier.Viewer{})
	if err != nil {
		return err
	}
	reader, err := h.svc.OrdersOn(ctx, d)
	if err != nil {
		return err
	}
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	v := orderView{Code: d.Code, Due: dueCell(ctx, d.DueAt, h.clock.Now(), d.State.Ended()), May: reader.May, Key: web.NewKey(), Sent: sent}
	if pkg, err := h.services.ByDigest(d.Package); err == nil {
		v.Name = say(ctx, pkg.Name())
	}
	for _, o := range reader.Orders {
		v.Rows = append(v.Rows, h.orderRow(ctx, o, h.clock.Now(), ""))
	}
	v.Banner = orderBanner(ctx, q, refused)
	v.Problems = scoped(ctx, refused, sent.Get("order"))
	own := ui.Problems{}
	if sent.Get("order") == "" {
		own = v.Problems
	}
	t := func(k string) string { return i18n.T(ctx, "dossierweb.order."+k) }
	v.Officer = ui.Field{Name: "officer", Label: t("officer"), Hint: t("officerHint"), Value: sent.Get("officer"), Error: own.For("officer")}
	for _, s := range reader.Staff {
		where := ""
		if u, err := h.units.At(h.today()).Resolve(strings.TrimPrefix(s.Scope, "unit:")); err == nil {
			where = h.unitName(ctx, u.ID, h.clock.Now())
		}
		v.Officer.Options = append(v.Officer.Options, ui.Option{Value: strconv.FormatInt(s.Account, 10), Label: s.Name, Hint: roleName(ctx, s.Role) + " · " + where})
	}
	v.Hours = hoursField(ctx, "", sent.Get("hours"), own.For("hours"))
	v.Note = ui.Field{Name: "note", Label: t("note"), Hint: t("noteHint"), Value: sent.Get("note"), Error: own.For("note"), Rows: 3, MaxLength: 1000}
	return web.Render(w, r, status, orderFormPage(v))
}

// hoursField asks for a term in working time.
func hoursField(ctx context.Context, scope, value, problem string) ui.Field {
	f := ui.Field{Name: "hours", Scope: scope, Label: i18n.T(ctx, "dossierweb.order.term"), Value: value, Error: problem}
	if value == "" {
		f.Value = "8"
	}
	for _, n := range [...]int{4, 8, 16, 24, 40} {
		f.Options = append(f.Options, ui.Option{Value: strconv.Itoa(n), Label: i18n.T(ctx, "dossierweb.order.hours", "n", n)})
	}
	return f
}

func (h *handlers) giveOrder(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	officer, _ := strconv.ParseInt(sent.Get("officer"), 10, 64)
	hours, _ := strconv.Atoi(sent.Get("hours"))
	_, err = h.svc.Order(r.Context(), dossier.OrderDraft{Code: r.PathValue("code"), Officer: officer, Hours: hours, Note: sent.Get("note"), Key: key})
	if err != nil {
		switch errs.KindOf(err) {
		case errs.Invalid, errs.Conflict, errs.Mismatch:
			return h.showOrder(w, r, web.ProblemOf(r.Context(), err).Status, sent, err)
		}
		return err
	}
	return web.Redirect(w, r, "/desk/dossiers/"+url.PathEscape(r.PathValue("code"))+"/order?done=1")
}

// replyOrder takes an answer from the officer, and closing or insisting from the leader.
func (h *handlers) replyOrder(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := web.PathID[dossier.Order](r, "id")
	if err != nil {
		return err
	}
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	sent.Set("order", v.String())
	in := dossier.OrderReply{Order: v, Version: version(sent), Text: sent.Get("text"), Key: key}
	in.Hours, _ = strconv.Atoi(sent.Get("hours"))
	var o dossier.Order
	back := "/desk/orders"
	switch sent.Get("do") {
	case "close":
		o, err = h.svc.CloseOrder(ctx, in)
	case "insist":
		o, err = h.svc.InsistOrder(ctx, in)
	default:
		in.Forecast = dateOf(sent, "forecast")
		o, err = h.svc.AnswerOrder(ctx, in)
	}
	leads := sent.Get("do") == "close" || sent.Get("do") == "insist"
	if leads {
		back = "/desk/dossiers/" + url.PathEscape(sent.Get("code")) + "/order"
	}
	if err != nil {
		switch errs.KindOf(err) {
		case errs.Invalid, errs.Conflict, errs.Mismatch:
			if leads {
				r.SetPathValue("code", sent.Get("code"))
				return h.showOrder(w, r, web.ProblemOf(ctx, err).Status, sent, err)
			}
			return h.showOrders(w, r, web.ProblemOf(ctx, err).Status, sent, err)
		}
		return err
	}
	if leads {
		back = "/desk/dossiers/" + url.PathEscape(o.Code) + "/order"
	}
	return web.Redirect(w, r, back+"?done=1")
}

// dateOf reads the three boxes of a date; the zero date where they are none.
func dateOf(sent url.Values, name string) clock.Date {
	n := func(part string) int { v, _ := strconv.Atoi(strings.TrimSpace(sent.Get(name + "." + part))); return v }
	d := clock.Date{Year: n("year"), Month: time.Month(n("month")), Day: n("day")}
	if !d.Valid() {
		return clock.Date{}
	}
	return d
}

// orderNote is the order on paper.
func (h *handlers) orderNote(w http.ResponseWriter, r *http.Request) error {
	v, err := web.PathID[dossier.Order](r, "id")
	if err != nil {
		return err
	}
	b, code, err := h.svc.PrintOrder(r.Context(), v, i18n.LangOf(r.Context()), h.address)
	if err != nil {
		return err
	}
	return web.Send(w, r, web.Download{Name: code + "-order.pdf", Type: "application/pdf", Size: int64(len(b)), Inline: true, Body: bytes.NewReader(b)})
}

// replyField is a field of a reply on an order, with what came back for it.
func replyField(ps ui.Problems, sent url.Values, order string, f ui.Field) ui.Field {
	f.Scope = order + "-"
	if sent.Get("order") == order {
		f.Value = sent.Get(f.Name)
		f.Error = ps.For(order + "-" + f.Name)
	}
	return f
}

// forecastField asks the officer for a day.
func forecastField(ctx context.Context, ps ui.Problems, sent url.Values, order string) ui.Field {
	f := replyField(ps, sent, order, ui.Field{Name: "forecast", Label: i18n.T(ctx, "dossierweb.order.forecast"), Hint: i18n.T(ctx, "dossierweb.order.forecastHint")})
	if sent.Get("order") == order {
		f.Value = sent.Get("forecast.day") + "/" + sent.Get("forecast.month") + "/" + sent.Get("forecast.year")
	}
	return f
}

func (h *handlers) leaderRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/desk/leader", Policy: leaders(), Do: h.leader},
		{Method: http.MethodPost, Path: "/desk/leader/act", Policy: leaders(), Do: h.leaderAct},
		{Method: http.MethodPost, Path: "/desk/leader/many", Policy: leaders(), Do: h.leaderMany},
		{Method: http.MethodGet, Path: "/desk/orders", Policy: auth.Officer, Do: h.orders},
		{Method: http.MethodPost, Path: "/desk/orders/{id}", Policy: auth.Officer, Do: h.replyOrder},
		{Method: http.MethodGet, Path: "/desk/orders/{id}/note.pdf", Policy: auth.Officer, Do: h.orderNote},
		{Method: http.MethodGet, Path: "/desk/dossiers/{code}/order", Policy: auth.Officer, Do: h.orderPage},
		{Method: http.MethodPost, Path: "/desk/dossiers/{code}/order", Policy: leaders(), Do: h.giveOrder},
	}
}

// orderOf parses an order of the API.
func orderOf(text string) (dossier.OrderID, error) {
	v, err := id.Parse[dossier.Order](text)
	if err != nil {
		return 0, errs.E(errs.NotFound, "dossier.order.notFound")
	}
	return v, nil
}

func orderHidden(o orderRow, do string) []ui.KeyText {
	return []ui.KeyText{{Name: "version", Value: o.Version}, {Name: "do", Value: do}, {Name: "code", Value: o.Code}}
}

func orderLink(ctx context.Context, may bool) string {
	if may {
		return i18n.T(ctx, "dossierweb.order.give")
	}
	return i18n.T(ctx, "dossierweb.order.see")
}
