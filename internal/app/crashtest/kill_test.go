package crashtest

import (
	"crypto/rand"
	"fmt"
	mrand "math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/kernel/db/dbtest"
)

const clients = 16

// life is the ledger's page on one dossier: what was acknowledged, and what was asked
// without an answer.
type life struct {
	code, task string
	version    int64 // acknowledged transitions, the filing among them
	state      string
	pending    *request
}

// place is where the script puts a dossier after so many transitions.
type place struct{ state, step string }

// queued is an open task as a queue shows it.
type queued struct {
	ID, Dossier, Step, State string
	Version                  int64
}

// TestKilledCityLosesNothing kills khue under load (KHUE_KILLS times an engine, 3 by
// default), starts it again and holds every dossier against the ledger of its clients.
func TestKilledCityLosesNothing(t *testing.T) {
	t.Parallel()
	kills := 3
	if n, err := strconv.Atoi(os.Getenv("KHUE_KILLS")); err == nil {
		kills = n
	}
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return dbtest.PostgresURL(t, app.Migrations()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := found(t, url(t))
			before := c.verify()
			d := &drill{city: c}
			c.serve()
			d.learn()
			for i := range kills {
				round := d.load()
				c.serve()
				d.settle(round)
				if (i+1)%100 == 0 {
					t.Logf("%d kills so far, %d transitions acknowledged before one", i+1, d.acked.Load())
				}
			}
			d.check(d.lives) // and nothing that was right has changed since
			c.end(syscall.SIGTERM)
			if got, want := c.verify()-before, d.transitions(); got != want {
				t.Errorf("the journal holds %d entries for %d transitions", got, want)
			}
			t.Logf("%d kills, %d dossiers, %d transitions acknowledged before a kill; %d unanswered, of which %d had been done",
				kills, len(d.lives), d.acked.Load(), d.unanswered, d.done)
		})
	}
}

type drill struct {
	*city
	places           []place // by version
	lives            []*life
	acked            atomic.Int64
	unanswered, done int
}

func (d *drill) transitions() (n int64) {
	for _, l := range d.lives {
		n += l.version
	}
	return n
}

// next is the request that follows what a life has had acknowledged.
func (d *drill) next(l *life) *request {
	r := &request{path: "/api/v1/dossiers", role: "clerk", key: rand.Text(), body: d.submit}
	if l.version > 0 {
		s := d.stages[l.version-1]
		r.path, r.role, r.action = "/api/v1/tasks/"+l.task+"/complete", s.Role, s.Action
		r.body = fmt.Appendf(nil, `{"version":%d,"action":%q%s}`, l.version, s.Action, s.Answers)
	}
	return r
}

// play takes a life on until its end (false) or the end of the server (true).
func (d *drill) play(h *http.Client, l *life, acked func(answer)) (cut bool) {
	for l.version <= int64(len(d.stages)) {
		l.pending = d.next(l)
		status, a, text, err := d.post(h, *l.pending)
		for try := 0; err == nil && status == http.StatusServiceUnavailable && try < 20; try++ {
			status, a, text, err = d.post(h, *l.pending) // a starved machine says so; the same key asks again
		}
		if err != nil {
			return true
		}
		want, version := http.StatusOK, a.Version
		if l.version == 0 {
			want, version = http.StatusCreated, a.TaskVersion
			l.code, l.task = a.Code, a.Task
		}
		if status != want || version != l.version+1 {
			d.t.Errorf("%s after version %d: status %d: %.300s", l.pending.path, l.version, status, text)
			return true
		}
		l.version, l.state, l.pending = version, a.State, nil
		acked(a)
	}
	return false
}

// learn plays one life in peace: where the script leads.
func (d *drill) learn() {
	d.places = []place{{}}
	l := &life{}
	if d.play(newHTTP(), l, func(a answer) { d.places = append(d.places, place{a.State, a.Step}) }) {
		d.t.Fatal("the script does not run")
	}
	d.lives = append(d.lives, l)
}

// load runs the clients and kills the server at a random moment.
func (d *drill) load() (round []*life) {
	enough := mrand.Int64N(1200) + 50
	var acks atomic.Int64
	reached := make(chan struct{})
	played := make([][]*life, clients)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			h := newHTTP()
			for cut := false; !cut; {
				l := &life{}
				played[i] = append(played[i], l)
				cut = d.play(h, l, func(answer) {
					if acks.Add(1) == enough {
						close(reached)
					}
				})
			}
			h.CloseIdleConnections()
		})
	}
	over := make(chan struct{})
	go func() { wg.Wait(); close(over) }()
	select {
	case <-reached:
	case <-over:
		d.t.Fatal("the clients gave up before the kill")
	}
	// The moment must not stand in step with the commits.
	<-time.After(time.Duration(mrand.Int64N(int64(30 * time.Millisecond))))
	d.end(syscall.SIGKILL)
	<-over
	d.acked.Add(acks.Load())
	for _, ls := range played {
		round = append(round, ls...)
	}
	d.lives = append(d.lives, round...)
	return round
}

// settle repeats what was not answered, twice, and compares the round.
func (d *drill) settle(round []*life) {
	d.t.Helper()
	h := newHTTP()
	queue := d.queue(h)
	known := map[string]bool{}
	for _, l := range d.lives {
		known[l.code] = true
	}
	for _, q := range queue {
		if !known[q.Dossier] {
			d.done++ // filed, and not answered
		}
	}
	for _, l := range round {
		if l.pending == nil {
			continue
		}
		d.unanswered++
		if l.version > 0 && queue[l.code].Version != l.version {
			d.done++
		}
		want := http.StatusOK
		if l.version == 0 {
			want = http.StatusCreated
		}
		for range 2 {
			status, a, text, err := d.post(h, *l.pending)
			if err != nil || status != want {
				d.t.Errorf("%s %s repeated after the kill: status %d, %v: %.300s", l.code, l.pending.path, status, err, text)
				continue
			}
			if l.code != "" && a.Code != l.code {
				d.t.Errorf("%s repeated answers %s: it counts twice", l.code, a.Code)
			}
			if l.version == 0 && (a.Task == "" || a.TaskVersion != 1 || a.Promise == "") {
				d.t.Errorf("%s filed again is answered without what the first answer held: %.300s", a.Code, text)
			}
			l.code, l.state = a.Code, a.State
		}
		l.version, l.pending = l.version+1, nil
	}
	d.check(round)
}

// check compares dossiers, tasks and timelines with the ledger, entry by entry.
func (d *drill) check(lives []*life) {
	d.t.Helper()
	h := newHTTP()
	queue := d.queue(h)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for k := i; k < len(lives); k += 4 {
				if err := d.compare(h, lives[k], queue); err != nil {
					d.t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	known := map[string]bool{}
	for _, l := range d.lives {
		known[l.code] = true
	}
	for code := range queue {
		if !known[code] {
			d.t.Errorf("%s stands in a queue and nobody filed it: a filing counts twice", code)
		}
	}
}

func (d *drill) compare(h *http.Client, l *life, queue map[string]queued) error {
	var dossier struct {
		State   string
		Version int64
	}
	if err := d.get(h, "/api/v1/dossiers/"+l.code, "clerk", &dossier); err != nil {
		return fmt.Errorf("acknowledged and lost: %w", err)
	}
	var lines struct{ Items []struct{ State string } }
	if err := d.get(h, "/api/v1/dossiers/"+l.code+"/timeline", "clerk", &lines); err != nil {
		return err
	}
	at, n := d.places[l.version], int64(len(lines.Items))
	if dossier.Version != l.version || dossier.State != at.state || l.state != at.state || n != l.version {
		return fmt.Errorf("%s: acknowledged version %d in %s; stored version %d in %s with %d lines of its timeline",
			l.code, l.version, l.state, dossier.Version, dossier.State, n)
	}
	q, open := queue[l.code]
	if open != (at.step != "") && l.version != 1 || open && (q.Version != l.version || q.State != at.state || at.step != "" && q.Step != at.step) {
		return fmt.Errorf("%s: version %d at %q in %s, its task %+v", l.code, l.version, at.step, at.state, q)
	}
	return nil
}

// queue reads every open task by the code of its dossier.
func (d *drill) queue(h *http.Client) map[string]queued {
	d.t.Helper()
	all := map[string]queued{}
	for _, role := range []string{"clerk", "justiceOfficer", "chairman", "registryClerk"} {
		for cursor := ""; ; {
			var page struct {
				Items []queued
				Next  string
			}
			if err := d.get(h, "/api/v1/tasks?limit=200&cursor="+cursor, role, &page); err != nil {
				d.t.Fatal(err)
			}
			for _, q := range page.Items {
				if old, twice := all[q.Dossier]; twice && old.ID != q.ID {
					d.t.Errorf("%s has two open tasks: %+v, %+v", q.Dossier, old, q)
				}
				all[q.Dossier] = q
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
	}
	return all
}
