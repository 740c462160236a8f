package paymentweb_test

import (
	"bytes"
	"context"
	"net/url"
	"strings"
	"testing"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/payment/bankweb"
)

// extracts is a filing whose fee of 200,000 đồng is due when it is filed: 25 copies of one entry.
func extracts() map[string]any {
	return map[string]any{
		"service": "hanoi.civil-status.extract", "channel": "online",
		"applicant": map[string]any{"name": "Trần Thị Lụa", "phone": "0912 000 021"},
		"answers": map[string]any{
			"record.event": "birth", "record.commune": "00118", "record.name": "Nguyễn Minh An", "record.dob": "2018-10-01", "request.copies": 25,
			"requester.relation": "parent", "requester.name": "Trần Thị Lụa", "requester.id": "999190000021", "requester.group": "none", "requester.declaration": true,
		},
		"delivery": map[string]any{"method": "counter"},
	}
}

// noExemption is what the clerk says who accepts: there was none to be checked.
var noExemption = map[string]any{"check.group": true}

// The whole way over a bank that forges, doubles and loses: the fee is asked at filing, the clerk
// cannot accept before it is paid, the page to which the gateway returns moves nothing, and what
// was lost is found by the sweep and by the statement.
func TestFromFilingToPaidOverABadBank(t *testing.T) {
	t.Parallel()
	// The city opens at the machine's own time: the bank's notices are signed with it.
	now := clock.System().Now()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := &bankweb.Bank{City: c.URL, BankSecret: []byte("b"), GatewaySecret: []byte("g"), Faults: bankweb.Faults{Lose: 1, Forge: 1}}
		head := auth.With(context.Background(), auth.Subject{Account: 9, Name: "Trưởng phòng", Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "head", Scope: auth.Everywhere}}})
		citizen, clerk := c.As("citizen"), c.As("clerk")
		filed := citizen.Post("/api/v1/dossiers", extracts()).Want(201)
		code := filed.Text("code")
		order := func() payment.Order {
			t.Helper()
			d, _, err := c.Dossiers.Find(head, code, dossier.Viewer{})
			if err != nil {
				t.Fatal(err)
			}
			all, _, err := c.Payments.OfUnit(head, d.Receiving, "", 0)
			if err != nil || len(all) != 1 {
				t.Fatalf("%d orders, %v", len(all), err)
			}
			return all[0]
		}
		o := order()
		if o.Amount != 200_000 || o.Source.Code != code || o.State != payment.Open {
			t.Fatalf("%+v", o)
		}
		track := citizen.Get("/dossiers/" + code).Want(200)
		if !bytes.Contains(track.Body, []byte(c.Payments.Link(o.ID))) {
			t.Error("the tracking page does not lead to the payment")
		}
		page := c.Visitor().Get(c.Payments.Link(o.ID)).Want(200)
		for _, want := range []string{"200.000 đồng", "<svg", o.Reference, "gateway.example"} {
			if !strings.Contains(string(page.Body), want) {
				t.Errorf("the page of the payer lacks %s", want)
			}
		}
		c.Visitor().Get("/pay/" + o.ID.String()).Want(404)

		accept := func() citytest.Answer {
			list := clerk.Get("/api/v1/tasks?limit=200")
			for i := 0; ; i++ {
				at := "items." + string(rune('0'+i))
				switch list.Text(at + ".dossier") {
				case "":
					t.Fatal("the clerk has no task")
				case code:
					v := list.Text(at + ".version")
					return clerk.Post("/api/v1/tasks/"+list.Text(at+".id")+"/complete", map[string]any{"version": number(v), "action": "accept", "answers": noExemption})
				}
			}
		}
		if a := accept(); a.Status != 409 || !strings.Contains(string(a.Body), o.Reference) {
			t.Errorf("accepted before it was paid: %d %s", a.Status, a.Body)
		}
		// A forged notice comes, the true one is lost. The return page says only what it was told.
		to, _ := url.Parse(c.Payments.ToPay(o).Gateway)
		back, err := b.PayGateway(to.Query(), true)
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(back)
		c.Visitor().Get(u.RequestURI()).Want(200)
		if o = order(); o.State != payment.Open {
			t.Fatalf("the return page or a forged notice moved the order: %s", o.State)
		}
		// A transfer by the code whose notice is lost too: the statement finds it.
		if _, err := b.Transfer(c.Payments.ToPay(o).QR, 0); err != nil {
			t.Fatal(err)
		}
		if o = order(); o.State != payment.Open {
			t.Fatalf("a forged notice moved the order: %s", o.State)
		}
		var file bytes.Buffer
		payee, _ := c.Payments.Payees.Payee(o.Unit)
		if err := b.Camt(&file, payee.Account); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Payments.Import(head, o.Unit, &file); err != nil || got.By[payment.Found] != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		if o = order(); o.State != payment.Paid {
			t.Fatalf("the order is %s", o.State)
		}
		if a := c.Visitor().Get(strings.Replace(c.Payments.Link(o.ID), "?", "/receipt.pdf?", 1)).Want(200); !bytes.HasPrefix(a.Body, []byte("%PDF")) {
			t.Error("the receipt is no PDF")
		}
		accept().Want(200)
		// Now a bank that tells all, twice: what came on top is an excess, told once.
		b.Faults = bankweb.Faults{Double: 1}
		if _, err := b.PayGateway(to.Query(), true); err != nil {
			t.Fatal(err)
		}
		if o = order(); o.State != payment.Over || o.Held() != 400_000 {
			t.Errorf("the order is %s with %d", o.State, o.Held())
		}
		form := url.Values{"do": {"excess"}, "why": {"Nộp hai lần"}, "_key": {web.NewKey()}}
		clerk.Do("POST", "/desk/payments/"+o.ID.String(), []byte(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"}).Want(303)
		if o = order(); o.State != payment.Refunding {
			t.Errorf("the order is %s", o.State)
		}
		for _, p := range []string{"/desk/payments", "/desk/payments/" + o.ID.String(), "/desk/cash", "/desk/reconcile"} {
			clerk.Get(p).Want(200)
			clerk.In("en").Get(p).Want(200)
		}
	}, citytest.At(now), citytest.With(func(cfg *app.Config) {
		cfg.Payments = app.Payments{BankSecret: "b", GatewaySecret: "g", Gateway: "https://gateway.example/pay", Invented: true}
	}))
}
