package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Deps is what a backup reads. All are required but Keys, Checkpoint and Progress.
type Deps struct {
	DB    *db.DB
	Clock clock.Clock
	Vault *Vault
	Log   *slog.Logger
	// Names is the city's key for the names of objects, 32 bytes; with the same one a later
	// base finds what is there already.
	Names   []byte
	Version string
	Blobs   Blobs
	// Keys lists the files of the folder of keys; nil leaves them out.
	Keys func() (map[string][]byte, error)
	// Erasures lists those with an id above after, by id.
	Erasures   func(ctx context.Context, after int64) ([]Erasure, error)
	Checkpoint func(ctx context.Context) string
	Progress   func(Progress)

	Every  time.Duration // between segments; 1 s
	Rebase time.Duration // between bases; a day
}

// Blobs are the files of the city.
type Blobs interface {
	// Walk calls fn for every blob that there is.
	Walk(ctx context.Context, fn func(blob.Ref) error) error
	Open(ctx context.Context, ref blob.Ref) (io.ReadCloser, error)
	// Fresh returns those that came since the last call.
	Fresh() []blob.Ref
}

// Progress is how far a base is.
type Progress struct {
	Bytes, Written int64
	Objects        int
}

// Status tells operators how the backup stands.
type Status struct {
	Good       time.Time // everything committed before it is in the folder
	Based      time.Time // end of the newest base
	Generation string
	Segments   int64
	Err        string // of the last try; empty where it went well
	Waiting    bool   // another node takes the backup
	// Lag is how long the oldest act of a segment had been acknowledged when the segment was on its
	// disk: in 99 of 100 of the last segments no longer than LagP99.
	Lag, LagP99 time.Duration
}

// Runner takes backups. One goroutine runs it; Status may be asked by any.
type Runner struct {
	d     Deps
	names names
	log   db.Log

	gen     string
	number  int64
	sum     string
	to      time.Time
	erased  map[int64]bool // told, of the last minutes
	newest  int64          // id of the newest told
	waiting *waiting
	pending []blob.Ref // blobs to be named by the next segment

	mu     sync.Mutex
	status Status
	lags   []time.Duration // of the newest segments, in a ring
	lag    int             // where the next one goes
}

// lagsKept is how many segments LagP99 is over: ten minutes of a busy city.
const lagsKept = 600

// lagged notes how late a segment was. Under mu.
func (r *Runner) lagged(d time.Duration) {
	if len(r.lags) < lagsKept {
		r.lags = append(r.lags, d)
	} else {
		r.lags[r.lag%lagsKept] = d
	}
	r.lag++
	sorted := slices.Sorted(slices.Values(r.lags))
	r.status.Lag, r.status.LagP99 = d, sorted[(len(sorted)*99+99)/100-1]
}

// waiting is a segment that could not be written yet.
type waiting struct {
	seg  Segment
	data []byte
}

const engineSQLite = "sqlite"

// chunk is the size of a database file's pieces.
const chunk = 1 << 20

// New returns a runner; nothing is read yet.
func New(d Deps) *Runner {
	if d.Every <= 0 {
		d.Every = time.Second
	}
	if d.Rebase <= 0 {
		d.Rebase = 24 * time.Hour
	}
	return &Runner{d: d, names: names{d.Names}}
}

// Status is how the backup stands.
func (r *Runner) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

func (r *Runner) tell(fn func(*Status)) {
	r.mu.Lock()
	fn(&r.status)
	r.mu.Unlock()
}

// Run takes backups until ctx ends; what fails is told in Status and in the log, and tried
// again. Close takes the rest.
func (r *Runner) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := r.generation(ctx)
		if ctx.Err() != nil {
			break
		}
		pause := 5 * r.d.Every
		if errors.Is(err, db.ErrLogTaken) {
			r.tell(func(s *Status) { s.Waiting = true })
			pause = max(pause, 10*time.Second)
		} else if err != nil {
			r.fault(ctx, err)
		}
		if err != nil {
			clock.Wait(ctx, pause)
		}
	}
	return nil
}

func (r *Runner) fault(ctx context.Context, err error) {
	r.tell(func(s *Status) { s.Err = err.Error(); s.Waiting = false })
	r.d.Log.ErrorContext(ctx, "backup failed; it is tried again", "error", err, "good", r.Status().Good)
}

// generation takes one base and ships until the next is due or the log breaks.
func (r *Runner) generation(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.base(ctx); err != nil {
		return err
	}
	r.d.Log.InfoContext(ctx, "backup: a base is whole", "generation", r.gen)
	began := r.d.Clock.Now()
	for clock.Wait(ctx, r.d.Every) {
		if err := r.ship(ctx); err != nil {
			if errors.Is(err, db.ErrLogBroken) {
				return err
			}
			r.fault(ctx, err)
			continue
		}
		if r.d.Clock.Now().Sub(began) > r.d.Rebase {
			return r.ship(ctx)
		}
	}
	return nil
}

func (r *Runner) open(ctx context.Context) (err error) {
	if r.log != nil {
		if r.d.DB.SingleWriter() {
			return nil
		}
		// A new base on PostgreSQL begins a new stream: the old one may have ended.
		_ = r.log.Close()
		r.log = nil
	}
	r.log, err = r.d.DB.OpenLog(ctx)
	return err
}

// Once takes one base with its log up to now.
func (r *Runner) Once(ctx context.Context) (st Status, err error) {
	defer errs.Op(&err, "backup.Once")
	if err := r.open(ctx); err != nil {
		if errors.Is(err, db.ErrLogTaken) {
			return st, errs.E(errs.Conflict, "backup.taken", errs.Cause(err))
		}
		return st, err
	}
	err = r.base(ctx)
	return r.Status(), errors.Join(err, r.log.Close())
}

// Close ships what was committed last and lets the log go.
func (r *Runner) Close(ctx context.Context) error {
	if r.log == nil {
		return nil
	}
	var err error
	if r.gen != "" {
		err = r.ship(ctx)
	}
	return errors.Join(err, r.log.Close())
}

// base begins a generation. Segments are shipped while it is read, so the log does not grow.
func (r *Runner) base(ctx context.Context) (err error) {
	now := r.d.Clock.Now()
	gen := now.UTC().Format("20060102T150405.000Z")
	b := Base{
		Format: Format, Generation: gen, Engine: r.d.DB.Engine(), Owner: r.d.DB.Owner(), Version: r.d.Version, Begun: now, Names: r.names.key,
	}
	r.gen, r.number, r.sum, r.to, r.waiting, r.pending = gen, 0, "", now, nil, nil
	var p Progress
	say := func() {
		if r.d.Progress != nil {
			r.d.Progress(p)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The erasures first: whatever comes later stands in the segments.
	if b.Erasures, err = r.d.Erasures(ctx, 0); err != nil {
		return err
	}
	r.erased, r.newest = map[int64]bool{}, 0
	r.noted(b.Erasures)
	done := make(chan error, 1)
	begun := make(chan struct{})
	var once sync.Once
	go func() {
		buf := make([]byte, chunk)
		err := r.log.Base(ctx, func(f db.BaseFile, in io.Reader) error {
			once.Do(func() { close(begun) })
			file := File{Name: f.Name, Dir: f.Dir, Size: f.Size}
			for left := f.Size; left > 0 && !f.Dir; {
				if err := ctx.Err(); err != nil {
					return err
				}
				n, err := io.ReadFull(in, buf[:min(left, chunk)])
				if err != nil {
					return fmt.Errorf("backup: %s: %w", f.Name, err)
				}
				o, written, err := r.d.Vault.keep(r.names, buf[:n])
				if err != nil {
					return err
				}
				file.Chunks = append(file.Chunks, o)
				left -= int64(n)
				p.Bytes, p.Written, p.Objects = p.Bytes+int64(n), p.Written+written, p.Objects+1
				say()
			}
			b.Files = append(b.Files, file)
			return nil
		})
		once.Do(func() { close(begun) })
		done <- err
	}()
	<-begun
	first := r.d.Clock.Now()
	for over := false; !over; {
		t := time.NewTimer(r.d.Every)
		select {
		case err = <-done:
			over = true
		case <-t.C:
			err = r.ship(ctx)
		}
		t.Stop()
		if err != nil {
			cancel()
			if !over {
				<-done
			}
			return err
		}
	}
	if r.d.Keys != nil {
		keys, err := r.d.Keys()
		if err != nil {
			return err
		}
		for name, raw := range keys {
			o, _, err := r.d.Vault.keep(r.names, raw)
			if err != nil {
				return err
			}
			b.Keys = append(b.Keys, File{Name: name, Size: int64(len(raw)), Chunks: []Object{o}})
		}
	}
	// The base is of use with the log up to its end. What that names stands among the blobs of now.
	for ended := r.d.Clock.Now(); ; {
		if err := r.ship(ctx); err != nil {
			return err
		}
		if !r.to.Before(ended) {
			break
		}
	}
	err = r.d.Blobs.Walk(ctx, func(ref blob.Ref) error {
		o := Object{ref.SHA256, ref.Size}
		written, err := r.keepBlob(ctx, ref)
		if errs.Is(err, errs.NotFound) {
			return nil // erased meanwhile
		}
		b.Blobs = append(b.Blobs, o)
		p.Bytes, p.Written, p.Objects = p.Bytes+ref.Size, p.Written+written, p.Objects+1
		say()
		return err
	})
	if err != nil {
		return err
	}
	if r.d.Checkpoint != nil {
		b.Checkpoint = r.d.Checkpoint(ctx)
	}
	b.Ended, b.Segment = r.to, r.number
	if b.Engine == engineSQLite {
		b.Ended = first // nothing newer than its begin was copied
	}
	raw, err := json.Marshal(b)
	if err != nil {
		return err
	}
	if err := r.d.Vault.flush(); err != nil {
		return err
	}
	if _, err := r.d.Vault.write(basePath(gen), bytes.NewReader(raw)); err != nil {
		return err
	}
	if err := r.d.Vault.flush(); err != nil {
		return err
	}
	r.tell(func(s *Status) {
		s.Good, s.Based, s.Generation, s.Segments, s.Err, s.Waiting = r.to, b.Ended, gen, r.number, "", false
	})
	return nil
}

// lateIDs is how much later an entry of a smaller id may become known: ids carry their
// millisecond above 22 bits.
const lateIDs = int64(10*60*1000) << 22

func (r *Runner) noted(list []Erasure) {
	for _, e := range list {
		r.newest = max(r.newest, e.ID)
	}
	for _, e := range list {
		if e.ID > r.newest-lateIDs {
			r.erased[e.ID] = true
		}
	}
	maps.DeleteFunc(r.erased, func(v int64, _ bool) bool { return v <= r.newest-lateIDs })
}

func (r *Runner) keepBlob(ctx context.Context, ref blob.Ref) (int64, error) {
	return r.d.Vault.keepFrom(r.names, Object{ref.SHA256, ref.Size}, func() (io.ReadCloser, error) { return r.d.Blobs.Open(ctx, ref) })
}

// ship writes what was committed since the last segment as the next one. A segment that could
// not be written is tried again, as it is.
func (r *Runner) ship(ctx context.Context) error {
	if r.waiting == nil {
		now := r.d.Clock.Now()
		// A server's log arrives later than what it commits: To is true only when it is here.
		reached, err := r.log.Reach(ctx)
		if err != nil {
			return err
		}
		if !reached {
			now = r.to
		}
		p, err := r.log.Take(ctx)
		if err != nil {
			return err
		}
		erased, err := r.d.Erasures(ctx, r.newest-lateIDs)
		if err != nil {
			return err
		}
		erased = slices.DeleteFunc(erased, func(e Erasure) bool { return r.erased[e.ID] })
		if len(p.Data) > 0 || len(erased) > 0 {
			r.waiting = &waiting{Segment{
				Format: Format, Generation: r.gen, Number: r.number + 1, Before: r.sum, From: r.to, To: now, Upto: r.d.Clock.Now(), Erasures: erased, Runs: p.Runs,
			}, p.Data}
			if r.d.Checkpoint != nil {
				r.waiting.seg.Checkpoint = r.d.Checkpoint(ctx)
			}
			r.noted(erased)
		} else {
			r.to = now
			r.tell(func(s *Status) {
				if s.Generation == r.gen {
					s.Good, s.Err = now, ""
				}
			})
			return nil
		}
	}
	// A row never comes before its blob: they were put before the row was written.
	w := r.waiting
	r.pending = append(r.pending, r.d.Blobs.Fresh()...)
	for _, ref := range r.pending {
		if _, err := r.keepBlob(ctx, ref); err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
	}
	w.seg.Blobs = nil
	for _, ref := range r.pending {
		w.seg.Blobs = append(w.seg.Blobs, Object{ref.SHA256, ref.Size})
	}
	raw, sum, err := w.seg.encode(w.data)
	if err != nil {
		return err
	}
	if err := r.d.Vault.flush(); err != nil {
		return err
	}
	if _, err := r.d.Vault.write(segmentPath(r.gen, w.seg.Number), bytes.NewReader(raw)); err != nil {
		return err
	}
	if err := r.d.Vault.flush(); err != nil {
		return err
	}
	r.number, r.sum, r.to, r.waiting, r.pending = w.seg.Number, sum, w.seg.To, nil, nil
	r.tell(func(s *Status) {
		r.lagged(r.d.Clock.Now().Sub(w.seg.From))
		if s.Generation == r.gen {
			s.Good, s.Segments, s.Err = w.seg.To, r.number, ""
		}
	})
	return nil
}
