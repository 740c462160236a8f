package app

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// A demo may be filled with a year of invented dossiers, so that every page is judged full.

// fillMark is the file by which a folder is known to be a demo that was to be filled. It
// holds what the demo tells, and its clock.
const fillMark = "demo-filled.json"

func filledBefore(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, fillMark))
	return err == nil
}

// goOn is how long after the last thing that happened a demo is opened again.
const goOn = 5 * time.Minute

// busyCommune is how much more comes in at the commune of the story than at another.
const busyCommune = 60

// Fill adds invented dossiers to a demo: more of them at its commune, some of the open tasks
// in the hands of its officers. Errors: Forbidden dossier.fill.notDemo.
func (p *Program) Fill(ctx context.Context, city DemoCity, in dossier.Filling) (rep dossier.FillReport, err error) {
	in.Weights = map[string]float64{"00133": busyCommune, "00118": busyCommune}
	var officers []auth.Subject
	for _, a := range city.Accounts {
		sub, err := p.Auth.Resolve(ctx, a.Token)
		if err != nil {
			return rep, err
		}
		if sub.Kind == auth.KindOfficer {
			officers = append(officers, sub)
		}
		in.Officers = append(in.Officers, posts(sub)...)
	}
	if rep, err = p.Dossiers.Fill(ctx, in); err != nil || rep.Added == 0 || in.Idle {
		return rep, err
	}
	if err = p.Counter.Furnish(ctx, officers); err != nil || in.At != "" {
		return rep, err
	}
	return rep, p.fillLooks(ctx, city)
}

// posts are the posts of an account, one for each role and unit.
func posts(sub auth.Subject) (out []dossier.FillOfficer) {
	for _, g := range sub.Grants {
		var unit orgunit.UnitID
		if _, err := fmt.Sscanf(g.Scope, "unit:%d", &unit); err == nil {
			out = append(out, dossier.FillOfficer{Account: sub.Account, Name: sub.Name, Role: g.Role, Unit: unit})
		}
	}
	return out
}

// fill fills a settled city and says how far it is.
func (d *demoCmd) fill(c *command, p *Program, folder string, city *DemoCity) error {
	mark, err := json.Marshal(city)
	if err != nil {
		return err
	}
	// Tokens of invented accounts, whose password is printed anyway.
	if err := os.WriteFile(filepath.Join(folder, fillMark), mark, 0o600); err != nil {
		return err
	}
	bar := newProgress(c.err, "dossiers")
	clk := clock.System()
	began := clk.Now()
	in := dossier.Filling{N: d.Dossiers, Idle: d.FillIdle, Progress: bar.show}
	if d.FillIdle {
		commune, err := demoCommune(p.Units.At(p.today()), p.today())
		if err != nil {
			return err
		}
		place, _ := p.Units.At(p.today()).Get(commune.Serves)
		in.Service = "hanoi.civil-status.birth-registration"
		in.At, in.Since = place.Code, p.Clock.Now().Add(-day)
	}
	rep, err := p.Fill(c.ctx, *city, in)
	bar.end()
	if err != nil {
		return err
	}
	took := clk.Now().Sub(began).Seconds()
	if d.FillOnly && d.JSON {
		return c.json(map[string]any{"added": rep.Added, "entries": rep.Entries, "open": rep.Open, "seconds": took})
	}
	if rep.Added > 0 {
		fmt.Fprintf(c.err, "%s invented dossiers in %.1f s, %s a second\n", i18n.Number(c.lang, int64(rep.Added)), took, i18n.Number(c.lang, int64(float64(rep.Added)/took)))
	}
	return nil
}

// refill goes on where a filling was broken off, and serves the city.
func (d *demoCmd) refill(c *command, folder string, at time.Time) error {
	raw, err := os.ReadFile(filepath.Join(folder, fillMark))
	if err != nil {
		return err
	}
	var city DemoCity
	if err := json.Unmarshal(raw, &city); err != nil {
		return err
	}
	if city.At.After(at) {
		at = city.At
	}
	above, err := d.national()
	if err != nil {
		return err
	}
	demand, err := d.demand(demandOff)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, Config{National: above, Demand: demand, Data: folder, DB: d.DB, Listen: d.Listen, SMTP: d.SMTP, SMS: d.SMS, Payments: d.payments(true), Opened: at, Log: c.log, Aside: c.self, MigrateAtStart: true})
	if err != nil {
		return err
	}
	defer p.Close()
	last, err := p.Journal.Last(c.ctx)
	if err != nil {
		return err
	}
	if clk, ok := p.Clock.(*clock.Shifted); ok && last.Add(goOn).After(clk.Now()) {
		if err := clk.JumpTo(last.Add(goOn)); err != nil {
			return err
		}
	}
	p.stage.settle(city)
	if err := d.fill(c, p, folder, &city); err != nil || d.FillOnly {
		return err
	}
	return d.serve(c, p, folder, city)
}
