package service_test

import (
	"context"
	"strings"
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/service"
)

// While a release goes out node by node, a node of the release before knows by its digest what
// dossiers filed at a new one are pinned to, and offers its own text as before.
func TestANodeReadsThePackagesOfAnotherRelease(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, tables(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s := openShop(t, d, clock.System())
		node := func(change map[string]func(string) string) *service.Registry {
			t.Helper()
			fsys := sample(t, change)
			reg, problems := service.LoadAll(fsys)
			if reg == nil {
				t.Fatal(problems)
			}
			deps := s.deps
			deps.Registry = reg
			if err := service.NewLibrary(deps).Keep(ctx, fsys); err != nil {
				t.Fatal(err)
			}
			return reg
		}
		before := node(nil)
		after := node(map[string]func(string) string{"service.yaml": func(s string) string { return strings.Replace(s, "version: 2.1.0", "version: 2.2.0", 1) }})
		fresh, old := after.All()[0], before.All()[0]
		if fresh.Digest == old.Digest {
			t.Fatal("the releases have the same package")
		}
		for range 2 {
			got, err := before.ByDigest(fresh.Digest)
			if err != nil || got.Version != fresh.Version {
				t.Fatalf("the node before does not know %s: %+v, %v", fresh.Version, got, err)
			}
		}
		if all := before.All(); len(all) != 1 || all[0].Digest != old.Digest {
			t.Errorf("the node before offers %d packages", len(all))
		}
		if _, err := before.ByDigest(strings.Repeat("0", 64)); !errs.Is(err, errs.NotFound) {
			t.Errorf("a digest that nobody brought: %v", err)
		}
	})
}
