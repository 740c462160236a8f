package journal_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
)

// city is one log with its clock.
type city struct {
	*journal.Journal
	d   *db.DB
	clk *clock.Fake
	gen *id.Gen
	key journal.Signer
}

func start() *clock.Fake { return clock.NewFake(clock.MustDate("2025-06-23").At(8, 10)) }

func newCity(t testing.TB, d *db.DB, clk *clock.Fake) *city {
	t.Helper()
	key, err := journal.NewKey("khue-test")
	if err != nil {
		t.Fatal(err)
	}
	gen := id.NewGen(1, clk)
	return &city{Journal: journal.New(d, gen, key, nil), d: d, clk: clk, gen: gen, key: key}
}

// each runs a test over a city on each engine.
func each(t *testing.T, test func(t *testing.T, c *city)) {
	t.Parallel()
	clk := start()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newCity(t, dbtest.New(t, migs(), dbtest.WithClock(clk)), clk))
	})
	pg := start()
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newCity(t, dbtest.NewPostgres(t, migs(), dbtest.WithClock(pg)), pg))
	})
}

func migs() []db.Migrations { return []db.Migrations{journal.Migrations()} }

func dossier(n int64) journal.Subject { return journal.Subject{Type: "dossier", ID: n} }

// add appends entries in one unit.
func (c *city) add(t testing.TB, es ...journal.Entry) []journal.Receipt {
	t.Helper()
	var out []journal.Receipt
	err := c.d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
		out = nil
		for _, e := range es {
			r, err := c.Append(tx, e)
			if err != nil {
				return err
			}
			out = append(out, r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fill appends n entries, one unit each, a second apart.
func (c *city) fill(t testing.TB, n int) (out []journal.Receipt) {
	t.Helper()
	for i := range n {
		c.clk.Advance(time.Second)
		out = append(out, c.add(t, journal.Entry{
			Kind: "dossier.accepted", Subject: dossier(int64(i%7) + 1), Actor: 42, Unit: "H26.16",
			Payload: fmt.Appendf(nil, `{"n":%d}`, i),
		})...)
	}
	return out
}

func (c *city) tick(t testing.TB, fs ...journal.Follower) {
	t.Helper()
	if err := c.Tick(context.Background(), fs); err != nil {
		t.Fatal(err)
	}
}

func (c *city) verify(t testing.TB, held journal.Held) journal.Report {
	t.Helper()
	rep, err := c.Verify(context.Background(), held, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestTimelineOfASubject(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		occurred := c.clk.Now().Add(-48 * time.Hour)
		rs := c.add(t,
			journal.Entry{Kind: "dossier.submitted", Subject: dossier(5), Actor: 1, Request: "7Q2", Payload: []byte(`{"a":1}`)},
			journal.Entry{Kind: "task.done", Subject: journal.Subject{Type: "task", ID: 6}},
			journal.Entry{Kind: "dossier.accepted", Subject: dossier(5), Actor: 2, Unit: "H26.16", Occurred: occurred, Payload: []byte(`{"b":2}`)},
		)
		ctx := context.Background()
		got, err := c.BySubject(ctx, dossier(5), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		more, err := c.BySubject(ctx, dossier(5), got[0].ID, 10)
		if err != nil {
			t.Fatal(err)
		}
		now := c.clk.Now()
		want := []journal.Record{
			{ID: rs[0].ID, Seq: -1, At: now, Occurred: now, Kind: "dossier.submitted", Subject: dossier(5), Actor: 1, Request: "7Q2", Payload: []byte(`{"a":1}`)},
			{ID: rs[2].ID, Seq: -1, At: now, Occurred: occurred, Kind: "dossier.accepted", Subject: dossier(5), Actor: 2, Unit: "H26.16", Payload: []byte(`{"b":2}`)},
		}
		if diff := cmp.Diff(want, append(got, more...)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestHeadersHoldCodesOnly(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		for name, e := range map[string]journal.Entry{
			"a name as unit":               {Kind: "x", Subject: dossier(1), Unit: "Nguyễn Văn A"},
			"a personal number as unit":    {Kind: "x", Subject: dossier(1), Unit: "999190000001"},
			"a personal number in a kind":  {Kind: "x.999190000001", Subject: dossier(1)},
			"free text as kind":            {Kind: "x y", Subject: dossier(1)},
			"no kind":                      {Subject: dossier(1)},
			"no subject":                   {Kind: "x"},
			"a long request":               {Kind: "x", Subject: dossier(1), Request: strings.Repeat("a", 65)},
			"a payload beyond the measure": {Kind: "x", Subject: dossier(1), Payload: make([]byte, journal.MaxPayload+1)},
		} {
			err := c.d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
				_, err := c.Append(tx, e)
				return err
			})
			if err == nil {
				t.Errorf("%s was taken", name)
			}
		}
	})
}

func TestAnEntryIsNeverChangedThroughTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		r := c.fill(t, 3)[1]
		c.tick(t)
		for _, sql := range []string{
			`UPDATE journal_entry SET actor = 7 WHERE id = $1`,
			`UPDATE journal_entry SET at = 7 WHERE id = $1`,
			`UPDATE journal_entry SET digest = salt, salt = NULL, payload = NULL WHERE id = $1`,
			`UPDATE journal_entry SET payload = salt WHERE id = $1`,
			`UPDATE journal_entry SET payload = NULL WHERE id = $1`,
			`DELETE FROM journal_entry WHERE id = $1`,
			`UPDATE journal_batch SET at = 0 WHERE first < $1`,
			`DELETE FROM journal_batch WHERE first < $1`,
			`UPDATE journal_checkpoint SET note = '' WHERE size < $1`,
			`DELETE FROM journal_checkpoint WHERE size < $1`,
		} {
			err := c.d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error { return tx.Exec(sql, int64(r.ID)) })
			if err == nil {
				t.Errorf("the engine took %s", sql)
			}
		}
		if rep := c.verify(t, journal.Held{}); !rep.OK() {
			t.Error(rep.Problems)
		}
	})
}

func TestErasureForgetsTheContentAndKeepsTheProof(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := context.Background()
		rs := c.fill(t, 10)
		c.tick(t)
		erase := func(e journal.EntryID) error {
			return c.d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
				return c.Erase(tx, e, 9, "H26.16", []byte(`{"basis":"law"}`))
			})
		}
		if err := erase(rs[4].ID); err != nil {
			t.Fatal(err)
		}
		c.tick(t)
		if err := erase(rs[4].ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("erased twice: %v", err)
		}
		got, err := c.BySubject(ctx, dossier(5), 0, 10)
		if err != nil || len(got) != 1 || !got[0].Erased || got[0].Payload != nil || got[0].Kind != "dossier.accepted" {
			t.Errorf("%+v %v", got, err)
		}
		rep := c.verify(t, journal.Held{})
		if !rep.OK() || rep.Erased != 1 || rep.Entries != 11 {
			t.Errorf("%+v", rep)
		}
		p, err := c.Proof(ctx, rs[4].ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Check(c.key.Verifier()); err != nil {
			t.Error(err)
		}
	})
}

func TestEveryEntryIsProven(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := context.Background()
		var rs []journal.Receipt
		var notes []journal.Checkpoint
		for i := range 9 {
			rs = append(rs, c.fill(t, 1+i*3)...)
			c.tick(t)
			cp, err := c.Checkpoint(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if cp.Size != int64(len(rs)) || cp.Origin != "khue-test" {
				t.Fatalf("checkpoint %+v after %d entries", cp, len(rs))
			}
			notes = append(notes, cp)
		}
		v := c.key.Verifier()
		for i, r := range rs {
			p, err := c.Proof(ctx, r.ID)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Check(v); err != nil || p.Leaf != r.Leaf || p.Seq != int64(i) {
				t.Errorf("entry %d: %v, number %d", i, err, p.Seq)
			}
			p.Leaf[0]++
			if p.Check(v) == nil {
				t.Errorf("entry %d: a false leaf is proven", i)
			}
		}
		for _, old := range notes {
			path, signed, err := c.Consistency(ctx, old.Size)
			if err != nil {
				t.Fatal(err)
			}
			now, err := journal.ParseCheckpoint(signed, v)
			if err != nil {
				t.Fatal(err)
			}
			if err := checkTree(path, now, old); err != nil {
				t.Errorf("size %d: %v", old.Size, err)
			}
		}
		if _, err := c.Proof(ctx, c.add(t, journal.Entry{Kind: "x", Subject: dossier(1)})[0].ID); !errs.Is(err, errs.Unavailable) {
			t.Errorf("proof before the signature: %v", err)
		}
	})
}

func TestPromiseIsSignedAndHeldAgainstTheLog(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		r := c.fill(t, 5)[3]
		promise, err := c.Promise(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := journal.ParsePromise(promise, c.key.Verifier())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, got); diff != "" {
			t.Error(diff)
		}
		other, err := journal.NewKey("khue-test")
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"", "1.2.3", strings.Replace(promise, "1.", "2.", 1), promise[:len(promise)-4], strings.Replace(promise, "."+r.ID.String()+".", ".77.", 1)} {
			if _, err := journal.ParsePromise(bad, c.key.Verifier()); err == nil {
				t.Errorf("%q was taken", bad)
			}
		}
		if _, err := journal.ParsePromise(promise, other.Verifier()); err == nil {
			t.Error("another city's key verified it")
		}
		c.tick(t)
		if rep := c.verify(t, journal.Held{Promises: []string{promise}}); !rep.OK() {
			t.Error(rep.Problems)
		}
	})
}

// A unit that fails leaves nothing, and its neighbours are numbered without a hole.
func TestFailedUnitsLeaveNoTrace(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		boom := errors.New("boom")
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				err := c.d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
					if _, err := c.Append(tx, journal.Entry{Kind: "x", Subject: dossier(int64(i) + 1)}); err != nil {
						return err
					}
					if i%3 == 0 {
						return boom
					}
					return nil
				})
				if (i%3 == 0) != errors.Is(err, boom) || i%3 != 0 && err != nil {
					t.Errorf("unit %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		c.tick(t)
		rep := c.verify(t, journal.Held{})
		if !rep.OK() || rep.Entries != 40 || rep.Pending != 0 {
			t.Errorf("%+v", rep)
		}
	})
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "journal.key")
	a, err := journal.LoadKey(file, "khue-hanoi")
	if err != nil {
		t.Fatal(err)
	}
	b, err := journal.LoadKey(file, "khue-hanoi")
	if err != nil || a.PublicKey() != b.PublicKey() {
		t.Errorf("the key changed: %v", err)
	}
	sig, err := a.Sign([]byte("m"))
	if err != nil || !b.Verifier().Verify([]byte("m"), sig) {
		t.Errorf("%v", err)
	}
	if _, err := journal.LoadKey(file, "khue-hue"); err == nil {
		t.Error("a key of another city was taken")
	}
	if err := chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.LoadKey(file, "khue-hanoi"); err == nil {
		t.Error("a key that others can read was taken")
	}
}
