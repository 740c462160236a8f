package apply

import (
	"context"
	"slices"

	"khue/internal/kernel/auth"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

// Profile suggests what an account says of its citizen: the name, and the phone that they
// sign in with.
func Profile() form.Source { return profile{} }

type profile struct{}

// Name is profile.
func (profile) Name() string { return "profile" }

// Facts are by type of field, so that "suggest: [profile]" fits any name or phone.
func (profile) Facts(ctx context.Context, who form.Applicant) (form.Answers, error) {
	sub := auth.From(ctx)
	if sub.Kind != auth.KindCitizen || sub.Account != who.Account {
		return nil, nil
	}
	return form.Answers{
		"person-name": {Value: sub.Name, From: form.Profile}, "name": {Value: sub.Name, From: form.Profile},
		"phone": {Value: sub.Login, From: form.Profile},
	}, nil
}

// suggest fills a new draft with what the sources know of the one who is signed in. A
// source that the form names and the program does not have is passed over, and so is one
// that cannot answer: whoever applies then types.
func (s *Service) suggest(ctx context.Context, d Draft, pkg *service.Package) form.Answers {
	wanted := pkg.Form.Sources()
	if d.Owner == 0 || len(wanted) == 0 {
		return d.Answers
	}
	facts := map[string]form.Answers{}
	for _, src := range s.sources {
		if !slices.Contains(wanted, src.Name()) {
			continue
		}
		if known, err := src.Facts(ctx, form.Applicant{Account: d.Owner, Service: d.Service, Case: d.Case}); err == nil {
			facts[src.Name()] = known
		}
	}
	out, _ := pkg.Form.Suggest(d.Answers, facts, s.Env(d))
	return out
}
