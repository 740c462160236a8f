package calendar_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
)

// week2026 is the part of the year that the worked examples use.
func week2026(t testing.TB) *calendar.Calendar {
	t.Helper()
	day := func(s string, k calendar.DayKind) calendar.Day {
		return calendar.Day{Date: clock.MustDate(s), Kind: k, Name: "holiday.x"}
	}
	c, err := calendar.New([]calendar.Day{
		day("2026-02-16", calendar.Holiday), day("2026-02-17", calendar.Holiday), day("2026-02-18", calendar.Holiday),
		day("2026-02-19", calendar.Holiday), day("2026-02-20", calendar.Holiday),
		day("2026-04-26", calendar.Holiday), day("2026-04-27", calendar.Compensatory),
		day("2026-04-30", calendar.Holiday), day("2026-05-01", calendar.Holiday),
		day("2026-08-22", calendar.SwappedWork), day("2026-08-31", calendar.SwappedOff),
		day("2026-09-01", calendar.Holiday), day("2026-09-02", calendar.Holiday),
		day("2026-11-24", calendar.Holiday),
	}, "test-1")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func at(s string) time.Time {
	v, err := time.ParseInLocation("2006-01-02 15:04", s, clock.Zone)
	if err != nil {
		panic(err)
	}
	return v
}

func TestDue(t *testing.T) {
	t.Parallel()
	wd := func(n int) calendar.Deadline { return calendar.Deadline{Kind: calendar.WorkingDays, N: n} }
	moves := func(d calendar.Deadline, m calendar.Moves) calendar.Deadline { d.CutoffMoves = m; return d }
	same := calendar.Deadline{Kind: calendar.SameDay}
	hours := func(n int) calendar.Deadline { return calendar.Deadline{Kind: calendar.WorkingHours, N: n} }
	days := func(n int, roll bool) calendar.Deadline {
		return calendar.Deadline{Kind: calendar.CalendarDays, N: n, Roll: roll}
	}
	for _, c := range []struct {
		name     string
		start    string
		deadline calendar.Deadline
		due      string
		forward  string
		days     string
	}{
		{"five working days over the new holiday", "2026-11-20 10:00", wd(5), "2026-11-30 17:00", "2026-11-20 10:00", "11-23 11-25 11-26 11-27 11-30"},
		{"three days before Tết, received late: only the forwarding moves", "2026-02-12 16:00", wd(3), "2026-02-24 17:00", "2026-02-13 08:00", "02-13 02-23 02-24"},
		{"the same, where late reception moves the result", "2026-02-12 16:00", moves(wd(3), calendar.MovesResult), "2026-02-25 17:00", "2026-02-13 08:00", "02-23 02-24 02-25"},
		{"household business of the demo", "2026-11-20 10:00", wd(3), "2026-11-26 17:00", "2026-11-20 10:00", "11-23 11-25 11-26"},
		{"house permit of the demo", "2026-11-20 09:00", wd(7), "2026-12-02 17:00", "2026-11-20 09:00", "11-23 11-25 11-26 11-27 11-30 12-01 12-02"},
		{"a worked Saturday counts, the day swapped for it does not", "2026-08-21 09:00", wd(7), "2026-09-03 17:00", "2026-08-21 09:00", "08-22 08-24 08-25 08-26 08-27 08-28 09-03"},
		{"received on a Sunday online", "2026-11-22 21:40", wd(1), "2026-11-23 17:00", "2026-11-23 08:00", "11-23"},

		{"same day", "2026-11-20 14:00", same, "2026-11-20 17:00", "2026-11-20 14:00", "11-20"},
		{"at 15:00 sharp it is still the same day", "2026-11-20 15:00", same, "2026-11-20 17:00", "2026-11-20 15:00", "11-20"},
		{"same day after 15:00 is the next working day", "2026-11-20 15:01", same, "2026-11-23 17:00", "2026-11-23 08:00", "11-23"},
		{"same day after 15:00 before a holiday", "2026-11-23 15:30", same, "2026-11-25 17:00", "2026-11-25 08:00", "11-25"},
		{"same day on a Sunday", "2026-11-22 09:00", same, "2026-11-23 17:00", "2026-11-23 08:00", "11-23"},
		{"same day where 15:00 moves only the forwarding", "2026-11-20 16:00", moves(same, calendar.MovesForwarding), "2026-11-20 17:00", "2026-11-23 08:00", "11-20"},
		{"but not once the office has closed", "2026-11-20 18:00", moves(same, calendar.MovesForwarding), "2026-11-23 17:00", "2026-11-23 08:00", "11-23"},
		{"another cutoff", "2026-11-20 15:30", calendar.Deadline{Kind: calendar.SameDay, Cutoff: calendar.At(16, 0)}, "2026-11-20 17:00", "2026-11-20 15:30", "11-20"},

		{"consultation: silence after twelve days", "2026-11-23 09:00", days(12, false), "2026-12-05 17:00", "2026-11-23 09:00", "…"},
		{"the same, moved to a working day", "2026-11-23 09:00", days(12, true), "2026-12-07 17:00", "2026-11-23 09:00", "…"},
		{"months stay in the month", "2026-01-31 09:00", calendar.Deadline{Kind: calendar.Months, N: 1}, "2026-02-28 17:00", "2026-02-02 08:00", "…"},

		{"eight working hours to accept, filed in the morning", "2026-11-23 08:10", hours(8), "2026-11-25 08:40", "2026-11-23 08:10", "11-23 11-25"},
		{"eight working hours, filed on Sunday night", "2026-11-22 21:40", hours(8), "2026-11-25 08:30", "2026-11-23 08:00", "11-23 11-25"},
		{"hours end at noon, not after the break", "2026-11-23 08:00", hours(4), "2026-11-23 12:00", "2026-11-23 08:00", "11-23"},
		{"filed in the break", "2026-11-23 12:15", hours(1), "2026-11-23 14:30", "2026-11-23 13:30", "11-23"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cal := week2026(t)
			due, err := cal.Due(at(c.start), c.deadline)
			if err != nil {
				t.Fatal(err)
			}
			var counted []string
			for _, d := range due.Days {
				counted = append(counted, d.String()[5:])
			}
			got := []string{due.At.Format("2006-01-02 15:04"), due.Forward.Format("2006-01-02 15:04"), strings.Join(counted, " ")}
			if c.days == "…" {
				got[2] = c.days
			}
			if diff := cmp.Diff([]string{c.due, c.forward, c.days}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A later start never brings an earlier date, nor a longer term one; and no day is both counted and skipped.
func TestDueOnlyGrows(t *testing.T) {
	t.Parallel()
	cal := week2026(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		dl := calendar.Deadline{Kind: calendar.Kind(1 + r.IntN(5)), N: 1 + r.IntN(40), CutoffMoves: calendar.Moves(r.IntN(3)), Roll: r.IntN(2) == 0}
		if dl.Kind == calendar.SameDay {
			dl.N = 0
		}
		a := at("2026-01-01 00:00").Add(time.Duration(r.IntN(360*24*60)) * time.Minute)
		b := a.Add(time.Duration(r.IntN(4*24*60)) * time.Minute)
		da, err := cal.Due(a, dl)
		if err != nil {
			t.Fatal(err)
		}
		db, err := cal.Due(b, dl)
		if err != nil {
			t.Fatal(err)
		}
		if db.At.Before(da.At) {
			t.Fatalf("%+v: %s is due %s, but the later %s is due %s", dl, a, da.At, b, db.At)
		}
		if da.At.Before(a) || da.Forward.Before(a) {
			t.Fatalf("%+v from %s: due %s, forwarded %s", dl, a, da.At, da.Forward)
		}
		for _, d := range da.Days {
			if da.Day(d).Kind.Off() {
				t.Fatalf("%s is counted and skipped", d)
			}
		}
		if dl.Kind == calendar.WorkingDays && (len(da.Days) != dl.N || cal.WorkingDays(da.From, clock.DateOf(da.At)) != dl.N) {
			t.Fatalf("%+v from %s counted %v", dl, a, da.Days)
		}
		if dl.Kind == calendar.WorkingHours && cal.Worked(a, da.At) != time.Duration(dl.N)*time.Hour {
			t.Fatalf("%+v from %s: %s worked until %s", dl, a, cal.Worked(a, da.At), da.At)
		}
		if dl.Kind != calendar.SameDay {
			dl.N++
			more, err := cal.Due(a, dl)
			if err != nil || more.At.Before(da.At) {
				t.Fatalf("a longer term ends earlier: %v %v", more.At, err)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	names := testNames{}
	bundle, err := i18n.NewBundle(calendar.Messages, names.fs())
	if err != nil {
		t.Fatal(err)
	}
	cal := week2026(t)
	for _, c := range []struct {
		name     string
		start    string
		deadline calendar.Deadline
		vi, en   string
	}{
		{
			"a holiday and a weekend", "2026-11-20 10:00", calendar.Deadline{Kind: calendar.WorkingDays, N: 3},
			"Tiếp nhận lúc 10:00 ngày 20/11/2026. Thời hạn 3 ngày làm việc, tính từ ngày làm việc sau ngày tiếp nhận. Các ngày được tính: 23/11/2026, 25/11/2026, 26/11/2026. " +
				"Không tính: 24/11/2026 (ngày X); 2 ngày nghỉ cuối tuần. Trả kết quả chậm nhất lúc 17:00 ngày 26/11/2026.",
			"Accepted at 10:00 on 20 November 2026. The time limit is 3 working days, counted from the working day after acceptance. Days counted: 23 November 2026, 25 November 2026, 26 November 2026. " +
				"Not counted: 24 November 2026 (X day); 2 days of weekend. The result is due by 17:00 on 26 November 2026.",
		},
		{
			"late the same day", "2026-11-20 15:30", calendar.Deadline{Kind: calendar.SameDay},
			"Tiếp nhận lúc 15:30 ngày 20/11/2026. Giải quyết ngay trong ngày làm việc. Hồ sơ nhận sau 15:00 được tính là nhận ngày 23/11/2026. " +
				"Không tính: 2 ngày nghỉ cuối tuần. Trả kết quả chậm nhất lúc 17:00 ngày 23/11/2026.",
			"Accepted at 15:30 on 20 November 2026. Decided within the working day. A dossier received after 15:00 counts as received on 23 November 2026. " +
				"Not counted: 2 days of weekend. The result is due by 17:00 on 23 November 2026.",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			due, err := cal.Due(at(c.start), c.deadline)
			if err != nil {
				t.Fatal(err)
			}
			for l, want := range map[i18n.Lang]string{i18n.VI: c.vi, i18n.EN: c.en} {
				if diff := cmp.Diff(want, due.Explain(i18n.WithLang(context.Background(), bundle, l))); diff != "" {
					t.Error(diff)
				}
			}
		})
	}

	// Every branch of the sentence has its words.
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		dl := calendar.Deadline{Kind: calendar.Kind(1 + r.IntN(5)), N: 1 + r.IntN(40), CutoffMoves: calendar.Moves(r.IntN(3)), Roll: true}
		if dl.Kind == calendar.SameDay {
			dl.N = 0
		}
		due, err := cal.Due(at("2026-01-01 00:00").Add(time.Duration(r.IntN(360*24*60))*time.Minute), dl)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range i18n.Langs {
			if s := due.Explain(i18n.WithLang(context.Background(), bundle, l)); strings.ContainsAny(s, "⟨{}") {
				t.Fatalf("a word is missing: %s", s)
			}
		}
	}
}

func TestBeyondTheKnownYearsTheDateIsMarked(t *testing.T) {
	t.Parallel()
	due, err := week2026(t).Due(at("2026-12-20 09:00"), calendar.Deadline{Kind: calendar.WorkingDays, N: 20})
	if err != nil || !due.Uncertain || due.Version != "test-1" {
		t.Errorf("%+v %v", due, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, dl := range []calendar.Deadline{
		{}, {Kind: calendar.WorkingDays}, {Kind: calendar.WorkingDays, N: -1}, {Kind: calendar.SameDay, N: 1},
		{Kind: calendar.CalendarDays, N: 100000}, {Kind: 9, N: 1}, {Kind: calendar.SameDay, Cutoff: 24 * 60},
	} {
		if _, err := week2026(t).Due(at("2026-11-20 10:00"), dl); err == nil {
			t.Errorf("%+v was taken", dl)
		}
	}
	d := clock.MustDate("2026-11-21") // a Saturday
	for _, facts := range [][]calendar.Day{
		{{Date: d, Kind: calendar.SwappedOff}},
		{{Date: d.AddDays(2), Kind: calendar.SwappedWork}},
		{{Date: d, Kind: calendar.Holiday}, {Date: d, Kind: calendar.Holiday}},
		{{Date: d, Kind: calendar.Plain}},
		{{Date: clock.Date{Year: 2026, Month: 2, Day: 30}, Kind: calendar.Holiday}},
	} {
		if _, err := calendar.New(facts, "x"); err == nil {
			t.Errorf("%+v was taken", facts)
		}
	}
}

func TestDeclaredForm(t *testing.T) {
	t.Parallel()
	for _, k := range []calendar.Kind{calendar.SameDay, calendar.WorkingDays, calendar.CalendarDays, calendar.WorkingHours, calendar.Months} {
		b, err := k.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back calendar.Kind
		if err := back.UnmarshalText(b); err != nil || back != k {
			t.Errorf("%s came back as %v, %v", b, back, err)
		}
	}
	var k calendar.Kind
	var m calendar.Moves
	var tod calendar.TimeOfDay
	if k.UnmarshalText([]byte("working_days")) == nil || m.UnmarshalText([]byte("both")) == nil || tod.UnmarshalText([]byte("25:00")) == nil {
		t.Error("a wrong word was taken")
	}
	if err := tod.UnmarshalText([]byte("15:00")); err != nil || tod != calendar.DefaultCutoff {
		t.Errorf("%v %v", tod, err)
	}
}

func BenchmarkDue(b *testing.B) {
	cal := week2026(b)
	start := at("2026-11-20 10:00")
	for b.Loop() {
		if _, err := cal.Due(start, calendar.Deadline{Kind: calendar.WorkingDays, N: 7}); err != nil {
			b.Fatal(err)
		}
	}
}
