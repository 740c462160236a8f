package dossier

import (
	"context"
	"slices"
	"time"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/db"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/form"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// feeTerm is how long an order for a fee asks for money.
const feeTerm = 60 * 24 * time.Hour

// waitsForFee are the acts that a fee which is due does not stop: they end the dossier, ask,
// or hand it on. All others wait until it is paid.
var waitsForFee = []string{
	process.DoRefuse, process.DoSupplement, process.DoStop, process.DoReturn, process.DoExtend, process.DoHandOver, process.DoConsult, "recall", "object",
}

// charges reports whether a fee may fall due in a package here: it has one, and the unit that
// receives takes payments by this program. Elsewhere nothing is read and no row is written.
func (s *Service) charges(d Dossier, pkg *service.Package) bool {
	return s.Payments != nil && pkg.Fee.When != "" && s.Payments.Working(d.Receiving)
}

// readsContent is readsContent, or a fee that may fall due.
func (s *Service) readsContent(d Dossier, pkg *service.Package) bool {
	return readsContent(pkg) || s.charges(d, pkg)
}

// feeSource is a dossier as orders name it.
func feeSource(d Dossier) payment.Source {
	return payment.Source{Type: SubjectType, ID: int64(d.ID), Code: d.Code}
}

// charge opens the order of a fee that falls due by a change, and lets the dossier wait for it.
func (s *Service) charge(ch *change, env process.Env, c Content, now nowAt) (err error) {
	ch.dossier.State = ch.dossier.Instance.State
	if ch.fee, err = s.feeFalls(ch, ch.pkg, c, now); err != nil || ch.fee == nil {
		return err
	}
	inst, effects, err := process.Step(ch.pkg.Process, ch.dossier.Instance, process.Event{Kind: process.Charge}, env)
	if err != nil {
		return stepErr(err)
	}
	ch.dossier.Instance = inst
	for _, e := range effects {
		ch.take(e, now.at)
	}
	return nil
}

// feeFalls computes the order of a fee that falls due by a change; nil where none does: at
// submission, at acceptance, or when the result waits for its owner, as the package declares.
// An amount of zero, an exemption and a fee that nobody knows open nothing. A dossier is charged
// once, however often it comes back to the same step.
func (s *Service) feeFalls(ch *change, pkg *service.Package, c Content, now nowAt) (*payment.Order, error) {
	d := ch.dossier
	if !s.charges(d, pkg) || d.Instance.Charged {
		return nil, nil
	}
	due := false
	switch pkg.Fee.When {
	case "submit":
		due = len(ch.before.Instance.Tokens) == 0 && ch.before.Code == ""
	case "accept":
		due = ch.before.AcceptedAt.IsZero() && !d.AcceptedAt.IsZero()
	case "return":
		due = ch.before.State != process.Done && d.State == process.Done
	}
	if !due || d.State.Ended() {
		return nil, nil
	}
	fee, err := pkg.FeeOf(c.Answers.With(c.Officer), form.Env{Now: now.at, Case: d.Case, Channel: string(d.Channel), Units: s.units, Files: c.Papers})
	if err != nil || fee.State != "amount" || fee.Amount <= 0 {
		return nil, err
	}
	name := pkg.Name()
	return &payment.Order{
		Payer: d.Applicant, Account: d.Submitter, Unit: d.Receiving, ExpiresAt: now.at.Add(feeTerm),
		Lines: []payment.Line{{Text: decl.Label{VI: "Phí, lệ phí: " + name.VI, EN: "Fee: " + name.EN}, Amount: fee.Amount, Quantity: 1, Source: fee.Source}},
	}, nil
}

// putFee opens the order of a change, or takes back what is due of a dossier that ended
// without its result. A dossier is charged once, however often it comes back to the same step.
func (s *Service) putFee(tx *db.Tx, ch *change) error {
	d := ch.dossier
	ended := s.Payments != nil && d.State != ch.before.State && (d.State == process.NotAccepted || d.State == process.Withdrawn || d.State == process.Stopped)
	if ch.fee == nil && !ended {
		return nil
	}
	have, err := s.Payments.OfSource(tx, feeSource(d))
	if err != nil {
		return err
	}
	if ended {
		for _, o := range have {
			if err := s.Payments.CancelIn(tx, o.ID, d.State.String()); err != nil {
				return err
			}
		}
		return nil
	}
	if slices.ContainsFunc(have, func(o payment.Order) bool { return o.Void == "" }) {
		return nil // of before dossiers remembered that they were charged
	}
	o := *ch.fee
	o.Source = feeSource(d)
	_, err = s.Payments.OpenIn(tx, o)
	return err
}

// unpaid is the order that a dossier waits for; false where it waits for none. One whose time is
// over asks for no money any more, and nothing was paid: the dossier goes on waiting until somebody
// gets a new code (AskAgain), an officer ends it, or a head accepts what came late.
func unpaid(orders []payment.Order) (payment.Order, bool) {
	for _, o := range orders {
		if o.Void == "" && !o.Settled() || o.Void == payment.Expired {
			return o, true
		}
	}
	return payment.Order{}, false
}

// checkFee refuses an act that a fee stops: Conflict, with what is due.
func (s *Service) checkFee(f *found, action string) error {
	if o, waits := unpaid(f.fees); waits && !slices.Contains(waitsForFee, action) {
		if o.Void == payment.Expired {
			return errs.E(errs.Conflict, "dossier.fee.expired", errs.P("amount", owing(o), "reference", o.Reference))
		}
		return errs.E(errs.Conflict, "dossier.fee.unpaid", errs.P("amount", owing(o), "reference", o.Reference))
	}
	return nil
}

// owing is what an order asks for, or asked for while it stood.
func owing(o payment.Order) int64 {
	if o.Void != "" {
		return o.Amount - o.Held()
	}
	return o.Due()
}

// Fees are the orders of a dossier. None where payments are not taken here.
func (s *Service) Fees(ctx context.Context, d Dossier) ([]payment.Order, error) {
	if s.Payments == nil || d.UnpaidAt.IsZero() && !s.Payments.Working(d.Receiving) {
		return nil, nil
	}
	return s.Payments.ForSource(ctx, feeSource(d))
}

// FeeLink is the payer's page of an order, for who may follow the dossier.
func (s *Service) FeeLink(o payment.Order) string { return s.Payments.Link(o.ID) }

// FeeKey is the key of that page, for the form that gets a new code.
func (s *Service) FeeKey(o payment.Order) string { return s.Payments.Key(o.ID) }

// MayAskAgain reports whether the reader may get a new code for an order by who they are.
func (s *Service) MayAskAgain(ctx context.Context, o payment.Order) bool {
	return s.Payments.CanRenew(ctx, o, "") == nil && s.Payments.Working(o.Unit)
}

// ShowFee writes an order for other systems.
func (s *Service) ShowFee(ctx context.Context, o payment.Order, named bool) payment.Shown {
	return s.Payments.Show(ctx, o, named)
}

// Owing is what an order asks for, or asked for while it stood.
func Owing(o payment.Order) int64 { return owing(o) }

// Unpaid is the order that a dossier waits for; false where it waits for none.
func Unpaid(fees []payment.Order) (payment.Order, bool) { return unpaid(fees) }

// KindFeePaid is told of a dossier whose fee has come, so that open pages show that it goes on.
const KindFeePaid = "dossier.feePaid"

// JobFee lets a dossier go on whose fee has come.
const JobFee = "dossier.fee"

type feeArgs struct {
	Dossier ID `json:"dossier"`
}

// feeFollower hears of payments. An act that comes before its job takes the payment with it.
func (s *Service) feeFollower() journal.Follower {
	kinds := []string{payment.KindPaid, payment.KindApproved}
	return journal.Follower{Name: "dossier.fees", Kinds: kinds, Tail: true, Fn: func(_ context.Context, tx *db.Tx, r journal.Record) error {
		if r.Erased || !slices.Contains(kinds, r.Kind) {
			return nil
		}
		h, err := payment.ReadHappened(r)
		if err != nil || h.Type != SubjectType {
			return err
		}
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: JobFee, Args: feeArgs{ID(h.Source)}})
	}}
}

// feeCame steps a dossier on that nothing is owed for any more.
func (s *Service) feeCame(ctx context.Context, t jobs.Task) error {
	var a feeArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	orders, err := s.Payments.ForSource(ctx, feeSource(Dossier{ID: a.Dossier}))
	if err != nil {
		return err
	}
	if _, waits := unpaid(orders); waits {
		return nil
	}
	_, err = s.advance(ctx, moved{
		id: a.Dossier, by: system(), kind: KindFeePaid, event: process.Event{Kind: process.Paid}, at: paidAt(orders),
		also: func(tx *db.Tx, _ *change) error { return t.Done(tx) },
	})
	if late(err) { // an act took it along, or the dossier has ended
		return nil
	}
	return err
}

// paidAt is when the last of some orders was paid; zero where none was.
func paidAt(orders []payment.Order) (at time.Time) {
	for _, o := range orders {
		if o.PaidAt.After(at) {
			at = o.PaidAt
		}
	}
	return at
}

// takeFee lets a dossier go on in the act itself whose fee has come since: nobody waits for a
// follower. It returns what it changed; nil where nothing was owed, or still is.
func (s *Service) takeFee(f *found, now nowAt) (*change, error) {
	if _, waits := unpaid(f.fees); f.d.Instance.Owed == 0 || waits || s.Payments == nil {
		return nil, nil
	}
	if at := paidAt(f.fees); !at.IsZero() && at.Before(now.at) {
		now.at = at
	}
	ch, err := s.step(f.d, f.pkg, process.Event{Kind: process.Paid}, now, f.c)
	if err == nil {
		f.d = ch.dossier
	}
	return ch, err
}

// after puts a change behind one that was computed before it, to be written as one.
func (ch *change) after(first *change) {
	if first == nil {
		return
	}
	ch.before = first.before
	ch.happened.Reached = append(first.happened.Reached, ch.happened.Reached...)
	if ch.happened.DueWhy == "" {
		ch.happened.DueWhy, ch.happened.Count = first.happened.DueWhy, first.happened.Count
	}
}

// waitForFee marks the task of a dossier whose fee is due: on lists it stands under the state that
// waits for a payment, whatever the dossier's own, and it is not to be done before that has come.
func waitForFee(t *Task, d Dossier) {
	if d.UnpaidAt.IsZero() || d.State == process.Done || t.Role == process.RoleApplicant {
		return
	}
	t.State, t.DueAt = process.Financial, feeUntil(d)
}

// feeUntil is until when the fee that a dossier waits for is asked for.
func feeUntil(d Dossier) time.Time {
	since := d.UnpaidAt
	if again := d.Instance.Asked.Time(); again.After(since) {
		since = again
	}
	return since.Add(feeTerm)
}

// tellBeside tells the open tasks that a change leaves where they are that a fee is due, is asked
// for again, or has come: then their terms begin.
func (s *Service) tellBeside(ch *change, now time.Time) {
	was, is := ch.before.Instance.Owed, ch.dossier.Instance.Owed
	if was == is && ch.before.Instance.Asked == ch.dossier.Instance.Asked || ch.dossier.State.Ended() {
		return
	}
	for _, t := range ch.tasks {
		moves := slices.ContainsFunc(ch.writes, func(w taskWrite) bool { return w.ID == t.ID }) ||
			slices.ContainsFunc(ch.closed, func(c process.TaskClosed) bool { return c.Token == t.Token })
		if !t.Open || moves || t.Role == process.RoleApplicant {
			continue
		}
		d := ch.dossier
		if t.State == process.Financial && is == 0 {
			t.DueAt = s.termOf(t, ch, now)
		}
		t.State, t.Promised = d.State, d.DueAt
		waitForFee(&t, d)
		t.WarnAt = warnAfter(s.pointsOf(t, d), now)
		ch.beside = append(ch.beside, t)
	}
}

// termOf is until when a task is to be done that could not be done before: its budget from now,
// within the one-stop's own term or the promise.
func (s *Service) termOf(t Task, ch *change, now time.Time) time.Time {
	d := ch.dossier
	limit := d.DueAt
	if d.AcceptedAt.IsZero() || limit.IsZero() {
		limit = d.ReceiveBy
	}
	info, _ := ch.pkg.Process.Step(t.Step)
	if info.Minutes > 0 {
		due, err := s.Calendars.Of(d.Receiving).Due(now, calendar.Deadline{Kind: calendar.WorkingHours, N: (info.Minutes + 59) / 60})
		if err == nil && (limit.IsZero() || due.At.Before(limit)) {
			return due.At
		}
	}
	return limit
}
