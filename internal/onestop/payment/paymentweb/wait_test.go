package paymentweb_test

import (
	"strings"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/process"
)

// paying is a city that takes payments.
func paying(cfg *app.Config) {
	cfg.Payments = app.Payments{BankSecret: "b", GatewaySecret: "g", Gateway: "https://gateway.example/pay", Invented: true}
}

var opened = citytest.At(clock.MustDate("2026-11-19").At(9, 0))

// bench is a city with a dossier whose fee is due.
type bench struct {
	*citytest.City
	t    *testing.T
	code string
}

func filed(t *testing.T, c *citytest.City) *bench {
	t.Helper()
	return &bench{c, t, c.As("citizen").Post("/api/v1/dossiers", business()).Want(201).Text("code")}
}

func (b *bench) dossier() dossier.Dossier {
	b.t.Helper()
	d, _, err := b.Dossiers.Find(b.t.Context(), b.code, dossier.Viewer{Key: b.Dossiers.AccessKey(b.code)})
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

func (b *bench) order() payment.Order {
	b.t.Helper()
	d := b.dossier()
	all, err := b.Payments.ForSource(b.t.Context(), payment.Source{Type: dossier.SubjectType, ID: int64(d.ID)})
	if err != nil || len(all) != 1 {
		b.t.Fatalf("%d orders, %v", len(all), err)
	}
	return all[0]
}

// transfer lets the bank tell of money.
func (b *bench) transfer(ref string, amount int64) {
	b.t.Helper()
	o := b.order()
	payee, _ := b.Payments.Payees.Payee(o.Unit)
	n := payment.Notice{Way: payment.ByBank, External: ref, Amount: amount, Reference: o.Reference, Account: payee.Account, At: b.Clock.Now()}
	for range 2 { // banks tell twice
		if _, err := b.Payments.Take(b.t.Context(), n, payment.Origin{Via: "notice"}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// task is the place of the dossier on the clerk's list, and the task's version.
func (b *bench) task() (at string, list citytest.Answer) {
	b.t.Helper()
	list = b.As("clerk").Get("/api/v1/tasks?limit=200")
	for i := 0; ; i++ {
		at = "items." + string(rune('0'+i))
		switch list.Text(at + ".dossier") {
		case "":
			b.t.Fatal("the clerk has no task")
		case b.code:
			return at, list
		}
	}
}

func (b *bench) act(action string, answers map[string]any) citytest.Answer {
	b.t.Helper()
	at, list := b.task()
	return b.As("clerk").Post("/api/v1/tasks/"+list.Text(at+".id")+"/complete", map[string]any{"version": number(list.Text(at + ".version")), "action": action, "answers": answers})
}

// A fee that is due when a dossier is filed: nothing runs against the office before it is paid, and
// lists, search and the API say that it waits. The term of three days begins with the acceptance.
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
		c.Pass(5 * 24 * time.Hour) // the one-stop's own term of 8 hours would be long over
		now := c.Clock.Now()
		for _, p := range []string{"/desk/queue?state=financial", "/desk/search?q=" + b.code, "/dossiers/" + b.code} {
			who := c.As("clerk")
			if strings.HasPrefix(p, "/dossiers") {
				who = c.As("citizen")
			}
			if page := string(who.Get(p).Want(200).Body); !strings.Contains(page, b.code) || !strings.Contains(page, "phí") {
				t.Errorf("%s does not show what waits for a payment", p)
			}
		}
		if page := string(c.As("clerk").Get("/desk/queue?due=late").Want(200).Body); strings.Contains(page, b.code) {
			t.Error("the clerk is late with what nobody paid")
		}
		b.transfer("FT1", 150_000)
		c.Eventually("the dossier goes on", func() bool { return b.dossier().UnpaidAt.IsZero() })
		d := b.dossier()
		if d.State != process.Submitted || !d.PausedAt.IsZero() || !d.ReceiveBy.After(now) {
			t.Errorf("paid: %s, the one-stop has time until %s, now %s", d.State, d.ReceiveBy, now)
		}
		if at, list := b.task(); list.Text(at+".state") != "submitted" {
			t.Errorf("after the payment the clerk's list says %q", list.Text(at+".state"))
		}
		b.act("accept", nil).Want(200)
		d = b.dossier()
		if want := c.Holidays.City(); want.WorkingDays(clock.DateOf(c.Clock.Now()), clock.DateOf(d.DueAt)) != 3 {
			t.Errorf("accepted at %s, due %s", c.Clock.Now(), d.DueAt)
		}
		kinds := map[string]int{}
		for _, e := range timeline(t, c, b.code) {
			kinds[e]++
		}
		if kinds[dossier.KindFeePaid] != 1 {
			t.Errorf("the timeline tells of the payment %d times", kinds[dossier.KindFeePaid])
		}
	}, opened, citytest.With(paying))
}

func timeline(t *testing.T, c *citytest.City, code string) (kinds []string) {
	t.Helper()
	var out struct{ Items []struct{ Kind string } }
	c.As("citizen").Get("/api/v1/dossiers/" + code + "/timeline").Want(200).Into(&out)
	for _, e := range out.Items {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// Who pays and is acted on at once does not wait for anything in the background; and an order whose
// time is over does not let the dossier go on unpaid.
func TestAnActTakesThePaymentAlong(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := filed(t, c)
		b.transfer("FT1", 150_000)
		b.act("accept", nil).Want(200)
		if d := b.dossier(); d.State != process.Accepted || !d.UnpaidAt.IsZero() || d.DueAt.IsZero() {
			t.Errorf("accepted: %s, unpaid since %s, due %s", d.State, d.UnpaidAt, d.DueAt)
		}

		late := filed(t, c)
		c.Pass(61 * 24 * time.Hour)
		if err := c.Payments.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if o := late.order(); o.State != payment.Expired {
			t.Fatalf("the order is %s", o.State)
		}
		if a := late.act("accept", nil); a.Status != 409 {
			t.Errorf("accepted unpaid, after the time to pay was over: %d", a.Status)
		}
		late.act("refuse", map[string]any{"ground": "notCompleted", "reason": "Không nộp lệ phí trong thời hạn"}).Want(200)
	}, opened, citytest.With(paying))
}
