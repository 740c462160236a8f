package service_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/onestop/service"
	"khue/internal/register/holiday"
	"khue/internal/register/orgunit"
)

func tables() []db.Migrations {
	return []db.Migrations{journal.Migrations(), once.Migrations(), service.Migrations()}
}

// shop is a library over a fresh database, with three people.
type shop struct {
	lib      *service.Library
	reg      *service.Registry
	db       *db.DB
	deps     service.LibraryDeps
	key      string // of the author, private
	author   context.Context
	reviewer context.Context
	citizen  context.Context
}

func acting(account int64, name string, roles ...string) context.Context {
	s := auth.Subject{Account: account, Name: name, Kind: auth.KindOfficer}
	for _, r := range roles {
		s.Grants = append(s.Grants, auth.Grant{Role: r, Scope: auth.Everywhere})
	}
	return auth.With(context.Background(), s)
}

func openShop(t *testing.T, d *db.DB, clk clock.Clock) *shop {
	t.Helper()
	ctx := context.Background()
	signer, err := journal.NewKey("city.test")
	if err != nil {
		t.Fatal(err)
	}
	cal, err := holiday.Load()
	if err != nil {
		t.Fatal(err)
	}
	reg, _ := service.NewRegistry()
	gen := id.NewGen(1, clk)
	rules, err := auth.NewPolicies(nil, orgunit.ActsAs, service.Policies())
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{reg: reg, db: d, author: acting(1, "Công ty A", "designer"), reviewer: acting(2, "Bà B", "leader"), citizen: acting(3, "Ông C")}
	s.deps = service.LibraryDeps{
		DB: d, Gen: gen, Clock: clk, Journal: journal.New(d, gen, signer, nil), Policies: rules, Registry: reg, Signer: signer, World: service.World{Calendar: cal},
	}
	s.lib = service.NewLibrary(s.deps)
	var public string
	if s.key, public, err = service.NewKey("cong-ty-a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.lib.AddAuthor(ctx, public, 2); err != nil {
		t.Fatal(err)
	}
	return s
}

func key() string { return rand.Text() }

// signed is the sample, changed and signed by its author.
func (s *shop) signed(t *testing.T, change map[string]func(string) string) []byte {
	t.Helper()
	files, problems := service.ReadFolder(sample(t, change), "sample")
	if problems.Failed() {
		t.Fatal(problems)
	}
	if err := service.Sign(files, s.key); err != nil {
		t.Fatal(err)
	}
	b, err := service.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func wants(t *testing.T, err error, key string) {
	t.Helper()
	if e, ok := errs.As(err); !ok || e.Key != key {
		t.Errorf("got %v, want %s", err, key)
	}
}

func TestFourEyesFromSubmissionToRetirement(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, tables(), func(t *testing.T, d *db.DB) {
		clk := clock.NewFake(time.Date(2026, 11, 23, 9, 0, 0, 0, clock.Zone))
		s := openShop(t, d, clk)
		today := clock.MustDate("2026-11-23")
		const svc = "hanoi.civil-status.birth-sample"

		x, err := s.lib.Submit(s.author, key(), s.signed(t, nil))
		if err != nil || x.Stage != service.Submitted || x.Author != "cong-ty-a" {
			t.Fatalf("%+v %v", x, err)
		}
		if again, err := s.lib.Submit(s.author, key(), s.signed(t, nil)); err != nil || again.ID != x.ID {
			t.Errorf("the same package again: %v %v", again.ID, err)
		}
		_, err = s.lib.Submit(s.author, key(), s.signed(t, edit("help/vi.md", "60 ngày", "61 ngày")))
		wants(t, err, "service.publish.versionTaken")

		_, err = s.lib.Review(s.author, key(), x.ID, true, "")
		wants(t, err, "service.publish.fourEyes")
		_, err = s.lib.Review(s.citizen, key(), x.ID, true, "")
		wants(t, err, "auth.error.not_allowed")
		_, err = s.lib.Review(s.reviewer, key(), x.ID, false, " ")
		wants(t, err, "service.publish.reason")
		_, err = s.lib.Publish(s.reviewer, key(), x.ID, today)
		wants(t, err, "service.publish.stage")
		if _, err = s.lib.Submission(s.citizen, x.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger sees it: %v", err)
		}

		if x, err = s.lib.Review(s.reviewer, key(), x.ID, true, ""); err != nil || x.Stage != service.Reviewed {
			t.Fatalf("%+v %v", x, err)
		}
		_, err = s.lib.Publish(s.reviewer, key(), x.ID, today.AddDays(-1))
		wants(t, err, "service.publish.past")
		_, err = s.lib.Publish(s.author, key(), x.ID, today)
		wants(t, err, "service.publish.fourEyes")
		if x, err = s.lib.Publish(s.reviewer, key(), x.ID, today.AddDays(1)); err != nil || x.Stage != service.Published {
			t.Fatalf("%+v %v", x, err)
		}
		if _, err := s.reg.Find(svc, today); !errs.Is(err, errs.NotFound) {
			t.Errorf("in force too early: %v", err)
		}
		pkg, err := s.reg.Find(svc, today.AddDays(1))
		if err != nil || pkg.Digest != x.Digest {
			t.Fatalf("not in force: %v", err)
		}

		// Another node sees it at its next look.
		other, _ := service.NewRegistry()
		deps := s.deps
		deps.Registry = other
		node := service.NewLibrary(deps)
		if err := node.Refresh(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Find(svc, today.AddDays(1)); err != nil {
			t.Errorf("another node: %v", err)
		}

		// A newer version ends the older one on its first day.
		y, err := s.lib.Submit(s.author, key(), s.signed(t, edit("service.yaml", "version: 2.1.0", "version: 2.2.0")))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.lib.Review(s.reviewer, key(), y.ID, true, ""); err != nil {
			t.Fatal(err)
		}
		if y, err = s.lib.Publish(s.reviewer, key(), y.ID, today.AddDays(10)); err != nil {
			t.Fatal(err)
		}
		for n, want := range map[int]string{1: "2.1.0", 9: "2.1.0", 10: "2.2.0", 500: "2.2.0"} {
			if p, err := s.reg.Find(svc, today.AddDays(n)); err != nil || p.Version != want {
				t.Errorf("day %d: %v %v, want %s", n, p, err, want)
			}
		}
		k := key()
		for range 2 { // the same request twice acts once
			if y, err = s.lib.Retire(s.reviewer, k, y.ID, today.AddDays(20), "Bỏ thủ tục"); err != nil || y.Stage != service.Retired {
				t.Fatalf("%+v %v", y, err)
			}
		}
		if _, err := s.reg.Find(svc, today.AddDays(20)); !errs.Is(err, errs.NotFound) {
			t.Errorf("retired, and still there: %v", err)
		}
		if p, err := s.reg.ByDigest(y.Digest); err != nil || p.Version != "2.2.0" {
			t.Errorf("a dossier lost its version: %v", err)
		}
		if err := node.Refresh(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Find(svc, today.AddDays(19)); err != nil {
			t.Errorf("another node: %v", err)
		}
		list, err := s.lib.Submissions(s.author)
		if err != nil || len(list) != 2 {
			t.Errorf("%v %v", list, err)
		}
		if list, err = s.lib.Submissions(s.citizen); err != nil || len(list) != 0 {
			t.Errorf("a citizen sees %v %v", list, err)
		}
		kinds := journalKinds(t, d)
		for _, want := range []string{service.KindSubmitted, service.KindReviewed, service.KindPublished, service.KindRetired, service.KindAuthor} {
			if !strings.Contains(kinds, want) {
				t.Errorf("the journal has no %s: %s", want, kinds)
			}
		}
	})
}

func journalKinds(t *testing.T, d *db.DB) (out string) {
	t.Helper()
	err := d.View(context.Background(), func(_ context.Context, v *db.View) error {
		kinds, err := db.All(v, db.Value[string], `SELECT kind FROM journal_entry`)
		out = fmt.Sprint(kinds)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRejectedVersionsMayComeAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, tables(), func(t *testing.T, d *db.DB) {
		s := openShop(t, d, clock.NewFake(time.Date(2026, 11, 23, 9, 0, 0, 0, clock.Zone)))
		x, err := s.lib.Submit(s.author, key(), s.signed(t, nil))
		if err != nil {
			t.Fatal(err)
		}
		if x, err = s.lib.Review(s.reviewer, key(), x.ID, false, "Thiếu căn cứ."); err != nil || x.Stage != service.Rejected || x.Reason == "" {
			t.Fatalf("%+v %v", x, err)
		}
		y, err := s.lib.Submit(s.author, key(), s.signed(t, edit("help/vi.md", "60 ngày", "61 ngày")))
		if err != nil || y.ID == x.ID {
			t.Fatalf("%+v %v", y, err)
		}
	})
}

func TestOnlyWholeAndSignedPackagesAreTaken(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, tables(), func(t *testing.T, d *db.DB) {
		s := openShop(t, d, clock.NewFake(time.Date(2026, 11, 23, 9, 0, 0, 0, clock.Zone)))
		files, _ := service.ReadFolder(sample(t, nil), "sample")
		unsigned, err := service.Pack(files)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.lib.Submit(s.author, key(), unsigned)
		wants(t, err, "service.sign.unsigned")
		stranger, _, err := service.NewKey("nguoi-la")
		if err != nil {
			t.Fatal(err)
		}
		if err := service.Sign(files, stranger); err != nil {
			t.Fatal(err)
		}
		foreign, err := service.Pack(files)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.lib.Submit(s.author, key(), foreign)
		wants(t, err, "service.sign.unknown")
		_, err = s.lib.Submit(s.author, key(), s.signed(t, edit("steps.yaml", "hours: 3", "hours: 30")))
		wants(t, err, "decl.refused")
		_, err = s.lib.Submit(s.author, key(), s.signed(t, edit("tests/sample.yaml", "state: done", "state: returned")))
		wants(t, err, "decl.refused")
		_, err = s.lib.Submit(context.Background(), key(), s.signed(t, nil))
		wants(t, err, "auth.error.sign_in_first")
	})
}
