package desk

import (
	"strconv"
	"strings"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

const filterColumns = `id, account, unit, name, query, is_default, version, kept_by, kept_at`

func scanFilter(s db.Scanner) (Filter, error) {
	var f Filter
	var at int64
	err := s.Scan(&f.ID, &f.Account, &f.Unit, &f.Name, &f.Query, &f.Default, &f.Version, &f.By, &at)
	f.At = db.Time(at)
	return f, err
}

// selectFilters reads an account's own, and those shared with units, the oldest first.
func selectFilters(q db.Querier, account int64, units []orgunit.UnitID) ([]Filter, error) {
	args := []any{account}
	shared := ""
	if len(units) > 0 {
		in := make([]string, len(units))
		for i, u := range units {
			args = append(args, u)
			in[i] = "$" + strconv.Itoa(len(args))
		}
		shared = ` UNION ALL SELECT ` + filterColumns + ` FROM desk_filter WHERE account = 0 AND unit IN (` + strings.Join(in, ",") + `)`
	}
	return db.All(q, scanFilter, `SELECT `+filterColumns+` FROM desk_filter WHERE account = $1 AND account <> 0`+shared+` ORDER BY id`, args...)
}

// countFilters counts all of an account, or those shared with a unit.
func countFilters(q db.Querier, f Filter) (n int64, err error) {
	if f.Account != 0 {
		err = q.QueryRow(`SELECT COUNT(*) FROM desk_filter WHERE account = $1`, f.Account).Scan(&n)
		return n, err
	}
	err = q.QueryRow(`SELECT COUNT(*) FROM desk_filter WHERE account = 0 AND unit = $1`, f.Unit).Scan(&n)
	return n, err
}

func findFilter(q db.Querier, v FilterID) (Filter, error) {
	f, err := db.One(q, scanFilter, `SELECT `+filterColumns+` FROM desk_filter WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		err = errs.E(errs.NotFound, "desk.filter.notFound", errs.Cause(err))
	}
	return f, err
}

func insertFilter(tx *db.Tx, f Filter) error {
	return tx.Exec(`INSERT INTO desk_filter (`+filterColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`,
		f.ID, f.Account, f.Unit, f.Name, f.Query, f.Default, f.Version, f.By, db.Millis(f.At))
}

// updateFilter changes the name and the default, if the filter still stands at f.Version.
func updateFilter(tx *db.Tx, f Filter, miss error) error {
	return tx.Guard(miss, `UPDATE desk_filter SET name = $3, is_default = $4, version = version + 1, kept_by = $5, kept_at = $6
 WHERE id = $1 AND version = $2`, f.ID, f.Version, f.Name, f.Default, f.By, db.Millis(f.At))
}

// filtersAfter pages through all filters by the key.
func filtersAfter(q db.Querier, after FilterID, limit int) ([]Filter, error) {
	return db.All(q, scanFilter, `SELECT `+filterColumns+` FROM desk_filter WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// hasFilter reports whether there is the same filter already.
func hasFilter(q db.Querier, f Filter) (bool, error) {
	var n int64
	err := q.QueryRow(`SELECT COUNT(*) FROM desk_filter WHERE account = $1 AND unit = $2 AND query = $3 AND name = $4`, f.Account, f.Unit, f.Query, f.Name).Scan(&n)
	return n > 0, err
}

// rehouseFilter changes the unit and the query, if the filter still stands at f.Version.
func rehouseFilter(tx *db.Tx, f Filter, miss error) error {
	return tx.Guard(miss, `UPDATE desk_filter SET unit = $3, query = $4, version = version + 1, kept_by = $5, kept_at = $6
 WHERE id = $1 AND version = $2`, f.ID, f.Version, f.Unit, f.Query, f.By, db.Millis(f.At))
}

// clearDefault takes the default from an account's other filters.
func clearDefault(tx *db.Tx, f Filter) error {
	return tx.Exec(`UPDATE desk_filter SET is_default = FALSE, version = version + 1 WHERE account = $1 AND is_default AND id <> $2`, f.Account, f.ID)
}

func deleteFilter(tx *db.Tx, v FilterID, version int64, miss error) error {
	return tx.Guard(miss, `DELETE FROM desk_filter WHERE id = $1 AND version = $2`, v, version)
}
