package record_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/register/orgunit"
	"khue/internal/register/record"
)

// self lets a post reach its own unit alone.
type self struct{}

func (self) Covers(_ context.Context, scope, what string) bool { return scope == what }

// permits is a declared register.
type permits struct{}

func (permits) Registers() []record.Register {
	return []record.Register{{
		ID: "permit", Unique: [][]string{{"number"}},
		Fields: []record.Field{
			{ID: "number", Type: "text"}, {ID: "floors", Type: "number"}, {ID: "issued", Type: "date"}, {ID: "owner", Type: "text", Personal: true}, {ID: "corner", Type: "yesno"},
		},
	}}
}

type office struct {
	*record.Service
	db    *db.DB
	clock *clock.Fake
	unit  orgunit.UnitID
	j     *journal.Journal
}

func each(t *testing.T, test func(t *testing.T, o office)) {
	t.Helper()
	migs := []db.Migrations{journal.Migrations(), once.Migrations(), orgunit.Migrations(), record.Migrations()}
	run := func(t *testing.T, open func(testing.TB, []db.Migrations, ...dbtest.Option) *db.DB) {
		t.Parallel()
		clk := clock.NewFake(clock.MustDate("2026-03-02").At(9, 0))
		d := open(t, migs, dbtest.WithClock(clk))
		gen := id.NewGen(1, clk)
		signer, err := journal.NewKey("test")
		if err != nil {
			t.Fatal(err)
		}
		units, err := orgunit.New(d, clk, gen, nil)
		if err != nil {
			t.Fatal(err)
		}
		rules, err := auth.NewPolicies(self{}, orgunit.ActsAs, record.Policies())
		if err != nil {
			t.Fatal(err)
		}
		j := journal.New(d, gen, signer, slog.New(slog.NewTextHandler(io.Discard, nil)))
		s := record.New(record.Deps{DB: d, Gen: gen, Clock: clk, Journal: j, Units: units, Policies: rules, Declared: permits{}})
		test(t, office{s, d, clk, units.Now().Government().ID, j})
	}
	t.Run("sqlite", func(t *testing.T) { run(t, dbtest.New) })
	t.Run("postgres", func(t *testing.T) { run(t, dbtest.NewPostgres) })
}

func (o office) as(role string, u orgunit.UnitID) context.Context {
	return auth.With(context.Background(), auth.Subject{Account: 7, Name: "Đỗ Minh", Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: role, Scope: "unit:" + u.String()}}})
}

func (o office) enter(v record.Values) (e record.Entry, err error) {
	r, err := o.Register("permit")
	if err != nil {
		return e, err
	}
	err = o.db.InTx(context.Background(), func(_ context.Context, tx *db.Tx) (err error) {
		e, err = o.EnterIn(tx, r, record.Entry{
			Unit: o.unit, Key: v.Text("number"), Values: v, From: clock.MustDate("2026-03-02"), Until: clock.MustDate("2027-03-01"),
			Source: record.Source{Type: "dossier", ID: 11, Code: "H26-1"},
		}, record.Actor{Account: 7, Name: "Đỗ Minh"})
		return err
	})
	return e, err
}

// The life of an entry: what the register says today, and what it said on each day.
func TestAnEntryIsKeptInAllItsVersions(t *testing.T) {
	each(t, func(t *testing.T, o office) {
		e, err := o.enter(record.Values{"number": "12/GPXD", "floors": 3, "issued": "2026-03-02", "owner": "Nguyễn Thị Hòa", "corner": true})
		if err != nil {
			t.Fatal(err)
		}
		head := o.as("head", o.unit)
		act := func(version int, do record.Do, effective string, values record.Values) error {
			_, err := o.Act(head, record.Act{
				Entry: e.ID, Version: version, Do: do, Effective: clock.MustDate(effective), Values: values, Request: string(do) + effective,
				Reason: "Theo quyết định", Authority: "Quyết định 45/QĐ-UBND ngày 01/4/2026",
			})
			return err
		}
		o.clock.Set(clock.MustDate("2026-04-10").At(10, 0))
		fixed := record.Values{"number": "12/GPXD", "floors": "4", "issued": "2026-03-02", "owner": "Nguyễn Thị Hoà", "corner": true}
		if err := act(1, record.Correct, "2026-04-10", fixed); err != nil {
			t.Fatal(err)
		}
		o.clock.Set(clock.MustDate("2026-05-10").At(10, 0))
		if err := act(2, record.Suspend, "2026-05-01", nil); err != nil { // told late, counts since the first
			t.Fatal(err)
		}
		if err := act(2, record.Suspend, "2026-05-01", nil); err != nil {
			t.Errorf("the same request again gave %v", err)
		}
		if err := act(2, record.Revoke, "2026-05-10", nil); !errs.Is(err, errs.Conflict) {
			t.Errorf("an act on a version that is over gave %v", err)
		}
		o.clock.Set(clock.MustDate("2026-06-10").At(10, 0))
		if err := act(3, record.Resume, "2026-06-10", nil); err != nil {
			t.Fatal(err)
		}
		o.clock.Set(clock.MustDate("2026-07-10").At(10, 0))
		if err := act(4, record.Revoke, "2026-07-10", nil); err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			day, floors string
			valid       bool
		}{
			{"2026-03-05", "3", true}, {"2026-04-20", "4", true}, {"2026-05-05", "4", false}, {"2026-06-15", "4", true}, {"2026-07-15", "4", false},
		} {
			at, history, err := o.Open(head, e.ID, clock.MustDate(x.day))
			if err != nil || len(history) != 5 {
				t.Fatalf("%s: %d versions, %v", x.day, len(history), err)
			}
			if at.Values.Text("floors") != x.floors || at.ValidOn(clock.MustDate(x.day)) != x.valid {
				t.Errorf("on %s the entry has %s floors and is valid: %v", x.day, at.Values.Text("floors"), at.ValidOn(clock.MustDate(x.day)))
			}
		}
		if _, _, err := o.Open(head, e.ID, clock.MustDate("2026-03-01")); !errs.Is(err, errs.NotFound) {
			t.Errorf("before it was entered: %v", err)
		}
		if now, _, err := o.Open(head, e.ID, clock.Date{}); err != nil || now.Status != record.Revoked || now.Values.Text("owner") != "Nguyễn Thị Hoà" {
			t.Errorf("now: %+v, %v", now, err)
		}
		rs, err := o.j.BySubject(context.Background(), journal.Subject{Type: record.SubjectType, ID: int64(e.ID)}, 0, 10)
		var kinds []string
		for _, r := range rs {
			kinds = append(kinds, r.Kind)
		}
		if err != nil || len(kinds) != 5 || kinds[0] != "record.entered" || kinds[4] != "record.revoked" {
			t.Errorf("the journal says %v, %v", kinds, err)
		}
	})
}

// What a register refuses: values that it does not declare, a key that is taken, an act
// without authority, readers of other units.
func TestARegisterRefuses(t *testing.T) {
	each(t, func(t *testing.T, o office) {
		if _, err := o.enter(record.Values{"number": "1", "floors": "ba", "height": 2}); !errs.Is(err, errs.Invalid) {
			t.Errorf("a word for a number gave %v", err)
		}
		e, err := o.enter(record.Values{"number": "12/GPXD", "owner": "Trần Văn Đức"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.enter(record.Values{"number": "12/gpxd "}); !errs.Is(err, errs.Conflict) {
			t.Errorf("a number that is taken gave %v", err)
		}
		head := o.as("head", o.unit)
		revoke := record.Act{Entry: e.ID, Version: 1, Do: record.Revoke, Reason: "Cấp nhầm người", Authority: "Quyết định 9/QĐ-UBND ngày 02/3/2026", Request: "r1"}
		bare := revoke
		bare.Authority = ""
		if _, err := o.Act(head, bare); !errs.Is(err, errs.Invalid) {
			t.Errorf("an act without authority gave %v", err)
		}
		if _, err := o.Act(o.as("clerk", o.unit), revoke); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a clerk's act gave %v", err)
		}
		if _, err := o.Act(o.as("head", o.unit+1), revoke); !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger's act gave %v", err)
		}
		if _, _, err := o.Open(o.as("head", o.unit+1), e.ID, clock.Date{}); !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger's look gave %v", err)
		}
		if _, err := o.Act(head, revoke); err != nil {
			t.Fatal(err)
		}
		if _, err := o.enter(record.Values{"number": "12/GPXD"}); err != nil {
			t.Errorf("the number of a revoked entry is not free: %v", err)
		}
		f := record.Filter{Register: "permit", Unit: o.unit, Words: "duc TRAN"}
		found, _, err := o.Search(head, f)
		if err != nil || len(found) != 1 || found[0].ID != e.ID {
			t.Errorf("searched by a name without marks: %v, %v", found, err)
		}
		if f.Words = "hoa"; true {
			if found, _, err := o.Search(head, f); err != nil || len(found) != 0 {
				t.Errorf("searched by a name that nobody has: %v, %v", found, err)
			}
		}
		if _, _, err := o.Search(o.as("head", o.unit+1), f); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a stranger's search gave %v", err)
		}
	})
}
