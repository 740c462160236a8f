package dossier

import (
	"strconv"
	"strings"

	"khue/internal/kernel/db"
)

func marks(values []string) (string, []any) {
	var b strings.Builder
	args := make([]any, len(values))
	for i, v := range values {
		if args[i] = v; i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	return b.String(), args
}

// adoptedHashes are the rows that came in before, by code.
func adoptedHashes(q db.Querier, codes []string) (map[string]string, error) {
	in, args := marks(codes)
	type row struct{ code, hash string }
	rows, err := db.All(q, func(s db.Scanner) (r row, err error) {
		err = s.Scan(&r.code, &r.hash)
		return r, err
	}, `SELECT code, hash FROM dossier_adopted WHERE code IN (`+in+`)`, args...)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.code] = r.hash
	}
	return out, err
}

func takenCodes(q db.Querier, codes []string) (map[string]bool, error) {
	in, args := marks(codes)
	rows, err := db.All(q, db.Value[string],
		`SELECT code FROM dossier_dossier WHERE code IN (`+in+`)`, args...)
	out := make(map[string]bool, len(rows))
	for _, c := range rows {
		out[c] = true
	}
	return out, err
}

func insertAdopted(tx *db.Tx, code string, v ID, hash string) error {
	return tx.Exec(`INSERT INTO dossier_adopted (code, dossier_id, hash, recorded) VALUES ($1, $2, $3, $4)`, code, v, hash, db.Millis(tx.Now()))
}
