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
	for _, v := range vals {
		n, ok := v.(*numbered)
		if !ok {
			return fmt.Errorf("journal: %T was sealed", v)
		}
		b.add(n.id, n.leaf)
	}
	if err := insertBatch(tx, b.done(db.Millis(tx.Now()), 0)); err != nil {
		return err
	}
	tx.AfterCommit(j.grown.set)
	return nil
}
