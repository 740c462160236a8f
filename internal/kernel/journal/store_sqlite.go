package journal

import (
	"fmt"

	"khue/internal/kernel/db"
)

// seal numbers the entries of one commit on the single writer and writes them as
// one batch. It runs again where the commit is tried again.
func (j *Journal) seal(tx *db.Tx, vals []any) error {
	last, err := tail(tx)
	if err != nil {
		return err
	}
	t, err := last.tree()
	if err != nil {
		return err
	}
	b := newBatch(t, len(vals))
	records := make([]Record, len(vals))
	for i, v := range vals {
		n, ok := v.(*numbered)
		if !ok {
			return fmt.Errorf("journal: %T was sealed", v)
		}
		b.add(n.row.id, n.leaf)
		records[i] = n.row.record(last.end() + int64(i))
	}
	if err := insertBatch(tx, b.done(db.Millis(tx.Now()), 0)); err != nil {
		return err
	}
	tx.AfterCommit(func() {
		j.recent.put(j.recent.now(), last.end(), records) // spares the followers a reading
		j.grown.set()
	})
	return nil
}
