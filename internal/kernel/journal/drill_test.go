package journal_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
)

func chmod(file string, mode os.FileMode) error { return os.Chmod(file, mode) }

func checkTree(p tlog.TreeProof, now, old journal.Checkpoint) error {
	return tlog.CheckTree(p, now.Size, now.Root, old.Size, old.Root)
}

// intrude runs SQL as somebody who owns the database: the triggers are gone.
func (c *city) intrude(t *testing.T, sqls ...string) {
	t.Helper()
	for _, table := range []string{"journal_entry", "journal_batch", "journal_checkpoint"} {
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

// The drill: whatever is done to the rows behind the program's back is found and named.
func TestVerifyFindsWhatWasDoneBehindItsBack(t *testing.T) {
	type deed struct {
		name string
		// sql gets the ids of the entries and of three neighbours in one batch.
		sql  func(rs []journal.Receipt) []string
		want []journal.ProblemKind
		seq  int64
	}
	for _, x := range []deed{
		{"an actor exchanged", func(rs []journal.Receipt) []string {
			return []string{fmt.Sprintf("UPDATE journal_entry SET actor = 7 WHERE id = %d", rs[12].ID)}
		}, []journal.ProblemKind{journal.Altered}, 12},
		{"a unit exchanged", func(rs []journal.Receipt) []string {
			return []string{fmt.Sprintf("UPDATE journal_entry SET unit = 'H26.17' WHERE id = %d", rs[0].ID)}
		}, []journal.ProblemKind{journal.Altered}, 0},
		{"a payload exchanged", func(rs []journal.Receipt) []string {
			return []string{fmt.Sprintf("UPDATE journal_entry SET payload = salt WHERE id = %d", rs[12].ID)}
		}, []journal.ProblemKind{journal.PayloadBroken}, 12},
		{"a recorded time moved back a day", func(rs []journal.Receipt) []string {
			return []string{fmt.Sprintf("UPDATE journal_entry SET at = at - 86400000 WHERE id = %d", rs[12].ID)}
		}, []journal.ProblemKind{journal.Backdated}, 12},
		{"an occurred time moved by a minute", func(rs []journal.Receipt) []string {
			return []string{fmt.Sprintf("UPDATE journal_entry SET occurred = occurred - 60000 WHERE id = %d", rs[12].ID)}
		}, []journal.ProblemKind{journal.Altered}, 12},
		{"a row deleted", func(rs []journal.Receipt) []string {
			return []string{fmt.Sprintf("DELETE FROM journal_entry WHERE id = %d", rs[12].ID)}
		}, []journal.ProblemKind{journal.Removed}, 12},
		{"the contents of two rows exchanged", func(rs []journal.Receipt) []string {
			a, b := rs[20].ID, rs[21].ID
			return []string{
				fmt.Sprintf("UPDATE journal_entry SET payload = NULL WHERE id = %d", a),
				fmt.Sprintf(`UPDATE journal_entry SET (kind, actor, digest, salt, payload) =
					(SELECT kind, actor, digest, salt, payload FROM journal_entry WHERE id = %d) WHERE id = %d`, b, a),
			}
		}, []journal.ProblemKind{journal.Altered}, 20},
		{"content erased without saying so", func(rs []journal.Receipt) []string {
			return []string{fmt.Sprintf("UPDATE journal_entry SET salt = NULL, payload = NULL WHERE id = %d", rs[12].ID)}
		}, []journal.ProblemKind{journal.ErasedMute}, 12},
		{"a batch deleted", func(rs []journal.Receipt) []string {
			return []string{"DELETE FROM journal_batch WHERE first = (SELECT max(first) FROM journal_batch WHERE first < 20)"}
		}, []journal.ProblemKind{journal.Gap, journal.Unlisted}, -1},
		{"the hashes of a batch exchanged for another's", func(rs []journal.Receipt) []string {
			return []string{`UPDATE journal_batch SET hashes = (SELECT hashes FROM journal_batch WHERE first = 20)
				WHERE first = (SELECT max(first) FROM journal_batch WHERE first < 20)`}
		}, []journal.ProblemKind{journal.HashAltered}, -1},
		{"the end of the log cut off", func(rs []journal.Receipt) []string {
			return []string{
				"DELETE FROM journal_entry WHERE id IN (SELECT id FROM journal_entry ORDER BY id DESC LIMIT 3)",
				"DELETE FROM journal_batch WHERE first >= 20",
			}
		}, []journal.ProblemKind{journal.Truncated}, -1},
		{"a signature exchanged", func(rs []journal.Receipt) []string {
			return []string{"UPDATE journal_checkpoint SET note = replace(note, 'A', 'B')"}
		}, []journal.ProblemKind{journal.BadSignature}, -1},
	} {
		t.Run(x.name, func(t *testing.T) {
			each(t, func(t *testing.T, c *city) {
				rs := c.fill(t, 20)
				c.tick(t)
				e := journal.Entry{Kind: "x", Subject: dossier(1)}
				f := journal.Entry{Kind: "y", Subject: dossier(1), Actor: 3}
				rs = append(rs, c.add(t, e, f, e)...)
				c.tick(t)
				if rep := c.verify(t, journal.Held{}); !rep.OK() || rep.Entries != 23 {
					t.Fatalf("before: %+v", rep)
				}
				c.intrude(t, x.sql(rs)...)
				rep := c.verify(t, journal.Held{})
				for _, want := range x.want {
					if !slices.ContainsFunc(rep.Problems, func(p journal.Problem) bool {
						return p.Kind == want && (x.seq < 0 || p.Seq == x.seq)
					}) {
						t.Errorf("%s at %d is not among %+v", want, x.seq, rep.Problems)
					}
				}
				// A single row is named alone: one deed, one finding.
				if x.seq >= 0 && len(rep.Problems) != 1 {
					t.Errorf("findings: %+v", rep.Problems)
				}
			})
		})
	}
}

// A row put in a day later with the time of its neighbours is found: where batches are
// made with the entries it has no number; where the sequencer came along and
// numbered it, its place betrays its time.
func TestVerifyFindsARowPutIn(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		rs := c.fill(t, 5)
		c.tick(t)
		c.clk.Advance(24 * time.Hour)
		c.fill(t, 1)
		c.tick(t)
		false1 := rs[2].ID + 1
		c.intrude(t, fmt.Sprintf(`INSERT INTO journal_entry (id, at, occurred, kind, subject_type, subject_id, actor, unit, request, digest, salt, payload)
			SELECT %d, at, occurred, kind, subject_type, subject_id, actor, unit, request, digest, salt, payload FROM journal_entry WHERE id = %d`, false1, rs[2].ID))
		c.tick(t)
		want := journal.Backdated
		if c.d.SingleWriter() {
			want = journal.Unlisted
		}
		rep := c.verify(t, journal.Held{})
		if len(rep.Problems) != 1 || rep.Problems[0].Kind != want || rep.Problems[0].ID != false1 {
			t.Errorf("%+v", rep.Problems)
		}
	})
}

// Entries exchanged between their places in a batch are told apart from altered ones.
func TestVerifyNamesAReordering(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		e := journal.Entry{Kind: "x", Subject: dossier(1)}
		rs := c.add(t, e, e)
		c.tick(t)
		// The ids of a batch of two are two varints; the same entries the other way round.
		swap := binary.AppendVarint(binary.AppendVarint(nil, int64(rs[1].ID)), int64(rs[0].ID-rs[1].ID))
		lit := fmt.Sprintf("x'%x'", swap)
		if !c.d.SingleWriter() {
			lit = fmt.Sprintf(`'\x%x'`, swap)
		}
		c.intrude(t, "UPDATE journal_batch SET ids = "+lit)
		rep := c.verify(t, journal.Held{})
		if len(rep.Problems) != 2 || rep.Problems[0].Kind != journal.Reordered || rep.Problems[1].Kind != journal.Reordered {
			t.Errorf("%+v", rep.Problems)
		}
	})
}

// Somebody who owns the database and its key file too can forge all of it, but not
// what others already hold.
func TestHeldCheckpointsAndPromisesOutliveAForgery(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		rs := c.fill(t, 8)
		c.tick(t)
		cp, err := c.Checkpoint(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		promise, err := c.Promise(rs[5])
		if err != nil {
			t.Fatal(err)
		}
		c.fill(t, 2)
		c.tick(t)
		held := journal.Held{Checkpoints: []string{cp.Note}, Promises: []string{promise}}
		if rep := c.verify(t, held); !rep.OK() {
			t.Fatal(rep.Problems)
		}
		// The whole log written anew with the same key, one entry other than before.
		c.intrude(t, "DELETE FROM journal_entry", "DELETE FROM journal_batch", "DELETE FROM journal_checkpoint")
		c.fill(t, 12)
		c.tick(t)
		if rep := c.verify(t, journal.Held{}); !rep.OK() {
			t.Fatalf("the forgery is clumsy: %+v", rep.Problems)
		}
		rep := c.verify(t, held)
		var kinds []journal.ProblemKind
		for _, p := range rep.Problems {
			kinds = append(kinds, p.Kind)
		}
		if !slices.Contains(kinds, journal.Mismatch) || !slices.Contains(kinds, journal.Broken) {
			t.Errorf("found %v", kinds)
		}
	})
}
