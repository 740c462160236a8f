package paymentweb_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/web"
	"khue/internal/onestop/apply"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/process"
)

// orders are all orders of the dossier, the oldest first.
func (b *bench) orders() []payment.Order {
	b.t.Helper()
	all, err := b.Payments.ForSource(b.t.Context(), payment.Source{Type: dossier.SubjectType, ID: int64(b.dossier().ID)})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

// expire lets the time to pay run out.
func (b *bench) expire() payment.Order {
	b.t.Helper()
	b.Pass(61 * 24 * time.Hour)
	if err := b.Payments.Sweep(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	o := b.order()
	if o.State != payment.Expired {
		b.t.Fatalf("the order is %s", o.State)
	}
	return o
}

// send posts a form without JavaScript.
func send(who citytest.Actor, path, key string, kv ...string) citytest.Answer {
	form := url.Values{"_key": {key}}
	for i := 0; i < len(kv); i += 2 {
		form.Set(kv[i], kv[i+1])
	}
	return who.Do("POST", path, []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

// read reads a page; that of a dossier leads an officer who holds a task of it to the task.
func read(who citytest.Actor, path string) string {
	a := who.Get(path)
	if at := a.Header.Get("Location"); a.Status == 303 && strings.HasPrefix(at, "/desk/tasks/") {
		a = who.Get(at)
	}
	return string(a.Want(200).Body)
}

// An order whose time is over: the applicant and the clerk have one button for a new code, however
// often and by however many it is pressed there is one, and the money by the old code pays it.
func TestANewCodeForAFeeThatExpired(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := filed(t, c)
		c.Listens("dossier.fees", "dossier.feeNotices")
		waits := b.dossier().UnpaidAt
		old := b.expire()
		renew := "/pay/" + old.ID.String() + "/renew"
		pages := map[string]citytest.Actor{"/dossiers/" + b.code: c.As("citizen"), "/pay/" + old.ID.String(): c.As("citizen"), "/desk/dossiers/" + b.code: c.As("clerk"), "/desk/payments/" + old.ID.String(): c.As("clerk")}
		button := func(want bool) {
			t.Helper()
			for p, who := range pages {
				for lang, text := range map[string]string{"vi": ">Lấy mã thanh toán mới<", "en": ">Get a new payment code<"} {
					page := strings.Join(strings.Fields(read(who.In(lang), p)), " ")
					if got := strings.Count(strings.ReplaceAll(strings.ReplaceAll(page, "> ", ">"), " <", "<"), text); (got == 1) != want || got > 1 {
						t.Errorf("%s in %s has the button %d times", p, lang, got)
					}
				}
			}
		}
		button(true)
		if a := b.act("accept", noExemption).Want(409); !strings.Contains(string(a.Body), old.Reference) {
			t.Errorf("the clerk is told: %s", a.Body)
		}
		for _, who := range []citytest.Actor{c.Visitor(), c.As("citizen2")} {
			send(who, renew, web.NewKey()).Want(404)
			send(who, renew, web.NewKey(), "key", "nonsense").Want(404)
		}
		if all := b.orders(); len(all) != 1 {
			t.Fatalf("a stranger made %d orders", len(all))
		}
		// A bearer of the link presses twice, the clerk at the same time, the owner a little later.
		key := web.NewKey()
		at := send(c.Visitor(), renew, key, "key", c.Payments.Key(old.ID)).Want(303).Header.Get("Location")
		if again := send(c.Visitor(), renew, key, "key", c.Payments.Key(old.ID)).Want(303).Header.Get("Location"); again != at {
			t.Errorf("the second press leads to %s, the first to %s", again, at)
		}
		send(c.As("clerk"), "/desk/payments/"+old.ID.String(), web.NewKey(), "do", "renew").Want(303)
		send(c.As("citizen"), renew, web.NewKey()).Want(303)
		all := b.orders()
		if len(all) != 2 || all[0].State != payment.Replaced || all[1].State != payment.Open || all[1].Amount != 200_000 || all[1].Reference == old.Reference || at != c.Payments.Link(all[1].ID) {
			t.Fatalf("the orders: %+v", all)
		}
		is := all[1]
		if d := b.dossier(); !d.UnpaidAt.Equal(waits) {
			t.Errorf("the dossier waits since %s, not %s", d.UnpaidAt, waits)
		}
		place, list := b.task()
		if due, err := time.Parse(time.RFC3339, list.Text(place+".taskDue")); err != nil || !due.Equal(is.ExpiresAt) {
			t.Errorf("the clerk's task is due %s, the order runs until %s", list.Text(place+".taskDue"), is.ExpiresAt)
		}
		button(false)
		if page := string(c.As("citizen").Get("/pay/" + old.ID.String()).Want(200).Body); !strings.Contains(page, "/pay/"+is.ID.String()) {
			t.Error("the old page does not lead to the new one")
		}
		if page := string(c.Visitor().Get(at).Want(200).Body); !strings.Contains(page, is.Reference) || !strings.Contains(page, "kh-qr") {
			t.Error("the new page cannot be paid")
		}
		c.Eventually("the letter with the new code", func() bool {
			return strings.Contains(string(c.As("citizen").In("vi").Get("/api/v1/inbox").Want(200).Body), "mã thanh toán mới, đề nghị nộp 200.000 đồng")
		})
		payee, _ := c.Payments.Payees.Payee(old.Unit)
		for range 2 { // the bank tells twice of money that was sent with the old code
			n := payment.Notice{Way: payment.ByBank, External: "FT1", Amount: 200_000, Reference: old.Reference, Account: payee.Account, At: c.Clock.Now()}
			if _, err := c.Payments.Take(t.Context(), n, payment.Origin{Via: "notice"}); err != nil {
				t.Fatal(err)
			}
		}
		all = b.orders()
		if all[0].State != payment.Replaced || all[0].Held() != 0 || all[1].State != payment.Paid || all[1].Held() != 200_000 {
			t.Errorf("after the money by the old code: %+v", all)
		}
		if a := send(c.As("citizen"), renew, web.NewKey()).Want(409); !strings.Contains(string(a.Body), "đã nộp đủ") {
			t.Errorf("paid, and asked again: %s", a.Body)
		}
		c.Eventually("the dossier goes on", func() bool { return b.dossier().UnpaidAt.IsZero() })
		b.act("accept", noExemption).Want(200)
		n := 0
		for _, k := range timeline(t, c, b.code) {
			if k == dossier.KindFeeAsked {
				n++
			}
		}
		if n != 1 {
			t.Errorf("the timeline tells %d times of a new code", n)
		}
	}, opened, citytest.With(paying))
}

// Other systems get the new code by the API, once for a key; money that came late is not asked for
// again.
func TestANewCodeOverTheAPI(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := filed(t, c)
		o := b.order()
		path := func(o payment.Order) string { return "/api/v1/payments/" + o.ID.String() + "/renew" }
		if a := c.As("citizen").Post(path(o), nil).Want(200); a.Text("id") != o.ID.String() || a.Text("state") != "open" {
			t.Errorf("an order that can be paid: %s", a.Body)
		}
		old := b.expire()
		for _, who := range []citytest.Actor{c.Visitor(), c.As("citizen2")} {
			who.Post(path(old), nil).Want(404)
		}
		key := web.NewKey()
		is := c.As("citizen").PostAs(key, path(old), nil).Want(200)
		if is.Text("renews") != old.ID.String() || is.Text("due") != "200000" || is.Text("state") != "open" {
			t.Errorf("the new order: %s", is.Body)
		}
		if again := c.As("citizen").PostAs(key, path(old), nil).Want(200); again.Text("id") != is.Text("id") {
			t.Errorf("the same key: %s", again.Body)
		}
		if a := c.As("citizen").Get("/api/v1/payments/" + old.ID.String()).Want(200); a.Text("state") != "replaced" || a.Text("due") != "0" {
			t.Errorf("the old order: %s", a.Body)
		}

		late := filed(t, c)
		old = late.expire()
		late.transfer("FT7", 200_000)
		if a := c.As("citizen").Post(path(old), nil).Want(409); !strings.Contains(string(a.Body), old.Reference) {
			t.Errorf("money that had come is asked for again: %s", a.Body)
		}
		if page := string(c.As("citizen").In("vi").Get("/dossiers/" + late.code).Want(200).Body); strings.Contains(page, "Lấy mã thanh toán mới") || !strings.Contains(page, "Xin đừng nộp lại") {
			t.Error("the page asks again for money that had come")
		}
		head := auth.With(t.Context(), auth.Subject{Account: 9, Name: "Trưởng phòng", Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "head", Scope: auth.Everywhere}}})
		if _, err := c.Payments.Reinstate(head, old.ID, "reinstate-1"); err != nil {
			t.Fatal(err)
		}
		late.act("accept", noExemption).Want(200)
	}, opened, citytest.With(paying))
}

// A dossier that was refused unpaid and is reopened owes its fee again, once somebody gets a new code
// for it: until it is paid nobody goes on with it. Of one that has ended there is none.
func TestAReopenedDossierIsPaidByANewCode(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := filed(t, c)
		old := b.order()
		b.act("refuse", map[string]any{"ground": "notEntitled", "reason": "Không nộp lệ phí trong thời hạn"}).Want(200)
		if o := b.order(); o.State != payment.Cancelled {
			t.Fatalf("the order is %s", o.State)
		}
		renew := "/api/v1/payments/" + old.ID.String() + "/renew"
		c.As("citizen").Post(renew, nil).Want(409)
		if page := string(c.As("citizen").In("vi").Get("/pay/" + old.ID.String()).Want(200).Body); strings.Contains(page, "Lấy mã thanh toán mới") {
			t.Error("a dossier that has ended asks for its fee")
		}
		leader := auth.With(t.Context(), auth.Subject{Account: 9, Name: "Chủ tịch", Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "chairman", Scope: auth.Everywhere}}})
		if _, err := c.Dossiers.Correct(leader, dossier.Correction{Kind: dossier.CorrectReopen, Dossier: b.code, Step: "receive", Reason: "Từ chối nhầm", Authority: "Quyết định 7/QĐ-UBND", Key: "reopen-0001"}); err != nil {
			t.Fatal(err)
		}
		if page := read(c.As("clerk").In("vi"), "/desk/dossiers/"+b.code); !strings.Contains(page, "Lấy mã thanh toán mới") {
			t.Error("the clerk cannot ask for the fee again")
		}
		c.As("clerk").Post(renew, nil).Want(200)
		if d := b.dossier(); d.State != process.Submitted || d.UnpaidAt.IsZero() || d.PausedAt.IsZero() {
			t.Errorf("asked again: %s, unpaid since %s, the count stands since %s", d.State, d.UnpaidAt, d.PausedAt)
		}
		b.act("accept", noExemption).Want(409)
		payee, _ := c.Payments.Payees.Payee(old.Unit)
		n := payment.Notice{Way: payment.ByBank, External: "FT1", Amount: 200_000, Reference: b.orders()[1].Reference, Account: payee.Account, At: c.Clock.Now()}
		if _, err := c.Payments.Take(t.Context(), n, payment.Origin{Via: "notice"}); err != nil {
			t.Fatal(err)
		}
		b.act("accept", noExemption).Want(200)
	}, opened, citytest.With(paying))
}

// Whoever files what is paid first is told so, by letter, on the page that confirms the filing and on
// the dossier's: no answer within hours is promised before the fee has come.
func TestNoAnswerIsPromisedBeforeTheFee(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		box, ok := c.Mail.(*mail.Recorder)
		if !ok {
			t.Fatal("the test's city does not record its mail")
		}
		for lang, w := range map[string]struct{ who, first, never, page string }{
			"vi": {"citizen", "chờ bạn nộp phí, lệ phí. Khi phí đã nộp đủ, bộ phận một cửa trả lời trong 8 giờ làm việc", "Bộ phận một cửa sẽ trả lời trong 8 giờ làm việc", "8 giờ làm việc từ khi nộp đủ"},
			"en": {"citizen2", "waits for you to pay its fee. When it is paid in full the one-stop shop answers within 8 working hours", "has reached the one-stop shop, which answers", "within 8 working hours of the payment"},
		} {
			about := extracts()
			to := lang + "@vidu.example"
			about["applicant"] = map[string]any{"name": "Trần Thị Lụa", "phone": "0912 000 021", "email": to}
			b := &bench{c, t, c.As(w.who).In(lang).Post("/api/v1/dossiers", about).Want(201).Text("code")}
			c.Eventually("the letter in "+lang, func() bool {
				return slices.ContainsFunc(box.Sent(), func(m mail.Message) bool { return m.To == to && strings.Contains(m.Text, w.first) })
			})
			for _, m := range box.Sent() {
				if m.To == to && strings.Contains(m.Text, w.never) {
					t.Errorf("a letter promises: %s", m.Text)
				}
			}
			page := "/dossiers/" + b.code
			if got := string(c.As(w.who).In(lang).Get(page).Want(200).Body); !strings.Contains(got, w.page) {
				t.Errorf("%s in %s does not say that no term runs", page, lang)
			}
			draft := apply.Draft{Code: b.code, Access: c.Dossiers.AccessKey(b.code)}
			if at, err := c.Apply.FeePage(t.Context(), draft); err != nil || at != c.Payments.Link(b.order().ID) {
				t.Errorf("the page of the fee is %q, %v", at, err)
			}
			b.transfer("FT-"+lang, 200_000)
			c.Eventually("the dossier goes on", func() bool { return b.dossier().UnpaidAt.IsZero() })
			if got := string(c.As(w.who).In(lang).Get(page).Want(200).Body); strings.Contains(got, w.page) {
				t.Errorf("%s in %s says of a paid dossier that no term runs", page, lang)
			}
			if at, err := c.Apply.FeePage(t.Context(), draft); err != nil || at != "" {
				t.Errorf("paid, the page of the fee is %q, %v", at, err)
			}
		}
	}, opened, citytest.With(paying))
}
