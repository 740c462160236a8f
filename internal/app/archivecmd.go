package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/archive"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

type archiveCmd struct {
	Write archiveWriteCmd `cmd:"" help:"Write old dossiers to a folder that can be read without this program."`
	Check archiveCheckCmd `cmd:"" help:"Read such a folder again and say what is missing or altered."`
}

type archiveWriteCmd struct {
	storageFlags
	Before  string `help:"Dossiers that ended before this day, YYYY-MM-DD." required:""`
	Out     string `help:"New folder." required:"" type:"path"`
	Service string `help:"Of this service alone."`
	JSON    bool   `help:"One JSON object."`
}

// Run writes the folder. Nothing is removed from the city: terms and two people decide on that.
func (a *archiveWriteCmd) Run(c *command) error {
	day, err := clock.ParseDate(a.Before)
	if err != nil {
		return fmt.Errorf("%w: %s", errUsage, c.say("app.badDay", "text", a.Before))
	}
	cfg, err := a.existing(c)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	bar := newProgress(c.err, "archive")
	n, sum, err := p.archive(c.ctx, a.Out, a.Service, day, func(n int) { bar.show(n, 0) })
	bar.end()
	if errors.Is(err, archive.ErrFull) {
		return errs.E(errs.Conflict, "app.archive.full", errs.P("out", a.Out))
	}
	if err != nil {
		return err
	}
	if a.JSON {
		return c.json(map[string]any{"dossiers": n, "manifest": sum})
	}
	fmt.Fprintln(c.out, c.say("app.archive.done", "n", n, "out", a.Out, "sum", sum))
	return nil
}

type archiveCheckCmd struct {
	Dir  string `arg:"" help:"Folder that khue archive write made." type:"existingdir"`
	JSON bool   `help:"One JSON object."`
}

// Run checks every file against the manifests.
func (a *archiveCheckCmd) Run(c *command) error {
	bar := newProgress(c.err, "archive")
	n, problems, err := archive.Check(a.Dir, bar.show)
	bar.end()
	if errors.Is(err, archive.ErrNone) {
		return errs.E(errs.Invalid, "app.archive.none", errs.P("dir", a.Dir), errs.Cause(err))
	}
	if err != nil {
		return err
	}
	if a.JSON {
		if err := c.json(map[string]any{"files": n, "problems": problems}); err != nil {
			return err
		}
	}
	for _, p := range problems {
		fmt.Fprintln(c.err, "-", c.say("app.archive."+p.Fault, "file", p.File))
	}
	if len(problems) > 0 {
		return errs.E(errs.Invalid, "app.archive.damaged", errs.P("n", len(problems)))
	}
	if !a.JSON {
		fmt.Fprintln(c.out, c.say("app.archive.whole", "n", n))
	}
	return nil
}

// archive writes the dossiers that ended before a day, and an entry that says so.
func (p *Program) archive(ctx context.Context, out, service string, before clock.Date, progress func(int)) (n int, sum string, err error) {
	if err := p.Journal.Tick(ctx, nil); err != nil { // proofs need a checkpoint
		return 0, "", err
	}
	services := map[string]bool{}
	for _, pkg := range p.Services.All() {
		if service == "" || pkg.ID == service {
			services[pkg.ID] = true
		}
	}
	if len(services) == 0 {
		return 0, "", errs.E(errs.NotFound, "app.archive.service", errs.P("service", service))
	}
	bag, err := archive.Create(out)
	if err != nil {
		return 0, "", err
	}
	for s := range services {
		for after := dossier.ID(0); ; {
			ids, err := p.Dossiers.EndedBefore(ctx, s, before.Time(), after, 200)
			if err != nil {
				return n, "", err
			}
			for _, v := range ids {
				d, err := p.archived(ctx, v)
				if err != nil {
					return n, "", err
				}
				if err := bag.Add(d); err != nil {
					return n, "", err
				}
				after = v
				n++
				progress(n)
			}
			if len(ids) < 200 {
				break
			}
		}
	}
	about := p.Bundle.T(i18n.VI, "app.archive.about", "n", n, "day", before.Time().Format("02/01/2006"))
	if sum, err = bag.Close(p.Clock.Now(), about, p.Journal.Key()); err != nil {
		return n, "", err
	}
	raw, err := json.Marshal(map[string]any{"n": n, "before": before, "service": service, "manifest": sum})
	if err != nil {
		return n, "", err
	}
	return n, sum, p.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		_, err := p.Journal.Append(tx, journal.Entry{Kind: "archive.written", Subject: journal.Subject{Type: "archive", ID: p.Gen.Next()}, Payload: raw})
		return err
	})
}

// happened is a line of a timeline in words.
func (p *Program) happened(pkg *service.Package, l dossier.Line) string {
	if key := "dossier.event." + strings.TrimPrefix(l.Kind, "dossier."); p.Bundle.Has(key) {
		return p.Bundle.T(i18n.VI, key)
	}
	s, ok := pkg.Process.Step(l.Step)
	if !ok {
		return l.Kind
	}
	action := l.Action
	if key := "dossierweb.action." + l.Action; p.Bundle.Has(key) {
		action = p.Bundle.T(i18n.VI, key)
	}
	for _, a := range s.Actions {
		if a.Do == l.Action && !a.Label.IsZero() {
			action = a.Label.VI
		}
	}
	return s.Label.VI + ": " + action
}

// archived gathers one dossier.
func (p *Program) archived(ctx context.Context, v dossier.ID) (out archive.Dossier, err error) {
	d, c, err := p.Dossiers.Whole(ctx, v)
	if err != nil {
		return out, err
	}
	pkg, err := p.Services.ByDigest(d.Package)
	if err != nil {
		return out, err
	}
	say := func(key string) string { return p.Bundle.T(i18n.VI, "app.archive."+key) }
	day := func(t time.Time) string {
		if t.IsZero() {
			return "–"
		}
		return i18n.DateTime(i18n.VI, t)
	}
	unit := "–"
	if u, ok := p.Units.At(clock.DateOf(d.SubmittedAt)).Get(d.Competent); ok {
		unit = u.Name
	}
	out = archive.Dossier{Code: d.Code, Title: pkg.Name().VI, Facts: []archive.Row{
		{Label: say("applicant"), Text: c.Filing.Applicant.Name}, {Label: say("procedure"), Text: d.Procedure}, {Label: say("unit"), Text: unit},
		{Label: say("submitted"), Text: day(d.SubmittedAt)}, {Label: say("accepted"), Text: day(d.AcceptedAt)}, {Label: say("due"), Text: day(d.DueAt)},
		{Label: say("closed"), Text: day(d.ClosedAt)}, {Label: say("state"), Text: p.Bundle.T(i18n.VI, "dossier.state."+d.State.String())},
	}}
	holds, err := p.Rights.HeldBy(ctx, int64(v))
	if err != nil {
		return out, err
	}
	if len(holds) > 0 {
		out.Facts = append(out.Facts, archive.Row{Label: say("holds"), Text: strings.Join(holds, ", ")})
	}
	env := form.Env{Now: d.SubmittedAt, Case: d.Case, Channel: string(d.Channel), Units: p.Dossiers.FormUnits(), Files: c.Papers}
	for _, l := range pkg.Form.Lines(c.Answers, env) {
		label := l.Label.VI
		if !l.Group.IsZero() {
			label = l.Group.VI + ": " + label
		}
		out.Answers = append(out.Answers, archive.Row{Label: label, Text: l.Text.VI})
	}
	lines, err := p.Dossiers.Timeline(ctx, d, dossier.SeeAll)
	if err != nil {
		return out, err
	}
	type entry struct {
		Line  dossier.Line  `json:"entry"`
		Proof journal.Proof `json:"proof"`
	}
	var entries []entry
	for _, l := range lines {
		proof, err := p.Journal.Proof(ctx, l.ID)
		if err != nil {
			return out, err
		}
		entries = append(entries, entry{l, proof})
		text := p.happened(pkg, l)
		for _, more := range []string{l.By, l.Comment} {
			if more != "" {
				text += " · " + more
			}
		}
		out.Happened = append(out.Happened, archive.Row{Label: day(l.At), Text: text})
	}
	var papers []map[string]any
	for _, f := range c.Papers {
		paper := archive.Paper{Label: pkg.PaperName(f.Paper).VI, Name: f.Name, SHA256: f.SHA256}
		if f.SHA256 != "" {
			ref := blob.Ref{SHA256: f.SHA256, Size: f.Size}
			paper.Open = func() (io.ReadCloser, error) { return p.Blobs.Open(ctx, ref) }
		}
		out.Papers = append(out.Papers, paper)
		papers = append(papers, map[string]any{"paper": f.Paper, "name": f.Name, "size": f.Size, "sha256": f.SHA256})
	}
	if out.Journal, err = json.MarshalIndent(entries, "", "  "); err != nil {
		return out, err
	}
	whole := map[string]any{
		"format": "khue-dossier/1", "code": d.Code, "service": d.Service, "version": pkg.Version, "procedure": d.Procedure, "case": d.Case, "state": d.State.String(),
		"submitted": d.SubmittedAt, "accepted": d.AcceptedAt, "due": d.DueAt, "closed": d.ClosedAt, "unit": unit,
		"applicant": c.Filing.Applicant, "submitter": c.Filing.Submitter, "delivery": c.Filing.Delivery, "answers": c.Answers, "officer": c.Officer, "papers": papers,
	}
	if len(holds) > 0 {
		whole["holds"] = holds
	}
	out.JSON, err = json.MarshalIndent(whole, "", "  ")
	return out, err
}
