package payment

import (
	"context"
	"strings"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// in runs statements in one unit of work.
func (s *till) in(t *testing.T, all ...string) {
	t.Helper()
	if err := s.DB.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
		for _, sql := range all {
			if err := tx.Exec(sql); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// stuck makes every change of a table's rows miss until it is let go, as if somebody else were first
// each time.
func (s *till) stuck(t *testing.T, table string) (letGo func()) {
	t.Helper()
	name := "stuck_" + table
	if s.DB.SingleWriter() {
		s.in(t, `CREATE TRIGGER `+name+` BEFORE UPDATE ON `+table+` BEGIN SELECT RAISE(IGNORE); END`)
		return func() { t.Helper(); s.in(t, `DROP TRIGGER `+name) }
	}
	s.in(t, `CREATE OR REPLACE FUNCTION `+name+`() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`, `CREATE TRIGGER `+name+` BEFORE UPDATE ON `+table+` FOR EACH ROW EXECUTE FUNCTION `+name+`()`)
	return func() { t.Helper(); s.in(t, `DROP TRIGGER `+name+` ON `+table) }
}

// Every act that loses each race says that it may be tried again, leaves nothing half done, and does
// its work once when it is tried again under the same key.
func TestLostRacesMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		ctx := context.Background()
		old := s.expire(t, s.order(t, 700))
		o, excess := s.order(t, 8000), s.order(t, 900)
		if _, err := s.Take(ctx, s.bank("E1", 1000, excess), Origin{Via: "notice"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Take(ctx, s.bank("S1", 500, Order{}), Origin{Via: "notice"}); err != nil {
			t.Fatal(err)
		}
		money, err := s.Suspense(s.head, s.unit)
		if err != nil || len(money) != 1 {
			t.Fatal(money, err)
		}
		if _, err := s.OpenShift(s.clerk, s.unit, 0, "shift-0001"); err != nil {
			t.Fatal(err)
		}
		acts := map[string]struct {
			kind errs.Kind
			do   func() error
		}{
			"a refund is asked for": {errs.Conflict, func() error {
				_, err := s.AskRefund(s.clerk, excess.ID, false, "Nộp thừa tiền", "ask-000001")
				return err
			}},
			"cash is taken":  {errs.Conflict, func() error { _, err := s.TakeHere(s.clerk, o.ID, ByCash, "", "take-00001"); return err }},
			"the bank tells": {errs.Unavailable, func() error { _, err := s.Take(ctx, s.bank("E2", 1, excess), Origin{Via: "notice"}); return err }},
			"money is looked after": {errs.Conflict, func() error {
				return s.AskMoney(s.clerk, money[0].ID, SendBack, "", "Không tìm được ai", "money-0001")
			}},
		}
		orders, suspense := s.stuck(t, "payment_order"), s.stuck(t, "payment_suspense")
		for what, a := range acts {
			err := a.do()
			if e, ok := errs.As(err); !ok || e.Kind != a.kind || e.Key != "payment.busy" {
				t.Errorf("%s: %v", what, err)
			}
		}
		// Whoever renews is told by the source of the order, which reads it again first.
		if _, err := s.renew(old); !Moved(err) {
			t.Errorf("renewed: %v", err)
		}
		orders()
		suspense()
		s.state(t, o, Open)
		if x := s.state(t, excess, Over); x.Held() != 1000 || x.Refund.Amount != 0 {
			t.Errorf("half done: %+v", x)
		}
		for what, a := range acts {
			for range 2 {
				if err := a.do(); err != nil {
					t.Errorf("%s, tried again: %v", what, err)
				}
			}
		}
		s.state(t, o, Paid)
		if x := s.state(t, excess, Refunding); x.Held() != 1001 || x.Refund.Amount == 0 {
			t.Errorf("not done: %+v", x)
		}
		if m, err := s.FindMoney(s.head, money[0].ID); err != nil || m.State != Asked {
			t.Errorf("the money is %s, %v", m.State, err)
		}
	})
}

// What is looked up one by one is found by an index, however many orders and notices there are.
func TestLookUpsReadNoWholeTable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		if !s.DB.SingleWriter() {
			t.Skip("PostgreSQL reads a small table whole")
		}
		for sql, index := range map[string]string{successorSQL: "payment_order_renews", moneyBySQL: "payment_notice_once"} {
			err := s.DB.View(context.Background(), func(_ context.Context, q *db.View) error {
				type step struct {
					id, parent, notUsed int
					detail              string
				}
				plan, err := db.All(q, func(r db.Scanner) (x step, err error) {
					err = r.Scan(&x.id, &x.parent, &x.notUsed, &x.detail)
					return x, err
				}, `EXPLAIN QUERY PLAN `+sql, 1)
				if err == nil && !strings.Contains(plan[0].detail, index) {
					t.Errorf("%s: %s", sql, plan[0].detail)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A unit's payments are listed page by page, each once, in one state or in all.
func TestPagesOfAUnit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		var want []OrderID
		for i := range 2*unitPage + 7 {
			o := s.order(t, int64(1000+i))
			want = append([]OrderID{o.ID}, want...)
		}
		if _, err := s.Take(context.Background(), s.bank("P1", 1000, s.state(t, Order{ID: want[len(want)-1]}, Open)), Origin{Via: "notice"}); err != nil {
			t.Fatal(err)
		}
		read := func(state State) (got []OrderID, sizes []int) {
			for before, more := OrderID(0), true; more; {
				var page []Order
				var err error
				if page, more, err = s.OfUnit(s.clerk, s.unit, state, before); err != nil {
					t.Fatal(err)
				}
				for _, o := range page {
					got, before = append(got, o.ID), o.ID
				}
				sizes = append(sizes, len(page))
			}
			return got, sizes
		}
		got, sizes := read("")
		if len(got) != len(want) || len(sizes) != 3 || sizes[2] != 7 {
			t.Fatalf("%d of %d in pages of %v", len(got), len(want), sizes)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("place %d holds %s, not %s", i, got[i], want[i])
			}
		}
		if open, _ := read(Open); len(open) != len(want)-1 {
			t.Errorf("%d are open", len(open))
		}
		if paid, _ := read(Paid); len(paid) != 1 || paid[0] != want[len(want)-1] {
			t.Errorf("paid: %v", paid)
		}
	})
}

// Money that goes back by a transfer needs no box; notes are taken out of an open one.
func TestOnlyNotesNeedABox(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		o := s.order(t, 8000)
		if _, err := s.Take(context.Background(), s.bank("FT1", 9000, o), Origin{Via: "notice"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AskRefund(s.clerk, o.ID, false, "Nộp thừa tiền", "ask-000001"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ApproveRefund(s.head, o.ID, "approve-01"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.PayOut(s.clerk, o.ID, ByCash, "", "out-000001"); !errs.Is(err, errs.NotFound) {
			t.Errorf("notes out of no box: %v", err)
		}
		if _, err := s.PayOut(auth.With(context.Background(), auth.Subject{Account: 3, Kind: auth.KindCitizen}), o.ID, ByBank, "FT-OUT-0", "out-000002"); err == nil {
			t.Error("the payer paid themselves back")
		}
		for range 2 {
			if _, err := s.PayOut(s.clerk, o.ID, ByBank, "FT-OUT-1", "out-000003"); err != nil {
				t.Fatal(err)
			}
		}
		s.state(t, o, Paid)
		s.balances(t, map[Kind]int64{Treasury: 8000, Revenue: -8000})
	})
}
