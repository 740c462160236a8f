package rights

import (
	"context"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
)

// Limit is what a granted restriction or objection makes of a person's data until it is lifted:
// no new use of it, and after a restriction no look that rests on nothing but a reason. What
// runs goes on, and what the law asks for.
type Limit struct {
	Request RequestID
	Account int64
	Person  int64 // row of the register of persons; 0: the account is linked to nobody
	Kind    Kind  // Restriction, Objection
	About   int64 // a dossier; 0: all of it
	Code    string
	Since   time.Time
}

// Whose names a person by what is known of them: an account, rows of the register, or both.
type Whose struct {
	Account int64
	People  []int64
}

// Restricted reports whether a person had looks at a dossier of theirs, or at what else is kept
// of them (0), restricted.
func (s *Service) Restricted(ctx context.Context, who Whose, dossier int64) (yes bool, err error) {
	defer errs.Op(&err, "rights.Restricted")
	list, err := s.limits(ctx, who)
	return slices.ContainsFunc(list, func(l Limit) bool {
		return l.Kind == Restriction && (l.About == 0 || l.About == dossier)
	}), err
}

// Unused reports whether no new use may be made of a person's data: something of it is
// restricted, or objected to.
func (s *Service) Unused(ctx context.Context, who Whose) (yes bool, err error) {
	defer errs.Op(&err, "rights.Unused")
	list, err := s.limits(ctx, who)
	return len(list) > 0, err
}

// Limits are those that hold for the subject of ctx, the oldest first.
func (s *Service) Limits(ctx context.Context) (out []Limit, err error) {
	defer errs.Op(&err, "rights.Limits")
	return s.limits(ctx, Whose{Account: auth.From(ctx).Account})
}

func (s *Service) limits(ctx context.Context, who Whose) (out []Limit, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = limitsOf(v, who)
		return err
	})
	return out, err
}

// apply makes a granted request effective: a restriction and an objection begin, and end with a
// request to lift them.
func (s *Service) apply(tx *db.Tx, r Request) error {
	about := r.About
	if r.Type != subjectDossier {
		about = 0
	}
	switch r.Kind {
	case Restriction, Objection:
		l := Limit{Request: r.ID, Account: r.Account, Kind: r.Kind, About: about, Code: r.Code, Since: tx.Now()}
		if s.Person != nil {
			var err error
			if l.Person, err = s.Person(tx, r.Account); err != nil {
				return err
			}
		}
		if err := insertLimit(tx, l); err != nil {
			return err
		}
		return s.note(tx, KindLimited, journal.Subject{Type: subjectAccount, ID: r.Account}, r.Answerer, r.Unit, happened{Kind: string(r.Kind), By: r.AnsweredBy})
	case Lifting:
		n, err := liftLimits(tx, r, about)
		if err != nil {
			return err
		}
		return s.note(tx, KindFreed, journal.Subject{Type: subjectAccount, ID: r.Account}, r.Answerer, r.Unit, happened{Kind: string(r.Kind), N: n, By: r.AnsweredBy})
	}
	return nil
}
