package paymentweb_test

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"mime/multipart"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/web"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/process"
)

// Whoever reads a reference out is helped at once: typed in any case and with spaces it leads to the
// payment, for officers of its unit alone; what names nothing stays in its box, with what to do.
func TestAPaymentIsFoundByItsReference(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		o := filed(t, c).order()
		find := func(login, text string) citytest.Answer {
			return c.Login(login).Get("/desk/payments?q=" + url.QueryEscape(text))
		}
		ref := o.Reference
		for _, text := range []string{ref, strings.ToLower(ref), "  " + ref[:3] + " " + ref[3:9] + " " + ref[9:] + " ", "nop phi " + ref + " ho so"} {
			for _, login := range []string{"motcua", "taichinh", "kiemtra"} {
				if at := find(login, text).Want(303).Header.Get("Location"); at != "/desk/payments/"+o.ID.String() {
					t.Errorf("%s finds %q at %s", login, text, at)
				}
			}
		}
		mistyped := ref[:5] + "0" + ref[6:]
		if mistyped == ref {
			mistyped = ref[:5] + "1" + ref[6:]
		}
		for _, x := range []struct{ login, text string }{{"motcua", mistyped}, {"motcua", o.Source.Code}, {"motcua", "KHP"}, {"noivu.motcua", ref}} {
			page := string(find(x.login, x.text).Want(200).Body)
			if !strings.Contains(page, "Hãy xem lại từng chữ") || !strings.Contains(page, `value="`+x.text+`"`) {
				t.Errorf("%s looks for %q: nothing says what to do, or what was typed is gone", x.login, x.text)
			}
			if strings.Contains(page, o.ID.String()) && x.login != "motcua" {
				t.Errorf("%s sees another unit's payment", x.login)
			}
		}
		c.Login("noivu.motcua").Get("/desk/payments/" + o.ID.String()).Want(404)
		find("0912000001", ref).Want(403) // the payer has a page of their own
	}, opened, citytest.With(paying))
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// press sends the form of a page that goes to an address, with what the page holds and nothing else,
// as a browser without JavaScript does.
func press(t *testing.T, who citytest.Actor, page, action string) citytest.Answer {
	t.Helper()
	_, form, ok := strings.Cut(page, `action="`+action+`"`)
	if !ok {
		t.Fatalf("the page has no form for %s", action)
	}
	form, _, _ = strings.Cut(form, "</form>")
	values := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(form, -1) {
		values.Set(m[1], html.UnescapeString(m[2]))
	}
	if m := regexp.MustCompile(`<button[^>]* name="([^"]+)" value="([^"]*)"`).FindStringSubmatch(form); m != nil {
		values.Set(m[1], m[2])
	}
	return who.Do("POST", action, []byte(values.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
}

// The button for a new code works as the page holds it, without JavaScript: on the payer's page by its
// link, on the dossier's by the dossier's key, and at the desk. Nobody gets one for an order whose link
// they do not have, by the link of another, or as an officer of another unit.
func TestTheButtonOfANewCode(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		for _, way := range []string{"link", "dossier", "desk"} {
			b := filed(t, c)
			old := b.expire()
			renew := "/pay/" + old.ID.String() + "/renew"
			other := c.Payments.Key(old.ID + 1)
			for _, who := range []citytest.Actor{c.Visitor(), c.As("citizen2"), c.Login("noivu.motcua")} {
				who.Get("/pay/" + old.ID.String() + "?key=" + other).Want(404)
				send(who, renew, web.NewKey(), "key", other).Want(404)
			}
			send(c.Login("noivu.motcua"), "/desk/payments/"+old.ID.String(), web.NewKey(), "do", "renew").Want(404)
			send(c.As("citizen"), "/desk/payments/"+old.ID.String(), web.NewKey(), "do", "renew").Want(403)
			if n := len(b.orders()); n != 1 {
				t.Fatalf("strangers made %d orders", n)
			}
			var a citytest.Answer
			switch way {
			case "link":
				a = press(t, c.Visitor(), read(t, c.Visitor(), c.Payments.Link(old.ID)), renew)
			case "dossier":
				a = press(t, c.Visitor(), read(t, c.Visitor(), "/dossiers/"+b.code+"?k="+c.Dossiers.AccessKey(b.code)), renew)
			case "desk":
				page := "/desk/payments/" + old.ID.String()
				a = press(t, c.As("clerk"), read(t, c.As("clerk"), page), page)
			}
			all := b.orders()
			if a.Want(303); len(all) != 2 || all[1].State != payment.Open {
				t.Fatalf("by the %s: %+v", way, all)
			}
			is, at := all[1], a.Header.Get("Location")
			if want := map[string]string{"link": c.Payments.Link(is.ID), "dossier": c.Payments.Link(is.ID), "desk": "/desk/payments/" + is.ID.String()}[way]; at != want {
				t.Errorf("by the %s one comes to %s, not %s", way, at, want)
			}
			// The old pages lead to the new one, and say so in words.
			for p, who := range map[string]citytest.Actor{c.Payments.Link(old.ID): c.Visitor(), "/desk/payments/" + old.ID.String(): c.As("clerk")} {
				for _, lang := range []string{"vi", "en"} {
					if page := read(t, who.In(lang), p); !strings.Contains(page, "/"+is.ID.String()) || strings.Contains(page, renew) {
						t.Errorf("%s in %s does not lead to the new payment, or offers another", p, lang)
					}
				}
			}
		}
	}, opened, citytest.With(paying))
}

// A part that came late is no excess: what is missing is said, to payer and cashier, and nobody is led to
// pay back "the excess" of a fee that is still owed.
func TestAPartThatCameLateIsNoExcess(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := filed(t, c)
		o := b.expire()
		b.transferTo(o, "FT1", 16_000)
		for p, who := range map[string]citytest.Actor{c.Payments.Link(o.ID): c.Visitor(), "/desk/payments/" + o.ID.String(): c.As("clerk")} {
			page := read(t, who.In("vi"), p)
			if !strings.Contains(page, "Còn thiếu") || !strings.Contains(page, "184.000 đồng") || strings.Contains(page, "hừa") {
				t.Errorf("%s does not say that a part is missing, or speaks of an excess", p)
			}
		}
		if page := read(t, c.As("clerk").In("vi"), "/desk/payments/"+o.ID.String()); !strings.Contains(page, "Đề nghị hoàn tất cả 16.000 đồng") {
			t.Error("the money cannot be given back")
		}
	}, opened, citytest.With(paying))
}

// stuck makes every change of a table's rows miss until it is let go, as if somebody else were first
// each time.
func stuck(t *testing.T, c *citytest.City, table string) (letGo func()) {
	t.Helper()
	put, drop := []string{`CREATE TRIGGER stuck BEFORE UPDATE ON ` + table + ` BEGIN SELECT RAISE(IGNORE); END`}, `DROP TRIGGER stuck`
	if !c.DB.SingleWriter() {
		put = []string{`CREATE OR REPLACE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`, `CREATE TRIGGER stuck BEFORE UPDATE ON ` + table + ` FOR EACH ROW EXECUTE FUNCTION stuck()`}
		drop += ` ON ` + table
	}
	do := func(all ...string) {
		t.Helper()
		if err := c.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
			for _, sql := range all {
				if err := tx.Exec(sql); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	do(put...)
	return func() { t.Helper(); do(drop) }
}

// Who loses each race for a payment is told to look and try again, in place of a fault of the program:
// nothing was done, and the same button does it afterwards. Banks are told to come again.
func TestALostRaceIsNoFault(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := filed(t, c)
		o, clerk := b.order(), c.As("clerk")
		desk := "/desk/payments/" + o.ID.String()
		send(clerk, "/desk/cash", web.NewKey(), "do", "open", "float", "500.000").Want(303)
		letGo := stuck(t, c, "payment_order")
		key := web.NewKey()
		for lang, says := range map[string]string{"vi": "Hãy xem lại trạng thái rồi thử lại", "en": "Look at how it stands and try again"} {
			if a := send(clerk.In(lang), desk, key, "do", "cash").Want(409); !strings.Contains(string(a.Body), says) {
				t.Errorf("in %s the cashier is told: %s", lang, a.Body)
			}
		}
		at := c.Clock.Now()
		payee, _ := c.Payments.Payees.Payee(o.Unit)
		body := payment.BankBody(payment.Notice{Way: payment.ByBank, External: "FT1", Amount: 50_000, Account: payee.Account, At: at}, o.Reference)
		notice := func() citytest.Answer {
			return c.Visitor().Do("POST", "/payment/notices/bank", body, map[string]string{"Content-Type": "application/json", "Khue-Signature": payment.SignBank([]byte("b"), at, body)})
		}
		if a := notice().Want(503); a.Header.Get("Retry-After") == "" {
			t.Error("the bank is not told when to come again")
		}
		if a := b.act("refuse", map[string]any{"ground": "notEntitled", "reason": "Không nộp lệ phí trong thời hạn"}).Want(409); !strings.Contains(string(a.Body), "thử lại") {
			t.Errorf("who ends the dossier is told: %s", a.Body)
		}
		if o = b.order(); o.State != payment.Open || o.Held() != 0 || b.dossier().State != process.Submitted {
			t.Fatalf("half of it was done: %+v", o)
		}
		letGo()
		notice().Want(200)
		send(clerk, desk, key, "do", "cash").Want(303)
		if o = b.order(); o.State != payment.Paid || o.Got[payment.ByCash] != 150_000 || o.Got[payment.ByBank] != 50_000 {
			t.Errorf("afterwards: %+v", o)
		}

		late := filed(t, c)
		old := late.expire()
		renew := "/pay/" + old.ID.String() + "/renew"
		letGo = stuck(t, c, "payment_order")
		if a := send(c.As("citizen").In("vi"), renew, key, "key", "").Want(409); !strings.Contains(string(a.Body), "thử lại") {
			t.Errorf("who wants a new code is told: %s", a.Body)
		}
		c.As("citizen").Post("/api/v1/payments/"+old.ID.String()+"/renew", nil).Want(409)
		letGo()
		if n := len(late.orders()); n != 1 {
			t.Fatalf("%d orders after lost races", n)
		}
		send(c.As("citizen"), renew, key, "key", "").Want(303)
	}, opened, citytest.With(paying))
}

// A statement is imported on any page and seen on its own day, a day is found by typing it, and one
// that is none is said to be none.
func TestADayIsFound(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		o := filed(t, c).order()
		payee, _ := c.Payments.Payees.Payee(o.Unit)
		c.Pass(24 * time.Hour)
		var form bytes.Buffer
		m := multipart.NewWriter(&form)
		_ = m.WriteField("_key", web.NewKey())
		_ = m.WriteField("unit", o.Unit.String())
		_ = m.WriteField("day", clock.DateOf(c.Clock.Now()).String())
		w, err := m.CreateFormFile("file", "saoke.csv")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(w, "account,date,reference,credit,description\n%s,2026-11-19,FT1,200000,%s\n%s,2026-11-18,FT2,900000,chuyen tien\n", payee.Account, o.Reference, payee.Account)
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		clerk := c.As("clerk")
		page := string(clerk.Do("POST", "/desk/reconcile", form.Bytes(), map[string]string{"Content-Type": m.FormDataContentType(), "Accept": "text/html"}).Want(200).Body)
		for _, want := range []string{"Đối soát ngày 19/11/2026", "18/11/2026 – 19/11/2026, 2 dòng", "1 khoản được ghi nhờ sao kê", "FT1"} {
			if !strings.Contains(page, want) {
				t.Errorf("after the import the page does not say %q", want)
			}
		}
		day := func(status int, d, m, y string) string {
			t.Helper()
			return string(clerk.Get("/desk/reconcile?at.day=" + d + "&at.month=" + m + "&at.year=" + y).Want(status).Body)
		}
		if page := day(200, "18", "11", "2026"); !strings.Contains(page, "Đối soát ngày 18/11/2026") || !strings.Contains(page, "900.000") || !strings.Contains(page, `href="/desk/suspense?unit=`) {
			t.Error("the day before does not show the money that nobody knows, or leads nowhere")
		}
		for _, bad := range [][3]string{{"31", "11", "2026"}, {"1", "1", "2030"}, {"a", "11", "2026"}, {"", "11", "2026"}} {
			if page := day(422, bad[0], bad[1], bad[2]); !strings.Contains(page, "Hãy nhập một ngày không sau 20/11/2026") || !strings.Contains(page, `value="`+bad[2]+`"`) {
				t.Errorf("%v: nothing says what is wrong, or what was typed is gone", bad)
			}
		}
		clerk.Get("/desk/reconcile?day=gestern").Want(404)
	}, opened, citytest.With(paying))
}
