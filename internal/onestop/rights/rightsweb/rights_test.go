package rightsweb_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/web"
	"khue/internal/onestop/rights"
)

func post(a citytest.Actor, path string, kv ...string) citytest.Answer {
	f := url.Values{"_key": {web.NewKey()}}
	for i := 0; i+1 < len(kv); i += 2 {
		f.Set(kv[i], kv[i+1])
	}
	return a.Do(http.MethodPost, path, []byte(f.Encode()), map[string]string{"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"})
}

func as(t *testing.T, c *citytest.City, role string) context.Context {
	t.Helper()
	a := c.Account(role)
	v, err := id.Parse[auth.Account](a.ID)
	if err != nil {
		t.Fatal(err)
	}
	return auth.With(t.Context(), auth.Subject{Account: int64(v), Name: a.Name, Login: a.Login, Kind: auth.KindCitizen})
}

// TestConsentWithdrawn: what was suggested before is not suggested by the next form.
func TestConsentWithdrawn(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ctx := as(t, c, "citizen")
		begin := func() int {
			d, err := c.Apply.Begin(ctx, "hanoi.civil-status.birth-registration", "normal", "vi", "")
			if err != nil {
				t.Fatal(err)
			}
			return len(d.Answers)
		}
		before := begin()
		if before == 0 {
			t.Fatal("nothing is suggested with consent: the test shows nothing")
		}
		who := c.As("citizen")
		post(who, "/account/data/consents", "purpose", "suggest.profile", "given", "no").Want(303)
		post(who, "/account/data/consents", "purpose", "suggest.previous", "given", "no").Want(303)
		if n := begin(); n != 0 {
			t.Errorf("%d answers are suggested after the consents were withdrawn", n)
		}
		if !strings.Contains(string(who.In("en").Get("/account/data").Want(200).Body), "Withdrawn") {
			t.Error("the page does not say so")
		}
		post(who, "/account/data/consents", "purpose", "suggest.profile", "given", "yes").Want(303)
		post(who, "/account/data/consents", "purpose", "suggest.previous", "given", "yes").Want(303)
		if n := begin(); n != before {
			t.Errorf("given again, %d answers are suggested instead of %d", n, before)
		}
		post(who, "/account/data/consents", "purpose", "everything", "given", "yes").Want(422)
		c.Visitor().Get("/account/data").Want(401)
	})
}

var exportLink = regexp.MustCompile(`/account/data/exports/\d+`)

// TestExport: all that the city holds, for its owner alone, for seven days.
func TestExport(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		who := c.As("citizen")
		code := who.Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		post(who, "/account/data/exports").Want(303)
		var link string
		c.Eventually("the export is made", func() bool {
			link = exportLink.FindString(string(who.Get("/account/data").Want(200).Body))
			return link != ""
		})
		b := who.Get(link).Want(200).Body
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		parts := map[string]string{}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			parts[f.Name] = string(text)
		}
		var data struct {
			Format   string
			Account  struct{ Login string }
			Dossiers []struct {
				Code    string
				Answers map[string]any
			}
		}
		if err := json.Unmarshal([]byte(parts["data.json"]), &data); err != nil {
			t.Fatal(err)
		}
		if data.Format != rights.ExportFormat || data.Account.Login != c.Account("citizen").Login || len(data.Dossiers) == 0 || data.Dossiers[0].Code != code || len(data.Dossiers[0].Answers) == 0 {
			t.Errorf("data.json holds %+v", data)
		}
		if !strings.Contains(parts["index.html"], code) || strings.Contains(parts["index.html"], "<script") || strings.Contains(parts["index.html"], "⟨") {
			t.Error("the readable half lacks the dossier, a sentence, or runs a script")
		}
		c.As("citizen2").Get(link).Want(404)
		c.As("clerk").Get(link).Want(404)
		c.Visitor().Get(link).Want(401)
		c.Pass(8 * 24 * time.Hour)
		who.Get(link).Want(410)
	})
}

var (
	askLink  = regexp.MustCompile(`/account/data/requests/new\?look=(\d+)`)
	caseLink = regexp.MustCompile(`/(?:desk|account/data)/requests/\d+`)
)

// TestQuestion: a person asks about a look, the head answers in time, and nobody else reads it.
func TestQuestion(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		who := c.As("citizen")
		who.Post("/api/v1/dossiers", citytest.Birth()).Want(201)
		task := c.As("clerk").Get("/api/v1/tasks?role=clerk").Want(200).Text("items.0.id")
		c.As("clerk").Get("/desk/tasks/" + task).Want(200)
		m := askLink.FindStringSubmatch(string(who.Get("/account/looks").Want(200).Body))
		if m == nil {
			t.Fatal("the page of looks leads to no question")
		}
		who.Get(m[0]).Want(200)
		c.As("citizen2").Get(m[0]).Want(404)
		post(c.As("citizen2"), "/account/data/requests", "look", m[1], "words", "Tôi muốn biết về lượt xem của người khác").Want(404)
		post(who, "/account/data/requests", "look", m[1], "words", "vì sao").Want(422)
		post(who, "/account/data/requests", "look", m[1], "words", "Vì sao cán bộ mở hồ sơ của tôi vào giờ này?").Want(303)
		mine := caseLink.FindString(string(who.Get("/account/data").Want(200).Body))
		who.Get(mine).Want(200)
		c.As("citizen2").Get(mine).Want(404)
		c.As("clerk").Get("/desk/requests").Want(403)
		head := c.As("chairman")
		open := caseLink.FindString(string(head.Get("/desk/requests").Want(200).Body))
		head.Get(open).Want(200)
		c.As("clerk").Get(open).Want(404)
		if page := string(who.Get("/account/looks").Want(200).Body); !strings.Contains(page, "Luật 91/2025") {
			t.Error("the person does not read that the head opened the case")
		}
		post(c.As("clerk"), open, "words", "Tôi tự trả lời cho lượt xem của mình").Want(404)
		// Five working days: on the fourth the head is warned, after the fifth it is overdue.
		c.Pass(8 * 24 * time.Hour)
		c.Eventually("the head is warned", func() bool {
			c.Pass(10 * time.Minute) // the clock of the jobs may have begun only now
			return strings.Contains(string(head.Get("/api/v1/inbox").Want(200).Body), "quá hạn")
		})
		post(head, open, "words", "Công chức một cửa đã kiểm tra giấy tờ của hồ sơ.").Want(303)
		post(head, open, "words", "Trả lời lần thứ hai cho chắc chắn.").Want(409)
		if page := string(who.Get(mine).Want(200).Body); !strings.Contains(page, "đã kiểm tra giấy tờ") {
			t.Error("the person does not read the answer")
		}
		if !strings.Contains(string(who.Get("/api/v1/inbox").Want(200).Body), "đã được trả lời") {
			t.Error("the person was not told")
		}
	}, citytest.At(clock.MustDate("2025-06-02").At(8, 10)))
}

// TestErasure: what is due is found, two people agree, a hold stops it, and the journal still
// proves itself.
func TestErasure(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		who := c.As("citizen")
		file := func(name string) string {
			b := citytest.Birth()
			b["applicant"] = map[string]any{"name": name, "phone": "0912 000 001"}
			code := who.Post("/api/v1/dossiers", b).Want(201).Text("code")
			who.Post("/api/v1/dossiers/"+code+"/withdraw", map[string]any{}).Want(200)
			return code
		}
		gone, kept := file("Lương Thị Vắng"), file("Lương Thị Giữ")
		c.Rights.Services = func() map[string]string {
			return map[string]string{"hanoi.civil-status.birth-registration": "P7D"}
		}
		auditor, leader := c.As("auditor"), c.As("leader")
		c.As("clerk").Get("/admin/retention").Want(403)
		post(auditor, "/admin/retention/holds", decree("codes", "H26.X-1")...).Want(422)
		post(auditor, "/admin/retention/holds", decree("codes", kept)...).Want(303)
		c.Pass(10 * 24 * time.Hour)
		var batch string
		link := regexp.MustCompile(`/admin/retention/\d+`)
		c.Eventually("the daily job finds them", func() bool {
			c.Pass(30 * time.Minute) // the clock of the jobs may have begun only now
			batch = link.FindString(string(auditor.Get("/admin/retention").Want(200).Body))
			return batch != ""
		})
		if page := string(auditor.Get(batch).Want(200).Body); !strings.Contains(page, gone) || !strings.Contains(page, kept) {
			t.Error("the list does not name the dossiers before they are erased")
		}
		post(c.As("chairman"), batch, "do", "agree").Want(403)
		post(auditor, batch, "do", "agree").Want(303)
		post(auditor, batch, "do", "agree").Want(403)
		who.Get("/api/v1/dossiers/" + gone).Want(200)
		post(leader, batch, "do", "agree").Want(303)
		c.Eventually("they are erased", func() bool {
			return strings.Contains(string(auditor.In("en").Get(batch).Want(200).Body), ">erased<")
		})
		who.Get("/api/v1/dossiers/" + gone).Want(404)
		who.Get("/api/v1/dossiers/" + kept).Want(200)
		clerk := c.As("clerk")
		clerk.Get("/desk/dossiers/" + gone).Want(410)
		clerk.Get("/desk/dossiers/" + kept).Want(303) // to the question why
		if page := string(clerk.Get("/desk/search?q=" + url.QueryEscape("Lương Thị Vắng")).Want(200).Body); strings.Contains(page, gone) {
			t.Error("the search still finds it by name")
		}
		var left, entries, said int
		err := c.DB.View(t.Context(), func(_ context.Context, v *db.View) error {
			if err := v.QueryRow(`SELECT count(*) FROM dossier_content WHERE answers LIKE '%Minh An%'`).Scan(&left); err != nil {
				return err
			}
			if err := v.QueryRow(`SELECT count(*) FROM journal_entry e JOIN dossier_dossier d ON d.id = e.subject_id WHERE d.code = $1 AND e.subject_type = 'dossier' AND e.salt IS NOT NULL`, gone).Scan(&entries); err != nil {
				return err
			}
			return v.QueryRow(`SELECT count(*) FROM journal_entry WHERE kind = $1`, rights.KindErased).Scan(&said)
		})
		if err != nil {
			t.Fatal(err)
		}
		if left != 1 || entries != 0 || said != 1 {
			t.Errorf("%d contents are left (1 is held), %d entries keep their words, %d entries say what was erased", left, entries, said)
		}
		if rep, err := c.Journal.Verify(t.Context(), journal.Held{}, nil); err != nil || !rep.OK() {
			t.Errorf("the journal does not prove itself: %v %+v", err, rep)
		}
	}, citytest.At(clock.MustDate("2025-06-02").At(8, 10)))
}
