package rightsweb_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/onestop/rights"
)

// decree is a hold as the form sends it.
func decree(kv ...string) []string {
	return append([]string{
		"decision", "15/2025/QĐ-TA", "ordered", "Tòa án nhân dân khu vực 2 - Hà Nội", "since.day", "2", "since.month", "6", "since.year", "2025",
		"why", "Vụ án số 5, tòa án yêu cầu giữ tài liệu",
	}, kv...)
}

func location(a citytest.Answer) string { return a.Header.Get("Location") }

// TestHoldsByDecision: a hold names the decision it rests on, two people set it and two lift it, it
// holds from the first word to the last, and each word stands in the journal.
func TestHoldsByDecision(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		code := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		auditor, leader := c.As("auditor").In("en"), c.As("leader").In("en")
		list := "/admin/retention/holds"

		// What is missing is said, and what was typed stays.
		for _, bad := range [][]string{
			decree("decision", ""), decree("ordered", ""), decree("since.year", "2031"), decree("since.day", "31"), decree("codes", code, "why", "vụ án"), decree(), decree("numbers", "001000000000"),
		} {
			values := map[string]string{}
			for i := 0; i < len(bad); i += 2 {
				values[bad[i]] = bad[i+1]
			}
			var sent []string
			for k, v := range values {
				sent = append(sent, k, v)
			}
			page := string(post(auditor, list, sent...).Want(422).Body)
			if values["ordered"] != "" && !strings.Contains(page, values["ordered"]) {
				t.Errorf("%v: what was typed is gone", bad)
			}
		}
		page := string(post(auditor, list, decree("codes", code+"\nH26.X-1")...).Want(422).Body)
		if !strings.Contains(page, "No dossier has the code H26.X-1") {
			t.Error("the unknown code is not named")
		}
		c.As("clerk").Get(list).Want(403)
		post(c.As("chairman"), list, decree("codes", code)...).Want(403)

		at := location(post(auditor, list, decree("codes", code)...).Want(303))
		for _, role := range []string{"clerk", "citizen", "chairman"} {
			c.As(role).Get(at).Want(403)
			post(c.As(role), at, "do", "agree").Want(403)
		}
		c.Visitor().Get(at).Want(401)
		says := func(want string) {
			t.Helper()
			if page := string(leader.Get(at).Want(200).Body); !strings.Contains(page, want) || !strings.Contains(page, "15/2025/QĐ-TA") || !strings.Contains(page, code) {
				t.Errorf("the hold does not say %q", want)
			}
		}
		says("a second person is awaited")
		post(auditor, at, "do", "agree").Want(403) // by the same person
		post(leader, at, "do", "agree").Want(303)
		says(">holds<")
		post(leader, at, "do", "agree").Want(409)

		// Its end needs a decision, and another person than who asks for it.
		post(leader, at, "do", "lift", "liftDecision", "", "liftWhy", "Vụ án đã kết thúc").Want(422)
		post(leader, at, "do", "lift", "liftDecision", "40/2025/QĐ-TA", "liftWhy", "Vụ án đã kết thúc").Want(303)
		says("its end is awaited")
		post(leader, at, "do", "agree").Want(403)
		post(auditor, at, "do", "refuse").Want(303)
		says(">holds<")
		post(leader, at, "do", "lift", "liftDecision", "40/2025/QĐ-TA", "liftWhy", "Vụ án đã kết thúc").Want(303)
		post(auditor, at, "do", "agree").Want(303)
		says(">ended<")
		if page := string(auditor.Get("/admin/retention").Want(200).Body); strings.Contains(page, "15/2025/QĐ-TA") {
			t.Error("what has ended stands among what holds")
		}

		kinds := map[string]int{}
		err := c.DB.View(t.Context(), func(_ context.Context, v *db.View) error {
			list, err := db.All(v, db.Value[string], `SELECT kind FROM journal_entry WHERE subject_type = 'rights.hold'`)
			for _, k := range list {
				kinds[k]++
			}
			return err
		})
		want := map[string]int{rights.KindHeld: 1, rights.KindHoldAgreed: 1, rights.KindLiftAsked: 2, rights.KindLiftRefused: 1, rights.KindLifted: 1}
		for k, n := range want {
			if err != nil || kinds[k] != n {
				t.Errorf("%d entries %s, not %d (%v)", kinds[k], k, n, err)
			}
		}
	})
}

// TestAHoldOnAPerson keeps all dossiers of a person and the looks at them past their terms, by
// whichever account or counter they were filed, and nothing of others; what the first alone asked for
// holds already. Lifted, they go.
func TestAHoldOnAPerson(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		clerk := c.As("clerk")
		// Two people at the counter, whom the register knows by their papers.
		take := func(name, number string) string {
			b := citytest.Birth()
			return clerk.Post("/api/v1/counter/dossiers", map[string]any{
				"service": b["service"], "who": number + "||" + name + "|02091996|Nữ|Tổ 4, Phường Ngọc Lâm, Long Biên, Hà Nội|15062021",
				"answers": b["answers"], "applicant": map[string]any{"phone": "0912000077"}, "papers": []any{map[string]any{"paper": "birthSlip", "originals": 1}},
				"delivery": "counter", "act": "refuse", "reason": "Hồ sơ không thuộc thẩm quyền giải quyết",
			}).Want(201).Text("code")
		}
		kept, gone := take("Lương Thị Giữ", "001196000117"), take("Lương Thị Vắng", "001196000216")
		c.Pass(24 * time.Hour)
		for _, code := range []string{kept, gone} {
			clerk.Post("/api/v1/dossiers/"+code+"/reason", map[string]any{"choice": "complaint", "words": "Trả lời đơn số 12 của công dân"}).Want(204)
			clerk.Get("/desk/dossiers/" + code).Want(200)
		}
		c.Rights.Services = func() map[string]string {
			return map[string]string{"hanoi.civil-status.birth-registration": "P7D"}
		}
		auditor, leader := c.As("auditor"), c.As("leader")
		at := location(post(auditor, "/admin/retention/holds", decree("numbers", "001 196 000 117")...).Want(303))
		page := string(auditor.Get(at).Want(200).Body)
		if !strings.Contains(page, "001xxxxxx117") || strings.Contains(page, "001196000117") {
			t.Error("the person does not stand there by their masked number alone")
		}

		erase := func() {
			t.Helper()
			c.Pass(10 * 24 * time.Hour)
			var batch string
			link := regexp.MustCompile(`/admin/retention/\d+`)
			c.Eventually("the daily job finds something", func() bool {
				c.Pass(30 * time.Minute)
				for _, b := range link.FindAllString(string(auditor.Get("/admin/retention").Want(200).Body), -1) {
					if p := string(auditor.In("en").Get(b).Want(200).Body); strings.Contains(p, ">found<") {
						batch = b
						return true
					}
				}
				return false
			})
			post(auditor, batch, "do", "agree").Want(303)
			post(leader, batch, "do", "agree").Want(303)
			c.Eventually("the batch is done", func() bool {
				return strings.Contains(string(auditor.In("en").Get(batch).Want(200).Body), ">erased<")
			})
		}
		holds := func(code string) bool {
			v, _, err := c.Dossiers.ByCode(t.Context(), code)
			if err != nil {
				t.Fatal(err)
			}
			yes, err := c.Dossiers.Holds(t.Context(), v)
			if err != nil {
				t.Fatal(err)
			}
			return yes
		}
		looks := func(code string) (n int) {
			v, _, err := c.Dossiers.ByCode(t.Context(), code)
			if err == nil {
				err = c.DB.View(t.Context(), func(_ context.Context, q *db.View) error {
					return q.QueryRow(`SELECT count(*) FROM access_look WHERE about = $1`, v).Scan(&n)
				})
			}
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		erase()
		if !holds(kept) || holds(gone) {
			t.Errorf("held: %v, of another: %v", holds(kept), holds(gone))
		}
		if looks(kept) == 0 || looks(gone) == 0 {
			t.Fatal("nobody looked: the test shows nothing")
		}
		expire := func() {
			t.Helper()
			for n := 1; n > 0; {
				var err error
				if n, err = c.Looks.Expire(t.Context(), c.Clock.Now(), []byte(`{"rule":"looks"}`)); err != nil {
					t.Fatal(err)
				}
			}
		}
		expire()
		if looks(kept) == 0 || looks(gone) != 0 {
			t.Errorf("%d looks at what is held, %d at what is not", looks(kept), looks(gone))
		}

		post(leader, at, "do", "agree").Want(303)
		post(leader, at, "do", "lift", "liftDecision", "40/2025/QĐ-TA", "liftWhy", "Vụ án đã kết thúc").Want(303)
		post(auditor, at, "do", "agree").Want(303)
		erase()
		expire()
		if holds(kept) || looks(kept) != 0 {
			t.Errorf("lifted, and still kept: %v, %d looks", holds(kept), looks(kept))
		}
	}, citytest.At(clock.MustDate("2025-06-02").At(8, 10)))
}
