package calendar_test

import (
	"testing"
	"time"

	"khue/internal/kernel/calendar"
)

func TestTerm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, prints, start, end string }{
		{"P1D", "P1D", "2026-11-20 10:00", "2026-11-21 17:00"},
		{"12 calendarDays", "P12D", "2026-11-23 09:00", "2026-12-05 17:00"},
		{"P2W", "P14D", "2026-11-23 09:00", "2026-12-07 17:00"},
		{"P2M", "P2M", "2026-11-23 09:00", "2027-01-23 17:00"},
		{"2 months", "P2M", "2026-11-23 09:00", "2027-01-23 17:00"},
		{"P1Y6M", "P18M", "2025-05-31 09:00", "2026-11-30 17:00"},
		{"PT8H", "PT8H", "2026-11-23 12:00", "2026-11-23 20:00"},
		{"PT90M", "PT1H30M", "2026-11-23 12:00", "2026-11-23 13:30"},
		{"P1DT12H", "PT36H", "2026-11-23 12:00", "2026-11-25 00:00"},
		{"5 workingDays", "5 workingDays", "2026-11-20 10:00", "2026-11-30 17:00"},
		{"16 workingHours", "16 workingHours", "2026-11-23 08:00", "2026-11-26 09:00"},
		{"sameDay", "sameDay", "2026-11-20 14:00", "2026-11-20 17:00"},
		{"sameDay", "sameDay", "2026-11-20 15:30", "2026-11-23 17:00"},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			term, err := calendar.ParseTerm(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := term.String(); got != c.prints {
				t.Errorf("prints %q, want %q", got, c.prints)
			}
			if again, err := calendar.ParseTerm(term.String()); err != nil || again != term {
				t.Errorf("printed and read again: %+v, %v", again, err)
			}
			cal := week2026(t)
			end, err := term.End(at(c.start), cal)
			if err != nil {
				t.Fatal(err)
			}
			if got := end.Format("2006-01-02 15:04"); got != c.end {
				t.Errorf("ends %s, want %s", got, c.end)
			}
			if due, err := term.Due(at(c.start), cal); err != nil || !due.At.Equal(end) {
				t.Errorf("Due %v, %v; End %v", due.At, err, end)
			}
		})
	}
}

func TestTermRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "P", "PT", "P0D", "P-1D", "PT0H", "P1DT", "P1M2D", "P1MT1H", "P1D2M", "PT1S1H", "5", "5workingDays", "5  workingDays", "0 workingDays", "-1 workingDays",
		"5 sameDay", "5 weeks", "05 workingDays", "3661 workingDays", "99999 workingDays", "P3661D", "PT999999999H", "P1.5D", "P１D", "p1d", "P1D ", "1 sameDay",
	} {
		if term, err := calendar.ParseTerm(s); err == nil {
			t.Errorf("%q is read as %+v", s, term)
		}
	}
	var none calendar.Term
	if err := none.UnmarshalText(nil); err != nil || !none.IsZero() || none.String() != "" {
		t.Errorf("no term: %v, %q", err, none)
	}
}

func FuzzParseTerm(f *testing.F) {
	for _, s := range []string{"P1D", "P2M", "PT8H30M5S", "5 workingDays", "sameDay", "P1Y2M"} {
		f.Add(s)
	}
	start := at("2026-11-20 10:00")
	f.Fuzz(func(t *testing.T, s string) {
		term, err := calendar.ParseTerm(s)
		if err != nil {
			return
		}
		if again, err := calendar.ParseTerm(term.String()); err != nil || again != term {
			t.Fatalf("%q prints %q, which reads %+v, %v", s, term, again, err)
		}
		if term.Kind == calendar.WorkingHours || term.Kind == calendar.WorkingDays {
			return // long ones take long
		}
		if end, err := term.End(start, week2026(t)); err != nil || !end.After(start) && term.Elapsed < time.Second {
			t.Fatalf("%q ends %v, %v", s, end, err)
		}
	})
}
