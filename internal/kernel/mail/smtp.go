package mail

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// Config says how to reach the server. The zero value is no server.
type Config struct {
	// URL is smtp://user:password@host:587 (STARTTLS required),
	// smtps://user:password@host:465 (TLS from the start), or smtp+plain://host:25 for a server on
	// the same machine. Empty: nothing is sent, the program records.
	URL string
	// From is the sender's address, with or without a name: "Một cửa Hà Nội <motcua@hanoi.example>".
	From    string
	Timeout time.Duration // of one message; 0 means 20 s
}

// New returns the sender that cfg describes: a Recorder where no server is named.
func New(cfg Config, clk clock.Clock) (Sender, error) {
	if cfg.URL == "" {
		return NewRecorder(), nil
	}
	return NewSMTP(cfg, clk)
}

// SMTP sends through a server, one connection a message. Safe for concurrent use.
type SMTP struct {
	host    string
	options []gomail.Option
	from    *mail.Address
	domain  string
	clk     clock.Clock
}

// NewSMTP checks cfg; it does not connect.
func NewSMTP(cfg Config, clk clock.Clock) (*SMTP, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("mail: the server is named as smtp://user:password@host:port") // the URL holds a password: not shown
	}
	from, err := mail.ParseAddress(cfg.From)
	if err != nil || !address(from.Address) || control(from.Name) {
		return nil, fmt.Errorf("mail: from: %q is no address", cfg.From)
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 20 * time.Second
	}
	s := &SMTP{host: u.Hostname(), from: from, domain: from.Address[lastAt(from.Address)+1:], clk: clk}
	s.options = []gomail.Option{gomail.WithTimeout(cfg.Timeout), gomail.WithoutNoop()}
	port := 0
	switch u.Scheme {
	case "smtp":
		port = 587
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case "smtps":
		port = 465
		s.options = append(s.options, gomail.WithSSL())
	case "smtp+plain":
		port = 25
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("mail: scheme %q is not smtp, smtps or smtp+plain", u.Scheme)
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil {
			return nil, fmt.Errorf("mail: port %q", p)
		}
	}
	s.options = append(s.options, gomail.WithPort(port))
	if u.User != nil {
		password, _ := u.User.Password()
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	if _, err := gomail.NewClient(s.host, s.options...); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return s, nil
}

func lastAt(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '@' {
			return i
		}
	}
	return -1
}

// Send implements Sender.
func (s *SMTP) Send(ctx context.Context, m Message) (err error) {
	defer errs.Op(&err, "mail.Send")
	m, err = m.clean()
	if err != nil {
		return err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	msg.ToMailAddress(&mail.Address{Name: m.Name, Address: m.To})
	msg.Subject(m.Subject)
	msg.SetDateWithValue(s.clk.Now())
	if m.Key != "" {
		msg.SetMessageIDWithValue(m.Key + "@" + s.domain)
	} else {
		msg.SetMessageID()
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	// A client is not safe for concurrent use; making one costs nothing beside the connection.
	c, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return err
	}
	if err := c.DialAndSendWithContext(ctx, msg); err != nil {
		var refused *gomail.SendError
		if errors.As(err, &refused) && !refused.IsTemp() && permanent(refused) {
			return errs.E(errs.Invalid, "mail.refused", errs.Cause(err))
		}
		return errs.E(errs.Unavailable, "mail.notSent", errs.Cause(err))
	}
	return nil
}

// permanent: the server answered 5xx to this message, so a later try gets the same.
func permanent(e *gomail.SendError) bool {
	switch e.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPMailFrom, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		return e.ErrorCode() >= 500
	default:
		return false
	}
}
