package outlet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/journal"
)

// Stream is the name of the stream.
const Stream = "KHUE"

const (
	beat    = 200 * time.Millisecond // between looks for new entries
	standby = 2 * time.Second        // between looks at whether another node still publishes
	answer  = 10 * time.Second       // the longest wait for an acknowledgement
	batch   = 256                    // entries on their way at once
	dedup   = 10 * time.Minute       // the server's memory for message ids, beside the sequence
)

// Config is where events go.
type Config struct {
	// URL is nats://host:4222, several with commas, or "embedded". ?replicas=3 keeps three
	// copies in a cluster; ?from=now begins a new stream at the journal's end; ?days=30 forgets
	// older events.
	URL      string
	Dir      string // of an embedded server's files
	Listen   string // host:port at which an embedded server takes readers; empty: none
	Password string // of the readers of an embedded server
	Source   string // URI of the city in every event
	// Policy tells what of entries of a kind may be known outside; false: only that there was one.
	Policy func(kind string) (Fields, bool)
	// Codes names subjects by the codes that people use; nil: none.
	Codes func(ctx context.Context, about []journal.Subject) (map[journal.Subject]string, error)
	Log   *slog.Logger
}

// Fields of an entry that go out beside its number, its kind and when it happened.
type Fields struct{ Unit, Subject, Code bool }

// Status tells how far the stream is.
type Status struct {
	Up        bool  // the stream answered at the last look
	Publishes bool  // this node does the publishing
	Published int64 // entries in the stream
	Behind    int64 // entries that wait
}

// Service publishes. Make it with New.
type Service struct {
	j      *journal.Journal
	cfg    Config
	server *embedded
	target string
	stream jetstream.StreamConfig
	now    bool
	status atomic.Pointer[Status]

	// of the loop
	leads bool
	seen  int64 // the stream's end at the last look
	slow  bool  // one by one, after a batch that was refused in part
}

// New checks the configuration and starts the embedded server where that is asked for. A
// server elsewhere may be away.
func New(j *journal.Journal, cfg Config) (*Service, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("outlet: %q is no address of a NATS server: %w", cfg.URL, err)
	}
	q := u.Query()
	s := &Service{j: j, cfg: cfg, now: q.Get("from") == "now", seen: -1}
	s.status.Store(&Status{})
	s.stream = jetstream.StreamConfig{
		Name: Stream, Subjects: []string{prefix + ">"}, Storage: jetstream.FileStorage, Duplicates: dedup,
		Description: "What happened in the city: entry n of its journal has the sequence n+1", DenyDelete: true,
	}
	if v := q.Get("replicas"); v != "" {
		if s.stream.Replicas, err = strconv.Atoi(v); err != nil {
			return nil, fmt.Errorf("outlet: replicas=%q is no number", v)
		}
	}
	if v := q.Get("days"); v != "" {
		days, err := strconv.Atoi(v)
		if err != nil {
			return nil, fmt.Errorf("outlet: days=%q is no number", v)
		}
		s.stream.MaxAge = time.Duration(days) * 24 * time.Hour
	}
	u.RawQuery = ""
	s.target = u.String()
	if s.target == "embedded" {
		s.server, err = start(cfg.Dir, cfg.Listen, cfg.Password)
	}
	return s, err
}

// Close stops the embedded server.
func (s *Service) Close() {
	if s.server != nil {
		s.server.stop()
	}
}

// Address is where readers connect to an embedded server; empty where there is none.
func (s *Service) Address() string {
	if s.server == nil || s.cfg.Listen == "" {
		return ""
	}
	return s.server.server.ClientURL()
}

// Status tells how far the stream is, by the last look of this node.
func (s *Service) Status() Status { return *s.status.Load() }

// Run publishes until ctx ends. A stream that is away is waited for.
func (s *Service) Run(ctx context.Context) error {
	opts := []nats.Option{
		nats.Name("khue outlet"), nats.MaxReconnects(-1), nats.ReconnectWait(500 * time.Millisecond), nats.RetryOnFailedConnect(true),
		nats.ReconnectBufSize(-1), nats.Timeout(5 * time.Second),
	}
	target := s.target
	if s.server != nil {
		opts, target = append(opts, s.server.options()...), ""
	}
	nc, err := nats.Connect(target, opts...)
	if err != nil {
		return fmt.Errorf("outlet: %w", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(2*batch), jetstream.WithPublishAsyncTimeout(answer))
	if err != nil {
		return fmt.Errorf("outlet: %w", err)
	}
	up := true
	for ctx.Err() == nil {
		more, err := s.look(ctx, js)
		if (err == nil) != up && ctx.Err() == nil {
			if up = err == nil; up {
				s.cfg.Log.WarnContext(ctx, "outlet: the event stream is back")
			} else {
				s.cfg.Log.WarnContext(ctx, "outlet: events wait", "error", err)
			}
		}
		if err != nil {
			st := s.Status()
			st.Up, st.Publishes = false, false
			s.status.Store(&st)
		}
		switch {
		case more:
		case s.leads:
			clock.Wait(ctx, beat)
		default:
			clock.Wait(ctx, standby)
		}
	}
	return nil
}

// look compares stream and journal, and publishes where that is this node's work. more says
// that the next look should follow at once.
func (s *Service) look(ctx context.Context, js jetstream.JetStream) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*answer)
	defer cancel()
	st, err := s.open(ctx, js)
	if err != nil {
		s.leads = false
		return false, err
	}
	info, err := st.Info(ctx)
	if err != nil {
		s.leads = false
		return false, err
	}
	next := int64(info.State.LastSeq) //nolint:gosec // a count
	rs, end, size, err := s.j.Read(ctx, next, s.limit())
	if err != nil {
		return false, err
	}
	if next > size {
		s.leads = false
		return false, fmt.Errorf("the stream holds %d entries and the journal %d: it belongs to another or a later city; give this one a new stream", next, size)
	}
	s.status.Store(&Status{Up: true, Publishes: s.leads, Published: next, Behind: size - next})
	moved := next != s.seen
	s.seen = next
	if end == next {
		return false, nil
	}
	if !s.leads {
		if moved {
			return false, nil // somebody publishes, or we have not looked twice
		}
		s.leads = true
	}
	if err := s.publish(ctx, js, rs, next, end); err != nil {
		var refused *jetstream.APIError
		if errors.As(err, &refused) && refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
			// Another node publishes, or the server took part of a batch: look again, and more carefully.
			s.leads, s.slow = false, true
			return false, nil
		}
		return false, err
	}
	s.seen, s.slow = end, false
	return true, nil
}

func (s *Service) limit() int {
	if s.slow {
		return 1
	}
	return batch
}

// open finds the stream, or makes it so that its first sequence fits the journal.
func (s *Service) open(ctx context.Context, js jetstream.JetStream) (jetstream.Stream, error) {
	st, err := js.Stream(ctx, Stream)
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return st, err
	}
	cfg := s.stream
	if s.now {
		_, _, size, err := s.j.Read(ctx, 0, 1)
		if err != nil {
			return nil, err
		}
		cfg.FirstSeq = uint64(size) + 1 //nolint:gosec // a count
	}
	st, err = js.CreateStream(ctx, cfg)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return js.Stream(ctx, Stream) // another node was faster
	}
	return st, err
}

// publish sends entries from number next up to end, each saying after which it comes, and
// waits until all are kept.
func (s *Service) publish(ctx context.Context, js jetstream.JetStream, rs []journal.Record, next, end int64) error {
	codes, err := s.codes(ctx, rs)
	if err != nil {
		return err
	}
	futures := make([]jetstream.PubAckFuture, 0, end-next)
	for n := next; n < end; n++ {
		var r *journal.Record // nil: somebody removed it, which is for Verify to report
		if len(rs) > 0 && rs[0].Seq == n {
			r, rs = &rs[0], rs[1:]
		}
		m, err := s.message(n, r, codes)
		if err != nil {
			return err
		}
		f, err := js.PublishMsgAsync(m, jetstream.WithMsgID(strconv.FormatInt(n, 10)), jetstream.WithExpectLastSequence(uint64(n))) //nolint:gosec // a count
		if err != nil {
			return err
		}
		futures = append(futures, f)
	}
	for i, f := range futures {
		select {
		case a := <-f.Ok():
			if want := uint64(next) + uint64(i) + 1; a.Sequence != want { //nolint:gosec // counts
				return fmt.Errorf("entry %d has the sequence %d in the stream, not %d", next+int64(i), a.Sequence, want)
			}
		case err := <-f.Err():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (s *Service) codes(ctx context.Context, rs []journal.Record) (map[journal.Subject]string, error) {
	if s.cfg.Codes == nil {
		return nil, nil
	}
	var about []journal.Subject
	for _, r := range rs {
		if f, ok := s.cfg.Policy(r.Kind); ok && f.Code {
			about = append(about, r.Subject)
		}
	}
	if len(about) == 0 {
		return nil, nil
	}
	return s.cfg.Codes(ctx, about)
}
