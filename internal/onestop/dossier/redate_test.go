package dossier_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/dossier"
	"khue/internal/register/holiday"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

// business is the registration of a household business at Bồ Đề: three working days.
func business() map[string]any {
	return map[string]any{
		"service": "hanoi.business.household-business", "case": "individual", "channel": "online",
		"applicant": map[string]any{"name": "Trần Thị Lụa", "phone": "0912 000 021"},
		"answers": map[string]any{
			"business.address.unit": "00118", "business.address.line": "Số 12 phố Ngọc Lâm", "business.name": "Bún chả Ngọc Lâm", "business.trade": "food",
			"business.conditional": false, "business.capital": 50_000_000, "business.labour": 3, "business.accounting": "declaration",
			"owner.name": "Trần Thị Lụa", "owner.dob": "1990-05-12", "owner.sex": "female", "owner.id": "999190000021", "owner.ethnicity": "01",
			"owner.residence.line": "Tổ 5, phường Bồ Đề, Hà Nội", "owner.phone": "0912000021", "owner.otherBusiness": false,
			"filer.kind": "owner", "filer.declaration": true,
		},
		"delivery": map[string]any{"method": "counter"},
	}
}

// officer is somebody with a post in the city's government or in the agency of a unit.
func officer(account int64, role, scope string) context.Context {
	return auth.With(context.Background(), auth.Subject{Account: account, Name: role, Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: role, Scope: scope}}})
}

// closeOn declares a new holiday, with two people.
func closeOn(t *testing.T, c *citytest.City, day string) holiday.Change {
	t.Helper()
	p, err := c.Holidays.Propose(officer(901, "head", auth.Everywhere), holiday.Draft{
		Kind: holiday.NewHoliday, From: clock.MustDate(day), VI: "Nghỉ tránh bão", EN: "Storm day off", Source: "Công điện 01/CĐ-UBND", Key: "close" + day,
	})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = c.Holidays.Decide(officer(902, "leader", auth.Everywhere), p.ID, true, "", "yes"+day); err != nil {
		t.Fatal(err)
	}
	return p
}

func opened() citytest.Option { return citytest.At(clock.MustDate("2026-11-20").At(10, 0)) }

// proposals waits until n dates are proposed to the unit of a dossier.
func proposals(t *testing.T, c *citytest.City, clerk context.Context, d dossier.Dossier, n int) []dossier.Redate {
	t.Helper()
	var page dossier.RedatePage
	c.Eventually(fmt.Sprintf("%d new dates are proposed", n), func() bool {
		var err error
		if page, err = c.Dossiers.Redates(clerk, d.Receiving, dossier.TaskCursor{}, 200); err != nil {
			t.Fatal(err)
		}
		return page.Total == n
	})
	return page.Items
}

func TestANewHolidayProposesNewDates(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		code := c.As("citizen").Post("/api/v1/dossiers", business()).Want(201).Text("code")
		second := c.As("citizen").Post("/api/v1/dossiers", business()).Want(201).Text("code")
		early := c.As("citizen").Post("/api/v1/dossiers", business()).Want(201).Text("code") // not accepted: no date
		accept(t, c, code)
		accept(t, c, second)
		all := officer(900, "leader", auth.Everywhere)
		find := func(code string) dossier.Dossier {
			t.Helper()
			d, _, err := c.Dossiers.Find(all, code, dossier.Viewer{})
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		d := find(code)
		if got := d.DueAt.Format(time.DateOnly); got != "2026-11-26" {
			t.Fatalf("due %s", got)
		}
		clerk := officer(903, "clerk", "unit:"+d.Receiving.String())
		closeOn(t, c, "2026-11-25")
		list := proposals(t, c, clerk, d, 2)
		for _, r := range list {
			if r.Old != d.DueAt || r.New.Format(time.DateOnly) != "2026-11-27" || r.Days != 1 {
				t.Errorf("proposed %+v", r)
			}
			if why, ok := c.Dossiers.ReasonOf(r); !ok || !contains(why.Words(i18n.WithLang(context.Background(), c.Bundle, i18n.VI)), "25/11/2026 (Nghỉ tránh bão)") {
				t.Errorf("explained %v", ok)
			}
		}
		// Nothing moves by itself.
		if got := find(code); !got.DueAt.Equal(d.DueAt) {
			t.Errorf("the printed date moved by itself to %s", got.DueAt)
		}
		mine, other := list[0], list[1]
		if mine.Code != code {
			mine, other = other, mine
		}
		if err := c.Dossiers.DecideDate(officer(904, "clerk", "unit:1"), mine.ID, true, "", "n1"); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a clerk of another unit: %v", err)
		}
		if err := c.Dossiers.DecideDate(clerk, other.ID, false, "", "n2"); errs.KindOf(err) != errs.Invalid {
			t.Errorf("kept without a reason: %v", err)
		}
		for range 2 { // a request sent twice is one act
			if err := c.Dossiers.DecideDate(clerk, mine.ID, true, "", "yes-please"); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Dossiers.DecideDate(clerk, mine.ID, true, "", "again"); errs.KindOf(err) != errs.Conflict {
			t.Errorf("decided twice: %v", err)
		}
		if err := c.Dossiers.DecideDate(clerk, other.ID, false, "Kịp trả đúng hẹn", "no-thanks"); err != nil {
			t.Fatal(err)
		}
		got := find(code)
		if got.DueAt.Format("2006-01-02 15:04") != "2026-11-27 17:00" || !got.Instance.Due.Time().Equal(got.DueAt) {
			t.Errorf("due %s, in the process %s", got.DueAt, got.Instance.Due.Time())
		}
		if kept := find(second); !kept.DueAt.Equal(d.DueAt) {
			t.Errorf("kept, but due %s", kept.DueAt)
		}
		proposals(t, c, clerk, d, 0)
		if find(early).DueAt != (time.Time{}) {
			t.Error("a dossier that is not accepted has a date")
		}
		lines, err := c.Dossiers.Timeline(all, got, dossier.SeeAll)
		if err != nil {
			t.Fatal(err)
		}
		last := lines[len(lines)-1]
		if last.Kind != dossier.KindRedated || last.DueWhy != "redated" || last.By != "clerk" || strings.Join(last.Papers, " ") != dossier.PaperExtension {
			t.Errorf("journal: %+v", last)
		}
		for _, lang := range []i18n.Lang{i18n.VI, i18n.EN} {
			ctx := i18n.WithLang(all, c.Bundle, lang)
			pkg, err := c.Services.ByDigest(got.Package)
			if err != nil {
				t.Fatal(err)
			}
			words := c.Dossiers.DueWords(ctx, got, pkg, lines)
			if !contains(words, map[i18n.Lang]string{i18n.VI: "Lịch nghỉ đã thay đổi", i18n.EN: "The days off have changed"}[lang]) {
				t.Errorf("explained: %s", words)
			}
			b, err := c.Dossiers.Print(ctx, code, dossier.PaperExtension, lang, dossier.Viewer{}, c.URL)
			if err != nil || !bytes.HasPrefix(b, []byte("%PDF")) {
				t.Errorf("form 04: %d bytes, %v", len(b), err)
			}
		}
		// The open task knows the new date, and nobody lost it by that.
		_, _, tasks, err := c.Dossiers.Read(all, code)
		if err != nil || len(tasks) != 1 || !tasks[0].Promised.Equal(got.DueAt) || tasks[0].LastBy != "Lê Thu Trang" {
			t.Errorf("tasks: %+v, %v", tasks, err)
		}
	}, opened())
}

// Two thousand open dossiers, in batches, each proposed once, by the date it was given.
func TestTwoThousandDatesAreProposed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fills a database")
	}
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		const many = 2000
		code := c.As("citizen").Post("/api/v1/dossiers", business()).Want(201).Text("code")
		accept(t, c, code)
		all := officer(900, "leader", auth.Everywhere)
		d, _, err := c.Dossiers.Find(all, code, dossier.Viewer{})
		if err != nil {
			t.Fatal(err)
		}
		lines, err := c.Dossiers.Timeline(all, d, dossier.SeeAll)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := json.Marshal(lines[len(lines)-1].Happening)
		if err != nil {
			t.Fatal(err)
		}
		const columns = `service, package, procedure, variant, state, channel, reception_unit, receiving_unit, competent_unit, submitter, applicant, phone, mail,
 submitted_at, receive_by, accepted_at, due_at, closed_at, paused_at, process, version`
		for n := 1; n < many; {
			err := c.DB.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
				for range 200 {
					v := id.New[dossier.Dossier](c.Gen)
					err := tx.Exec(`INSERT INTO dossier_dossier (id, code, `+columns+`) SELECT $1, $2, `+columns+` FROM dossier_dossier WHERE id = $3`, v, "copy-"+v.String(), d.ID)
					if err != nil {
						return err
					}
					_, err = c.Journal.Append(tx, journal.Entry{Kind: dossier.KindOf("accept"), Subject: journal.Subject{Type: dossier.SubjectType, ID: int64(v)}, Payload: payload})
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			n += 200
		}
		clerk := officer(903, "clerk", "unit:"+d.Receiving.String())
		c.Eventually("the journal's readers have caught up", func() bool {
			js, err := c.Journal.Status(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			behind := js.Unnumbered
			for name, n := range js.Behind {
				if name == "dossier.search" || name == "dossier.notices" { // others may wait for their kinds
					behind += n
				}
			}
			return behind == 0
		})
		start := time.Now() //nolint:forbidigo // a figure for the log
		closeOn(t, c, "2026-11-25")
		proposals(t, c, clerk, d, many+1)
		t.Logf("%d proposals in %s", many+1, time.Since(start).Round(10*time.Millisecond))
		seen := map[dossier.RedateID]bool{}
		var after dossier.TaskCursor
		for {
			page, err := c.Dossiers.Redates(clerk, d.Receiving, after, 200)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Items {
				if seen[r.ID] || r.New.Format(time.DateOnly) != "2026-11-27" {
					t.Fatalf("%+v, seen %v", r, seen[r.ID])
				}
				seen[r.ID] = true
			}
			if page.Next == nil {
				break
			}
			after = *page.Next
		}
		if len(seen) != many+1 {
			t.Errorf("%d proposals on the pages", len(seen))
		}
		// A second change replaces what is open; a dossier is never proposed twice.
		closeOn(t, c, "2026-11-27")
		c.Eventually("the proposals are replaced", func() bool {
			page, err := c.Dossiers.Redates(clerk, d.Receiving, dossier.TaskCursor{}, 200)
			if err != nil {
				t.Fatal(err)
			}
			return page.Total == many+1 && page.Items[0].New.Format(time.DateOnly) == "2026-11-30" && page.Items[199].New.Format(time.DateOnly) == "2026-11-30"
		})
	}, opened())
}
