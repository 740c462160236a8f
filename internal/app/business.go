package app

import (
	"context"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/register/mandate"
	"khue/internal/register/person"
)

// businessOf says of an account of a business what it is, who may act for it and how many
// dossiers it has; no rows for anybody else.
func (p *Program) businessOf(ctx context.Context, s auth.Subject) ([]ui.SummaryRow, error) {
	if s.Kind != auth.KindCitizen {
		return nil, nil
	}
	var b person.Business
	var ok bool
	err := p.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		b, ok, err = p.People.BusinessOf(v, s.Account)
		return err
	})
	if err != nil || !ok {
		return nil, err
	}
	sides, err := p.Mandates.Of(ctx)
	if err != nil {
		return nil, err
	}
	mine, err := p.Dossiers.OwnOf(ctx)
	if err != nil {
		return nil, err
	}
	say := func(key string, kv ...any) string { return i18n.T(ctx, "app.business."+key, kv...) }
	today := p.Mandates.Today()
	var names []string
	for _, m := range sides.Given {
		if m.State(today) == string(mandate.Active) && !slices.Contains(names, m.HolderName) {
			names = append(names, m.HolderName)
		}
	}
	who := strings.Join(names, ", ")
	if who == "" {
		who = say("nobody")
	}
	rows := []ui.SummaryRow{{Key: say("name"), Value: ui.T(b.Name)}, {Key: say("tax"), Value: ui.T(string(b.TaxCode))}}
	for _, x := range [...][2]string{{"enterprise", b.Enterprise}, {"address", b.Address}, {"legal", b.Legal}} {
		if x[1] != "" {
			rows = append(rows, ui.SummaryRow{Key: say(x[0]), Value: ui.T(x[1])})
		}
	}
	return append(rows,
		ui.SummaryRow{Key: say("act"), Value: ui.T(who), Action: &ui.Anchor{Label: say("change"), Href: "/account/mandates"}},
		ui.SummaryRow{Key: say("dossiers"), Value: ui.T(say("n", "n", len(mine))), Action: &ui.Anchor{Label: say("open"), Href: "/dossiers"}},
	), nil
}
