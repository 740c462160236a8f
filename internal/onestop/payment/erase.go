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
		h, err := heldOf(q, kept)
		if err != nil {
			return err
		}
		n, err = countNamed(q, id.At(before), db.Millis(before), h)
		return err
	})
	return n, err
}

// Kept is of whom and what nothing is forgotten whatever the term: the ids of dossiers, accounts,
// orders and money, and names, of which no text is let go that holds one.
type Kept struct {
	IDs   []int64
	Names []string
}

func (s *Service) kept(ctx context.Context) (Kept, error) {
	if s.Kept == nil {
		return Kept{}, nil
	}
	return s.Kept(ctx)
}

// MoneyBy finds what a hold may name by a number: money by the bank's number of it, or an order by
// its reference. name is the number as kept; id is 0 where nobody knows it.
func (s *Service) MoneyBy(ctx context.Context, number string) (v int64, name string, err error) {
	defer errs.Op(&err, "payment.MoneyBy")
	number = clip(number, maxExternal)
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		v, name, err = moneyBy(q, number, FindReference(number))
		return err
	})
	return v, name, err
}

// Forget lets go what is held of payers from before an instant, some at a time: the name and the
// account of orders that are settled, what was written beside them, the payloads of their entries,
// the purposes of transfers. Orders with money in them that is still looked at stay whole. Amounts,
// days, units, numbers of banks and the ledger stay: the books add up as before. So do orders, money
// and texts of what is Kept. It returns how many rows; 0 at the end. why is the rule as JSON.
func (s *Service) Forget(ctx context.Context, before time.Time, why []byte) (n int, err error) {
	defer errs.Op(&err, "payment.Forget")
	kept, err := s.kept(ctx)
	if err != nil {
		return 0, err
	}
	var orders []OrderID
	var money, lines []int64
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		h, err := heldOf(q, kept)
		if err != nil {
			return err
		}
		if orders, err = namedOrders(q, id.At(before), h, eraseBatch); err != nil {
			return err
		}
		if money, _, err = freeMoney(q, db.Millis(before), h, eraseBatch); err != nil {
			return err
		}
		lines, _, err = freeLines(q, db.Millis(before), h, eraseBatch)
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
		if err := told("payment.notice", v); err != nil {
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
