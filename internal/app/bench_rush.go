package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/web"
)

const (
	rushService = "hanoi.education.grade-1-enrolment"
	rushPlaces  = 600
	rushEarly   = 80  // of a hundred families come before midnight
	rushTwice   = 10  // of a hundred post twice at the same time
	rushProbe   = 20  // looks at a tracking page a second, beside the rush
	rushConns   = 512 // connections; the city refuses nobody for it
	rushQuiet   = 15 * time.Second
)

// loadRushCmd is the opening minute in a city of its own.
type loadRushCmd struct {
	Families int           `help:"How many come for the places." default:"3000"`
	DB       string        `help:"URL of a PostgreSQL server on which a fresh database may be made; empty: SQLite." env:"KHUE_BENCH_DB"`
	For      time.Duration `help:"When to stop although places are left." default:"2m"`
}

// Run plays it and prints what was found; exit 1 where a place was given twice or a dossier lost.
func (l *loadRushCmd) Run(c *command) error {
	rows, err := benchRush(c.ctx, citybench.Options{DB: l.DB, Families: l.Families, Clients: 64, For: l.For, Log: c.err})
	for _, r := range rows {
		fmt.Fprintf(c.out, "%-26s %10s %-3s n = %d\n", r.Name, figure(r.Value), r.Unit, r.N)
		if r.Value > 0 && (r.Name == "rush.oversold" || r.Name == "rush.lost" || r.Name == "rush.doubled") {
			err = errors.Join(err, fmt.Errorf("%s: %g", r.Name, r.Value))
		}
	}
	return err
}

// benchRush opens the enrolment at midnight to many families, over HTTP: four in five stand in
// line before, the others come within the first seconds, all ask as often as the page tells
// them to, and whoever is let in files, some twice at once. Beside it somebody looks at the
// page of a dossier. City and families share one process and its processors. Every filing that
// was acknowledged is held against the tables.
func benchRush(ctx context.Context, o citybench.Options) (rows []citybench.Row, err error) {
	midnight := clock.MustDate("2026-07-01").At(0, 0)
	clk := clock.StartAt(clock.System(), midnight.Add(-50*time.Minute))
	p, closeCity, err := benchCity(ctx, o, Config{Clock: clk})
	if err != nil {
		return nil, err
	}
	defer closeCity()
	city, err := p.Settle(ctx)
	if err != nil {
		return nil, err
	}
	door, stop, err := serveBench(ctx, p)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	r := &rush{p: p, o: o, url: door, http: rushClient(rushConns), beside: rushClient(rushProbe)}
	if err := r.settle(ctx, city.Password); err != nil {
		return nil, err
	}
	if err := r.probed(ctx, city); err != nil {
		return nil, err
	}
	fmt.Fprintf(o.Log, "%d families are there; quiet first\n", len(r.families))
	quiet, cancel := context.WithTimeout(ctx, rushQuiet)
	r.probe(quiet, &r.quiet)
	cancel()
	early := len(r.families) * rushEarly / 100
	began := wall()
	r.crowd(early, func(i int) error { return r.join(ctx, &r.families[i]) })
	joined := float64(early) / wall().Sub(began).Seconds()
	if err := clk.JumpTo(midnight.Add(-5 * time.Second)); err != nil {
		return nil, err
	}
	fmt.Fprintf(o.Log, "%d wait, %.0f a second came; midnight in 5 s\n", early, joined)
	r.open(ctx, early, wall().Add(5*time.Second))
	lost, doubled, stored, err := r.check(ctx)
	if err != nil {
		return nil, errors.Join(err, r.failed)
	}
	peak := 0
	for i := range r.seconds {
		peak = max(peak, int(r.seconds[i].Load()))
	}
	ms := func(name string, t *timings, q int) citybench.Row {
		v, n := t.at(q)
		return citybench.Row{Name: fmt.Sprintf("rush.%s_p%d_ms", name, q), Value: v, Unit: "ms", N: n}
	}
	n := len(r.families)
	return []citybench.Row{
		{Name: "rush.families", Value: float64(n), N: n}, {Name: "rush.join_per_second", Value: joined, Unit: "/s", N: early},
		{Name: "rush.peak_per_second", Value: float64(peak), Unit: "/s", N: int(r.asked.Load())},
		{Name: "rush.full_after_s", Value: r.full.Seconds(), Unit: "s", N: stored},
		ms("join_late", &r.late, 50), ms("join_late", &r.late, 99), ms("ask", &r.ask, 50), ms("ask", &r.ask, 99), ms("file", &r.file, 50), ms("file", &r.file, 99),
		ms("track_quiet", &r.quiet, 50), ms("track_quiet", &r.quiet, 99), ms("track_rush", &r.track, 50), ms("track_rush", &r.track, 99),
		{Name: "rush.oversold", Value: float64(max(0, stored-rushPlaces)), N: stored}, {Name: "rush.lost", Value: float64(lost), N: len(r.filed)},
		{Name: "rush.asked_to_wait", Value: float64(r.later.Load()), N: int(r.asked.Load())},
		{Name: "rush.doubled", Value: float64(doubled), N: len(r.filed)}, {Name: "rush.errors", Value: float64(r.errs.Load()), N: int(r.asked.Load())},
	}, r.failed
}

// rushClient comes from as many addresses as a city's people, over at most so many connections.
func rushClient(conns int) *http.Client {
	return &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns, DisableCompression: true,
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				return citybench.Elsewhere(addr).DialContext(ctx, network, addr)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// wall is the machine's clock: the city's own stands at another day.
func wall() time.Time { return clock.System().Now() }

// rush is the families and what they were told.
type rush struct {
	p        *Program
	o        citybench.Options
	http     *http.Client
	beside   *http.Client // of those who want something else: they do not stand behind the families' connections
	url      string
	code     string // of the dossier that is looked at
	families []rusher

	quiet, track, late, ask, file timings
	seconds                       [600]atomic.Int64 // requests by second since midnight
	asked, errs, later            atomic.Int64
	full                          time.Duration

	mu     sync.Mutex
	filed  map[string]int // family by acknowledged code
	failed error
}

type rusher struct {
	n      int
	token  string
	cookie string
}

type timings struct {
	mu sync.Mutex
	ds []time.Duration
}

func (t *timings) add(d time.Duration) {
	t.mu.Lock()
	t.ds = append(t.ds, d)
	t.mu.Unlock()
}

func (t *timings) at(q int) (ms float64, n int) {
	slices.Sort(t.ds)
	if n = len(t.ds); n > 0 {
		ms = float64(t.ds[min(n-1, n*q/100)].Microseconds()) / 1000
	}
	return ms, n
}

func (r *rush) fail(err error) {
	r.errs.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil && !errors.Is(err, context.Canceled) {
		r.failed = err
	}
}

func (r *rush) crowd(n int, do func(i int) error) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range r.o.Clients {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					r.fail(err)
				}
			}
		})
	}
	wg.Wait()
}

// settle makes the families' accounts, as verified people.
func (r *rush) settle(ctx context.Context, password string) error {
	hash, err := r.p.Auth.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	r.families, r.filed = make([]rusher, r.o.Families), map[string]int{}
	r.crowd(len(r.families), func(i int) error {
		a, err := r.p.Auth.CreateAccount(ctx, auth.NewAccount{Login: fmt.Sprintf("08%08d", i), Name: "Nguyễn Thị Hạnh", Kind: auth.KindCitizen, Hash: hash, Level: auth.Verified})
		if err != nil {
			return err
		}
		r.families[i].n = i
		r.families[i].token, err = r.p.Auth.IssueToken(ctx, a, "rush")
		return err
	})
	return r.failed
}

func (r *rush) send(ctx context.Context, f *rusher, method, path, kind string, body []byte) (*http.Response, []byte, error) {
	return r.sendBy(ctx, r.http, f, method, path, kind, body)
}

func (r *rush) sendBy(ctx context.Context, by *http.Client, f *rusher, method, path, kind string, body []byte) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+f.token)
	req.Header.Set("Accept", "application/json")
	if f.cookie != "" {
		req.Header.Set("Cookie", f.cookie)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if kind == "application/json" {
		req.Header.Set("Idempotency-Key", fmt.Sprintf("rush-family-%06d", f.n))
	}
	r.asked.Add(1)
	res, err := by.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return res, b, err
}

// join takes the family's ticket.
func (r *rush) join(ctx context.Context, f *rusher) error {
	res, b, err := r.send(ctx, f, http.MethodPost, "/line/"+rushService, "application/x-www-form-urlencoded", []byte("_key="+web.NewKey()))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) == 0 {
		return fmt.Errorf("joining: status %d: %.200s", res.StatusCode, b)
	}
	for _, c := range res.Cookies() {
		if strings.HasPrefix(c.Name, "khue-line-") {
			f.cookie = c.Name + "=" + c.Value
		}
	}
	return nil
}

// open is the minute itself: it ends when all places are taken, or with Options.For.
func (r *rush) open(ctx context.Context, early int, midnight time.Time) {
	done, cancel := context.WithDeadline(ctx, midnight.Add(max(r.o.For, 2*time.Minute)))
	defer cancel()
	go r.probe(done, &r.track)
	var wg sync.WaitGroup
	rate := max(1, len(r.families)/75) // 2,000 a second of 150,000
	for i := range r.families {
		wg.Go(func() {
			f, start := &r.families[i], midnight
			if i >= early { // comes late
				start = midnight.Add(time.Duration(float64(i-early) / float64(rate) * float64(time.Second)))
			} else {
				// The page spread them over the first minute.
				start = midnight.Add(time.Duration(float64(i) / float64(rate) * float64(time.Second)))
			}
			r.life(done, f, start, midnight, i >= early, cancel)
		})
	}
	wg.Wait()
	r.full = min(r.full, wall().Sub(midnight))
}

// life is one family: it asks when it is told to, and files when it is let in.
func (r *rush) life(ctx context.Context, f *rusher, at, midnight time.Time, joins bool, cancel func()) {
	wait := func() bool {
		t := time.NewTimer(at.Sub(wall()))
		defer t.Stop()
		select {
		case <-ctx.Done():
			return false
		case <-t.C:
			if s := int(wall().Sub(midnight).Seconds()); s >= 0 && s < len(r.seconds) {
				r.seconds[s].Add(1)
			}
			return true
		}
	}
	if joins {
		if !wait() {
			return
		}
		if err := r.join(ctx, f); err != nil {
			if ctx.Err() == nil {
				r.fail(err)
			}
			return
		}
		r.late.add(wall().Sub(at))
		at = wall().Add(3 * time.Second)
	}
	for wait() {
		res, b, err := r.send(ctx, f, http.MethodGet, "/line/"+rushService+"/now", "", nil)
		if err == nil && res.StatusCode == http.StatusTooManyRequests {
			later, _ := strconv.Atoi(res.Header.Get("Retry-After"))
			at = wall().Add(time.Duration(max(1, later)) * time.Second)
			r.later.Add(1)
			continue
		}
		if err != nil || res.StatusCode != http.StatusOK {
			if ctx.Err() == nil {
				r.fail(fmt.Errorf("asking: %v %.200s", err, b))
			}
			return
		}
		r.ask.add(wall().Sub(at))
		var told struct {
			Stand string
			Next  int
		}
		if err := json.Unmarshal(b, &told); err != nil {
			r.fail(err)
			return
		}
		if told.Stand == "in" {
			r.files(ctx, f, midnight, cancel)
			return
		}
		at = wall().Add(time.Duration(max(1, told.Next)) * time.Second)
	}
}

// files sends what a family had prepared; some send it twice at once.
func (r *rush) files(ctx context.Context, f *rusher, midnight time.Time, cancel func()) {
	body, _ := json.Marshal(map[string]any{
		"service": rushService, "channel": "online", "applicant": map[string]any{"name": "Nguyễn Thị Hạnh", "phone": "0912000001"},
		"answers": map[string]any{
			"child.name": "Nguyễn Minh An", "child.id": fmt.Sprintf("99922%07d", f.n), "child.dob": "2020-03-08", "child.priority": false,
			"residence.commune": "00118", "residence.address": "Số 5, phố Bồ Đề", "requester.name": "Nguyễn Thị Hạnh", "requester.relation": "mother",
		},
		"delivery": map[string]any{"method": "online"},
	})
	times := 1
	if f.n%100 < rushTwice {
		times = 2
	}
	var wg sync.WaitGroup
	for range times {
		wg.Go(func() {
			began := wall()
			res, b, err := r.send(ctx, f, http.MethodPost, "/api/v1/dossiers", "application/json", body)
			var got struct{ Code string }
			if err == nil {
				err = json.Unmarshal(b, &got)
			}
			if err != nil || res.StatusCode != http.StatusCreated {
				r.fail(fmt.Errorf("filing: %v %.300s", err, b))
				return
			}
			r.file.add(wall().Sub(began))
			r.mu.Lock()
			defer r.mu.Unlock()
			r.filed[got.Code] = f.n
			if len(r.filed) == rushPlaces {
				r.full = wall().Sub(midnight)
				time.AfterFunc(3*time.Second, cancel) // twins under way end first
			}
		})
	}
	wg.Wait()
}

// probed files the dossier that is looked at.
func (r *rush) probed(ctx context.Context, city DemoCity) error {
	f := rusher{n: 999_999}
	for _, a := range city.Accounts {
		if a.Role == "citizen" {
			f.token = a.Token
			break
		}
	}
	body := []byte(`{"service":"hanoi.civil-status.birth-registration","case":"normal","channel":"online","applicant":{"name":"Nguyễn Thị Hạnh","phone":"0912000001"},"answers":{"child.registrationUnit":"00118","child.name":"Nguyễn Minh An","child.dob":"2026-06-01","child.sex":"female","child.ethnicity":"01","child.hometown":"Gia Lâm, Hà Nội","child.homeBirth":false,"child.birthPlace":"Bệnh viện Phụ sản Hà Nội","mother.name":"Nguyễn Thị Hạnh","mother.dob":"1996","requester.name":"Nguyễn Thị Hạnh","requester.id":"999196000001","requester.relation":"mother"},"papers":[{"paper":"birthSlip","name":"a.pdf","type":"pdf","size":1000,"copies":1}],"delivery":{"method":"counter"}}`)
	res, b, err := r.send(ctx, &f, http.MethodPost, "/api/v1/dossiers", "application/json", body)
	if err != nil {
		return err
	}
	var got struct{ Code, AccessKey string }
	if err := json.Unmarshal(b, &got); err != nil || res.StatusCode != http.StatusCreated {
		return fmt.Errorf("the dossier to look at: %d %.300s", res.StatusCode, b)
	}
	r.code = "/dossiers/" + url.PathEscape(got.Code) + "?k=" + url.QueryEscape(got.AccessKey)
	return nil
}

// probe looks at the page of a dossier, open loop, until ctx ends.
func (r *rush) probe(ctx context.Context, into *timings) {
	tick := time.NewTicker(time.Second / rushProbe)
	defer tick.Stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-tick.C:
			wg.Go(func() {
				res, b, err := r.sendBy(ctx, r.beside, &rusher{}, http.MethodGet, r.code, "", nil)
				switch {
				case ctx.Err() != nil:
				case err != nil || res.StatusCode != http.StatusOK:
					r.fail(fmt.Errorf("tracking: %v %.200s", err, b))
				default:
					into.add(wall().Sub(at))
				}
			})
		}
	}
}

// check holds what was acknowledged against what is stored.
func (r *rush) check(ctx context.Context) (lost, doubled, stored int, err error) {
	seen := map[int]bool{}
	for code, n := range r.filed {
		if seen[n] {
			doubled++
		}
		seen[n] = true
		if _, err := r.p.Dossiers.ResourceOf(ctx, "dossier", code); err != nil {
			lost++
		}
	}
	pkg, err := r.p.Places.Package(rushService)
	if err != nil {
		return lost, doubled, 0, err
	}
	err = r.p.DB.View(ctx, func(_ context.Context, v *db.View) error {
		stored, err = r.p.Places.Taken(ctx, v, pkg)
		return err
	})
	return lost, doubled, stored, err
}
