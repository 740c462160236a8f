package dossier

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// fillBatch is how many dossiers one transaction writes. A journal batch is as large as
// its transaction, and readers of the journal read whole batches.
const fillBatch = 100

// Filling says what an invented year looks like. Zero values are taken care of, but for N.
type Filling struct {
	N        int                // dossiers
	Since    time.Time          // first submission; zero: a year ago
	More     bool               // also where the city has been filled before
	Weights  map[string]float64 // of communes by code; what is not named weighs 1 to 5
	At       string             // commune to which all is filed; empty: by weight
	Service  string             // the only one; empty: all that can be
	Idle     bool               // nobody acts on them: queues as long as N
	Officers []FillOfficer
	Progress func(done, total int)
}

// FillOfficer is an account to which some of the open tasks are given.
type FillOfficer struct {
	Account int64
	Name    string
	Role    string
	Unit    orgunit.UnitID
}

// FillReport is what a filling added.
type FillReport struct {
	Added   int
	Entries int // of the journal
	Open    int // tasks
	States  map[process.State]int
}

// life is one invented dossier, ready to be written in its last state.
type life struct {
	dossier  Dossier
	series   string // of its code
	template CodeTemplate
	instance []byte
	text     contentJSON
	tasks    []Task
	entries  []journal.Entry
	timers   []process.TimerSet
}

// Fill adds invented dossiers to a demonstration city: each is lived through by the pure
// engine, and only what is left of it is written, a batch a transaction. Every entry of
// the journal says that it is demonstration data; it is recorded now and says when it is
// meant to have happened. A filling that was broken off goes on; one that is complete adds
// nothing, unless More asks for it. Errors: Forbidden dossier.fill.notDemo.
func (s *Service) Fill(ctx context.Context, in Filling) (rep FillReport, err error) {
	defer errs.Op(&err, "dossier.Fill(%d)", in.N)
	rep.States = map[process.State]int{}
	if !s.Demo {
		return rep, errs.E(errs.Forbidden, "dossier.fill.notDemo")
	}
	run, err := s.fillRun(ctx, in)
	if err != nil || run.done >= run.total {
		return rep, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f := newFiller(s, run, in)
	for b := range f.batches(ctx, int(run.done), int(run.total)) {
		lives, err := b.wait(ctx)
		if err != nil {
			return rep, err
		}
		if err := s.writeLives(ctx, run, lives); err != nil {
			return rep, err
		}
		run.done += int64(len(lives))
		rep.Added += len(lives)
		for _, l := range lives {
			rep.States[l.dossier.State]++
			rep.Entries += len(l.entries)
			for _, t := range l.tasks {
				if t.Open {
					rep.Open++
				}
			}
		}
		if in.Progress != nil {
			in.Progress(int(run.done), int(run.total))
		}
	}
	return rep, ctx.Err()
}

// fillRun finds the filling to go on with, or begins one.
func (s *Service) fillRun(ctx context.Context, in Filling) (f filling, err error) {
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if f, err = lastFilling(tx); err != nil || f.run > 0 && (f.done < f.total || !in.More) {
			return err
		}
		f = filling{run: f.run + 1, total: int64(in.N), since: in.Since, until: s.Clock.Now()}
		if f.since.IsZero() {
			f.since = f.until.AddDate(-1, 0, 0)
		}
		return insertFilling(tx, f)
	})
	return f, err
}

// batch is lives in the making.
type batch struct {
	lo, hi int
	done   chan struct{}
	lives  []life
	err    error
}

func (b *batch) wait(ctx context.Context) ([]life, error) {
	select {
	case <-b.done:
		return b.lives, b.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// batches computes lives on all processors and hands them over in order, a few ahead of
// whoever writes them.
func (f *filler) batches(ctx context.Context, from, to int) <-chan *batch {
	workers := runtime.GOMAXPROCS(0)
	work, order := make(chan *batch, workers), make(chan *batch, 2*workers)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for b := range work {
				b.lives, b.err = f.lives(ctx, b.lo, b.hi)
				close(b.done)
			}
		})
	}
	go func() {
		defer close(order)
		defer close(work)
		for lo := from; lo < to; lo += fillBatch {
			b := &batch{lo: lo, hi: min(lo+fillBatch, to), done: make(chan struct{})}
			for _, c := range [...]chan *batch{order, work} {
				select {
				case c <- b:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return order
}

func (f *filler) lives(ctx context.Context, lo, hi int) ([]life, error) {
	out := make([]life, 0, hi-lo)
	for i := lo; i < hi; i++ {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		l, err := f.live(i)
		if err != nil {
			return nil, fmt.Errorf("dossier: invented dossier %d: %w", i, err)
		}
		out = append(out, l)
	}
	return out, nil
}

// writeLives writes a batch as one unit of work.
func (s *Service) writeLives(ctx context.Context, run filling, lives []life) error {
	bySeries := map[string][]int{}
	for i, l := range lives {
		bySeries[l.series] = append(bySeries[l.series], i)
	}
	series := make([]string, 0, len(bySeries))
	for v := range bySeries {
		series = append(series, v)
	}
	slices.Sort(series) // the same order everywhere: no two fillers wait for each other
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := moveFilling(tx, run.run, run.done, run.done+int64(len(lives))); err != nil {
			return err
		}
		for _, v := range series {
			n, err := takeNumbers(tx, v, int64(len(bySeries[v])))
			if err != nil {
				return err
			}
			for k, i := range bySeries[v] {
				lives[i].dossier.Code = lives[i].template.code(v, n+int64(k))
			}
		}
		for i := range lives {
			if err := s.writeLife(ctx, tx, &lives[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) writeLife(ctx context.Context, tx *db.Tx, l *life) error {
	if err := insertDossier(tx, l.dossier, l.instance); err != nil {
		return err
	}
	if err := insertContent(tx, l.dossier.ID, l.text); err != nil {
		return err
	}
	units := make([]orgunit.UnitID, 0, len(l.tasks)+3)
	for _, t := range l.tasks {
		t.Code = l.dossier.Code
		if err := insertTask(tx, t); err != nil {
			return err
		}
		units = append(units, t.Unit)
	}
	if err := s.newWords(tx, l.dossier.ID, s.wordsOf(ctx, l.dossier, units)); err != nil {
		return err
	}
	for _, t := range l.timers {
		job := jobs.Job{Kind: JobTimer, RunAt: t.At, Args: timerArgs{Dossier: l.dossier.ID, Token: t.Token}}
		if err := s.Jobs.Enqueue(tx, job); err != nil {
			return err
		}
	}
	for _, e := range l.entries {
		if _, err := s.Journal.Append(tx, e); err != nil {
			return err
		}
	}
	return nil
}

// seal makes the rows of a life that has been lived as far as it goes.
func (l *life) seal(s *Service, c Content) (err error) {
	d := &l.dossier
	if l.instance, err = json.Marshal(d.Instance); err != nil {
		return err
	}
	if l.text, err = encodeContent(c); err != nil {
		return err
	}
	for _, t := range d.Instance.Tokens {
		if t.Timer != 0 {
			l.timers = append(l.timers, process.TimerSet{Token: t.N, At: t.Timer.Time()})
		}
	}
	for _, w := range d.Instance.Watches {
		if w.Timer != 0 {
			l.timers = append(l.timers, process.TimerSet{Token: w.N, At: w.Timer.Time()})
		}
	}
	d.Version = int64(len(l.entries))
	l.template = templateOf(d.day())
	l.series = l.template.series(s.codeSign(*d), clock.DateOf(d.SubmittedAt))
	return nil
}
