package counter

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
	"khue/internal/register/person"
)

const intakeColumns = `id, unit, officer, made_by, service, variant, person, content, code, act, updated_at, version`

func scanIntake(s db.Scanner) (Intake, error) {
	var i Intake
	var content string
	var updated int64
	if err := s.Scan(&i.ID, &i.Unit, &i.Officer, &i.By, &i.Service, &i.Case, &i.Person, &content, &i.Code, &i.Act, &updated, &i.Version); err != nil {
		return i, err
	}
	i.Updated = db.Time(updated)
	return i, json.Unmarshal([]byte(content), &i.Content)
}

func encode(c Content) (string, error) {
	b, err := json.Marshal(c)
	return string(b), err
}

func missing(err error, key string) error {
	if errs.Is(err, errs.NotFound) {
		return errs.E(errs.NotFound, key, errs.Cause(err))
	}
	return err
}

func insertIntake(tx *db.Tx, i Intake, content string) error {
	return tx.Exec(`INSERT INTO counter_intake (`+intakeColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,'','',$9,1)`,
		i.ID, i.Unit, i.Officer, i.By, i.Service, i.Case, i.Person, content, db.Millis(tx.Now()))
}

func findIntake(q db.Querier, v IntakeID) (Intake, error) {
	i, err := db.One(q, scanIntake, `SELECT `+intakeColumns+` FROM counter_intake WHERE id = $1`, v)
	return i, missing(err, "counter.intake.notFound")
}

const maxIntakes = 50

func openIntakes(q db.Querier, unit orgunit.UnitID, since int64) ([]Intake, error) {
	return db.All(q, scanIntake, `SELECT `+intakeColumns+` FROM counter_intake WHERE unit = $1 AND code = '' AND updated_at > $2 ORDER BY updated_at DESC LIMIT $3`, unit, since, maxIntakes)
}

// updateIntake saves an intake that nobody saved since it was read and that is no dossier yet.
func updateIntake(tx *db.Tx, i Intake, content string, moved error) error {
	return tx.Guard(moved, `UPDATE counter_intake SET person = $3, content = $4, updated_at = $5, version = version + 1 WHERE id = $1 AND version = $2 AND code = ''`,
		i.ID, i.Version, i.Person, content, db.Millis(tx.Now()))
}

// finishIntake turns an intake into its dossier: what was typed is forgotten here.
func finishIntake(tx *db.Tx, v IntakeID, code, act string, moved error) error {
	return tx.Guard(moved, `UPDATE counter_intake SET content = '{}', code = $2, act = $3, updated_at = $4, version = version + 1 WHERE id = $1 AND code = ''`,
		v, code, act, db.Millis(tx.Now()))
}

func removeIntake(tx *db.Tx, v IntakeID) error {
	return tx.Exec(`DELETE FROM counter_intake WHERE id = $1 AND code = ''`, v)
}

func purgeIntakes(tx *db.Tx, before int64, limit int) (int, error) {
	gone, err := db.All(tx, db.Value[IntakeID], `DELETE FROM counter_intake WHERE id IN (SELECT id FROM counter_intake WHERE updated_at < $1 ORDER BY updated_at LIMIT $2) RETURNING id`, before, limit)
	return len(gone), err
}

// filing is a dossier that was filed at a counter.
type filing struct {
	Dossier dossier.ID
	Person  person.ID
	Unit    orgunit.UnitID
	Service string
	At      time.Time
}

func insertFiling(tx *db.Tx, f filing) error {
	return tx.Exec(`INSERT INTO counter_filing (dossier_id, person, unit, service, filed_at) VALUES ($1,$2,$3,$4,$5)`, f.Dossier, f.Person, f.Unit, f.Service, db.Millis(f.At))
}

func filedBy(q db.Querier, people []person.ID, limit int) ([]dossier.ID, error) {
	marks, args := make([]string, len(people)), make([]any, len(people))
	for i, p := range people {
		marks[i], args[i] = "$"+strconv.Itoa(i+1), p
	}
	return db.All(q, db.Value[dossier.ID], `SELECT dossier_id FROM counter_filing WHERE person IN (`+strings.Join(marks, ",")+`) AND person <> 0 ORDER BY dossier_id DESC LIMIT `+strconv.Itoa(limit), args...)
}

// personOf is for whom a dossier was filed at a counter; 0 where that is not known.
func personOf(q db.Querier, d dossier.ID) (person.ID, error) {
	p, err := db.One(q, db.Value[person.ID], `SELECT person FROM counter_filing WHERE dossier_id = $1`, d)
	if errs.Is(err, errs.NotFound) {
		return 0, nil
	}
	return p, err
}

func usedServices(q db.Querier, unit orgunit.UnitID, since int64) (map[string]int, error) {
	out := map[string]int{}
	type used struct {
		service string
		n       int
	}
	rows, err := db.All(q, func(s db.Scanner) (u used, err error) {
		err = s.Scan(&u.service, &u.n)
		return u, err
	}, `SELECT service, COUNT(*) FROM counter_filing WHERE unit = $1 AND filed_at >= $2 GROUP BY service`, unit, since)
	for _, u := range rows {
		out[u.service] = u.n
	}
	return out, err
}

// eraseOf forgets what the counter keeps of a dossier's people; that its originals were handed
// back, and when, stays.
func eraseOf(tx *db.Tx, v dossier.ID, code string) error {
	if err := tx.Exec(`UPDATE counter_original SET applicant = '' WHERE dossier_id = $1`, v); err != nil {
		return err
	}
	if err := tx.Exec(`UPDATE counter_intake SET content = '{}', person = 0 WHERE code = $1 AND code <> ''`, code); err != nil {
		return err
	}
	return tx.Exec(`UPDATE counter_filing SET person = 0 WHERE dossier_id = $1`, v)
}

// fileNames are the papers of intakes, for db.Texts.
const fileNames = `SELECT id, content FROM counter_intake WHERE id > $1 ORDER BY id LIMIT $2`
