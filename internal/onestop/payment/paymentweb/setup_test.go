package paymentweb_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/payment"
)

// paying is a city that takes payments.
func paying(cfg *app.Config) {
	cfg.Payments = app.Payments{BankSecret: "b", GatewaySecret: "g", Gateway: "https://gateway.example/pay", Invented: true}
}

var opened = citytest.At(clock.MustDate("2026-11-19").At(9, 0))

// as is an officer of every unit, as the services know one.
func as(t *testing.T, account int64, roles ...string) context.Context {
	t.Helper()
	sub := auth.Subject{Account: account, Name: roles[0], Kind: auth.KindOfficer}
	for _, r := range roles {
		sub.Grants = append(sub.Grants, auth.Grant{Role: r, Scope: auth.Everywhere})
	}
	return auth.With(t.Context(), sub)
}

// bench is a city with a dossier whose fee is due.
type bench struct {
	*citytest.City
	t    *testing.T
	code string
}

func filed(t *testing.T, c *citytest.City) *bench {
	t.Helper()
	return filedBy(t, c, c.As("citizen"), nil)
}

// filedBy is filed with other facts of the applicant; nil leaves them.
func filedBy(t *testing.T, c *citytest.City, who citytest.Actor, applicant map[string]any) *bench {
	t.Helper()
	about := extracts()
	if applicant != nil {
		about["applicant"] = applicant
	}
	return &bench{c, t, who.Post("/api/v1/dossiers", about).Want(201).Text("code")}
}

func (b *bench) dossier() dossier.Dossier {
	b.t.Helper()
	d, _, err := b.Dossiers.Find(b.t.Context(), b.code, dossier.Viewer{Key: b.Dossiers.AccessKey(b.code)})
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// orders are all orders of the dossier, the oldest first.
func (b *bench) orders() []payment.Order {
	b.t.Helper()
	all, err := b.Payments.ForSource(b.t.Context(), payment.Source{Type: dossier.SubjectType, ID: int64(b.dossier().ID)})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

// order is the only one.
func (b *bench) order() payment.Order {
	b.t.Helper()
	all := b.orders()
	if len(all) != 1 {
		b.t.Fatalf("%d orders", len(all))
	}
	return all[0]
}

// transfer lets the bank tell of money for the order.
func (b *bench) transfer(ref string, amount int64) {
	b.t.Helper()
	b.transferTo(b.order(), ref, amount)
}

// transferTo lets the bank tell of money by the code of an order.
func (b *bench) transferTo(o payment.Order, ref string, amount int64) {
	b.t.Helper()
	b.bankTells(o, payment.Notice{External: ref, Amount: amount, Reference: o.Reference})
}

// bankTells lets the bank of an order's unit tell, twice as banks do.
func (b *bench) bankTells(o payment.Order, n payment.Notice) {
	b.t.Helper()
	payee, _ := b.Payments.Payees.Payee(o.Unit)
	n.Way, n.Account, n.At = payment.ByBank, payee.Account, b.Clock.Now()
	for range 2 {
		if _, err := b.Payments.Take(b.t.Context(), n, payment.Origin{Via: "notice"}); err != nil {
			b.t.Fatal(err)
		}
	}
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

// goesOn waits until the dossier has heard of the payment.
func (b *bench) goesOn() {
	b.t.Helper()
	b.Eventually("the dossier goes on", func() bool { return b.dossier().UnpaidAt.IsZero() })
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

// told counts the entries of a kind on the dossier's timeline.
func (b *bench) told(kind string) (n int) {
	b.t.Helper()
	var out struct{ Items []struct{ Kind string } }
	b.As("citizen").Get("/api/v1/dossiers/" + b.code + "/timeline").Want(200).Into(&out)
	for _, e := range out.Items {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// send posts a form without JavaScript.
func send(who citytest.Actor, path, key string, kv ...string) citytest.Answer {
	form := url.Values{"_key": {key}}
	for i := 0; i < len(kv); i += 2 {
		form.Set(kv[i], kv[i+1])
	}
	return who.Do("POST", path, []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
}

// read reads a page, on which no text may be missing; that of a dossier leads an officer who holds a
// task of it to the task.
func read(t *testing.T, who citytest.Actor, path string) string {
	t.Helper()
	a := who.Get(path)
	if at := a.Header.Get("Location"); a.Status == 303 && strings.HasPrefix(at, "/desk/tasks/") {
		a = who.Get(at)
	}
	page := string(a.Want(200).Body)
	if i := strings.Index(page, "⟨"); i >= 0 {
		t.Errorf("%s lacks a text: %.80s", path, page[i:])
	}
	return page
}

func number(s string) (n int64) {
	for _, c := range s {
		n = n*10 + int64(c-'0')
	}
	return n
}
