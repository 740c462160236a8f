package app

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/onestop/reorganise"
)

type reorganiseCmd struct {
	Carry reorganiseRunCmd  `cmd:"" name:"run" default:"withargs" help:"Carry out a plan: a file, or the id of one that comes with the program."`
	Undo  reorganiseUndoCmd `cmd:"" help:"Take back what an act did and nobody has acted on since. It is an act of its own."`
}

type reorganiseRunCmd struct {
	storageFlags
	Plan   string `arg:"" help:"Plan (YAML), or the id of an embedded one: hanoi-2025-07-01."`
	DryRun bool   `help:"Report and change nothing."`
	Report string `help:"File for the whole report, as JSON." type:"path"`
	Reason string `help:"Number and date of the decision; stands in the record."`
	At     string `help:"Only for a demonstration's data: carry it out as if on this day, YYYY-MM-DD." hidden:""`
}

// operator is who acts on the command line.
func operator(ctx context.Context) context.Context {
	return auth.With(ctx, auth.Subject{Kind: auth.KindSystem, Name: "khue reorganise"})
}

// Run reports what a plan would do, or carries it out to its end. It may be stopped and run
// again: it goes on where it was.
func (r *reorganiseRunCmd) Run(c *command) error {
	cfg, err := r.existing(c)
	if err != nil {
		return err
	}
	p, err := openAt(c, cfg, r.At)
	if err != nil {
		return err
	}
	defer p.Close()
	plan, err := r.plan(c, p)
	if err != nil || plan == nil {
		return err
	}
	bar := newProgress(c.err, plan.ID)
	ctx := operator(c.ctx)
	if r.DryRun {
		rep, err := p.Reorganise.DryRun(ctx, plan, bar.show)
		bar.end()
		if err != nil {
			return err
		}
		return r.write(c, p, rep)
	}
	if p.today().Before(plan.Day) {
		return errs.E(errs.Conflict, "app.reorganise.early", errs.P("day", plan.Day))
	}
	prog, found, err := p.Reorganise.ProgressOf(ctx, plan.ID)
	if err != nil {
		return err
	}
	a := prog.Act
	if !found || a.Digest != plan.Digest {
		if a, err = p.Reorganise.Declare(ctx, plan, r.Reason); err != nil {
			return err
		}
	}
	if a.Status == reorganise.Approved {
		if _, err = p.Reorganise.StartAct(ctx, a.ID); err != nil {
			return err
		}
	}
	return p.drive(ctx, c, a.ID, bar)
}

// plan reads the file, or finds the embedded plan; nil where its faults were told.
func (r *reorganiseRunCmd) plan(c *command, p *Program) (*reorganise.Plan, error) {
	if !strings.ContainsAny(r.Plan, "./") {
		return p.Reorganise.PlanByID(r.Plan)
	}
	data, err := os.ReadFile(r.Plan)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	plan, ps := p.Reorganise.Read(filepath.Base(r.Plan), data)
	if ps.Failed() {
		return nil, c.report(filepath.Dir(r.Plan), ps)
	}
	return plan, nil
}

func (p *Program) drive(ctx context.Context, c *command, v reorganise.ActID, bar *progress) error {
	prog, err := p.Reorganise.Drive(ctx, v, func(g reorganise.Progress) { bar.show(g.Seen(), g.Act.Total) })
	bar.end()
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, p.Bundle.T(c.lang, "app.reorganise.act", "id", v.String()))
	for _, o := range []reorganise.Outcome{reorganise.Moved, reorganise.Undone, reorganise.Stays, reorganise.Failed} {
		fmt.Fprintf(c.out, "  %s %s\n", pad(p.Bundle.T(c.lang, "reorganise.outcome."+string(o)), 20), i18n.Number(c.lang, int64(prog.Counts[o])))
	}
	fmt.Fprintln(c.out, p.Bundle.T(c.lang, "app.reorganise.also", "splits", prog.Splits, "posts", prog.Posts, "lost", prog.Lost))
	if prog.Counts[reorganise.Failed] > 0 {
		return errs.E(errs.Invalid, "app.reorganise.failed", errs.P("n", prog.Counts[reorganise.Failed]))
	}
	return nil
}

// write prints a report, and the whole of it to a file.
func (r *reorganiseRunCmd) write(c *command, p *Program, rep reorganise.Report) error {
	if r.Report != "" {
		b, err := json.MarshalIndent(rep, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(r.Report, b, 0o600); err != nil {
			return err
		}
	}
	t := func(key string) string { return p.Bundle.T(c.lang, key) }
	fmt.Fprintf(c.out, "%s %s, %s: %s\n\n", rep.Plan, rep.Digest[:16], rep.Day, p.Bundle.T(c.lang, "app.reorganise.open", "n", rep.Open))
	for why, n := range rep.Why {
		fmt.Fprintf(c.out, "  %8s  %s\n", i18n.Number(c.lang, int64(n)), t("reorganise.why."+string(why)))
	}
	for _, list := range []struct {
		key   string
		flows []reorganise.UnitFlow
	}{{"reorganiseweb.flows", rep.Flows}, {"reorganiseweb.queues", rep.Queues}} {
		fmt.Fprintf(c.out, "\n%s\n", t(list.key))
		for _, f := range list.flows {
			fmt.Fprintf(c.out, "  %8s  %s → %s\n", i18n.Number(c.lang, int64(f.N)), f.FromName, f.ToName)
		}
	}
	fmt.Fprintf(c.out, "\n%s: %d\n", t("reorganiseweb.unsolved"), rep.UnsolvedN)
	for _, u := range rep.Unsolved {
		fmt.Fprintf(c.out, "  %s: %s (%s)\n", u.Code, t("reorganise.why."+string(u.Why)), u.Problem)
	}
	fmt.Fprintf(c.out, "%s: %d\n", t("reorganiseweb.fig.posts"), len(rep.Posts))
	fmt.Fprintf(c.out, "%s: %d\n", t("reorganiseweb.fig.lost"), len(rep.Lost))
	for _, post := range rep.Lost {
		u, _ := p.Units.Unit(post.From)
		fmt.Fprintf(c.out, "  %s, %s, %s\n", post.Name, post.Role, u.Name)
	}
	return nil
}

type reorganiseUndoCmd struct {
	storageFlags
	Act    string `arg:"" help:"Number of the act, as khue reorganise and /admin/reorganise tell it."`
	Reason string `help:"Why; stands in the record." required:""`
}

// Run takes an act back and lists what stays.
func (u *reorganiseUndoCmd) Run(c *command) error {
	v, err := id.Parse[reorganise.Act](u.Act)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	cfg, err := u.existing(c)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	ctx := operator(c.ctx)
	a, err := p.Reorganise.DeclareUndo(ctx, v, u.Reason)
	if err != nil {
		return err
	}
	if _, err = p.Reorganise.StartAct(ctx, a.ID); err != nil {
		return err
	}
	if err := p.drive(ctx, c, a.ID, newProgress(c.err, "undo")); err != nil {
		return err
	}
	left, err := p.Reorganise.Left(ctx, a.ID)
	for _, i := range left {
		fmt.Fprintf(c.out, "  %s: %s\n", i.Code, p.Bundle.T(c.lang, "reorganise.why."+string(i.Why)))
	}
	return err
}
