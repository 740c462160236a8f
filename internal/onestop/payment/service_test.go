package payment

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/register/orgunit"
	"log/slog"
)

// till is payments over a database, with people at the counter and a gateway that answers.
type till struct {
	*Service
	clk     *clock.Fake
	unit    orgunit.UnitID
	gateway *askable
	clerk   context.Context
	head    context.Context
	citizen context.Context
}

type askable struct{ knows []Notice }

func (a *askable) Ask(_ context.Context, ref string) (out []Notice, err error) {
	for _, n := range a.knows {
		if n.Reference == ref {
			out = append(out, n)
		}
	}
	return out, nil
}

type oneAccount struct{ unit orgunit.UnitID }

const treasuryNumber = "371301090901"

func (o oneAccount) Any() bool { return true }

func (o oneAccount) Payee(u orgunit.UnitID) (Payee, bool) {
	return Payee{"970436", treasuryNumber, "UBND phường"}, u == o.unit
}

func (o oneAccount) UnitOf(a string) (orgunit.UnitID, bool) { return o.unit, a == treasuryNumber }

type sameScope struct{}

func (sameScope) Covers(_ context.Context, a, b string) bool { return a == b }

func tables() []db.Migrations {
	return []db.Migrations{journal.Migrations(), once.Migrations(), orgunit.Migrations(), Migrations()}
}

func newTill(t testing.TB, d *db.DB, clk clock.Clock, node uint16) *till {
	t.Helper()
	gen := id.NewGen(node, clk)
	signer, err := journal.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	units, err := orgunit.New(d, clk, gen, nil)
	if err != nil {
		t.Fatal(err)
	}
	ward, err := units.Now().ByCode("00118")
	if err != nil {
		t.Fatal(err)
	}
	agency, _ := units.Now().AgencyOf(ward.ID)
	rules, err := auth.NewPolicies(sameScope{}, orgunit.ActsAs, Policies())
	if err != nil {
		t.Fatal(err)
	}
	as := func(account int64, role string) context.Context {
		sub := auth.Subject{Account: account, Name: role, Kind: auth.KindCitizen}
		if role != "" {
			sub.Kind, sub.Grants = auth.KindOfficer, []auth.Grant{{Role: role, Scope: "unit:" + agency.ID.String()}}
		}
		return auth.With(context.Background(), sub)
	}
	s := &till{unit: agency.ID, gateway: &askable{}, clerk: as(1, "clerk"), head: as(2, "head"), citizen: as(3, "")}
	s.Service = New(Deps{
		DB: d, Gen: gen, Clock: clk, Journal: journal.New(d, gen, signer, slog.New(slog.DiscardHandler)), Units: units, Policies: rules,
		Payees: oneAccount{agency.ID}, Gateway: s.gateway, GatewayURL: "https://gateway.example/pay", GatewaySecret: []byte("g"), BankSecret: []byte("b"), Secret: []byte("s"),
	})
	return s
}

func each(t *testing.T, test func(t *testing.T, s *till)) {
	t.Helper()
	migs := tables()
	run := func(t *testing.T, open func(testing.TB, []db.Migrations, ...dbtest.Option) *db.DB) {
		t.Parallel()
		clk := clock.NewFake(clock.MustDate("2026-11-22").At(8, 0))
		s := newTill(t, open(t, migs, dbtest.WithClock(clk)), clk, 1)
		s.clk = clk
		test(t, s)
	}
	t.Run("sqlite", func(t *testing.T) { run(t, dbtest.New) })
	t.Run("postgres", func(t *testing.T) { run(t, dbtest.NewPostgres) })
}

func (s *till) order(t testing.TB, amount int64) (o Order) {
	t.Helper()
	err := s.DB.InTx(context.Background(), func(_ context.Context, tx *db.Tx) (err error) {
		o, err = s.OpenIn(tx, Order{Source: Source{"dossier", 7031, "H26-1"}, Payer: "Nguyễn Văn A", Account: 3, Unit: s.unit, Lines: []Line{{Amount: amount}}, ExpiresAt: tx.Now().Add(24 * time.Hour)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (s *till) state(t testing.TB, o Order, want State) Order {
	t.Helper()
	o, err := s.Find(context.Background(), o.ID)
	if err != nil || o.State != want {
		t.Fatalf("the order is %s, %v; want %s", o.State, err, want)
	}
	return o
}

// balances checks that the books are even, and those named.
func (s *till) balances(t testing.TB, want map[Kind]int64) {
	t.Helper()
	sum := int64(0)
	for _, k := range Kinds() {
		v, err := s.Balance(context.Background(), Account{s.unit, k})
		if err != nil {
			t.Fatal(err)
		}
		sum += v
		if v != want[k] {
			t.Errorf("%s stands at %d, want %d", k, v, want[k])
		}
	}
	if sum != 0 {
		t.Errorf("the books are out by %d", sum)
	}
}

func (s *till) bank(ref string, amount int64, o Order) Notice {
	return Notice{Way: ByBank, External: ref, Amount: amount, Reference: o.Reference, Account: treasuryNumber, At: s.clk.Now()}
}

// One transfer is told by the bank, told again, stands in the statement, all at once, while 63
// others come to the same account: each counts once.
func TestMoneyCountsOnceHoweverOftenItIsTold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		ctx := context.Background()
		orders := make([]Order, 64)
		for i := range orders {
			orders[i] = s.order(t, 8000)
		}
		var csv strings.Builder
		csv.WriteString("account,date,reference,credit,description\n")
		for i, o := range orders {
			fmt.Fprintf(&csv, "%s,2026-11-22 08:00:00,FT%d,8000,MB %s nop phi\n", treasuryNumber, i, o.Reference)
		}
		var wg sync.WaitGroup
		for i, o := range orders {
			for range 2 {
				wg.Go(func() {
					if _, err := s.Take(ctx, s.bank(fmt.Sprint("FT", i), 8000, o), Origin{Via: "notice"}); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Go(func() {
			if _, err := s.Import(s.clerk, s.unit, strings.NewReader(csv.String())); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		again, err := s.Import(s.clerk, s.unit, strings.NewReader(csv.String()))
		if err != nil || again.Repeated != 64 {
			t.Errorf("the same file again: %+v, %v", again, err)
		}
		for _, o := range orders {
			s.state(t, o, Paid)
		}
		s.balances(t, map[Kind]int64{Treasury: 64 * 8000, Revenue: -64 * 8000})
		got, err := s.Journal.BySubject(ctx, journal.Subject{Type: SubjectType, ID: int64(orders[0].ID)}, 0, 10)
		if err != nil || len(got) != 2 || got[1].Kind != KindPaid {
			t.Errorf("the journal says %d things, %v", len(got), err)
		}
		// Another amount under the same number changes nothing and is refused.
		if _, err := s.Take(ctx, s.bank("FT1", 9000, orders[1]), Origin{Via: "notice"}); !errs.Is(err, errs.Mismatch) {
			t.Errorf("the same number with another amount: %v", err)
		}
		// Before and after a snapshot the balance is the same, and so with what comes later.
		s.clk.Advance(time.Hour)
		if err := s.Snapshot(ctx); err != nil {
			t.Fatal(err)
		}
		s.balances(t, map[Kind]int64{Treasury: 64 * 8000, Revenue: -64 * 8000})
		if _, err := s.Take(ctx, s.bank("LATER", 5, Order{}), Origin{Via: "notice"}); err != nil {
			t.Fatal(err)
		}
		s.balances(t, map[Kind]int64{Treasury: 64*8000 + 5, Revenue: -64 * 8000, Suspense: -5})
	})
}

func TestASweepFindsWhatWasLost(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		ctx := context.Background()
		lost, unpaid := s.order(t, 8000), s.order(t, 9000)
		s.gateway.knows = []Notice{{Way: ByGateway, External: "G1", Amount: 8000, Reference: lost.Reference, At: s.clk.Now()}}
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		s.state(t, lost, Paid)
		s.state(t, unpaid, Open)
		s.clk.Advance(25 * time.Hour)
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		s.state(t, unpaid, Expired)
		// What comes after the end is late; a head lets the order stand again, once.
		if _, err := s.Take(ctx, s.bank("FT9", 9000, unpaid), Origin{Via: "notice"}); err != nil {
			t.Fatal(err)
		}
		s.state(t, unpaid, Late)
		s.balances(t, map[Kind]int64{Treasury: 9000, Gateway: 8000, Revenue: -8000, Suspense: -9000})
		if _, err := s.Reinstate(s.clerk, unpaid.ID, "k1"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a clerk accepted late money: %v", err)
		}
		for range 2 {
			if _, err := s.Reinstate(s.head, unpaid.ID, "k2"); err != nil {
				t.Fatal(err)
			}
		}
		s.state(t, unpaid, Paid)
		s.balances(t, map[Kind]int64{Treasury: 9000, Gateway: 8000, Revenue: -17000})
	})
}

// TestABadWordOfTheGatewayKeepsNobodyWaiting: what names no order, and what was counted with another
// amount, stands before a payment that was lost.
func TestABadWordOfTheGatewayKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		first, second := s.order(t, 8000), s.order(t, 9000)
		gateway := func(external string, amount int64, reference string) Notice {
			return Notice{Way: ByGateway, External: external, Amount: amount, Reference: reference, At: s.clk.Now()}
		}
		if _, err := s.Take(t.Context(), gateway("G1", 8000, first.Reference), Origin{Via: "notice"}); err != nil {
			t.Fatal(err)
		}
		s.gateway.knows = []Notice{gateway("G0", 5000, ""), gateway("G1", 7000, first.Reference), gateway("", 1, ""), gateway("G2", 9000, second.Reference)}
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.state(t, second, Paid)
		s.balances(t, map[Kind]int64{Gateway: 17000, Revenue: -17000})
	})
}

func TestCashierCountsTheBox(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		o, p := s.order(t, 8000), s.order(t, 150_000)
		if _, err := s.TakeHere(s.clerk, o.ID, ByCash, "", "k"); !errs.Is(err, errs.NotFound) {
			t.Errorf("cash without a shift: %v", err)
		}
		sh, err := s.OpenShift(s.clerk, s.unit, 50_000, "s1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.OpenShift(s.clerk, s.unit, 0, "s2"); !errs.Is(err, errs.Conflict) {
			t.Errorf("a second shift: %v", err)
		}
		for range 2 { // the button pressed twice
			if _, err := s.TakeHere(s.clerk, o.ID, ByCash, "", "t1"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.TakeHere(s.clerk, o.ID, ByCash, "", "t2"); !errs.Is(err, errs.Conflict) {
			t.Errorf("what is paid was paid again: %v", err)
		}
		if _, err := s.TakeHere(s.citizen, p.ID, ByCash, "", "t3"); err == nil {
			t.Error("a citizen took cash")
		}
		if _, err := s.TakeHere(s.clerk, p.ID, ByCard, "0001", "t4"); err != nil {
			t.Fatal(err)
		}
		s.balances(t, map[Kind]int64{CashBox: 8000, Card: 150_000, Revenue: -158_000})
		if _, err := s.CloseShift(s.clerk, sh.ID, 57_000, "", "c1"); !errs.Is(err, errs.Invalid) {
			t.Errorf("a difference without a word: %v", err)
		}
		for range 2 {
			sh, err = s.CloseShift(s.clerk, sh.ID, 57_000, "Trả thừa tiền lẻ", "c2")
			if err != nil || sh.Difference() != -1000 {
				t.Fatalf("%+v, %v", sh, err)
			}
		}
		s.balances(t, map[Kind]int64{Deposit: 7000, Difference: 1000, Card: 150_000, Revenue: -158_000})
	})
}

func TestARefundTakesTwo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		o := s.order(t, 8000)
		if _, err := s.Take(context.Background(), s.bank("FT1", 10_000, o), Origin{Via: "notice"}); err != nil {
			t.Fatal(err)
		}
		s.state(t, o, Over)
		if _, err := s.AskRefund(s.head, o.ID, false, "Nộp thừa tiền", "a"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ApproveRefund(s.head, o.ID, "b"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("one person did both: %v", err)
		}
		if _, err := s.DropRefund(s.clerk, o.ID, "c"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AskRefund(s.clerk, o.ID, false, "Nộp thừa tiền", "d"); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := s.ApproveRefund(s.head, o.ID, "e"); err != nil {
				t.Fatal(err)
			}
		}
		s.balances(t, map[Kind]int64{Treasury: 10_000, Revenue: -8000, Refunds: -2000})
		if _, err := s.OpenShift(s.clerk, s.unit, 50_000, "s"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.PayOut(s.clerk, o.ID, ByBank, "FT-OUT-1", "f"); err != nil {
			t.Fatal(err)
		}
		if o = s.state(t, o, Paid); o.Held() != 8000 {
			t.Errorf("held: %d", o.Held())
		}
		s.balances(t, map[Kind]int64{Treasury: 8000, Revenue: -8000})
	})
}

func TestEachDifferenceOfADayIsExplained(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		ctx := context.Background()
		told, lost, never := s.order(t, 1000), s.order(t, 2000), s.order(t, 4000)
		for ref, o := range map[string]Order{"T1": told, "N1": never} {
			if _, err := s.Take(ctx, s.bank(ref, o.Amount, o), Origin{Via: "notice"}); err != nil {
				t.Fatal(err)
			}
		}
		file := "account,date,reference,debit,credit,description\n" + strings.Join([]string{
			treasuryNumber + ",2026-11-22,T1,,1000," + told.Reference,
			treasuryNumber + ",2026-11-22,L1,,2000," + lost.Reference,
			treasuryNumber + ",2026-11-22,U1,,70,xin chao",
			treasuryNumber + ",2026-11-22,F1,11,,phi ngan hang",
		}, "\n")
		got, err := s.Import(s.head, s.unit, strings.NewReader(file))
		if err != nil || got.By[Known] != 1 || got.By[Found] != 1 || got.By[Unplaced] != 1 || got.By[Outgoing] != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		s.state(t, lost, Paid)
		r, err := s.Reconcile(s.head, s.unit, clock.MustDate("2026-11-22"))
		if err != nil {
			t.Fatal(err)
		}
		sum, kinds := int64(0), map[string]int{}
		for _, i := range r.Items {
			sum += i.Amount
			kinds[i.Kind]++
		}
		if r.Stated != 3059 || r.Told != 5000 || sum != r.Stated-r.Told || kinds["found"] != 1 || kinds["unknown"] != 1 || kinds["out"] != 1 || kinds["unstated"] != 1 {
			t.Errorf("stated %d, told %d, explained %d: %+v", r.Stated, r.Told, sum, r.Items)
		}
		other := strings.ReplaceAll(file, treasuryNumber, "999")
		if _, err := s.Import(s.head, s.unit, strings.NewReader(other)); !errs.Is(err, errs.Invalid) {
			t.Errorf("another's account: %v", err)
		}
		x, err := os.ReadFile("testdata/camt053.xml")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Import(s.head, s.unit, bytes.NewReader(x)); err != nil {
			t.Error(err)
		}
		if _, err := s.Import(s.citizen, s.unit, bytes.NewReader(x)); err == nil {
			t.Error("a citizen imported a statement")
		}
	})
}

func TestOnlyOwnersAndBearersSeeAnOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		o := s.order(t, 8000)
		nobody := auth.With(context.Background(), auth.Subject{})
		for _, c := range []struct {
			ctx  context.Context
			key  string
			sees bool
		}{{s.citizen, "", true}, {nobody, s.Key(o.ID), true}, {nobody, "", false}, {nobody, s.Key(o.ID + 1), false}, {s.clerk, "", true}} {
			if _, err := s.Read(c.ctx, o.ID, c.key); (err == nil) != c.sees {
				t.Errorf("key %q: %v", c.key, err)
			}
		}
		p := s.ToPay(o)
		if q, err := ParseQR(p.QR); err != nil || q.Amount != 8000 || q.Purpose != o.Reference || !strings.Contains(p.Gateway, FieldSignature) {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

// Money that names no order is found by people: one says what it is for, or that it goes back, and
// why; another decides. It counts once, the books stay even, and the journal holds who did what.
func TestMoneyInSuspenseTakesTwo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *till) {
		ctx := context.Background()
		o := s.order(t, 8000)
		for ref, amount := range map[string]int64{"S1": 8000, "S2": 500} {
			n := s.bank(ref, amount, Order{})
			n.Text = "NGUYEN VAN A nop le phi"
			for range 2 {
				if _, err := s.Take(ctx, n, Origin{Via: "notice"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.balances(t, map[Kind]int64{Treasury: 8500, Receivable: 8000, Revenue: -8000, Suspense: -8500})
		all, err := s.Suspense(s.clerk, s.unit)
		if err != nil || len(all) != 2 || all[0].Text != "NGUYEN VAN A nop le phi" {
			t.Fatalf("%+v, %v", all, err)
		}
		if _, err := s.Suspense(s.citizen, s.unit); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a citizen reads what lies in suspense: %v", err)
		}
		if _, err := s.FindMoney(s.citizen, all[0].ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("a citizen reads money: %v", err)
		}
		by := map[int64]Money{all[0].Amount: all[0], all[1].Amount: all[1]}
		right, small := by[8000].ID, by[500].ID
		if err := s.AskMoney(s.clerk, right, Assign, "KHP12345", "Người nộp đem giấy báo", "a0000001"); !errs.Is(err, errs.Invalid) {
			t.Errorf("an unknown reference: %v", err)
		}
		if err := s.AskMoney(s.clerk, right, Assign, o.Reference, " ", "a0000002"); !errs.Is(err, errs.Invalid) {
			t.Errorf("without a reason: %v", err)
		}
		if err := s.DecideMoney(s.head, right, "a0000003"); !errs.Is(err, errs.Conflict) {
			t.Errorf("decided before anybody asked: %v", err)
		}
		for range 2 {
			if err := s.AskMoney(s.head, right, Assign, strings.ToLower(o.Reference), "Người nộp đem giấy báo", "a0000004"); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.DecideMoney(s.head, right, "a0000005"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("one person asked and decided: %v", err)
		}
		if err := s.DropMoney(s.clerk, right, "a0000006"); err != nil {
			t.Fatal(err)
		}
		if err := s.AskMoney(s.clerk, right, Assign, o.Reference, "Người nộp đem giấy báo", "a0000007"); err != nil {
			t.Fatal(err)
		}
		if err := s.DecideMoney(s.clerk, right, "a0000008"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a clerk decided: %v", err)
		}
		for range 2 {
			if err := s.DecideMoney(s.head, right, "a0000009"); err != nil {
				t.Fatal(err)
			}
		}
		if o = s.state(t, o, Paid); o.Held() != 8000 {
			t.Errorf("held: %d", o.Held())
		}
		s.balances(t, map[Kind]int64{Treasury: 8500, Revenue: -8000, Suspense: -500})
		// The bank tells of it again: it was counted.
		if got, err := s.Take(ctx, s.bank("S1", 8000, Order{}), Origin{Via: "notice"}); err != nil || !got.Repeated || got.Order != o.ID {
			t.Errorf("told again: %+v, %v", got, err)
		}
		if err := s.AskMoney(s.clerk, small, SendBack, "", "Không tìm được người nộp nào", "b0000001"); err != nil {
			t.Fatal(err)
		}
		if err := s.PayMoneyBack(s.clerk, small, "FT-BACK-1", "b0000002"); !errs.Is(err, errs.Conflict) {
			t.Errorf("sent back before it was decided: %v", err)
		}
		if err := s.DecideMoney(s.head, small, "b0000003"); err != nil {
			t.Fatal(err)
		}
		s.balances(t, map[Kind]int64{Treasury: 8500, Revenue: -8000, Refunds: -500})
		for range 2 {
			if err := s.PayMoneyBack(s.clerk, small, "FT-BACK-1", "b0000004"); err != nil {
				t.Fatal(err)
			}
		}
		s.balances(t, map[Kind]int64{Treasury: 8000, Revenue: -8000})
		if all, err = s.Suspense(s.head, s.unit); err != nil || len(all) != 0 {
			t.Errorf("still there: %+v, %v", all, err)
		}
		var kinds []string
		got, err := s.Journal.BySubject(ctx, journal.Subject{Type: "payment.notice", ID: int64(right)}, 0, 20)
		for _, r := range got {
			kinds = append(kinds, r.Kind)
		}
		want := []string{KindUnknown, KindMoneyAsked, KindMoneyDropped, KindMoneyAsked, KindMoneyAssigned}
		if err != nil || !slices.Equal(kinds, want) {
			t.Errorf("the journal tells %v, %v", kinds, err)
		}
	})
}
