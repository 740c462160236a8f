package reorganise

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/once"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// Question is a dossier of a divided commune of which nobody has said where it belongs. The
// default heir acts on it meanwhile: its clock runs on, and no date waits for the answer.
type Question struct {
	Dossier   dossier.ID
	Act       ActID
	Code      string
	Procedure string
	Applicant string
	Address   string
	Commune   orgunit.UnitID   // divided
	Holder    orgunit.UnitID   // agency that acts now
	Heirs     []orgunit.UnitID // territories
	DueAt     time.Time        // zero: nothing is promised yet
	Status    string           // open, settled, over
	SettledBy string
	SettledAt time.Time
	Reason    string
}

// The states of a question.
const (
	splitOpen    = "open"
	splitSettled = "settled"
	splitOver    = "over"
)

func splitOf(a Act, was, is dossier.Dossier, v Verdict) Question {
	return Question{
		Dossier: is.ID, Act: a.ID, Code: is.Code, Procedure: is.Procedure, Applicant: is.Applicant, Address: v.Address,
		Commune: v.Commune, Holder: is.Receiving, Heirs: v.Heirs, DueAt: was.DueAt, Status: splitOpen,
	}
}

// holders are the agencies whose questions the reader may answer.
func (s *Service) holders(ctx context.Context) (out []orgunit.UnitID) {
	tree := s.Units.Now()
	for _, g := range auth.From(ctx).Grants {
		if !s.Policies.May(ctx, actPlace, auth.Resource{Type: "Unit", ID: g.Scope, Units: []string{g.Scope}}) {
			continue
		}
		for _, u := range tree.Select(func(u orgunit.Unit) bool { return scope(u.ID) == g.Scope }) {
			if a, ok := tree.AgencyOf(u.ID); ok && !slices.Contains(out, a.ID) {
				out = append(out, a.ID)
			}
		}
	}
	return out
}

// question is an open question as policies see it. It waits for the agency that holds the
// dossier with its offices, and for the applicant.
func (s *Service) question(ctx context.Context, q Question, applicant bool) auth.Resource {
	r := auth.Resource{Type: "Unit", ID: q.Holder.String()}
	tree := s.Units.Now()
	for _, g := range auth.From(ctx).Grants {
		for _, u := range tree.Select(func(u orgunit.Unit) bool { return scope(u.ID) == g.Scope }) {
			if a, ok := tree.AgencyOf(u.ID); ok && a.ID == q.Holder {
				r.Units = append(r.Units, g.Scope)
			}
		}
	}
	if applicant {
		r.Facts = []string{"applicant"}
	}
	return r
}

// Questions lists the open questions of the agencies that the reader works for, the first due
// first; Total counts them all.
func (s *Service) Questions(ctx context.Context, limit int) (out []Question, total int, err error) {
	defer errs.Op(&err, "reorganise.Questions")
	mine := s.holders(ctx)
	if len(mine) == 0 {
		return nil, 0, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if out, err = openSplits(v, mine, limit); err != nil {
			return err
		}
		total, err = countOpenSplits(v, mine)
		return err
	})
	return out, total, err
}

// QuestionOf is the question about a dossier; false where there is none, or it was answered.
func (s *Service) QuestionOf(ctx context.Context, v dossier.ID) (q Question, open bool, err error) {
	err = s.DB.View(ctx, func(_ context.Context, view *db.View) error {
		q, err = findSplit(view, v)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return q, false, nil
	}
	return q, err == nil && q.Status == splitOpen, err
}

// Answer says where a dossier of a divided commune belongs: an officer of the agency that
// holds it, or the applicant, who knows best. Where that is another commune the dossier moves
// there, with its date and code. Errors: NotFound, Forbidden, Invalid for a commune that is
// no heir, Conflict where it was answered.
func (s *Service) Answer(ctx context.Context, code string, ward orgunit.UnitID, reason, key string, viewer dossier.Viewer) (err error) {
	defer errs.Op(&err, "reorganise.Answer")
	sub := auth.From(ctx)
	d, _, err := s.Dossiers.Find(ctx, code, viewer)
	if err != nil {
		return err
	}
	if reason = clean(reason); utf8.RuneCountInString(reason) > 500 {
		return errs.E(errs.Invalid, "reorganise.reason", errs.WithFields(errs.Field{Path: "reason", Key: "reorganise.reason"}))
	}
	q, open, err := s.QuestionOf(ctx, d.ID)
	if err != nil {
		return err
	}
	owner := false
	if sub.Kind != auth.KindOfficer {
		if owner, err = s.Dossiers.MaySupply(ctx, d, viewer); err != nil {
			return err
		}
	}
	if err := s.Policies.Can(ctx, actPlace, s.question(ctx, q, owner)); err != nil {
		return err
	}
	hash := once.Hash([]any{code, ward, reason})
	again := false
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		_, again, err = once.Find(v, sub.Account, key, hash)
		return err
	})
	if err != nil || again {
		return err
	}
	if !open {
		return errs.E(errs.Conflict, "reorganise.split.settled", errs.P("by", q.SettledBy))
	}
	if !slices.Contains(q.Heirs, ward) {
		return errs.E(errs.Invalid, "form.invalid", errs.P("n", 1), errs.WithFields(errs.Field{Path: "ward", Key: "reorganise.split.choose"}))
	}
	return s.answer(ctx, q, ward, owner, reason, func(tx *db.Tx) error { return once.Record(tx, sub.Account, key, hash, int64(d.ID)) })
}

func (s *Service) answer(ctx context.Context, q Question, ward orgunit.UnitID, owner bool, reason string, record func(*db.Tx) error) error {
	a, err := s.Act(ctx, q.Act)
	if err != nil {
		return err
	}
	plan, err := s.planOf(a)
	if err != nil {
		return err
	}
	sub := auth.From(ctx)
	q.SettledBy, q.SettledAt, q.Reason, q.Status = sub.Name, s.Clock.Now(), reason, splitSettled
	if owner && q.SettledBy == "" {
		q.SettledBy = q.Applicant
	}
	why := WhyOfficer
	if owner {
		why = WhyOwner
	}
	set := newSettler(plan, s.Units.Register())
	return s.Dossiers.Relocate(ctx, q.Dossier, func(st dossier.Standing) (*dossier.Relocation, error) {
		at, _ := s.Units.Now().AgencyOf(ward)
		if st.Dossier.State.Ended() || at.ID == st.Dossier.Receiving {
			return nil, nil //nolint:nilnil // it is where it belongs
		}
		r := set.again(st, q, ward)
		r.Act, r.By, r.Why, r.Basis = int64(q.Act), q.SettledBy, string(why), strings.TrimSpace(plan.Basis.VI)
		return r, nil
	}, func(tx *db.Tx, r dossier.Relocated) error {
		q.Holder = r.Dossier.Receiving
		if err := settleSplit(tx, q); err != nil {
			return err
		}
		if r.Shift != nil {
			if err := s.followed(tx, r); err != nil {
				return err
			}
		}
		return record(tx)
	})
}

// again maps a dossier that stands with the default heir to the commune that was named. What
// the default heir held for it, its heir now holds: agency for agency, office for office.
func (s *settler) again(st dossier.Standing, q Question, ward orgunit.UnitID) *dossier.Relocation {
	d := st.Dossier
	m := mapping{settler: s, d: d, commune: q.Commune, ward: ward, units: map[orgunit.UnitID]orgunit.UnitID{}}
	for u := range d.Heritage.Units {
		m.add(u)
	}
	turned := map[orgunit.UnitID]orgunit.UnitID{} // from the default heir's unit to the new one
	for old, was := range d.Heritage.Units {
		if is, ok := m.units[old]; ok && is != was && !s.ends(was) {
			turned[was] = is
		}
	}
	swap := func(u orgunit.UnitID) orgunit.UnitID {
		if v, ok := turned[u]; ok {
			return v
		}
		return u
	}
	r := &dossier.Relocation{
		Plan: s.plan.Digest, Reception: d.Reception, Receiving: swap(d.Receiving), Competent: swap(d.Competent),
		Heritage: dossier.Heritage{Units: m.units, Roles: d.Heritage.Roles, Skip: d.Heritage.Skip},
		Back:     map[dossier.TaskID]dossier.ShiftedTask{},
	}
	for _, t := range st.Open() {
		if to := swap(t.Unit); to != t.Unit {
			r.Back[t.ID] = dossier.ShiftedTask{Task: t.ID, Step: t.Step, Role: t.Role, From: to}
		}
	}
	return r
}

// Asked reports whether it is asked where a dossier belongs.
func (s *Service) Asked(ctx context.Context, v dossier.ID) (bool, error) {
	_, open, err := s.QuestionOf(ctx, v)
	return open, err
}
