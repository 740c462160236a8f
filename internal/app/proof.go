package app

import (
	"context"
	"net/http"
	"time"

	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal/journalweb"
	"khue/internal/kernel/module"
)

// collectEvery is how often witnesses are asked for what they signed.
const collectEvery = 15 * time.Second

// journalModule is the journal's figures and its talk with those who confirm it from outside. It is
// the city that asks, so that a witness or an authority that is away holds up nothing: checkpoints
// go on without it.
func (p *Program) journalModule() module.Module {
	m := module.Module{Name: "journal", Measures: p.Journal.Measures()}
	client := &http.Client{}
	if len(p.witnesses) > 0 {
		m.Jobs = append(m.Jobs, jobs.Handler{Kind: "journal.witness", MaxAttempts: 1, Do: func(ctx context.Context, _ jobs.Task) error {
			if err := journalweb.Collect(ctx, p.Journal, client, p.witnesses); err != nil {
				p.Config.Log.ErrorContext(ctx, "journal: witnesses", "error", err) // the next look comes by itself
			}
			return nil
		}})
		m.Periodic = append(m.Periodic, jobs.Periodic{Kind: "journal.witness", Every: collectEvery})
	}
	if p.Config.TSA != "" {
		ask := journalweb.TimeAuthority(client, p.Config.TSA)
		m.Jobs = append(m.Jobs, jobs.Handler{Kind: "journal.stamp", MaxAttempts: 1, Do: func(ctx context.Context, _ jobs.Task) error {
			if err := p.Journal.Stamp(ctx, ask); err != nil {
				p.Config.Log.ErrorContext(ctx, "journal: time stamp", "error", err)
			}
			return nil
		}})
		m.Periodic = append(m.Periodic, jobs.Periodic{Kind: "journal.stamp", Every: p.Config.TSAEvery})
	}
	return m
}
