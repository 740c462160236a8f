package app

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/kernel/dmn/dmnbench"
	"khue/internal/kernel/i18n"
)

type benchCmd struct {
	Names    []string      `arg:"" optional:"" help:"Figures or groups: start, lifecycle, lookups, fill, auth, desk, process, feel, lifecycle.per_second …; empty: all."`
	DB       string        `help:"URL of a PostgreSQL server on which fresh databases may be made; empty: SQLite." env:"KHUE_BENCH_DB"`
	JSON     bool          `help:"One JSON object a line: name, value, unit, n."`
	Clients  int           `help:"Clients of the load." default:"64"`
	For      time.Duration `help:"Length of a load." default:"10s"`
	Fill     int           `help:"Invented dossiers of a filled demo." default:"20000"`
	Dossiers int           `help:"Open dossiers of a reorganisation." default:"10000"`
	Timers   int           `help:"Timers that come due at one instant." default:"100000"`
	Families int           `help:"Families of an opening minute." default:"3000"`
	Growth   int           `help:"Dossiers of the large city of growth." default:"100000"`
	Folder   string        `help:"A demo filled with as many before (khue demo --filled --fill-only), in place of filling one." type:"existingdir"`
	Profile  string        `name:"server-profile" help:"CPU profile of the loaded server." hidden:"" type:"path"`
	Import   []string      `help:"Files of the national catalogue, so that search is measured over all of it." type:"existingfile"`
}

// Run measures and prints each figure as it comes.
func (b *benchCmd) Run(c *command) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	enc := json.NewEncoder(c.out)
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	err = citybench.Run(c.ctx, citybench.Options{Binary: exe, DB: b.DB, Clients: b.Clients, For: b.For, Import: b.Import, Profile: b.Profile, Timers: b.Timers, Fill: b.Fill, Dossiers: b.Dossiers, Growth: b.Growth, Families: b.Families, Folder: b.Folder, Log: c.err}, b.Names, benchGroups(), func(r citybench.Row) {
		if b.JSON {
			_ = enc.Encode(r)
			return
		}
		fmt.Fprintf(w, "%s\t%s\t%s\tn = %s\t\n", r.Name, figure(r.Value), r.Unit, i18n.Number(c.lang, int64(r.N)))
		_ = w.Flush()
	})
	return err
}

func benchGroups() []citybench.Group {
	return append(citybench.Groups(benchTimers), benchAuth(benchDecision), benchLevel4(benchSign, benchPayment, benchResult), citybench.Group{
		Name: "reorganise", Help: "reorganise.per_second, reorganise.killed_at, reorganise.broken: 30 June to 1 July 2025", Run: benchReorganise,
	}, citybench.Group{
		Name: "auth.session", Help: "auth.session_us, auth.session_uncached_us, auth.revocation_s", Run: benchAuthSession,
	}, citybench.Group{
		Name: "auth.flood", Help: "auth.flood_p99_ratio, auth.flood_p99_ms, auth.flood_quiet_p99_ms", Run: citybench.Flood,
	}, citybench.Group{
		Name: "keeping", Help: "backup.lag_p50_s, backup.lag_p99_s, backup.lag_max_s, backup.filed_per_second: what a loss of the machine takes with it", Run: benchKeeping,
	}, citybench.Group{
		Name: "rush", Help: "rush.full_after_s, rush.ask_p99_ms, rush.track_rush_p99_ms, rush.oversold, rush.lost …: the opening minute", Run: benchRush,
	}, citybench.Group{
		Name: "feel", Help: "feel.condition_ns, feel.allocs, feel.compile_us, dmn.table20_us",
		Run: func(context.Context, citybench.Options) ([]citybench.Row, error) {
			found, err := dmnbench.Run()
			rows := make([]citybench.Row, len(found))
			for i, r := range found {
				rows[i] = citybench.Row(r)
			}
			return rows, err
		},
	})
}

// figure writes three digits that mean something.
func figure(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
