package mail_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	stdmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/mail"
)

// catcher is a real SMTP server that keeps what it is sent.
type catcher struct {
	url    string
	refuse error
	mu     sync.Mutex
	got    []caught
}

type caught struct {
	from string
	to   []string
	data []byte
}

func catch(t *testing.T, refuse error) *catcher {
	t.Helper()
	c := &catcher{refuse: refuse}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{c: c}, nil }))
	s.Domain, s.EnableSMTPUTF8 = "catcher.example", true
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = l.Close() // Close below knows no listener that Serve has not seen yet
		_ = s.Close()
		<-done
	})
	c.url = "smtp+plain://" + l.Addr().String()
	return c
}

type session struct {
	c *catcher
	m caught
}

func (s *session) Reset()        { s.m = caught{} }
func (s *session) Logout() error { return nil }
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.m.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.m.to = append(s.m.to, to)
	return s.c.refuse
}

func (s *session) Data(r io.Reader) (err error) {
	s.m.data, err = io.ReadAll(r)
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.c.got = append(s.c.got, s.m)
	return err
}

func sender(t *testing.T, url string) *mail.SMTP {
	t.Helper()
	s, err := mail.NewSMTP(mail.Config{URL: url, From: "Một cửa Hà Nội <motcua@hanoi.example>", Timeout: 5 * time.Second},
		clock.NewFake(clock.MustDate("2025-06-23").At(8, 10)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func note() mail.Message {
	return mail.Message{
		To: "an@example.com", Name: "Nguyễn Văn An", Subject: "Hồ sơ đăng ký khai sinh đã được tiếp nhận",
		Text: "Hồ sơ H26.16-250623-0001 hẹn trả 17:00 ngày 23/06/2025.", HTML: "<p>Hẹn trả <b>17:00</b></p>", Key: "7031.accepted",
	}
}

func TestAVietnameseMailArrivesWhole(t *testing.T) {
	t.Parallel()
	c := catch(t, nil)
	if err := sender(t, c.url).Send(context.Background(), note()); err != nil {
		t.Fatal(err)
	}
	if len(c.got) != 1 || c.got[0].from != "motcua@hanoi.example" || len(c.got[0].to) != 1 || c.got[0].to[0] != "an@example.com" {
		t.Fatalf("%+v", c.got)
	}
	m, err := stdmail.ReadMessage(bytes.NewReader(c.got[0].data))
	if err != nil {
		t.Fatal(err)
	}
	var words mime.WordDecoder
	subject, err := words.DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != note().Subject {
		t.Errorf("subject %q %v", subject, err)
	}
	to, err := m.Header.AddressList("To")
	if err != nil || to[0].Name != "Nguyễn Văn An" {
		t.Errorf("to %v %v", to, err)
	}
	if d, err := m.Header.Date(); err != nil || !d.Equal(clock.MustDate("2025-06-23").At(8, 10)) {
		t.Errorf("date %v %v", d, err)
	}
	if id := m.Header.Get("Message-Id"); id != "<7031.accepted@hanoi.example>" {
		t.Errorf("message id %s", id)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range []string{note().Text, note().HTML} {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil || strings.TrimSpace(string(body)) != want {
			t.Errorf("%q %v", body, err)
		}
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	c := catch(t, nil)
	s := sender(t, c.url)
	for name, change := range map[string]func(*mail.Message){
		"line break in the subject":   func(m *mail.Message) { m.Subject = "Hồ sơ\r\nBcc: thief@example.com" },
		"bare line feed":              func(m *mail.Message) { m.Subject = "Hồ sơ\nBcc: thief@example.com" },
		"line separator":              func(m *mail.Message) { m.Subject = "Hồ sơ\u2028Bcc: x" },
		"line break in the name":      func(m *mail.Message) { m.Name = "An\r\nBcc: thief@example.com" },
		"line break in the address":   func(m *mail.Message) { m.To = "an@example.com\r\nRCPT TO:<thief@example.com>" },
		"two addresses":               func(m *mail.Message) { m.To = "an@example.com, thief@example.com" },
		"an address with a name":      func(m *mail.Message) { m.To = "An <an@example.com>" },
		"no address":                  func(m *mail.Message) { m.To = "" },
		"a key that leaves its field": func(m *mail.Message) { m.Key = "a>\r\nX: y" },
		"no subject":                  func(m *mail.Message) { m.Subject = " " },
		"no text":                     func(m *mail.Message) { m.Text = "" },
	} {
		m := note()
		change(&m)
		for _, s := range []mail.Sender{s, mail.NewRecorder()} {
			if err := s.Send(context.Background(), m); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if len(c.got) != 0 {
		t.Errorf("sent %d", len(c.got))
	}
}

func TestRefusalsAreForeverOrForNow(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		refuse error
		want   errs.Kind
	}{
		{&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}, errs.Invalid},
		{&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "busy"}, errs.Unavailable},
	} {
		if err := sender(t, catch(t, x.refuse).url).Send(context.Background(), note()); errs.KindOf(err) != x.want || err == nil {
			t.Errorf("%v gives %v", x.refuse, err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "smtp+plain://" + l.Addr().String()
	_ = l.Close()
	if err := sender(t, gone).Send(context.Background(), note()); !errs.Is(err, errs.Unavailable) {
		t.Errorf("no server: %v", err)
	}
	// A server without TLS gets nothing where TLS is demanded.
	if err := sender(t, strings.Replace(catch(t, nil).url, "smtp+plain", "smtp", 1)).Send(context.Background(), note()); !errs.Is(err, errs.Unavailable) {
		t.Errorf("no TLS: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := sender(t, catch(t, nil).url).Send(ctx, note()); err == nil {
		t.Error("sent with a cancelled context")
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	from := "motcua@hanoi.example"
	for _, cfg := range []mail.Config{
		{URL: "http://host", From: from}, {URL: "smtp://", From: from}, {URL: "smtp://host", From: "nobody"},
		{URL: "smtp://host", From: "a@b.example\r\nBcc: c@d.example"}, {URL: "smtp://host:port", From: from},
	} {
		if _, err := mail.New(cfg, clock.System()); err == nil {
			t.Errorf("%+v was taken", cfg)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the password is shown: %v", err)
		}
	}
	s, err := mail.New(mail.Config{}, clock.System())
	if err != nil {
		t.Fatal(err)
	}
	r, ok := s.(*mail.Recorder)
	if !ok {
		t.Fatalf("%T without a server", s)
	}
	go func() {
		if err := r.Send(context.Background(), note()); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}()
	if got := r.Wait(context.Background(), 1); len(got) != 1 || got[0] != note() {
		t.Errorf("%+v", got)
	}
}
