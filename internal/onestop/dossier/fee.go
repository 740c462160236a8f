package dossier

import (
	"context"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
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

// feeFalls computes the order of a fee that falls due by a change; nil where none does: at
// submission, at acceptance, or when the result waits for its owner, as the package declares.
// An amount of zero, an exemption and a fee that nobody knows open nothing.
func (s *Service) feeFalls(ch *change, pkg *service.Package, c Content, now nowAt) (*payment.Order, error) {
	d := ch.dossier
	if !s.charges(d, pkg) {
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
		return nil
	}
	o := *ch.fee
	o.Source = feeSource(d)
	_, err = s.Payments.OpenIn(tx, o)
	return err
}

// unpaid is the order that a dossier waits for; false where it waits for none.
func unpaid(orders []payment.Order) (payment.Order, bool) {
	for _, o := range orders {
		if o.Void == "" && !o.Settled() {
			return o, true
		}
	}
	return payment.Order{}, false
}

// checkFee refuses an act that a fee stops: Conflict, with what is due.
func (s *Service) checkFee(f *found, action string) error {
	if o, waits := unpaid(f.fees); waits && !slices.Contains(waitsForFee, action) {
		return errs.E(errs.Conflict, "dossier.fee.unpaid", errs.P("amount", o.Due(), "reference", o.Reference))
	}
	return nil
}

// Fees are the orders of a dossier. None where payments are not taken here.
func (s *Service) Fees(ctx context.Context, d Dossier) ([]payment.Order, error) {
	if s.Payments == nil || !s.Payments.Working(d.Receiving) {
		return nil, nil
	}
	return s.Payments.ForSource(ctx, feeSource(d))
}

// FeeLink is the payer's page of an order, for who may follow the dossier.
func (s *Service) FeeLink(o payment.Order) string { return s.Payments.Link(o.ID) }

// Unpaid is the order that a dossier waits for; false where it waits for none.
func Unpaid(fees []payment.Order) (payment.Order, bool) { return unpaid(fees) }

// NationalState is the state under the national codes: a dossier at work whose fee is due waits
// for its owner to pay.
func NationalState(d Dossier, fees []payment.Order) process.State {
	if _, waits := unpaid(fees); waits && (d.State == process.Accepted || d.State == process.Processing) {
		return process.Financial
	}
	return d.State
}

// KindFeePaid is told of a dossier whose fee has come, so that open pages show that it goes on.
const KindFeePaid = "dossier.feePaid"

// feeFollower tells a dossier that its fee has come. What the fee stopped goes on by the order
// itself, in the moment in which the money is counted.
func (s *Service) feeFollower() journal.Follower {
	return journal.Follower{Name: "dossier.fees", Kinds: []string{payment.KindPaid}, Tail: true, Fn: func(_ context.Context, tx *db.Tx, r journal.Record) error {
		if r.Erased {
			return nil
		}
		h, err := payment.ReadHappened(r)
		if err != nil || h.Type != SubjectType {
			return err
		}
		d, err := findByID(tx, ID(h.Source))
		if err != nil {
			return err
		}
		ch := &change{dossier: d, happened: Happening{State: d.State}}
		entry, err := ch.entry(KindFeePaid, auth.Subject{Kind: auth.KindSystem}, d.Receiving.String(), nowAt{}, func(*Happening) {})
		if err != nil {
			return err
		}
		_, err = s.Journal.Append(tx, entry)
		return err
	}}
}
