package app_test

import (
	"net/url"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/factor"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/web"
	"khue/internal/onestop/notify"
)

// TestANewDeviceIsTold: the first browser is not news, nor is it again; another is, in the
// inbox and by mail, where a locked screen shows neither device nor person.
func TestANewDeviceIsTold(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ctx, login := t.Context(), c.Account("citizen").Login
		enter := func(browser string) factor.In {
			t.Helper()
			in, err := c.Ways.SignIn(ctx, login, c.Demo.Password, factor.From{Browser: browser, Network: "203.0.113.0/24", Device: "Firefox, Android"})
			if err != nil {
				t.Fatal(err)
			}
			return in
		}
		in := enter("one")
		as := auth.With(ctx, in.Subject)
		if err := c.Notices.Choose(as, notify.Person{Email: "hanh@example.com", Lang: "vi"}, "key-of-this-choice"); err != nil {
			t.Fatal(err)
		}
		enter("one")
		told := func() []notify.Entry {
			list, _, err := c.Notices.Inbox(as, 0, false, 0)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		enter("two")
		c.Eventually("the owner is told", func() bool { return len(told()) > 0 })
		if list := told(); len(list) != 1 || list[0].Title != "Đăng nhập từ thiết bị mới" || !strings.Contains(list[0].Body, "Firefox, Android") {
			t.Errorf("told %+v", list)
		}
		var m mail.Message
		c.Eventually("a mail goes out", func() bool {
			for _, x := range c.Mail.(*mail.Recorder).Sent() {
				if x.To == "hanh@example.com" {
					m = x
				}
			}
			return m.To != ""
		})
		if strings.Contains(m.Subject, "Firefox") || strings.Contains(m.Subject, login) || !strings.Contains(m.Text, "/not-me?t=") {
			t.Errorf("mail %q:\n%s", m.Subject, m.Text)
		}
	})
}

// TestTheSessionsOfAnyAccountAreEnded: who reports a theft at a counter or by telephone is signed
// out everywhere, by an officer who gives a reason and proved who they are; the owner is told.
func TestTheSessionsOfAnyAccountAreEnded(t *testing.T) {
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		opened := func(role string) (auth.Account, string) {
			t.Helper()
			a, err := c.Auth.FindAccount(t.Context(), c.Account(role).Login)
			if err != nil {
				t.Fatal(err)
			}
			token, _, err := c.Auth.OpenAs(t.Context(), a, auth.How{Methods: []string{auth.ByPassword}, Network: "n"})
			if err != nil {
				t.Fatal(err)
			}
			return a, token
		}
		owner, stolen := opened("citizen")
		_, clerk := opened("clerk")
		stop := func(a citytest.Actor, login, reason string) citytest.Answer {
			f := url.Values{"login": {login}, "reason": {reason}, "_key": {web.NewKey()}}
			return a.In("en").Do("POST", "/desk/sessions", []byte(f.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
		}
		stop(c.As("citizen"), owner.Login, "tôi muốn thế").Want(403)
		stop(c.As("clerk"), owner.Login, "báo mất máy qua đường dây nóng").Want(403) // a program's token proves nobody
		if a := stop(c.Token(clerk), owner.Login, "mất").Want(422); !strings.Contains(string(a.Body), owner.Login) {
			t.Error("what was typed is lost")
		}
		stop(c.Token(clerk), "0999999999", "báo mất máy qua đường dây nóng").Want(422)
		c.Token(stolen).Get("/account").Want(200)
		stop(c.Token(clerk), owner.Login, "báo mất máy qua đường dây nóng").Want(200)
		c.Token(stolen).Get("/api/v1/my/dossiers").Want(401)
		as := auth.With(t.Context(), auth.Subject{Account: owner.ID, Kind: auth.KindCitizen})
		c.Eventually("the owner is told", func() bool {
			list, _, err := c.Notices.Inbox(as, 0, false, 0)
			return err == nil && len(list) == 1 && strings.Contains(list[0].Body, "đường dây nóng") && strings.Contains(list[0].Body, c.Account("clerk").Name)
		})
		list, err := c.Journal.BySubject(t.Context(), journal.Subject{Type: factor.SubjectAccount, ID: owner.ID}, 0, 50)
		if err != nil || len(list) == 0 || list[len(list)-1].Kind != factor.KindStopped {
			t.Errorf("the journal says %+v, %v", list, err)
		}
	})
}
