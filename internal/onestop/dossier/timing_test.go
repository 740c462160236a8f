package dossier_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
	"khue/internal/register/holiday"
	"khue/internal/register/orgunit"
)

func at(s string) time.Time {
	v, err := time.ParseInLocation("2006-01-02 15:04", s, clock.Zone)
	if err != nil {
		panic(err)
	}
	return v
}

func city(t testing.TB) *calendar.Calendar {
	t.Helper()
	cal, err := holiday.Load()
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

func TestAnApologyIsDueADayBefore(t *testing.T) {
	t.Parallel()
	cal := city(t)
	for _, c := range []struct {
		name, due, now, by string
		late, past         bool
	}{
		{"two days before", "2026-11-30 17:00", "2026-11-26 10:00", "2026-11-27 17:00", false, false},
		{"on the last moment", "2026-11-30 17:00", "2026-11-27 17:00", "2026-11-27 17:00", false, false},
		{"at the weekend before it", "2026-11-30 17:00", "2026-11-28 09:00", "2026-11-27 17:00", true, false},
		{"on the day itself", "2026-11-30 17:00", "2026-11-30 08:00", "2026-11-27 17:00", true, false},
		{"when it is late already", "2026-11-30 17:00", "2026-12-01 08:00", "2026-11-27 17:00", true, true},
		{"a holiday lies between", "2026-11-25 17:00", "2026-11-23 16:00", "2026-11-23 17:00", false, false},
		{"a term in hours", "2026-11-25 09:30", "2026-11-23 17:01", "2026-11-23 17:00", true, false},
		{"after Tết", "2026-02-23 17:00", "2026-02-16 08:00", "2026-02-13 17:00", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := dossier.Apology{By: at(c.by), Late: c.late, Past: c.past}
			if diff := cmp.Diff(want, dossier.ApologyOf(cal, at(c.due), at(c.now))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The allowance on its way from the commune over the district to the city: who had it for
// how long, in office time, and which waits were nobody's.
func TestTimingByStepUnitAndTier(t *testing.T) {
	t.Parallel()
	cal := city(t)
	saturdays := calendar.Weekdays(calendar.OfficeHours()...)
	saturdays.Hours[time.Saturday], saturdays.Counts[time.Saturday] = []calendar.Span{{From: calendar.At(8, 0), To: calendar.At(12, 0)}}, true
	open, err := cal.With(calendar.Local{Weeks: []calendar.Week{saturdays}}, "u")
	if err != nil {
		t.Fatal(err)
	}
	const commune, district, dept = orgunit.UnitID(11), orgunit.UnitID(22), orgunit.UnitID(33)
	line := func(when, kind, step, action string, state process.State, to ...dossier.Moved) dossier.Line {
		return dossier.Line{At: at(when), Kind: kind, Happening: dossier.Happening{Step: step, Action: action, State: state, To: to}}
	}
	moved := func(step, role string, u orgunit.UnitID) dossier.Moved {
		return dossier.Moved{Step: step, Role: role, Unit: int64(u)}
	}
	lines := []dossier.Line{
		line("2026-11-16 08:00", dossier.KindSubmitted, "", "", process.Submitted, moved("receive", "clerk", commune)),
		line("2026-11-16 09:00", dossier.KindClaimed, "receive", "", process.Submitted),
		line("2026-11-16 10:00", "dossier.act.accept", "receive", "accept", process.Accepted, moved("confirm", "officer", commune)),
		line("2026-11-16 11:00", "dossier.act.supplement", "confirm", "supplement", process.Supplement),
		line("2026-11-17 11:00", dossier.KindSupplied, "", "", process.Processing, moved("confirm", "officer", commune)),
		line("2026-11-17 13:30", "dossier.act.submit", "confirm", "submit", process.Processing, moved("check", "specialist", district), moved("post", "specialist", district)),
		// Friday to Monday over a Saturday that this district works, and with one task left beside.
		line("2026-11-20 16:00", "dossier.act.approve", "check", "approve", process.Processing, moved("decide", "leader", dept)),
		line("2026-11-23 09:00", "dossier.act.sign", "decide", "sign", process.Done, moved("issue", "clerk", commune)),
		line("2026-11-25 09:00", "dossier.act.issue", "issue", "issue", process.Returned),
	}
	lines[7].Left = []string{"post"}
	world := dossier.TimingWorld{
		Calendar: func(u orgunit.UnitID) *calendar.Calendar {
			if u == district {
				return open
			}
			return cal
		},
		Tier: func(u orgunit.UnitID) orgunit.Tier {
			return map[orgunit.UnitID]orgunit.Tier{commune: orgunit.Commune, district: orgunit.District, dept: orgunit.City}[u]
		},
		Whose: func(step, _ string) dossier.Whose {
			if step == "post" {
				return dossier.NobodyTime
			}
			return dossier.UnitTime
		},
		Budget: func(step string) time.Duration { return map[string]time.Duration{"check": 8 * time.Hour}[step] },
	}
	got := dossier.TimingOf(lines, commune, world, at("2026-11-26 08:00"))
	h := func(f float64) time.Duration { return time.Duration(f * float64(time.Hour)) }
	steps := map[string]time.Duration{}
	for _, s := range got.Stays {
		if s.To.IsZero() {
			t.Errorf("%s is still open in a dossier that has ended", s.Step)
		}
		steps[s.Step] += s.Worked
	}
	if diff := cmp.Diff(map[string]time.Duration{
		"receive": h(2), "confirm": h(1 + 1), "": h(1 + 3.5 + 3), "check": h(3.5 + 7.5 + 7.5 + 4 + 2.5), "post": h(3.5 + 7.5 + 7.5 + 7.5 + 4 + 1), "decide": h(1 + 1), "issue": h(3 + 3.5 + 1),
	}, steps); diff != "" {
		t.Error(diff)
	}
	want := []dossier.Share{
		{Tier: orgunit.Commune, Worked: h(4)}, {Tier: orgunit.District, Worked: h(25), Budget: 8 * time.Hour}, {Tier: orgunit.City, Worked: h(2)},
	}
	if diff := cmp.Diff(want, got.Tiers); diff != "" {
		t.Error(diff)
	}
	if got.Applicant != h(7.5+7.5) || got.Nobody != h(31) {
		t.Errorf("applicant %s, nobody %s", got.Applicant, got.Nobody)
	}
	if len(got.Units) != 3 || got.Units[1].Unit != district {
		t.Errorf("units: %+v", got.Units)
	}
	// Before the end the open stay grows with the clock.
	early := dossier.TimingOf(lines[:3], commune, world, at("2026-11-16 10:30"))
	if len(early.Tiers) != 1 || early.Tiers[0].Worked != h(2.5) || !early.Tiers[0].Open {
		t.Errorf("early: %+v", early.Tiers)
	}
}

// The examples of the two documents, counted by the city's own facts and said in words.
func TestExamplesExplainThemselves(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.NewBundle(calendar.Messages, holiday.Messages)
	if err != nil {
		t.Fatal(err)
	}
	ctx := i18n.WithLang(context.Background(), bundle, i18n.VI)
	cal := city(t)
	wd := func(n int, m calendar.Moves) calendar.Deadline {
		return calendar.Deadline{Kind: calendar.WorkingDays, N: n, CutoffMoves: m}
	}
	for _, c := range []struct {
		name, start string
		term        calendar.Deadline
		why         calendar.Why
		due, says   string
	}{
		{"five days over the new holiday", "2026-11-20 10:00", wd(5, 0), calendar.Accepted, "2026-11-30 17:00", "23/11/2026, 25/11/2026, 26/11/2026, 27/11/2026, 30/11/2026"},
		{"a house permit", "2026-11-20 09:00", wd(7, 0), calendar.Accepted, "2026-12-02 17:00", "24/11/2026 (Ngày Văn hóa Việt Nam)"},
		{"its consultation", "2026-11-23 09:00", calendar.Deadline{Kind: calendar.CalendarDays, N: 12}, calendar.Silence, "2026-12-05 17:00", "Quá 17:00 ngày 05/12/2026 mà chưa trả lời thì coi là đồng ý."},
		{"before Tết after 15:00, forwarding alone moves", "2026-02-12 16:00", wd(3, calendar.MovesForwarding), calendar.Accepted, "2026-02-24 17:00", "13/02/2026, 23/02/2026, 24/02/2026"},
		{"before Tết after 15:00, the result moves", "2026-02-12 16:00", wd(3, calendar.MovesResult), calendar.Accepted, "2026-02-25 17:00", "23/02/2026, 24/02/2026, 25/02/2026"},
		{"a household business", "2026-11-20 10:00", wd(3, 0), calendar.Restarted, "2026-11-26 17:00", "thời hạn tính lại từ đầu"},
		{"a copy after 15:00", "2026-11-20 15:30", calendar.Deadline{Kind: calendar.SameDay}, calendar.Accepted, "2026-11-23 17:00", "Hồ sơ nhận sau 15:00 được tính là nhận ngày 23/11/2026"},
		{"Giỗ Tổ on a Sunday", "2026-04-24 10:00", wd(1, 0), calendar.Resumed, "2026-04-28 17:00", "nghỉ bù Giỗ Tổ Hùng Vương"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			due, err := cal.Due(at(c.start), c.term)
			if err != nil {
				t.Fatal(err)
			}
			if got := due.At.Format("2006-01-02 15:04"); got != c.due {
				t.Errorf("due %s, want %s", got, c.due)
			}
			r := dossier.Reason{Why: c.why, Due: due}
			if got := r.Words(ctx); !contains(got, c.says) {
				t.Errorf("%q does not say %q", got, c.says)
			}
		})
	}
}

func BenchmarkTiming(b *testing.B) {
	cal := city(b)
	var lines []dossier.Line
	when := at("2026-11-02 08:00")
	for i := range 40 {
		lines = append(lines, dossier.Line{At: when.Add(time.Duration(i) * 7 * time.Hour), Kind: "dossier.act.approve", Happening: dossier.Happening{
			Step: string(rune('a' + i%6)), Action: "approve", State: process.Processing, To: []dossier.Moved{{Step: string(rune('a' + (i+1)%6)), Role: "clerk", Unit: int64(i%3 + 1)}},
		}})
	}
	world := dossier.TimingWorld{
		Calendar: func(orgunit.UnitID) *calendar.Calendar { return cal }, Tier: func(orgunit.UnitID) orgunit.Tier { return orgunit.Commune },
		Whose: func(string, string) dossier.Whose { return dossier.UnitTime }, Budget: func(string) time.Duration { return time.Hour },
	}
	b.ReportAllocs()
	for b.Loop() {
		dossier.TimingOf(lines, 1, world, at("2026-12-01 08:00"))
	}
}
