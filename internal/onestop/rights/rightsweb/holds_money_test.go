package rightsweb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/id"
	"khue/internal/onestop/payment"
)

// TestAHoldOnMoney keeps payments and transfers that it names by the bank's number or the reference,
// as somebody copies them from an advice: what names nothing is told by its own words and stays in its
// box, and nothing of it is held. Lifted, they are let go.
func TestAHoldOnMoney(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ctx, list := t.Context(), "/admin/retention/holds"
		ward, err := c.Units.Now().ByCode("00133")
		if err != nil {
			t.Fatal(err)
		}
		agency, _ := c.Units.Now().AgencyOf(ward.ID)
		payer, err := id.Parse[auth.Account](c.Account("citizen").ID)
		if err != nil {
			t.Fatal(err)
		}
		var orders []payment.Order
		for i, ref := range []string{"FT2025-001", "FT2025-002", "FT2025-003"} {
			var o payment.Order
			if err := c.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
				o, err = c.Payments.OpenIn(tx, payment.Order{
					Source: payment.Source{Type: "test", ID: int64(i + 1), Code: "TEST"}, Payer: "Lương Thị Giữ", Account: int64(payer), Unit: agency.ID,
					Lines: []payment.Line{{Text: decl.Label{VI: "Lệ phí", EN: "Fee"}, Amount: 8000}},
				})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Payments.Take(ctx, payment.Notice{Way: payment.ByBank, External: ref, Amount: 8000, Reference: o.Reference, At: c.Clock.Now()}, payment.Origin{Via: "notice"}); err != nil {
				t.Fatal(err)
			}
			orders = append(orders, o)
		}
		named := func() int {
			t.Helper()
			n, err := c.Payments.Named(ctx, c.Clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		c.Pass(24 * time.Hour)
		if n := named(); n != 3 {
			t.Fatalf("%d payments come to their term", n)
		}
		auditor, leader := c.As("auditor"), c.As("leader")
		for lang, says := range map[string]string{"vi": "Không có khoản tiền hay khoản nộp nào mang số FT2025-9, KHP0", "en": "FT2025-9, KHP0"} {
			page := string(post(auditor.In(lang), list, decree("money", "FT2025-9; FT2025-001\nKHP0")...).Want(422).Body)
			if !strings.Contains(page, says) || !strings.Contains(page, "FT2025-9; FT2025-001\nKHP0") {
				t.Errorf("in %s it is not said what names nothing, or what was typed is gone", lang)
			}
		}
		if n := named(); n != 3 {
			t.Errorf("what was refused holds: %d come to their term", n)
		}
		at := location(post(auditor, list, decree("money", " FT2025-001 \n"+strings.ToLower(orders[1].Reference)+", FT2025-001")...).Want(303))
		if n := named(); n != 1 {
			t.Errorf("from the first word on %d come to their term, not the one that nobody named", n)
		}
		for lang, kind := range map[string]string{"vi": "Khoản tiền, với nội dung chuyển khoản", "en": "Money"} {
			page := string(leader.In(lang).Get(at).Want(200).Body)
			if strings.Count(page, "FT2025-001") != 1 || !strings.Contains(page, orders[1].Reference) || strings.Contains(page, "FT2025-003") || !strings.Contains(page, kind) {
				t.Errorf("the hold in %s does not name what it keeps, once each", lang)
			}
		}
		post(leader, at, "do", "agree").Want(303)
		if n := named(); n != 1 {
			t.Errorf("agreed, %d come to their term", n)
		}
		post(leader, at, "do", "lift", "liftDecision", "40/2025/QĐ-TA", "liftWhy", "Vụ án đã kết thúc").Want(303)
		post(auditor, at, "do", "agree").Want(303)
		if n := named(); n != 3 {
			t.Errorf("lifted, %d come to their term", n)
		}
	}, citytest.With(func(cfg *app.Config) {
		cfg.Payments = app.Payments{BankSecret: "b", GatewaySecret: "g", Invented: true}
	}))
}
