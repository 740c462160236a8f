package payment

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/module"
	"khue/internal/kernel/pdf"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "payment").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed policies.cedar
var policies string

// Policies says who may take money and give it back.
func Policies() auth.Source { return auth.Source{Module: "payment", Text: policies} }

// Payee is the account that takes a unit's money.
type Payee struct {
	Bank    string // BIN
	Account string
	Holder  string
}

// Payees knows the units' accounts.
type Payees interface {
	Payee(u orgunit.UnitID) (Payee, bool)
	// Any reports whether any unit has an account.
	Any() bool
	// UnitOf is whose account it is.
	UnitOf(account string) (orgunit.UnitID, bool)
}

// GatewayClient asks the gateway what it knows of an order: every payment that went through.
type GatewayClient interface {
	Ask(ctx context.Context, reference string) ([]Notice, error)
}

// Deps is what payments stand on. Gateway may be nil, BankSecret and GatewaySecret empty:
// then that way is closed.
type Deps struct {
	DB            *db.DB
	Gen           *id.Gen
	Clock         clock.Clock
	Journal       *journal.Journal
	Jobs          *jobs.Queue
	Units         *orgunit.Service
	Policies      *auth.Policies
	Payees        Payees
	Gateway       GatewayClient
	GatewayURL    string // where payers are sent
	GatewaySecret []byte
	BankSecret    []byte
	Secret        []byte // signs the keys of links
	Address       string
	Fonts         pdf.Fonts
	Log           *slog.Logger
	// Kept says of whom and what nothing is forgotten at the end of its term; nil: of nobody.
	Kept func(ctx context.Context) (Kept, error)
}

// Service takes money and keeps the books. Safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{d}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("payment", migrations) }

// Module is what payments bring to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "payment",
		Jobs: []jobs.Handler{
			{Kind: jobSweep, Do: func(ctx context.Context, _ jobs.Task) error { return s.Sweep(ctx) }, Timeout: 10 * time.Minute},
			{Kind: jobSnapshot, Do: func(ctx context.Context, _ jobs.Task) error { return s.Snapshot(ctx) }, Timeout: 10 * time.Minute},
		},
		Periodic: []jobs.Periodic{{Kind: jobSweep, Every: 10 * time.Minute}, {Kind: jobSnapshot, Every: 10 * time.Minute, Offset: 5 * time.Minute}},
	}
}

const (
	jobSweep    = "payment.sweep"
	jobSnapshot = "payment.snapshot"
)

// What is asked of the policies.
const (
	actRead      auth.Action = "payment.read"
	actTake      auth.Action = "payment.take"
	actAsk       auth.Action = "payment.ask"
	actDecide    auth.Action = "payment.decide"
	actReconcile auth.Action = "payment.reconcile"
	actRenew     auth.Action = "payment.renew"
)

// ofUnit is a unit's money as policies see it: the agency and its offices answer for it, for the
// one-stop where the cashier sits is one of them.
func (s *Service) ofUnit(u orgunit.UnitID) auth.Resource {
	r := auth.Resource{Type: "Payment", ID: u.String(), Units: []string{"unit:" + u.String()}}
	for _, c := range s.Units.Now().Children(u) {
		if c.Class == orgunit.Office && !c.External() {
			r.Units = append(r.Units, "unit:"+c.ID.String())
		}
	}
	return r
}

// Desks are the units for whose money the reader works, in order of their grants.
func (s *Service) Desks(ctx context.Context) (out []orgunit.UnitID) {
	for _, g := range auth.From(ctx).Grants {
		u, err := id.Parse[orgunit.Unit](strings.TrimPrefix(g.Scope, "unit:"))
		if err != nil {
			continue
		}
		if a, ok := s.Units.Now().AgencyOf(u); ok {
			u = a.ID
		}
		if !slices.Contains(out, u) && s.Policies.May(ctx, actRead, s.ofUnit(u)) {
			out = append(out, u)
		}
	}
	return out
}

// MayReconcile and MayTake are asked by pages.
func (s *Service) MayReconcile(ctx context.Context, u orgunit.UnitID) bool {
	return s.Policies.May(ctx, actReconcile, s.ofUnit(u))
}

// MayTake reports whether the reader takes cash in a unit.
func (s *Service) MayTake(ctx context.Context, u orgunit.UnitID) bool {
	return s.Policies.May(ctx, actTake, s.ofUnit(u))
}

func (s *Service) resourceOf(o Order) auth.Resource {
	r := s.ofUnit(o.Unit)
	r.ID, r.State = o.ID.String(), string(o.State)
	if o.Account != 0 {
		r.Owners = []int64{o.Account}
	}
	if o.Refund.By != 0 {
		r.About = []int64{o.Refund.By}
	}
	return r
}

// Key is the capability in the link of an order: who has it may see the order and pay it.
func (s *Service) Key(v OrderID) string {
	m := hmac.New(sha256.New, s.Secret)
	m.Write([]byte("payment.order\x00" + v.String()))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:15])
}

// Link is the address of an order's page, from the site's root.
func (s *Service) Link(v OrderID) string { return "/pay/" + v.String() + "?key=" + s.Key(v) }

// ReceiptLink is the address of an order's receipt, once it is paid.
func (s *Service) ReceiptLink(v OrderID) string {
	return "/pay/" + v.String() + "/receipt.pdf?key=" + s.Key(v)
}

// OpenIn opens an order in its source's own transaction. Amount is computed of the lines.
func (s *Service) OpenIn(tx *db.Tx, o Order) (_ Order, err error) {
	defer errs.Op(&err, "payment.OpenIn")
	o.ID = id.New[Order](s.Gen)
	o.Reference = referenceOf(o.ID)
	o, t, err := open(o, tx.Now())
	if err != nil {
		return o, err
	}
	if err := insertOrder(tx, o); err != nil {
		return o, err
	}
	if err := s.book(tx, t, o.ID); err != nil {
		return o, err
	}
	return o, s.tell(tx, o, KindOpened, auth.Subject{}, "", 0, "")
}

// CancelIn takes a demand back in its source's transaction. Money that came for it waits for a
// refund. An order that does not stand any more stays as it is.
func (s *Service) CancelIn(tx *db.Tx, v OrderID, why string) (err error) {
	defer errs.Op(&err, "payment.CancelIn(%s)", v)
	o, err := findOrder(tx, v)
	if err != nil || o.Void != "" {
		return err
	}
	_, err = s.stepIn(tx, o, Cancel{why}, auth.Subject{})
	if errs.Is(err, errs.Conflict) {
		return nil // a refund or a dispute ends it
	}
	return err
}

// stepIn takes a step in a transaction.
func (s *Service) stepIn(tx *db.Tx, o Order, e Event, sub auth.Subject) (Order, error) {
	after, t, err := Step(o, e, tx.Now())
	if err != nil {
		return o, err
	}
	if err := updateOrder(tx, after); err != nil {
		return o, err
	}
	if err := s.book(tx, t, o.ID); err != nil {
		return o, err
	}
	why, way, moved := "", Way(""), int64(0)
	switch e := e.(type) {
	case Cancel:
		why = e.Why
	case AskRefund:
		why = e.Reason
	case Contest:
		why = e.Why
	case Received:
		way, moved = e.Way, e.Amount
	case PayRefund:
		way, moved = e.Way, o.Refund.Amount
	}
	for _, kind := range kinds(o, after, e) {
		if err := s.tell(tx, after, kind, sub, way, moved, why); err != nil {
			return o, err
		}
	}
	after.Version++
	return after, nil
}

// book adds a transaction's moves to the ledger.
func (s *Service) book(tx *db.Tx, t Txn, o OrderID) error {
	txn := int64(0)
	for _, m := range t.moves {
		v := s.Gen.Next()
		if txn == 0 {
			txn = v
		}
		if err := insertMove(tx, v, txn, m, o); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) tell(tx *db.Tx, o Order, kind string, sub auth.Subject, way Way, moved int64, why string) error {
	payload, err := json.Marshal(Happened{Source: o.Source.ID, Type: o.Source.Type, Code: o.Source.Code, State: o.State, Amount: o.Amount, Held: o.Held(), Moved: moved, Way: way, By: sub.Name, Why: why})
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, journal.Entry{Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: int64(o.ID)}, Actor: sub.Account, Unit: o.Unit.String(), Payload: payload})
	return err
}

// Working reports whether a unit can be paid: it has an account. Unit 0 asks for the city: some
// unit has one.
func (s *Service) Working(u orgunit.UnitID) bool {
	if u == 0 {
		return s.Payees.Any()
	}
	_, ok := s.Payees.Payee(u)
	return ok
}

// Find reads an order. NotFound where there is none.
func (s *Service) Find(ctx context.Context, v OrderID) (o Order, err error) {
	defer errs.Op(&err, "payment.Find(%s)", v)
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		o, err = findOrder(q, v)
		return err
	})
	return o, err
}

// FindIn is Find inside a unit of work or a view.
func (s *Service) FindIn(q db.Querier, v OrderID) (Order, error) { return findOrder(q, v) }

// Read is Find for a reader: NotFound also where the order is not theirs to see. key is of
// the link; "" without one.
func (s *Service) Read(ctx context.Context, v OrderID, key string) (o Order, err error) {
	if o, err = s.Find(ctx, v); err != nil {
		return o, err
	}
	if !s.Policies.May(ctx, actRead, s.heldBy(o, key)) {
		return Order{}, errs.E(errs.NotFound, "payment.none")
	}
	return o, nil
}

// heldBy is an order as policies see it that a reader asks for by the key of its link.
func (s *Service) heldBy(o Order, key string) auth.Resource {
	r := s.resourceOf(o)
	if key != "" && hmac.Equal([]byte(key), []byte(s.Key(o.ID))) {
		r.Facts = []string{"key"}
	}
	return r
}

// ByReference is Read by the reference, as somebody reads it out. NotFound also where the order is
// not the reader's to see.
func (s *Service) ByReference(ctx context.Context, text string) (o Order, err error) {
	defer errs.Op(&err, "payment.ByReference")
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		o, err = orderOf(q, FindReference(text))
		return err
	})
	if err == nil && (o.ID == 0 || !s.Policies.May(ctx, actRead, s.resourceOf(o))) {
		return Order{}, errs.E(errs.NotFound, "payment.none")
	}
	return o, err
}

// ForSource lists the orders of a source, the oldest first.
func (s *Service) ForSource(ctx context.Context, src Source) (out []Order, err error) {
	defer errs.Op(&err, "payment.ForSource")
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		out, err = ordersOf(q, src)
		return err
	})
	return out, err
}

// OfSource is ForSource inside a unit of work or a view.
func (s *Service) OfSource(q db.Querier, src Source) ([]Order, error) { return ordersOf(q, src) }

// unitPage is how many orders of a unit are listed at once.
const unitPage = 100

// OfUnit lists a unit's orders in a state ("" for all) that are older than one, the youngest first;
// before 0 begins. more says that there are older ones.
func (s *Service) OfUnit(ctx context.Context, u orgunit.UnitID, state State, before OrderID) (out []Order, more bool, err error) {
	defer errs.Op(&err, "payment.OfUnit")
	if err := s.Policies.Can(ctx, actRead, s.ofUnit(u)); err != nil {
		return nil, false, err
	}
	if before == 0 {
		before = math.MaxInt64
	}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		out, err = ordersOfUnit(q, u, state, before, unitPage+1)
		return err
	})
	if more = len(out) > unitPage; more {
		out = out[:unitPage]
	}
	return out, more, err
}

// Taken is what became of a notice.
type Taken struct {
	Order    OrderID // 0 where nobody knows what the money is for
	Repeated bool    // it was counted before
}

// Origin is who told of money.
type Origin struct {
	Via   string // notice, statement, sweep, desk
	Unit  orgunit.UnitID
	Shift int64
}

const tries = 8

// Take counts money that came, once for each way and number, whoever tells of it and however
// often. Mismatch where the same number came before with another amount or purpose: nothing
// is counted, and the log says it. NotFound where nothing says whose money it is. Unavailable where
// the order moved at every try.
func (s *Service) Take(ctx context.Context, n Notice, from Origin) (out Taken, err error) {
	defer errs.Op(&err, "payment.Take(%s)", n.Way)
	for range tries {
		out, err = s.take(ctx, n, from)
		if !errors.Is(err, errMoved) && !db.IsUnique(err) {
			return out, err
		}
	}
	return out, busy(errs.Unavailable, err)
}

func (s *Service) take(ctx context.Context, n Notice, from Origin) (out Taken, err error) {
	if err := n.check(); err != nil {
		return out, err
	}
	var o Order
	var was counted
	var again bool
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if was, again, o, err = told(q, n); err == nil && !again {
			o, err = standing(q, o)
		}
		return err
	})
	if err != nil {
		return out, err
	}
	if again {
		if was.Amount != n.Amount || was.Digest != n.digest() && from.Via == "notice" && was.Via == "notice" {
			s.Log.WarnContext(ctx, "payment notice came again with other facts", "way", string(n.Way), "notice", was.ID)
			return out, errs.E(errs.Mismatch, "payment.notice.changed")
		}
		return Taken{Order: was.Order, Repeated: true}, nil
	}
	unit := from.Unit
	if u, ok := s.Payees.UnitOf(n.Account); ok && n.Account != "" {
		unit = u
	}
	sub := auth.From(ctx)
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		after, t, known, err := receive(o, n, unit, tx.Now())
		if err != nil {
			return err
		}
		c := counted{ID: s.Gen.Next(), Way: n.Way, External: n.External, Digest: n.digest(), Unit: unit, Amount: n.Amount, ToldAt: db.Millis(n.At), Via: from.Via, Shift: from.Shift, By: sub.Account}
		if !known {
			if err := insertNotice(tx, c); err != nil {
				return err
			}
			if err := s.book(tx, t, 0); err != nil {
				return err
			}
			if err := s.lie(tx, c, n.Text); err != nil {
				return err
			}
			_, err := s.Journal.Append(tx, journal.Entry{Kind: KindUnknown, Subject: journal.Subject{Type: "payment.notice", ID: c.ID}, Actor: sub.Account, Unit: unit.String()})
			return err
		}
		c.Order, c.Unit = after.ID, after.Unit
		if err := insertNotice(tx, c); err != nil {
			return err
		}
		out.Order = after.ID
		_, err = s.stepIn(tx, o, Received{n.Way, n.Amount}, sub)
		return err
	})
	return out, err
}
