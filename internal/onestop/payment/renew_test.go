package payment

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
)

// expire lets the time of an order run out.
func (s *till) expire(t *testing.T, o Order) Order {
	t.Helper()
	s.clk.Advance(25 * time.Hour)
	if err := s.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s.state(t, o, Expired)
}

func (s *till) renew(old Order) (is Order, err error) {
	err = s.DB.InTx(context.Background(), func(_ context.Context, tx *db.Tx) (err error) {
		is, err = s.RenewIn(tx, old, tx.Now().Add(24*time.Hour), auth.From(s.clerk))
		return err
	})
	return is, err
}

// An order that expired is replaced by one new order however many ask at once; the money that comes
// by the old code, told twice, settles the new one once, and the books show one fee.
func TestMoneyByAnOldCodePaysTheNewOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		old := s.order(t, 8000)
		if _, err := s.renew(old); !errs.Is(err, errs.Conflict) {
			t.Errorf("an order that can be paid was replaced: %v", err)
		}
		old = s.expire(t, old)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var made []Order
		for range 8 {
			wg.Go(func() {
				is, err := s.renew(old)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made = append(made, is)
				} else if !Moved(err) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(made) != 1 {
			t.Fatalf("%d new orders", len(made))
		}
		is := s.state(t, made[0], Open)
		if is.Reference == old.Reference || is.Due() != 8000 || is.Renews != old.ID || is.Payer != old.Payer || is.Account != old.Account {
			t.Errorf("the new order: %+v", is)
		}
		s.state(t, old, Replaced)
		s.balances(t, map[Kind]int64{Receivable: 8000, Revenue: -8000})
		for _, try := range []string{"notice", "notice", "statement"} {
			if got, err := s.Take(context.Background(), s.bank("FT1", 8000, old), Origin{Via: try}); err != nil || got.Order != is.ID {
				t.Errorf("the bank tells of the old code: %+v, %v", got, err)
			}
		}
		s.state(t, is, Paid)
		s.state(t, old, Replaced)
		s.balances(t, map[Kind]int64{Treasury: 8000, Revenue: -8000})
		if _, err := s.renew(s.state(t, old, Replaced)); !errs.Is(err, errs.Conflict) {
			t.Errorf("replaced twice: %v", err)
		}
		if _, err := s.Reinstate(s.head, old.ID, "reinstate-1"); !errs.Is(err, errs.Conflict) {
			t.Errorf("the old order stands again: %v", err)
		}
		if next, err := s.Successor(context.Background(), s.state(t, old, Replaced)); err != nil || next.ID != is.ID {
			t.Errorf("after the old order comes %+v, %v", next, err)
		}
		got, err := s.Journal.BySubject(context.Background(), journal.Subject{Type: SubjectType, ID: int64(old.ID)}, 0, 10)
		if err != nil || len(got) != 3 || got[2].Kind != KindReplaced || got[2].Actor != 1 {
			t.Errorf("the journal of the old order: %+v, %v", got, err)
		}
	})
}

// Part of the money goes over to the new order, by however many codes; where all of it came late
// there is no new code.
func TestPartOfTheMoneyGoesOverToTheNewCode(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		ctx := context.Background()
		first := s.order(t, 8000)
		take := func(ref string, amount int64, o Order) {
			t.Helper()
			if _, err := s.Take(ctx, s.bank(ref, amount, o), Origin{Via: "notice"}); err != nil {
				t.Fatal(err)
			}
		}
		take("FT1", 3000, first)
		s.clk.Advance(25 * time.Hour)
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		first = s.state(t, first, Late)
		second, err := s.renew(first)
		if err != nil || second.State != Partial || second.Due() != 5000 {
			t.Fatalf("%+v, %v", second, err)
		}
		s.state(t, first, Replaced)
		s.balances(t, map[Kind]int64{Treasury: 3000, Receivable: 5000, Revenue: -8000})
		s.clk.Advance(25 * time.Hour)
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		third, err := s.renew(s.state(t, second, Late))
		if err != nil {
			t.Fatal(err)
		}
		take("FT2", 1000, first)
		take("FT3", 4000, second)
		s.state(t, third, Paid)
		s.balances(t, map[Kind]int64{Treasury: 8000, Revenue: -8000})

		late := s.expire(t, s.order(t, 900))
		take("FT4", 900, late)
		if _, err := s.renew(s.state(t, late, Late)); !errs.Is(err, errs.Conflict) {
			t.Errorf("asked again for money that had come: %v", err)
		}
		// While the money is counted, nobody gets a new code for what was read before, and the other
		// way about.
		race := s.expire(t, s.order(t, 700))
		var wg sync.WaitGroup
		var is Order
		wg.Go(func() {
			if _, err := s.Take(ctx, s.bank("FT5", 700, race), Origin{Via: "notice"}); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() { is, err = s.renew(race) })
		wg.Wait()
		switch {
		case err == nil:
			s.state(t, is, Paid)
		case Moved(err):
			s.state(t, race, Late)
		default:
			t.Error(err)
		}
	})
}

// The gateway is asked about a waiting order also by the codes in whose place it stands, and money
// in suspense that somebody gave to an old code pays the new order.
func TestOldCodesAreStillListenedTo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		ctx := context.Background()
		old := s.expire(t, s.order(t, 8000))
		is, err := s.renew(old)
		if err != nil {
			t.Fatal(err)
		}
		s.gateway.knows = []Notice{{Way: ByGateway, External: "G1", Amount: 8000, Reference: old.Reference, At: s.clk.Now()}}
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		s.state(t, is, Paid)

		old = s.expire(t, s.order(t, 600))
		if _, err := s.Take(ctx, s.bank("FT9", 600, Order{}), Origin{Via: "notice"}); err != nil {
			t.Fatal(err)
		}
		money, err := s.Suspense(s.head, s.unit)
		if err != nil || len(money) != 1 {
			t.Fatal(money, err)
		}
		if err := s.AskMoney(s.clerk, money[0].ID, Assign, old.Reference, "Giấy báo có của ngân hàng", "ask-000001"); err != nil {
			t.Fatal(err)
		}
		if is, err = s.renew(old); err != nil { // meanwhile
			t.Fatal(err)
		}
		if err := s.DecideMoney(s.head, money[0].ID, "decide-0001"); err != nil {
			t.Fatal(err)
		}
		s.state(t, is, Paid)
		s.balances(t, map[Kind]int64{Gateway: 8000, Treasury: 600, Revenue: -8600})
	})
}

// Whoever is to pay, the bearer of the link and officers of the unit may get a new code.
func TestWhoGetsANewCode(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		o := s.expire(t, s.order(t, 8000))
		for i, c := range []struct {
			ctx context.Context
			key string
			may bool
		}{
			{s.citizen, "", true}, {s.clerk, "", true}, {s.head, "", true},
			{context.Background(), s.Key(o.ID), true}, {context.Background(), "", false}, {context.Background(), s.Key(o.ID + 1), false},
			{auth.With(context.Background(), auth.Subject{Account: 77, Name: "Người khác", Kind: auth.KindCitizen}), "", false},
		} {
			if err := s.CanRenew(c.ctx, o, c.key); (err == nil) != c.may {
				t.Error(fmt.Sprint("reader ", i), err)
			}
		}
	})
}
