package counter

import (
	"strconv"
	"strings"

	"khue/internal/kernel/db"

	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

const originalColumns = `o.id, o.dossier_id, o.code, o.applicant, o.package, o.paper, o.originals, o.unit, o.holder, o.holder_name, o.since, o.state, o.batch, o.version, o.unit_was`

func originalDest(o *Original, since *int64) []any {
	return []any{&o.ID, &o.Dossier, &o.Code, &o.Applicant, &o.Package, &o.Paper, &o.Count, &o.Unit, &o.Holder, &o.HolderName, since, &o.State, &o.Batch, &o.Version, &o.unitWas}
}

func scanOriginal(s db.Scanner) (Original, error) {
	var o Original
	var since int64
	err := s.Scan(originalDest(&o, &since)...)
	o.Since = db.Time(since)
	return o, err
}

func insertOriginal(tx *db.Tx, o Original) error {
	return tx.Exec(`INSERT INTO counter_original (id, dossier_id, code, applicant, package, paper, originals, unit, holder, holder_name, since, state, batch, version)
 VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,0,1)`,
		o.ID, o.Dossier, o.Code, o.Applicant, o.Package, o.Paper, o.Count, o.Unit, o.Holder, o.HolderName, db.Millis(o.Since), o.State)
}

func findOriginal(q db.Querier, v OriginalID) (Original, error) {
	o, err := db.One(q, scanOriginal, `SELECT `+originalColumns+` FROM counter_original o WHERE o.id = $1`, v)
	return o, missing(err, "counter.original.notFound")
}

func originals(q db.Querier, f OriginalFilter) ([]Original, error) {
	if f.Unit != 0 {
		return db.All(q, scanOriginal, `SELECT `+originalColumns+` FROM counter_original o WHERE o.state = 'held' AND o.unit = $1 AND o.id > $2 ORDER BY o.id LIMIT $3`, f.Unit, f.After, f.Limit)
	}
	return db.All(q, scanOriginal, `SELECT `+originalColumns+` FROM counter_original o WHERE o.state = 'held' AND o.holder = $1 AND o.id > $2 ORDER BY o.id LIMIT $3`, f.Holder, f.After, f.Limit)
}

func originalsOf(q db.Querier, d dossier.ID) ([]Original, error) {
	return db.All(q, scanOriginal, `SELECT `+originalColumns+` FROM counter_original o WHERE o.dossier_id = $1 ORDER BY o.id`, d)
}

// offer puts an original that its holder has, and no other open batch, into a batch.
func offer(tx *db.Tx, v OriginalID, b BatchID, holder int64, moved error) error {
	if err := tx.Guard(moved, `UPDATE counter_original SET batch = $2, version = version + 1 WHERE id = $1 AND holder = $3 AND state = 'held' AND batch = 0`, v, b, holder); err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO counter_line (batch, original, refused) VALUES ($1,$2,'')`, b, v)
}

// release takes an original out of a batch: it stays where it was.
func release(tx *db.Tx, v OriginalID, b BatchID) error {
	return tx.Exec(`UPDATE counter_original SET batch = 0, version = version + 1 WHERE id = $1 AND batch = $2`, v, b)
}

// pass gives an original of a batch to its new holder.
func pass(tx *db.Tx, v OriginalID, b BatchID, unit orgunit.UnitID, holder int64, name string, moved error) error {
	return tx.Guard(moved, `UPDATE counter_original SET batch = 0, unit = $3, unit_was = 0, holder = $4, holder_name = $5, since = $6, version = version + 1 WHERE id = $1 AND batch = $2 AND state = 'held'`,
		v, b, unit, holder, name, db.Millis(tx.Now()))
}

// giveBack hands an original that lies at a counter to its owner.
func giveBack(tx *db.Tx, v OriginalID, unit orgunit.UnitID, moved error) error {
	return tx.Guard(moved, `UPDATE counter_original SET state = 'givenBack', since = $3, version = version + 1 WHERE id = $1 AND unit = $2 AND state = 'held' AND batch = 0`,
		v, unit, db.Millis(tx.Now()))
}

const batchColumns = `id, from_unit, giver, from_name, to_unit, receiver, to_name, papers, made_at, state, ended_at, ended_by, version, from_was, to_was, part_of`

func scanBatch(s db.Scanner) (Batch, error) {
	var b Batch
	var made int64
	var ended *int64
	err := s.Scan(&b.ID, &b.FromUnit, &b.From, &b.FromName, &b.ToUnit, &b.To, &b.ToName, &b.Originals, &made, &b.State, &ended, &b.EndedBy, &b.Version, &b.fromWas, &b.toWas, &b.partOf)
	b.MadeAt = db.Time(made)
	if ended != nil {
		b.EndedAt = db.Time(*ended)
	}
	return b, err
}

func insertBatch(tx *db.Tx, b Batch) error {
	return tx.Exec(`INSERT INTO counter_batch (`+batchColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,NULL,'',1,0,0,0)`,
		b.ID, b.FromUnit, b.From, b.FromName, b.ToUnit, b.To, b.ToName, b.Originals, db.Millis(tx.Now()), b.State)
}

func findBatch(q db.Querier, v BatchID) (Batch, error) {
	b, err := db.One(q, scanBatch, `SELECT `+batchColumns+` FROM counter_batch WHERE id = $1`, v)
	return b, missing(err, "counter.batch.notFound")
}

func linesOf(q db.Querier, v BatchID) ([]Line, error) {
	return db.All(q, func(s db.Scanner) (Line, error) {
		var l Line
		var since int64
		err := s.Scan(append(originalDest(&l.Original, &since), &l.Refused)...)
		l.Original.Since = db.Time(since)
		return l, err
	}, `SELECT `+originalColumns+`, l.refused FROM counter_line l JOIN counter_original o ON o.id = l.original WHERE l.batch = $1 ORDER BY o.id`, v)
}

// endBatch ends a batch as it was read: one that a reorganisation moved meanwhile is read anew.
func endBatch(tx *db.Tx, b Batch, state, by string, ended error) error {
	return tx.Guard(ended, `UPDATE counter_batch SET state = $2, ended_by = $3, ended_at = $4, version = version + 1 WHERE id = $1 AND state = 'open' AND version = $5`,
		b.ID, state, by, db.Millis(tx.Now()), b.Version)
}

func refuseLine(tx *db.Tx, b BatchID, o OriginalID, why string) error {
	return tx.Exec(`UPDATE counter_line SET refused = $3 WHERE batch = $1 AND original = $2`, b, o, why)
}

const maxBatches = 60

// batches reads those of an account and of units, each by its own index.
func batches(q db.Querier, account int64, units []orgunit.UnitID) ([]Batch, error) {
	var parts []string
	args := []any{account, maxBatches}
	for _, col := range []string{"giver", "receiver"} {
		parts = append(parts, `SELECT * FROM (SELECT `+batchColumns+` FROM counter_batch WHERE `+col+` = $1 AND `+col+` <> 0 ORDER BY id DESC LIMIT $2) `+col)
	}
	for i, u := range units {
		args = append(args, u)
		parts = append(parts, `SELECT * FROM (SELECT `+batchColumns+` FROM counter_batch WHERE to_unit = $`+strconv.Itoa(len(args))+` AND receiver = 0 ORDER BY id DESC LIMIT $2) u`+strconv.Itoa(i))
	}
	return db.All(q, scanBatch, `SELECT `+batchColumns+` FROM (`+strings.Join(parts, ` UNION `)+`) b ORDER BY CASE WHEN state = 'open' THEN 0 ELSE 1 END, id DESC LIMIT $2`, args...)
}

func insertCall(tx *db.Tx, v int64, c Call) error {
	return tx.Exec(`INSERT INTO counter_call (id, dossier_id, called_at, how, called_by, note) VALUES ($1,$2,$3,$4,$5,$6)`, v, c.Dossier, db.Millis(c.At), c.How, c.By, c.Note)
}

func scanCall(s db.Scanner) (Call, error) {
	var c Call
	var at int64
	err := s.Scan(&c.Dossier, &at, &c.How, &c.By, &c.Note)
	c.At = db.Time(at)
	return c, err
}

func callsOf(q db.Querier, d dossier.ID) ([]Call, error) {
	return db.All(q, scanCall, `SELECT dossier_id, called_at, how, called_by, note FROM counter_call WHERE dossier_id = $1 ORDER BY id DESC LIMIT 50`, d)
}

// lastCalls reads the last call of each dossier of a page.
func lastCalls(q db.Querier, ids []dossier.ID) (map[dossier.ID]Call, error) {
	out := map[dossier.ID]Call{}
	if len(ids) == 0 {
		return out, nil
	}
	marks, args := make([]string, len(ids)), make([]any, len(ids))
	for i, v := range ids {
		marks[i], args[i] = "$"+strconv.Itoa(i+1), v
	}
	rows, err := db.All(q, scanCall, `SELECT dossier_id, called_at, how, called_by, note FROM counter_call
 WHERE dossier_id IN (`+strings.Join(marks, ",")+`) ORDER BY id`, args...)
	for _, c := range rows {
		out[c.Dossier] = c
	}
	return out, err
}

func insertReturn(tx *db.Tx, r Return) error {
	return tx.Exec(`INSERT INTO counter_return (dossier_id, returned_at, returned_by, identity, who, paid, receipt, amount, note) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`,
		r.Dossier, db.Millis(r.At), r.By, r.Identity, r.Who, r.Paid, r.Receipt, r.Amount, r.Note)
}

func findReturn(q db.Querier, d dossier.ID) (Return, error) {
	r, err := db.One(q, func(s db.Scanner) (Return, error) {
		var r Return
		var at int64
		err := s.Scan(&r.Dossier, &at, &r.By, &r.Identity, &r.Who, &r.Paid, &r.Receipt, &r.Amount, &r.Note)
		r.At = db.Time(at)
		return r, err
	}, `SELECT dossier_id, returned_at, returned_by, identity, who, paid, receipt, amount, note FROM counter_return WHERE dossier_id = $1`, d)
	return r, missing(err, "counter.return.notReady")
}
