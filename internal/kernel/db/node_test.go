package db_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
)

func TestNodeNumbersAreHeldByOne(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(time.Date(2025, 6, 23, 8, 0, 0, 0, clock.Zone))
	dbtest.Each(t, nil, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		var mu sync.Mutex
		held := map[uint16]func(){}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				n, release, err := d.LeaseNode(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if held[n] != nil {
					t.Errorf("node %d was given twice", n)
				}
				held[n] = release
			})
		}
		wg.Wait()
		for n := range uint16(8) {
			if held[n] == nil {
				t.Fatalf("node %d was not given: %v", n, held)
			}
		}
		held[3]()
		held[3]() // twice does no harm
		n, release, err := d.LeaseNode(ctx)
		if err != nil || n != 3 {
			t.Errorf("after the release: %d, %v", n, err)
		}
		release()
		for _, r := range held {
			r()
		}
	}, dbtest.WithClock(fake))
}

// TestLiveNodes: whoever bounds something for the whole city counts who serves it. Who stops is gone at
// once, who was killed within half a minute, long before their number is free.
func TestLiveNodes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, nil, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		counts := func(want int) {
			t.Helper()
			if d.SingleWriter() {
				want = 1 // one process has the file
			}
			db.CountNodes(ctx, d)
			if n := d.LiveNodes(); n != want {
				t.Errorf("%d nodes live, not %d", n, want)
			}
		}
		counts(1) // that does not even serve yet
		var releases []func()
		for range 3 {
			_, release, err := d.LeaseNode(ctx)
			if err != nil {
				t.Fatal(err)
			}
			releases = append(releases, release)
		}
		counts(3)
		releases[2]()
		counts(2)
		err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error { // killed: its last renewal is half a minute ago
			return tx.Exec(`UPDATE db_node SET until = until - $1 WHERE node = 1`, (30 * time.Second).Milliseconds())
		})
		if err != nil {
			t.Fatal(err)
		}
		counts(1)
		for _, r := range releases[:2] {
			r()
		}
	})
}

func TestNodeNumberOfADeadHolderIsFreeAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, nil, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error { // died an hour ago, unheard
			return tx.Exec(`INSERT INTO db_node (node, holder, until) VALUES (0, 'dead', $1)`, db.Millis(tx.Now().Add(-time.Hour)))
		})
		if err != nil {
			t.Fatal(err)
		}
		n, release, err := d.LeaseNode(ctx)
		if err != nil || n != 0 {
			t.Fatalf("%d, %v", n, err)
		}
		release()
	})
}

func TestFixedNodeNumber(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t, nil, func(cfg *db.Config) { cfg.Node = 7 })
	n, release, err := d.LeaseNode(context.Background())
	if err != nil || n != 7 {
		t.Errorf("%d, %v", n, err)
	}
	release()
}
