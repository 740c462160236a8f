package orgunit_test

import (
	"context"
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/register/orgunit"
)

// An office and a post that a city adds stand from their day on, in every later reading.
func TestAdditions(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, migrations(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s, _ := service(t, d, 1)
		ward, err := s.Now().ByCode("00118")
		if err != nil {
			t.Fatal(err)
		}
		agency, _ := s.Now().AgencyOf(ward.ID)
		keep := func(a orgunit.Addition) error {
			plan, err := s.PlanFresh(ctx, a)
			if err == nil {
				err = d.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return s.KeepIn(tx, plan) })
			}
			if err == nil {
				err = s.Refresh(ctx)
			}
			return err
		}
		day := clock.MustDate("2026-12-01")
		office := orgunit.Addition{Unit: agency.ID, From: day, Name: "Tổ Quản lý đô thị", NameEN: "Urban Team", Roles: []orgunit.Role{"head", "specialist"}, Source: "QĐ 12"}
		if err := keep(office); err != nil {
			t.Fatal(err)
		}
		if err := keep(office); !errs.Is(err, errs.Conflict) {
			t.Errorf("a second office of the name: %v", err)
		}
		find := func(s *orgunit.Service, on clock.Date) (u orgunit.Unit) {
			for _, o := range s.At(on).Children(agency.ID) {
				if o.Name == office.Name {
					u = o
				}
			}
			return u
		}
		if u := find(s, day.AddDays(-1)); u.ID != 0 {
			t.Error("the office stands before its first day")
		}
		added := find(s, day)
		if posts := s.At(day).Posts(added.ID); len(posts) != 2 || posts[0].Role != "head" {
			t.Errorf("posts of the new office: %v", posts)
		}
		if err := keep(orgunit.Addition{Unit: added.ID, From: day, Roles: []orgunit.Role{"landOfficer"}, Source: "QĐ 13"}); err != nil {
			t.Fatal(err)
		}
		other, _ := service(t, d, 2) // another node reads the same
		if posts := other.At(day).Posts(added.ID); len(posts) != 3 {
			t.Errorf("another node sees %v", posts)
		}
		for name, bad := range map[string]orgunit.Addition{
			"a name that breaks the grammar": {Unit: agency.ID, From: day, Name: "Tổ ; until 2026-12-02", NameEN: "Team", Roles: []orgunit.Role{"head"}},
			"an unknown role":                {Unit: agency.ID, From: day, Name: "Tổ Một", NameEN: "Team One", Roles: []orgunit.Role{"king"}},
			"a day that has passed":          {Unit: agency.ID, From: clock.MustDate("2026-01-01"), Name: "Tổ Một", NameEN: "Team One", Roles: []orgunit.Role{"head"}},
			"a territory":                    {Unit: ward.ID, From: day, Name: "Tổ Một", NameEN: "Team One", Roles: []orgunit.Role{"head"}},
			"an office in an office":         {Unit: added.ID, From: day, Name: "Tổ Một", NameEN: "Team One", Roles: []orgunit.Role{"head"}},
		} {
			if err := keep(bad); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
