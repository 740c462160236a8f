package paymentweb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/process"
)

// A fee that is due when a dossier is filed: nothing runs against the office before it is paid, and
// lists, search and the API say that it waits. The term, that same day, begins with the acceptance.
func TestNoTermRunsBeforeTheFeeIsPaid(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := filed(t, c)
		if d := b.dossier(); d.State != process.Submitted || d.UnpaidAt.IsZero() || d.PausedAt.IsZero() {
			t.Fatalf("filed: %s, unpaid since %s, the count stands since %s", d.State, d.UnpaidAt, d.PausedAt)
		}
		api := c.As("citizen").Get("/api/v1/dossiers/" + b.code).Want(200)
		if api.Text("unpaidSince") == "" {
			t.Errorf("the API does not say that the fee is due: %s", api.Body)
		}
		if at, list := b.task(); list.Text(at+".state") != "financial" {
			t.Errorf("the clerk's list says %q", list.Text(at+".state"))
		}
		c.Pass(6 * 24 * time.Hour) // to a working day; the one-stop's own term of 8 hours would be long over
		now := c.Clock.Now()
		for _, p := range []string{"/desk/queue?state=financial", "/desk/search?q=" + b.code, "/dossiers/" + b.code} {
			who := c.As("clerk")
			if strings.HasPrefix(p, "/dossiers") {
				who = c.As("citizen")
			}
			if page := string(who.Get(p).Want(200).Body); !strings.Contains(page, b.code) || !strings.Contains(page, "Chờ nộp phí") && !strings.Contains(page, "chờ bạn nộp") {
				t.Errorf("%s does not show what waits for a payment", p)
			}
		}
		if page := string(c.As("clerk").Get("/desk/queue?due=late").Want(200).Body); strings.Contains(page, b.code) {
			t.Error("the clerk is late with what nobody paid")
		}
		if page := read(t, c.As("clerk").In("vi"), "/desk/dossiers/"+b.code); !strings.Contains(page, "Phí chưa nộp, thời hạn chưa tính") || strings.Contains(page, "Trễ ") {
			t.Error("the clerk's page counts a term that does not run")
		}
		b.transfer("FT1", 200_000)
		b.goesOn()
		d := b.dossier()
		if d.State != process.Submitted || !d.PausedAt.IsZero() || !d.ReceiveBy.After(now) {
			t.Errorf("paid: %s, the one-stop has time until %s, now %s", d.State, d.ReceiveBy, now)
		}
		if at, list := b.task(); list.Text(at+".state") != "submitted" {
			t.Errorf("after the payment the clerk's list says %q", list.Text(at+".state"))
		}
		b.act("accept", noExemption).Want(200)
		d = b.dossier()
		if clock.DateOf(d.DueAt) != clock.DateOf(c.Clock.Now()) {
			t.Errorf("accepted at %s, due %s", c.Clock.Now(), d.DueAt)
		}
		if n := b.told(dossier.KindFeePaid); n != 1 {
			t.Errorf("the timeline tells of the payment %d times", n)
		}
	}, opened, citytest.With(paying))
}

// Who pays and is acted on at once does not wait for anything in the background; and an order whose
// time is over does not let the dossier go on unpaid.
func TestAnActTakesThePaymentAlong(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := filed(t, c)
		b.transfer("FT1", 200_000)
		b.act("accept", noExemption).Want(200)
		if d := b.dossier(); d.State != process.Accepted || !d.UnpaidAt.IsZero() || d.DueAt.IsZero() {
			t.Errorf("accepted: %s, unpaid since %s, due %s", d.State, d.UnpaidAt, d.DueAt)
		}

		late := filed(t, c)
		late.expire()
		if a := late.act("accept", noExemption); a.Status != 409 {
			t.Errorf("accepted unpaid, after the time to pay was over: %d", a.Status)
		}
		late.act("refuse", map[string]any{"ground": "untrue", "reason": "Không nộp lệ phí trong thời hạn"}).Want(200)
	}, opened, citytest.With(paying))
}

// The payer is told of each event once, in their inbox and by mail in their language: what to pay,
// how and until when; that some came, and what is missing; that too much came; that it went back.
func TestThePayerIsToldOnceOfEachEvent(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		box, ok := c.Mail.(*mail.Recorder)
		if !ok {
			t.Fatal("the test's city does not record its mail")
		}
		c.Listens("dossier.fees", "dossier.feeNotices")
		b := filedBy(t, c, c.As("citizen").In("vi"), map[string]any{"name": "Trần Thị Lụa", "phone": "0912 000 021", "email": "lua@vidu.example"})
		o := b.order()
		letters := func(title string) (out []mail.Message) {
			var list struct {
				Items []struct{ Title, Link string }
			}
			c.As("citizen").In("vi").Get("/api/v1/inbox").Want(200).Into(&list)
			n := 0
			for _, e := range list.Items {
				if e.Title == title {
					n++
				}
			}
			if n > 1 {
				t.Errorf("the inbox says %d times: %s", n, title)
			}
			if n == 0 {
				return nil
			}
			for _, m := range box.Sent() {
				if strings.Contains(m.Text, c.Payments.Key(o.ID)) {
					out = append(out, m)
				}
			}
			return out
		}
		told := func(n int, title string, holds ...string) {
			t.Helper()
			c.Eventually(title, func() bool { return len(letters(title)) >= n })
			all := letters(title)
			if len(all) != n {
				t.Fatalf("%d letters, want %d", len(all), n)
			}
			for _, h := range holds {
				if !strings.Contains(all[n-1].Text, h) {
					t.Errorf("the letter does not say %s: %s", h, all[n-1].Text)
				}
			}
			if strings.Contains(all[n-1].Subject, "Lụa") || strings.Contains(all[n-1].Subject, "đồng") {
				t.Errorf("subject %q", all[n-1].Subject)
			}
		}
		c.Eventually("the first letter", func() bool { return len(letters("Hồ sơ "+b.code+": đề nghị nộp 200.000 đồng")) == 1 })
		if text := letters("Hồ sơ " + b.code + ": đề nghị nộp 200.000 đồng")[0].Text; strings.Contains(text, "{") {
			t.Errorf("a place in the letter is not filled: %s", text)
		}
		told(1, "Hồ sơ "+b.code+": đề nghị nộp 200.000 đồng", o.Reference, "VietQR", "gateway.example", "một cửa", "18/01/2027")
		b.transfer("FT1", 50_000)
		told(2, "Hồ sơ "+b.code+": mới nhận 50.000 đồng, còn thiếu 150.000 đồng", "không nộp lại từ đầu")
		b.transfer("FT2", 170_000)
		told(3, "Hồ sơ "+b.code+": đã nhận đủ và thừa 20.000 đồng", "hoàn lại")
		head, other := as(t, 9, "head", "clerk"), as(t, 8, "clerk")
		if _, err := c.Payments.AskRefund(other, o.ID, false, "Nộp thừa tiền", "k-ask-0001"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Payments.ApproveRefund(head, o.ID, "k-approve-1"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Payments.PayOut(other, o.ID, payment.ByBank, "FT-OUT-1", "k-out-0001"); err != nil {
			t.Fatal(err)
		}
		told(4, "Hồ sơ "+b.code+": đã hoàn lại 20.000 đồng")
		// The entries come again: nothing is told again.
		rs, err := c.Journal.BySubject(t.Context(), journal.Subject{Type: payment.SubjectType, ID: int64(o.ID)}, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range c.Dossiers.Module().Followers {
			for _, r := range rs {
				if f.Name != "dossier.feeNotices" {
					continue
				}
				if err := c.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return f.Fn(ctx, tx, r) }); err != nil {
					t.Fatal(err)
				}
			}
		}
		told(4, "Hồ sơ "+b.code+": đã hoàn lại 20.000 đồng")

		// In English, received in full, with the receipt.
		en := filedBy(t, c, c.As("citizen2").In("en"), map[string]any{"name": "Ann Smith", "phone": "0912 000 022", "email": "ann@vidu.example"})
		en.transfer("FT9", 200_000)
		c.Eventually("the receipt in English", func() bool {
			for _, m := range box.Sent() {
				if m.To == "ann@vidu.example" && strings.Contains(m.Text, "200,000") && strings.Contains(m.Text, c.Payments.ReceiptLink(en.order().ID)) {
					return true
				}
			}
			return false
		})
		if a := c.Visitor().Get(c.Payments.ReceiptLink(en.order().ID)).Want(200); !strings.HasPrefix(string(a.Body), "%PDF") {
			t.Error("the receipt's link leads to no receipt")
		}
	}, opened, citytest.With(paying))
}

// Other systems read what is to be paid and how: the payer, officers of the unit, the bearer of a
// link or of the dossier's key; nobody else.
func TestPaymentsOverTheAPI(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := filed(t, c)
		o := b.order()
		list := "/api/v1/dossiers/" + b.code + "/payments"
		one := "/api/v1/payments/" + o.ID.String()
		for _, who := range []citytest.Actor{c.As("citizen"), c.As("clerk")} {
			got := who.Get(list).Want(200)
			if got.Text("items.0.reference") != o.Reference || got.Text("items.0.due") != "200000" || got.Text("items.0.payer") != "Trần Thị Lụa" {
				t.Errorf("the orders of the dossier: %s", got.Body)
			}
			if a := who.Get(one).Want(200); a.Text("state") != "open" || a.Text("page") != c.Payments.Link(o.ID) {
				t.Errorf("the order: %s", a.Body)
			}
		}
		byKey := c.Visitor().Get(list + "?accessKey=" + c.Dossiers.AccessKey(b.code)).Want(200)
		if byKey.Text("items.0.reference") != o.Reference || byKey.Text("items.0.payer") != "" {
			t.Errorf("by the dossier's key: %s", byKey.Body)
		}
		if a := c.Visitor().Get(one + "?accessKey=" + c.Payments.Key(o.ID)).Want(200); a.Text("payer") != "" {
			t.Errorf("the bearer of a link is told a name: %s", a.Body)
		}
		for _, path := range []string{list, one, one + "?accessKey=x"} {
			c.Visitor().Get(path).Want(404)
			c.As("citizen2").Get(path).Want(404)
		}
		bank := c.As("citizen").Post(one+"/ways", map[string]any{"way": "bank"}).Want(200)
		if q, err := payment.ParseQR(bank.Text("qr")); err != nil || q.Amount != 200_000 || q.Purpose != o.Reference || bank.Text("gateway") != "" {
			t.Errorf("by transfer: %s", bank.Body)
		}
		if a := c.As("citizen").Post(one+"/ways", map[string]any{"way": "gateway"}).Want(200); !strings.HasPrefix(a.Text("gateway"), "https://gateway.example/pay?") || a.Text("qr") != "" {
			t.Errorf("by the gateway: %s", a.Body)
		}
		c.As("citizen").Post(one+"/ways", map[string]any{"way": "shells"}).Want(422)
		c.As("citizen2").Post(one+"/ways", map[string]any{"way": "bank"}).Want(404)
		b.transfer("FT1", 200_000)
		c.As("citizen").Post(one+"/ways", map[string]any{"way": "bank"}).Want(409)
		if a := c.As("citizen").Get(one).Want(200); a.Text("state") != "paid" || a.Text("receipt") == "" || a.Text("paidAt") == "" {
			t.Errorf("paid: %s", a.Body)
		}
		if doc := c.Visitor().Get("/api/openapi.json").Want(200); !strings.Contains(string(doc.Body), `"startPayment"`) || !strings.Contains(string(doc.Body), `"dossierPayments"`) {
			t.Error("the API's document does not name the operations")
		}
	}, opened, citytest.With(paying))
}

// Money whose purpose names nothing is listed for the cashier, and given to its order by two.
func TestSuspenseOnPages(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := filed(t, c)
		o := b.order()
		b.bankTells(o, payment.Notice{External: "FT77", Amount: 200_000, Text: "TRAN THI LUA nop tien"})
		head := as(t, 9, "head")
		all, err := c.Payments.Suspense(head, o.Unit)
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		clerk, page := c.As("clerk"), "/desk/suspense/"+all[0].ID.String()
		for _, p := range []string{"/desk/suspense", page} {
			for _, l := range []string{"vi", "en"} {
				if a := clerk.In(l).Get(p).Want(200); !strings.Contains(string(a.Body), "FT77") || !strings.Contains(string(a.Body), "TRAN THI LUA") {
					t.Errorf("%s does not show the money", p)
				}
			}
		}
		c.As("citizen").Get(page).Want(403)
		asks := func(status int, kv ...string) citytest.Answer {
			return send(clerk, page, web.NewKey(), kv...).Want(status)
		}
		if a := asks(422, "do", "assign", "reference", "KHP1", "why", "Giấy báo có của ngân hàng"); !strings.Contains(string(a.Body), "Giấy báo có của ngân hàng") {
			t.Error("what was typed is lost")
		}
		asks(303, "do", "assign", "reference", o.Reference, "why", "Giấy báo có của ngân hàng")
		asks(403, "do", "decide")
		if err := c.Payments.DecideMoney(head, all[0].ID, "decide-0001"); err != nil {
			t.Fatal(err)
		}
		if o = b.order(); o.State != payment.Paid {
			t.Errorf("the order is %s", o.State)
		}
		b.goesOn()
	}, opened, citytest.With(paying))
}
