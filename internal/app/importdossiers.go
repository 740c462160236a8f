package app

import (
	"fmt"
	"os"

	"khue/internal/kernel/clock"
	"khue/internal/onestop/dossier"
)

type importDossiersCmd struct {
	storageFlags
	File   string `arg:"" help:"File of an old one-stop system: .xlsx, CSV or JSON lines (docs/guides/import-dossiers.md)." type:"existingfile"`
	DryRun bool   `help:"Report and change nothing."`
	At     string `help:"Instant of the cut-over as the city's clock reads it, for a demonstration: 2025-06-23T08:10." hidden:""`
	JSON   bool   `help:"One JSON object."`
}

// Run imports running dossiers and books, and reports each row refused, changed or in doubt.
func (i *importDossiersCmd) Run(c *command) error {
	p, err := openAt(c, i.config(c), i.At)
	if err != nil {
		return err
	}
	defer p.Close()
	f, err := os.Open(i.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	rows, notes, err := dossier.ReadOld(f, st.Size())
	if err != nil {
		return err
	}
	bar := newProgress(c.err, "dossiers")
	clk := clock.System()
	began := clk.Now()
	rep, err := p.Dossiers.Adopt(c.ctx, rows, dossier.AdoptOptions{DryRun: i.DryRun, Progress: bar.show})
	bar.end()
	if err != nil {
		return err
	}
	rep.Rows += len(notes)
	rep.Refused = append(notes, rep.Refused...)
	if i.JSON {
		return c.json(rep)
	}
	fmt.Fprintf(c.out, "%d rows: %d added (%d open), %d there already, %d changed since, %d refused, %d in doubt; %.1f s\n",
		rep.Rows, rep.Added, rep.Open, rep.Same, len(rep.Changed), len(rep.Refused), len(rep.Doubts), clk.Now().Sub(began).Seconds())
	if i.DryRun {
		fmt.Fprintln(c.out, "Nothing was written.")
	}
	for _, list := range []struct {
		word  string
		notes []dossier.RowNote
	}{{"refused", rep.Refused}, {"changed", rep.Changed}, {"in doubt", rep.Doubts}} {
		for _, n := range list.notes {
			fmt.Fprintf(c.out, "line %d %s: %s: %s\n", n.Line, n.Code, list.word, p.Bundle.Map(c.lang, n.Key, n.Params))
		}
	}
	return nil
}

// openAt opens a city; that of a demo by the clock of its opening, where at is given.
func openAt(c *command, cfg Config, at string) (*Program, error) {
	if at != "" {
		opened, err := opening(at)
		if err != nil {
			return nil, err
		}
		cfg.Opened = opened
	}
	return New(c.ctx, cfg)
}
