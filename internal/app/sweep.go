package app

import (
	"context"
	"sync"
	"time"

	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/measure"
	"khue/internal/kernel/module"
)

// sweepAge is how old a file is before it is asked whether anything names it: three times the life of
// drafts and uploads, the longest that bytes are here before a row of what they are for names them.
const sweepAge = 90 * day

const jobSweepFiles = "app.sweepFiles"

// sweeper keeps what the last sweep on this node found.
type sweeper struct {
	mu   sync.Mutex
	at   time.Time
	last blob.Swept
}

// filesModule lets files go that nothing names any more: of drafts that nobody filed, of uploads that
// nobody took, of work that a fault cut off.
func (p *Program) filesModule() module.Module {
	s := &sweeper{}
	return module.Module{
		Name:     "files",
		Jobs:     []jobs.Handler{{Kind: jobSweepFiles, Do: func(ctx context.Context, _ jobs.Task) error { return p.sweepFiles(ctx, s) }, Timeout: 6 * hour}},
		Periodic: []jobs.Periodic{{Kind: jobSweepFiles, Every: 7 * day, Offset: 4 * hour}},
		Measures: []measure.Group{s.figures()},
	}
}

// named gives each the texts of all modules in which files are named, in the order in which names go
// from one to the next: what leaves a table after it was read has come to one that is not read yet.
func (p *Program) named(ctx context.Context, each func(text string)) error {
	for _, of := range []func(context.Context, func(string)) error{
		p.Uploads.FileNames, p.Apply.FileNames, p.Counter.FileNames, p.Rights.FileNames, p.Dossiers.FileNames, p.Signatures.FileNames, p.Results.FileNames,
	} {
		if err := of(ctx, each); err != nil {
			return err
		}
	}
	return nil
}

// onItsWay is how long ago bytes may have been put whose row is still to come, where what an erasure
// leaves is removed. Such a file waits for the sweep.
const onItsWay = hour

// release removes those of some files that nothing names any more and that were put before an instant
// of the clock by which files are dated. What a result shows, another dossier or anybody's draft holds
// stays: it goes at the end of its own term.
func (p *Program) release(ctx context.Context, files []string, before time.Time) (err error) {
	defer errs.Op(&err, "app.release")
	left := map[string]bool{}
	for _, f := range files {
		left[f] = true
	}
	if len(left) == 0 {
		return nil
	}
	if err := p.named(ctx, func(text string) { blob.EachName(text, func(name string) { delete(left, name) }) }); err != nil {
		return err
	}
	for name := range left {
		if err := p.Blobs.Remove(ctx, blob.Ref{SHA256: name}, before); err != nil {
			return err
		}
	}
	return nil
}

// sweepFiles removes files that are old and that nothing names.
func (p *Program) sweepFiles(ctx context.Context, s *sweeper) (err error) {
	defer errs.Op(&err, "app.sweepFiles")
	store, ok := p.Blobs.(interface {
		Sweep(ctx context.Context, before time.Time, keep func(sha256 string) bool) (blob.Swept, error)
	})
	if !ok {
		return nil // a store elsewhere has its own rules
	}
	now := p.Clock.Now()
	if real := clock.System().Now(); real.Before(now) {
		now = real // a demo's clock may run ahead of the one by which files are dated
	}
	names := blob.NewNames()
	if err := p.named(ctx, names.Add); err != nil {
		return err
	}
	got, err := store.Sweep(ctx, now.Add(-sweepAge), names.Has)
	if err != nil {
		return err
	}
	p.Config.Log.InfoContext(ctx, "files that nothing names were swept", "kept", got.Kept, "keptMB", got.Bytes>>20, "removed", got.Removed, "freedMB", got.Freed>>20, "broken", got.Broken)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.last = now, got
	return nil
}

func (s *sweeper) figures() measure.Group {
	return measure.Group{
		Name: "files",
		Figures: []measure.Figure{
			{Name: "khue_files", Help: "Files of citizens and results that the last weekly sweep on this node found named or young; not told before."},
			{Name: "khue_files_bytes", Help: "Bytes of these."},
			{Name: "khue_files_removed", Help: "Files that nothing named any more and that the last sweep removed."},
			{Name: "khue_files_swept_timestamp_seconds", Help: "When that was."},
		},
		Now: func(put measure.Put) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.at.IsZero() {
				return
			}
			put("khue_files", float64(s.last.Kept))
			put("khue_files_bytes", float64(s.last.Bytes))
			put("khue_files_removed", float64(s.last.Removed))
			put("khue_files_swept_timestamp_seconds", float64(s.at.Unix()))
		},
	}
}
