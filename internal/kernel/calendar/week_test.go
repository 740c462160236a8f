package calendar_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
)

// saturdays is the plain week with Saturday morning, counted or not.
func saturdays(from string, counts bool) calendar.Week {
	w := calendar.Weekdays(calendar.OfficeHours()...)
	w.Hours[time.Saturday], w.Counts[time.Saturday] = []calendar.Span{{From: calendar.At(8, 0), To: calendar.At(12, 0)}}, counts
	if from != "" {
		w.From = clock.MustDate(from)
	}
	return w
}

func unit(t testing.TB, l calendar.Local) *calendar.Calendar {
	t.Helper()
	c, err := week2026(t).With(l, "unit-1")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestHoursOfAUnit(t *testing.T) {
	t.Parallel()
	wd := func(n int) calendar.Deadline { return calendar.Deadline{Kind: calendar.WorkingDays, N: n} }
	hours := func(n int) calendar.Deadline { return calendar.Deadline{Kind: calendar.WorkingHours, N: n} }
	for _, c := range []struct {
		name     string
		local    calendar.Local
		start    string
		deadline calendar.Deadline
		due      string
	}{
		{"the city's hours", calendar.Local{}, "2026-11-20 10:00", wd(5), "2026-11-30 17:00"},
		{"open on Saturday morning, Saturday does not count", calendar.Local{Weeks: []calendar.Week{saturdays("", false)}}, "2026-11-20 10:00", wd(5), "2026-11-30 17:00"},
		{"Saturday is declared to count", calendar.Local{Weeks: []calendar.Week{saturdays("", true)}}, "2026-11-20 10:00", wd(5), "2026-11-27 17:00"},
		{"and a term that ends on it ends at noon", calendar.Local{Weeks: []calendar.Week{saturdays("", true)}}, "2026-11-20 10:00", wd(1), "2026-11-21 12:00"},
		{"it counts only from its day on", calendar.Local{Weeks: []calendar.Week{saturdays("2026-11-25", true)}}, "2026-11-20 10:00", wd(5), "2026-11-28 12:00"},
		{"hours on a Saturday that does not count are not counted", calendar.Local{Weeks: []calendar.Week{saturdays("", false)}}, "2026-11-20 16:00", hours(2), "2026-11-23 09:00"},
		{"hours on one that does are", calendar.Local{Weeks: []calendar.Week{saturdays("", true)}}, "2026-11-20 16:00", hours(2), "2026-11-21 09:00"},
		{"the unit is closed for a day", calendar.Local{Days: []calendar.Day{{Date: clock.MustDate("2026-11-26"), Kind: calendar.UnitOff}}}, "2026-11-20 10:00", wd(5), "2026-12-01 17:00"},
		{"and works one Saturday for it", calendar.Local{Days: []calendar.Day{
			{Date: clock.MustDate("2026-11-26"), Kind: calendar.UnitOff}, {Date: clock.MustDate("2026-11-28"), Kind: calendar.UnitWork},
		}}, "2026-11-20 10:00", wd(5), "2026-11-30 17:00"},
		{"the unit works on the city's holiday", calendar.Local{Days: []calendar.Day{{Date: clock.MustDate("2026-11-24"), Kind: calendar.UnitWork}}}, "2026-11-20 10:00", wd(5), "2026-11-27 17:00"},
		{"a swapped Saturday has the hours of a whole day", calendar.Local{Weeks: []calendar.Week{saturdays("", false)}}, "2026-08-21 10:00", wd(1), "2026-08-22 17:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			due, err := unit(t, c.local).Due(at(c.start), c.deadline)
			if err != nil {
				t.Fatal(err)
			}
			if got := due.At.Format("2006-01-02 15:04"); got != c.due {
				t.Errorf("due %s, want %s", got, c.due)
			}
		})
	}
	open := unit(t, calendar.Local{Weeks: []calendar.Week{saturdays("", false)}})
	if sat := at("2026-11-21 09:00"); !open.Open(sat) || open.IsWorking(clock.DateOf(sat)) || open.Open(at("2026-11-21 13:00")) || open.Open(at("2026-11-24 09:00")) {
		t.Error("open on Saturday morning and not on the holiday, though Saturday does not count")
	}
	if n := open.Worked(at("2026-11-20 16:00"), at("2026-11-23 09:00")); n != 2*time.Hour {
		t.Errorf("worked %s over a Saturday that does not count", n)
	}
}

func TestWeekRefuses(t *testing.T) {
	t.Parallel()
	none := calendar.Week{}
	closed := calendar.Weekdays(calendar.OfficeHours()...)
	closed.Counts[time.Sunday] = true
	crossed := calendar.Weekdays(calendar.Span{From: calendar.At(13, 0), To: calendar.At(12, 0)})
	for name, w := range map[string]calendar.Week{"no day counts": none, "a closed day counts": closed, "crossed hours": crossed} {
		if w.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := week2026(t).With(calendar.Local{Days: []calendar.Day{{Date: clock.MustDate("2026-11-26"), Kind: calendar.Holiday}}}, "x"); err == nil {
		t.Error("one unit declared a public holiday")
	}
}

// anyLocal is some unit's own hours and days.
func anyLocal(r *rand.Rand) calendar.Local {
	var l calendar.Local
	if r.IntN(3) > 0 {
		w := saturdays("", r.IntN(2) == 0)
		if r.IntN(2) == 0 {
			w.From = clock.MustDate("2026-01-01").AddDays(r.IntN(365))
		}
		if r.IntN(4) == 0 {
			w.Counts[time.Monday] = false
		}
		l.Weeks = append(l.Weeks, w)
	}
	for range r.IntN(6) {
		kind := calendar.UnitOff
		if r.IntN(2) == 0 {
			kind = calendar.UnitWork
		}
		l.Days = append(l.Days, calendar.Day{Date: clock.MustDate("2026-01-01").AddDays(r.IntN(400)), Kind: kind, VI: "x"})
	}
	return l
}

// On every unit's calendar: a term of N working days counts N days that are worked, ends on
// one at its close, and never earlier for a later start; its kept count gives it again; and
// it is no number of hours.
func TestDueOnUnits(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		local := anyLocal(r)
		cal := unit(t, local)
		for range 20 {
			dl := calendar.Deadline{Kind: calendar.WorkingDays, N: 1 + r.IntN(30), CutoffMoves: calendar.Moves(r.IntN(3))}
			start := at("2026-01-01 00:00").Add(time.Duration(r.IntN(360*24*60)) * time.Minute)
			due, err := cal.Due(start, dl)
			if err != nil {
				t.Fatal(err)
			}
			end := clock.DateOf(due.At)
			if len(due.Days) != dl.N || due.Days[dl.N-1] != end || !cal.IsWorking(end) || cal.WorkingDays(due.From, end) != dl.N {
				t.Fatalf("%+v on %+v from %s: %v", dl, local, start, due.Days)
			}
			spans := cal.Hours(end)
			if !due.At.Equal(spans[len(spans)-1].To.On(end)) || !cal.Open(due.Forward) && !due.Forward.Equal(start) {
				t.Fatalf("%+v on %+v from %s ends %s, forwarded %s", dl, local, start, due.At, due.Forward)
			}
			b, err := json.Marshal(due.Count())
			if err != nil {
				t.Fatal(err)
			}
			var k calendar.Count
			if err := json.Unmarshal(b, &k); err != nil {
				t.Fatal(err)
			}
			if again, err := k.On(cal); err != nil || !again.At.Equal(due.At) || cmp.Diff(due.Days, again.Days) != "" {
				t.Fatalf("counted again: %v, %v, want %v", again.At, err, due.At)
			}
			later, err := cal.Due(start.Add(time.Duration(r.IntN(3*24*60))*time.Minute), dl)
			if err != nil || later.At.Before(due.At) {
				t.Fatalf("%+v on %+v: the later start is due %s, before %s: %v", dl, local, later.At, due.At, err)
			}
		}
	}
}

// N working days are not 8N hours: days do not ask at what time of the day they began,
// hours do, also where the office works eight of them.
func TestDaysAreNotHours(t *testing.T) {
	t.Parallel()
	cal, err := calendar.New([]calendar.Day{{Date: clock.MustDate("2026-11-24"), Kind: calendar.Holiday}}, "eight",
		calendar.Span{From: calendar.At(8, 0), To: calendar.At(12, 0)}, calendar.Span{From: calendar.At(13, 0), To: calendar.At(17, 0)})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(13, 14))
	for range 2000 {
		day := cal.NextWorking(clock.MustDate("2026-01-01").AddDays(r.IntN(330)))
		n := 1 + r.IntN(20)
		early := calendar.At(8, 0).On(day).Add(time.Duration(r.IntN(200)) * time.Minute)
		late := calendar.At(13, 0).On(day).Add(time.Duration(r.IntN(120)) * time.Minute)
		ends := func(start time.Time, kind calendar.Kind, n int) time.Time {
			due, err := cal.Due(start, calendar.Deadline{Kind: kind, N: n})
			if err != nil {
				t.Fatal(err)
			}
			return due.At
		}
		days := ends(early, calendar.WorkingDays, n)
		if !ends(late, calendar.WorkingDays, n).Equal(days) {
			t.Fatalf("%d working days from %s depend on the hour", n, day)
		}
		a, b := ends(early, calendar.WorkingHours, 8*n), ends(late, calendar.WorkingHours, 8*n)
		if !a.Before(b) || !b.Before(days) {
			t.Fatalf("%d hours from %s end %s and %s, %d days %s", 8*n, day, a, b, n, days)
		}
	}
}

// A new holiday only ever moves a date on.
func TestMoreDaysOffNeverBringADateForward(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 10))
	for range 1500 {
		var l calendar.Local
		for range 1 + r.IntN(4) {
			l.Days = append(l.Days, calendar.Day{Date: clock.MustDate("2026-01-01").AddDays(r.IntN(365)), Kind: calendar.UnitOff})
		}
		was, is := week2026(t), unit(t, l)
		dl := calendar.Deadline{Kind: calendar.Kind(1 + r.IntN(5)), N: 1 + r.IntN(30), CutoffMoves: calendar.Moves(r.IntN(3)), Roll: r.IntN(2) == 0}
		if dl.Kind == calendar.SameDay {
			dl.N = 0
		}
		start := at("2026-01-01 00:00").Add(time.Duration(r.IntN(360*24*60)) * time.Minute)
		a, err := was.Due(start, dl)
		if err != nil {
			t.Fatal(err)
		}
		b, err := is.Due(start, dl)
		if err != nil || b.At.Before(a.At) {
			t.Fatalf("%+v from %s: %s, with more days off %s: %v", dl, start, a.At, b.At, err)
		}
	}
}

// What a sentence says was counted is what was counted, on every occasion and in both languages.
func TestExplainCountsEqual(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.NewBundle(calendar.Messages, testNames{}.fs())
	if err != nil {
		t.Fatal(err)
	}
	whys := []calendar.Why{calendar.Accepted, calendar.Restarted, calendar.Resumed, calendar.Extended, calendar.Redated, calendar.Silence, calendar.Lapse}
	r := rand.New(rand.NewPCG(11, 12))
	for i := range 500 {
		cal := unit(t, anyLocal(r))
		n := 1 + r.IntN(10)
		due, err := cal.Due(at("2026-01-01 00:00").Add(time.Duration(r.IntN(360*24*60))*time.Minute), calendar.Deadline{Kind: calendar.WorkingDays, N: n})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range []i18n.Lang{i18n.VI, i18n.EN} {
			ctx := i18n.WithLang(context.Background(), bundle, l)
			text := due.ExplainAs(ctx, whys[i%len(whys)])
			if strings.Contains(text, "calendar.") || strings.Contains(text, "{") {
				t.Fatalf("a sentence is missing: %s", text)
			}
			lead := map[i18n.Lang]string{i18n.VI: "Các ngày được tính: ", i18n.EN: "Days counted: "}[l]
			_, rest, ok := strings.Cut(text, lead)
			list, _, _ := strings.Cut(rest, ".")
			if !ok || strings.Count(list, ",")+1 != n {
				t.Fatalf("%d days, but: %s", n, text)
			}
			for _, d := range due.Days {
				if !strings.Contains(list, i18n.Date(l, d)) {
					t.Fatalf("%s is counted and not named: %s", d, text)
				}
			}
		}
	}
	ctx := i18n.WithLang(context.Background(), bundle, i18n.VI)
	for text, want := range map[string]string{
		"PT8H":            "Thời hạn 8 giờ liên tục, kể cả ban đêm và ngày nghỉ.",
		"12 calendarDays": "Quá 17:00 ngày 05/12/2026 mà chưa trả lời thì coi là đồng ý.",
	} {
		term, err := calendar.ParseTerm(text)
		if err != nil {
			t.Fatal(err)
		}
		due, err := term.Due(at("2026-11-23 09:00"), week2026(t))
		if err != nil {
			t.Fatal(err)
		}
		if got := due.ExplainAs(ctx, calendar.Silence); !strings.Contains(got, want) {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func BenchmarkHotPath(b *testing.B) {
	cal := unit(b, calendar.Local{Weeks: []calendar.Week{saturdays("2026-06-01", false)}, Days: []calendar.Day{{Date: clock.MustDate("2026-11-26"), Kind: calendar.UnitOff}}})
	day := clock.MustDate("2026-11-27")
	b.Run("is-working", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cal.IsWorking(day)
		}
	})
	start, dl := at("2026-11-20 10:00"), calendar.Deadline{Kind: calendar.WorkingDays, N: 5}
	b.Run("due-5-days", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = cal.Due(start, dl)
		}
	})
}
