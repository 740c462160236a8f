package dossier

import (
	"context"
	"time"

	"khue/internal/kernel/blob"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/register/orgunit"
)

// EndedBefore lists the dossiers of a service that ended before an instant and still hold what
// was filed, by id.
func (s *Service) EndedBefore(ctx context.Context, service string, before time.Time, after ID, limit int) (out []ID, err error) {
	defer errs.Op(&err, "dossier.EndedBefore(%s)", service)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = endedBefore(v, service, before, after, limit)
		return err
	})
	return out, err
}

// Erase forgets what a dossier that ended holds of people: what was filed and what officers
// filled in, its papers, the words by which it was found by name, who filed it, and the
// payloads of its journal entries. What books keep stays: code, procedure, name, units, dates
// and the way it ended. It returns the names of the files that people handed in and officers
// added: the caller lets those go that nothing else names. why is the rule as JSON. Again it
// changes nothing. Errors: NotFound; Conflict where it has not ended.
func (s *Service) Erase(ctx context.Context, v ID, why []byte) (files []string, err error) {
	defer errs.Op(&err, "dossier.Erase(%s)", v)
	var d Dossier
	var named string
	var tasks []Task
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if d, err = findByID(q, v); err != nil {
			return err
		}
		if named, err = namedIn(q, v); err != nil {
			return err
		}
		tasks, err = tasksOf(q, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !d.State.Ended() {
		return nil, errs.E(errs.Conflict, "dossier.erase.open")
	}
	var entries []journal.EntryID
	subject := journal.Subject{Type: SubjectType, ID: int64(v)}
	for after := journal.EntryID(0); ; {
		records, err := s.Journal.BySubject(ctx, subject, after, 200)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			if !r.Erased {
				entries = append(entries, r.ID)
			}
			after = r.ID
		}
		if len(records) < 200 {
			break
		}
	}
	units := []orgunit.UnitID{}
	for _, t := range tasks {
		units = append(units, t.Unit)
	}
	gone := d
	gone.Applicant, gone.Phone = "", ""
	words := s.wordsOf(ctx, gone, units)
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		for _, e := range entries {
			if err := s.Journal.Erase(tx, e, 0, "", why); err != nil {
				return err
			}
		}
		if err := eraseRows(tx, v); err != nil {
			return err
		}
		return s.putWords(tx, v, words)
	})
	if err != nil {
		return nil, err
	}
	blob.EachName(named, func(sha256 string) { files = append(files, sha256) })
	return files, nil
}

// ByCode is the id of a dossier, for whoever decides on it without reading it. NotFound.
func (s *Service) ByCode(ctx context.Context, code string) (v ID, name string, err error) {
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		d, err := findByCode(q, NormalCode(code))
		v, name = d.ID, d.Code
		return err
	})
	return v, name, err
}

// Holds reports whether a dossier still holds what was filed; an unknown one holds nothing.
func (s *Service) Holds(ctx context.Context, v ID) (holds bool, err error) {
	defer errs.Op(&err, "dossier.Holds(%s)", v)
	var c Content
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error { c, err = findContent(q, v); return err })
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil && !c.Filing.Erased, err
}

// Whole reads a dossier with what was filed, for an archive that the operator writes: nobody
// looks at it here. Errors: NotFound; Gone where it was erased.
func (s *Service) Whole(ctx context.Context, v ID) (d Dossier, c Content, err error) {
	defer errs.Op(&err, "dossier.Whole(%s)", v)
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if d, err = findByID(q, v); err == nil {
			c, err = findContent(q, v)
		}
		return err
	})
	if err == nil && c.Filing.Erased {
		err = errs.E(errs.Gone, "dossier.erased")
	}
	return d, c, err
}

// FileNames gives each the texts of this module in which files are named, for the sweep of files that
// nobody names.
func (s *Service) FileNames(ctx context.Context, each func(text string)) error {
	return s.DB.Texts(ctx, fileNames, each)
}
