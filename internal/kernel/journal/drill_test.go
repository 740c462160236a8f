package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/journal/drill"
	"khue/internal/kernel/journal/witness"
)

func chmod(file string, mode os.FileMode) error { return os.Chmod(file, mode) }

func checkTree(p tlog.TreeProof, now, old journal.Checkpoint) error {
	return tlog.CheckTree(p, now.Size, now.Root, old.Size, old.Root)
}

// exec runs SQL as somebody who owns the database: the triggers are gone.
func (c *city) intrude(t *testing.T, sqls ...string) {
	t.Helper()
	for _, table := range []string{"journal_entry", "journal_batch", "journal_checkpoint", "journal_epoch"} {
		for _, trigger := range []string{"no_update", "no_delete", "fixed"} {
			sql := fmt.Sprintf("DROP TRIGGER IF EXISTS %s_%s", table, trigger)
			if !c.d.SingleWriter() {
				sql += " ON " + table
			}
			c.exec(t, sql)
		}
	}
	for _, sql := range sqls {
		c.exec(t, sql)
	}
}

func (c *city) exec(t *testing.T, sql string) {
	t.Helper()
	if err := c.d.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error { return tx.Exec(sql) }); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// The drill: whatever is done to the rows behind the program's back is found and named, and
// a forgery with the signing key by each thing that somebody outside holds.
func TestTheDrill(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*clock.Fake) *db.DB{
		"sqlite":   func(clk *clock.Fake) *db.DB { return dbtest.New(t, migs(), dbtest.WithClock(clk)) },
		"postgres": func(clk *clock.Fake) *db.DB { return dbtest.NewPostgres(t, migs(), dbtest.WithClock(clk)) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, clk := t.Context(), start()
			d, err := drill.New(ctx, open(clk), clk, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range drill.Deeds() {
				o, err := d.Do(ctx, x)
				if err != nil {
					t.Fatal(err)
				}
				if !o.OK {
					t.Errorf("%s: found %v", o.Deed, o.Found)
				}
			}
			tsa, err := drill.NewAuthority(clk)
			if err != nil {
				t.Fatal(err)
			}
			os, err := d.Forge(ctx, tsa.Stamp)
			if err != nil {
				t.Fatal(err)
			}
			var by []string
			for _, o := range os {
				if by = append(by, o.Deed+" "+o.By); !o.OK {
					t.Errorf("%s by %s: found %v, %s", o.Deed, o.By, o.Found, o.Fault)
				}
			}
			if got := strings.Join(by, ", "); got != "rollback witness, forged verify, forged witness, forged checkpoint, forged receipt, forged stamp" {
				t.Error(got)
			}
		})
	}
}

// Promises that somebody holds outlive a forgery as receipts do.
func TestHeldPromisesOutliveAForgery(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		rs := c.fill(t, 8)
		promise, err := c.Promise(rs[5])
		if err != nil {
			t.Fatal(err)
		}
		c.tick(t)
		held := journal.Held{Promises: []string{promise}}
		if rep := c.verify(t, held); !rep.OK() {
			t.Fatal(rep.Problems)
		}
		c.intrude(t, "DELETE FROM journal_entry", "DELETE FROM journal_batch", "DELETE FROM journal_checkpoint")
		c.fill(t, 12)
		c.tick(t)
		if rep := c.verify(t, held); len(rep.Problems) != 1 || rep.Problems[0].Kind != journal.Broken {
			t.Errorf("%+v", rep.Problems)
		}
	})
}

// A log of more than one look, with entries of one commit in their thousands: a deed late in it
// is named alone, and a stranger among its rows too.
func TestVerifyReadsInSmallLooks(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		es := make([]journal.Entry, 2600)
		for i := range es {
			es[i] = journal.Entry{Kind: "x", Subject: dossier(int64(i) + 1)}
		}
		rs := c.add(t, es...)
		c.fill(t, 300)
		c.tick(t)
		done := []int64{}
		rep, err := c.Verify(t.Context(), journal.Held{}, func(n, _ int64) { done = append(done, n) })
		if err != nil || !rep.OK() || rep.Entries != 2900 || len(done) < 1 {
			t.Fatalf("%+v %v %v", rep, done, err)
		}
		c.intrude(t, fmt.Sprintf("UPDATE journal_entry SET actor = 9 WHERE id = %d", rs[2400].ID))
		if rep := c.verify(t, journal.Held{}); len(rep.Problems) != 1 || rep.Problems[0].Kind != journal.Altered || rep.Problems[0].Seq != 2400 {
			t.Errorf("%+v", rep.Problems)
		}
	})
}

// What is appended while the journal is verified is no stranger and no truncation.
func TestTheCityWorksWhileItIsVerified(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		c.fill(t, 40)
		c.tick(t)
		more := 3
		rep, err := c.Verify(t.Context(), journal.Held{}, func(int64, int64) {
			if more--; more < 0 {
				return
			}
			c.add(t, journal.Entry{Kind: "x", Subject: dossier(1)})
			if c.d.SingleWriter() { // elsewhere it waits to be numbered
				c.tick(t)
			}
		})
		if err != nil || !rep.OK() {
			t.Errorf("%+v %v", rep.Problems, err)
		}
	})
}

// A restore opens an epoch that names the checkpoint given before: whoever held it is told what was
// given up, a witness goes on only after somebody decided, and the log is whole.
func TestARestoreOpensAnEpoch(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		c.fill(t, 5)
		c.tick(t)
		early, err := c.Checkpoint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		lost := c.fill(t, 4)
		c.tick(t)
		before, err := c.Checkpoint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		receipt, err := c.ReceiptOf(ctx, lost[2].ID, "H26.16-1")
		if err != nil {
			t.Fatal(err)
		}
		w := openWitness(t, c, t.TempDir())
		if _, _, err := w.Look(ctx, logOf(c)); err != nil {
			t.Fatal(err)
		}
		// The database as it was at five entries.
		c.intrude(t, fmt.Sprintf("DELETE FROM journal_entry WHERE id >= %d", lost[0].ID), "DELETE FROM journal_batch WHERE first >= 5", "DELETE FROM journal_checkpoint WHERE size > 5")
		if err := c.OpenEpoch(ctx, "đĩa hỏng", []byte("no checkpoint")); !errs.Is(err, errs.Invalid) {
			t.Errorf("a checkpoint of nobody: %v", err)
		}
		if err := c.OpenEpoch(ctx, "đĩa hỏng", []byte(before.Note)); err != nil {
			t.Fatal(err)
		}
		c.fill(t, 8)
		c.tick(t)
		now, err := c.Checkpoint(ctx)
		if err != nil || now.Epoch != 2 || now.Cut != 5 || now.Size != 14 || now.Origin != "khue-test/epoch/2" {
			t.Errorf("%+v %v", now, err)
		}
		if rep := c.verify(t, journal.Held{Checkpoints: []string{early.Note}}); !rep.OK() || rep.Epochs != 1 {
			t.Errorf("%+v", rep)
		}
		es, err := c.Epochs(ctx)
		if err != nil || len(es) != 1 || es[0].Reason != "đĩa hỏng" || es[0].Old != before.Note {
			t.Errorf("%+v %v", es, err)
		}
		rep := c.verify(t, journal.Held{Checkpoints: []string{before.Note}})
		if len(rep.Problems) != 1 || rep.Problems[0].Kind != journal.GivenUp || rep.Problems[0].Seq != 5 || rep.Problems[0].To != 8 {
			t.Errorf("%+v", rep.Problems)
		}
		verdict, err := journal.CheckReceipt(receipt, journal.ReceiptCheck{Key: c.Key()})
		if err != nil || !verdict.OK() {
			t.Fatalf("%+v %v", verdict, err)
		}
		if err := c.Confront(ctx, &verdict); err != nil || verdict.OK() || verdict.Findings[len(verdict.Findings)-1].Kind != "nowGivenUp" {
			t.Errorf("%+v %v", verdict.Findings, err)
		}
		var r *witness.Refusal
		if _, _, err := w.Look(ctx, logOf(c)); !errors.As(err, &r) || r.Fault != witness.Restored {
			t.Fatalf("the witness: %v", err)
		}
		if err := w.AcceptEpoch(3); err == nil {
			t.Error("an epoch that nobody saw was accepted")
		}
		if err := w.AcceptEpoch(2); err != nil {
			t.Fatal(err)
		}
		if got, _, err := w.Look(ctx, logOf(c)); err != nil || got.Epoch != 2 {
			t.Errorf("%+v %v", got, err)
		}
		// A witness that had seen nothing beyond the cut goes on by itself, and a second restore is told apart.
		if err := c.OpenEpoch(ctx, "again", nil); err != nil {
			t.Fatal(err)
		}
		c.tick(t)
		if got, _, err := w.Look(ctx, logOf(c)); err != nil || got.Epoch != 3 {
			t.Errorf("%+v %v", got, err)
		}
		c.intrude(t, "UPDATE journal_epoch SET entry = 7 WHERE epoch = 2")
		if rep := c.verify(t, journal.Held{}); len(rep.Problems) != 1 || rep.Problems[0].Kind != journal.EpochMute {
			t.Errorf("%+v", rep.Problems)
		}
	})
}

// inProcess is the log as a witness sees it.
type inProcess struct{ c *city }

func logOf(c *city) witness.Log { return inProcess{c} }

func (l inProcess) Checkpoint(ctx context.Context) (string, error) {
	c, err := l.c.Journal.Checkpoint(ctx)
	return c.Note, err
}

func (l inProcess) Consistency(ctx context.Context, old, now int64) (tlog.TreeProof, error) {
	return l.c.ConsistencyOf(ctx, old, now)
}

func openWitness(t *testing.T, c *city, dir string) *witness.Witness {
	t.Helper()
	key, err := journal.LoadWitnessKey(filepath.Join(dir, "witness.key"), "audit.example/khue")
	if err != nil {
		t.Fatal(err)
	}
	w, err := witness.Open(filepath.Join(dir, "state.json"), c.Key(), key, c.clk)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// A witness signs what continues what it saw, keeps that over a restart, and its signature comes
// back to the city and into receipts.
func TestAWitnessSignsAndTheCityPublishesIt(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx, dir := t.Context(), t.TempDir()
		rs := c.fill(t, 3)
		c.tick(t)
		w := openWitness(t, c, dir)
		if _, _, err := w.Look(ctx, logOf(c)); err != nil {
			t.Fatal(err)
		}
		c.fill(t, 4)
		c.tick(t)
		w = openWitness(t, c, dir)
		got, grown, err := w.Look(ctx, logOf(c))
		if err != nil || got.Size != 7 || grown != 4 {
			t.Fatalf("%+v %d %v", got, grown, err)
		}
		key, err := journal.LoadWitnessKey(filepath.Join(dir, "witness.key"), "")
		if err != nil {
			t.Fatal(err)
		}
		v, err := journal.ParseWitnessKey(key.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		signed, _ := w.Signed()
		if _, err := c.AddCosignature(ctx, signed, v); err != nil {
			t.Fatal(err)
		}
		c.fill(t, 2)
		c.tick(t)
		cosigned, err := c.Cosigned(ctx)
		said := journal.Cosignatures(cosigned.Note, v)
		if err != nil || cosigned.Size != 7 || len(said) != 1 || !said[0].At.Equal(c.clk.Now().Add(-2*time.Second)) {
			t.Errorf("%+v %+v %v", cosigned, said, err)
		}
		receipt, err := c.ReceiptOf(ctx, rs[1].ID, "H26.16-1")
		if err != nil {
			t.Fatal(err)
		}
		verdict, err := journal.CheckReceipt(receipt, journal.ReceiptCheck{Key: c.Key(), Witnesses: []*journal.WitnessVerifier{v}})
		if err != nil || !slices.ContainsFunc(verdict.Findings, func(f journal.Finding) bool { return f.Kind == "witnessed" }) {
			t.Errorf("%+v %v", verdict.Findings, err)
		}
		if rep, err := c.Verify(ctx, journal.Held{Checkpoints: []string{signed}, Witnesses: []*journal.WitnessVerifier{v}}, nil); err != nil || !rep.OK() || rep.Cosigned != 1 {
			t.Errorf("%+v %v", rep, err)
		}
		// Another key under the same name signs nothing that counts.
		other, err := journal.LoadWitnessKey(filepath.Join(dir, "other.key"), "audit.example/khue")
		if err != nil {
			t.Fatal(err)
		}
		ov, err := journal.ParseWitnessKey(other.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.AddCosignature(ctx, signed, ov); !errs.Is(err, errs.Invalid) {
			t.Errorf("a stranger's signature: %v", err)
		}
	})
}

// A receipt says what happened in words that its proof covers; whatever is changed in the file
// is found without the city.
func TestReceiptsAreCheckedWithoutTheCity(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		rs := c.fill(t, 6)
		early, err := c.ReceiptOf(ctx, rs[3].ID, "H26.16-250623-0004")
		if err != nil {
			t.Fatal(err)
		}
		c.tick(t)
		if _, verdict := checkReceipt(t, early, c.Key()); !verdict.OK() || verdict.Number != -1 {
			t.Errorf("before the checkpoint: %+v", verdict)
		}
		raw, err := c.ReceiptOf(ctx, rs[3].ID, "H26.16-250623-0004")
		if err != nil {
			t.Fatal(err)
		}
		kinds, verdict := checkReceipt(t, raw, c.Key())
		s := verdict.Statement
		if kinds != "signed included" || s.About != "H26.16-250623-0004" || s.Kind != "dossier.accepted" || !s.At.Equal(rs[3].At) || verdict.Number != 3 {
			t.Errorf("%s %+v", kinds, s)
		}
		if kinds, _ := checkReceipt(t, raw, ""); kinds != "ownKey signed included" {
			t.Error(kinds)
		}
		if err := c.Confront(ctx, &verdict); err != nil || !verdict.OK() {
			t.Errorf("%+v %v", verdict.Findings, err)
		}
		stranger, err := journal.NewKey("khue-test")
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct{ old, is, want string }{
			{"H26.16-250623-0004", "H26.16-250623-0005", "unsigned"},
			{"recorded 2025-06-23", "recorded 2025-06-22", "unsigned"},
			{`"number": 3`, `"number": 2`, "signed notIncluded"},
			{`khue-test\n6\n`, `khue-test\n5\n`, "signed checkpointUnsigned"},
		} {
			forged := strings.Replace(string(raw), x.old, x.is, 1)
			if forged == string(raw) {
				t.Fatalf("%s is not in %s", x.old, raw)
			}
			if kinds, v := checkReceipt(t, []byte(forged), c.Key()); kinds != x.want || v.OK() {
				t.Errorf("%s: %s", x.is, kinds)
			}
		}
		if kinds, v := checkReceipt(t, raw, stranger.PublicKey()); kinds != "unsigned" || v.OK() {
			t.Errorf("another city's key: %s", kinds)
		}
		for _, none := range []string{"", "{}", "hello", `{"format":"khue-receipt/1"`, "1.2.3.4.5"} {
			if _, err := journal.CheckReceipt([]byte(none), journal.ReceiptCheck{Key: c.Key()}); none != "1.2.3.4.5" && !errs.Is(err, errs.Invalid) {
				t.Errorf("%q: %v", none, err)
			}
		}
		// The row is changed behind the program's back: the page that asks the city says so.
		c.intrude(t, fmt.Sprintf("UPDATE journal_entry SET actor = 9 WHERE id = %d", rs[3].ID))
		_, verdict = checkReceipt(t, raw, c.Key())
		if err := c.Confront(ctx, &verdict); err != nil || verdict.OK() {
			t.Errorf("%+v %v", verdict.Findings, err)
		}
	})
}

func checkReceipt(t *testing.T, raw []byte, key string) (kinds string, v journal.Verdict) {
	t.Helper()
	v, err := journal.CheckReceipt(raw, journal.ReceiptCheck{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range v.Findings {
		out = append(out, f.Kind)
	}
	return strings.Join(out, " "), v
}

// Time stamps stand in receipts and are verified; where the authority is away nothing else stops.
func TestTimeStampsOfAnAuthority(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		tsa, err := drill.NewAuthority(c.clk)
		if err != nil {
			t.Fatal(err)
		}
		other, err := drill.NewAuthority(c.clk)
		if err != nil {
			t.Fatal(err)
		}
		rs := c.fill(t, 3)
		c.tick(t)
		if err := c.Stamp(ctx, func(context.Context, []byte) ([]byte, error) { return nil, errors.New("away") }); err == nil {
			t.Error("an authority that is away stamped")
		}
		if err := c.Stamp(ctx, func(ctx context.Context, d []byte) ([]byte, error) {
			return tsa.Stamp(ctx, slices.Repeat([]byte{1}, len(d)))
		}); err == nil {
			t.Error("a token about something else was taken")
		}
		for range 2 { // the second finds nothing new
			if err := c.Stamp(ctx, tsa.Stamp); err != nil {
				t.Fatal(err)
			}
		}
		c.fill(t, 3)
		c.tick(t)
		rep, err := c.Verify(ctx, journal.Held{Roots: tsa.Roots()}, nil)
		if err != nil || !rep.OK() || rep.Stamps != 1 || rep.Trusted != 1 {
			t.Errorf("%+v %v", rep, err)
		}
		if rep, err = c.Verify(ctx, journal.Held{Roots: other.Roots()}, nil); err != nil || len(rep.Problems) != 1 || rep.Problems[0].Kind != journal.BadStamp {
			t.Errorf("%+v %v", rep, err)
		}
		raw, err := c.ReceiptOf(ctx, rs[0].ID, "")
		if err != nil {
			t.Fatal(err)
		}
		v, err := journal.CheckReceipt(raw, journal.ReceiptCheck{Key: c.Key(), Roots: tsa.Roots()})
		if err != nil || !v.OK() || v.Findings[len(v.Findings)-1].Kind != "stamped" {
			t.Errorf("%+v %v", v.Findings, err)
		}
		var f map[string]any
		if json.Unmarshal(raw, &f) != nil || f["proof"].(map[string]any)["timestamp"] == nil {
			t.Errorf("%s", raw)
		}
	})
}

// Tiles and proofs between any two sizes are what anybody recomputes the log with.
func TestTilesLeadToTheRoot(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx := t.Context()
		es := make([]journal.Entry, 300)
		for i := range es {
			es[i] = journal.Entry{Kind: "x", Subject: dossier(int64(i) + 1)}
		}
		c.add(t, es...)
		c.fill(t, 250)
		c.tick(t)
		cp, err := c.Checkpoint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		r := tileReader{func(tile tlog.Tile) ([]byte, error) { return c.Tile(ctx, tile) }}
		root, err := tlog.TreeHash(cp.Size, tlog.TileHashReader(tlog.Tree{N: cp.Size, Hash: cp.Root}, r))
		if err != nil || root != cp.Root {
			t.Fatalf("%v %v", root, err)
		}
		for _, bad := range []tlog.Tile{{H: 8, L: 0, N: 2, W: 256}, {H: 8, L: 1, N: 0, W: 3}, {H: 8, L: 9, N: 0, W: 1}, {H: 8, L: 7, N: 1 << 60, W: 1}, {H: 4, L: 0, N: 0, W: 1}, {H: 8, L: 0, N: -1, W: 1}} {
			if _, err := c.Tile(ctx, bad); !errs.Is(err, errs.NotFound) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		old, err := c.ConsistencyOf(ctx, 301, 512)
		if err != nil || len(old) == 0 {
			t.Errorf("%v %v", old, err)
		}
		if _, err := c.ConsistencyOf(ctx, 512, 301); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
		list, err := c.Checkpoints(ctx, 0, 10)
		if err != nil || len(list) == 0 || list[0].Size != 550 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

type tileReader struct {
	read func(tlog.Tile) ([]byte, error)
}

func (tileReader) Height() int                     { return journal.TileHeight }
func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
func (r tileReader) ReadTiles(ts []tlog.Tile) (out [][]byte, err error) {
	for _, t := range ts {
		b, err := r.read(t)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}
