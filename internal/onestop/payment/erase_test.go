package payment

import (
	"context"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/journal"
)

// At the end of its term a payer is forgotten, and the books add up as before. What is not settled
// stays whole.
func TestPayersAreForgottenAndTheLedgerStays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		ctx := context.Background()
		paid, over := s.order(t, 8000), s.order(t, 9000)
		for ref, n := range map[string]Notice{"E1": s.bank("E1", 8000, paid), "E2": s.bank("E2", 9500, over)} {
			if _, err := s.Take(ctx, n, Origin{Via: "notice"}); err != nil {
				t.Fatal(ref, err)
			}
		}
		file := "account,date,reference,credit,description\n" + treasuryNumber + ",2026-11-22,E1,8000,NGUYEN VAN A " + paid.Reference
		if _, err := s.Import(s.clerk, s.unit, strings.NewReader(file)); err != nil {
			t.Fatal(err)
		}
		books := map[Kind]int64{Treasury: 17_500, Revenue: -17_000, Suspense: -500}
		s.balances(t, books)
		s.clk.Advance(24 * time.Hour)
		if n, err := s.Named(ctx, s.clk.Now().Add(-48*time.Hour)); err != nil || n != 0 {
			t.Errorf("before its term %d are to be forgotten, %v", n, err)
		}
		s.Kept = func(context.Context) (Kept, error) { return Kept{IDs: []int64{paid.Source.ID}}, nil }
		if n, err := s.Named(ctx, s.clk.Now()); err != nil || n != 0 {
			t.Errorf("of a dossier under a hold %d are to be forgotten, %v", n, err)
		}
		s.Kept = nil
		for _, want := range []int{2, 0} { // an order and a line of a statement; then nothing
			if n, err := s.Named(ctx, s.clk.Now()); err != nil || n != want {
				t.Errorf("%d are to be forgotten, want %d, %v", n, want, err)
			}
			if n, err := s.Forget(ctx, s.clk.Now(), []byte(`{"rule":"payers"}`)); err != nil || n != want {
				t.Errorf("%d were forgotten, want %d, %v", n, want, err)
			}
		}
		if o := s.state(t, paid, Paid); o.Payer != "" || o.Account != 0 || o.Amount != 8000 || o.Held() != 8000 || o.Source.Code != "H26-1" {
			t.Errorf("%+v", o)
		}
		if o := s.state(t, over, Over); o.Payer == "" || o.Account == 0 {
			t.Errorf("an order with an excess lost its payer: %+v", o)
		}
		s.balances(t, books)
		got, err := s.Journal.BySubject(ctx, journal.Subject{Type: SubjectType, ID: int64(paid.ID)}, 0, 10)
		if err != nil || len(got) != 2 || !got[0].Erased || !got[1].Erased {
			t.Errorf("the journal: %+v, %v", got, err)
		}
		if again, err := s.Import(s.clerk, s.unit, strings.NewReader(file)); err != nil || again.Repeated != 1 {
			t.Errorf("the statement again: %+v, %v", again, err)
		}
	})
}

// Whatever payers wrote is kept of whom and what a hold names: money that came for an order of a held
// dossier, money that the hold names itself, and every text that holds a name of a held person or of
// who paid for a held dossier, however a bank wrote it. The rest goes.
func TestHoldsKeepWhatPayersWrote(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		ctx := context.Background()
		o := s.order(t, 8000) // of Nguyễn Văn A, dossier 7031
		came := func(ref, text string) (id MoneyID) {
			t.Helper()
			n := s.bank(ref, 500, Order{})
			n.Text = text
			if _, err := s.Take(ctx, n, Origin{Via: "notice"}); err != nil {
				t.Fatal(err)
			}
			all, err := s.Suspense(s.head, s.unit)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range all {
				if m.External == ref {
					return m.ID
				}
			}
			t.Fatal(ref, "does not lie")
			return 0
		}
		back := func(id MoneyID, ref string) {
			t.Helper()
			if err := s.AskMoney(s.clerk, id, SendBack, "", "Không tìm được khoản nộp", "ask-"+ref); err != nil {
				t.Fatal(err)
			}
			if err := s.DecideMoney(s.head, id, "decide-"+ref); err != nil {
				t.Fatal(err)
			}
			if err := s.PayMoneyBack(s.clerk, id, "OUT-"+ref, "back-"+ref); err != nil {
				t.Fatal(err)
			}
		}
		squeezed, plain, named, given := came("FT-0001", "CTDI:LUONGTHIGIU hoan"), came("FT-0002", "TRAN THI VANG chuyen tien"), came("FT-0003", "khong ghi ten"), came("FT-0004", "nop ho")
		back(squeezed, "FT-0001")
		back(plain, "FT-0002")
		back(named, "FT-0003")
		if err := s.AskMoney(s.clerk, given, Assign, o.Reference, "Giấy báo có của ngân hàng", "ask-FT-0004"); err != nil {
			t.Fatal(err)
		}
		if err := s.DecideMoney(s.head, given, "decide-FT-0004"); err != nil {
			t.Fatal(err)
		}
		file := "account,date,reference,credit,description\n" + treasuryNumber + ",2026-11-22,FT-0009,900,nguyen van a nop lai\n" + treasuryNumber + ",2026-11-22,FT-0010,901,ai do\n"
		if _, err := s.Import(s.clerk, s.unit, strings.NewReader(file)); err != nil {
			t.Fatal(err)
		}
		s.clk.Advance(24 * time.Hour)
		if id, name, err := s.MoneyBy(ctx, " FT-0003 "); err != nil || id != int64(named) || name != "FT-0003" {
			t.Errorf("FT-0003 is %d %q, %v", id, name, err)
		}
		if id, name, err := s.MoneyBy(ctx, strings.ToLower(o.Reference)); err != nil || id != int64(o.ID) || name != o.Reference {
			t.Errorf("%s is %d %q, %v", o.Reference, id, name, err)
		}
		if id, _, err := s.MoneyBy(ctx, "FT-9999"); err != nil || id != 0 {
			t.Errorf("a number of nothing is %d, %v", id, err)
		}
		for what, c := range map[string]struct {
			kept Kept
			want int
		}{
			"nothing":    {Kept{}, 6}, // four of suspense and two lines; what the statement found still lies
			"a person":   {Kept{Names: []string{"Lương Thị Giữ"}}, 5},
			"money":      {Kept{IDs: []int64{int64(named)}}, 5},
			"a dossier":  {Kept{IDs: []int64{o.Source.ID}}, 4}, // what was given to it, and the line with its payer's name
			"its order":  {Kept{IDs: []int64{int64(o.ID)}}, 4},
			"a nickname": {Kept{Names: []string{"An"}}, 6}, // would be in every text
		} {
			s.Kept = func(context.Context) (Kept, error) { return c.kept, nil }
			if n, err := s.Named(ctx, s.clk.Now()); err != nil || n != c.want {
				t.Errorf("held: %s: %d are to be forgotten, want %d, %v", what, n, c.want, err)
			}
		}
		s.Kept = func(context.Context) (Kept, error) {
			return Kept{IDs: []int64{o.Source.ID, int64(named)}, Names: []string{"Lương Thị Giữ"}}, nil
		}
		for _, want := range []int{2, 0} {
			if n, err := s.Forget(ctx, s.clk.Now(), []byte(`{"rule":"payers"}`)); err != nil || n != want {
				t.Errorf("%d were forgotten, want %d, %v", n, want, err)
			}
		}
		for id, kept := range map[MoneyID]bool{squeezed: true, plain: false, named: true, given: true} {
			m, err := s.FindMoney(s.head, id)
			if err != nil || (m.Text != "") != kept || (m.Why != "") != kept {
				t.Errorf("%s says %q and %q, %v", m.External, m.Text, m.Why, err)
			}
			got, err := s.Journal.BySubject(ctx, journal.Subject{Type: "payment.notice", ID: int64(id)}, 0, 10)
			if err != nil || len(got) < 2 || got[len(got)-1].Erased == kept {
				t.Errorf("the entries of %s: %+v, %v", m.External, got, err)
			}
		}
	})
}

// A hold that names a payment by a code that was replaced keeps the payment that stands in its place,
// where the money is, and the other way about; so does one on what came before it.
func TestAHoldOnOneCodeKeepsAllOfItsFee(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		ctx := context.Background()
		first := s.expire(t, s.order(t, 8000))
		second, err := s.renew(first)
		if err != nil {
			t.Fatal(err)
		}
		s.clk.Advance(25 * time.Hour)
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		third, err := s.renew(s.state(t, second, Expired))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Take(ctx, s.bank("FT1", 8000, first), Origin{Via: "notice"}); err != nil {
			t.Fatal(err)
		}
		s.state(t, third, Paid)
		other := s.order(t, 500)
		if _, err := s.Take(ctx, s.bank("FT2", 500, other), Origin{Via: "notice"}); err != nil {
			t.Fatal(err)
		}
		s.clk.Advance(24 * time.Hour)
		for what, c := range map[string]struct {
			id   OrderID
			want int
		}{"nothing": {0, 4}, "the first code": {first.ID, 1}, "the second": {second.ID, 1}, "the last": {third.ID, 1}, "another fee": {other.ID, 3}} {
			s.Kept = func(context.Context) (Kept, error) { return Kept{IDs: []int64{int64(c.id)}}, nil }
			if n, err := s.Named(ctx, s.clk.Now()); err != nil || n != c.want {
				t.Errorf("held: %s: %d are to be forgotten, want %d, %v", what, n, c.want, err)
			}
		}
	})
}
