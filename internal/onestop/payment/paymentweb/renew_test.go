package paymentweb_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/web"
	"khue/internal/onestop/apply"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/payment/bankweb"
	"khue/internal/onestop/process"
)

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
					page := strings.Join(strings.Fields(read(t, who.In(lang), p)), " ")
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
		b.transferTo(old, "FT1", 200_000)
		all = b.orders()
		if all[0].State != payment.Replaced || all[0].Held() != 0 || all[1].State != payment.Paid || all[1].Held() != 200_000 {
			t.Errorf("after the money by the old code: %+v", all)
		}
		if a := send(c.As("citizen"), renew, web.NewKey()).Want(409); !strings.Contains(string(a.Body), "đã nộp đủ") {
			t.Errorf("paid, and asked again: %s", a.Body)
		}
		b.goesOn()
		b.act("accept", noExemption).Want(200)
		if n := b.told(dossier.KindFeeAsked); n != 1 {
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
		b.transferTo(old, "FT6", 200_000)
		if again := c.As("citizen").PostAs(key, path(old), nil).Want(200); again.Text("id") != is.Text("id") || again.Text("state") != "paid" {
			t.Errorf("the same key, once it is paid: %s", again.Body)
		}
		c.As("citizen").Post(path(old), nil).Want(409)

		late := filed(t, c)
		old = late.expire()
		late.transfer("FT7", 200_000)
		if a := c.As("citizen").Post(path(old), nil).Want(409); !strings.Contains(string(a.Body), old.Reference) {
			t.Errorf("money that had come is asked for again: %s", a.Body)
		}
		if page := string(c.As("citizen").In("vi").Get("/dossiers/" + late.code).Want(200).Body); strings.Contains(page, "Lấy mã thanh toán mới") || !strings.Contains(page, "Xin đừng nộp lại") {
			t.Error("the page asks again for money that had come")
		}
		if _, err := c.Payments.Reinstate(as(t, 9, "head"), old.ID, "reinstate-1"); err != nil {
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
		for lang, says := range map[string]string{"vi": "Hồ sơ không được tiếp nhận", "en": "The dossier was not accepted"} {
			if page := read(t, c.As("clerk").In(lang), "/desk/payments/"+old.ID.String()); !strings.Contains(page, says) {
				t.Errorf("in %s the desk does not say why the payment was cancelled", lang)
			}
		}
		c.As("citizen").Post(renew, nil).Want(409)
		if page := string(c.As("citizen").In("vi").Get("/pay/" + old.ID.String()).Want(200).Body); strings.Contains(page, "Lấy mã thanh toán mới") {
			t.Error("a dossier that has ended asks for its fee")
		}
		for p, who := range map[string]citytest.Actor{"/dossiers/" + b.code: c.As("citizen"), "/desk/dossiers/" + b.code: c.As("clerk"), "/desk/payments/" + old.ID.String(): c.As("clerk")} {
			if strings.Contains(read(t, who.In("vi"), p), "Lấy mã thanh toán mới") {
				t.Errorf("%s offers a new code for a dossier that has ended", p)
			}
		}
		if _, err := c.Dossiers.Correct(as(t, 9, "chairman"), dossier.Correction{Kind: dossier.CorrectReopen, Dossier: b.code, Step: "receive", Reason: "Từ chối nhầm", Authority: "Quyết định 7/QĐ-UBND", Key: "reopen-0001"}); err != nil {
			t.Fatal(err)
		}
		if page := read(t, c.As("clerk").In("vi"), "/desk/dossiers/"+b.code); !strings.Contains(page, "Lấy mã thanh toán mới") {
			t.Error("the clerk cannot ask for the fee again")
		}
		c.As("clerk").Post(renew, nil).Want(200)
		if d := b.dossier(); d.State != process.Submitted || d.UnpaidAt.IsZero() || d.PausedAt.IsZero() {
			t.Errorf("asked again: %s, unpaid since %s, the count stands since %s", d.State, d.UnpaidAt, d.PausedAt)
		}
		b.act("accept", noExemption).Want(409)
		b.transferTo(b.orders()[1], "FT1", 200_000)
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
			to := lang + "@vidu.example"
			b := filedBy(t, c, c.As(w.who).In(lang), map[string]any{"name": "Trần Thị Lụa", "phone": "0912 000 021", "email": to})
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
			b.goesOn()
			if got := string(c.As(w.who).In(lang).Get(page).Want(200).Body); strings.Contains(got, w.page) {
				t.Errorf("%s in %s says of a paid dossier that no term runs", page, lang)
			}
			if at, err := c.Apply.FeePage(t.Context(), draft); err != nil || at != "" {
				t.Errorf("paid, the page of the fee is %q, %v", at, err)
			}
		}
	}, opened, citytest.With(paying))
}

// Whoever paid the gateway in the last moment, and whose notice was lost, is not asked for the same money
// by a new code: the gateway is asked first, by every code of the fee. One that does not answer keeps
// nobody from paying, and its money counts when it tells.
func TestTheGatewayIsAskedBeforeANewCode(t *testing.T) {
	t.Parallel()
	bank := &bankweb.Bank{GatewaySecret: []byte("g"), BankSecret: []byte("b"), Faults: bankweb.Faults{Lose: 1}}
	var away atomic.Bool
	handler := bank.Handler()
	counter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			http.Error(w, "away", http.StatusBadGateway)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(counter.Close)
	c := citytest.New(t, opened, citytest.With(func(cfg *app.Config) {
		paying(cfg)
		cfg.Payments.GatewayAsk = counter.URL + "/ask"
	}))
	bank.City, bank.Clock = c.URL, c.Clock
	b := filed(t, c)
	to, err := url.Parse(c.Payments.ToPay(b.order()).Gateway)
	if err != nil {
		t.Fatal(err)
	}
	pay := func() {
		t.Helper()
		if _, err := bank.PayGateway(to.Query(), true); err != nil {
			t.Fatal(err)
		}
	}
	old := b.expire()
	renew := "/pay/" + old.ID.String() + "/renew"
	away.Store(true)
	send(c.As("citizen"), renew, web.NewKey()).Want(303)
	second := b.orders()[1]
	c.Pass(61 * 24 * time.Hour)
	away.Store(false)
	if err := c.Payments.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if o := b.orders()[1]; o.State != payment.Expired {
		t.Fatalf("the second order is %s", o.State)
	}
	pay() // by the first code, from a page that stood open all the time
	a := send(c.As("citizen").In("vi"), "/pay/"+second.ID.String()+"/renew", web.NewKey()).Want(409)
	if !strings.Contains(string(a.Body), second.Reference) || !strings.Contains(string(a.Body), "Xin đừng nộp lại") {
		t.Errorf("the payer is told: %s", a.Body)
	}
	if all := b.orders(); len(all) != 2 || all[1].Held() != 200_000 {
		t.Errorf("money that the gateway has is asked for again: %+v", all)
	}
}
