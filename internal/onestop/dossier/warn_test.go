package dossier

import (
	"testing"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/onestop/service"
	"khue/internal/register/holiday"
)

// The rules fall due in office time: over a night, a weekend, a holiday.
func TestPointsAreInOfficeTime(t *testing.T) {
	t.Parallel()
	cal, err := holiday.Load()
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, clock.Zone)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	rules := service.CityWarnings()
	for _, x := range []struct {
		name, due, promised string
		want                []string // instant and mark
	}{
		{"on a Monday at noon", "2025-06-23 10:00", "", []string{"2025-06-20 15:00 h4", "2025-06-23 10:00 d0", "2025-06-24 10:00 d1", "2025-06-26 10:00 d3"}},
		{"at the close of a Friday", "2025-06-27 17:00", "2025-06-27 17:00", []string{"2025-06-27 11:30 h4", "2025-06-27 17:00 d0", "2025-06-30 17:00 d1", "2025-07-02 17:00 d3"}},
		{"before the national day", "2025-08-29 09:00", "", []string{"2025-08-28 14:00 h4", "2025-08-29 09:00 d0", "2025-09-03 09:00 d1", "2025-09-05 09:00 d3"}},
		{"a task before its promise", "2025-06-24 10:00", "2025-06-25 17:00", []string{
			"2025-06-23 15:00 h4", "2025-06-24 10:00 d0", "2025-06-25 10:00 d1", "2025-06-25 11:30 ph4", "2025-06-25 17:00 pd0", "2025-06-26 17:00 pd1", "2025-06-27 10:00 d3", "2025-06-30 17:00 pd3",
		}},
	} {
		var promised time.Time
		if x.promised != "" {
			promised = at(x.promised)
		}
		var got []string
		for _, p := range points(cal, rules, at(x.due), promised) {
			got = append(got, p.at.In(clock.Zone).Format("2006-01-02 15:04")+" "+p.mark)
		}
		if len(got) != len(x.want) {
			t.Errorf("%s: %q", x.name, got)
			continue
		}
		for i := range got {
			if got[i] != x.want[i] {
				t.Errorf("%s: %s, want %s", x.name, got[i], x.want[i])
			}
		}
	}
	ps := points(cal, rules, at("2025-06-23 10:00"), time.Time{})
	if got := warnAfter(ps, at("2025-06-23 10:00")); !got.Equal(at("2025-06-24 10:00")) {
		t.Errorf("after the term comes %v", got)
	}
	if got := warnAfter(ps, at("2025-07-01 10:00")); !got.IsZero() {
		t.Errorf("after all rules comes %v", got)
	}
}
