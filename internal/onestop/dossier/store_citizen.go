package dossier

import (
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/register/mandate"
	"khue/internal/register/orgunit"
)

// followed are the dossiers of an account: those that it filed and those linked to it.
const followed = `d.id IN (SELECT f.id FROM dossier_dossier f WHERE f.submitter = $1 AND f.submitter <> 0
 UNION SELECT l.dossier_id FROM dossier_link l WHERE l.account = $1)`

// The ended states, as a list of SQL.
const endedStates = `(3, 7, 8, 10)`

// openOf reads what is not ended of an account's dossiers, children too, the youngest first.
func openOf(q db.Querier, account int64, reach []mandate.Reach, limit int) ([]Dossier, error) {
	where, args := mineOf(account, reach)
	return db.All(q, scanDossier, `SELECT `+dossierColumns+` FROM dossier_dossier d
 WHERE `+where+` AND d.state NOT IN `+endedStates+` ORDER BY d.id DESC LIMIT `+strconv.Itoa(limit), args...)
}

// endedOf reads a page of an account's ended dossiers without children, the youngest first.
func endedOf(q db.Querier, account int64, reach []mandate.Reach, before ID, limit int) ([]Dossier, error) {
	where, args := mineOf(account, reach)
	args = append(args, before)
	return db.All(q, scanDossier, `SELECT `+dossierColumns+` FROM dossier_dossier d
 WHERE `+where+` AND d.state IN `+endedStates+` AND d.parent = 0 AND d.id < $`+strconv.Itoa(len(args))+` ORDER BY d.id DESC LIMIT `+strconv.Itoa(limit), args...)
}

// ratedAmong are those of some dossiers that were rated.
func ratedAmong(q db.Querier, ds []Dossier) (map[ID]bool, error) {
	out := map[ID]bool{}
	if len(ds) == 0 {
		return out, nil
	}
	args := make([]any, len(ds))
	marks := make([]string, len(ds))
	for i, d := range ds {
		args[i], marks[i] = d.ID, "$"+strconv.Itoa(i+1)
	}
	ids, err := db.All(q, db.Value[ID],
		`SELECT dossier_id FROM dossier_rating WHERE dossier_id IN (`+strings.Join(marks, ", ")+`)`, args...)
	for _, v := range ids {
		out[v] = true
	}
	return out, err
}

func isLinked(q db.Querier, account int64, v ID) (yes bool, err error) {
	var n int
	err = q.QueryRow(`SELECT COUNT(*) FROM dossier_link WHERE account = $1 AND dossier_id = $2`, account, v).Scan(&n)
	return n > 0, err
}

func insertLink(tx *db.Tx, account int64, v ID, at time.Time) error {
	return tx.Exec(`INSERT INTO dossier_link (account, dossier_id, made_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, account, v, db.Millis(at))
}

func deleteLink(tx *db.Tx, account int64, v ID) error {
	return tx.Exec(`DELETE FROM dossier_link WHERE account = $1 AND dossier_id = $2`, account, v)
}

func insertRating(tx *db.Tx, d Dossier, r Rating) error {
	return tx.Exec(`INSERT INTO dossier_rating (dossier_id, unit, score, reasons, comment, rated_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		d.ID, d.Competent, r.Score, strings.Join(r.Reasons, " "), r.Comment, db.Millis(r.At))
}

func findRating(q db.Querier, v ID) (r Rating, err error) {
	var reasons string
	var at int64
	err = q.QueryRow(`SELECT score, reasons, comment, rated_at FROM dossier_rating WHERE dossier_id = $1`, v).Scan(&r.Score, &reasons, &r.Comment, &at)
	r.Reasons, r.At = strings.Fields(reasons), db.Time(at)
	return r, err
}

// scoresIn counts the ratings of a unit, or of all for 0, by score and what they are about.
func scoresIn(q db.Querier, unit orgunit.UnitID, from, to time.Time) ([]Scores, error) {
	where, args := `rated_at >= $1 AND rated_at < $2`, []any{db.Millis(from), db.Millis(to)}
	if unit != 0 {
		where, args = where+` AND unit = $3`, append(args, unit)
	}
	type row struct {
		unit    orgunit.UnitID
		score   int
		reasons string
		n       int
	}
	rows, err := db.All(q, func(s db.Scanner) (r row, err error) {
		err = s.Scan(&r.unit, &r.score, &r.reasons, &r.n)
		return r, err
	}, `SELECT unit, score, reasons, COUNT(*) FROM dossier_rating WHERE `+where+` GROUP BY unit, score, reasons ORDER BY unit`, args...)
	if err != nil {
		return nil, err
	}
	var out []Scores
	for _, r := range rows {
		if len(out) == 0 || out[len(out)-1].Unit != r.unit {
			out = append(out, Scores{Unit: r.unit, About: map[string]int{}})
		}
		s := &out[len(out)-1]
		s.N += r.n
		s.By[min(max(r.score, 1), 5)-1] += r.n
		for _, about := range strings.Fields(r.reasons) {
			s.About[about] += r.n
		}
	}
	return out, nil
}

func bySubmitter(q db.Querier, account int64, before ID, limit int) ([]Dossier, error) {
	return db.All(q, scanDossier, `SELECT `+dossierColumns+` FROM dossier_dossier d
 WHERE d.submitter = $1 AND d.submitter <> 0 AND d.id < $2 ORDER BY d.id DESC LIMIT $3`, account, before, limit)
}
