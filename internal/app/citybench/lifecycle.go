package citybench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Stage is one transition of a life: who acts, and how.
type Stage struct {
	Role    string
	Action  string
	Answers string // further members of the command's JSON object, with a comma before them
}

// worker drives lives over one connection.
type worker struct {
	c       *client
	city    *city
	submit  []byte
	stages  []Stage
	lives   int
	submits []time.Duration
	steps   []time.Duration
	codes   []string
	err     error
}

type filed struct {
	Code    string `json:"code"`
	Task    string `json:"task"`
	Version int64  `json:"taskVersion"`
}

type moved struct {
	Task    string `json:"task"`
	Version int64  `json:"version"`
	State   string `json:"state"`
	Step    string `json:"step"`
}

// life files one dossier and takes it to its end.
func (w *worker) life() error {
	began := time.Now()
	status, body, err := w.c.do(http.MethodPost, "/api/v1/dossiers", w.city.token("clerk"), w.submit)
	if err != nil {
		return err
	}
	if status != http.StatusCreated {
		return refused("submit", status, body)
	}
	w.submits = append(w.submits, time.Since(began))
	var f filed
	if err := json.Unmarshal(body, &f); err != nil {
		return err
	}
	task, version := f.Task, f.Version
	var req []byte
	for _, s := range w.stages {
		req = fmt.Appendf(req[:0], `{"version":%d,"action":%q%s}`, version, s.Action, s.Answers)
		began = time.Now()
		status, body, err := w.c.do(http.MethodPost, "/api/v1/tasks/"+task+"/complete", w.city.token(s.Role), req)
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return refused(s.Action, status, body)
		}
		w.steps = append(w.steps, time.Since(began))
		var m moved
		if err := json.Unmarshal(body, &m); err != nil {
			return err
		}
		version = m.Version
	}
	w.lives++
	if len(w.codes) < 64 {
		w.codes = append(w.codes, f.Code)
	}
	return nil
}

// lifecycle measures whole lives over HTTP, then pages and look-ups on what they left.
func lifecycle(ctx context.Context, o Options) (rows []Row, err error) {
	c, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer c.close()
	ws, spent, err := drive(ctx, c, o)
	if err != nil {
		return nil, err
	}
	var lives int
	var steps []time.Duration
	for _, w := range ws {
		lives += w.lives
		steps = append(steps, w.steps...)
	}
	slices.Sort(steps)
	per := float64(lives) / spent.took.Seconds()
	rows = []Row{
		{"lifecycle.per_second", per, "1/s", lives},
		{"lifecycle.cpu_us", float64(spent.server.Microseconds()) / float64(lives), "µs", lives},
		{"lifecycle.load_cpu_us", float64(spent.load.Microseconds()) / float64(lives), "µs", lives},
		{"transition.p50_ms", quantile(steps, 0.50), "ms", len(steps)},
		{"transition.p99_ms", quantile(steps, 0.99), "ms", len(steps)},
	}
	storage, n, err := rawStorage(ctx, c, o)
	if err != nil {
		return rows, err
	}
	return append(rows, Row{"storage.lifecycles_per_second", storage, "1/s", n}, Row{"lifecycle.ratio_to_storage", per / storage, "", n}), nil
}

// openDossiers is how many open dossiers stand in the unit whose queue is measured.
const openDossiers = 2000

// lookups measures reads on a city with a full queue and, where its files are given, the
// whole national catalogue.
func lookups(ctx context.Context, o Options) ([]Row, error) {
	// On a day near today, so that the accounts live on when the city is served again.
	c, err := open(ctx, o, "--at", "2026-11-23")
	if err != nil {
		return nil, err
	}
	defer c.close()
	codes, err := fill(c, openDossiers)
	if err != nil {
		return nil, err
	}
	if len(o.Import) > 0 {
		c.stop()
		args := append([]string{"import", "procedures", "--data", c.data(), "--db", c.db}, o.Import...)
		if out, err := exec.CommandContext(ctx, o.Binary, args...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("import: %w: %.400s", err, out)
		}
		if err := c.serve(ctx, o); err != nil {
			return nil, err
		}
	}
	return reads(c, codes)
}

// fill files dossiers that nobody acts on.
func fill(c *city, n int) ([]string, error) {
	submit, _, err := Script("00118", "2026-11-01")
	if err != nil {
		return nil, err
	}
	const clients = 16
	codes := make([][]string, clients)
	errs := make([]error, clients)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			conn, err := dial(c.addr())
			if err != nil {
				errs[i] = err
				return
			}
			defer conn.close()
			for range n / clients {
				status, body, err := conn.do(http.MethodPost, "/api/v1/dossiers", c.token("clerk"), submit)
				if err == nil && status != http.StatusCreated {
					err = refused("submit", status, body)
				}
				var f filed
				if err == nil {
					err = json.Unmarshal(body, &f)
				}
				if err != nil {
					errs[i] = err
					return
				}
				codes[i] = append(codes[i], f.Code)
			}
		})
	}
	wg.Wait()
	return slices.Concat(codes...), errors.Join(errs...)
}

// spent is how long a load took, and what server and load used of the processors.
type spent struct{ took, server, load time.Duration }

// drive runs the load: two seconds to warm up, then o.For counted, and what the server used
// of its processors meanwhile.
func drive(ctx context.Context, c *city, o Options) (ws []*worker, s spent, err error) {
	submit, stages, err := Script("00133", "2025-06-01")
	if err != nil {
		return nil, s, err
	}
	ws = make([]*worker, o.Clients)
	for i := range ws {
		conn, err := dial(c.addr())
		if err != nil {
			return nil, s, err
		}
		defer conn.close()
		ws[i] = &worker{c: conn, city: c, submit: submit, stages: stages}
	}
	if err := ws[0].life(); err != nil { // tell a broken script before the load
		return nil, s, err
	}
	var phase atomic.Int32 // 0 warm-up, 1 counted, 2 over
	var wg sync.WaitGroup
	for _, w := range ws {
		wg.Go(func() {
			counted := false
			for phase.Load() < 2 && w.err == nil && ctx.Err() == nil {
				if !counted && phase.Load() == 1 {
					counted = true
					w.lives, w.steps, w.submits = 0, w.steps[:0], w.submits[:0]
				}
				w.err = w.life()
			}
		})
	}
	time.Sleep(min(2*time.Second, o.For))
	before, own := c.used(), Used()
	phase.Store(1)
	began := time.Now()
	time.Sleep(o.For)
	phase.Store(2)
	s = spent{time.Since(began), c.used() - before, Used() - own}
	wg.Wait()
	var errs []error
	for _, w := range ws {
		errs = append(errs, w.err)
	}
	return ws, s, errors.Join(errs...)
}

// reads measures one request at a time over one connection: the median includes the
// loopback and the HTTP shell.
func reads(c *city, codes []string) ([]Row, error) {
	conn, err := dial(c.addr())
	if err != nil {
		return nil, err
	}
	defer conn.close()
	const n = 400
	measure := func(name, token string, path func(i int) string) (Row, error) {
		var all []time.Duration
		for i := range n {
			p := path(i)
			began := time.Now()
			status, body, err := conn.do(http.MethodGet, p, token, nil)
			if err != nil {
				return Row{}, err
			}
			if status != http.StatusOK {
				return Row{}, refused(p, status, body)
			}
			all = append(all, time.Since(began))
		}
		slices.Sort(all)
		return Row{name, quantile(all, 0.5), "ms", n}, nil
	}
	words := []string{"dang%20ky%20khai%20sinh", "ket%20hon", "h%E1%BB%99%20kinh%20doanh", "chung%20thuc", "giay%20phep%20xay%20dung", "dat%20dai", "so%20do", "bao%20hiem"}
	var rows []Row
	for _, m := range []struct {
		name, token string
		path        func(int) string
	}{
		{"search.p50_ms", "", func(i int) string { return "/api/v1/procedures?q=" + words[i%len(words)] }},
		{"queue.p50_ms", c.token("clerk"), func(int) string { return "/api/v1/tasks?limit=50" }},
		{"track.p50_ms", c.token("clerk"), func(i int) string { return "/api/v1/dossiers/" + codes[i%len(codes)] }},
	} {
		r, err := measure(m.name, m.token, m.path)
		if err != nil {
			return rows, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}
