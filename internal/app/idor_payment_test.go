package app_test

import (
	"context"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/id"
	"khue/internal/onestop/payment"
	"khue/internal/register/orgunit"
)

// payments sows what is to be paid and what is paid.
func (s *seed) payments(citizen context.Context) {
	s.t.Helper()
	ctx := s.t.Context()
	unit, err := id.Parse[orgunit.Unit](s.id["agency"])
	s.ok(err)
	for _, name := range []string{"toPay", "paid"} {
		var o payment.Order
		s.ok(s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			o, err = s.Payments.OpenIn(tx, payment.Order{
				Source: payment.Source{Type: "test", ID: 1, Code: "TEST"}, Payer: "Nguyễn Thị Hạnh", Account: auth.From(citizen).Account, Unit: unit,
				Lines: []payment.Line{{Text: decl.Label{VI: "Lệ phí", EN: "Fee"}, Amount: 8000}},
			})
			return err
		}))
		s.id[name] = o.ID.String()
		if name == "paid" {
			_, err := s.Payments.Take(ctx, payment.Notice{Way: payment.ByBank, External: "TEST-1", Amount: 8000, Reference: o.Reference, At: s.Clock.Now()}, payment.Origin{Via: "notice"})
			s.ok(err)
		}
	}
	// Money of which nobody knows what it is for.
	_, err = s.Payments.Take(ctx, payment.Notice{Way: payment.ByBank, External: "TEST-2", Amount: 700, Text: "NGUYEN THI HANH", At: s.Clock.Now()}, payment.Origin{Via: "statement", Unit: unit})
	s.ok(err)
	all, err := s.Payments.Suspense(s.ctx("motcua"), unit)
	s.ok(err)
	s.id["money"] = all[0].ID.String()
}
