package book

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

// next moves the book's last number on. The row is held until the transaction ends.
func next(tx *db.Tx, b Book) (n int64, err error) {
	err = tx.QueryRow(`INSERT INTO book_book (unit, kind, year, last) VALUES ($1, $2, $3, 1)
 ON CONFLICT (unit, kind, year) DO UPDATE SET last = book_book.last + 1 RETURNING last`, b.Unit, b.Kind, b.Year).Scan(&n)
	return n, err
}

const columns = `id, unit, kind, year, n, subject_type, subject, code, taken_at, taken_by, void_at, void_by, void_why`

func scan(s db.Scanner) (n Number, err error) {
	var taken int64
	var voided *int64
	if err = s.Scan(&n.ID, &n.Book.Unit, &n.Book.Kind, &n.Book.Year, &n.N, &n.Subject.Type, &n.Subject.ID, &n.Subject.Code,
		&taken, &n.By, &voided, &n.VoidBy, &n.VoidWhy); err != nil {
		return n, err
	}
	n.TakenAt = db.Time(taken)
	if voided != nil {
		n.VoidAt = db.Time(*voided)
	}
	return n, nil
}

func insert(tx *db.Tx, n Number) error {
	return tx.Exec(`INSERT INTO book_number (`+columns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,NULL,'','')`,
		n.ID, n.Book.Unit, n.Book.Kind, n.Book.Year, n.N, n.Subject.Type, n.Subject.ID, n.Subject.Code, db.Millis(n.TakenAt), n.By)
}

func find(q db.Querier, v NumberID) (Number, error) {
	n, err := db.One(q, scan, `SELECT `+columns+` FROM book_number WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "book.none", errs.Cause(err))
	}
	return n, err
}

func void(tx *db.Tx, n Number) error {
	return tx.Guard(errs.E(errs.Conflict, "book.isVoid"), `UPDATE book_number SET void_at = $2, void_by = $3, void_why = $4 WHERE id = $1 AND void_at IS NULL`,
		n.ID, db.Millis(n.VoidAt), n.VoidBy, n.VoidWhy)
}

func lines(q db.Querier, b Book, after int64, limit int) ([]Number, error) {
	return db.All(q, scan, `SELECT `+columns+` FROM book_number WHERE unit = $1 AND kind = $2 AND year = $3 AND n > $4 ORDER BY n LIMIT $5`,
		b.Unit, b.Kind, b.Year, after, limit)
}

func booksOf(q db.Querier, u orgunit.UnitID) ([]Kept, error) {
	return db.All(q, func(s db.Scanner) (k Kept, err error) {
		err = s.Scan(&k.Unit, &k.Kind, &k.Year, &k.Last, &k.Void)
		return k, err
	}, `SELECT b.unit, b.kind, b.year, b.last, (SELECT COUNT(*) FROM book_number n WHERE n.unit = b.unit AND n.kind = b.kind AND n.year = b.year AND n.void_at IS NOT NULL)
 FROM book_book b WHERE b.unit = $1 ORDER BY b.year DESC, b.kind`, u)
}
