package cutover

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "cutover").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

const (
	jobWork   = "cutover.work"
	jobExpire = "cutover.expire"
)

const (
	// MaxFile bounds a file: 50,000 rows of an .xlsx are some 8 MiB.
	MaxFile = 16 << 20
	// keep is how long a file waits for its run after it was looked at.
	keep = 7 * 24 * time.Hour
	// MaxNotes bounds what a report holds in one answer.
	MaxNotes = 50_000
)

// errMoved is the miss of a guarded write: another node works on the import, or it was dropped.
var errMoved = errors.New("cutover: the import moved")

// Managers says for which units somebody answers; the register of officers knows.
type Managers interface {
	Proposes(ctx context.Context) bool
	MayPropose(ctx context.Context, u orgunit.UnitID) bool
	MaySee(ctx context.Context, u orgunit.UnitID) bool
}

// Deps is what imports stand on. All are required.
type Deps struct {
	DB       *db.DB
	Gen      *id.Gen
	Clock    clock.Clock
	Journal  *journal.Journal
	Jobs     *jobs.Queue
	Units    *orgunit.Service
	Dossiers *dossier.Service
	Managers Managers
}

// Service takes files in. Safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Upload takes a file in and has every row looked at; nothing else changes. Errors: Invalid
// and TooLarge as of dossier.ReadOld, Conflict cutover.busy while another file is at work.
func (s *Service) Upload(ctx context.Context, name string, r io.ReaderAt, size int64, key string) (v ImportID, err error) {
	defer errs.Op(&err, "cutover.Upload")
	if !s.MayUpload(ctx) {
		return 0, errs.E(errs.Forbidden, "cutover.forbidden")
	}
	if size > MaxFile {
		return 0, errs.E(errs.TooLarge, "cutover.tooLarge", errs.P("max", MaxFile>>20))
	}
	data, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	if err != nil {
		return 0, err
	}
	rows, notes, err := dossier.ReadOld(bytes.NewReader(data), size)
	if err != nil {
		return 0, err
	}
	if len(rows)+len(notes) == 0 {
		return 0, errs.E(errs.Invalid, "cutover.empty")
	}
	sum := sha256.Sum256(data)
	sub := auth.From(ctx)
	i := Import{
		ID: id.New[Import](s.Gen), File: name, SHA256: hex.EncodeToString(sum[:]), Size: size, Account: sub.Account, Name: sub.Name, Units: s.units(ctx, rows),
		Status: Checking, Total: len(rows) + len(notes), Unreadable: len(notes), Refused: len(notes), UploadedAt: s.Clock.Now(),
	}
	n, _, err := once.Do(ctx, s.DB, sub.Account, key, once.Hash([]string{"cutover", i.SHA256}), func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := s.alone(tx); err != nil {
			return 0, err
		}
		if err := insertImport(tx, i); err != nil {
			return 0, err
		}
		if err := insertParts(tx, i.ID, data); err != nil {
			return 0, err
		}
		for _, n := range notes {
			if err := insertNote(tx, i.ID, Note{Line: n.Line, Code: n.Code, Outcome: "refused", Key: n.Key, Params: n.Params}); err != nil {
				return 0, err
			}
		}
		if err := s.journal(tx, KindUploaded, i, Told{File: name, SHA256: i.SHA256, Rows: i.Total}); err != nil {
			return 0, err
		}
		return int64(i.ID), s.Jobs.Enqueue(tx, jobs.Job{Kind: jobWork, Args: workArgs{i.ID, Checking}})
	})
	return ImportID(n), busy(err)
}

// alone refuses a second import beside one at work; the unique index refuses a twin.
func (s *Service) alone(tx *db.Tx) error {
	list, err := busyImport(tx)
	if err == nil && len(list) > 0 {
		err = errs.E(errs.Conflict, "cutover.busy", errs.P("by", list[0].Name, "file", list[0].File))
	}
	return err
}

func busy(err error) error {
	if db.IsUnique(err) {
		return errs.E(errs.Conflict, "cutover.busyNow", errs.Cause(err))
	}
	return err
}

// units are those agencies of a file that the reader manages; nil: all.
func (s *Service) units(ctx context.Context, rows []dossier.OldDossier) []orgunit.UnitID {
	if s.Managers.MayPropose(ctx, 0) {
		return nil
	}
	out := []orgunit.UnitID{}
	for _, u := range s.Dossiers.OldAgencies(rows) {
		if s.Managers.MayPropose(ctx, u) {
			out = append(out, u)
		}
	}
	return out
}

// MayUpload reports whether the reader manages a unit whose dossiers could come in.
func (s *Service) MayUpload(ctx context.Context) bool { return s.Managers.Proposes(ctx) }

// Imports lists the youngest imports that the reader may see: their own, or all for those who
// look after the city. busy is the one at work, whoever's it is.
func (s *Service) Imports(ctx context.Context) (list []Import, busy *Import, err error) {
	defer errs.Op(&err, "cutover.Imports")
	account := auth.From(ctx).Account
	if s.Managers.MaySee(ctx, 0) {
		account = 0
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		at, err := busyImport(v)
		if err != nil {
			return err
		}
		if busy = nil; len(at) > 0 {
			busy = &at[0]
		}
		list, err = selectImports(v, account, 50)
		return err
	})
	return list, busy, err
}

// Find reads an import with its notes. Errors: NotFound, also for another's.
func (s *Service) Find(ctx context.Context, v ImportID, limit int) (i Import, notes []Note, err error) {
	defer errs.Op(&err, "cutover.Find(%s)", v)
	err = s.DB.View(ctx, func(_ context.Context, view *db.View) error {
		if i, err = findImport(view, v); err != nil {
			return err
		}
		if i.Account != auth.From(ctx).Account && !s.Managers.MaySee(ctx, 0) {
			return errs.E(errs.NotFound, "cutover.notFound")
		}
		notes, err = selectNotes(view, v, limit)
		return err
	})
	return i, notes, err
}

// MayDecide reports whether the reader may start or drop an import: its uploader.
func (s *Service) MayDecide(ctx context.Context, i Import) bool {
	return i.Account == auth.From(ctx).Account && s.MayUpload(ctx)
}

// Start brings in what was looked at. Errors: NotFound, Forbidden, Conflict where it is not
// ready, or another file is at work.
func (s *Service) Start(ctx context.Context, v ImportID, key string) (err error) {
	defer errs.Op(&err, "cutover.Start(%s)", v)
	return s.decide(ctx, v, key, "start", func(tx *db.Tx, i Import) error {
		if i.Status != Checked {
			return errs.E(errs.Conflict, "cutover.notReady")
		}
		if err := s.alone(tx); err != nil {
			return err
		}
		next := Import{Status: Running, Refused: i.Unreadable, StartedAt: tx.Now()}
		if err := moveImport(tx, i, next, errs.E(errs.Conflict, "cutover.notReady")); err != nil {
			return err
		}
		if err := clearNotes(tx, v); err != nil {
			return err
		}
		if err := s.journal(tx, KindStarted, i, Told{SHA256: i.SHA256}); err != nil {
			return err
		}
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: jobWork, Args: workArgs{v, Running}})
	})
}

// Drop gives an import up: what it brought in stays, the rest stays out, the file goes.
func (s *Service) Drop(ctx context.Context, v ImportID, key string) (err error) {
	defer errs.Op(&err, "cutover.Drop(%s)", v)
	return s.decide(ctx, v, key, "drop", s.drop)
}

func (s *Service) drop(tx *db.Tx, i Import) error {
	if i.Status == Done || i.Status == Dropped {
		return errs.E(errs.Conflict, "cutover.over")
	}
	next := i
	next.Status, next.EndedAt = Dropped, tx.Now()
	if err := moveImport(tx, i, next, errs.E(errs.Conflict, "cutover.moved")); err != nil {
		return err
	}
	if err := deleteParts(tx, i.ID); err != nil {
		return err
	}
	return s.journal(tx, KindDropped, i, Told{SHA256: i.SHA256, Added: addedBy(i), Rows: i.Place})
}

// addedBy is how many dossiers an import has brought in; one that only looked, none.
func addedBy(i Import) int {
	if i.StartedAt.IsZero() {
		return 0
	}
	return i.Added
}

func (s *Service) decide(ctx context.Context, v ImportID, key, what string, do func(tx *db.Tx, i Import) error) error {
	i, _, err := s.Find(ctx, v, 0)
	if err != nil {
		return err
	}
	if !s.MayDecide(ctx, i) {
		return errs.E(errs.Forbidden, "cutover.forbidden")
	}
	_, _, err = once.Do(ctx, s.DB, auth.From(ctx).Account, key, once.Hash([]string{"cutover", what, v.String()}), func(_ context.Context, tx *db.Tx) (int64, error) {
		i, err := findImport(tx, v)
		if err != nil {
			return 0, err
		}
		return int64(v), do(tx, i)
	})
	return busy(err)
}

type workArgs struct {
	Import ImportID
	Stage  Status
}

// work does a stage. Broken off, it goes on with the next row: each batch is written with
// what it counted.
func (s *Service) work(ctx context.Context, t jobs.Task) error {
	var a workArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	var i Import
	var data []byte
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if i, err = findImport(v, a.Import); err != nil {
			return err
		}
		data, err = selectParts(v, a.Import)
		return err
	})
	if err != nil {
		return err
	}
	if i.Status != a.Stage {
		return nil
	}
	if err := s.Units.Refresh(ctx); err != nil {
		return err
	}
	rows, _, err := dossier.ReadOld(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	o := dossier.AdoptOptions{DryRun: i.Status == Checking, From: i.Place, Step: func(tx *db.Tx, done int, part dossier.AdoptReport) error {
		next := count(i, done, part)
		if err := moveImport(tx, i, next, errMoved); err != nil {
			return err
		}
		for _, n := range notesOf(part) {
			if err := insertNote(tx, i.ID, n); err != nil {
				return err
			}
		}
		tx.AfterCommit(func() { i = next })
		return nil
	}}
	if i.Units != nil {
		o.May = func(u orgunit.UnitID) bool { return slices.Contains(i.Units, u) }
	}
	ctx = auth.With(ctx, auth.Subject{Kind: auth.KindSystem, Account: i.Account, Name: i.Name})
	if _, err = s.Dossiers.Adopt(ctx, rows, o); err == nil {
		err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			return s.end(tx, i)
		})
	}
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}

// end closes a stage: what was looked at waits, what was brought in is done.
func (s *Service) end(tx *db.Tx, i Import) error {
	next := i
	if i.Status == Checking {
		next.Status = Checked
		return moveImport(tx, i, next, errMoved)
	}
	next.Status, next.EndedAt = Done, tx.Now()
	if err := moveImport(tx, i, next, errMoved); err != nil {
		return err
	}
	if err := deleteParts(tx, i.ID); err != nil {
		return err
	}
	return s.journal(tx, KindEnded, i, Told{SHA256: i.SHA256, Rows: i.Total, Added: i.Added, Same: i.Same, Refused: i.Refused + i.Changed})
}

func count(i Import, done int, p dossier.AdoptReport) Import {
	i.Place = done
	i.Added, i.Open, i.Same = i.Added+p.Added, i.Open+p.Open, i.Same+p.Same
	i.Changed, i.Refused, i.Doubts = i.Changed+len(p.Changed), i.Refused+len(p.Refused), i.Doubts+len(p.Doubts)
	return i
}

func notesOf(p dossier.AdoptReport) (out []Note) {
	for _, l := range []struct {
		outcome string
		notes   []dossier.RowNote
	}{{"refused", p.Refused}, {"changed", p.Changed}, {"doubt", p.Doubts}} {
		for _, n := range l.notes {
			out = append(out, Note{Line: n.Line, Code: n.Code, Outcome: l.outcome, Key: n.Key, Params: plain(n.Params)})
		}
	}
	return out
}

// plain makes params that stay what they are in JSON: a day is written as one.
func plain(p errs.Params) errs.Params {
	out := errs.Params{}
	for k, v := range p {
		switch x := v.(type) {
		case int:
			out[k] = strconv.Itoa(x)
		case clock.Date:
			out[k] = x.Time().Format("02/01/2006")
		default:
			out[k] = v
		}
	}
	return out
}

// expire drops files that nobody started.
func (s *Service) expire(ctx context.Context, _ jobs.Task) error {
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		list, err := staleImports(tx, db.Millis(tx.Now().Add(-keep)))
		for _, i := range list {
			if err := s.drop(tx, i); err != nil {
				return err
			}
		}
		return err
	})
}

func (s *Service) journal(tx *db.Tx, kind string, i Import, told Told) error {
	b, err := json.Marshal(told)
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, journal.Entry{
		Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: int64(i.ID)}, Actor: i.Account, Unit: s.Units.Now().Government().ID.String(), Payload: b,
	})
	return err
}
