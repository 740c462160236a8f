package dossier

import (
	"context"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/service"
	"khue/internal/register/mandate"
	"khue/internal/register/person"
)

// Behalf says by which mandate somebody files for another, as it stood at the filing.
type Behalf struct {
	Mandate mandate.ID   `json:"mandate"`
	Kind    mandate.Kind `json:"kind"`
	Giver   string       `json:"giver"`
	Holder  string       `json:"holder"`
	Paper   string       `json:"paper,omitempty"`
}

// CheckLevel says whether the subject of ctx may file a service online: Unauthenticated or
// Forbidden, with the level that is needed, where the account is not enough.
func CheckLevel(ctx context.Context, pkg *service.Package) error {
	need, ok := pkg.SignIn()
	sub := auth.From(ctx)
	switch {
	case !ok:
		return nil
	case !sub.SignedIn():
		return errs.E(errs.Unauthenticated, "dossier.level.signIn", errs.P("level", need.String()))
	case sub.Level < need:
		return errs.E(errs.Forbidden, "dossier.level."+need.String(), errs.P("level", need.String()))
	}
	return nil
}

// for whom a dossier is filed: by a mandate of who files, or by themselves. It completes the
// submission with what the register says, whatever the sender wrote.
func (s *Service) behalf(ctx context.Context, in *Submission) (row behalfRow, b *Behalf, err error) {
	sub := auth.From(ctx)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		holder := in.Person
		if sub.Kind != auth.KindOfficer {
			p, ok, err := s.Mandates.Person(v, sub.Account)
			if err != nil {
				return err
			}
			if holder = 0; ok {
				holder = p
			}
		}
		if holder != 0 {
			row.party = mandate.PersonParty(holder)
		}
		if in.Mandate == 0 {
			return nil
		}
		m, err := s.Mandates.Use(v, holder, in.Mandate, in.Service)
		if err != nil {
			return err
		}
		row = behalfRow{m.Giver, m.ID}
		b = &Behalf{Mandate: m.ID, Kind: m.Kind, Giver: m.GiverName, Holder: m.HolderName, Paper: m.Paper}
		in.Applicant.Name = m.GiverName
		phone := in.Submitter.Phone
		if phone == "" {
			phone = in.Applicant.Phone
		}
		in.Submitter = Party{Name: m.HolderName, Phone: phone, Capacity: string(m.Kind)}
		return nil
	})
	return row, b, err
}

// actsAs reports whether an account may act on a dossier as its applicant: who filed it for
// themselves; who filed it for another, as long as the mandate holds; for whom it was filed;
// and who may act for them. Forbidden, with what to do, for a mandate that holds no more.
func (s *Service) actsAs(q db.Querier, sub auth.Subject, d Dossier) (bool, error) {
	row, err := behalfOf(q, d)
	if err != nil {
		return false, err
	}
	owner := isOwner(sub, d)
	if row.party == "" || owner && row.mandate == 0 {
		return owner, nil
	}
	if sub.SignedIn() && sub.Kind == auth.KindCitizen {
		may, err := s.Mandates.ActsFor(q, sub.Account, row.party, d.Service)
		if err != nil || may {
			return may, err
		}
	}
	if !owner {
		return false, nil
	}
	return false, s.lapsed(q, row, d)
}

// lapsed says why the mandate by which a dossier was filed holds no more; nil where it does.
func (s *Service) lapsed(q db.Querier, row behalfRow, d Dossier) error {
	m, err := s.Mandates.Get(q, row.mandate)
	if err != nil {
		return err
	}
	return s.Mandates.Holds(q, m, d.Service)
}

// asApplicant is actsAs for a clerk too, who acts for somebody at the counter.
func (s *Service) asApplicant(ctx context.Context, q db.Querier, sub auth.Subject, d Dossier) (bool, error) {
	if s.supplies(ctx, sub, d, "", false) {
		return true, nil
	}
	acts, err := s.actsAs(q, sub, d)
	return s.supplies(ctx, sub, d, byApplicant, acts), err
}

// supplies asks whether somebody may complete a dossier, knowing how they came to it.
func (s *Service) supplies(ctx context.Context, sub auth.Subject, d Dossier, how string, so bool) bool {
	r := at(d, d.Receiving)
	r.Owners = nil // who filed it by a mandate needs the mandate still
	if so {
		r.Facts = []string{how}
	}
	return s.Policies.Permits(ctx, sub, actSupply, r)
}

// mayAsApplicant is actsAs for whoever bears the key too: what was filed by a mandate is
// acted on with its key only while the mandate holds.
func (s *Service) mayAsApplicant(ctx context.Context, q db.Querier, sub auth.Subject, d Dossier, v Viewer) (bool, error) {
	ok, err := s.asApplicant(ctx, q, sub, d)
	if err != nil || ok {
		return ok, err
	}
	if !isOwner(sub, d) {
		if ok, err = s.follows(q, sub, d.ID); err != nil {
			return false, err
		}
	}
	if !ok && !s.supplies(ctx, sub, d, byKey, s.viewerFits(d, v)) {
		return false, nil
	}
	row, err := behalfOf(q, d)
	if err != nil || row.mandate == 0 {
		return err == nil, err
	}
	return true, s.lapsed(q, row, d)
}

// reaches reports whether a citizen may read a dossier because they may act for whom it was
// filed.
func (s *Service) reaches(ctx context.Context, sub auth.Subject, d Dossier) (yes bool, err error) {
	if sub.Kind != auth.KindCitizen || !sub.SignedIn() {
		return false, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		row, err := behalfOf(v, d)
		if err != nil || row.party == "" {
			return err
		}
		yes, err = s.Mandates.ActsFor(v, sub.Account, row.party, d.Service)
		return err
	})
	return yes, err
}

// UsableMandates are those by which the subject of ctx, or for a clerk a person at the
// counter, may file a service for another.
func (s *Service) UsableMandates(ctx context.Context, p person.ID, service string) ([]mandate.Mandate, error) {
	if auth.From(ctx).Kind == auth.KindOfficer {
		if p == 0 {
			return nil, nil
		}
		return s.Mandates.UsableBy(ctx, p, service)
	}
	return s.Mandates.Usable(ctx, service)
}
