package payment

import (
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

// receive is what a notice that was not counted yet means: for the order that it names, or
// for suspense where it names none or came to another unit's account. unit is whose account
// got the money; 0 where the way does not say.
func receive(o Order, n Notice, unit orgunit.UnitID, now time.Time) (after Order, t Txn, known bool, err error) {
	if err := n.check(); err != nil {
		return o, t, false, err
	}
	if o.ID != 0 && (unit == 0 || unit == o.Unit) {
		after, t, err = Step(o, Received{n.Way, n.Amount}, now)
		return after, t, true, err
	}
	if unit == 0 {
		return o, t, false, errs.E(errs.NotFound, "payment.notice.unknown")
	}
	t, err = Txn{}.Move(Account{unit, Suspense}, Account{unit, n.Way.holds()}, n.Amount)
	return o, t, false, err
}
