package app

import (
	"fmt"
	"os"
	"path/filepath"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/dossier"
)

type serviceMigrateCmd struct {
	storageFlags
	Plan   string `arg:"" help:"Plan of the migration (YAML): service, from, to, reason, nodes, vars." type:"existingfile"`
	DryRun bool   `help:"Look at every running dossier and move none."`
	JSON   bool   `help:"One JSON object."`
}

// Run moves the running dossiers of one version to another, after a look at all of them;
// where one has no place in the new version none is moved, and exit is 1.
func (m *serviceMigrateCmd) Run(c *command) error {
	data, err := os.ReadFile(m.Plan)
	if err != nil {
		return err
	}
	var plan dossier.MigrationPlan
	if ps := decl.Decode(filepath.Base(m.Plan), data, &plan); ps.Failed() {
		return c.report(filepath.Dir(m.Plan), ps)
	}
	cfg, err := m.existing(c)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	bar := newProgress(c.err, plan.Service)
	ctx := auth.With(c.ctx, auth.Subject{Kind: auth.KindSystem, Name: "khue service migrate"})
	rep, err := p.Dossiers.Migrate(ctx, plan, m.DryRun, func(looked, moved int) { bar.show(max(looked, moved), 0) })
	bar.end()
	if err != nil {
		return err
	}
	if m.JSON {
		if err := c.json(rep); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(c.out, p.Bundle.T(c.lang, "app.migrate.counts", "running", rep.Running, "moved", rep.Moved, "failed", rep.Failed, "busy", rep.Busy))
		for _, f := range rep.Faults {
			for _, why := range f.Why {
				fmt.Fprintf(c.out, "  %s: %s\n", f.Code, p.words(c, why))
			}
		}
	}
	if rep.Failed > 0 {
		return errs.E(errs.Invalid, "app.migrate.failed", errs.P("n", rep.Failed))
	}
	return nil
}

// words are the sentence of an error.
func (p *Program) words(c *command, err error) string {
	if e, ok := errs.As(err); ok {
		return p.Bundle.Map(c.lang, e.Key, e.Params)
	}
	return err.Error()
}
