package dossier

import (
	"strings"

	"khue/internal/kernel/db"
	"khue/internal/register/orgunit"
)

// The index is the engine's own: a table of FTS5 on SQLite, a tsvector under GIN on
// PostgreSQL. Both hold the same words and are asked the same.

func (s *Service) putWords(tx *db.Tx, v ID, words string) error {
	if err := s.vocabulary.learn(tx, words); err != nil {
		return err
	}
	if !s.DB.SingleWriter() {
		return tx.Exec(`INSERT INTO dossier_search (id, words) VALUES ($1, array_to_tsvector(string_to_array($2, ' ')))
 ON CONFLICT (id) DO UPDATE SET words = EXCLUDED.words WHERE dossier_search.words <> EXCLUDED.words`, v, words)
	}
	if err := tx.Exec(`DELETE FROM dossier_search WHERE rowid = $1`, v); err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO dossier_search (rowid, words) VALUES ($1, $2)`, v, words)
}

// newWords writes the row of a dossier that has none.
func (s *Service) newWords(tx *db.Tx, v ID, words string) error {
	if !s.DB.SingleWriter() {
		return s.putWords(tx, v, words)
	}
	if err := s.vocabulary.learn(tx, words); err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO dossier_search (rowid, words) VALUES ($1, $2)`, v, words)
}

func insertWord(tx *db.Tx, word string) error {
	return tx.Exec(`INSERT INTO dossier_word (word) VALUES ($1) ON CONFLICT (word) DO NOTHING`, word)
}

// wordsFrom reads words of [a-z0-9] that begin like one.
func wordsFrom(q db.Querier, begin string, limit int) ([]string, error) {
	return db.All(q, db.Value[string], `SELECT word FROM dossier_word WHERE word >= $1 AND word < $2 ORDER BY word LIMIT $3`, begin, begin+"~", limit)
}

func (s *Service) indexed(q db.Querier, v ID) (bool, error) {
	column := "id"
	if s.DB.SingleWriter() {
		column = "rowid"
	}
	var n int
	err := q.QueryRow(`SELECT COUNT(*) FROM dossier_search WHERE `+column+` = $1`, v).Scan(&n)
	return n > 0, err
}

// match finds the youngest dossiers that have all that is asked, within some units.
func (s *Service) match(q db.Querier, asked asking, within []string, before ID, limit int) ([]ID, error) {
	one := func(sc db.Scanner) (v ID, err error) {
		err = sc.Scan(&v)
		return v, err
	}
	if s.DB.SingleWriter() {
		return db.All(q, one, `SELECT rowid FROM dossier_search WHERE dossier_search MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3`,
			expression(asked, within, `"`, " AND ", " OR ", " *"), before, limit)
	}
	// The words stand in the text of the query, where the planner weighs how many rows have
	// them; each is of [a-z0-9]. A parameter would be planned once for rare and common words.
	return db.All(q, one, `SELECT id FROM dossier_search WHERE words @@ '`+expression(asked, within, "", " & ", " | ", ":*")+`'::tsquery AND id < $1 ORDER BY id DESC LIMIT $2`,
		before, limit)
}

// expression writes what is asked in an engine's words.
func expression(asked asking, within []string, quote, and, or, star string) string {
	var b strings.Builder
	group := func(words []string, prefix bool) {
		if b.Len() > 0 {
			b.WriteString(and)
		}
		b.WriteByte('(')
		for i, w := range words {
			if i > 0 {
				b.WriteString(or)
			}
			b.WriteString(quote + letters(w) + quote)
			if prefix && i == len(words)-1 {
				b.WriteString(star)
			}
		}
		b.WriteByte(')')
	}
	if len(within) > 0 {
		group(within, false)
	}
	for _, t := range asked {
		group(t.any, t.prefix)
	}
	return b.String()
}

const shortColumns = `d.id, d.code, d.service, d.package, d.procedure, d.state, d.reception_unit, d.receiving_unit, d.competent_unit,
 d.applicant, d.phone, d.submitted_at, d.accepted_at, d.due_at, d.closed_at, d.paused_at, d.unpaid_at`

// shortDossiers reads dossiers without the state of their processes, in any order.
func shortDossiers(q db.Querier, ids []ID) ([]Dossier, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := in(ids)
	return db.All(q, func(s db.Scanner) (d Dossier, err error) {
		var submitted int64
		var accepted, due, closed, paused, unpaid *int64
		err = s.Scan(&d.ID, &d.Code, &d.Service, &d.Package, &d.Procedure, &d.State, &d.Reception, &d.Receiving, &d.Competent,
			&d.Applicant, &d.Phone, &submitted, &accepted, &due, &closed, &paused, &unpaid)
		d.SubmittedAt, d.AcceptedAt, d.DueAt, d.ClosedAt, d.PausedAt = db.Time(submitted), timeOf(accepted), timeOf(due), timeOf(closed), timeOf(paused)
		d.UnpaidAt = timeOf(unpaid)
		return d, err
	}, `SELECT `+shortColumns+` FROM dossier_dossier d WHERE d.id IN `+list, args...)
}

func unitsOfTasks(q db.Querier, v ID) ([]orgunit.UnitID, error) {
	return db.All(q, db.Value[orgunit.UnitID], `SELECT DISTINCT unit FROM dossier_task WHERE dossier_id = $1 AND unit <> 0`, v)
}
