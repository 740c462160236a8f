package dossier

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// OrderID names an order.
type OrderID = id.Of[Order]

// OrderState is where an order stands. Whether an answer is overdue is computed.
type OrderState string

// The states of an order.
const (
	OrderOpen     OrderState = "open"     // the officer is to answer
	OrderAnswered OrderState = "answered" // the leader closes it or insists
	OrderClosed   OrderState = "closed"
)

// Order is a leader's word on a dossier that is late: a named officer answers within a term,
// with the reason and a new forecast; the leader closes it or insists. It moves nothing of the
// dossier itself. Each change is one entry of the dossier's journal.
type Order struct {
	ID          OrderID
	Dossier     ID
	Code        string
	Unit        orgunit.UnitID // agency whose leader ordered
	Leader      int64          // account
	LeaderName  string
	Officer     int64 // account
	OfficerName string
	Note        string
	DueAt       time.Time
	MadeAt      time.Time
	State       OrderState
	Answer      string
	Forecast    clock.Date
	AnsweredAt  time.Time
	Rounds      int // 1, and one more each time the leader insisted
	Version     int64
}

// Overdue reports whether the answer is missing after its term.
func (o Order) Overdue(now time.Time) bool { return o.State == OrderOpen && now.After(o.DueAt) }

// OrderDraft is an order about to be given.
type OrderDraft struct {
	Code    string // of the dossier
	Officer int64
	Hours   int // working hours for the answer, 1 to 80
	Note    string
	Key     string
}

// OrderReply is what officer or leader says to an order. Version is the one that they saw.
type OrderReply struct {
	Order    OrderID
	Version  int64
	Text     string
	Forecast clock.Date // of an answer
	Hours    int        // of insisting
	Key      string
}

// Bounds of an order.
const (
	maxOrderHours = 80
	minOrderText  = 5
	maxOrderText  = 1000 // runes
	maxForecast   = 366  // days
)

// OrderReader is what pages show of the orders on a dossier.
type OrderReader struct {
	May    bool // the reader may give an order now
	Orders []Order
	Staff  []auth.Holder // whom it may be given to; only where May
}

// lateNow reports whether a dossier, or one of its open tasks, is late.
func lateNow(d Dossier, tasks []Task, now time.Time) bool {
	return !d.State.Ended() && (d.Late(now) || slices.ContainsFunc(tasks, func(t Task) bool { return t.Unit != 0 && t.Late(now) }))
}

// OrdersOn reads the orders on a dossier that the reader has already been let see, the youngest
// first, and whether they may give one.
func (s *Service) OrdersOn(ctx context.Context, d Dossier) (r OrderReader, err error) {
	defer errs.Op(&err, "dossier.OrdersOn")
	sub := auth.From(ctx)
	if sub.Kind != auth.KindOfficer {
		return r, nil
	}
	leads := s.leads(ctx, sub, d.Competent)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if r.Orders, err = ordersOfDossier(v, d.ID); err != nil || !leads {
			return err
		}
		tasks, err := tasksOf(v, d.ID)
		r.May = lateNow(d, tasks, s.Clock.Now())
		return err
	})
	if err == nil && r.May {
		r.Staff, err = s.staff(ctx, d, sub)
	}
	return r, err
}

// staff are those whom an order on a dossier may name: who holds a post in its agency or an
// office of it, and not the leader themselves.
func (s *Service) staff(ctx context.Context, d Dossier, sub auth.Subject) ([]auth.Holder, error) {
	units := s.within(d.Competent)
	scopes := make([]string, len(units))
	for i, u := range units {
		scopes[i] = scope(u)
	}
	list, err := s.People.HoldersIn(ctx, scopes, clock.DateOf(s.Clock.Now()))
	seen := map[int64]bool{sub.Account: true}
	return slices.DeleteFunc(list, func(h auth.Holder) bool {
		again := seen[h.Account]
		seen[h.Account] = true
		return again
	}), err
}

// Order gives an order on a late dossier. Errors: NotFound, Forbidden where the actor does not
// lead its agency or one above, Invalid with fields, Conflict where it is not late any more or
// the same officer has one that is open.
func (s *Service) Order(ctx context.Context, in OrderDraft) (o Order, err error) {
	defer errs.Op(&err, "dossier.Order")
	sub := auth.From(ctx)
	in.Note = strings.TrimSpace(in.Note)
	hash := once.Hash([]any{"order", in.Code, in.Officer, in.Hours, in.Note})
	if o, again, err := s.orderAgain(ctx, sub, in.Key, hash); again || err != nil {
		return o, err
	}
	var d Dossier
	var tasks []Task
	var open []Order
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if d, err = findByCode(v, NormalCode(in.Code)); err != nil {
			return err
		}
		if tasks, err = tasksOf(v, d.ID); err != nil {
			return err
		}
		open, err = ordersOfDossier(v, d.ID)
		return err
	})
	if err != nil {
		return o, err
	}
	now := s.Clock.Now()
	switch {
	case !s.leads(ctx, sub, d.Competent):
		if !s.maySee(ctx, sub, d) {
			return o, errs.E(errs.NotFound, "dossier.notFound")
		}
		return o, errs.E(errs.Forbidden, "dossier.order.notYours")
	case !lateNow(d, tasks, now):
		return o, errs.E(errs.Conflict, "dossier.order.notLate")
	case slices.ContainsFunc(open, func(o Order) bool { return o.Officer == in.Officer && o.State == OrderOpen }):
		return o, errs.E(errs.Conflict, "dossier.order.already")
	}
	staff, err := s.staff(ctx, d, sub)
	if err != nil {
		return o, err
	}
	var bad []errs.Field
	i := slices.IndexFunc(staff, func(h auth.Holder) bool { return h.Account == in.Officer })
	if i < 0 {
		bad = append(bad, errs.Field{Path: "officer", Key: "dossier.order.officer"})
	}
	bad = append(bad, checkHours(in.Hours)...)
	if bad = append(bad, checkText(in.Note, "note")...); len(bad) > 0 {
		return o, errs.E(errs.Invalid, "form.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
	}
	o = Order{
		ID: id.New[Order](s.Gen), Dossier: d.ID, Code: d.Code, Unit: d.Competent, Leader: sub.Account, LeaderName: sub.Name,
		Officer: in.Officer, OfficerName: staff[i].Name, Note: in.Note, MadeAt: now, State: OrderOpen, Rounds: 1, Version: 1,
	}
	if o.DueAt, err = s.orderDue(d.Competent, now, in.Hours); err != nil {
		return o, err
	}
	return o, s.writeOrder(ctx, sub, d, o, KindOrdered, in.Note, in.Key, hash, insertOrder)
}

// orderDue is a term in working hours of an agency.
func (s *Service) orderDue(u orgunit.UnitID, now time.Time, hours int) (time.Time, error) {
	due, err := s.Calendars.Of(u).Due(now, calendar.Deadline{Kind: calendar.WorkingHours, N: hours})
	return due.At, err
}

// AnswerOrder is the named officer's word: the reason, and when the result is to be expected
// now. An answer may be mended until the leader has decided. Errors: NotFound, Forbidden,
// Invalid with fields, Conflict.
func (s *Service) AnswerOrder(ctx context.Context, in OrderReply) (o Order, err error) {
	defer errs.Op(&err, "dossier.AnswerOrder(%s)", in.Order)
	return s.moveOrder(ctx, in, KindOrderAnswered, func(sub auth.Subject, o *Order, now time.Time) error {
		if err := s.Policies.Can(ctx, actAnswerOrder, o.resource()); err != nil {
			return err
		}
		bad := checkText(in.Text, "text")
		if today := clock.DateOf(now); !in.Forecast.Valid() || in.Forecast.Before(today) || in.Forecast.Sub(today) > maxForecast {
			bad = append(bad, errs.Field{Path: "forecast", Key: "dossier.order.forecast"})
		}
		if len(bad) > 0 {
			return errs.E(errs.Invalid, "form.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
		}
		o.State, o.Answer, o.Forecast, o.AnsweredAt = OrderAnswered, in.Text, in.Forecast, now
		return nil
	})
}

// CloseOrder ends an order, answered or not. Errors as of AnswerOrder.
func (s *Service) CloseOrder(ctx context.Context, in OrderReply) (o Order, err error) {
	defer errs.Op(&err, "dossier.CloseOrder(%s)", in.Order)
	return s.moveOrder(ctx, in, KindOrderClosed, func(sub auth.Subject, o *Order, _ time.Time) error {
		if !s.leads(ctx, sub, o.Unit) {
			return errs.E(errs.Forbidden, "dossier.order.notYours")
		}
		if in.Text != "" {
			if bad := checkText(in.Text, "text"); len(bad) > 0 {
				return errs.E(errs.Invalid, "form.invalid", errs.P("n", 1), errs.WithFields(bad...))
			}
		}
		o.State = OrderClosed
		return nil
	})
}

// InsistOrder gives an order again: the answer did not do, or never came. Errors as of AnswerOrder.
func (s *Service) InsistOrder(ctx context.Context, in OrderReply) (o Order, err error) {
	defer errs.Op(&err, "dossier.InsistOrder(%s)", in.Order)
	return s.moveOrder(ctx, in, KindOrdered, func(sub auth.Subject, o *Order, now time.Time) error {
		if !s.leads(ctx, sub, o.Unit) {
			return errs.E(errs.Forbidden, "dossier.order.notYours")
		}
		if o.State != OrderAnswered && !o.Overdue(now) {
			return errs.E(errs.Conflict, "dossier.order.waits")
		}
		bad := append(checkHours(in.Hours), checkText(in.Text, "text")...)
		if len(bad) > 0 {
			return errs.E(errs.Invalid, "form.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
		}
		due, err := s.orderDue(o.Unit, now, in.Hours)
		o.State, o.DueAt, o.Note, o.Answer, o.Forecast, o.AnsweredAt = OrderOpen, due, in.Text, "", clock.Date{}, time.Time{}
		o.Leader, o.LeaderName, o.MadeAt = sub.Account, sub.Name, now
		o.Rounds++
		return err
	})
}

// moveOrder changes an order under its version.
func (s *Service) moveOrder(ctx context.Context, in OrderReply, kind string, change func(auth.Subject, *Order, time.Time) error) (o Order, err error) {
	sub := auth.From(ctx)
	in.Text = strings.TrimSpace(in.Text)
	hash := once.Hash([]any{kind, in.Order.String(), in.Version, in.Text, in.Forecast.String(), in.Hours})
	if o, again, err := s.orderAgain(ctx, sub, in.Key, hash); again || err != nil {
		return o, err
	}
	var d Dossier
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if o, err = findOrder(v, in.Order); err != nil {
			return err
		}
		d, err = findByID(v, o.Dossier)
		return err
	})
	if err != nil {
		return o, err
	}
	now := s.Clock.Now()
	if !s.Policies.Permits(ctx, sub, actReadOrder, o.resource()) {
		return o, errs.E(errs.NotFound, "dossier.order.notFound")
	}
	if o.State == OrderClosed || o.Version != in.Version {
		return o, errs.E(errs.Conflict, "dossier.order.moved")
	}
	if err := change(sub, &o, now); err != nil {
		return o, err
	}
	err = s.writeOrder(ctx, sub, d, o, kind, in.Text, in.Key, hash, updateOrder)
	o.Version++
	return o, err
}

// writeOrder writes an order with its entry in the dossier's journal.
func (s *Service) writeOrder(ctx context.Context, sub auth.Subject, d Dossier, o Order, kind, text, key string, hash []byte, write func(*db.Tx, Order) error) error {
	h := Happening{State: d.State, By: sub.Name, Comment: text, Order: &Ordered{
		ID: o.ID.String(), Leader: o.Leader, Officer: o.Officer, Name: o.OfficerName, Due: db.Millis(o.DueAt), Round: o.Rounds,
	}}
	h.Whom = []int64{o.Officer}
	if kind == KindOrderAnswered {
		h.Whom, h.Order.Forecast = []int64{o.Leader}, o.Forecast.String()
	}
	payload, err := json.Marshal(h)
	if err != nil {
		return err
	}
	entry := journal.Entry{Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: int64(d.ID)}, Actor: sub.Account, Unit: o.Unit.String(), Payload: payload}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := write(tx, o); err != nil {
			return err
		}
		if _, err := s.Journal.Append(tx, entry); err != nil {
			return err
		}
		return once.Record(tx, sub.Account, key, hash, int64(o.ID))
	})
}

// orderAgain finds the order that a request made before, under the same key.
func (s *Service) orderAgain(ctx context.Context, sub auth.Subject, key string, hash []byte) (o Order, again bool, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		var n int64
		if n, again, err = once.Find(v, sub.Account, key, hash); err != nil || !again {
			return err
		}
		o, err = findOrder(v, OrderID(n))
		return err
	})
	return o, again, err
}

// FindOrder reads an order for its officer and for leaders. NotFound for anybody else.
func (s *Service) FindOrder(ctx context.Context, v OrderID) (o Order, err error) {
	defer errs.Op(&err, "dossier.FindOrder(%s)", v)
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		o, err = findOrder(q, v)
		return err
	})
	if err == nil && !s.Policies.May(ctx, actReadOrder, o.resource()) {
		return Order{}, errs.E(errs.NotFound, "dossier.order.notFound")
	}
	return o, err
}

// OrdersToMe lists the orders that wait for the reader's answer or the leader's word on it, the
// first due first.
func (s *Service) OrdersToMe(ctx context.Context, after TaskCursor, limit int) (out []Order, next *TaskCursor, err error) {
	defer errs.Op(&err, "dossier.OrdersToMe")
	return s.orders(ctx, limit, func(v db.Querier, n int) ([]Order, error) {
		return ordersOfOfficer(v, auth.From(ctx).Account, after, n)
	})
}

// OrdersOf lists the orders of an agency that are not closed, for its leaders. Errors: Forbidden.
func (s *Service) OrdersOf(ctx context.Context, unit orgunit.UnitID, after TaskCursor, limit int) (out []Order, next *TaskCursor, err error) {
	defer errs.Op(&err, "dossier.OrdersOf")
	if err := s.Policies.Can(ctx, actLead, unitResource(unit)); err != nil {
		return nil, nil, err
	}
	return s.orders(ctx, limit, func(v db.Querier, n int) ([]Order, error) {
		list, _, err := ordersOfUnit(v, unit, after, n)
		return list, err
	})
}

func (s *Service) orders(ctx context.Context, limit int, read func(db.Querier, int) ([]Order, error)) (out []Order, next *TaskCursor, err error) {
	if limit <= 0 || limit > maxPageSize {
		limit = pageSize
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = read(v, limit+1)
		return err
	})
	if len(out) > limit {
		out = out[:limit]
		next = &TaskCursor{Due: db.Millis(out[limit-1].DueAt), ID: TaskID(out[limit-1].ID)}
	}
	ids := make([]int64, len(out))
	for i, o := range out {
		ids[i] = int64(o.Dossier)
	}
	if err == nil {
		err = s.listed(ctx, access.List, access.DutyPost, ids)
	}
	if err != nil {
		return nil, nil, err
	}
	return out, next, nil
}

func checkHours(n int) []errs.Field {
	if n < 1 || n > maxOrderHours {
		return []errs.Field{{Path: "hours", Key: "dossier.order.hours", Params: errs.Params{"max": maxOrderHours}}}
	}
	return nil
}

func checkText(text, path string) []errs.Field {
	if n := utf8.RuneCountInString(text); n < minOrderText || n > maxOrderText {
		return []errs.Field{{Path: path, Key: "dossier.order." + path, Params: errs.Params{"min": minOrderText, "max": maxOrderText}}}
	}
	return nil
}

// officersOnly are entries about a dossier that its applicant does not read: the offices
// among themselves.
func officersOnly(kind string) bool {
	return kind == KindOrdered || kind == KindOrderAnswered || kind == KindOrderClosed
}
