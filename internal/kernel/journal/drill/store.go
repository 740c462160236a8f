package drill

import (
	"context"
	"encoding/binary"
	"fmt"

	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
)

// Deed is one thing done to the rows behind the program's back.
type Deed struct {
	Key string // "drill.deed." and Key is its sentence under "journal"
	// sql gets the entries of a fresh log: twenty of one each, then three of one commit.
	sql func(c *city, rs []journal.Receipt) []string
	// before and after are done a day after the log was filled, on both sides of the deed.
	before, after func(ctx context.Context, c *city) error
	// Want are findings that must be among those of verification; Seq is the number that the
	// first of them names, -1 for any. With Alone it is the only finding.
	Want  []journal.ProblemKind
	Seq   int64
	Alone bool
}

// lastBatch is the batch before the commit of three.
const lastBatch = "(SELECT max(first) FROM journal_batch WHERE first < 20)"

// Deeds are what verification finds without any help.
func Deeds() []Deed {
	one := func(key, set string, kind journal.ProblemKind, n int) Deed {
		return Deed{Key: key, Want: []journal.ProblemKind{kind}, Seq: int64(n), Alone: true, sql: func(_ *city, rs []journal.Receipt) []string {
			return []string{fmt.Sprintf("UPDATE journal_entry SET %s WHERE id = %d", set, rs[n].ID)}
		}}
	}
	fixed := func(key string, want []journal.ProblemKind, sqls ...string) Deed {
		return Deed{Key: key, Want: want, Seq: -1, sql: func(*city, []journal.Receipt) []string { return sqls }}
	}
	return []Deed{
		one("actor", "actor = 7", journal.Altered, 12),
		one("unit", "unit = 'H26.17'", journal.Altered, 0),
		one("payload", "payload = salt", journal.PayloadBroken, 12),
		one("backdated", "at = at - 86400000", journal.Backdated, 12),
		one("occurred", "occurred = occurred - 60000", journal.Altered, 12),
		one("erased", "salt = NULL, payload = NULL", journal.ErasedMute, 12),
		{Key: "deleted", Want: []journal.ProblemKind{journal.Removed}, Seq: 12, Alone: true, sql: func(_ *city, rs []journal.Receipt) []string {
			return []string{fmt.Sprintf("DELETE FROM journal_entry WHERE id = %d", rs[12].ID)}
		}},
		{Key: "exchanged", Want: []journal.ProblemKind{journal.Altered}, Seq: 20, Alone: true, sql: func(_ *city, rs []journal.Receipt) []string {
			a, b := rs[20].ID, rs[21].ID
			return []string{
				fmt.Sprintf("UPDATE journal_entry SET payload = NULL WHERE id = %d", a),
				fmt.Sprintf(`UPDATE journal_entry SET (kind, actor, digest, salt, payload) =
					(SELECT kind, actor, digest, salt, payload FROM journal_entry WHERE id = %d) WHERE id = %d`, b, a),
			}
		}},
		{Key: "reordered", Want: []journal.ProblemKind{journal.Reordered}, Seq: -1, sql: func(c *city, rs []journal.Receipt) []string {
			// The ids of a batch are varints: the three of one commit, the first two the other way round.
			ids := []int64{int64(rs[21].ID), int64(rs[20].ID), int64(rs[22].ID)}
			var b []byte
			last := int64(0)
			for _, id := range ids {
				b = binary.AppendVarint(b, id-last)
				last = id
			}
			return []string{fmt.Sprintf("UPDATE journal_batch SET ids = %s WHERE first = 20", c.bytes(b))}
		}},
		{
			Key: "inserted", Want: []journal.ProblemKind{journal.Unlisted}, Seq: -1, Alone: true, sql: func(_ *city, rs []journal.Receipt) []string {
				return []string{fmt.Sprintf(`INSERT INTO journal_entry (id, at, occurred, kind, subject_type, subject_id, actor, unit, request, digest, salt, payload)
					SELECT id + 1, at, occurred, kind, subject_type, subject_id, actor, unit, request, digest, salt, payload FROM journal_entry WHERE id = %d`, rs[2].ID)}
			},
			before: func(ctx context.Context, c *city) error {
				if _, err := c.add(ctx, journal.Entry{Kind: "x", Subject: journal.Subject{Type: "dossier", ID: 1}}); err != nil {
					return err
				}
				return c.Tick(ctx, nil)
			},
			// Where a sequencer comes along it numbers the row, whose place then betrays its time.
			after: func(ctx context.Context, c *city) error { return c.Tick(ctx, nil) },
		},
		fixed("batch", []journal.ProblemKind{journal.Gap, journal.Unlisted}, "DELETE FROM journal_batch WHERE first = "+lastBatch),
		fixed("hashes", []journal.ProblemKind{journal.HashAltered}, "UPDATE journal_batch SET hashes = (SELECT hashes FROM journal_batch WHERE first = 20) WHERE first = "+lastBatch),
		fixed("cut", []journal.ProblemKind{journal.Truncated},
			"DELETE FROM journal_entry WHERE id IN (SELECT id FROM journal_entry ORDER BY id DESC LIMIT 3)", "DELETE FROM journal_batch WHERE first >= 20"),
		fixed("signature", []journal.ProblemKind{journal.BadSignature}, "UPDATE journal_checkpoint SET note = substr(note, 1, length(note) - 9) || CASE substr(note, length(note) - 8, 1) WHEN 'A' THEN 'B' ELSE 'A' END || substr(note, length(note) - 7)"),
	}
}

// tables are what a log lies in.
func tables() []string {
	return []string{"journal_entry", "journal_batch", "journal_checkpoint", "journal_cosignature", "journal_timestamp", "journal_epoch", "journal_cursor"}
}

// disarm takes the triggers away, as an owner of the database can.
func (c *city) disarm(ctx context.Context) error {
	for _, t := range tables() {
		for _, trigger := range []string{"no_update", "no_delete", "fixed", "no_truncate"} {
			sql := fmt.Sprintf("DROP TRIGGER IF EXISTS %s_%s", t, trigger)
			if !c.d.SingleWriter() {
				sql += " ON " + t
			}
			if err := c.exec(ctx, sql); err != nil {
				return err
			}
		}
	}
	return nil
}

// wipe leaves an empty log.
func (c *city) wipe(ctx context.Context) error {
	for _, t := range tables() {
		if err := c.exec(ctx, "DELETE FROM "+t); err != nil {
			return err
		}
	}
	return nil
}

// keepStamp puts the tokens of a forged log's predecessor back, as a careful forger would.
func (c *city) keepStamp(ctx context.Context, size int64, token []byte) error {
	return c.exec(ctx, fmt.Sprintf("INSERT INTO journal_timestamp (size, at, token) VALUES (%d, 0, %s)", size, c.bytes(token)))
}

// hideNewest shows the log as it was a commit ago.
func (c *city) hideNewest(ctx context.Context) error {
	return c.exec(ctx, "DELETE FROM journal_checkpoint WHERE size > 20")
}

// entries counts what a database holds, so that nobody drills on a city.
func entries(ctx context.Context, d *db.DB) (n int64, err error) {
	err = d.View(ctx, func(_ context.Context, v *db.View) error {
		return v.QueryRow("SELECT count(*) FROM journal_entry").Scan(&n)
	})
	return n, err
}

func (c *city) exec(ctx context.Context, sql string) error {
	return c.d.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return tx.Exec(sql) })
}

func (c *city) bytes(b []byte) string {
	if c.d.SingleWriter() {
		return fmt.Sprintf("x'%x'", b)
	}
	return fmt.Sprintf(`'\x%x'`, b)
}
