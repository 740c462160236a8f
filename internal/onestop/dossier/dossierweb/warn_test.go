package dossierweb_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
	"khue/internal/onestop/dossier"
)

// TestTermsThatRunOutAreReported: the post is told before a term, the head at it and a day
// after, the leader after three; once each, one notice a person and day however many tasks;
// what was done in the meantime is told to nobody; the dossier's record shows it to officers.
func TestTermsThatRunOutAreReported(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		file := func() string {
			return c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		}
		done, _, second := file(), file(), file()
		at := func(day string, hour, minute int) {
			c.Clock.Set(clock.MustDate(day).At(hour, minute))
			c.Jobs.Wake()
		}
		warnings := func(login string) (out []string) {
			got, _ := inboxOf(c.AsLogin(login))
			for _, s := range got {
				if strings.Contains(s, "hạn") {
					out = append(out, s)
				}
			}
			return out
		}
		count := func(sql string, args ...any) (n int) {
			err := c.DB.View(t.Context(), func(_ context.Context, v *db.View) error { return v.QueryRow(sql, args...).Scan(&n) })
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		swept := func() {
			// A sweep that began before the clock was set takes the place of the periodic one.
			err := c.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
				return c.Jobs.Enqueue(tx, jobs.Job{Kind: dossier.JobWarn, Args: struct{}{}})
			})
			if err != nil {
				t.Fatal(err)
			}
			c.Eventually("the sweep has seen all", func() bool {
				return count(`SELECT COUNT(*) FROM dossier_task WHERE open AND warn_at <= $1`, db.Millis(c.Clock.Now())) == 0
			})
		}
		told := func() {
			c.Pass(3 * time.Minute)
			c.Eventually("all who were not told today are told", func() bool {
				return count(`SELECT COUNT(*) FROM dossier_warning w WHERE told_at IS NULL
 AND NOT EXISTS (SELECT 1 FROM dossier_warning o WHERE o.account = w.account AND o.told_at >= $1)`, db.Millis(clock.DateOf(c.Clock.Now()).Time())) == 0
			})
		}
		at("2025-06-23", 16, 0) // past the clerk's own term, which is a part of the day
		swept()
		act(t, c, "clerk", done, "accept", nil).Want(200) // between the finding and the telling
		told()
		for _, login := range []string{"motcua", "motcua2", "phochutich"} { // both of the post, and who answers for it
			if got := warnings(login); !slices.Equal(got, []string{"2 hồ sơ quá hạn cần xử lý"}) {
				t.Errorf("past the term %s reads %q", login, got)
			}
		}
		at("2025-06-24", 16, 30)
		swept()
		told()
		if got := warnings("phochutich"); len(got) != 2 {
			t.Errorf("a day after the head reads %q", got)
		}
		if got := warnings("motcua"); len(got) != 1 {
			t.Errorf("a day after the post reads %q: told once is enough", got)
		}
		if got := warnings("chutich"); len(got) != 0 {
			t.Errorf("a day after the leader reads %q", got)
		}
		at("2025-06-27", 9, 30)
		swept()
		told()
		before := len(warnings("chutich"))
		if before != 1 {
			t.Errorf("after three days the leader reads %d", before)
		}
		at("2025-06-27", 16, 0)
		swept()
		told()
		if got := warnings("chutich"); len(got) != before {
			t.Errorf("told twice on a day: %q", got)
		}
		task := c.As("clerk").Get("/desk/dossiers/" + second).Want(303).Header.Get("Location")
		page := string(c.As("clerk").In("vi").Get(task).Want(200).Body)
		if !strings.Contains(page, "Đã báo lãnh đạo (Vũ Đức Thắng)") || !strings.Contains(page, "Đã báo người phụ trách đơn vị (Bùi Thanh Hà)") {
			t.Errorf("the dossier's record does not say to whom it was reported")
		}
		if page := string(c.As("citizen").In("vi").Get("/dossiers/" + second).Want(200).Body); strings.Contains(page, "Vũ Đức Thắng") {
			t.Error("the applicant reads names of superiors")
		}
		// The morning of a working day brings a summary, once.
		digests := func() (n int) {
			got, _ := inboxOf(c.AsLogin("motcua"))
			for _, s := range got {
				if strings.HasPrefix(s, "Công việc ngày") {
					n++
				}
			}
			return n
		}
		was := digests()
		at("2025-06-30", 7, 35)
		c.Eventually("a summary on Monday morning", func() bool { return digests() == was+1 })
	})
}
