package app

import (
	"context"
	"net/url"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/rights/rightsweb"
	"khue/internal/register/access"
	"khue/internal/register/access/accessweb"
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

// ownThings are what looks at the reader's data are looks at: their dossiers and account.
func (p *Program) ownThings(ctx context.Context) ([]accessweb.Own, error) {
	list, err := p.Dossiers.OwnOf(ctx)
	out := []accessweb.Own{{ID: auth.From(ctx).Account}}
	for _, d := range list {
		out = append(out, accessweb.Own{ID: int64(d.ID), Label: d.Code, Href: "/dossiers/" + url.PathEscape(d.Code)})
	}
	return out, err
}

// namesIn lists the names in what was looked at.
func (p *Program) namesIn(q db.Querier, kind string, about int64) ([]string, error) {
	if kind != dossier.SubjectType {
		return nil, nil
	}
	return p.Dossiers.NamesIn(q, dossier.ID(about))
}

var _ access.Accounts = (*auth.Service)(nil)
