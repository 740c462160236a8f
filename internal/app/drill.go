package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/journal/drill"
)

type drillCmd struct {
	Journal drillJournalCmd `cmd:"" help:"Edit, delete, reorder and backdate rows of a journal, and forge all of it with its key."`
}

type drillJournalCmd struct {
	DB string `help:"An empty database to be ill-treated, postgres://…; empty: SQLite in a folder of its own."`
}

// Run does each deed to a fresh log and prints who found it. Exit 1 where one was not found.
func (d *drillJournalCmd) Run(c *command) error {
	b, err := embeddedSentences()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "khue-drill-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	url := d.DB
	if url == "" {
		url = "sqlite:" + filepath.Join(dir, "drill.db")
	}
	clk := clock.NewFake(clock.MustDate("2026-01-05").At(8, 0))
	base, err := db.Open(c.ctx, db.Config{URL: url, Clock: clk, Log: c.log})
	if err != nil {
		return err
	}
	defer func() { _ = base.Close() }()
	if err := base.Migrate(c.ctx, []db.Migrations{journal.Migrations()}); err != nil {
		return err
	}
	run, err := drill.New(c.ctx, base, clk, dir)
	if err != nil {
		return err
	}
	missed := 0
	tell := func(o drill.Outcome) {
		found := make([]string, 0, len(o.Found))
		for _, k := range o.Found {
			found = append(found, string(k))
		}
		if o.Fault != "" {
			found = append(found, string(o.Fault))
		}
		mark := "ok  "
		if !o.OK {
			mark, missed = "MISS", missed+1
		}
		fmt.Fprintf(c.out, "%s %-10s %s: %s\n", mark, o.By, b.T(c.lang, "journal.drill.deed."+o.Deed), strings.Join(found[:min(len(found), 4)], ", "))
	}
	for _, x := range drill.Deeds() {
		o, err := run.Do(c.ctx, x)
		if err != nil {
			return err
		}
		tell(o)
	}
	tsa, err := drill.NewAuthority(clk)
	if err != nil {
		return err
	}
	outcomes, err := run.Forge(c.ctx, tsa.Stamp)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, b.T(c.lang, "journal.drill.key"))
	for _, o := range outcomes {
		tell(o)
	}
	if missed > 0 {
		return fmt.Errorf("%d deeds were not found as they should be", missed)
	}
	return nil
}
