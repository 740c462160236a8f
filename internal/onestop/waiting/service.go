package waiting

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/service"
)

// Messages are this package's sentences (keys under "waiting").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// The misses of guarded writes. errRaced: another node or request was faster; errUsed: the
// ticket does not stand where it stood, or something was filed with it.
var (
	errRaced = errors.New("waiting: another was faster")
	errUsed  = errors.New("waiting: the ticket was used")
)

// Kinds of journal entries about an opening; their subject is the opening's id.
const (
	SubjectType   = "waiting"
	KindCommitted = "waiting.committed" // the digest of the seed, before anybody came
	KindDrawn     = "waiting.drawn"     // the seed, and the digest of who took part in what order
	KindAdmitted  = "waiting.admitted"  // how many were let in, up to which place in the order
	KindReleased  = "waiting.released"  // a place was given back
)

// Deps is what the line stands on.
type Deps struct {
	DB       *db.DB
	Gen      *id.Gen
	Clock    clock.Clock
	Journal  *journal.Journal
	Services *service.Registry
	Log      *slog.Logger
	// Pace is how many are let in a second at most, over all nodes; 0: DefaultPace.
	Pace int
	// Room is how many may be filling in and filing at once; 0: DefaultRoom.
	Room int
}

// How many are let in where the operator says nothing.
const (
	DefaultPace = 50
	DefaultRoom = 20_000
)

// Service keeps the lines. Safe for concurrent use.
type Service struct {
	Deps
	mu    sync.Mutex
	rooms map[key]*room
}

type key struct {
	service string
	from    int64
}

// room is one line on this node.
type room struct {
	service string
	now     atomic.Pointer[board]

	refresh sync.Mutex      // held by who brings the board up to date
	known   map[int64]int64 // order of each account's ticket that is not let in
	here    map[int64]struct{}
	full    time.Time // of the last whole reading
	quotas  quotas
}

// New returns the service.
func New(d Deps) *Service {
	if d.Pace <= 0 {
		d.Pace = DefaultPace
	}
	if d.Room <= 0 {
		d.Room = DefaultRoom
	}
	return &Service{Deps: d, rooms: map[key]*room{}}
}

// Run keeps the lines moving until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := s.Tick(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "the lines did not move; tried again in a second", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// commitBefore is how long before the opening its seed is committed to.
const commitBefore = 30 * 24 * time.Hour

// Tick does what is due in every line: commits to the seed, draws, lets the next in, and
// brings this node's board up to date. Every node does it each second.
func (s *Service) Tick(ctx context.Context) error {
	now := s.Clock.Now()
	var all []error
	for _, pkg := range s.Services.On(clock.DateOf(now)) {
		o := pkg.Opening
		if o == nil || now.Before(o.From.Add(-commitBefore)) || !now.Before(o.Until.Add(Doors)) {
			continue
		}
		r, err := s.room(ctx, pkg)
		if err == nil {
			err = s.move(ctx, r, o)
		}
		all = append(all, err)
	}
	return errors.Join(all...)
}

// room is the line of a package's opening, made where there is none.
func (s *Service) room(ctx context.Context, pkg *service.Package) (*room, error) {
	k := key{pkg.ID, db.Millis(pkg.Opening.From)}
	s.mu.Lock()
	r := s.rooms[k]
	if r == nil {
		r = &room{service: pkg.ID, quotas: quotas{of: map[string]*quota{}}}
		s.rooms[k] = r
	}
	s.mu.Unlock()
	if b := r.now.Load(); b != nil && b.decl == pkg.Opening {
		return r, nil
	}
	r.refresh.Lock()
	defer r.refresh.Unlock()
	b := r.now.Load()
	if b == nil {
		o, err := s.begin(ctx, pkg)
		if err != nil {
			return nil, err
		}
		b = &board{opening: o}
	}
	fresh := *b
	fresh.decl = pkg.Opening // a later version of the package may have another quota
	r.now.Store(&fresh)
	if len(fresh.batches) == 0 {
		return r, s.read(ctx, r)
	}
	return r, nil
}

// begin finds an opening, or makes it and commits to its seed.
func (s *Service) begin(ctx context.Context, pkg *service.Package) (o opening, err error) {
	defer errs.Op(&err, "waiting.begin(%s)", pkg.ID)
	find := func() (found bool, err error) {
		err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
			o, found, err = findOpening(v, pkg.ID, pkg.Opening.From)
			return err
		})
		return found, err
	}
	if found, err := find(); found || err != nil {
		return o, err
	}
	fresh := opening{id: s.Gen.Next(), from: pkg.Opening.From, seed: make([]byte, 32), secret: make([]byte, 32)}
	_, _ = rand.Read(fresh.seed)
	_, _ = rand.Read(fresh.secret)
	digest := Commitment(fresh.seed)
	entry, err := s.entry(KindCommitted, fresh.id, map[string]any{"service": pkg.ID, "from": pkg.Opening.From.Format(time.RFC3339), "commitment": hex.EncodeToString(digest[:])})
	if err != nil {
		return o, err
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := insertOpening(tx, pkg.ID, fresh); err != nil {
			return err
		}
		_, err := s.Journal.Append(tx, entry)
		return err
	})
	if db.IsUnique(err) { // another node was faster
		_, err = find()
		return o, err
	}
	return fresh, err
}

func (s *Service) entry(kind string, opening int64, payload map[string]any) (journal.Entry, error) {
	b, err := json.Marshal(payload)
	return journal.Entry{Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: opening}, Payload: b}, err
}

// Package is the version of a service that is in force today. NotFound.
func (s *Service) Package(id string) (*service.Package, error) {
	return s.Services.Find(id, clock.DateOf(s.Clock.Now()))
}

// Taken is how many places of an opening are taken, of all its quotas.
func (s *Service) Taken(ctx context.Context, q db.Querier, pkg *service.Package) (int, error) {
	r, err := s.room(ctx, pkg)
	if err != nil {
		return 0, err
	}
	return countTaken(q, r.now.Load().opening.id)
}

// Read verifies what a browser kept, for a package; false where it is no ticket of this opening.
func (s *Service) Read(ctx context.Context, pkg *service.Package, text string) (t Ticket, ok bool) {
	if text == "" {
		return t, false
	}
	r, err := s.room(ctx, pkg)
	if err != nil {
		return t, false
	}
	o := r.now.Load().opening
	return verify(o.secret, o.id, text)
}

// Standing says how a line stands and, with a ticket, where its holder stands. It reads memory alone.
func (s *Service) Standing(ctx context.Context, pkg *service.Package, t *Ticket) (Standing, error) {
	r, err := s.room(ctx, pkg)
	if err != nil {
		return Standing{}, err
	}
	return r.now.Load().standing(t, s.Clock.Now()), nil
}

// Mine is the ticket of the subject of ctx as the database has it: where their browser has
// none, or they came by another one. text is what their browser is to keep; "" without a ticket.
func (s *Service) Mine(ctx context.Context, pkg *service.Package) (t Ticket, text string, filed bool, err error) {
	defer errs.Op(&err, "waiting.Mine(%s)", pkg.ID)
	sub := auth.From(ctx)
	if sub.Account == 0 {
		return t, "", false, nil
	}
	r, err := s.room(ctx, pkg)
	if err != nil {
		return t, "", false, err
	}
	o := r.now.Load().opening
	var x row
	var found bool
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		x, found, err = findTicket(v, o.id, sub.Account)
		return err
	})
	if err != nil || !found {
		return t, "", false, err
	}
	return x.Ticket, sign(o.secret, o.id, x.Ticket), x.dossier != 0, nil
}

// Join gives the subject of ctx their one ticket: the one that they have, a new one, or, where
// their time to file ran out, a place at the end. Unauthenticated for a visitor; Conflict
// where the line does not stand yet; Gone where the opening is over.
func (s *Service) Join(ctx context.Context, pkg *service.Package) (t Ticket, text string, err error) {
	defer errs.Op(&err, "waiting.Join(%s)", pkg.ID)
	sub, now := auth.From(ctx), s.Clock.Now()
	if sub.Account == 0 {
		return t, "", errs.E(errs.Unauthenticated, "waiting.signIn")
	}
	if sub.Kind != auth.KindCitizen {
		return t, "", errs.E(errs.Forbidden, "waiting.citizens")
	}
	switch PhaseAt(pkg.Opening, now) {
	case Closed:
		return t, "", errs.E(errs.Conflict, "waiting.notYet", errs.P("doors", pkg.Opening.From.Add(-Doors), "from", pkg.Opening.From))
	case Over:
		return t, "", errs.E(errs.Gone, "waiting.over", errs.P("until", pkg.Opening.Until))
	case Before, Open:
	}
	r, err := s.room(ctx, pkg)
	if err != nil {
		return t, "", err
	}
	b := r.now.Load()
	o := b.opening
	for range 3 {
		var was row
		var found bool
		err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
			was, found, err = findTicket(v, o.id, sub.Account)
			return err
		})
		if err != nil {
			return t, "", err
		}
		if found && (was.dossier != 0 || b.standing(&was.Ticket, now).Stand != Lapsed) {
			return was.Ticket, sign(o.secret, o.id, was.Ticket), nil
		}
		is := row{Ticket: Ticket{ID: was.ID, Account: sub.Account, Arrived: now.Truncate(time.Millisecond)}}
		if !found {
			is.ID = s.Gen.Next()
		}
		is.ord = Order(o.seed, o.from, is.Ticket)
		err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			if found {
				return requeue(tx, o.id, was, is)
			}
			return insertTicket(tx, o.id, is)
		})
		if err == nil {
			return is.Ticket, sign(o.secret, o.id, is.Ticket), nil
		}
		if !db.IsUnique(err) && !errors.Is(err, errRaced) {
			return t, "", err
		}
	}
	return t, "", err
}
