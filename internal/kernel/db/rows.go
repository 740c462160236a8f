package db

import (
	"errors"
	"strings"

	"khue/internal/kernel/errs"
)

// ErrNoRow is the cause of the NotFound that One and Row.Scan return.
var ErrNoRow = errors.New("db: no row")

// Scanner copies the current row into variables, in the order of the columns.
type Scanner interface{ Scan(dest ...any) error }

// Rows walks a result. Close it, or read to the end; All does both.
type Rows struct{ c cursor }

// Next goes to the next row; false at the end or on an error.
func (r *Rows) Next() bool { return r.c.next() }

// Scan copies the current row.
func (r *Rows) Scan(dest ...any) error { return r.c.scan(dest) }

// Err is the error that ended Next, if any.
func (r *Rows) Err() error { return r.c.err() }

// Close frees the statement. It may be called twice.
func (r *Rows) Close() { r.c.close() }

// Row is the first row of a result.
type Row struct{ c cursor }

// Scan copies the row; NotFound (ErrNoRow inside) where there is none.
func (r *Row) Scan(dest ...any) error {
	defer r.c.close()
	if !r.c.next() {
		if err := r.c.err(); err != nil {
			return err
		}
		return errs.E(errs.NotFound, "db.norow", errs.Cause(ErrNoRow))
	}
	return r.c.scan(dest)
}

// All reads every row through scan. No rows is a nil slice.
func All[T any](q Querier, scan func(Scanner) (T, error), sql string, args ...any) ([]T, error) {
	rows := q.Query(sql, args...)
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// Value is the scan of one column.
func Value[T any](s Scanner) (v T, err error) {
	err = s.Scan(&v)
	return v, err
}

// One reads the first row through scan; NotFound (ErrNoRow inside) where there is none.
func One[T any](q Querier, scan func(Scanner) (T, error), sql string, args ...any) (T, error) {
	var zero T
	rows := q.Query(sql, args...)
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return zero, err
		}
		return zero, errs.E(errs.NotFound, "db.norow", errs.Cause(ErrNoRow))
	}
	v, err := scan(rows)
	if err != nil {
		return zero, err
	}
	return v, nil
}

// failedCursor is a query that never ran.
type failedCursor struct{ e error }

func (f failedCursor) next() bool       { return false }
func (f failedCursor) scan([]any) error { return f.e }
func (f failedCursor) err() error       { return f.e }
func (f failedCursor) close()           {}

// brief is a statement as diagnoses show it: one line, cut. Never its arguments.
func brief(sql string) string {
	s := strings.Join(strings.Fields(sql), " ")
	if len(s) > 120 {
		s = s[:120] + "…"
	}
	return s
}
