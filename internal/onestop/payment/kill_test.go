package payment

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/journal"
)

const killURL, killNode, killOrders = "KHUE_PAYMENT_KILL_URL", "KHUE_PAYMENT_KILL_NODE", 100

// tell sends everything that the bank has to say: each notice twice, and the statement.
func (s *till) tell(t testing.TB, orders []Order, acked func()) {
	t.Helper()
	ctx := context.Background()
	var csv strings.Builder
	csv.WriteString("account,date,reference,credit,description\n")
	for _, o := range orders {
		fmt.Fprintf(&csv, "%s,2026-11-22 08:00:00,FT%s,8000,MB %s nop phi\n", treasuryNumber, o.ID, o.Reference)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := s.Import(s.clerk, s.unit, strings.NewReader(csv.String())); err != nil {
			t.Error(err)
		}
	})
	for part := range 4 {
		wg.Go(func() {
			for i := part; i < len(orders); i += 4 {
				n := Notice{Way: ByBank, External: "FT" + orders[i].ID.String(), Amount: 8000, Reference: orders[i].Reference, Account: treasuryNumber, At: clock.MustDate("2026-11-22").At(8, 0)}
				for range 2 {
					if _, err := s.Take(ctx, n, Origin{Via: "notice"}); err != nil {
						t.Error(err)
					}
				}
				acked()
			}
		})
	}
	wg.Wait()
}

// TestKillChild is the process that is killed.
func TestKillChild(t *testing.T) {
	url := os.Getenv(killURL)
	if url == "" {
		t.Skip("only as the child of TestKilledBetweenAnyTwoStepsNobodyPaysTwice")
	}
	node, _ := strconv.Atoi(os.Getenv(killNode))
	s := newTill(t, dbtest.Open(t, url), clock.System(), uint16(node)) //nolint:gosec // small
	orders, _, err := s.OfUnit(s.head, s.unit, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	s.tell(t, orders, func() { mu.Lock(); defer mu.Unlock(); _, _ = os.Stdout.WriteString("ack\n") })
}

// A process that counts money is killed without warning, again and again, while notices and the
// statement tell of the same transfers. Whatever the bank sends again afterwards, each transfer
// counts once, and every order is either open with nothing of it, or paid with all of it.
func TestKilledBetweenAnyTwoStepsNobodyPaysTwice(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + t.TempDir() + "/khue.db"
	d := dbtest.Open(t, url)
	if err := d.Migrate(context.Background(), tables()); err != nil {
		t.Fatal(err)
	}
	s := newTill(t, d, clock.System(), 1)
	var orders []Order
	for range killOrders {
		orders = append(orders, s.order(t, 8000))
	}
	acks := 0
	for round := range 5 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillChild$") //nolint:gosec // ourselves
		cmd.Env = append(os.Environ(), killURL+"="+url, fmt.Sprintf("%s=%d", killNode, round+2))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewScanner(out)
		for n := 1 + rand.IntN(20); n > 0 && in.Scan(); { //nolint:gosec // a test
			if in.Text() == "ack" {
				n--
				acks++
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		paid := int64(0)
		for _, o := range orders {
			o, err := s.Find(context.Background(), o.ID)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case o.State == Paid && o.Held() == 8000:
				paid++
			case o.State != Open || o.Held() != 0:
				t.Fatalf("after kill %d an order is %s with %d", round, o.State, o.Held())
			}
		}
		s.balances(t, map[Kind]int64{Treasury: paid * 8000, Receivable: int64(len(orders))*8000 - paid*8000, Revenue: -int64(len(orders)) * 8000})
	}
	s.tell(t, orders, func() {})
	s.balances(t, map[Kind]int64{Treasury: int64(len(orders)) * 8000, Revenue: -int64(len(orders)) * 8000})
	for _, o := range orders {
		got, err := s.Journal.BySubject(context.Background(), journal.Subject{Type: SubjectType, ID: int64(o.ID)}, 0, 10)
		if err != nil || len(got) != 2 {
			t.Fatalf("the journal tells %d things of an order, %v", len(got), err)
		}
	}
	t.Logf("5 kills, %d acknowledgements", acks)
}
