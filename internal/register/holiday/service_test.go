package holiday_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/register/holiday"
	"khue/internal/register/orgunit"
)

// office is a city with its calendars, two heads who may decide, and a ward.
type office struct {
	*holiday.Service
	journal *journal.Journal
	clock   *clock.Fake
	ward    orgunit.UnitID
	first   context.Context // a head in the city's government
	second  context.Context // a leader there
	local   context.Context // the ward's chairman
	clerk   context.Context
}

type everywhere struct{ city string }

func (e everywhere) Covers(_ context.Context, scope, _ string) bool { return scope == e.city }

func newOffice(t *testing.T, d *db.DB, clk *clock.Fake) *office {
	t.Helper()
	gen := id.NewGen(1, clk)
	signer, err := journal.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	units, err := orgunit.New(d, clk, gen, nil)
	if err != nil {
		t.Fatal(err)
	}
	tree := units.Now()
	ward, err := tree.ByCode("00118")
	if err != nil {
		t.Fatal(err)
	}
	agency, _ := tree.AgencyOf(ward.ID)
	city := "unit:" + tree.Government().ID.String()
	o := &office{clock: clk, ward: agency.ID, journal: journal.New(d, gen, signer, slog.New(slog.NewTextHandler(io.Discard, nil)))}
	rules, err := auth.NewPolicies(everywhere{city}, orgunit.ActsAs, holiday.Policies())
	if err != nil {
		t.Fatal(err)
	}
	o.Service, err = holiday.New(holiday.Deps{DB: d, Gen: gen, Clock: clk, Journal: o.journal, Units: units, Policies: rules})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	as := func(account int64, role, scope string) context.Context {
		return auth.With(context.Background(), auth.Subject{Account: account, Name: role, Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: role, Scope: scope}}})
	}
	o.first, o.second = as(1, "head", city), as(2, "leader", city)
	o.local, o.clerk = as(3, "chairman", "unit:"+agency.ID.String()), as(4, "clerk", "unit:"+agency.ID.String())
	return o
}

func each(t *testing.T, test func(t *testing.T, o *office)) {
	t.Helper()
	migs := []db.Migrations{journal.Migrations(), once.Migrations(), orgunit.Migrations(), holiday.Migrations()}
	run := func(t *testing.T, open func(testing.TB, []db.Migrations, ...dbtest.Option) *db.DB) {
		t.Parallel()
		clk := clock.NewFake(clock.MustDate("2026-11-02").At(9, 0))
		test(t, newOffice(t, open(t, migs, dbtest.WithClock(clk)), clk))
	}
	t.Run("sqlite", func(t *testing.T) { run(t, dbtest.New) })
	t.Run("postgres", func(t *testing.T) { run(t, dbtest.NewPostgres) })
}

func storm(day string) holiday.Draft {
	return holiday.Draft{
		Kind: holiday.NewHoliday, From: clock.MustDate(day), VI: "Nghỉ tránh bão", EN: "Storm day off", Source: "Công điện 01/CĐ-UBND ngày 02/11/2026", Key: "storm-" + day,
	}
}

func TestANewHolidayNeedsTwoPeople(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		before := o.City()
		c, err := o.Propose(o.first, storm("2026-11-26"))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := o.Propose(o.first, storm("2026-11-26")); err != nil || again.ID != c.ID {
			t.Errorf("the same request again: %v, %v", again.ID, err)
		}
		day := clock.MustDate("2026-11-26")
		if !o.City().IsWorking(day) {
			t.Error("a proposal counts before it is approved")
		}
		if _, err := o.Decide(o.first, c.ID, true, "", "k1"); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("its proposer approved it: %v", err)
		}
		if _, err := o.Decide(o.local, c.ID, true, "", "k2"); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("a ward's chairman approved it: %v", err)
		}
		if _, err := o.Propose(o.clerk, storm("2026-11-27")); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("a clerk proposed: %v", err)
		}
		done, err := o.Decide(o.second, c.ID, true, "", "k3")
		if err != nil || done.Status != holiday.Approved || done.Number != 1 {
			t.Fatalf("approved: %+v, %v", done, err)
		}
		if d := o.City().Day(day); d.Kind != calendar.Holiday || d.VI != "Nghỉ tránh bão" {
			t.Errorf("the day is %+v", d)
		}
		if o.Of(o.ward) != o.City() {
			t.Error("a ward without its own hours has another calendar")
		}
		if v := o.City().Version(); v != holiday.Version+"+1" {
			t.Errorf("version %s", v)
		}
		if old, ok := o.Version(before.Version()); !ok || !old.IsWorking(day) {
			t.Error("the calendar as it was cannot be had")
		}
		if _, err := o.Decide(o.second, c.ID, false, "nhầm lẫn", "k4"); errs.KindOf(err) != errs.Conflict {
			t.Errorf("decided twice: %v", err)
		}
		records, err := o.journal.BySubject(context.Background(), journal.Subject{Type: holiday.SubjectType, ID: int64(c.ID)}, 0, 10)
		if err != nil || len(records) != 2 || records[1].Kind != holiday.EventApproved || records[1].Actor != 2 || strings.Contains(string(records[1].Unit), "bão") {
			t.Errorf("journal: %+v, %v", records, err)
		}
	})
}

func TestAUnitHasItsOwnHoursAndDays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		week := calendar.Weekdays(calendar.OfficeHours()...)
		week.Hours[time.Saturday] = []calendar.Span{{From: calendar.At(8, 0), To: calendar.At(12, 0)}}
		approve := func(d holiday.Draft) {
			t.Helper()
			c, err := o.Propose(o.local, d)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := o.Decide(o.second, c.ID, true, "", "a"+d.Key); err != nil {
				t.Fatal(err)
			}
		}
		approve(holiday.Draft{Kind: holiday.UnitHours, Unit: o.ward, From: clock.MustDate("2026-11-09"), Week: week, Source: "Quyết định 12/QĐ-UBND", Key: "hours"})
		approve(holiday.Draft{Kind: holiday.UnitOff, Unit: o.ward, From: clock.MustDate("2026-11-26"), VI: "Chuyển trụ sở", EN: "Moving house", Source: "Thông báo 9/TB-UBND", Key: "off"})
		cal := o.Of(o.ward)
		saturday := clock.MustDate("2026-11-14")
		if !cal.Open(saturday.At(9, 0)) || cal.IsWorking(saturday) || cal.Open(clock.MustDate("2026-11-07").At(9, 0)) {
			t.Error("Saturday morning from 9 November on, and it does not count")
		}
		if cal.IsWorking(clock.MustDate("2026-11-26")) || !o.City().IsWorking(clock.MustDate("2026-11-26")) {
			t.Error("the ward alone is closed")
		}
		if v := cal.Version(); v != holiday.Version+"+2@"+o.ward.String() {
			t.Errorf("version %s", v)
		}
		// A holiday of the city on the same day takes nothing away.
		c, err := o.Propose(o.first, storm("2026-11-26"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Decide(o.second, c.ID, true, "", "s"); err != nil {
			t.Fatal(err)
		}
		if o.Of(o.ward).Day(clock.MustDate("2026-11-26")).Kind != calendar.Holiday {
			t.Error("the city's reason is the better one")
		}
		old, ok := o.Version(cal.Version())
		if !ok || old.Day(clock.MustDate("2026-11-26")).Kind != calendar.UnitOff {
			t.Errorf("the ward's calendar as it was: %v", ok)
		}
		// Days taken back are plain again.
		c, err = o.Propose(o.first, holiday.Draft{Kind: holiday.Cancel, From: clock.MustDate("2026-11-24"), Source: "Nghị quyết được sửa đổi", Key: "cancel"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Decide(o.second, c.ID, true, "", "c"); err != nil || !o.City().IsWorking(clock.MustDate("2026-11-24")) {
			t.Errorf("24 November was taken back: %v", err)
		}
	})
}

func TestDraftsAreChecked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o *office) {
		for name, c := range map[string]struct {
			change func(*holiday.Draft)
			path   string
		}{
			"without a source":         {func(d *holiday.Draft) { d.Source = " - " }, "source"},
			"in the past":              {func(d *holiday.Draft) { d.From = clock.MustDate("2026-10-30") }, "from"},
			"no day":                   {func(d *holiday.Draft) { d.From = clock.Date{} }, "from"},
			"ends before it begins":    {func(d *holiday.Draft) { d.To = clock.MustDate("2026-11-20") }, "to"},
			"a year long":              {func(d *holiday.Draft) { d.To = clock.MustDate("2027-11-20") }, "to"},
			"in one language":          {func(d *holiday.Draft) { d.EN = "" }, "en"},
			"already a holiday":        {func(d *holiday.Draft) { d.From = clock.MustDate("2026-11-24") }, "from"},
			"a ward's public holiday":  {func(d *holiday.Draft) { d.Unit = 1 }, "unit"},
			"in lieu on a Sunday":      {func(d *holiday.Draft) { d.Kind, d.From = holiday.Compensatory, clock.MustDate("2026-11-29") }, "from"},
			"swapped for a Monday":     {func(d *holiday.Draft) { d.Kind, d.Work = holiday.Swap, clock.MustDate("2026-11-30") }, "work"},
			"an unknown kind":          {func(d *holiday.Draft) { d.Kind = "party" }, "kind"},
			"hours without a day":      {func(d *holiday.Draft) { d.Kind = holiday.CityHours }, "hours"},
			"nothing to be taken back": {func(d *holiday.Draft) { d.Kind = holiday.Cancel }, "from"},
			"a unit's day for no unit": {func(d *holiday.Draft) { d.Kind = holiday.UnitOff }, "unit"},
		} {
			d := storm("2026-11-26")
			d.Key = name
			c.change(&d)
			_, err := o.Propose(o.first, d)
			e, ok := errs.As(err)
			if !ok || e.Kind != errs.Invalid || len(e.Fields) == 0 || e.Fields[0].Path != c.path {
				t.Errorf("%s: %v, want something at %s", name, err, c.path)
			}
		}
		c, err := o.Propose(o.first, storm("2026-11-03"))
		if err != nil {
			t.Fatal(err)
		}
		o.clock.Advance(72 * time.Hour)
		if _, err := o.Decide(o.second, c.ID, true, "", "late"); errs.KindOf(err) != errs.Conflict {
			t.Errorf("approved after its day: %v", err)
		}
		if _, err := o.Decide(o.second, c.ID, false, "", "why"); errs.KindOf(err) != errs.Invalid {
			t.Errorf("rejected without a reason: %v", err)
		}
		if r, err := o.Decide(o.second, c.ID, false, "Đã qua ngày", "no"); err != nil || r.Status != holiday.Rejected {
			t.Errorf("rejected: %+v, %v", r, err)
		}
	})
}

//nolint:paralleltest // allocations are counted over the whole program
func TestOfAllocatesNothing(t *testing.T) {
	s, err := holiday.New(holiday.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { s.Of(17).IsWorking(clock.MustDate("2026-11-24")) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
