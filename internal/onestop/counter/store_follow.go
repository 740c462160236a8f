package counter

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

func heldOf(tx *db.Tx, d dossier.ID) ([]Original, error) {
	return db.All(tx, scanOriginal, `SELECT `+originalColumns+` FROM counter_original o WHERE o.dossier_id = $1 AND o.state = 'held' ORDER BY o.id`, d)
}

// rehouse puts another unit in the place of the one in which an original lies. Its version
// stays: nobody loses the hand-over that they have before them.
func rehouse(tx *db.Tx, v OriginalID, unit, was orgunit.UnitID) error {
	return tx.Exec(`UPDATE counter_original SET unit = $2, unit_was = $3 WHERE id = $1 AND state = 'held'`, v, unit, was)
}

// lockBatch reads an open batch and keeps others from it until the transaction ends.
func lockBatch(tx *db.Tx, v BatchID) (Batch, bool, error) {
	b, err := db.One(tx, scanBatch, `UPDATE counter_batch SET version = version + 1 WHERE id = $1 AND state = 'open' RETURNING `+batchColumns, v)
	if errs.Is(err, errs.NotFound) {
		return b, false, nil
	}
	return b, err == nil, err
}

func moveBatch(tx *db.Tx, b Batch) error {
	return tx.Exec(`UPDATE counter_batch SET from_unit = $2, from_was = $3, to_unit = $4, to_was = $5 WHERE id = $1`, b.ID, b.FromUnit, b.fromWas, b.ToUnit, b.toWas)
}

// partOf finds the open part of a batch that goes to a unit.
func partOf(tx *db.Tx, parent BatchID, to orgunit.UnitID) (Batch, bool, error) {
	b, err := db.One(tx, scanBatch, `SELECT `+batchColumns+` FROM counter_batch WHERE (part_of = $1 AND part_of <> 0 OR id = $1) AND to_unit = $2 AND state = 'open' ORDER BY id LIMIT 1`, parent, to)
	if errs.Is(err, errs.NotFound) {
		return b, false, nil
	}
	return b, err == nil, err
}

// insertPart makes a part with what the whole says of its giver, receiver and day.
func insertPart(tx *db.Tx, b Batch) error {
	return tx.Exec(`INSERT INTO counter_batch (`+batchColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,0,$8,'open',NULL,'',1,$9,$10,$11)`,
		b.ID, b.FromUnit, b.From, b.FromName, b.ToUnit, b.To, b.ToName, db.Millis(b.MadeAt), b.fromWas, b.toWas, b.partOf)
}

// passLines takes a dossier's papers from one open batch into another. Those of the dossier
// that moved first stay in the whole.
func passLines(tx *db.Tx, d dossier.ID, from, to BatchID) (papers []OriginalID, err error) {
	papers, err = db.All(tx, db.Value[OriginalID],
		`UPDATE counter_original SET batch = $3 WHERE dossier_id = $1 AND batch = $2 AND state = 'held' RETURNING id`, d, from, to)
	if err != nil {
		return nil, err
	}
	for _, v := range papers {
		if err := tx.Exec(`UPDATE counter_line SET batch = $3 WHERE original = $1 AND batch = $2`, v, from, to); err != nil {
			return nil, err
		}
	}
	n := len(papers)
	if err := tx.Exec(`UPDATE counter_batch SET papers = papers + $2 WHERE id = $1`, to, n); err != nil {
		return nil, err
	}
	return papers, tx.Exec(`UPDATE counter_batch SET papers = papers - $2 WHERE id = $1`, from, n)
}
