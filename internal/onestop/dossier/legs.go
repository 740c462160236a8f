package dossier

import (
	"slices"
	"time"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// Leg is the part of a dossier's way that lies with one agency: a commune, a district, a
// department, an external unit.
type Leg struct {
	Agency  orgunit.Unit
	Planned float64       // working days that the budgets of its steps add up to, 8 hours each; 0 where none is declared
	Worked  time.Duration // office time that tasks stood there, without waits that are nobody's
	Days    float64       // Worked in working days of the agency's own length
	From    time.Time     // the first task came; zero: not yet
	To      time.Time     // the last task left; zero while one stands there
	Open    bool          // a task stands there now
}

// Late reports whether more time was used than the steps have.
func (l Leg) Late() bool { return l.Planned > 0 && l.Days > l.Planned }

// Legs tells how the way of a dossier divides among agencies: first those where it was, in
// order, then those that still come. One leg alone says nothing that the dossier does not.
// Codes are read on the day of filing, so that old names stay.
func (s *Service) Legs(d Dossier, c Content, pkg *service.Package, lines []Line) []Leg {
	reg, day := s.Units.Register(), d.day()
	var legs []Leg
	at := func(u orgunit.UnitID, on clock.Date) *Leg {
		a := agencyOn(reg, u, on)
		i := slices.IndexFunc(legs, func(l Leg) bool { return l.Agency.ID == a.ID })
		if i < 0 {
			legs, i = append(legs, Leg{Agency: a}), len(legs)
		}
		return &legs[i]
	}
	for _, st := range s.TimingOf(d, pkg, lines).Stays {
		if st.Unit == 0 || st.Whose != UnitTime {
			continue
		}
		l := at(st.Unit, clock.DateOf(st.From))
		if l.From.IsZero() {
			l.From = st.From
		}
		if st.To.IsZero() {
			l.Open, l.To = true, time.Time{}
		} else if !l.Open && st.To.After(l.To) {
			l.To = st.To
		}
		l.Worked += st.Worked
		l.Days += st.Worked.Hours() / dayLength(s.Calendars.Of(st.Unit), st.From)
	}
	receiving, competent := d.filedUnits()
	env := form.Env{
		Now: d.SubmittedAt, Case: d.Case, Channel: string(d.Channel), Units: s.units,
		Receiving: s.units.ref(receiving, day), Competent: s.units.ref(competent, day), District: s.units.district(receiving, day),
	}
	for _, stop := range pkg.Route(c.Answers.With(c.Officer), env) {
		if stop.Place == "" || stop.Clock != "unit" || !stop.Counts {
			continue
		}
		if u, err := s.units.place(stop.Place, day); err == nil && (stop.Minutes > 0 || !d.State.Ended()) {
			at(u.ID, day).Planned += float64(stop.Minutes) / (8 * 60)
		}
	}
	if d.State.Ended() && d.State != process.Returned { // what it never reached does not come any more
		legs = slices.DeleteFunc(legs, func(l Leg) bool { return l.From.IsZero() })
	}
	return legs
}

// RouteOf lists the steps of a dossier's process with where each falls to on a day.
func (s *Service) RouteOf(d Dossier, c Content, pkg *service.Package, on clock.Date) []service.Stop {
	return pkg.Route(c.Answers.With(c.Officer), form.Env{
		Now: s.Clock.Now(), Case: d.Case, Channel: string(d.Channel), Units: s.units,
		Receiving: s.units.ref(d.Receiving, on), Competent: s.units.ref(d.Competent, on), District: s.units.district(d.Receiving, on),
	})
}

// agencyOn is the agency that a unit is part of; an external unit stands for itself.
func agencyOn(reg *orgunit.Register, u orgunit.UnitID, on clock.Date) orgunit.Unit {
	t := reg.At(on)
	v, ok := t.Get(u)
	if !ok {
		v, _ = reg.Unit(u)
		return v
	}
	if v.Class == orgunit.Office && !v.External() {
		if a, ok := t.AgencyOf(u); ok {
			return a
		}
	}
	return v
}

// dayLength is the office time of the working day at an instant or next after it, in hours.
func dayLength(cal *calendar.Calendar, at time.Time) float64 {
	d := clock.DateOf(at)
	if !cal.IsWorking(d) {
		d = cal.NextWorking(d)
	}
	if h := cal.Worked(d.At(0, 0), d.AddDays(1).At(0, 0)).Hours(); h > 0 {
		return h
	}
	return 8
}
