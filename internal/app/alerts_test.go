package app_test

import (
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/factor"
	"khue/internal/kernel/mail"
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
