package app

import (
	"context"

	"khue/internal/kernel/db"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/rights"
	"khue/internal/register/person"
)

// limited reports whether a person had looks at a thing restricted: at a dossier of theirs, at
// their row of the register, at their account.
func (p *Program) limited(ctx context.Context, kind string, about int64) (yes bool, err error) {
	var who rights.Whose
	of := int64(0)
	err = p.DB.View(ctx, func(_ context.Context, v *db.View) error {
		switch kind {
		case dossier.SubjectType:
			account, party, err := p.Dossiers.Whose(v, dossier.ID(about))
			who.Account, of = account, about
			if row, ok := party.Person(); err == nil && ok {
				who.People, err = p.family(v, row)
			}
			return err
		case person.SubjectType:
			who.People, err = p.family(v, person.ID(about))
			return err
		}
		who.Account = about
		return nil
	})
	if err != nil || who.Account == 0 && len(who.People) == 0 {
		return false, err
	}
	return p.Rights.Restricted(ctx, who, of)
}

func (p *Program) family(q db.Querier, v person.ID) (out []int64, err error) {
	ids, err := p.People.Family(q, v)
	for _, one := range ids {
		out = append(out, int64(one))
	}
	return out, err
}

// unused reports whether no new use may be made of what is known of a person.
func (p *Program) unused(ctx context.Context, v person.ID) (yes bool, err error) {
	var who rights.Whose
	err = p.DB.View(ctx, func(_ context.Context, q *db.View) error {
		who.People, err = p.family(q, v)
		return err
	})
	if err != nil {
		return false, err
	}
	return p.Rights.Unused(ctx, who)
}
