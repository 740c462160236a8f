package desk_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/onestop/desk"
	"khue/internal/register/orgunit"
)

// TestFilters: own ones are nobody else's to see or change, shared ones are kept by who
// leads the unit; one is the default; twenty are enough.
func TestFilters(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, []db.Migrations{journal.Migrations(), once.Migrations(), desk.Migrations()}, func(t *testing.T, d *db.DB) {
		clk := clock.NewFake(clock.MustDate("2025-06-23").At(8, 10))
		gen := id.NewGen(1, clk)
		signer, err := journal.NewKey("test")
		if err != nil {
			t.Fatal(err)
		}
		units, err := orgunit.New(d, clk, gen, nil)
		if err != nil {
			t.Fatal(err)
		}
		rules, err := auth.NewPolicies(nobody{}, orgunit.ActsAs, desk.Policies())
		if err != nil {
			t.Fatal(err)
		}
		s := desk.New(desk.Deps{DB: d, Gen: gen, Clock: clk, Journal: journal.New(d, gen, signer, slog.New(slog.NewTextHandler(io.Discard, nil))), Units: units, Policies: rules})
		const ward, other orgunit.UnitID = 70, 99
		as := func(account int64, name, role string, at orgunit.UnitID) context.Context {
			return auth.With(t.Context(), auth.Subject{Account: account, Name: name, Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: role, Scope: "unit:" + at.String()}}})
		}
		clerk, colleague, chair := as(1, "Lê Thu Trang", "clerk", ward), as(5, "Ngô Minh", "clerk", ward), as(2, "Vũ Đức Thắng", "chairman", ward)
		stranger := as(3, "Trịnh Mai", "clerk", other)
		n := 0
		keep := func(ctx context.Context, f desk.Filter) (desk.FilterID, error) {
			n++
			return s.KeepFilter(ctx, f, fmt.Sprintf("key-filter-%d", n))
		}
		must := func(v desk.FilterID, err error) desk.FilterID {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		seen := func(ctx context.Context) (out []desk.FilterID, first desk.FilterID) {
			t.Helper()
			all, err := s.Filters(ctx, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range all {
				if out = append(out, f.ID); f.Default {
					first = f.ID
				}
			}
			return out, first
		}

		shared := must(keep(chair, desk.Filter{Unit: ward, Name: "Quá hạn", Query: "due=late", Default: true}))
		late := must(keep(clerk, desk.Filter{Account: 1, Unit: ward, Name: "  Gấp   hôm nay ", Query: "due=today", Default: true}))
		free := must(keep(clerk, desk.Filter{Account: 1, Unit: ward, Name: "Chưa ai nhận", Query: "holder=free", Default: true}))
		if got, first := seen(clerk); !slices.Equal(got, []desk.FilterID{late, free, shared}) || first != free {
			t.Errorf("the clerk sees %v, first %v; want her own in order, then the shared, and the later default alone", got, first)
		}
		if got, first := seen(colleague); !slices.Equal(got, []desk.FilterID{shared}) || first != 0 {
			t.Errorf("a colleague sees %v (default %v), want the shared one alone, as no default", got, first)
		}
		if got, _ := seen(stranger); len(got) != 0 {
			t.Errorf("an officer of another unit sees %v", got)
		}

		if _, err := keep(clerk, desk.Filter{Unit: ward, Name: "Của phường"}); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a clerk shared a filter: %v", err)
		}
		if _, err := keep(chair, desk.Filter{Unit: other, Name: "Của nơi khác"}); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a chairman shared a filter with a unit that is not theirs: %v", err)
		}
		for _, v := range []desk.FilterID{late, shared} {
			if _, err := keep(colleague, desk.Filter{ID: v, Account: 5, Unit: ward, Version: 1, Name: "Của tôi"}); !errs.Is(err, errs.NotFound) {
				t.Errorf("a filter of somebody else was renamed: %v", err)
			}
			if err := s.RemoveFilter(colleague, v, 1, "key-theft-"+v.String()); !errs.Is(err, errs.NotFound) {
				t.Errorf("a filter of somebody else was deleted: %v", err)
			}
		}

		// The name changes; what it narrows to, and whose it is, stay.
		must(keep(clerk, desk.Filter{ID: late, Account: 1, Unit: other, Version: 2, Name: "Gấp", Query: "state=submitted"}))
		all, _ := s.Filters(clerk, 0)
		if f := all[0]; f.Name != "Gấp" || f.Query != "due=today" || f.Unit != ward || f.Default {
			t.Errorf("renamed: %+v", f)
		}
		_, err = keep(clerk, desk.Filter{ID: late, Version: 2, Name: "Chậm"})
		if e, ok := errs.As(err); !ok || e.Kind != errs.Conflict || e.Params["by"] != "Lê Thu Trang" {
			t.Errorf("the second change of one version: %v, want a conflict that names who was first", err)
		}
		if err := s.RemoveFilter(clerk, free, 1, "key-remove-1"); err != nil {
			t.Fatal(err)
		}
		if got, first := seen(clerk); slices.Contains(got, free) || first != 0 {
			t.Errorf("after the default was deleted there are %v, first %v", got, first)
		}

		for _, name := range []string{" ", strings.Repeat("ă", 61), "Hồ sơ 999196000001"} {
			if _, err := keep(clerk, desk.Filter{Account: 1, Unit: ward, Name: name}); !errs.Is(err, errs.Invalid) {
				t.Errorf("the name %q was kept: %v", name, err)
			}
		}
		must(keep(clerk, desk.Filter{Account: 1, Unit: ward, Name: strings.Repeat("ă", 60)}))
		for range desk.MaxFilters - 2 {
			must(keep(clerk, desk.Filter{Account: 1, Unit: ward, Name: "Thêm"}))
		}
		if _, err := keep(clerk, desk.Filter{Account: 1, Unit: ward, Name: "Quá nhiều"}); !errs.Is(err, errs.Invalid) {
			t.Errorf("one more than %d was kept: %v", desk.MaxFilters, err)
		}
	})
}
