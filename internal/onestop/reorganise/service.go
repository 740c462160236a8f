package reorganise

import (
	"context"
	"embed"
	"slices"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "reorganise").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// Follow is what moves beside a dossier: another module that keeps a unit in rows of its own
// (originals at a counter) brings it up to date in the transaction of the move.
type Follow func(tx *db.Tx, r dossier.Relocated) error

// FollowPosts is what moves with posts: called in one transaction once all posts of an act have
// ended and begun, again where the act was killed there.
type FollowPosts func(tx *db.Tx, by string, posts []Post) error

// Deps is what an act stands on. All are required but Follow and Posts.
type Deps struct {
	DB       *db.DB
	Gen      *id.Gen
	Clock    clock.Clock
	Journal  *journal.Journal
	Jobs     *jobs.Queue
	Units    *orgunit.Service
	Dossiers *dossier.Service
	Accounts *auth.Service
	Policies *auth.Policies
	Words    *i18n.Bundle // of what is written into records, which have no reader's request
	Follow   []Follow
	Posts    []FollowPosts
	Demo     bool // a city of invented people: an act may begin without two people
}

// Service declares acts and carries them out. Safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) (*Service, error) {
	if _, ps := Embedded(d.Units.Register()); ps.Failed() {
		return nil, ps.Err()
	}
	words, err := i18n.NewBundle(Messages)
	if d.Words == nil {
		d.Words = words
	}
	return &Service{d}, err
}

// Plans are the plans that come with the program, as the register reads them now.
func (s *Service) Plans() []*Plan {
	list, _ := Embedded(s.Units.Register()) // New has refused to start on a fault
	return list
}

// PlanByID finds an embedded plan; NotFound reorganise.plan.unknown.
func (s *Service) PlanByID(name string) (*Plan, error) {
	list := s.Plans()
	i := slices.IndexFunc(list, func(p *Plan) bool { return p.ID == name })
	if i < 0 {
		return nil, errs.E(errs.NotFound, "reorganise.plan.unknown", errs.P("id", name))
	}
	return list[i], nil
}

// Read reads a plan from a file; its faults name the line.
func (s *Service) Read(file string, data []byte) (*Plan, decl.Problems) {
	return Parse(file, data, s.Units.Register())
}

func (s *Service) planOf(a Act) (*Plan, error) {
	p, ps := Parse(a.Plan+".yaml", []byte(a.Body), s.Units.Register())
	if ps.Failed() {
		return nil, ps.Err()
	}
	return p, nil
}

// MayPropose reports whether the reader leads the city: who may propose an act, and decide
// on one that another proposed.
func (s *Service) MayPropose(ctx context.Context) bool { return s.CanPropose(ctx) == nil }

// CanPropose says why the reader may not propose, begin or undo an act.
func (s *Service) CanPropose(ctx context.Context) error {
	return s.Policies.Can(ctx, actPropose, s.city())
}

// CanRead says why the reader may not read acts: leaders and auditors of the city may.
func (s *Service) CanRead(ctx context.Context) error { return s.Policies.Can(ctx, actRead, s.city()) }

// MayDecide reports whether the reader may approve an act: a second leader of the city.
func (s *Service) MayDecide(ctx context.Context, a Act) bool {
	return s.Policies.May(ctx, actDecide, s.resourceOf(a))
}

// Acts lists the acts, the youngest first. Errors: Forbidden.
func (s *Service) Acts(ctx context.Context) (out []Act, err error) {
	defer errs.Op(&err, "reorganise.Acts")
	if err := s.CanRead(ctx); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = selectActs(v, 100)
		return err
	})
	return out, err
}

// Propose declares a plan for approval. Errors: Forbidden, Invalid, Mismatch.
func (s *Service) Propose(ctx context.Context, p *Plan, reason, key string) (a Act, err error) {
	defer errs.Op(&err, "reorganise.Propose(%s)", p.ID)
	if err := s.CanPropose(ctx); err != nil {
		return a, err
	}
	return s.declare(ctx, Act{Kind: Carry, Plan: p.ID, Digest: p.Digest, Body: p.Text, Status: Proposed, Reason: clean(reason)}, key)
}

// ProposeUndo declares the undoing of an act; it is decided like any other. Errors:
// Forbidden, Invalid without a reason, Conflict where the act is not done.
func (s *Service) ProposeUndo(ctx context.Context, v ActID, reason, key string) (a Act, err error) {
	defer errs.Op(&err, "reorganise.ProposeUndo(%s)", v)
	if err := s.CanPropose(ctx); err != nil {
		return a, err
	}
	a, err = s.undoing(ctx, v, reason)
	if err != nil {
		return a, err
	}
	return s.declare(ctx, a, key)
}

func (s *Service) undoing(ctx context.Context, v ActID, reason string) (a Act, err error) {
	if a, err = s.Act(ctx, v); err != nil {
		return a, err
	}
	if reason = clean(reason); utf8.RuneCountInString(reason) < 5 {
		return a, errs.E(errs.Invalid, "reorganise.reason", errs.WithFields(errs.Field{Path: "reason", Key: "reorganise.reason"}))
	}
	if a.Kind != Carry || a.Status != Done {
		return a, errs.E(errs.Conflict, "reorganise.notDone")
	}
	return Act{Kind: Undo, Plan: a.Plan, Digest: a.Digest, Body: a.Body, Undoes: v, Status: Proposed, Reason: reason}, nil
}

func clean(s string) string { return i18n.NFC(strings.Join(strings.Fields(s), " ")) }

func (s *Service) declare(ctx context.Context, a Act, key string) (Act, error) {
	sub := auth.From(ctx)
	if utf8.RuneCountInString(a.Reason) > 500 {
		return a, errs.E(errs.Invalid, "reorganise.reason", errs.WithFields(errs.Field{Path: "reason", Key: "reorganise.reason"}))
	}
	a.ID, a.Proposer, a.ProposedBy, a.ProposedAt = id.New[Act](s.Gen), sub.Account, sub.Name, s.Clock.Now()
	hash := once.Hash([]any{a.Kind, a.Digest, a.Undoes, a.Reason})
	result, _, err := once.Do(ctx, s.DB, sub.Account, key, hash, func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := insertAct(tx, a); err != nil {
			return 0, err
		}
		return int64(a.ID), s.told(tx, KindProposed, a, sub, nil)
	})
	if err != nil {
		return a, err
	}
	return s.Act(ctx, ActID(result))
}

// Decide approves an act or rejects it: a second person, never its proposer. Errors: NotFound,
// Forbidden, Conflict where it was decided.
func (s *Service) Decide(ctx context.Context, v ActID, approve bool, key string) (a Act, err error) {
	defer errs.Op(&err, "reorganise.Decide(%s)", v)
	sub := auth.From(ctx)
	if a, err = s.Act(ctx, v); err != nil {
		return a, err
	}
	hash := once.Hash([]any{v, approve})
	if a.Status == Proposed {
		if err := s.Policies.Can(ctx, actDecide, s.resourceOf(a)); err != nil {
			return a, err
		}
	}
	kind := KindRejected
	a.Status, a.Decider, a.DecidedBy, a.DecidedAt = Rejected, sub.Account, sub.Name, s.Clock.Now()
	if approve {
		kind, a.Status = KindApproved, Approved
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, hash, func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := decideAct(tx, a); err != nil {
			return 0, err
		}
		return int64(a.ID), s.told(tx, kind, a, sub, nil)
	})
	return a, err
}

// Act reads an act.
func (s *Service) Act(ctx context.Context, v ActID) (a Act, err error) {
	defer errs.Op(&err, "reorganise.Act(%s)", v)
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		a, err = findAct(q, v)
		return err
	})
	return a, err
}

func (s *Service) told(tx *db.Tx, kind string, a Act, sub auth.Subject, counts map[Outcome]int) error {
	d := Declared{Plan: a.Plan, Digest: a.Digest, Kind: a.Kind, Undoes: int64(a.Undoes), By: sub.Name, Reason: a.Reason, Counts: counts}
	return s.journal(tx, kind, a.ID, sub, d)
}
