package identity

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/once"
	"khue/internal/register/orgunit"
)

// DutyRule says whether one person may receive, verify and sign at a unit. Until somebody
// allowed it, the three are different people.
type DutyRule struct {
	Unit   orgunit.UnitID
	Shared bool
	Reason string
	By     string
	At     time.Time // zero where it was never set
}

const maxDutyReason = 500

// MaySetDuties reports whether the reader may set the rule of a unit: a leader of it, or of
// one above.
func (s *Service) MaySetDuties(ctx context.Context, u orgunit.UnitID) bool {
	return s.Policies.Can(ctx, actDuties, s.unit(u)) == nil
}

// Duties reads the rule of a unit.
func (s *Service) Duties(ctx context.Context, u orgunit.UnitID) (r DutyRule, err error) {
	defer errs.Op(&err, "identity.Duties(%s)", u)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if r, err = findDutyRule(v, u); errs.Is(err, errs.NotFound) {
			r, err = DutyRule{Unit: u}, nil
		}
		return err
	})
	return r, err
}

// Shared lists the units at which one person may do several duties.
func (s *Service) Shared(q db.Querier) ([]orgunit.UnitID, error) { return sharedDuties(q) }

// SetDuties sets the rule of a unit, with the reason. Errors: NotFound, Forbidden, Invalid
// with fields, Mismatch.
func (s *Service) SetDuties(ctx context.Context, r DutyRule, key string) (err error) {
	defer errs.Op(&err, "identity.SetDuties(%s)", r.Unit)
	sub := auth.From(ctx)
	if u, ok := s.Units.Now().Get(r.Unit); !ok || u.Class == orgunit.Territory {
		return errs.E(errs.NotFound, "orgunit.unit.unknown", errs.P("id", r.Unit.String()))
	}
	if err := s.Policies.Can(ctx, actDuties, s.unit(r.Unit)); err != nil {
		return err
	}
	r.Reason = strings.TrimSpace(r.Reason)
	if n := utf8.RuneCountInString(r.Reason); n == 0 || n > maxDutyReason {
		return errs.E(errs.Invalid, "identity.duties.reason", errs.P("max", maxDutyReason), errs.WithFields(
			errs.Field{Path: "reason", Key: "identity.duties.reason", Params: errs.Params{"max": maxDutyReason}}))
	}
	r.By, r.At = sub.Name, s.now()
	event := EventDutiesApart
	if r.Shared {
		event = EventDutiesShared
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"duties", r.Unit, r.Shared, r.Reason}), func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := upsertDutyRule(tx, r); err != nil {
			return 0, err
		}
		return int64(r.Unit), s.append(tx, event, SubjectUnit, int64(r.Unit), sub.Account, r.Unit, Told{By: r.By, Reason: r.Reason})
	})
	return err
}
