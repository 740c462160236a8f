package dossier_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// anybody may act in every role everywhere.
func anybody(c *citytest.City) context.Context {
	sub := auth.Subject{Account: 910, Name: "Cán bộ", Kind: auth.KindOfficer}
	for _, r := range orgunit.Roles() {
		sub.Grants = append(sub.Grants, auth.Grant{Role: string(r.Role), Scope: auth.Everywhere})
	}
	return i18n.WithLang(auth.With(context.Background(), sub), c.Bundle, i18n.VI)
}

// inRole is anybody at a step: whoever receives a dossier does not verify it.
func inRole(ctx context.Context, role string) context.Context {
	sub := auth.From(ctx)
	sub.Account += int64(len(role)) + 1
	return auth.With(ctx, sub)
}

// live takes one random step with a dossier: an act on one of its tasks, a supplement, a
// withdrawal, a correction. What the process refuses at the moment is no step.
func live(ctx context.Context, t *testing.T, c *citytest.City, r *rand.Rand, code string) {
	t.Helper()
	d, _, tasks, err := c.Dossiers.Read(ctx, code)
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string][]byte{
		"examine.approve": []byte(`{"check.examined": ["owner", "name", "trade", "seat"]}`),
		"receive.refuse":  []byte(`{"ground": "name"}`), "examine.refuse": []byte(`{"ground": "name"}`),
	}
	viewer := dossier.Viewer{Key: c.Dossiers.AccessKey(code)}
	key := fmt.Sprintf("k%016x", r.Uint64())
	dice := r.IntN(40)
	switch {
	case dice == 0:
		_, err = c.Dossiers.Withdraw(ctx, code, "Đổi ý", key, viewer)
	case dice == 1 && d.State.Ended():
		_, err = c.Dossiers.Correct(ctx, dossier.Correction{Kind: dossier.CorrectReopen, Dossier: code, Step: "examine", Reason: "Xét lại", Authority: "QĐ 1", Key: key})
	case dice == 2:
		_, err = c.Dossiers.Correct(ctx, dossier.Correction{Kind: dossier.CorrectHalt, Dossier: code, Reason: "Theo quyết định", Authority: "QĐ 2", Key: key})
	case d.State == process.Supplement && dice < 30:
		_, err = c.Dossiers.Supplement(ctx, dossier.Supply{Code: code, Note: "Đã bổ sung", Answers: form.Answers{}, Key: key, Viewer: viewer})
	default:
		pkg, perr := c.Services.ByDigest(d.Package)
		if perr != nil {
			t.Fatal(perr)
		}
		for _, x := range tasks {
			step, ok := pkg.Process.Step(x.Step)
			if !x.Open || !ok || len(step.Actions) == 0 {
				continue
			}
			a := step.Actions[0]
			if r.IntN(3) == 0 {
				a = step.Actions[r.IntN(len(step.Actions))]
			}
			ctx := inRole(ctx, step.Role)
			if r.IntN(6) == 0 {
				if x, err = c.Dossiers.Claim(ctx, x.ID, x.Version, key+"c"); err != nil {
					break
				}
			}
			_, err = c.Dossiers.Act(ctx, dossier.Command{Task: x.ID, Version: x.Version, Action: a.Do, Comment: "Lý do của bước này", Answers: asked[x.Step+"."+a.Do], Key: key})
			if err == nil && a.Do == process.DoNumber { // what is drawn at its leisure would make each run another one
				c.Eventually("the certificate is made", func() bool { return c.Results.Ready(ctx, d) == nil })
			}
			break
		}
	}
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Forbidden, errs.NotFound:
	default:
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheReportEqualsARecountFromTheJournal: over random lives of dossiers, by hours, days
// and weeks, every report of every period says what the journal says.
func TestTheReportEqualsARecountFromTheJournal(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		const seed = 92
		r := rand.New(rand.NewPCG(seed, seed))
		ctx := anybody(c)
		var codes []string
		var competent orgunit.UnitID
		steps := 700
		if testing.Short() {
			steps = 200
		}
		for range steps {
			if len(codes) < 40 && r.IntN(4) == 0 {
				b := business()
				role := "citizen"
				if r.IntN(3) > 0 {
					b["channel"], role = []string{"counter", "post"}[r.IntN(2)], "clerk"
					b["papers"] = []any{map[string]any{"paper": "request", "name": "de-nghi.pdf", "type": "pdf", "size": 90_000, "originals": 1}}
				}
				codes = append(codes, c.As(role).Post("/api/v1/dossiers", b).Want(201).Text("code"))
			}
			if len(codes) == 0 {
				continue
			}
			live(ctx, t, c, r, codes[r.IntN(len(codes))])
			switch r.IntN(6) {
			case 0:
				c.Pass(time.Duration(r.IntN(14)) * time.Hour)
			case 1:
				c.Pass(time.Duration(r.IntN(90)) * time.Minute)
			}
		}
		d, _, _, err := c.Dossiers.Read(ctx, codes[0])
		if err != nil {
			t.Fatal(err)
		}
		competent = d.Competent
		first, days := clock.MustDate("2026-11-20"), clock.DateOf(c.Clock.Now()).Sub(clock.MustDate("2026-11-20"))+3
		var seen dossier.Tally
		for i := range 24 {
			p := dossier.Period{From: first.AddDays(r.IntN(days))}
			p.To = p.From.AddDays(r.IntN(days))
			if i == 0 {
				p = dossier.Period{From: first, To: first.AddDays(days)}
			}
			var quick, slow dossier.Report
			c.Eventually(fmt.Sprintf("report and recount of %v agree", p), func() bool { // timers may run between the two
				if quick, err = c.Dossiers.ReportOf(ctx, competent, p); err != nil {
					t.Fatal(err)
				}
				if slow, err = c.Dossiers.RecountOf(ctx, competent, p); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(slow.Lines, quick.Lines); diff != "" {
					t.Logf("%v (recount, report):\n%s", p, diff)
					return false
				}
				return true
			})
			sum := quick.Total()
			if sum.Received() != sum.Settled()+sum.Pending() {
				t.Errorf("%v: %d received, %d settled, %d open", p, sum.Received(), sum.Settled(), sum.Pending())
			}
			seen = seen.Plus(sum)
		}
		rows, _, err := c.Dossiers.Book(ctx, d.Receiving, dossier.Period{From: first, To: first.AddDays(days)}, dossier.BookCursor{}, 0)
		if err != nil || len(rows) == 0 {
			t.Fatalf("the book has %d rows, %v", len(rows), err)
		}
		returned := 0
		for _, row := range rows {
			lines, err := c.Dossiers.Timeline(ctx, dossier.Dossier{ID: row.ID}, dossier.SeeAll)
			if err != nil {
				t.Fatal(err)
			}
			if last := lines[len(lines)-1]; row.State == process.Returned {
				if returned++; !row.ReturnedAt().Equal(time.UnixMilli(last.When)) {
					t.Errorf("%s was returned at %s, says the book; the journal %s", row.Code, row.ReturnedAt(), time.UnixMilli(last.When))
				}
			}
		}
		if returned == 0 && !testing.Short() {
			t.Error("no dossier was returned")
		}
		t.Logf("seen: %+v of %d dossiers over %d days", seen, len(codes), days)
		for name, n := range map[string]int{
			"online": seen.Online, "counter": seen.Counter, "post": seen.Post, "carried": seen.Carried, "early": seen.Early, "on time": seen.OnTime,
			"late": seen.Late, "in term": seen.InTerm, "overdue": seen.Overdue,
		} {
			if n == 0 && !testing.Short() {
				t.Errorf("no dossier %s: the histories are too poor to prove anything", name)
			}
		}
	}, opened())
}

func TestTheBookNamesWhatWasAccepted(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		var codes []string
		for range 5 {
			codes = append(codes, c.As("citizen").Post("/api/v1/dossiers", business()).Want(201).Text("code"))
		}
		for _, code := range codes[:4] {
			accept(t, c, code)
			c.Pass(time.Minute)
		}
		ctx := anybody(c)
		d, _, _, err := c.Dossiers.Read(ctx, codes[0])
		if err != nil {
			t.Fatal(err)
		}
		p := dossier.Period{From: clock.MustDate("2026-11-20"), To: clock.MustDate("2026-11-20")}
		var got []string
		after, pages := &dossier.BookCursor{}, 0
		for ; after != nil; pages++ {
			var rows []dossier.BookRow
			if rows, after, err = c.Dossiers.Book(ctx, d.Receiving, p, *after, 2); err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				got = append(got, r.Code)
				if r.Applicant != "Trần Thị Lụa" || r.Filing.Delivery.Method != "counter" || r.AcceptedAt.IsZero() || !r.ReturnedAt().IsZero() {
					t.Errorf("row %+v", r)
				}
			}
		}
		if !slices.Equal(got, codes[:4]) || pages != 2 {
			t.Errorf("in %d pages %s, want %s", pages, strings.Join(got, " "), strings.Join(codes[:4], " "))
		}
		p.From, p.To = p.From.AddDays(1), p.To.AddDays(1)
		if rows, _, err := c.Dossiers.Book(ctx, d.Receiving, p, dossier.BookCursor{}, 0); err != nil || len(rows) != 0 {
			t.Errorf("the next day has %d rows, %v", len(rows), err)
		}
		if _, _, err := c.Dossiers.Book(officer(904, "clerk", "unit:1"), d.Receiving, p, dossier.BookCursor{}, 0); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("a clerk of another unit: %v", err)
		}
		if _, err := c.Dossiers.ReportOf(officer(904, "clerk", "unit:1"), d.Competent, p); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("a clerk of another unit: %v", err)
		}
	}, opened())
}
