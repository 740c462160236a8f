// Package orgunittest gives other modules' tests the city's units without a
// database. What must not come here: facts of its own.
package orgunittest

import (
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/register/orgunit"
)

// Service answers from the embedded facts, with its clock at 08:10 on an ISO date.
func Service(t testing.TB, today string) *orgunit.Service {
	t.Helper()
	s, err := orgunit.New(nil, clock.NewFake(clock.MustDate(today).At(8, 10)), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Agency returns the People's Committee of the territory that holds a GSO code
// on a date, or the body that holds an agency code.
func Agency(t testing.TB, s *orgunit.Service, code, date string) orgunit.Unit {
	t.Helper()
	tree := s.At(clock.MustDate(date))
	u, err := tree.ByCode(code)
	if err != nil {
		t.Fatal(err)
	}
	a, ok := tree.AgencyOf(u.ID)
	if !ok {
		t.Fatalf("nobody governs %s on %s", code, date)
	}
	return a
}
