package app

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/register/catalog"
	"khue/internal/register/orgunit"
)

type importCmd struct {
	Units      importUnitsCmd      `cmd:"" help:"Units from CSV; what contradicts the facts is refused and told."`
	Dossiers   importDossiersCmd   `cmd:"" help:"Running dossiers and books of an old one-stop system; each row refused or in doubt is told."`
	Procedures importProceduresCmd `cmd:"" help:"The national catalogue: rows (CSV) or full records (JSON lines), plain or gzipped."`
}

type importUnitsCmd struct {
	storageFlags
	File   string `arg:"" help:"CSV file." type:"existingfile"`
	DryRun bool   `help:"Report and change nothing."`
	JSON   bool   `help:"One JSON object."`
}

// Run imports units and reports each row refused or in doubt.
func (i *importUnitsCmd) Run(c *command) error {
	p, err := New(c.ctx, i.config(c))
	if err != nil {
		return err
	}
	defer p.Close()
	f, err := os.Open(i.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	bar := newProgress(c.err, "units")
	rep, err := p.Units.Import(c.ctx, f, orgunit.ImportOptions{
		Source: filepath.Base(i.File), DryRun: i.DryRun, Progress: func(done, total int) { bar.show(done, total) },
	})
	bar.end()
	if err != nil {
		return err
	}
	if i.JSON {
		return c.json(rep)
	}
	fmt.Fprintf(c.out, "%d rows: %d added, %d changed, %d unchanged, %d refused, %d in doubt\n",
		rep.Rows, rep.Added, rep.Changed, rep.Unchanged, len(rep.Refused), len(rep.Doubtful))
	for _, list := range []struct {
		word  string
		notes []orgunit.RowNote
	}{{"refused", rep.Refused}, {"in doubt", rep.Doubtful}} {
		for _, n := range list.notes {
			fmt.Fprintf(c.out, "line %d %s %s: %s: %s\n", n.Line, n.Code, n.Name, list.word, p.Bundle.Map(c.lang, n.Key, n.Params))
		}
	}
	return nil
}

type importProceduresCmd struct {
	storageFlags
	Files    []string `arg:"" help:"Files, rows before records." type:"existingfile"`
	AsOf     string   `help:"Day from which the versions hold, YYYY-MM-DD; empty: today."`
	Findings string   `help:"File for every row refused or in doubt, as CSV." type:"path"`
	JSON     bool     `help:"One JSON object a file."`
}

// Run imports the catalogue, file by file.
func (i *importProceduresCmd) Run(c *command) error {
	opts := catalog.ImportOptions{}
	if i.AsOf != "" {
		d, err := clock.ParseDate(i.AsOf)
		if err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		opts.AsOf = d
	}
	p, err := New(c.ctx, i.config(c))
	if err != nil {
		return err
	}
	defer p.Close()
	if i.Findings != "" {
		f, err := os.Create(i.Findings)
		if err != nil {
			return err
		}
		w := bufio.NewWriter(f)
		defer func() { _ = w.Flush(); _ = f.Close() }()
		opts.Findings = w
	}
	for _, name := range i.Files {
		if err := i.one(c, p, name, opts); err != nil {
			return err
		}
	}
	return nil
}

func (i *importProceduresCmd) one(c *command, p *Program, name string, opts catalog.ImportOptions) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	bar := newProgress(c.err, filepath.Base(name))
	opts.Progress = func(g catalog.Progress) { bar.show(int(g.Bytes/1024), int(st.Size()/1024)) }
	rep, err := p.Catalog.Import(c.ctx, f, filepath.Base(name), opts)
	bar.end()
	if err != nil {
		return err
	}
	if i.JSON {
		return c.json(rep)
	}
	fmt.Fprintf(c.out, "%s: %d rows: %d added, %d revised, %d unchanged, %d refused, %d in doubt, %d known before and absent\n",
		rep.Name, rep.Rows, rep.Added, rep.Revised, rep.Unchanged, rep.Refused, rep.InDoubt, rep.Absent)
	for _, r := range rep.Reasons {
		word := "in doubt"
		if r.Refused {
			word = "refused"
		}
		fmt.Fprintf(c.out, "  %5d %s: %s (such as %s)\n", r.Records, word, r.Reason.In(p.Bundle, c.lang), r.Example)
	}
	return nil
}

// progress shows how far long work is, on a terminal or in a log.
type progress struct {
	w    io.Writer
	what string
	last time.Time
	clk  clock.Clock
	any  bool
}

func newProgress(w io.Writer, what string) *progress {
	return &progress{w: w, what: what, clk: clock.System()}
}

func (b *progress) show(done, total int) {
	now := b.clk.Now()
	if now.Sub(b.last) < 200*time.Millisecond {
		return
	}
	b.last, b.any = now, true
	percent := 0
	if total > 0 {
		percent = min(100, done*100/total)
	}
	fmt.Fprintf(b.w, "\r%-40s %s %3d %%", b.what, strings.Repeat("█", percent/5)+strings.Repeat("·", 20-percent/5), percent)
}

func (b *progress) end() {
	if b.any {
		fmt.Fprintln(b.w)
	}
}
