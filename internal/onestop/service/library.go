package service

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/module"
	"khue/internal/kernel/once"
)

//go:embed migrations/*.sql
var migrations embed.FS

// CitySigner is the city's own key, with which it signs what it publishes.
type CitySigner interface {
	note.Signer
	PublicKey() string
}

// LibraryDeps are what a library works with.
type LibraryDeps struct {
	DB       *db.DB
	Gen      *id.Gen
	Clock    clock.Clock
	Journal  *journal.Journal
	Policies *auth.Policies
	Registry *Registry // is kept up to date
	Signer   CitySigner
	World    World // in which scenarios are played before anything is taken
	Log      *slog.Logger
	// Changed is called after the registry has changed, and on each new day; may be nil.
	Changed func(ctx context.Context) error
}

// Library takes packages in, has them reviewed and puts them in force. Safe for
// concurrent use. Who submits never publishes: four eyes see each version.
type Library struct {
	LibraryDeps
	epoch  atomic.Int64
	mu     sync.Mutex // one refresh at a time
	loaded map[string]*Package
	day    clock.Date // of the last word to Changed: a version begins with its day
}

// NewLibrary returns the library. Refresh or Run brings its packages into the registry.
func NewLibrary(d LibraryDeps) *Library {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	return &Library{LibraryDeps: d, loaded: map[string]*Package{}}
}

// Policies of the routes: who may hand in, and who may decide.
//
//nolint:gochecknoglobals // immutable
var (
	MaySubmit = auth.SignedIn
	MayDecide = auth.AnyRole("designer", "leader")
)

const (
	maxOpen   = 20 // submissions of one account that nobody has decided on
	maxReason = 2000
)

// AddAuthor registers the public key of an author. Conflict service.sign.nameTaken where
// the name has another key.
func (l *Library) AddAuthor(ctx context.Context, publicKey string, by int64) (name string, err error) {
	defer errs.Op(&err, "service.AddAuthor")
	v, err := note.NewVerifier(strings.TrimSpace(publicKey))
	if err != nil {
		return "", errs.E(errs.Invalid, "service.sign.publicKey", errs.Cause(err))
	}
	payload, err := json.Marshal(Event{Author: v.Name()})
	if err != nil {
		return "", err
	}
	return v.Name(), l.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		known, err := selectAuthors(tx)
		if err != nil {
			return err
		}
		for _, a := range known {
			switch {
			case a.name == v.Name() && a.key == strings.TrimSpace(publicKey):
				return nil
			case a.name == v.Name():
				return errs.E(errs.Conflict, "service.sign.nameTaken", errs.P("name", v.Name()))
			}
		}
		if err := insertAuthor(tx, authorRow{v.Name(), strings.TrimSpace(publicKey)}, by); err != nil {
			return err
		}
		_, err = l.Journal.Append(tx, journal.Entry{Kind: KindAuthor, Subject: journal.Subject{Type: "service.author", ID: l.Gen.Next()}, Actor: by, Payload: payload})
		return err
	})
}

// Check loads an archive as a submission would, and plays its scenarios.
func (l *Library) Check(name string, archive []byte) (*Package, decl.Problems) {
	pkg, problems := LoadArchive(name, archive)
	if pkg == nil {
		return nil, problems
	}
	for _, s := range pkg.Scenarios {
		problems = append(problems, pkg.Play(s, l.World)...)
	}
	if problems.Failed() {
		return nil, problems
	}
	return pkg, problems
}

// Submit hands a package in. key is the client's request id. Invalid with one field for
// each problem of the package, service.sign.* for its signature; Conflict
// service.publish.versionTaken where the version is another package's.
func (l *Library) Submit(ctx context.Context, key string, archive []byte) (out Submission, err error) {
	defer errs.Op(&err, "service.Submit")
	if err := l.Policies.Can(ctx, actSubmit, auth.Resource{}); err != nil {
		return out, err
	}
	sub := auth.From(ctx)
	pkg, problems := l.Check("", archive)
	if pkg == nil {
		return out, problems.Err()
	}
	files, _ := ReadArchive(archive)
	author, err := l.author(ctx, files)
	if err != nil {
		return out, err
	}
	canonical, err := Pack(files)
	if err != nil {
		return out, errs.E(errs.Internal, "service.publish.failed", errs.Cause(err))
	}
	if err := l.Registry.fresh(pkg); err != nil {
		return out, err
	}
	out = Submission{
		ID: id.New[Submission](l.Gen), Service: pkg.ID, Version: pkg.Version, Digest: pkg.Digest, Procedure: pkg.Procedure,
		Author: author, Stage: Submitted, SubmittedBy: sub.Account, SubmittedName: sub.Name,
	}
	result, _, err := once.Do(ctx, l.DB, sub.Account, key, once.Hash([]string{"service.submit", pkg.Digest}), func(_ context.Context, tx *db.Tx) (int64, error) {
		was, err := selectVersion(tx, pkg.ID, pkg.Version)
		switch {
		case err == nil && was.Digest == pkg.Digest:
			return int64(was.ID), nil // handed in before
		case err == nil:
			return 0, errs.E(errs.Conflict, "service.publish.versionTaken", errs.P("version", pkg.Version, "stage", string(was.Stage)))
		case !errs.Is(err, errs.NotFound):
			return 0, err
		}
		if n, err := countOpen(tx, sub.Account); err != nil || n >= maxOpen {
			return 0, errors.Join(err, errs.E(errs.Conflict, "service.publish.tooMany", errs.P("max", maxOpen)))
		}
		if err := upsertContent(tx, pkg.Digest, canonical); err != nil {
			return 0, err
		}
		if err := insertSubmission(tx, out); err != nil {
			return 0, err
		}
		return int64(out.ID), l.note(tx, KindSubmitted, out, sub.Account)
	})
	if err != nil {
		return out, err
	}
	return l.Submission(ctx, SubmissionID(result))
}

// author is the name of the registered key that signed the files.
func (l *Library) author(ctx context.Context, files map[string][]byte) (string, error) {
	var keys []string
	err := l.DB.View(ctx, func(_ context.Context, v *db.View) error {
		rows, err := selectAuthors(v)
		for _, a := range rows {
			keys = append(keys, a.key)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	who, err := Signers(files, keys...)
	if err != nil {
		return "", err
	}
	return who[0], nil
}

func (l *Library) note(tx *db.Tx, kind string, x Submission, by int64) error {
	payload, err := json.Marshal(Event{Service: x.Service, Version: x.Version, Digest: x.Digest, Author: x.Author, From: day(x.From), Until: day(x.Until), Reason: x.Reason})
	if err != nil {
		return err
	}
	_, err = l.Journal.Append(tx, journal.Entry{Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: int64(x.ID)}, Actor: by, Payload: payload})
	return err
}

// Submission is one of them. NotFound service.publish.notFound; those who may not decide
// see only their own.
func (l *Library) Submission(ctx context.Context, v SubmissionID) (out Submission, err error) {
	defer errs.Op(&err, "service.Submission(%s)", v)
	err = l.DB.View(ctx, func(_ context.Context, q *db.View) (err error) {
		out, err = selectSubmission(q, v)
		return err
	})
	if err == nil && !l.Policies.May(ctx, actSee, resourceOf(out)) {
		return Submission{}, errs.E(errs.NotFound, "service.publish.notFound")
	}
	return out, err
}

// Submissions lists the newest first; those who may not decide see only their own.
func (l *Library) Submissions(ctx context.Context) (out []Submission, err error) {
	defer errs.Op(&err, "service.Submissions")
	if err := l.Policies.Can(ctx, actSubmit, auth.Resource{}); err != nil {
		return nil, err
	}
	sub := auth.From(ctx)
	by := sub.Account
	if l.Policies.May(ctx, ActDecide, auth.Resource{}) {
		by = 0
	}
	err = l.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = selectSubmissions(v, by, 200)
		return err
	})
	return out, err
}

// Package loads the package of a submission as it was handed in, with what the linter and
// its scenarios say of it today.
func (l *Library) Package(ctx context.Context, x Submission) (pkg *Package, problems decl.Problems, err error) {
	defer errs.Op(&err, "service.Package(%s)", x.ID)
	var archive []byte
	err = l.DB.View(ctx, func(_ context.Context, v *db.View) error {
		archive, err = selectContent(v, x.Digest)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	pkg, problems = LoadArchive("", archive)
	if pkg == nil {
		pkg = trusted(archive)
	} else {
		for _, s := range pkg.Scenarios {
			problems = append(problems, pkg.Play(s, l.World)...)
		}
	}
	return pkg, problems, nil
}

// Review finds a submission good, or rejects it with a reason. Forbidden
// service.publish.fourEyes to who submitted it.
func (l *Library) Review(ctx context.Context, key string, v SubmissionID, approve bool, reason string) (Submission, error) {
	reason = strings.TrimSpace(reason)
	if !approve && reason == "" || len([]rune(reason)) > maxReason {
		return Submission{}, errs.E(errs.Invalid, "service.publish.reason", errs.P("max", maxReason), errs.WithFields(errs.Field{Path: "reason", Key: "service.publish.reason", Params: errs.Params{"max": maxReason}}))
	}
	return l.decide(ctx, key, v, []any{"review", approve, reason}, func(tx *db.Tx, x *Submission, sub auth.Subject) (string, error) {
		if x.Stage != Submitted {
			return "", wrongStage(*x, Submitted)
		}
		x.ReviewedBy, x.ReviewedName, x.ReviewedAt, x.Stage = sub.Account, sub.Name, tx.Now(), Reviewed
		if approve {
			return KindReviewed, nil
		}
		x.Stage, x.Reason = Rejected, reason
		return KindRejected, nil
	})
}

// Publish puts a reviewed package in force from a day, today or later. The city signs it.
// Conflict service.publish.procedure where another service has the procedure that day.
func (l *Library) Publish(ctx context.Context, key string, v SubmissionID, from clock.Date) (out Submission, err error) {
	defer errs.Op(&err, "service.Publish(%s)", v)
	if from.Before(clock.DateOf(l.Clock.Now())) {
		return out, errs.E(errs.Invalid, "service.publish.past", errs.WithFields(errs.Field{Path: "from", Key: "service.publish.past"}))
	}
	signed, err := l.countersigned(ctx, v, from)
	if err != nil {
		return out, err
	}
	out, err = l.decide(ctx, key, v, []any{"publish", from.String()}, func(tx *db.Tx, x *Submission, sub auth.Subject) (string, error) {
		if x.Stage != Reviewed {
			return "", wrongStage(*x, Reviewed)
		}
		x.PublishedBy, x.PublishedName, x.PublishedAt, x.Stage, x.From = sub.Account, sub.Name, tx.Now(), Published, from
		if err := upsertContent(tx, x.Digest, signed); err != nil {
			return "", err
		}
		return KindPublished, raiseEpoch(tx)
	})
	if err != nil {
		return out, err
	}
	return out, l.Refresh(ctx)
}

// countersigned is the archive of a submission with the city's signature.
func (l *Library) countersigned(ctx context.Context, v SubmissionID, from clock.Date) ([]byte, error) {
	x, err := l.Submission(ctx, v)
	if err != nil {
		return nil, err
	}
	var archive []byte
	var keys []string
	err = l.DB.View(ctx, func(_ context.Context, q *db.View) error {
		rows, err := selectAuthors(q)
		if err != nil {
			return err
		}
		for _, a := range rows {
			keys = append(keys, a.key)
		}
		archive, err = selectContent(q, x.Digest)
		return err
	})
	if err != nil {
		return nil, err
	}
	pkg, problems := l.Check("", archive)
	if pkg == nil {
		return nil, problems.Err()
	}
	if err := l.Registry.procedureFree(pkg, from); err != nil {
		return nil, err
	}
	files, _ := ReadArchive(archive)
	if _, err := Signers(files, keys...); err != nil {
		return nil, err
	}
	known, err := verifiers(append(keys, l.Signer.PublicKey()))
	if err != nil {
		return nil, err
	}
	if err := countersign(files, l.Signer, known); err != nil {
		return nil, err
	}
	return Pack(files)
}

// Retire takes a published package out of force from a day on. Dossiers that were filed
// under it keep it.
func (l *Library) Retire(ctx context.Context, key string, v SubmissionID, until clock.Date, reason string) (out Submission, err error) {
	defer errs.Op(&err, "service.Retire(%s)", v)
	reason = strings.TrimSpace(reason)
	switch {
	case until.Before(clock.DateOf(l.Clock.Now())):
		return out, errs.E(errs.Invalid, "service.publish.past", errs.WithFields(errs.Field{Path: "until", Key: "service.publish.past"}))
	case reason == "" || len([]rune(reason)) > maxReason:
		return out, errs.E(errs.Invalid, "service.publish.reason", errs.P("max", maxReason), errs.WithFields(errs.Field{Path: "reason", Key: "service.publish.reason", Params: errs.Params{"max": maxReason}}))
	}
	out, err = l.decide(ctx, key, v, []any{"retire", until.String(), reason}, func(tx *db.Tx, x *Submission, sub auth.Subject) (string, error) {
		if x.Stage != Published {
			return "", wrongStage(*x, Published)
		}
		x.RetiredBy, x.RetiredName, x.Stage, x.Until, x.Reason = sub.Account, sub.Name, Retired, until, reason
		return KindRetired, raiseEpoch(tx)
	})
	if err != nil {
		return out, err
	}
	return out, l.Refresh(ctx)
}

func wrongStage(x Submission, want Stage) error {
	return errs.E(errs.Conflict, "service.publish.stage", errs.P("stage", string(x.Stage), "want", string(want)))
}

// decide is one act of a second person on a submission, with its entry in the journal.
func (l *Library) decide(ctx context.Context, key string, v SubmissionID, what []any, act func(tx *db.Tx, x *Submission, sub auth.Subject) (string, error)) (out Submission, err error) {
	if err := l.Policies.Can(ctx, ActDecide, auth.Resource{}); err != nil {
		return out, err
	}
	sub := auth.From(ctx)
	_, _, err = once.Do(ctx, l.DB, sub.Account, key, once.Hash(append(what, v.String())), func(_ context.Context, tx *db.Tx) (int64, error) {
		x, err := selectSubmission(tx, v)
		if err != nil {
			return 0, err
		}
		if err := l.Policies.Can(ctx, ActDecide, resourceOf(x)); err != nil {
			return 0, err
		}
		kind, err := act(tx, &x, sub)
		if err != nil {
			return 0, err
		}
		if err := updateSubmission(tx, x, errs.E(errs.Conflict, "service.publish.moved")); err != nil {
			return 0, err
		}
		return int64(v), l.note(tx, kind, x, sub.Account)
	})
	if err != nil {
		return out, err
	}
	return l.Submission(ctx, v)
}

// refreshEvery is how late this node may see another node's publication.
const refreshEvery = time.Second

// Run keeps the registry fresh until ctx ends.
func (l *Library) Run(ctx context.Context) error { return db.KeepFresh(ctx, refreshEvery, l.Refresh) }

// Refresh brings what is published into the registry, where that changed since the last
// reading. A package whose bytes are not those that the city signed is left out and told
// in the log.
func (l *Library) Refresh(ctx context.Context) (err error) {
	defer errs.Op(&err, "service.Refresh")
	l.mu.Lock()
	defer l.mu.Unlock()
	var epoch int64
	var rows []Submission
	contents := map[string][]byte{}
	err = l.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if epoch, err = selectEpoch(v); err != nil || epoch == l.epoch.Load() {
			return err
		}
		if rows, err = selectPublished(v); err != nil {
			return err
		}
		for _, x := range rows {
			if l.loaded[x.Digest] == nil {
				if contents[x.Digest], err = selectContent(v, x.Digest); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if epoch == l.epoch.Load() {
		return l.changed(ctx, false)
	}
	var placed []placed
	for _, x := range rows {
		pkg := l.loaded[x.Digest]
		if pkg == nil {
			if pkg = l.verified(contents[x.Digest], x); pkg == nil {
				continue
			}
			l.loaded[x.Digest] = pkg
		}
		placed = append(placed, place(pkg, x))
	}
	l.Registry.publish(placed)
	l.epoch.Store(epoch)
	return l.changed(ctx, true)
}

// changed tells of a new state, or of a new day.
func (l *Library) changed(ctx context.Context, news bool) error {
	today := clock.DateOf(l.Clock.Now())
	if !news && l.day == today {
		return nil
	}
	l.day = today
	if l.Changed == nil {
		return nil
	}
	return l.Changed(ctx)
}

// verified loads what the city published, unless it is not what it signed.
func (l *Library) verified(archive []byte, x Submission) *Package {
	files, problems := ReadArchive(archive)
	_, err := Signers(files, l.Signer.PublicKey())
	pkg := (*Package)(nil)
	if err == nil && !problems.Failed() {
		pkg = trusted(archive)
	}
	if pkg == nil || pkg.Digest != x.Digest {
		l.Log.Error("a published package cannot be read and is left out", "service", x.Service, "version", x.Version, "error", err)
		return nil
	}
	return pkg
}

// Module is what the library brings to the program.
func (l *Library) Module() module.Module {
	return module.Module{Name: "service", Start: l.Refresh, Run: l.Run}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("service", migrations) }
