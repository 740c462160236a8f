package orgunit

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// factRow is a line that the city added.
type factRow struct {
	id     int64
	number int // 0 where the line declares no unit
	block  string
	line   string
	source string
}

func selectFacts(q db.Querier) ([]factRow, error) {
	return db.All(q, func(s db.Scanner) (factRow, error) {
		var r factRow
		var n int64
		err := s.Scan(&r.id, &n, &r.block, &r.line, &r.source)
		r.number = int(n)
		return r, err
	}, `SELECT id, COALESCE(number, 0), block, line, source FROM orgunit_fact ORDER BY id`)
}

func selectEpoch(q db.Querier) (int64, error) {
	return db.One(q, db.Value[int64], `SELECT n FROM orgunit_epoch WHERE one = 1`)
}

// raiseEpoch fails the unit where somebody changed the units since epoch was read.
func raiseEpoch(tx *db.Tx, epoch int64) error {
	return tx.Guard(errs.E(errs.Conflict, "orgunit.import.raced"),
		`UPDATE orgunit_epoch SET n = n + 1 WHERE one = 1 AND n = $1`, epoch)
}

func insertFact(tx *db.Tx, r factRow) error {
	var number any
	if r.number != 0 {
		number = int64(r.number)
	}
	return tx.Exec(`INSERT INTO orgunit_fact (id, number, block, line, source, recorded) VALUES ($1, $2, $3, $4, $5, $6)`,
		r.id, number, r.block, r.line, r.source, db.Millis(tx.Now()))
}
