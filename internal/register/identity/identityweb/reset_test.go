package identityweb_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/factor"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/mail"
)

// An officer who lost every way in gets a new one by two people, and by their own address only.
func TestWaysInAreResetByTwoPeople(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ward := unitOf(t, c, "chutich")
		self := "/admin/officers/" + accountOf(c, "motcua2")
		reset := func(by, of, why string) citytest.Answer {
			return send(c.AsLogin(by), "/admin/officers/"+accountOf(c, of), url.Values{"do": {"reset"}, "why": {why}})
		}
		decide := func(by, change, do string) citytest.Answer {
			return send(c.AsLogin(by), "/admin/proposals/"+change, url.Values{"do": {do}})
		}
		waiting := func(by, what string) string {
			_, rest, _ := strings.Cut(page(t, c.AsLogin(by), "/admin/proposals", what), what)
			return cut(t, rest, `action="/admin/proposals/`, `"`)
		}
		reset("chutich", "motcua2", "mất máy có khóa đăng nhập").Want(409) // no address that would bring them back
		send(c.AsLogin("chutich"), "/admin/officers", url.Values{"unit": {ward}, "login": {"motcua2"}, "email": {"huy@example.vn"}, "role": {"registryClerk"}, "decision": {"90/QĐ-UBND"}}).Want(303)
		decide("phochutich", waiting("phochutich", "Give a post"), "approve").Want(303)

		own := c.AsLogin("motcua2")
		own.Get("/api/v1/tasks").Want(200)
		page(t, c.AsLogin("chutich"), self, "Reset all ways to sign in")
		if body := string(reset("chutich", "motcua2", "vì").Want(422).Body); !strings.Contains(body, `value="vì"`) {
			t.Error("what was typed is lost")
		}
		reset("cukhoi.chutich", "motcua2", "không phải người của tôi").Want(403)
		reset("chutich", "motcua2", "mất máy có khóa đăng nhập").Want(303)
		reset("phochutich", "motcua2", "mất máy có khóa đăng nhập").Want(409) // waits already
		change := waiting("phochutich", "Reset of ways to sign in")
		decide("chutich", change, "approve").Want(403) // one person cannot be both
		own.Get("/api/v1/tasks").Want(200)             // and nothing has happened yet
		decide("phochutich", change, "approve").Want(303)

		own.Get("/api/v1/tasks").Want(401)
		if _, _, err := c.Auth.SignIn(t.Context(), auth.Credentials{Login: "motcua2", Password: c.Demo.Password, Network: "n"}); err == nil {
			t.Error("the old password still opens")
		}
		var again string
		for _, m := range c.Mail.(*mail.Recorder).Wait(t.Context(), 2) {
			if m.To != "huy@example.vn" {
				t.Errorf("told %s", m.To)
			}
			if strings.Contains(m.Text, "/welcome?") {
				again = m.Text
			}
		}
		q, _ := url.ParseQuery(cut(t, again, "/welcome?", "\n"))
		q.Set("password", "con bò vàng ăn cỏ")
		q.Set("again", "con bò vàng ăn cỏ")
		send(c.Visitor(), "/welcome", q).Want(303)
		token, _, err := c.Auth.SignIn(t.Context(), auth.Credentials{Login: "motcua2", Password: "con bò vàng ăn cỏ", Network: "n"})
		if err != nil {
			t.Fatal(err)
		}
		c.Eventually("the officer is told", func() bool {
			return strings.Contains(string(c.Token(token).Get("/inbox").Body), "Đã đặt lại cách đăng nhập")
		})
		found := false
		account, _ := c.Auth.FindAccount(t.Context(), "motcua2")
		list, err := c.Journal.BySubject(t.Context(), journal.Subject{Type: factor.SubjectAccount, ID: account.ID}, 0, 50)
		for _, r := range list {
			found = found || r.Kind == factor.KindReset && fmt.Sprint(r.Actor) == accountOf(c, "phochutich")
		}
		if err != nil || !found {
			t.Errorf("the journal does not name it: %v", err)
		}

		// Who leads the ward is decided on from above it.
		send(c.AsLogin("chutich"), "/admin/officers", url.Values{"unit": {ward}, "login": {"phochutich"}, "email": {"pho@example.vn"}, "role": {"registryClerk"}, "decision": {"91/QĐ-UBND"}}).Want(303)
		decide("lanhdao", waiting("lanhdao", "Give a post"), "approve").Want(303)
		reset("chutich", "phochutich", "quên mật khẩu, mất điện thoại").Want(303)
		change = waiting("lanhdao", "Reset of ways to sign in")
		decide("phochutich", change, "approve").Want(403) // it is about them
		decide("lanhdao", change, "approve").Want(303)
	})
}
