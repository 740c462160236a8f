package payment

import (
	"context"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
)

// eraseBatch is how many rows one unit of work forgets.
const eraseBatch = 100

// Named counts what is held of payers from before an instant and settled.
func (s *Service) Named(ctx context.Context, before time.Time) (n int, err error) {
	defer errs.Op(&err, "payment.Named")
	kept, err := s.kept(ctx)
	if err != nil {
		return 0, err
	}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		n, err = countNamed(q, id.At(before), db.Millis(before), kept)
		return err
	})
	return n, err
}

func (s *Service) kept(ctx context.Context) ([]int64, error) {
	if s.Kept == nil {
		return nil, nil
	}
	return s.Kept(ctx)
}

// Forget lets go what is held of payers from before an instant, some at a time: the name and the
// account of orders that are settled, what was written beside them, the payloads of their entries,
// the purposes of transfers. Orders with money in them that is still looked at stay whole. Amounts,
// days, units, numbers of banks and the ledger stay: the books add up as before. So do orders of what
// Kept names. It returns how many rows; 0 at the end. why is the rule as JSON.
func (s *Service) Forget(ctx context.Context, before time.Time, why []byte) (n int, err error) {
	defer errs.Op(&err, "payment.Forget")
	kept, err := s.kept(ctx)
	if err != nil {
		return 0, err
	}
	var orders []OrderID
	var money []MoneyID
	var lines []int64
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if orders, err = namedOrders(q, id.At(before), kept, eraseBatch); err != nil {
			return err
		}
		if money, err = namedMoney(q, db.Millis(before), eraseBatch); err != nil {
			return err
		}
		lines, err = namedLines(q, db.Millis(before), eraseBatch)
		return err
	})
	if err != nil {
		return 0, err
	}
	var entries []journal.EntryID
	told := func(kind string, v int64) error {
		for after := journal.EntryID(0); ; {
			rs, err := s.Journal.BySubject(ctx, journal.Subject{Type: kind, ID: v}, after, 100)
			if err != nil {
				return err
			}
			for _, r := range rs {
				if after = r.ID; !r.Erased {
					entries = append(entries, r.ID)
				}
			}
			if len(rs) < 100 {
				return nil
			}
		}
	}
	for _, v := range orders {
		if err := told(SubjectType, int64(v)); err != nil {
			return 0, err
		}
	}
	for _, v := range money {
		if err := told("payment.notice", int64(v)); err != nil {
			return 0, err
		}
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		for _, e := range entries {
			if err := s.Journal.Erase(tx, e, 0, "", why); err != nil {
				return err
			}
		}
		for _, v := range orders {
			if err := forgetPayer(tx, v); err != nil {
				return err
			}
		}
		for _, v := range money {
			if err := forgetMoney(tx, v); err != nil {
				return err
			}
		}
		for _, v := range lines {
			if err := forgetLine(tx, v); err != nil {
				return err
			}
		}
		return nil
	})
	return len(orders) + len(money) + len(lines), err
}
