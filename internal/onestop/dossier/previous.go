package dossier

import (
	"context"
	"math"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/form"
)

// previousDossiers are how many of an account's dossiers are looked through.
const previousDossiers = 10

// Previous suggests what an account answered in its earlier dossiers, the youngest answer
// first: "previous.mother" under suggest.
func (s *Service) Previous() form.Source { return previous{s} }

type previous struct{ s *Service }

// Name is previous.
func (previous) Name() string { return "previous" }

// Facts are the answers of the account's earlier dossiers by path. Left out are those that
// are asked anew each time, and what the form computed.
func (p previous) Facts(ctx context.Context, who form.Applicant) (facts form.Answers, err error) {
	defer errs.Op(&err, "dossier.Previous")
	if who.Account == 0 {
		return nil, nil
	}
	facts = form.Answers{}
	err = p.s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		list, err := bySubmitter(v, who.Account, math.MaxInt64, previousDossiers)
		if err != nil {
			return err
		}
		for _, d := range list {
			if err := p.s.lend(v, d, facts); err != nil {
				return err
			}
		}
		return nil
	})
	return facts, err
}

// lend adds the answers of a dossier to facts, where they stand in no younger one.
func (s *Service) lend(q db.Querier, d Dossier, facts form.Answers) error {
	pkg, err := s.pkg(d)
	if err != nil {
		return nil //nolint:nilerr // a version that is not kept here any more
	}
	c, err := findContent(q, d.ID)
	if err != nil {
		return err
	}
	for path, a := range c.Answers {
		if _, have := facts[path]; have || a.From == form.Computed || pkg.Form.AsksAgain(path) {
			continue
		}
		facts[path] = form.Answer{Value: a.Value, From: form.Earlier, At: d.SubmittedAt, Consent: a.Consent}
	}
	return nil
}
