package payment

import (
	"context"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Grow books n moves of one đồng from suspense to an account, for measuring a ledger that is as
// large as years of payments. Only benches call it.
func (s *Service) Grow(ctx context.Context, a Account, n int) (err error) {
	defer errs.Op(&err, "payment.Grow")
	const batch = 5000
	for n > 0 {
		k := min(n, batch)
		err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			for range k {
				t, err := Txn{}.Move(Account{a.Unit, Suspense}, a, 1)
				if err != nil {
					return err
				}
				if err := s.book(tx, t, 0); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		n -= k
	}
	return nil
}
