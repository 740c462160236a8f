package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/journal/witness"
)

// Outcome is what came of one deed.
type Outcome struct {
	Deed  string // key: journal.drill.deed.…
	By    string // who found it: verify, checkpoint, receipt, witness, stamp
	Found []journal.ProblemKind
	Fault witness.Fault // of a witness
	OK    bool          // it was found, and named rightly
}

// city is one log with its clock.
type city struct {
	*journal.Journal
	d   *db.DB
	clk *clock.Fake
}

// Drill is a database to be ill-treated.
type Drill struct {
	c   *city
	dir string
}

// New prepares a drill on a database that is migrated and holds no entry. clk is the clock that it was
// opened with; dir takes the state of a witness.
func New(ctx context.Context, d *db.DB, clk *clock.Fake, dir string) (*Drill, error) {
	n, err := entries(ctx, d)
	if err != nil {
		return nil, err
	}
	if n > 0 {
		return nil, fmt.Errorf("drill: this database holds %d journal entries, and a drill destroys them: give it an empty one", n)
	}
	key, err := journal.NewKey("khue.drill")
	if err != nil {
		return nil, err
	}
	c := &city{Journal: journal.New(d, id.NewGen(1, clk), key, nil), d: d, clk: clk}
	return &Drill{c: c, dir: dir}, c.disarm(ctx)
}

// fill writes a log: twenty entries of one commit each, a second apart, then three of one commit.
func (c *city) fill(ctx context.Context, actor int64) (out []journal.Receipt, err error) {
	dossier := func(n int) journal.Subject { return journal.Subject{Type: "dossier", ID: int64(n)} }
	for i := range 20 {
		rs, err := c.add(ctx, journal.Entry{Kind: "dossier.accepted", Subject: dossier(i%7 + 1), Actor: actor, Unit: "H26.16", Payload: fmt.Appendf(nil, `{"n":%d}`, i)})
		if err != nil {
			return nil, err
		}
		out = append(out, rs...)
	}
	if err := c.Tick(ctx, nil); err != nil {
		return nil, err
	}
	e, f := journal.Entry{Kind: "x", Subject: dossier(1)}, journal.Entry{Kind: "y", Subject: dossier(1), Actor: 3}
	rs, err := c.add(ctx, e, f, e)
	if err != nil {
		return nil, err
	}
	return append(out, rs...), c.Tick(ctx, nil)
}

// add appends entries in one commit, a second later.
func (c *city) add(ctx context.Context, es ...journal.Entry) (out []journal.Receipt, err error) {
	c.clk.Advance(time.Second)
	err = c.d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
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
	return out, err
}

// Do does one deed to a fresh log and verifies.
func (d *Drill) Do(ctx context.Context, x Deed) (out Outcome, err error) {
	c := d.c
	out = Outcome{Deed: x.Key, By: "verify"}
	if err := c.wipe(ctx); err != nil {
		return out, err
	}
	rs, err := c.fill(ctx, 42)
	if err != nil {
		return out, err
	}
	if rep, err := c.Verify(ctx, journal.Held{}, nil); err != nil || !rep.OK() || rep.Entries != 23 {
		return out, fmt.Errorf("drill: the log is not whole before %s: %+v: %w", x.Key, rep.Problems, err)
	}
	c.clk.Advance(24 * time.Hour)
	if x.before != nil {
		if err := x.before(ctx, c); err != nil {
			return out, err
		}
	}
	for _, sql := range x.sql(c, rs) {
		if err := c.exec(ctx, sql); err != nil {
			return out, fmt.Errorf("drill: %s: %w", sql, err)
		}
	}
	if x.after != nil {
		if err := x.after(ctx, c); err != nil {
			return out, err
		}
	}
	rep, err := c.Verify(ctx, journal.Held{}, nil)
	if err != nil {
		return out, err
	}
	for _, p := range rep.Problems {
		out.Found = append(out.Found, p.Kind)
	}
	want := x.Want
	if x.Key == "inserted" && !c.d.SingleWriter() {
		want = []journal.ProblemKind{journal.Backdated}
	}
	out.OK = !x.Alone || len(rep.Problems) == 1
	for _, kind := range want {
		out.OK = out.OK && slices.ContainsFunc(rep.Problems, func(p journal.Problem) bool {
			return p.Kind == kind && (x.Seq < 0 || p.Seq == x.Seq)
		})
	}
	return out, nil
}

// Forge is the attacker who owns the database and the signing key: the whole log is written anew,
// every root and signature right, one actor other than before. Verification alone finds nothing, and
// says so; each thing that somebody outside holds finds it. stamp asks an authority for time; nil leaves that out.
func (d *Drill) Forge(ctx context.Context, stamp journal.Stamper) (out []Outcome, err error) {
	c := d.c
	if err := c.wipe(ctx); err != nil {
		return nil, err
	}
	rs, err := c.fill(ctx, 42)
	if err != nil {
		return nil, err
	}
	cp, err := c.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	receipt, err := c.ReceiptOf(ctx, rs[12].ID, "H26.16-000012")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(d.dir, "witness-")
	if err != nil {
		return nil, err
	}
	key, err := journal.LoadWitnessKey(filepath.Join(dir, "key"), "drill.witness")
	if err != nil {
		return nil, err
	}
	watch := func(name string) (*witness.Witness, error) {
		w, err := witness.Open(filepath.Join(dir, name), c.Key(), key, c.clk)
		if err == nil {
			_, _, err = w.Look(ctx, local{c.Journal})
		}
		return w, err
	}
	onFork, err := watch("fork")
	if err != nil {
		return nil, err
	}
	onCut, err := watch("cut")
	if err != nil {
		return nil, err
	}
	var token []byte
	if stamp != nil {
		if err := c.Stamp(ctx, stamp); err != nil {
			return nil, err
		}
		if token, err = c.TimeStampOf(ctx, cp.Size); err != nil {
			return nil, err
		}
	}

	// The forgery: first shorter than what was seen, then as long again, and longer.
	if err := c.wipe(ctx); err != nil {
		return nil, err
	}
	if _, err := c.fill(ctx, 7); err != nil {
		return nil, err
	}
	if err := c.hideNewest(ctx); err != nil {
		return nil, err
	}
	seen := func(w *witness.Witness, deed string, want witness.Fault) {
		_, _, err := w.Look(ctx, local{c.Journal})
		o := Outcome{Deed: deed, By: "witness"}
		var r *witness.Refusal
		if errors.As(err, &r) {
			_, missing := os.Stat(r.Evidence)
			o.Fault, o.OK = r.Fault, r.Fault == want && missing == nil
		}
		out = append(out, o)
	}
	seen(onCut, "rollback", witness.Shrunk)
	if err := c.Tick(ctx, nil); err != nil {
		return nil, err
	}
	rep, err := c.Verify(ctx, journal.Held{}, nil)
	if err != nil {
		return nil, err
	}
	// Nothing found: that is the truth about verification without anything held.
	out = append(out, Outcome{Deed: "forged", By: "verify", OK: rep.OK()})
	seen(onFork, "forged", witness.Forked)
	by := func(name string, held journal.Held, want journal.ProblemKind) error {
		rep, err := c.Verify(ctx, held, nil)
		o := Outcome{Deed: "forged", By: name}
		for _, p := range rep.Problems {
			o.Found = append(o.Found, p.Kind)
		}
		o.OK = slices.Contains(o.Found, want)
		out = append(out, o)
		return err
	}
	if err := by("checkpoint", journal.Held{Checkpoints: []string{cp.Note}}, journal.Mismatch); err != nil {
		return nil, err
	}
	if err := by("receipt", journal.Held{Receipts: [][]byte{receipt}}, journal.Broken); err != nil {
		return nil, err
	}
	if token != nil {
		if err := c.keepStamp(ctx, cp.Size, token); err != nil {
			return nil, err
		}
		if err := by("stamp", journal.Held{}, journal.BadStamp); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// local is a log that a witness sees without a network.
type local struct{ *journal.Journal }

func (l local) Checkpoint(ctx context.Context) (string, error) {
	c, err := l.Journal.Checkpoint(ctx)
	return c.Note, err
}

func (l local) Consistency(ctx context.Context, old, now int64) (tlog.TreeProof, error) {
	path, err := l.ConsistencyOf(ctx, old, now)
	if err != nil {
		return nil, errors.Join(witness.ErrRefused, err)
	}
	return path, nil
}
