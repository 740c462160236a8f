package app

import (
	"context"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/module"
	"khue/internal/onestop/notify"
	"khue/internal/register/mandate"
)

// jobMandatesEnd tells both sides of mandates whose last day is near.
const jobMandatesEnd = "app.mandates"

// mandateNotices tell both sides of a mandate what happened to it, by the ways that each chose.
func (p *Program) mandateNotices() module.Module {
	return module.Module{
		Name:      "mandate",
		Followers: []journal.Follower{{Name: "app.mandates", Kinds: mandate.Events(), Tail: true, Fn: p.tellMandate}},
		Jobs:      []jobs.Handler{{Kind: jobMandatesEnd, Do: p.mandatesEnd}},
		Periodic:  []jobs.Periodic{{Kind: jobMandatesEnd, Every: 24 * time.Hour, Offset: 30 * time.Minute}},
	}
}

func (p *Program) tellMandate(_ context.Context, tx *db.Tx, r journal.Record) error {
	m, err := p.Mandates.Get(tx, mandate.ID(r.Subject.ID))
	if err != nil {
		return err
	}
	return p.tellSides(tx, m, r.Kind[len("mandate."):], r.ID.String())
}

// tellSides tells both sides; whoever did it is told too, so that what was done in their name
// does not pass unseen.
func (p *Program) tellSides(tx *db.Tx, m mandate.Mandate, what, cause string) error {
	givers, holders, err := p.Mandates.Accounts(tx, m)
	if err != nil {
		return err
	}
	for side, accounts := range map[string][]int64{"giver": givers, "holder": holders} {
		kind := notify.Decision
		if what == "offered" && side == "holder" {
			kind = notify.Asked
		}
		for _, v := range accounts {
			a, err := p.Auth.AccountIn(tx, v)
			if err != nil {
				return err
			}
			err = p.Notices.Tell(tx, notify.Notice{
				Cause: "mandate." + what + ":" + cause, Kind: kind, Account: a.ID, Name: a.Name, Lang: i18n.VI, Link: "/account/mandates",
				Text: func(l i18n.Lang) notify.Text { return p.mandateText(l, m, what, side) },
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Program) mandateText(l i18n.Lang, m mandate.Mandate, what, side string) notify.Text {
	say := func(key string, kv ...any) string { return p.Bundle.T(l, "app.mandate."+key, kv...) }
	until := say("noEnd")
	if !m.Until.IsZero() {
		until = i18n.Date(l, m.Until)
	}
	kv := []any{"giver", m.GiverName, "holder", m.HolderName, "kind", p.Bundle.T(l, "mandate.kind."+string(m.Kind)), "until", until}
	return notify.Text{Title: say(what+".title", kv...), Body: say(what+"."+side, kv...)}
}

func (p *Program) mandatesEnd(ctx context.Context, _ jobs.Task) error {
	const batch = 100
	for after := mandate.ID(0); ; {
		var list []mandate.Mandate
		err := p.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			if list, err = p.Mandates.Ending(tx, after, batch); err != nil {
				return err
			}
			for _, m := range list {
				if err := p.tellSides(tx, m, "ending", m.ID.String()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1].ID
	}
}
