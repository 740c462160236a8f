package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/app/cityload"
	"khue/internal/kernel/clock"
)

type loadCmd struct {
	Run   loadRunCmd   `cmd:"" default:"withargs" help:"Play a scenario and compare what was acknowledged with what the city holds."`
	Rush  loadRushCmd  `cmd:"" help:"Play the opening minute: many families, few places, midnight."`
	Check loadCheckCmd `cmd:"" help:"Compare a ledger with a city, after a failover or a kill."`
}

// loadTarget is the city that is loaded.
type loadTarget struct {
	Target   string `help:"Address of a running city, http://127.0.0.1:8080; empty: a demo of its own is started and filled."`
	Accounts string `help:"File with the city's accounts and tokens, as khue demo --json prints them. It holds secrets." type:"existingfile"`
	Own      bool   `name:"i-own-this-server" help:"The target is not this machine, and you may load it."`
	Unit     string `help:"Code of the commune at which dossiers are filed; empty: the demo's."`
}

// told reads who may act there, and refuses a machine that may be a stranger's.
func (t loadTarget) told(ctx context.Context) (told citybench.Told, err error) {
	if t.Accounts == "" {
		return told, fmt.Errorf("%w: --target needs --accounts, the file with the tokens of those who act", errUsage)
	}
	b, err := os.ReadFile(t.Accounts)
	if err != nil {
		return told, err
	}
	if err := json.Unmarshal(b, &told); err != nil {
		return told, fmt.Errorf("%s: %w", t.Accounts, err)
	}
	told.URL = strings.TrimRight(t.Target, "/")
	addr, _, err := cityload.Address(told.URL)
	if err != nil {
		return told, fmt.Errorf("%w: %w", errUsage, err)
	}
	if !t.Own && !loopback(ctx, addr) {
		return told, fmt.Errorf("%w: %s is not this machine. Load only what is yours; if it is, add --i-own-this-server", errUsage, told.URL)
	}
	return told, nil
}

// loopback reports whether every address of a host is this machine.
func loopback(ctx context.Context, addr string) bool {
	host, _, _ := net.SplitHostPort(addr)
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for _, ip := range ips {
		if !ip.Unmap().IsLoopback() {
			return false
		}
	}
	return err == nil && len(ips) > 0
}

// unit is the commune of the city's demo on its day.
func (t loadTarget) unit(told citybench.Told) string {
	switch {
	case t.Unit != "":
		return t.Unit
	case clock.DateOf(told.At).Before(clock.MustDate("2025-07-01")):
		return "00133"
	}
	return "00118"
}

type loadRunCmd struct {
	loadTarget
	Mix         string        `help:"Scenario: city, opencrvs, ukraine, or a YAML file." default:"city"`
	Curve       string        `help:"Arrivals over the run in place of the scenario's: constant, day, deadline, opening." enum:",constant,day,deadline,opening" default:""`
	Times       float64       `help:"Multiply every rate." default:"1"`
	For         time.Duration `help:"Length; 0: the scenario's." default:"0"`
	Faults      float64       `help:"Share of posts that are sent slowly, twice, or lost and sent again; below 0: the scenario's." default:"-1"`
	Requests    int           `help:"At most so many requests." default:"1000000"`
	Connections int           `help:"At most so many connections." default:"256"`
	Patience    time.Duration `help:"How long a post is sent again while nobody answers." default:"10s"`
	Seed        uint64        `help:"Of the arrivals: the same seed draws the same." default:"1"`
	DB          string        `help:"For a demo of its own: URL of a PostgreSQL server on which a fresh database may be made; empty: SQLite." env:"KHUE_BENCH_DB"`
	Dossiers    int           `help:"Invented dossiers of a demo of its own." default:"20000"`
	Folder      string        `help:"A demo filled before, in place of filling one." type:"existingdir"`
	Ledger      string        `help:"File of the ledger; appended to, but for a demo of its own begun anew (the old one becomes FILE.before)." type:"path" default:"khue-load.ledger"`
	HTML        string        `help:"File of the report as a page." type:"path" default:"khue-load.html"`
	JSON        string        `help:"File of the report as JSON." type:"path"`
	Profile     string        `name:"server-profile" help:"CPU profile of a demo of its own." hidden:"" type:"path"`
}

// Run plays, compares, and reports; exit 1 where something was lost, doubled or different.
func (l *loadRunCmd) Run(c *command) (err error) {
	o := cityload.Options{Times: l.Times, For: l.For, Requests: l.Requests, Connections: l.Connections, Patience: l.Patience, Seed: l.Seed, Log: c.err}
	if o.Scenario, err = cityload.ReadScenario(l.Mix); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if l.Faults >= 0 {
		o.Scenario.Faults = min(1, l.Faults)
	}
	if l.Curve != "" {
		o.Scenario = o.Scenario.Along(l.Curve)
	}
	engine, end, err := l.city(c, &o)
	if err != nil {
		return err
	}
	defer end()
	o.Unit = l.unit(o.City)
	path, err := filepath.Abs(l.Ledger)
	if err != nil {
		return err
	}
	if l.Target == "" && l.Folder == "" {
		if err := setAside(path); err != nil { // of another city, which this one would seem to have lost
			return err
		}
	}
	if o.Ledger, err = cityload.OpenLedger(path); err != nil {
		return err
	}
	rep, runErr := cityload.Run(c.ctx, o)
	if err := errors.Join(runErr, o.Ledger.Close()); err != nil {
		return err
	}
	rep.Engine, rep.Version = engine, Version
	ctx := context.WithoutCancel(c.ctx) // who stops early wants to know as well
	if rep.Check, err = compareLedger(ctx, c, path, o.City); err != nil {
		err = fmt.Errorf("the ledger was not compared: %w (khue load check %s does it later)", err, path)
	}
	err = errors.Join(err, l.write(c, rep))
	printLoad(c, rep)
	if err == nil && (!rep.Check.OK() || len(rep.Notes) > 0) {
		err = errors.New("the city does not hold what it acknowledged")
	}
	return err
}

// city is the target, or a demo that ends with the load.
func (l *loadRunCmd) city(c *command, o *cityload.Options) (engine string, end func(), err error) {
	if l.Target != "" {
		o.City, err = l.told(c.ctx)
		return "", func() {}, err
	}
	exe, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	fmt.Fprintf(c.err, "opening a demo with %d dossiers …\n", l.Dossiers)
	args := []string{"--at", "2026-11-23"}
	if l.Dossiers > 0 || l.Folder != "" {
		args = append(args, "--filled", "--dossiers", strconv.Itoa(max(1, l.Dossiers)))
	}
	own, err := citybench.Open(c.ctx, citybench.Options{Binary: exe, DB: l.DB, Folder: l.Folder, Profile: l.Profile}, args...)
	if err != nil {
		return "", nil, err
	}
	rest(c, own)
	o.City, o.Processor, engine = own.Told, own.Processor, "SQLite"
	if l.DB != "" {
		engine = "PostgreSQL"
	}
	return engine, own.Close, nil
}

// rest waits until a demo that was just filled has read its own journal: its search index
// and notices would be measured instead.
func rest(c *command, own *citybench.City) {
	fmt.Fprintln(c.err, "waiting until it has read its journal …")
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	const limit, calm, enough = 120, 3, 30 * time.Millisecond
	for n, quiet, before := 0, 0, own.Processor(); n < limit && quiet < calm; n++ {
		select {
		case <-c.ctx.Done():
			return
		case <-tick.C:
		}
		now := own.Processor()
		if quiet++; now-before > enough {
			quiet = 0
		}
		before = now
	}
}

func (l *loadRunCmd) write(c *command, rep *cityload.Report) error {
	b, err := embeddedSentences()
	if err != nil {
		return err
	}
	say := func(key string) string { return b.Map(c.lang, "app.load."+key, nil) }
	put := func(path string, write func(f *os.File) error) error {
		if path == "" {
			return nil
		}
		f, err := os.Create(path) //nolint:gosec // the operator names it
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	return errors.Join(
		put(l.HTML, func(f *os.File) error { return rep.HTML(f, string(c.lang), say) }),
		put(l.JSON, func(f *os.File) error { return rep.JSON(f) }),
	)
}

type loadCheckCmd struct {
	loadTarget
	Ledger string `arg:"" help:"Ledger of a load." type:"existingfile"`
	JSON   bool   `help:"One JSON object."`
}

// Run compares; exit 1 where something was lost, doubled or different.
func (l *loadCheckCmd) Run(c *command) error {
	if l.Target == "" {
		return fmt.Errorf("%w: --target names the city to compare with", errUsage)
	}
	told, err := l.told(c.ctx)
	if err != nil {
		return err
	}
	cmp, err := compareLedger(c.ctx, c, l.Ledger, told)
	if err != nil {
		return err
	}
	if l.JSON {
		if err := c.json(cmp); err != nil {
			return err
		}
	} else {
		printComparison(c, cmp)
	}
	if !cmp.OK() {
		return errors.New("the city does not hold what it acknowledged")
	}
	return nil
}

// setAside keeps a file that is in the way under another name.
func setAside(path string) error {
	if err := os.Rename(path, path+".before"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func compareLedger(ctx context.Context, c *command, path string, told citybench.Told) (*cityload.Comparison, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	lines, err := cityload.ReadLedger(f)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c.err, "comparing the ledger, %d lines …\n", len(lines))
	return cityload.Check(ctx, lines, told)
}

func printComparison(c *command, cmp *cityload.Comparison) {
	fmt.Fprintf(c.out, "ledger: %d acknowledged, %d found each as its own entry; %d lost, %d doubled, %d different; %d unanswered, of which %d had been done\n",
		cmp.Acknowledged, cmp.Compared, len(cmp.Lost), len(cmp.Doubled), len(cmp.Different), cmp.Open, cmp.OpenDone)
	for _, list := range []struct {
		word string
		all  []cityload.Finding
	}{{"LOST", cmp.Lost}, {"DOUBLED", cmp.Doubled}, {"DIFFERENT", cmp.Different}} {
		for _, f := range list.all {
			fmt.Fprintf(c.out, "%s %s %s entry %s version %d: %s\n", list.word, f.Code, f.Act, f.Entry, f.Version, f.Said)
		}
	}
}

func printLoad(c *command, rep *cityload.Report) {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "actor\tn\twrong\tp50 ms\tp95 ms\tp99 ms\tmax ms\tp95 from sending\t")
	all := rep.All
	all.Name = "all"
	for _, r := range append(rep.Actors, all) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t\n", r.Name, r.N, r.Wrong, figure(r.P50), figure(r.P95), figure(r.P99), figure(r.Max), figure(r.Sent95))
	}
	_ = w.Flush()
	for _, g := range rep.Goals {
		word := "missed"
		if g.Met {
			word = "met"
		}
		fmt.Fprintf(c.out, "goal %s: published p95 %s ms, here %s ms: %s\n", g.Name, figure(g.P95), figure(g.Ours.P95), word)
	}
	fmt.Fprintf(c.out, "asked %d in %.0f s, served %d (%.0f a second), refused %d, unanswered %d, never sent %d, nothing to do %d; sent again %d; load of the machine %s to %s\n",
		rep.Asked, rep.Seconds, rep.Served, rep.PerSecond, rep.Refused, rep.Unanswered, rep.Unserved, rep.Idle, rep.Again, rep.Load[0], rep.Load[1])
	server, own := rep.CPU()
	fmt.Fprintf(c.out, "processor a request: %.0f µs in the server (%.1f s), %.0f µs in the load\n", server, rep.ServerCPU, own)
	for _, n := range rep.Notes {
		fmt.Fprintln(c.out, "MUST NOT BE:", n)
	}
	if rep.Check != nil {
		printComparison(c, rep.Check)
	}
}
