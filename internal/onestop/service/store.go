package service

import (
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const submissionColumns = `id, service, version, digest, procedure, author, state, submitted_by, submitted_name, submitted_at,
 reviewed_by, reviewed_name, reviewed_at, published_by, published_name, published_at, from_day, until_day, retired_by, retired_name, reason, row_version`

func scanSubmission(s db.Scanner) (Submission, error) {
	var x Submission
	var submitted, reviewed, published int64
	var from, until, stage string
	err := s.Scan(&x.ID, &x.Service, &x.Version, &x.Digest, &x.Procedure, &x.Author, &stage, &x.SubmittedBy, &x.SubmittedName, &submitted,
		&x.ReviewedBy, &x.ReviewedName, &reviewed, &x.PublishedBy, &x.PublishedName, &published, &from, &until, &x.RetiredBy, &x.RetiredName, &x.Reason, &x.Row)
	if err != nil {
		return x, err
	}
	x.Stage, x.SubmittedAt = Stage(stage), db.Time(submitted)
	if reviewed != 0 {
		x.ReviewedAt = db.Time(reviewed)
	}
	if published != 0 {
		x.PublishedAt = db.Time(published)
	}
	x.From, _ = clock.ParseDate(from) // '' is no day yet
	x.Until, _ = clock.ParseDate(until)
	return x, nil
}

func selectSubmission(q db.Querier, v SubmissionID) (Submission, error) {
	x, err := db.One(q, scanSubmission, `SELECT `+submissionColumns+` FROM service_submission WHERE id = $1`, v)
	if errs.Is(err, errs.NotFound) {
		return x, errs.E(errs.NotFound, "service.publish.notFound", errs.Cause(err))
	}
	return x, err
}

// selectVersion is the submission of a version that was not rejected. NotFound where there is none.
func selectVersion(q db.Querier, service, version string) (Submission, error) {
	return db.One(q, scanSubmission, `SELECT `+submissionColumns+` FROM service_submission WHERE service = $1 AND version = $2 AND state <> 'rejected'`, service, version)
}

// selectSubmissions lists the newest first, of one submitter where by is not 0.
func selectSubmissions(q db.Querier, by int64, limit int) ([]Submission, error) {
	return db.All(q, scanSubmission, `SELECT `+submissionColumns+` FROM service_submission WHERE ($1 = 0 OR submitted_by = $1) ORDER BY id DESC LIMIT $2`, by, limit)
}

// selectPublished lists what is or was in force, in the order in which it was published.
func selectPublished(q db.Querier) ([]Submission, error) {
	return db.All(q, scanSubmission, `SELECT `+submissionColumns+` FROM service_submission WHERE state IN ('published', 'retired') ORDER BY from_day, published_at, id`)
}

func countOpen(q db.Querier, by int64) (int, error) {
	return db.One(q, func(s db.Scanner) (int, error) {
		var n int64
		err := s.Scan(&n)
		return int(n), err
	}, `SELECT count(*) FROM service_submission WHERE submitted_by = $1 AND state IN ('submitted', 'reviewed')`, by)
}

func insertSubmission(tx *db.Tx, x Submission) error {
	return tx.Exec(`INSERT INTO service_submission (id, service, version, digest, procedure, author, state, submitted_by, submitted_name, submitted_at,
 reviewed_by, reviewed_name, reviewed_at, published_by, published_name, published_at, from_day, until_day, retired_by, retired_name, reason, row_version)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '', 0, 0, '', 0, '', '', 0, '', '', 1)`,
		x.ID, x.Service, x.Version, x.Digest, x.Procedure, x.Author, string(x.Stage), x.SubmittedBy, x.SubmittedName, db.Millis(tx.Now()))
}

// updateSubmission writes the newest act; moved where somebody acted since the row was read.
func updateSubmission(tx *db.Tx, x Submission, moved error) error {
	var reviewed, published int64
	if !x.ReviewedAt.IsZero() {
		reviewed = db.Millis(x.ReviewedAt)
	}
	if !x.PublishedAt.IsZero() {
		published = db.Millis(x.PublishedAt)
	}
	return tx.Guard(moved, `UPDATE service_submission SET state = $3, reviewed_by = $4, reviewed_name = $5, reviewed_at = $6, published_by = $7, published_name = $8,
 published_at = $9, from_day = $10, until_day = $11, retired_by = $12, retired_name = $13, reason = $14, row_version = row_version + 1 WHERE id = $1 AND row_version = $2`,
		x.ID, x.Row, string(x.Stage), x.ReviewedBy, x.ReviewedName, reviewed, x.PublishedBy, x.PublishedName, published, day(x.From), day(x.Until), x.RetiredBy, x.RetiredName, x.Reason)
}

func day(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func selectContent(q db.Querier, digest string) ([]byte, error) {
	b, err := db.One(q, func(s db.Scanner) ([]byte, error) {
		var b []byte
		err := s.Scan(&b)
		return b, err
	}, `SELECT archive FROM service_content WHERE digest = $1`, digest)
	if errs.Is(err, errs.NotFound) {
		return nil, errs.E(errs.NotFound, "service.publish.notFound", errs.Cause(err))
	}
	return b, err
}

// upsertContent keeps an archive; the same digest means the same files, so only the
// signatures may change.
func upsertContent(tx *db.Tx, digest string, archive []byte) error {
	return tx.Exec(`INSERT INTO service_content (digest, archive) VALUES ($1, $2) ON CONFLICT (digest) DO UPDATE SET archive = excluded.archive`, digest, archive)
}

type authorRow struct{ name, key string }

func selectAuthors(q db.Querier) ([]authorRow, error) {
	return db.All(q, func(s db.Scanner) (authorRow, error) {
		var a authorRow
		err := s.Scan(&a.name, &a.key)
		return a, err
	}, `SELECT name, public_key FROM service_author ORDER BY name`)
}

func insertAuthor(tx *db.Tx, a authorRow, by int64) error {
	return tx.Exec(`INSERT INTO service_author (name, public_key, added_by, added_at) VALUES ($1, $2, $3, $4)`, a.name, a.key, by, db.Millis(tx.Now()))
}

func selectEpoch(q db.Querier) (int64, error) {
	return db.One(q, db.Value[int64], `SELECT n FROM service_epoch WHERE one = 1`)
}

func raiseEpoch(tx *db.Tx) error {
	return tx.Exec(`UPDATE service_epoch SET n = n + 1 WHERE one = 1`)
}

func selectBase(q db.Querier) ([]baseRow, error) {
	return db.All(q, func(s db.Scanner) (r baseRow, err error) {
		err = s.Scan(&r.digest, &r.service, &r.version)
		return r, err
	}, `SELECT digest, service, version FROM service_base ORDER BY digest`)
}

// selectBrought reads a package that came with a program. NotFound where none brought it.
func selectBrought(q db.Querier, digest string) ([]byte, error) {
	return db.One(q, db.Value[[]byte], `SELECT c.archive FROM service_base b JOIN service_content c ON c.digest = b.digest WHERE b.digest = $1`, digest)
}

// insertBase keeps a package that came with the program; another node may do the same now.
func insertBase(tx *db.Tx, r baseRow, archive []byte) error {
	if err := tx.Exec(`INSERT INTO service_content (digest, archive) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING`, r.digest, archive); err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO service_base (digest, service, version, first_at) VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO NOTHING`, r.digest, r.service, r.version, db.Millis(tx.Now()))
}
