package identity

import (
	"context"
	"slices"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

// heldIn names the units in which an officer holds posts of their own, and those that they
// lead, in order of the posts. Conflict where there is none.
func (s *Service) heldIn(ctx context.Context, account int64) (units, leads []orgunit.UnitID, err error) {
	posts, err := s.postsOf(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range posts {
		if !p.Until.IsZero() && p.Until.Before(s.today()) || p.For != "" {
			continue
		}
		if !slices.Contains(units, p.Unit) {
			units = append(units, p.Unit)
		}
		if p.Role.Acts(orgunit.RoleLeader) && !slices.Contains(leads, p.Unit) {
			leads = append(leads, p.Unit)
		}
	}
	if len(units) == 0 {
		return nil, nil, errs.E(errs.Conflict, "identity.noPost")
	}
	return units, leads, nil
}

// resets names the units of whoever lost their ways in. One of them suffices for the proposer:
// nobody gains a right by it. The change stands under the first.
func (s *Service) resets(ctx context.Context, r *Resetting) (u orgunit.UnitID, err error) {
	if r.Units, r.Leads, err = s.heldIn(ctx, r.Account); err != nil {
		return 0, err
	}
	for _, u := range r.Units {
		if s.MayPropose(ctx, u) {
			return u, nil
		}
	}
	return 0, errs.E(errs.Forbidden, "identity.notYours")
}

func (s *Service) wishReset(ctx context.Context, c *Change, r Resetting) error {
	a, err := s.Auth.AccountByID(ctx, r.Account)
	if err != nil {
		return err
	}
	var f faults
	r.Name, r.Reason = a.Name, tidy(r.Reason)
	if n := utf8.RuneCountInString(r.Reason); n < 5 || n > maxWords {
		f.add("why", "why", "max", maxWords)
	}
	if a.Kind != auth.KindOfficer || a.Disabled {
		return errs.E(errs.Conflict, "identity.fault.disabled")
	}
	var mail string
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		mail, err = s.MailOf(v, r.Account)
		return err
	})
	if err != nil {
		return err
	}
	if mail == "" && !s.Demo {
		return errs.E(errs.Conflict, "identity.invite.noEmail") // nothing would bring them back in
	}
	c.Kind, c.Account, c.Body.Reset = Reset, a.ID, &r
	c.subject = "reset " + a.Login
	return f.err()
}

// MailOf is an officer's official address; "" where there is none.
func (s *Service) MailOf(q db.Querier, account int64) (string, error) {
	o, err := findOfficer(q, account)
	if errs.Is(err, errs.NotFound) {
		return "", nil
	}
	return o.Email, err
}
