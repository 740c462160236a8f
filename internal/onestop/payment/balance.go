package payment

import (
	"context"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

// horizon is how old a move is before a snapshot holds it. Ids grow with the time at which
// they were made, rows with that of their commit: a unit of work lives seconds, so nothing
// commits below the horizon any more.
const horizon = 2 * time.Minute

// Balance is what an account holds: its last snapshot and the moves since. Debits count up.
func (s *Service) Balance(ctx context.Context, a Account) (sum int64, err error) {
	defer errs.Op(&err, "payment.Balance")
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		last, err := lastSnapshot(q, a.String())
		if err != nil {
			return err
		}
		rest, err := tail(q, a.String(), last.upto, 0)
		sum = last.balance + rest
		return err
	})
	return sum, err
}

// Snapshot writes down the balances of the accounts that moved since the last one.
func (s *Service) Snapshot(ctx context.Context) error {
	return s.SnapshotAt(ctx, s.Clock.Now().Add(-horizon))
}

// SnapshotAt is Snapshot of what was booked before an instant at which nothing more is booked.
func (s *Service) SnapshotAt(ctx context.Context, at time.Time) (err error) {
	defer errs.Op(&err, "payment.Snapshot")
	upto := id.At(at)
	var accounts []string
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		newest, err := newestSnapshot(q)
		if err != nil || newest >= upto {
			return err
		}
		accounts, err = touched(q, newest)
		return err
	})
	if err != nil {
		return err
	}
	for _, a := range accounts {
		err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			last, err := lastSnapshot(tx, a)
			if err != nil || last.upto >= upto {
				return err
			}
			more, err := tail(tx, a, last.upto, upto)
			if err != nil {
				return err
			}
			return insertSnapshot(tx, a, snapshot{upto, last.balance + more})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
