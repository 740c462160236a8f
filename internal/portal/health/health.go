package health

import (
	"context"
	_ "embed"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/measure"
	"khue/internal/kernel/once"
)

//go:embed policies.cedar
var policies string

// Policies says who sees how the program is, and who mends it.
func Policies() auth.Source { return auth.Source{Module: "health", Text: policies} }

// What is asked of the policies.
const (
	actRead auth.Action = "health.read"
	actMend auth.Action = "health.mend"
)

// Kinds of the journal: who decided on a job that gave up, and why.
const (
	EventRetried   = "health.jobRetried"
	EventDiscarded = "health.jobDiscarded"
)

// Check is one condition of a module.
type Check struct {
	Name string // module.check
	Do   func(ctx context.Context) error
}

// Deps is what the page reads.
type Deps struct {
	DB       *db.DB
	Clock    clock.Clock
	Journal  *journal.Journal
	Jobs     *jobs.Queue
	Policies *auth.Policies
	Measures *measure.Set
	Checks   []Check
	City     func() auth.Resource
	Disk     func() (free, size uint64, err error)
	// Certificate is until when the one in use holds; false without one.
	Certificate func() (time.Time, bool)
	Version     string
}

// Service reads how the program is.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Result is what a check said.
type Result struct {
	Name string
	Err  error
}

// State is how the program is.
type State struct {
	At         time.Time
	Checks     []Result
	Queues     []jobs.KindStats
	Dead       []jobs.Dead // at most deadShown
	DeadAll    int64
	Struggling []jobs.Dead
	Slow       []db.Slow
	SlowerThan time.Duration
	Database   db.Condition
	Journal    journal.Status
	Figures    []measure.Reading
	Free, Size uint64
	CertEnds   time.Time // zero: plain HTTP
	Mends      bool      // the reader may act
}

const (
	deadShown = 50
	slowShown = 15
	struggles = 3 // tries after which a job is told though it goes on
	checkTime = 2 * time.Second
)

// Look reads it all. Forbidden for others than the city's operators.
func (s *Service) Look(ctx context.Context) (out State, err error) {
	defer errs.Op(&err, "health.Look")
	if err := s.Policies.Can(ctx, actRead, s.City()); err != nil {
		return out, err
	}
	out = State{At: s.Clock.Now(), Slow: s.DB.Slowest(slowShown), SlowerThan: s.DB.SlowerThan(), Mends: s.Policies.May(ctx, actMend, s.City())}
	short, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	for _, c := range s.Checks {
		out.Checks = append(out.Checks, Result{c.Name, c.Do(short)})
	}
	if out.Queues, err = s.Jobs.ByKind(ctx); err != nil {
		return out, err
	}
	for _, q := range out.Queues {
		out.DeadAll += q.Dead
	}
	if out.Dead, err = s.Jobs.Dead(ctx, 0, deadShown); err != nil {
		return out, err
	}
	if out.Struggling, err = s.Jobs.Struggling(ctx, struggles, deadShown); err != nil {
		return out, err
	}
	if out.Database, err = s.DB.Condition(ctx); err != nil {
		return out, err
	}
	if out.Journal, err = s.Journal.Status(ctx); err != nil {
		return out, err
	}
	if out.Free, out.Size, err = s.Disk(); err != nil {
		return out, err
	}
	out.CertEnds, _ = s.Certificate()
	out.Figures = s.Measures.Readings()
	return out, nil
}

// Value is a figure's last reading, its labels joined; false where there is none.
func (st State) Value(name string, labels ...string) (n float64, at time.Time, ok bool) {
	for _, r := range st.Figures {
		for _, v := range r.Values {
			if v.Name == name && (len(labels) == 0 || strings.Join(v.Labels, " ") == strings.Join(labels, " ")) {
				n, at, ok = n+v.N, r.At, true
			}
		}
	}
	return n, at, ok
}

// Job reads a job that gave up. NotFound jobs.notDead.
func (s *Service) Job(ctx context.Context, id jobs.JobID) (d jobs.Dead, err error) {
	defer errs.Op(&err, "health.Job(%s)", id)
	if err := s.Policies.Can(ctx, actRead, s.City()); err != nil {
		return d, err
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		d, err = s.Jobs.FindDead(v, id)
		return err
	})
	return d, err
}

// Act is what is done with a job that gave up.
type Act string

// The acts.
const (
	Retry   Act = "retry"
	Discard Act = "discard"
)

const (
	minReason = 5
	maxReason = 500
)

// Decide gives a job that gave up another round of tries, or strikes it out for good. Who
// did it and why stands in the journal. Invalid without a reason; NotFound jobs.notDead.
func (s *Service) Decide(ctx context.Context, id jobs.JobID, do Act, reason, key string) (err error) {
	defer errs.Op(&err, "health.Decide(%s, %s)", id, do)
	if err := s.Policies.Can(ctx, actMend, s.City()); err != nil {
		return err
	}
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < minReason || n > maxReason {
		return errs.E(errs.Invalid, "health.reason", errs.P("min", minReason, "max", maxReason),
			errs.WithFields(errs.Field{Path: "reason", Key: "health.reason", Params: map[string]any{"min": minReason, "max": maxReason}}))
	}
	kind, act := EventRetried, s.Jobs.Revive
	switch do {
	case Retry:
	case Discard:
		kind, act = EventDiscarded, s.Jobs.Drop
	default:
		return errs.E(errs.Invalid, "health.act")
	}
	sub := auth.From(ctx)
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"health", id, do, reason}), func(_ context.Context, tx *db.Tx) (int64, error) {
		d, err := s.Jobs.FindDead(tx, id)
		if err != nil {
			return 0, err
		}
		payload, err := json.Marshal(map[string]any{"by": sub.Name, "job": d.Kind, "tries": d.Attempts, "reason": reason})
		if err != nil {
			return 0, err
		}
		if err := act(tx, id); err != nil {
			return 0, err
		}
		_, err = s.Journal.Append(tx, journal.Entry{Kind: kind, Subject: journal.Subject{Type: "job", ID: int64(id)}, Actor: sub.Account, Payload: payload})
		return int64(id), err
	})
	return err
}
