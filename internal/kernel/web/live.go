package web

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// livePath is where a browser listens.
const livePath = "/live"

// byItself is the header of a request that a page makes without its reader: it is no sign
// of life of their session.
const byItself = "X-Khue-Background"

// peeker resolves a token without a sign of life; auth.Service does.
type peeker interface {
	Peek(ctx context.Context, token string) (auth.Subject, error)
}

const (
	liveBeat       = 20 * time.Second // a comment, so that nobody between takes the line for dead
	liveWrite      = 10 * time.Second // who takes nothing for so long is dropped
	liveTopics     = 40               // of one stream
	livePending    = 64               // topics that wait for a slow reader; beyond, one "all"
	livePerAccount = 8                // streams: a browser has one, a person a few browsers
	liveStreams    = 20_000

	// LiveAll stands for every topic of a reader: something was passed over.
	LiveAll = "all"
)

// Live tells browsers that something changed: the name of a topic ("unit:7", "dossier:42",
// "account:9"), never what changed. A page then asks for itself again, under the rights of
// its reader. One process has one Live; the journal (journal.Watch) tells each of all nodes'
// changes. Safe for concurrent use.
type Live struct {
	// may decides whether a reader may hear of a topic.
	may   func(ctx context.Context, topic string) bool
	mu    sync.Mutex
	open  map[*listener]struct{}
	last  int64 // number of the youngest stream
	count atomic.Int64
	ended chan struct{}
	once  sync.Once
}

// NewLive returns a hub. may is asked once for each topic that a browser wants to hear.
func NewLive(may func(ctx context.Context, topic string) bool) *Live {
	return &Live{may: may, open: map[*listener]struct{}{}, ended: make(chan struct{})}
}

// listener is one browser's stream.
type listener struct {
	account int64
	number  int64 // grows: the least is the oldest
	topics  map[string]bool
	mu      sync.Mutex
	pending map[string]bool
	wake    chan struct{}
	gone    chan struct{} // closed where a newer stream of the account takes its place
}

// Publish tells every listener of the topics. It never waits: names gather, each once, for
// a reader that is slow.
func (l *Live) Publish(topics ...string) {
	if len(topics) == 0 || l.count.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for x := range l.open {
		x.add(topics)
	}
}

// Idle reports whether nobody listens, so that who publishes may save the work.
func (l *Live) Idle() bool { return l.count.Load() == 0 }

func (x *listener) add(topics []string) {
	heard := false
	x.mu.Lock()
	for _, t := range topics {
		if t != LiveAll && !x.topics[t] || x.pending[LiveAll] {
			continue
		}
		heard = true
		if t == LiveAll || len(x.pending) >= livePending {
			clear(x.pending)
			t = LiveAll
		}
		x.pending[t] = true
	}
	x.mu.Unlock()
	if heard {
		select {
		case x.wake <- struct{}{}:
		default:
		}
	}
}

func (x *listener) take() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := slices.Sorted(maps.Keys(x.pending))
	clear(x.pending)
	return out
}

// Close ends every stream, so that a server can stop. Nothing is heard afterwards.
func (l *Live) Close() { l.once.Do(func() { close(l.ended) }) }

// join opens a stream. The oldest of too many of one account ends; a full house is Unavailable.
func (l *Live) join(account int64, topics []string) (*listener, error) {
	x := &listener{account: account, topics: map[string]bool{}, pending: map[string]bool{}, wake: make(chan struct{}, 1), gone: make(chan struct{})}
	for _, t := range topics {
		x.topics[t] = true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= liveStreams {
		return nil, errs.E(errs.Unavailable, "web.problem.unavailable.detail")
	}
	var own []*listener
	for y := range l.open {
		if y.account == account {
			own = append(own, y)
		}
	}
	if len(own) >= livePerAccount {
		l.drop(slices.MinFunc(own, func(a, b *listener) int { return cmp.Compare(a.number, b.number) }))
	}
	l.last++
	x.number = l.last
	l.open[x] = struct{}{}
	l.count.Store(int64(len(l.open)))
	return x, nil
}

func (l *Live) drop(x *listener) {
	if _, here := l.open[x]; here {
		delete(l.open, x)
		close(x.gone)
		l.count.Store(int64(len(l.open)))
	}
}

func (l *Live) leave(x *listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(x)
}

// allowed are the topics asked for that the reader may hear of. The rest is left out
// without a word: a page may outlive a right.
func (l *Live) allowed(ctx context.Context, asked []string) []string {
	var out []string
	for _, t := range asked {
		if len(out) < liveTopics && len(t) <= 64 && !strings.ContainsAny(t, "\r\n") && !slices.Contains(out, t) && l.may(ctx, t) {
			out = append(out, t)
		}
	}
	return out
}

// live is one browser's stream of server-sent events. It ends with the session, with the
// program, and with a reader who takes nothing.
func (s *Server) live(w http.ResponseWriter, r *http.Request) error {
	q, err := Query(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	l := s.deps.Live
	asked := q["t"]
	if len(asked) > liveTopics {
		asked = asked[:liveTopics]
	}
	topics := l.allowed(ctx, asked)
	if len(topics) == 0 { // tells a browser not to come again
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	x, err := l.join(auth.From(ctx).Account, topics)
	if err != nil {
		return err
	}
	defer l.leave(x)
	rc := http.NewResponseController(w)
	// The limits of an ordinary request would cut the stream off. A writer without them is a test's.
	if err := rc.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	n := int64(0)
	send := func(text string) bool {
		_ = rc.SetWriteDeadline(clock.System().Now().Add(liveWrite))
		_, err := w.Write([]byte(text))
		return err == nil && rc.Flush() == nil
	}
	first := "retry: 3000\n\n"
	if r.Header.Get("Last-Event-ID") != "" { // what came in between is not kept: look again
		first += "id: 0\ndata: " + LiveAll + "\n\n"
	}
	if !send(first) {
		return nil
	}
	beat := time.NewTicker(liveBeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.ended:
			return nil
		case <-x.gone:
			return nil
		case <-beat.C:
			if !s.stillSignedIn(ctx, x.account) {
				send("event: bye\ndata: session\n\n")
				return nil
			}
			if !send(":\n\n") {
				return nil
			}
		case <-x.wake:
			n++
			if !send("id: " + strconv.FormatInt(n, 10) + "\ndata: " + strings.Join(x.take(), " ") + "\n\n") {
				return nil
			}
		}
	}
}

func (s *Server) stillSignedIn(ctx context.Context, account int64) bool {
	st := stateOf(ctx)
	p, ok := s.deps.Auth.(peeker)
	if st == nil || !ok {
		return ok
	}
	sub, err := p.Peek(ctx, st.token)
	return err == nil && sub.Account == account
}
