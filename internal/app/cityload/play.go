package cityload

import (
	"context"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"khue/internal/app/citybench"
)

// Options say what is played, where, and within what bounds.
type Options struct {
	Scenario    Scenario
	City        citybench.Told // address, day and accounts with tokens
	Unit        string         // code of the commune that everything is filed at
	Times       float64        // multiplies every rate; 0 means 1
	For         time.Duration  // 0: the scenario's
	Requests    int            // at most; 0 means 1,000,000
	Connections int            // at most; 0 means 256
	Patience    time.Duration  // how long a post is sent again; 0 means 10 s
	Seed        uint64         // of the arrivals
	Ledger      *Ledger
	Log         io.Writer // a line a second
	// Processor is what the server has had of the processors so far; nil where that is not known.
	Processor func() time.Duration
}

func (o Options) withDefaults() Options {
	if o.Times <= 0 {
		o.Times = 1
	}
	if o.For <= 0 {
		o.For = max(o.Scenario.For, time.Second)
	}
	if o.Requests <= 0 {
		o.Requests = 1_000_000
	}
	if o.Connections <= 0 {
		o.Connections = 256
	}
	if o.Patience <= 0 {
		o.Patience = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	return o
}

// session is one visit. Its steps follow each other: one that is due before the last was
// answered waits, and its wait counts.
type session struct {
	actor int
	pick  uint64 // what it looks for

	mu      sync.Mutex
	busy    bool
	waiting []due
}

// player is a running load.
type player struct {
	o       Options
	city    citybench.Told
	addr    string
	secure  bool
	acts    map[string]act
	stock   *stock
	ledger  *Ledger
	stats   *stats
	stages  []citybench.Stage
	counter filing
	online  filing
	mark    string
	serial  atomic.Uint64
	began   time.Time
	todo    chan due
	left    sync.WaitGroup
}

// Address splits a target into what is dialled.
func Address(target string) (addr string, secure bool, err error) {
	u, err := url.Parse(target)
	if err != nil {
		return "", false, err
	}
	port := u.Port()
	switch {
	case u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", false, fmt.Errorf("%q is no address such as http://127.0.0.1:8080", target)
	case port == "" && u.Scheme == "https":
		port = "443"
	case port == "":
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port), u.Scheme == "https", nil
}

// Run plays a scenario and returns what was measured. It ends early with ctx, and still
// tells what it has.
func Run(ctx context.Context, o Options) (*Report, error) {
	o = o.withDefaults()
	p := &player{o: o, city: o.City, ledger: o.Ledger, acts: map[string]act{}, stats: &stats{}}
	for _, a := range acts() {
		p.acts[a.name] = a
	}
	var err error
	if p.addr, p.secure, err = Address(o.City.URL); err != nil {
		return nil, err
	}
	if p.counter, p.online, p.stages, err = script(o.Unit, o.City.At); err != nil {
		return nil, err
	}
	p.stock = newStock(len(p.stages))
	p.mark = "Q" + letters(mrand.Uint64()%26_000_000) //nolint:gosec // a name, no secret
	p.ledger.write(Line{Kind: lineRun, Mark: p.mark, Scenario: o.Scenario.Name, Target: o.City.URL})
	if err := p.before(ctx); err != nil {
		return nil, fmt.Errorf("before the load: %w", err)
	}
	steps, cut := plan(o.Scenario, o.Times, o.For, o.Requests, o.Seed)
	rep := &Report{Load: [2]string{loadAverage(), ""}}
	own, theirs := citybench.Used(), time.Duration(0)
	if o.Processor != nil {
		theirs = o.Processor()
	}
	p.play(ctx, steps)
	rep.OwnCPU = (citybench.Used() - own).Seconds()
	if o.Processor != nil {
		rep.ServerCPU = (o.Processor() - theirs).Seconds()
	}
	rep.Load[1] = loadAverage()
	p.fill(rep, steps, cut)
	return rep, nil
}

// before files dossiers and takes them to all stages of a life, so that from the first
// second there is something to act on and to look up.
func (p *player) before(ctx context.Context) error {
	n := int(float64(p.o.Scenario.Before) * p.o.Times)
	if n == 0 {
		return nil
	}
	fmt.Fprintf(p.o.Log, "filing %d dossiers before the clock starts …\n", n)
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for w := range errs {
		wg.Go(func() {
			l := p.line()
			defer l.close()
			for i := w; i < n && errs[w] == nil && ctx.Err() == nil; i += len(errs) {
				own := &player{o: p.o, ledger: p.ledger, city: p.city, stages: p.stages, stock: newStock(len(p.stages)), mark: p.mark}
				own.serial.Store(uint64(i)) //nolint:gosec // small
				own.addr, own.secure = p.addr, p.secure
				ask := own.file("clerk", p.counter)
				for stage := 0; ; stage++ {
					if r := p.send(ctx, l, ask, noFault); r.how != served {
						errs[w] = fmt.Errorf("stage %d: %s", stage, r.said)
						break
					}
					if stage == i%len(p.stages) {
						break
					}
					ask = own.complete(stage)
				}
				for _, k := range own.stock.seen {
					if l := own.stock.take(5, 4, 3, 2, 1, 0); l != nil {
						l.access = k.access
						p.stock.filed(l)
					}
				}
			}
		})
	}
	wg.Wait()
	p.serial.Store(uint64(n)) //nolint:gosec // small
	return errors.Join(append(errs, ctx.Err())...)
}

// play sends every step at its time, whether or not earlier ones were answered.
func (p *player) play(ctx context.Context, steps []due) {
	p.todo = make(chan due, len(steps)+1)
	var pending sync.WaitGroup
	p.stats.pending = &pending
	p.began = time.Now()
	hard, stop := context.WithCancel(ctx)
	defer stop()
	for range min(p.o.Connections, len(steps)) {
		p.left.Go(func() { p.work(hard) })
	}
	told := make(chan struct{})
	progress, quiet := context.WithCancel(hard)
	go func() { defer close(told); p.progress(progress, steps) }()
	for _, d := range steps {
		if wait := time.Until(p.began.Add(d.at)); wait > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
		}
		if ctx.Err() != nil {
			break
		}
		pending.Add(1)
		d.session.mu.Lock()
		if d.session.busy {
			d.session.waiting = append(d.session.waiting, d)
		} else {
			d.session.busy = true
			p.todo <- d
		}
		d.session.mu.Unlock()
	}
	all := make(chan struct{})
	go func() { pending.Wait(); close(all) }()
	select {
	case <-all:
	case <-ctx.Done():
	case <-time.After(p.o.Patience + drain):
	}
	quiet()
	<-told
	stop()
	p.left.Wait()
}

// drain is how long what is still queued at the end may take.
const drain = 30 * time.Second

// work takes steps until the end, on one connection.
func (p *player) work(ctx context.Context) {
	l := p.line()
	defer l.close()
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-p.todo:
			p.step(ctx, l, d)
			d.session.mu.Lock()
			if w := d.session.waiting; len(w) > 0 {
				p.todo <- w[0]
				d.session.waiting = w[1:]
			} else {
				d.session.busy = false
			}
			d.session.mu.Unlock()
			p.stats.pending.Done()
		}
	}
}

func (p *player) step(ctx context.Context, l *line, d due) {
	a := p.o.Scenario.Actors[d.session.actor]
	name := a.Steps[d.step]
	began := time.Now()
	s := sample{at: d.at, actor: d.session.actor, act: name, lag: began.Sub(p.began) - d.at}
	ask := p.acts[name].ask(p, d.session)
	if ask == nil {
		s.how = idle
		p.stats.add(s)
		return
	}
	if ask.line != nil && mrand.Float64() < p.o.Scenario.Faults { //nolint:gosec // chance
		s.fault = fault(1 + mrand.IntN(3)) //nolint:gosec // chance
	}
	r := p.send(ctx, l, ask, s.fault)
	s.how, s.said, s.again = r.how, r.said, r.again
	s.took = time.Since(began)
	p.stats.add(s)
}

func (p *player) token(role string) string {
	if role == "" {
		return ""
	}
	return p.city.Token(role)
}

// name is the applicant of a filing: the run's mark and a number, as letters.
func (p *player) name() string {
	return "Nguyễn Thị Hạnh " + p.mark + " " + letters(p.serial.Add(1)-1)
}

func (p *player) key() string { return uuid.Must(uuid.NewV7()).String() }

// progress tells each second how it goes.
func (p *player) progress(ctx context.Context, steps []due) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	asked := 0
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		before := asked
		for asked < len(steps) && steps[asked].at <= time.Since(p.began) {
			asked++
		}
		fmt.Fprintln(p.o.Log, p.stats.second(n, asked-before, asked))
	}
}
