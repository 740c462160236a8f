package person

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/register/orgunit"
)

const (
	minReason = 5
	maxReason = 300
)

func reasonOf(text string) (string, error) {
	text = i18n.NFC(strings.Join(strings.Fields(text), " "))
	if n := utf8.RuneCountInString(text); n < minReason || n > maxReason {
		return "", errs.E(errs.Invalid, "person.reason", errs.WithFields(errs.Field{Path: "reason", Key: "person.reason", Params: errs.Params{"min": minReason, "max": maxReason}}))
	}
	return text, nil
}

// Settle decides on facts that disagree: those named in take become what the city knows, the
// rest of what was told is dropped. Conflict where nothing waits.
func (s *Service) Settle(ctx context.Context, v ID, unit string, take []string, reason string) (p Person, err error) {
	defer errs.Op(&err, "person.Settle(%s)", v)
	if reason, err = reasonOf(reason); err != nil {
		return p, err
	}
	err = s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if p, err = get(tx, s.k, v); err != nil {
			return err
		}
		if p.Claim == (Facts{}) {
			return errs.E(errs.Conflict, "person.settled")
		}
		return s.settle(tx, p, take, auth.From(ctx), unit, reason)
	})
	return p, err
}

func (s *Service) settle(tx *db.Tx, p Person, take []string, sub auth.Subject, unit, reason string) error {
	told := Told{By: sub.Name, Reason: reason}
	for _, x := range fields() {
		if claim := *x.At(&p.Claim); claim != "" && slices.Contains(take, x.Name) {
			*x.At(&p.Facts) = claim
			told.Fields = append(told.Fields, x.Name)
		}
	}
	p.Claim = Facts{}
	if err := update(tx, s.k, p, errs.E(errs.Conflict, "person.moved")); err != nil {
		return err
	}
	return s.append(tx, KindSettled, SubjectType, int64(p.ID), sub.Account, unit, told)
}

// Basis is why somebody looks at a person's data.
type Basis struct {
	Kind   string // BasisPresent, BasisDossier, BasisDuty, BasisLaw
	Ref    string // code of the dossier, number of the law
	Reason string // needed for BasisDuty and BasisLaw
	Unit   string
}

// Reveal opens a person for an officer and writes down who looked and why. Whoever shows a
// number that is not masked gets it from here. Forbidden for others than officers; Invalid
// without a dossier or a reason.
func (s *Service) Reveal(ctx context.Context, v ID, b Basis) (p Person, err error) {
	defer errs.Op(&err, "person.Reveal(%s)", v)
	if auth.From(ctx).Kind != auth.KindOfficer {
		return p, errs.E(errs.Forbidden, "person.officers")
	}
	switch b.Kind {
	case BasisPresent:
	case BasisDossier:
		if b.Ref == "" {
			return p, errs.E(errs.Invalid, "person.basis")
		}
	case BasisDuty, BasisLaw:
		if b.Reason, err = reasonOf(b.Reason); err != nil {
			return p, err
		}
	default:
		return p, errs.E(errs.Invalid, "person.basis", errs.WithFields(errs.Field{Path: "basis", Key: "person.basis"}))
	}
	if b.Kind == BasisDuty {
		u, _ := id.Parse[orgunit.Unit](b.Unit)
		if err := s.d.Looks.Open(ctx, SubjectType, int64(v), u, b.Ref); err != nil {
			return p, err
		}
	}
	err = s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if p, err = get(tx, s.k, v); err != nil {
			return err
		}
		return s.looked(ctx, tx, p.ID, b)
	})
	return p, err
}
