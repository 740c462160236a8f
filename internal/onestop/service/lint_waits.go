package service

import (
	"khue/internal/kernel/calendar"
	"khue/internal/onestop/process"
)

// outlast is the first step that may lawfully wait longer than a promise runs: a body that
// is asked has 12 calendar days where the dossier has 7 working days. Waits that count as
// nobody's delay, and the applicant's, are left out.
func (l *loader) outlast(allowed int) (step, within string) {
	for _, s := range l.pkg.Process.Steps() {
		if s.Within == "" || !s.Counts || s.Role == process.RoleApplicant {
			continue
		}
		term, err := calendar.ParseTerm(s.Within)
		if err != nil {
			continue // told by the compiler
		}
		minutes := int(term.Elapsed.Minutes())
		if dl, ok := term.Deadline(); ok {
			minutes = termMinutes(dl)
		}
		if minutes > allowed {
			return s.ID, s.Within
		}
	}
	return "", ""
}
