package dossier

import (
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

// Foresee is when the result would be promised if a submission were accepted at this
// moment; false where its unit or its term cannot be told yet. It promises nothing.
func (s *Service) Foresee(in Submission) (due calendar.Due, ok bool, err error) {
	defer errs.Op(&err, "dossier.Foresee(%s)", in.Service)
	now := s.Clock.Now()
	day := clock.DateOf(now)
	pkg, err := s.Services.Find(in.Service, day)
	if err != nil {
		return due, false, err
	}
	unit, err := s.units.agency(in.Answers.Text(pkg.Competent.By), day)
	if err != nil {
		return due, false, nil //nolint:nilerr // not answered, or wrong: the form says so
	}
	if in.Channel == "" {
		in.Channel = service.Online
	}
	term, err := pkg.TermOf(in.Answers, form.Env{
		Now: now, Case: in.Case, Channel: string(in.Channel), Units: s.units, Files: in.Papers,
		Receiving: s.units.ref(unit.ID, day), Competent: s.units.ref(unit.ID, day), District: s.units.district(unit.ID, day),
	})
	if err != nil {
		return due, false, err
	}
	if term == nil {
		dl, found := pkg.Process.Deadline(in.Case, string(in.Channel))
		if !found {
			return due, false, nil
		}
		term = &dl.Term
	}
	if term.Check() != nil {
		return due, false, nil
	}
	due, err = s.Calendars.Of(unit.ID).Due(now, *term)
	return due, err == nil, err
}
