package app

import (
	"context"
	"net/url"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/rights/rightsweb"
	"khue/internal/register/access"
	"khue/internal/register/access/accessweb"
	"khue/internal/register/person"
)

// looksWeb tells the pages of looks whose a dossier is and what it is called.
func (p *Program) looksWeb() accessweb.Deps {
	return accessweb.Deps{
		Looks: p.Looks, Units: p.Units, Accounts: p.Auth, Mine: p.ownThings, Names: p.Config.NameOfficers, AskHref: rightsweb.AskHref,
		Seeable: func(ctx context.Context, code string) (string, int64, error) {
			v, _, err := p.Dossiers.Seeable(ctx, code)
			return dossier.SubjectType, int64(v), err
		},
		Labels: func(ctx context.Context, ids []int64) (map[int64]accessweb.Own, error) {
			codes, err := p.Dossiers.Codes(ctx, ids)
			out := make(map[int64]accessweb.Own, len(codes))
			for v, code := range codes {
				out[v] = accessweb.Own{ID: v, Label: code}
			}
			return out, err
		},
	}
}

// ownThings are what looks at the reader's data are looks at: their dossiers and account, and
// where the account is verified what the register of persons keeps under their number.
func (p *Program) ownThings(ctx context.Context) ([]accessweb.Own, error) {
	list, err := p.Dossiers.OwnOf(ctx)
	if err != nil {
		return nil, err
	}
	out := []accessweb.Own{{ID: auth.From(ctx).Account}}
	for _, d := range list {
		out = append(out, accessweb.Own{ID: int64(d.ID), Label: d.Code, Href: "/dossiers/" + url.PathEscape(d.Code)})
	}
	rows, err := p.ownRows(ctx)
	for _, v := range rows {
		out = append(out, accessweb.Own{ID: int64(v)})
	}
	return out, err
}

// ownRows are the rows of the register of persons that are the reader's; none while the account
// is linked to nobody.
func (p *Program) ownRows(ctx context.Context) (ids []person.ID, err error) {
	err = p.DB.View(ctx, func(_ context.Context, v *db.View) error {
		who, ok, err := p.People.Of(v, auth.From(ctx).Account)
		if err != nil || !ok {
			return err
		}
		ids, err = p.People.Family(v, who.ID)
		return err
	})
	return ids, err
}

// namesIn lists the names in what was looked at.
func (p *Program) namesIn(q db.Querier, kind string, about int64) ([]string, error) {
	switch kind {
	case dossier.SubjectType:
		return p.Dossiers.NamesIn(q, dossier.ID(about))
	case person.SubjectType:
		who, err := p.People.In(q, person.ID(about))
		if errs.Is(err, errs.NotFound) {
			return nil, nil
		}
		return []string{who.Facts.Name}, err
	}
	return nil, nil
}

var _ access.Accounts = (*auth.Service)(nil)
