package journal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
)

// tally counts in the database what a follower saw, so that an effect that
// happened twice, or without its cursor, shows.
func (c *city) tally(t testing.TB) {
	t.Helper()
	err := c.d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return tx.Exec(`CREATE TABLE tally (seq BIGINT NOT NULL, kind TEXT NOT NULL, subject BIGINT NOT NULL)`)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func count(_ context.Context, tx *db.Tx, r journal.Record) error {
	return tx.Exec(`INSERT INTO tally (seq, kind, subject) VALUES ($1, $2, $3)`, r.Seq, r.Kind, r.Subject.ID)
}

func (c *city) tallied(t testing.TB) string {
	t.Helper()
	var out []string
	err := c.d.View(context.Background(), func(_ context.Context, v *db.View) (err error) {
		out, err = db.All(v, func(s db.Scanner) (string, error) {
			var seq, subject int64
			var kind string
			err := s.Scan(&seq, &kind, &subject)
			return fmt.Sprintf("%d:%s:%d", seq, kind, subject), err
		}, `SELECT seq, kind, subject FROM tally ORDER BY seq`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func TestFollowerSeesItsKindsInOrderOnce(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		c.tally(t)
		f := journal.Follower{Name: "notify", Kinds: []string{"a"}, Fn: count}
		c.add(t, journal.Entry{Kind: "a", Subject: dossier(1)}, journal.Entry{Kind: "b", Subject: dossier(2)}, journal.Entry{Kind: "a", Subject: dossier(3)})
		c.tick(t, f)
		c.tick(t, f)
		c.add(t, journal.Entry{Kind: "a", Subject: dossier(4)})
		c.tick(t, f)
		if diff := cmp.Diff("0:a:1 2:a:3 3:a:4", c.tallied(t)); diff != "" {
			t.Error(diff)
		}
		late := journal.Follower{Name: "late", Tail: true, Fn: count}
		c.tick(t, late)
		c.add(t, journal.Entry{Kind: "b", Subject: dossier(5)})
		c.tick(t, late)
		if diff := cmp.Diff("0:a:1 2:a:3 3:a:4 4:b:5", c.tallied(t)); diff != "" {
			t.Error(diff)
		}
		s, err := c.Status(context.Background())
		if err != nil || s.Size != 5 || s.Unsigned != 0 || s.Behind["late"] != 0 || s.Behind["notify"] != 1 {
			t.Errorf("%+v %v", s, err)
		}
	})
}

func TestAFollowerStopsAtAFailureAndLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		c.tally(t)
		broken := true
		boom := errors.New("boom")
		f := journal.Follower{Name: "notify", Fn: func(ctx context.Context, tx *db.Tx, r journal.Record) error {
			if err := count(ctx, tx, r); err != nil {
				return err
			}
			if broken && r.Subject.ID == 3 {
				return boom // after its effect: that must go too
			}
			return nil
		}}
		for i := range 5 {
			c.add(t, journal.Entry{Kind: "a", Subject: dossier(int64(i))})
		}
		if err := c.Tick(context.Background(), []journal.Follower{f}); !errors.Is(err, boom) {
			t.Fatalf("got %v", err)
		}
		broken = false
		c.tick(t, f)
		if diff := cmp.Diff("0:a:0 1:a:1 2:a:2 3:a:3 4:a:4", c.tallied(t)); diff != "" {
			t.Error(diff)
		}
	})
}

// Two nodes that run the same follower do each effect once.
func TestTwoNodesFollowOnce(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		c.tally(t)
		other := journal.New(c.d, c.gen, c.key, nil)
		const n = 40
		var seen atomic.Int64
		all := make(chan struct{})
		f := journal.Follower{Name: "notify", Fn: func(ctx context.Context, tx *db.Tx, r journal.Record) error {
			tx.AfterCommit(func() {
				if seen.Add(1) == n {
					close(all)
				}
			})
			return count(ctx, tx, r)
		}}
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, 2)
		for _, j := range []*journal.Journal{c.Journal, other} {
			go func() { ended <- j.Run(ctx, []journal.Follower{f}) }()
		}
		var want []string
		for i := range n {
			c.add(t, journal.Entry{Kind: "a", Subject: dossier(int64(i))})
			want = append(want, fmt.Sprintf("%d:a:%d", i, i))
		}
		<-all
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if diff := cmp.Diff(strings.Join(want, " "), c.tallied(t)); diff != "" {
			t.Error(diff)
		}
		// Run signs for everything before it ends.
		s, err := c.Status(context.Background())
		if err != nil || s.Unsigned != 0 {
			t.Errorf("%+v %v", s, err)
		}
	})
}

func TestRunStartsAndStopsAtAnyMoment(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		c.tally(t)
		f := journal.Follower{Name: "notify", Fn: count}
		for i := range 20 {
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- c.Run(ctx, []journal.Follower{f}) }()
			c.add(t, journal.Entry{Kind: "a", Subject: dossier(int64(i))})
			stop()
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
		}
		c.tick(t, f)
		if got := strings.Count(c.tallied(t), ":a:"); got != 20 {
			t.Errorf("%d effects: %s", got, c.tallied(t))
		}
	})
}
