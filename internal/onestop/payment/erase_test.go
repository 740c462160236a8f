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
		s.Kept = func(context.Context) ([]int64, error) { return []int64{paid.Source.ID}, nil }
		if n, err := s.Named(ctx, s.clk.Now()); err != nil || n != 1 { // the line alone
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
