// Package pushweb hands web push messages to the push services of browsers.
//
// A subscription is a visitor's word, so an endpoint is called only where it is https at a
// push service that is known: no reader makes this program call another machine.
package pushweb

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/push"
)

// hosts are the push services of the browsers in use.
//
//nolint:gochecknoglobals // immutable table
var hosts = []string{"fcm.googleapis.com", ".push.services.mozilla.com", ".notify.windows.com", "web.push.apple.com", ".push.apple.com"}

// Sender posts messages. Safe for concurrent use.
type Sender struct {
	keys    *push.Keys
	subject string
	extra   []string
	clk     clock.Clock
	client  *http.Client
}

// New returns a sender. subject is where a push service finds us: a mailto: or https:
// address. extra are further hosts, with their port, that may be called; http too.
func New(keys *push.Keys, subject string, extra []string, clk clock.Clock) *Sender {
	return &Sender{keys: keys, subject: subject, extra: extra, clk: clk, client: &http.Client{
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Public is the key that browsers subscribe with.
func (s *Sender) Public() string { return s.keys.Public() }

// Takes reports whether an endpoint may be called.
func (s *Sender) Takes(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.User != nil {
		return false
	}
	for _, h := range s.extra {
		if u.Host == h {
			return true
		}
	}
	if u.Scheme != "https" || u.Port() != "" {
		return false
	}
	for _, h := range hosts {
		if u.Host == h || strings.HasPrefix(h, ".") && strings.HasSuffix(u.Host, h) {
			return true
		}
	}
	return false
}

// Send posts a payload, to be kept for the browser at most for life. NotFound push.gone
// where the browser takes none any more, Invalid push.refused where no try helps, else
// Unavailable push.notSent.
func (s *Sender) Send(ctx context.Context, sub push.Subscription, payload []byte, life time.Duration) (err error) {
	defer errs.Op(&err, "pushweb.Send")
	if !s.Takes(sub.Endpoint) {
		return errs.E(errs.Invalid, "push.refused")
	}
	body, err := push.Encrypt(sub, payload)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, sub.Endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	head, err := s.keys.Authorization(sub.Endpoint, s.subject, s.clk.Now())
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", head)
	r.Header.Set("Content-Encoding", "aes128gcm")
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("TTL", fmt.Sprint(int(life.Seconds())))
	res, err := s.client.Do(r)
	if err != nil {
		return errs.E(errs.Unavailable, "push.notSent") // the cause names the endpoint, which is a secret of the browser
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	cause := fmt.Errorf("the push service answered %d", res.StatusCode)
	switch code := res.StatusCode; {
	case code/100 == 2:
		return nil
	case code == http.StatusNotFound, code == http.StatusGone:
		return errs.E(errs.NotFound, "push.gone", errs.Cause(cause))
	case code == http.StatusBadRequest, code == http.StatusRequestEntityTooLarge, code == http.StatusForbidden:
		return errs.E(errs.Invalid, "push.refused", errs.Cause(cause))
	}
	return errs.E(errs.Unavailable, "push.notSent", errs.Cause(cause))
}
