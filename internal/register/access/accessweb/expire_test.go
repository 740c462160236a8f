package accessweb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
	"khue/internal/register/access"
)

// TestLooksGoAtTheEndOfTheirTerm: rows, what lists showed, reasons and the payloads of the
// entries go; what is younger stays; the journal proves itself still.
func TestLooksGoAtTheEndOfTheirTerm(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		x := begin(t, c)
		clerk := c.As("clerk")
		clerk.Get("/desk/tasks/" + x.task).Want(200)
		c.As("citizen").Post("/api/v1/dossiers/"+x.code+"/withdraw", map[string]any{}).Want(200)
		c.Pass(24 * time.Hour)
		reason := map[string]any{"choice": "complaint", "words": "Trả lời đơn số 12 của công dân"}
		clerk.Post("/api/v1/dossiers/"+x.code+"/reason", reason).Want(204)
		clerk.Get("/desk/dossiers/" + x.code).Want(200)
		c.Eventually("the list is told", func() bool {
			return strings.Contains(string(c.As("citizen").Get("/api/v1/my/looks?what=list").Want(200).Body), x.code)
		})
		term := c.Clock.Now().Add(48 * time.Hour)
		c.Pass(72 * time.Hour)
		clerk.Post("/api/v1/dossiers/"+x.code+"/reason", map[string]any{"choice": "complaint", "words": "Trả lời đơn số 13 của công dân"}).Want(204)
		clerk.Get("/desk/dossiers/" + x.code).Want(200)

		count := func(sql string, args ...any) (n int) {
			if err := c.DB.View(t.Context(), func(_ context.Context, v *db.View) error { return v.QueryRow(sql, args...).Scan(&n) }); err != nil {
				t.Fatal(err)
			}
			return n
		}
		old := count(`SELECT count(*) FROM access_look WHERE at < $1`, db.Millis(term))
		young := count(`SELECT count(*) FROM access_look WHERE at >= $1`, db.Millis(term))
		if old < 3 || young < 1 {
			t.Fatalf("%d old looks and %d young ones: the test shows nothing", old, young)
		}
		if said, err := c.Looks.Expired(t.Context(), term); err != nil || said != old+1 {
			t.Errorf("the dry run says %d of %d, %v", said, old, err)
		}
		gone := 0
		for n := 1; n > 0; gone += n {
			var err error
			if n, err = c.Looks.Expire(t.Context(), term, []byte(`{"rule":"looks"}`)); err != nil {
				t.Fatal(err)
			}
		}
		if gone != old+1 { // with the reason
			t.Errorf("%d of %d looks went", gone, old)
		}
		if n := count(`SELECT count(*) FROM access_look WHERE at < $1`, db.Millis(term)); n != 0 {
			t.Errorf("%d old rows are left", n)
		}
		if n := count(`SELECT count(*) FROM access_look WHERE at >= $1`, db.Millis(term)); n != young {
			t.Errorf("%d of %d young rows are left", n, young)
		}
		if n := count(`SELECT count(*) FROM access_shown WHERE last_at < $1`, db.Millis(term)); n != 0 {
			t.Errorf("%d lists still say what they showed", n)
		}
		if n := count(`SELECT count(*) FROM journal_entry WHERE kind IN ($1, $2) AND at < $3 AND salt IS NOT NULL`, access.KindLooked, access.KindReasoned, db.Millis(term)); n != 0 {
			t.Errorf("%d entries keep what was seen and why", n)
		}
		page := string(c.As("chairman").Get("/desk/looks").Want(200).Body)
		if strings.Contains(page, "đơn số 12") || !strings.Contains(page, "đơn số 13") {
			t.Error("the board shows what has gone, or lost what stays")
		}
		if rep, err := c.Journal.Verify(t.Context(), journal.Held{}, nil); err != nil || !rep.OK() {
			t.Errorf("the journal does not prove itself: %v %+v", err, rep)
		}
	})
}
