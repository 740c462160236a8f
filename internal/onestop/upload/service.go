package upload

import (
	"context"
	"embed"
	"errors"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"

	"khue/internal/kernel/blob"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/filecheck"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/measure"
	"khue/internal/kernel/module"
	"khue/internal/onestop/form"
)

// Messages are this package's sentences (keys under "upload").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

const jobExpire = "upload.expire"

// Service takes files in. Safe for concurrent use.
type Service struct {
	db      *db.DB
	gen     *id.Gen
	blobs   blob.Store
	staging blob.Staging
	checks  chan struct{}

	scanning Scanning
	scans    measure.Counts

	mu   sync.Mutex
	busy map[string]int // pieces being written, by owner
	now  map[ID]bool    // uploads that a piece is being written to
}

// New returns the service.
func New(d *db.DB, gen *id.Gen, blobs blob.Store, staging blob.Staging, scanning Scanning) *Service {
	return &Service{scanning: scanning, db: d, gen: gen, blobs: blobs, staging: staging, checks: make(chan struct{}, maxChecks), busy: map[string]int{}, now: map[ID]bool{}}
}

// Module is what uploads bring to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name:     "upload",
		Jobs:     []jobs.Handler{{Kind: jobExpire, Do: func(ctx context.Context, _ jobs.Task) error { return s.Expire(ctx) }}},
		Periodic: []jobs.Periodic{{Kind: jobExpire, Every: time.Hour, Offset: 20 * time.Minute}},
		Health:   s.health(), Measures: s.measures(),
	}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("upload", migrations) }

// Source is a file that came whole, as the edge hands it over.
type Source struct {
	Name     string
	Declared string // media type
	Size     int64
	R        io.ReaderAt
}

// Keep checks a file that came whole and stores it as a paper. A refusal is Invalid or
// TooLarge with the paper's field.
func (s *Service) Keep(ctx context.Context, p form.PaperNeed, in Source) (f form.File, err error) {
	defer errs.Op(&err, "upload.Keep(%s)", p.ID)
	select {
	case s.checks <- struct{}{}:
		defer func() { <-s.checks }()
	case <-ctx.Done():
		return f, ctx.Err()
	}
	v, err := filecheck.Check(filecheck.Input{
		Name: in.Name, Declared: in.Declared, R: in.R, Size: in.Size, Accept: p.Accept, MaxBytes: p.MaxBytes,
	})
	if err != nil {
		return f, onField(p, err)
	}
	if err := s.scan(ctx, in); err != nil {
		return f, onField(p, err)
	}
	ref, err := s.blobs.Put(ctx, v.Reader(), v.Size())
	if err != nil {
		return f, err
	}
	return form.File{Paper: p.ID, Name: v.Name, Type: string(v.Kind), Size: ref.Size, SHA256: ref.SHA256, Copies: 1}, nil
}

// onField puts a refusal at the paper's field.
func onField(p form.PaperNeed, err error) error {
	e, ok := errs.As(err)
	if !ok || e.Kind != errs.Invalid && e.Kind != errs.TooLarge {
		return err
	}
	e.Fields = []errs.Field{{Path: p.Name, Key: e.Key, Params: e.Params}}
	return err
}

// Skipped says why files of a paper were not taken that came in a post of more than limit bytes:
// too large each, or all together.
func Skipped(p form.PaperNeed, name string, size, limit int64) errs.Field {
	name = filecheck.CleanName(name)
	if e, ok := errs.As(filecheck.Announced(name, size, p.Accept, p.MaxBytes)); ok {
		return errs.Field{Path: p.Name, Key: e.Key, Params: e.Params}
	}
	return errs.Field{Path: p.Name, Key: "web.error.file_too_large", Params: errs.Params{"file": name, "mb": limit >> 20}}
}

// Announced is a file that is to come in pieces.
type Announced struct {
	Scope    Scope
	Owner    string
	Name     string
	Declared string
	Mark     string // says the same of the same file each time: name, size, time of change
	Size     int64
	Held     int64 // bytes that the scope keeps already, elsewhere
}

// Begin announces a file of a paper. The same scope, paper, mark and size again is the
// upload that stands, with what has arrived. Errors: Invalid and TooLarge with the
// paper's field, RateLimited where the owner has too much on the way.
func (s *Service) Begin(ctx context.Context, p form.PaperNeed, in Announced) (u Upload, err error) {
	defer errs.Op(&err, "upload.Begin(%s)", p.ID)
	name := filecheck.CleanName(in.Name)
	if err := filecheck.Announced(name, in.Size, p.Accept, p.MaxBytes); err != nil {
		return u, onField(p, err)
	}
	err = s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		u = Upload{}
		all, err := ofScope(tx, in.Scope)
		if err != nil {
			return err
		}
		open, held := 0, in.Held+in.Size
		for _, o := range all {
			if !o.Finished() {
				if o.Paper == p.ID && o.Size == in.Size && o.Mark == in.Mark && in.Mark != "" {
					u = o
					return nil
				}
				open++
			}
			held += o.Size
		}
		n, bytes, err := load(tx, in.Owner)
		switch {
		case err != nil:
			return err
		case open >= maxScopeOpen:
			return errs.E(errs.RateLimited, "upload.tooMany", errs.P("max", maxScopeOpen))
		case held > maxScopeBytes:
			return errs.E(errs.TooLarge, "upload.scopeFull", errs.P("max", maxScopeBytes>>20))
		case n >= maxOwnerOpen, bytes+in.Size > maxOwnerBytes:
			return errs.E(errs.RateLimited, "upload.ownerFull")
		}
		u = Upload{ID: id.New[Upload](s.gen), Scope: in.Scope, Owner: in.Owner, Paper: p.ID, Name: name, Declared: in.Declared, Mark: in.Mark, Size: in.Size}
		return insert(tx, u)
	})
	return u, err
}

// Find is an upload of a scope. NotFound for one of another scope.
func (s *Service) Find(ctx context.Context, scope Scope, v ID) (u Upload, err error) {
	err = s.db.View(ctx, func(_ context.Context, q *db.View) error {
		u, err = find(q, scope, v)
		return err
	})
	return u, err
}

// Of are the uploads of a scope, oldest first.
func (s *Service) Of(ctx context.Context, scope Scope) (us []Upload, err error) {
	err = s.db.View(ctx, func(_ context.Context, q *db.View) error {
		us, err = ofScope(q, scope)
		return err
	})
	return us, err
}

// Receive takes the piece at an offset. What came before a broken connection is kept.
// Errors: Conflict where the offset is not what has arrived, or another piece of the
// same file is on its way; RateLimited.
func (s *Service) Receive(ctx context.Context, u Upload, offset int64, r io.Reader) (_ Upload, err error) {
	defer errs.Op(&err, "upload.Receive(%s)", u.ID)
	if u.Finished() || offset != u.Received {
		return u, errs.E(errs.Conflict, "upload.offset")
	}
	if err := s.enter(u); err != nil {
		return u, err
	}
	defer s.leave(u)
	// The row is read again under the lock: a piece before this one may have ended just now.
	if u, err = s.Find(ctx, u.Scope, u.ID); err != nil {
		return u, err
	}
	if offset != u.Received {
		return u, errs.E(errs.Conflict, "upload.offset")
	}
	n, broken := s.staging.Write(ctx, u.ID.String(), offset, r, min(u.Size-offset, MaxChunk))
	if n > 0 {
		// Counted even where the sender has gone: that is what resuming is for.
		err = s.db.InTx(context.WithoutCancel(ctx), func(_ context.Context, tx *db.Tx) error {
			return advance(tx, u, offset+n, errs.E(errs.Conflict, "upload.offset"))
		})
		if err != nil {
			return u, err
		}
		u.Received += n
	}
	if broken != nil {
		if _, ours := errs.As(broken); ours || errors.Is(broken, fs.ErrInvalid) {
			return u, broken
		}
		return u, errs.E(errs.Invalid, "upload.broken", errs.Cause(broken))
	}
	return u, nil
}

func (s *Service) enter(u Upload) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now[u.ID] {
		return errs.E(errs.Conflict, "upload.offset")
	}
	if s.busy[u.Owner] >= maxAtOnce {
		return errs.E(errs.RateLimited, "upload.atOnce")
	}
	s.now[u.ID] = true
	s.busy[u.Owner]++
	return nil
}

func (s *Service) leave(u Upload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.now, u.ID)
	if s.busy[u.Owner]--; s.busy[u.Owner] <= 0 {
		delete(s.busy, u.Owner)
	}
}

// Finish checks an upload whose last byte is here and stores it. What is refused is
// forgotten: Invalid or TooLarge with the paper's field.
func (s *Service) Finish(ctx context.Context, u Upload, p form.PaperNeed) (f form.File, err error) {
	defer errs.Op(&err, "upload.Finish(%s)", u.ID)
	ctx = context.WithoutCancel(ctx) // a sender who left finds it done
	if u.Finished() {
		return u.File(), nil
	}
	if u.Received != u.Size {
		return f, errs.E(errs.Conflict, "upload.offset")
	}
	in, err := s.staging.Open(ctx, u.ID.String())
	if err != nil {
		return f, err
	}
	defer func() { _ = in.Close() }()
	f, err = s.Keep(ctx, p, Source{Name: u.Name, Declared: u.Declared, Size: u.Size, R: in})
	switch errs.KindOf(err) {
	case errs.Invalid, errs.TooLarge:
		if e := s.Drop(ctx, u); e != nil {
			return f, e
		}
	}
	if err != nil {
		return f, err
	}
	u.Name, u.Size, u.Kind, u.SHA256 = f.Name, f.Size, f.Type, f.SHA256
	err = s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return finish(tx, u, errs.E(errs.Conflict, "upload.offset")) })
	if err != nil {
		return f, err
	}
	return f, s.staging.Remove(ctx, u.ID.String())
}

// Drop forgets an upload.
func (s *Service) Drop(ctx context.Context, u Upload) (err error) {
	defer errs.Op(&err, "upload.Drop(%s)", u.ID)
	if err := s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return remove(tx, u.ID) }); err != nil {
		return err
	}
	return s.staging.Remove(ctx, u.ID.String())
}

// Add keeps a file that came whole with its scope, until the act it is for.
func (s *Service) Add(ctx context.Context, scope Scope, owner string, f form.File) error {
	u := Upload{
		ID: id.New[Upload](s.gen), Scope: scope, Owner: owner, Paper: f.Paper, Name: f.Name, Size: f.Size, Received: f.Size, Kind: f.Type, SHA256: f.SHA256,
	}
	return s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return insert(tx, u) })
}

// Taken forgets the finished uploads of a scope: the act that they were for has them.
func (s *Service) Taken(ctx context.Context, scope Scope) error {
	return s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return removeScope(tx, scope) })
}

// Expire forgets what stayed unfinished for a day, and finished files that nobody used
// for thirty.
func (s *Service) Expire(ctx context.Context) (err error) {
	defer errs.Op(&err, "upload.Expire")
	for {
		var gone []Upload
		err := s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			gone, err = expired(tx, db.Millis(tx.Now().Add(-openLife)), db.Millis(tx.Now().Add(-finishedLife)), defaultPerStep)
			return err
		})
		if err != nil {
			return err
		}
		for _, u := range gone {
			if err := s.staging.Remove(ctx, u.ID.String()); err != nil {
				return err
			}
		}
		if len(gone) < defaultPerStep {
			return nil
		}
	}
}

// Open reads a file that was kept, for whoever the caller lets. NotFound where it is gone.
func (s *Service) Open(ctx context.Context, f form.File) (io.ReadCloser, error) {
	return s.blobs.Open(ctx, blob.Ref{SHA256: f.SHA256, Size: f.Size})
}

// Files are the finished uploads among us, of papers that are still asked for.
func Files(us []Upload, papers []form.PaperNeed) (out []form.File) {
	for _, u := range us {
		if u.Finished() && slices.ContainsFunc(papers, func(p form.PaperNeed) bool { return p.ID == u.Paper }) {
			out = append(out, u.File())
		}
	}
	return out
}

// FileNames gives each the texts of this module in which files are named, for the sweep of files that
// nobody names.
func (s *Service) FileNames(ctx context.Context, each func(text string)) error {
	return s.db.Texts(ctx, fileNames, each)
}
