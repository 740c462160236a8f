package citybench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Row is one figure.
type Row struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	N     int     `json:"n"` // samples or operations behind it
}

// Options say what to measure and where.
type Options struct {
	Binary   string        // the program; required
	DB       string        // empty: SQLite; otherwise an admin URL of a PostgreSQL server
	Clients  int           // of the load; 0 means 64
	For      time.Duration // length of a load; 0 means 10 s
	Import   []string      // files of the national catalogue for search; may be empty
	Profile  string        // file for a CPU profile of the server
	Timers   int           // due at one instant; 0 means 100,000
	Fill     int           // invented dossiers; 0 means 20,000
	Dossiers int           // open ones of a reorganisation
	Families int           // of an opening minute; 0 means 3,000
	Growth   int           // dossiers of the large city of growth; 0 means 100,000
	Folder   string        // a demo that was filled with them before, in place of filling one
	Log      io.Writer     // progress
}

func (o Options) withDefaults() Options {
	if o.Clients <= 0 {
		o.Clients = 64
	}
	if o.For <= 0 {
		o.For = 10 * time.Second
	}
	if o.Families <= 0 {
		o.Families = 3000
	}
	if o.Timers <= 0 {
		o.Timers = 100_000
	}
	if o.Fill <= 0 {
		o.Fill = 20_000
	}
	if o.Growth <= 0 {
		o.Growth = 100_000
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	return o
}

// Group is one measurement that yields several rows.
type Group struct {
	Name string // first word of its rows' names, as the command takes it
	Help string
	Run  func(ctx context.Context, o Options) ([]Row, error)
}

// named reports whether a word of the command asks for the group: auth.flood is asked for by auth,
// by auth.flood and by auth.flood_p99_ratio.
func (g Group) named(word string) bool {
	for _, sep := range []string{".", "_"} {
		if strings.HasPrefix(word+sep, g.Name+sep) {
			return true
		}
	}
	return strings.HasPrefix(g.Name, word+".")
}

// Part measures some rows of a group.
type Part = func(ctx context.Context, o Options) ([]Row, error)

// Groups lists what this package measures; more joins the group process.
func Groups(more ...Part) []Group {
	return []Group{
		{"start", "start.demo_s, start.serve_s, idle.rss_mb, page.first_load_kb", start},
		{"lifecycle", "lifecycle.per_second, lifecycle.ratio_to_storage, transition.p50_ms, transition.p99_ms", lifecycle},
		{"lookups", "search.p50_ms, queue.p50_ms, track.p50_ms", lookups},
		{"fill", "fill.dossiers_per_second, fill.cpu_us, fill.entries_per_dossier", filling},
		{"auth", "auth.codeflows_per_second", identities(codeFlows)},
		{"desk", "desk.mine_ms, desk.queue10k_ms, desk.search10k_ms, desk.bulk500_s", desk},
		{"growth", "desk.search_ms, desk.search_begin_ms, desk.old_ms, growth.transition_ms: a city of 10,000 beside a large one", growth},
		{"process", "process.step_us, process.step_allocs, form.validate_us, form.page_us, form.page_kb, lint.package_ms, lint.refuse_ms, timers.late_s", declared(more)},
	}
}

// Run measures the groups named (all where none is) and hands each row over as it comes.
func Run(ctx context.Context, o Options, names []string, groups []Group, row func(Row)) error {
	o = o.withDefaults()
	for _, n := range names {
		if !slices.ContainsFunc(groups, func(g Group) bool { return g.named(n) }) {
			return fmt.Errorf("there is no figure %q", n)
		}
	}
	for _, g := range groups {
		if len(names) > 0 && !slices.ContainsFunc(names, g.named) {
			continue
		}
		fmt.Fprintf(o.Log, "measuring %s …\n", g.Name)
		rows, err := g.Run(ctx, o)
		for _, r := range rows {
			row(r)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", g.Name, err)
		}
	}
	return nil
}

// quantile of sorted durations, in milliseconds.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := min(len(sorted)-1, int(q*float64(len(sorted))))
	return float64(sorted[i]) / float64(time.Millisecond)
}
