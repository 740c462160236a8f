package dossierweb_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/push/pushtest"
	"khue/internal/kernel/sms/smstest"
	"khue/internal/onestop/notify"
)

// asLeader is the context of somebody who may look at the messages of the city.
func asLeader(ctx context.Context) context.Context {
	return auth.With(ctx, auth.Subject{Account: 1, Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "leader", Scope: auth.Everywhere}}})
}

// inboxOf reads an inbox.
func inboxOf(a citytest.Actor) (titles []string, unread string) {
	r := a.In("vi").Get("/api/v1/inbox").Want(200)
	var list struct {
		Items []struct{ Title, Link string }
	}
	r.Into(&list)
	for _, e := range list.Items {
		titles = append(titles, e.Title)
	}
	return titles, r.Header.Get("X-Unread")
}

// TestNotices: who gave an address is told of each milestone once, in their language, with
// a link that opens the dossier; who has an account finds it in their inbox; a telephone
// alone gets a text message.
func TestNotices(t *testing.T) {
	t.Parallel()
	carrier, err := smstest.Start("127.0.0.1:0", smstest.Faults{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(carrier.Close)
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		box, ok := c.Mail.(*mail.Recorder)
		if !ok {
			t.Fatal("the test's city does not record its mail")
		}
		b := citytest.Birth()
		b["applicant"] = map[string]any{"name": "Nguyễn Thị Hạnh", "phone": "0912000001", "email": "hanh@vidu.example"}
		code := c.As("citizen").In("vi").Post("/api/v1/dossiers", b).Want(201).Text("code")
		c.Eventually("the filing is told", func() bool { return len(box.Sent()) == 1 })
		act(t, c, "clerk", code, "accept", nil).Want(200)
		c.Eventually("the acceptance is told", func() bool { return len(box.Sent()) == 2 })
		m := box.Sent()[1]
		if m.To != "hanh@vidu.example" || m.Subject != "Hồ sơ "+code+" đã được tiếp nhận" || !strings.Contains(m.Text, "17:00 ngày 23/06/2025") {
			t.Errorf("told %+v", m)
		}
		_, link, found := strings.Cut(m.Text, "/dossiers/")
		if !found {
			t.Fatalf("no link in %q", m.Text)
		}
		c.Visitor().Get("/dossiers/" + strings.TrimSpace(link)).Want(200)
		if got, unread := inboxOf(c.As("citizen")); len(got) != 2 || got[0] != m.Subject || unread != "2" {
			t.Errorf("the inbox holds %v, %s unread", got, unread)
		}
		var first struct{ Items []struct{ ID string } }
		c.As("citizen").Get("/api/v1/inbox?limit=1").Want(200).Into(&first)
		read := "/api/v1/inbox/" + first.Items[0].ID + "/read"
		c.As("citizen2").Do("POST", read, nil, map[string]string{"Idempotency-Key": "read-0001"}).Want(404)
		c.As("citizen").Do("POST", read, nil, map[string]string{"Idempotency-Key": "read-0001"}).Want(204)
		if _, unread := inboxOf(c.As("citizen")); unread != "1" {
			t.Errorf("%s unread after one was read", unread)
		}
		if got, _ := inboxOf(c.As("citizen2")); len(got) != 0 {
			t.Errorf("a stranger reads %v", got)
		}
		// Who gave a telephone only, in English.
		b["applicant"] = map[string]any{"name": "Trần Văn Bình", "phone": "0912000007"}
		other := c.As("citizen2").In("en").Post("/api/v1/dossiers", b).Want(201).Text("code")
		want := smstest.Got{From: "HANOI", To: "84912000007", Text: "Dossier " + other + " received. The one-stop shop answers within 8 working hours.", Parts: 1}
		c.Eventually("the telephone gets a message", func() bool {
			for _, g := range carrier.Got() {
				if g == want {
					return true
				}
			}
			return false
		})
		looks := 0
		c.Eventually("the receipt is kept", func() bool {
			if looks++; looks%100 == 0 {
				c.Pass(10 * time.Second) // one that came before its message was kept is tried again later
			}
			counts, err := c.Notices.Counts(asLeader(t.Context()))
			return err == nil && counts[notify.SMS][notify.Delivered] == 1
		})
		// The log read again from its beginning tells nobody twice.
		fs := c.Dossiers.Module().Followers
		fs[0].Name = "again"
		if err := c.Journal.Tick(t.Context(), fs); err != nil {
			t.Fatal(err)
		}
		counts, err := c.Notices.Counts(asLeader(t.Context()))
		if err != nil || counts[notify.Email][notify.Sent] != 2 || counts.Of(notify.Waiting) != 0 || counts[notify.SMS][notify.Delivered] != 1 {
			t.Errorf("%v %v", counts, err)
		}
		if got, _ := inboxOf(c.As("citizen")); len(got) != 2 {
			t.Errorf("told twice: %v", got)
		}
	}, citytest.With(func(cfg *app.Config) { cfg.SMS = "smpp://khue:matkhau@" + carrier.Addr() + "?from=HANOI" }))
}

// TestNoticesFallToTheNextWay: what one channel cannot send goes on by the next of the
// person's choice; a message that failed is seen and can be sent again; a browser gets words
// that name nobody.
func TestNoticesFallToTheNextWay(t *testing.T) {
	t.Parallel()
	carrier, err := smstest.Start("127.0.0.1:0", smstest.Faults{Refuse: 0x0B})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(carrier.Close)
	browser, err := pushtest.New()
	if err != nil {
		t.Fatal(err)
	}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := browser.Take(r.Body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(service.Close)
	at, _ := url.Parse(service.URL)
	c := citytest.New(t, citytest.With(func(cfg *app.Config) {
		cfg.SMS = "smpp://khue:matkhau@" + carrier.Addr() + "?from=HANOI"
		cfg.PushHosts = []string{at.Host}
	}))
	me := citizenOf(t, c, "citizen")
	if err := c.Notices.Subscribe(me, browser.Subscription(service.URL+"/p"), "Điện thoại"); err != nil {
		t.Fatal(err)
	}
	err = c.Notices.Choose(me, notify.Person{Email: "rieng@vidu.example", Phone: "0912000001", Lang: "en", Choices: map[notify.Kind]notify.Choice{
		notify.Course: {Ways: []notify.Channel{notify.SMS, notify.Email}, Push: true},
	}}, "choose-0001")
	if err != nil {
		t.Fatal(err)
	}
	b := citytest.Birth()
	b["applicant"] = map[string]any{"name": "Nguyễn Thị Hạnh", "phone": "0912000001"}
	code := c.As("citizen").In("vi").Post("/api/v1/dossiers", b).Want(201).Text("code")
	box := c.Mail.(*mail.Recorder)
	c.Eventually("the mail takes over", func() bool { return len(box.Sent()) == 1 })
	if m := box.Sent()[0]; m.To != "rieng@vidu.example" || m.Subject != "Dossier "+code+" received" {
		t.Errorf("%+v", m)
	}
	c.Eventually("the browser is told", func() bool { return len(browser.Got()) == 1 })
	var p struct{ Text, Path, Tag string }
	if err := json.Unmarshal([]byte(browser.Got()[0]), &p); err != nil || p.Text != "Dossier "+code+" received" || p.Path != "/inbox" {
		t.Errorf("%v %v", browser.Got(), err)
	}
	if got, _ := inboxOf(c.As("citizen")); len(got) != 0 {
		t.Errorf("the inbox was switched off for the course of a dossier: %v", got)
	}
	// The dead message is in the list, its address half hidden, and is sent again by who may.
	page := string(c.As("leader").In("vi").Get("/admin/notices?state=failed").Want(200).Body)
	if !strings.Contains(page, "84912***001") || strings.Contains(page, "84912000001") || strings.Contains(page, "rieng@") {
		t.Errorf("the list shows %.3000s", page)
	}
	c.As("clerk").Get("/admin/notices").Want(403)
	c.As("auditor").Get("/admin/notices").Want(200)
	list, _, err := c.Notices.List(asLeader(t.Context()), notify.Filter{State: notify.Failed})
	if err != nil || len(list) != 1 || list[0].Reason != notify.ReasonAddress {
		t.Fatalf("%+v %v", list, err)
	}
	carrier.Set(smstest.Faults{LoseReceipts: true})
	if err := c.Notices.Resend(asLeader(t.Context()), list[0].ID, "resend-0001"); err != nil {
		t.Fatal(err)
	}
	c.Eventually("it is sent", func() bool { return len(carrier.Got()) == 1 })
	c.Eventually("and so marked", func() bool {
		n, err := c.Notices.Counts(asLeader(t.Context()))
		return err == nil && n[notify.SMS][notify.Sent] == 1
	})
	if err := c.Notices.Resend(asLeader(t.Context()), list[0].ID, "resend-0002"); err == nil {
		t.Error("what was sent is sent again")
	}
}

// citizenOf is the context of an invented person.
func citizenOf(t *testing.T, c *citytest.City, role string) context.Context {
	t.Helper()
	a, err := c.Auth.FindAccount(t.Context(), c.Account(role).Login)
	if err != nil {
		t.Fatal(err)
	}
	return auth.With(t.Context(), auth.Subject{Account: a.ID, Name: a.Name, Login: a.Login, Kind: a.Kind})
}

// TestMessagesAreOfTheirUnit: who answers for a unit reads what was sent about its dossiers, and
// sends it again; another unit's designer sees none of it, and the city all.
func TestMessagesAreOfTheirUnit(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		b := citytest.Birth()
		b["applicant"] = map[string]any{"name": "Nguyễn Thị Hạnh", "phone": "0912000001", "email": "hanh@example.vn"}
		c.As("citizen").Post("/api/v1/dossiers", b).Want(201)
		designer := func(ward string) context.Context {
			t.Helper()
			place, err := c.Units.Now().ByCode(ward)
			if err != nil {
				t.Fatal(err)
			}
			agency, _ := c.Units.Now().AgencyOf(place.ID)
			return auth.With(t.Context(), auth.Subject{Account: 7, Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "designer", Scope: "unit:" + agency.ID.String()}}})
		}
		city := auth.With(t.Context(), auth.Subject{Account: 8, Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: "designer", Scope: "unit:" + c.Units.Now().Government().ID.String()}}})
		here, elsewhere := designer("00133"), designer("00154")
		var m notify.Message
		c.Eventually("a message stands", func() bool {
			list, _, err := c.Notices.List(here, notify.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			if len(list) > 0 {
				m = list[0]
			}
			return len(list) > 0
		})
		sum := func(ctx context.Context) (n int) {
			t.Helper()
			tally, err := c.Notices.Counts(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range notify.States() {
				n += tally.Of(s)
			}
			return n
		}
		if list, _, err := c.Notices.List(elsewhere, notify.Filter{}); err != nil || len(list) != 0 || sum(elsewhere) != 0 {
			t.Errorf("another commune reads %+v, counts %d, %v", list, sum(elsewhere), err)
		}
		if list, _, err := c.Notices.List(city, notify.Filter{}); err != nil || len(list) == 0 || sum(city) < sum(here) || sum(here) == 0 {
			t.Errorf("the city reads %+v, %v", list, err)
		}
		if err := c.Notices.Resend(elsewhere, m.ID, "resend-there"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("another commune may send it again: %v", err)
		}
		if err := c.Notices.Resend(here, m.ID, "resend-here"); errs.Is(err, errs.Forbidden) {
			t.Errorf("the commune itself may not: %v", err)
		}
	})
}
