package waiting_test

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
	"khue/internal/onestop/waiting"
)

// family is a citizen whose identity was verified.
func family(ctx context.Context, n int) context.Context {
	return auth.With(ctx, auth.Subject{Account: 1_000_000 + int64(n), Kind: auth.KindCitizen, Level: auth.Verified, Name: "Nguyễn Thị Hạnh", Login: "0912000001"})
}

// childNumber is the personal number of the n-th child.
func childNumber(n int) string { return fmt.Sprintf("9992200%05d", n) }

func enrolment(n int, commune string) dossier.Submission {
	answers := form.Answers{}
	for path, v := range map[string]any{
		"child.name": "Nguyễn Minh An", "child.id": childNumber(n), "child.dob": "2020-03-08", "child.priority": false,
		"residence.commune": commune, "residence.address": "Số 5, phố Bồ Đề", "requester.name": "Nguyễn Thị Hạnh", "requester.relation": "mother",
	} {
		answers[path] = form.Answer{Value: v}
	}
	return dossier.Submission{
		Service: citytest.Enrolment, Channel: service.Online, Applicant: dossier.Party{Name: "Nguyễn Thị Hạnh", Phone: "0912000001"},
		Answers: answers, Delivery: dossier.Delivery{Method: "online"}, Key: "family-" + strconv.Itoa(n),
	}
}

func pkgOf(t *testing.T, c *citytest.City) *service.Package {
	t.Helper()
	pkg, err := c.Places.Package(citytest.Enrolment)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

// crowd does something for each of many at once.
func crowd(n, workers int, do func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range workers {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

func count(t *testing.T, c *citytest.City, sql string, args ...any) (n int) {
	t.Helper()
	if err := c.DB.View(t.Context(), func(_ context.Context, v *db.View) error { return v.QueryRow(sql, args...).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

// letIn moves the clock on until everybody who waits was let in.
func letIn(t *testing.T, c *citytest.City, nodes ...*waiting.Service) {
	t.Helper()
	for {
		c.Clock.Advance(time.Second)
		for _, n := range nodes {
			if err := n.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		upto := count(t, c, `SELECT COUNT(*) FROM waiting_ticket t WHERE t.dossier = 0 AND t.ord > (SELECT COALESCE(MAX(upto), -1) FROM waiting_batch)`)
		if upto == 0 && count(t, c, `SELECT COUNT(*) FROM waiting_batch`) > 0 {
			return
		}
	}
}

// TestPlacesAreNeverOversold: families of two nodes file at once for schools with few places,
// some of them twice at the same instant, some withdrawing between. At no time does a quota
// hold more than it has; at the end each holds exactly that, each family at most one.
func TestPlacesAreNeverOversold(t *testing.T) {
	t.Parallel()
	const families, size, small = 240, 13, 5
	communes := []string{"00118", "00133", "00166"}
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ctx, pkg := t.Context(), pkgOf(t, c)
		nodes := []*waiting.Service{c.Places, waiting.New(c.Places.Deps)}
		c.Clock.Set(citytest.Midnight().Add(time.Millisecond))
		crowd(families, 16, func(i int) {
			if _, _, err := nodes[i%2].Join(family(ctx, i), pkg); err != nil {
				t.Error(err)
			}
		})
		letIn(t, c, nodes...)
		var mu sync.Mutex
		got := map[int]int64{} // dossier by family
		refused := map[string]int{}
		next := int64(5_000_000)
		try := func(i int, commune string) {
			s := nodes[i%2]
			mu.Lock()
			next++
			d := next
			mu.Unlock()
			hold, err := s.Hold(family(ctx, i), pkg, true, enrolment(i, commune).Answers)
			if err == nil {
				err = s.Place(ctx, hold, func() error {
					return c.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return hold.Take(tx, d) })
				})
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				if was := got[i]; was != 0 {
					t.Errorf("family %d holds two places: %d and %d", i, was, d)
				}
				got[i] = d
				return
			}
			e, ok := errs.As(err)
			if !ok || e.Kind != errs.Conflict {
				t.Errorf("family %d: %v", i, err)
				return
			}
			refused[e.Key]++
		}
		crowd(families*2, 24, func(i int) { // each twice, from one node
			f := i / 2
			try(f, communes[f%3])
		})
		for round := range 3 { // some give back, others take
			rng := rand.New(rand.NewPCG(uint64(round), 7))
			for f, d := range got {
				if rng.IntN(4) == 0 {
					if err := c.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return nodes[f%2].Release(tx, d) }); err != nil {
						t.Fatal(err)
					}
					delete(got, f)
				}
			}
			c.Clock.Advance(2 * time.Second) // who was told that all are taken is told so for a second
			crowd(families, 24, func(i int) {
				mu.Lock()
				has := got[i] != 0
				mu.Unlock()
				if !has {
					try(i, communes[i%3])
				}
			})
		}
		for i, commune := range communes {
			want := size
			if i == 1 {
				want = small
			}
			unit := commune
			if n := count(t, c, `SELECT COUNT(*) FROM waiting_place WHERE quota = $1`, unit); n != want {
				t.Errorf("%s gave %d places, has %d", unit, n, want)
			}
		}
		if n := count(t, c, `SELECT COUNT(*) FROM waiting_place`); n != len(got) {
			t.Errorf("%d places are written, %d were acknowledged", n, len(got))
		}
		if refused["waiting.full"] == 0 {
			t.Errorf("nobody was told that all places are taken: %v", refused)
		}
	}, citytest.Quota(1000, "  quota: 600", "  quota: 13\n  by: residence.commune\n  quotas: {\"00133\": 5}")...)
}

// TestTheOpeningMinute is the rush in small: 2,000 families for 60 places, most before midnight
// and some after it, each with several windows, some never filing, some trying out of turn.
// Exactly the places are given, in the order that follows from the seed to which the city had
// committed; every acknowledged dossier is there, none twice.
func TestTheOpeningMinute(t *testing.T) {
	t.Parallel()
	const families, late, places = 2000, 400, 60
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ctx, pkg := t.Context(), pkgOf(t, c)
		if err := c.Places.Tick(ctx); err != nil {
			t.Fatal(err)
		}
		before, err := c.Places.Standing(ctx, pkg, nil)
		if err != nil || before.Drawn || len(before.Seed) > 0 {
			t.Fatalf("the seed is known before the opening: %+v %v", before, err)
		}
		tickets := make([]waiting.Ticket, families)
		join := func(i int) {
			first, text, err := c.Places.Join(family(ctx, i), pkg)
			if err != nil {
				t.Error(err)
				return
			}
			for range i % 3 { // more windows
				again, other, err := c.Places.Join(family(ctx, i), pkg)
				if err != nil || again != first || other != text {
					t.Errorf("another window of family %d got another ticket (%v)", i, err)
				}
			}
			tickets[i] = first
		}
		crowd(families-late, 24, join)
		if err := waitsOnly(c.Places.Hold(family(ctx, 3), pkg, true, enrolment(3, "00118").Answers)); err != nil {
			t.Error("before the opening:", err)
		}
		c.Clock.Set(citytest.Midnight())
		for i := families - late; i < families; i += 40 { // ten arrive in each instant
			c.Clock.Advance(7 * time.Millisecond)
			crowd(40, 24, func(k int) { join(i + k) })
		}
		restarted := waiting.New(c.Places.Deps) // a node that knows only what is on the disk
		var mu sync.Mutex
		filed, asked := map[int]string{}, map[int]bool{}
		var turns []int // families in the order in which their turn came
		for second := 0; len(filed) < places; second++ {
			if second > 60 {
				t.Fatalf("%d places are given after %d rounds", len(filed), second)
			}
			step := 2 * time.Second
			if second > 0 && second%8 == 0 {
				step = 21 * time.Minute // who did not file is too late
			}
			c.Clock.Advance(step)
			for _, node := range []*waiting.Service{restarted, c.Places} {
				if err := node.Tick(ctx); err != nil {
					t.Fatal(err)
				}
			}
			var now []int
			for i := range families {
				st, err := restarted.Standing(ctx, pkg, &tickets[i])
				if err != nil {
					t.Fatal(err)
				}
				if st.Stand == waiting.In && !asked[i] {
					now, asked[i] = append(now, i), true
				}
			}
			turns = append(turns, now...)
			crowd(len(now)*2, 16, func(k int) {
				i := now[k/2]
				if i%5 == 0 {
					return // changed their mind
				}
				f, err := c.Dossiers.Submit(family(ctx, i), enrolment(i, "00118")) // twice: a lost connection
				if err != nil {
					t.Errorf("family %d was let in and could not file: %v", i, err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if was := filed[i]; was != "" && was != f.Code {
					t.Errorf("family %d has two dossiers: %s and %s", i, was, f.Code)
				}
				filed[i] = f.Code
			})
			for i := range families { // out of turn
				if !asked[i] && i%97 == second {
					if _, err := c.Dossiers.Submit(family(ctx, i), enrolment(i, "00118")); !waiting.InLine(err) {
						t.Errorf("family %d filed out of turn: %v", i, err)
					}
				}
			}
		}
		if len(filed) != places {
			t.Errorf("%d dossiers were acknowledged for %d places", len(filed), places)
		}
		if n := count(t, c, `SELECT COUNT(*) FROM dossier_dossier WHERE service = $1`, citytest.Enrolment); n != places {
			t.Errorf("%d dossiers are in the city", n)
		}
		for i, code := range filed {
			if n := count(t, c, `SELECT COUNT(*) FROM waiting_place p JOIN dossier_dossier d ON d.id = p.dossier WHERE d.code = $1`, code); n != 1 {
				t.Errorf("the dossier %s of family %d was acknowledged and holds %d places", code, i, n)
			}
		}
		inOrder(t, c, before.Commitment, tickets, turns)
	}, citytest.Quota(40, "  quota: 600", "  quota: "+strconv.Itoa(places))...)
}

// waitsOnly is nil where a hold was refused.
func waitsOnly(h *waiting.Hold, err error) error {
	if err == nil || h != nil {
		return errors.New("a place could be taken")
	}
	return nil
}

// inOrder recomputes from the journal alone who had to come when.
func inOrder(t *testing.T, c *citytest.City, commitment [32]byte, tickets []waiting.Ticket, turns []int) {
	t.Helper()
	var payload []byte
	err := c.DB.View(t.Context(), func(_ context.Context, v *db.View) error {
		return v.QueryRow(`SELECT payload FROM journal_entry WHERE kind = $1`, waiting.KindDrawn).Scan(&payload)
	})
	if err != nil {
		t.Fatal(err)
	}
	var drawn struct{ Seed string }
	if err := json.Unmarshal(payload, &drawn); err != nil {
		t.Fatal(err)
	}
	seed, _ := hex.DecodeString(drawn.Seed)
	if waiting.Commitment(seed) != commitment {
		t.Error("the seed is another than the one that the city committed to")
	}
	all := make([]int, len(tickets))
	ord := make([]int64, len(tickets))
	for i := range tickets {
		all[i], ord[i] = i, waiting.Order(seed, citytest.Midnight(), tickets[i])
	}
	slices.SortFunc(all, func(a, b int) int { return cmp.Compare(ord[a], ord[b]) })
	want := slices.Sorted(slices.Values(all[:len(turns)]))
	if got := slices.Sorted(slices.Values(turns)); !slices.Equal(got, want) {
		t.Errorf("the turn came to others than the first %d of the draw", len(turns))
	}
}
