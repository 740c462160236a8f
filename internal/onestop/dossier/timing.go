package dossier

import (
	"slices"
	"time"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// Whose says whose time a stay at a step is.
type Whose string

// The clocks.
const (
	UnitTime      Whose = "unit"      // an office works, or should
	ApplicantTime Whose = "applicant" // the applicant completes, confirms, collects
	NobodyTime    Whose = "none"      // a wait that is nobody's work: a public posting
)

// Stay is the time that a dossier spent at one step.
type Stay struct {
	Step   string // empty: the wait for a supplement
	Role   string
	Unit   orgunit.UnitID // 0: the applicant's
	Tier   orgunit.Tier
	Whose  Whose
	From   time.Time
	To     time.Time // zero: it is there now
	Worked time.Duration
	Budget time.Duration // 0 where none is declared
	Fee    bool          // the wait for a payment; the time of others that it covers is not theirs
}

// Share is a sum of stays. Parallel stays of one unit count side by side: two officers
// spend two hours in one.
type Share struct {
	Unit   orgunit.UnitID // of UnitShares
	Tier   orgunit.Tier
	Worked time.Duration
	Budget time.Duration
	Open   bool
}

// Timing is where the time of a dossier went. Worked is office time by each unit's own
// calendar; days off, nights and waits of others are not in it.
type Timing struct {
	Stays     []Stay
	Units     []Share // unit time only, in order of their first stay
	Tiers     []Share // commune, district, city
	Applicant time.Duration
	Nobody    time.Duration
}

// TimingWorld is what TimingOf asks about steps and units.
type TimingWorld struct {
	Calendar func(orgunit.UnitID) *calendar.Calendar
	Tier     func(orgunit.UnitID) orgunit.Tier
	Whose    func(step, role string) Whose
	Budget   func(step string) time.Duration
}

// TimingOf reads from a timeline where the time went until now. It is pure: the journal
// has it all, and no row is kept for it.
func TimingOf(lines []Line, home orgunit.UnitID, w TimingWorld, now time.Time) Timing {
	var t Timing
	open := func(l Line, m Moved) {
		st := Stay{Step: m.Step, Role: m.Role, Unit: orgunit.UnitID(m.Unit), Whose: w.Whose(m.Step, m.Role), From: l.At, Budget: w.Budget(m.Step)}
		if st.Whose == ApplicantTime {
			st.Unit = 0
		}
		if l.State == process.Done {
			st.Whose = ApplicantTime // the result is ready and waits for its owner
		}
		t.Stays = append(t.Stays, st)
	}
	leave := func(step string, at time.Time) {
		for i := range t.Stays {
			if s := &t.Stays[i]; s.To.IsZero() && s.Step == step && !s.Fee {
				s.To = at
				return
			}
		}
	}
	for _, l := range lines {
		if l.Kind == KindNote || l.Kind == KindClaimed || l.Kind == KindAssigned || l.Kind == KindEscalated || l.Erased {
			continue
		}
		t.owe(l)
		if l.Kind == KindFeePaid || l.Kind == KindFeeAsked {
			continue
		}
		if l.Kind == KindSupplied {
			leave("", l.At)
		} else if l.Step != "" {
			leave(l.Step, l.At)
		}
		for _, step := range l.Left {
			leave(step, l.At)
		}
		if l.State.Ended() {
			for i := range t.Stays {
				if t.Stays[i].To.IsZero() {
					t.Stays[i].To = l.At
				}
			}
			continue
		}
		for _, m := range l.To {
			open(l, m)
		}
		if l.Action == process.DoSupplement {
			t.Stays = append(t.Stays, Stay{Role: process.RoleApplicant, Whose: ApplicantTime, From: l.At})
		}
	}
	t.sum(home, w, now)
	return t
}

// owe begins or ends the wait for a payment, as a line leaves it.
func (t *Timing) owe(l Line) {
	i := slices.IndexFunc(t.Stays, func(s Stay) bool { return s.Fee && s.To.IsZero() })
	switch {
	case l.Owed != 0 && i < 0 && l.State != process.Done:
		t.Stays = append(t.Stays, Stay{Role: process.RoleApplicant, Whose: ApplicantTime, Fee: true, From: db.Time(l.Owed)})
	case l.Owed == 0 && i >= 0:
		t.Stays[i].To = l.At
	}
}

// waited is how much of a stay the applicant had not paid.
func (t *Timing) waited(s Stay, cal *calendar.Calendar, now time.Time) (sum time.Duration) {
	end := func(s Stay) time.Time {
		if s.To.IsZero() {
			return now
		}
		return s.To
	}
	for _, f := range t.Stays {
		if !f.Fee {
			continue
		}
		from, to := s.From, end(s)
		if f.From.After(from) {
			from = f.From
		}
		if e := end(f); e.Before(to) {
			to = e
		}
		if to.After(from) {
			sum += cal.Worked(from, to)
		}
	}
	return sum
}

// sum measures the stays and adds them up.
func (t *Timing) sum(home orgunit.UnitID, w TimingWorld, now time.Time) {
	for i := range t.Stays {
		s := &t.Stays[i]
		end := s.To
		if end.IsZero() {
			end = now
		}
		unit := s.Unit
		if unit == 0 {
			unit = home // the applicant's wait is measured by the office it is away from
		} else {
			s.Tier = w.Tier(unit)
		}
		s.Worked = w.Calendar(unit).Worked(s.From, end)
		if s.Whose == UnitTime {
			s.Worked -= t.waited(*s, w.Calendar(unit), now)
		}
		switch s.Whose {
		case ApplicantTime:
			t.Applicant += s.Worked
		case NobodyTime:
			t.Nobody += s.Worked
		case UnitTime:
			add(&t.Units, *s, func(x Share) bool { return x.Unit == s.Unit })
			add(&t.Tiers, *s, func(x Share) bool { return x.Tier == s.Tier })
		}
	}
	for i := range t.Tiers {
		t.Tiers[i].Unit = 0
	}
	order := []orgunit.Tier{orgunit.Commune, orgunit.District, orgunit.City}
	slices.SortStableFunc(t.Tiers, func(a, b Share) int { return slices.Index(order, a.Tier) - slices.Index(order, b.Tier) })
}

func add(list *[]Share, s Stay, same func(Share) bool) {
	i := slices.IndexFunc(*list, same)
	if i < 0 {
		*list = append(*list, Share{Unit: s.Unit, Tier: s.Tier})
		i = len(*list) - 1
	}
	x := &(*list)[i]
	x.Worked += s.Worked
	x.Budget += s.Budget
	x.Open = x.Open || s.To.IsZero()
}

// TimingOf is where the time of a dossier went, by the calendars of its units. It costs no
// query.
func (s *Service) TimingOf(d Dossier, pkg *service.Package, lines []Line) Timing {
	tree := s.Units.At(clock.DateOf(s.Clock.Now()))
	filed := s.Units.At(d.day())
	return TimingOf(lines, d.Receiving, TimingWorld{
		Calendar: s.Calendars.Of,
		Tier: func(u orgunit.UnitID) orgunit.Tier {
			v, ok := filed.Get(u)
			if !ok {
				v, _ = tree.Get(u)
			}
			return v.Tier
		},
		Whose: func(step, role string) Whose { return whose(pkg, step, role) },
		Budget: func(step string) time.Duration {
			info, _ := pkg.Process.Step(step)
			return time.Duration(info.Minutes) * time.Minute
		},
	}, s.Clock.Now())
}
