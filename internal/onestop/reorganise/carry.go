package reorganise

import (
	"context"
	"errors"
	"sync"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/onestop/dossier"
)

// JobBatch carries out the next batch of a running act.
const JobBatch = "reorganise.batch"

type batchArgs struct {
	Act ActID `json:"act"`
}

// The size of a batch, and how many of its dossiers move at once: each in its own unit of
// work, several in one commit.
const (
	batchSize = 200
	workers   = 32
)

// errMoved is the miss of a batch that another node has done.
var errMoved = errors.New("reorganise: the act has moved on")

// Start begins the approved act of a plan, on its day or, where that is still to come, by
// itself when it comes. In a demonstration a plan that nobody has proposed is declared on the
// spot. Errors: NotFound, Conflict where it is not approved, was begun, or another runs.
func (s *Service) Start(ctx context.Context, planID string) (p Progress, err error) {
	defer errs.Op(&err, "reorganise.Start(%s)", planID)
	var list []Act
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		list, err = selectActs(v, 100)
		return err
	})
	if err != nil {
		return p, err
	}
	undone := map[ActID]bool{}
	for _, a := range list {
		if a.Kind == Undo && a.Status == Done {
			undone[a.Undoes] = true
		}
	}
	for _, a := range list {
		if a.Plan != planID || a.Kind != Carry || undone[a.ID] || a.Status == Rejected || a.Status == Proposed && s.Demo {
			continue
		}
		switch a.Status {
		case Approved:
			return s.StartAct(ctx, a.ID)
		case Proposed:
			return p, errs.E(errs.Conflict, "reorganise.notApproved")
		default:
			return s.Progress(ctx, a.ID) // begun already
		}
	}
	plan, err := s.PlanByID(planID)
	if err != nil {
		return p, err
	}
	if !s.Demo {
		return p, errs.E(errs.Conflict, "reorganise.notApproved")
	}
	a, err := s.Declare(ctx, plan, "")
	if err != nil {
		return p, err
	}
	return s.StartAct(ctx, a.ID)
}

// Declare writes an approved act by the authority of whoever runs the program: the command
// line, and demonstrations.
func (s *Service) Declare(ctx context.Context, p *Plan, reason string) (Act, error) {
	return s.decree(ctx, Act{Kind: Carry, Plan: p.ID, Digest: p.Digest, Body: p.Text, Reason: clean(reason)})
}

// DeclareUndo is Declare for the undoing of an act.
func (s *Service) DeclareUndo(ctx context.Context, v ActID, reason string) (Act, error) {
	a, err := s.undoing(ctx, v, reason)
	if err != nil {
		return a, err
	}
	return s.decree(ctx, a)
}

func (s *Service) decree(ctx context.Context, a Act) (_ Act, err error) {
	defer errs.Op(&err, "reorganise.decree(%s)", a.Plan)
	sub := auth.From(ctx)
	a.ID, a.Status = id.New[Act](s.Gen), Approved
	a.Proposer, a.ProposedBy, a.ProposedAt = sub.Account, sub.Name, s.Clock.Now()
	a.Decider, a.DecidedBy, a.DecidedAt = sub.Account, sub.Name, a.ProposedAt
	return a, s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := insertAct(tx, a); err != nil {
			return err
		}
		return s.told(tx, KindApproved, a, sub, nil)
	})
}

// StartAct begins an approved act: see Start.
func (s *Service) StartAct(ctx context.Context, v ActID) (p Progress, err error) {
	defer errs.Op(&err, "reorganise.StartAct(%s)", v)
	a, err := s.Act(ctx, v)
	if err != nil {
		return p, err
	}
	plan, err := s.planOf(a)
	if err != nil {
		return p, err
	}
	if a.Status != Approved {
		return p, errs.E(errs.Conflict, "reorganise.notApproved")
	}
	job := jobs.Job{Kind: JobBatch, Args: batchArgs{v}, Unique: v.String()}
	if today := clock.DateOf(s.Clock.Now()); today.Before(plan.Day) {
		job.RunAt = plan.Day.At(0, 0)
		err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return s.Jobs.Enqueue(tx, job) })
	} else {
		err = s.begin(ctx, a, &job)
	}
	if err != nil {
		return p, err
	}
	return s.Progress(ctx, v)
}

// begin makes an approved act a running one.
func (s *Service) begin(ctx context.Context, a Act, job *jobs.Job) error {
	open, err := s.Dossiers.CountOpen(ctx)
	if err != nil {
		return err
	}
	a.Total, a.StartedAt, a.Stage = open, s.Clock.Now(), stagePosts
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := startAct(tx, a); err != nil {
			return err
		}
		if job != nil {
			if err := s.Jobs.Enqueue(tx, *job); err != nil {
				return err
			}
		}
		return s.told(tx, KindStarted, a, auth.From(ctx), nil)
	})
	if db.IsUnique(err) {
		return errs.E(errs.Conflict, "reorganise.other", errs.Cause(err))
	}
	return err
}

// Drive carries an act out here and now, as the command line does; a server that does the same
// at the same time takes nothing twice.
func (s *Service) Drive(ctx context.Context, v ActID, told func(Progress)) (p Progress, err error) {
	for {
		if p, err = s.Progress(ctx, v); err != nil || p.Act.Status == Done {
			return p, err
		}
		if told != nil {
			told(p)
		}
		if err = s.batch(ctx, v, nil); err != nil && !errors.Is(err, errMoved) {
			return p, err
		}
	}
}

// batchJob does one batch and enqueues the next in the transaction that ends it.
func (s *Service) batchJob(ctx context.Context, t jobs.Task) error {
	var a batchArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	err := s.batch(ctx, a.Act, func(tx *db.Tx, more bool) error {
		if err := t.Done(tx); err != nil || !more {
			return err
		}
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: JobBatch, Args: a})
	})
	if errors.Is(err, errMoved) { // another did it, and the next is its own to enqueue
		return nil
	}
	return err
}

// batch does the next piece of a running act. Killed in the middle it is done again: what
// was written is passed over, each dossier in its own unit of work with its own row.
func (s *Service) batch(ctx context.Context, v ActID, end func(tx *db.Tx, more bool) error) error {
	if err := s.Units.Refresh(ctx); err != nil {
		return err
	}
	a, err := s.Act(ctx, v)
	if err != nil {
		return err
	}
	switch a.Status {
	case Approved: // its day has come
		if err := s.begin(ctx, a, nil); err != nil {
			return err
		}
		if a, err = s.Act(ctx, v); err != nil {
			return err
		}
	case Running:
	default:
		return s.finish(ctx, end)
	}
	plan, err := s.planOf(a)
	if err != nil {
		return err
	}
	ctx = auth.With(ctx, auth.Subject{Kind: auth.KindSystem, Account: a.Decider, Name: a.DecidedBy})
	next := a
	switch {
	case a.Stage == stagePosts && a.Kind == Carry:
		err = s.movePosts(ctx, a, plan)
		next.Stage = stageDossiers
	case a.Stage == stagePosts:
		err = s.restorePosts(ctx, a, plan)
		next.Stage = stageDossiers
	case a.Kind == Undo:
		next, err = s.undoBatch(ctx, a)
	default:
		next, err = s.carryBatch(ctx, a, plan)
	}
	if err != nil {
		return err
	}
	if next.Status == Done {
		next.EndedAt = s.Clock.Now()
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := stepAct(tx, a, next, errMoved); err != nil {
			return err
		}
		if next.Status == Done {
			counts, err := countItems(tx, a.ID)
			if err != nil {
				return err
			}
			if err := s.told(tx, KindCompleted, next, auth.From(ctx), byOutcome(counts)); err != nil {
				return err
			}
		}
		if end == nil {
			return nil
		}
		return end(tx, next.Status == Running)
	})
}

func (s *Service) finish(ctx context.Context, end func(tx *db.Tx, more bool) error) error {
	if end == nil {
		return nil
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return end(tx, false) })
}

func byOutcome(list []tally) map[Outcome]int {
	out := map[Outcome]int{}
	for _, t := range list {
		out[t.outcome] += t.n
	}
	return out
}

// carryBatch moves the next open dossiers. The first round goes through all; rounds after it
// look for what came in meanwhile, until one finds nothing.
func (s *Service) carryBatch(ctx context.Context, a Act, plan *Plan) (next Act, err error) {
	next = a
	page, err := s.Dossiers.OpenAfter(ctx, a.Place, batchSize)
	if err != nil {
		return next, err
	}
	if len(page) == 0 {
		if a.Stage == stageDossiers || a.Place != 0 && a.Stage != stageSweep {
			next.Stage, next.Place = stageSweep, 0
			return next, nil
		}
		next.Status = Done
		return next, nil
	}
	next.Place = page[len(page)-1].ID
	var seen map[dossier.ID]bool
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		seen, err = itemsBetween(v, a.ID, a.Place, next.Place)
		return err
	})
	if err != nil {
		return next, err
	}
	set := newSettler(plan, s.Units.Register())
	var todo []dossier.ID
	for _, d := range page {
		if !seen[d.ID] && (a.Stage != stageSweep || set.ends(d.Receiving) || set.ends(d.Competent)) {
			todo = append(todo, d.ID)
		}
	}
	return next, s.each(ctx, todo, func(ctx context.Context, v dossier.ID) error { return s.carry(ctx, a, set, v) })
}

// each works through dossiers, several at once.
func (s *Service) each(ctx context.Context, list []dossier.ID, do func(context.Context, dossier.ID) error) error {
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		bad []error
	)
	work := make(chan dossier.ID)
	for range workers {
		wg.Go(func() {
			for v := range work {
				if err := do(ctx, v); err != nil {
					mu.Lock()
					bad = append(bad, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, v := range list {
		work <- v
	}
	close(work)
	wg.Wait()
	return errors.Join(bad...)
}

// carry moves one dossier by the plan, once: its row is written with the move.
func (s *Service) carry(ctx context.Context, a Act, set *settler, v dossier.ID) error {
	var ver Verdict
	var st dossier.Standing
	err := s.Dossiers.Relocate(ctx, v, func(now dossier.Standing) (*dossier.Relocation, error) {
		st, ver = now, set.settle(now, 0)
		if ver.Move != nil {
			ver.Move.Act, ver.Move.By = int64(a.ID), a.DecidedBy
		}
		return ver.Move, nil
	}, func(tx *db.Tx, r dossier.Relocated) error {
		if err := insertItem(tx, s.item(tx, a, st.Dossier, r, ver)); err != nil {
			return err
		}
		if r.Shift == nil {
			return nil
		}
		if ver.Why == WhyAsked {
			if err := insertSplit(tx, splitOf(a, st.Dossier, r.Dossier, ver)); err != nil {
				return err
			}
		}
		return s.followed(tx, r)
	})
	if db.IsUnique(err) {
		return nil // another node was faster
	}
	return err
}

func (s *Service) item(tx *db.Tx, a Act, was dossier.Dossier, r dossier.Relocated, ver Verdict) Item {
	i := Item{
		Act: a.ID, Dossier: was.ID, Code: was.Code, Outcome: Moved, Why: ver.Why, Problem: ver.Problem,
		From: was.Receiving, To: r.Dossier.Receiving, Version: r.Dossier.Version, Shift: r.Shift, At: tx.Now(),
	}
	switch {
	case r.Shift != nil:
	case ver.Why == WhyNoHeir || ver.Why == WhyNoPost:
		i.Outcome = Failed
	default:
		i.Outcome = Stays
	}
	return i
}

func (s *Service) followed(tx *db.Tx, r dossier.Relocated) error {
	for _, f := range s.Follow {
		if err := f(tx, r); err != nil {
			return err
		}
	}
	return nil
}

// Progress says how far an act is.
func (s *Service) Progress(ctx context.Context, v ActID) (p Progress, err error) {
	defer errs.Op(&err, "reorganise.Progress(%s)", v)
	p.Counts, p.Why = map[Outcome]int{}, map[Why]int{}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if p.Act, err = findAct(q, v); err != nil {
			return err
		}
		list, err := countItems(q, v)
		if err != nil {
			return err
		}
		for _, t := range list {
			p.Counts[t.outcome] += t.n
			p.Why[t.why] += t.n
		}
		if p.Splits, err = countSplits(q, v); err != nil {
			return err
		}
		p.Posts, p.Lost, err = countPosts(q, v)
		return err
	})
	return p, err
}

// ProgressOf is the progress of the youngest act of a plan that carries it out; false where
// there is none.
func (s *Service) ProgressOf(ctx context.Context, planID string) (p Progress, found bool, err error) {
	var list []Act
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		list, err = selectActs(v, 100)
		return err
	})
	for _, a := range list {
		if a.Plan == planID && a.Kind == Carry && a.Status != Rejected {
			p, err = s.Progress(ctx, a.ID)
			return p, err == nil, err
		}
	}
	return p, false, err
}
