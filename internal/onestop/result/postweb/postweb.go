// Package postweb reaches a postal service over its order API, and takes the news that it sends.
// The API is one that a service of that kind would offer: an order with a key that makes it
// idempotent, a question by that key, news signed by a shared secret. A real service has another
// shape and gets another adapter of result.Post.
package postweb

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/web"
	"khue/internal/onestop/result"
)

// SignatureHeader carries the signature of news: t=unix seconds,v1=HMAC-SHA256 of "t.body".
const SignatureHeader = "Post-Signature"

const (
	maxBody  = 16 << 10
	patience = 15 * time.Second
	maxSkew  = 10 * time.Minute
)

// OrderBody is an order as it travels.
type OrderBody struct {
	Key     string `json:"key"`
	Name    string `json:"name"`
	Phone   string `json:"phone,omitempty"`
	Address string `json:"address"`
	Number  string `json:"number"`
	SHA256  string `json:"sha256"`
}

// NewsBody is what the post says of an order: its answer, and its news.
type NewsBody struct {
	Key      string    `json:"key"`
	Tracking string    `json:"tracking"`
	State    string    `json:"state"`
	At       time.Time `json:"at"`
	Note     string    `json:"note,omitempty"`
}

// Client orders over HTTP.
type Client struct {
	base, secret string
	http         *http.Client
}

// New returns a client of the service at base, which knows the city by a secret.
func New(base, secret string) *Client {
	return &Client{strings.TrimSuffix(base, "/"), secret, &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Order implements result.Post.
func (c *Client) Order(ctx context.Context, o result.Order) (n result.News, err error) {
	defer errs.Op(&err, "postweb.Order")
	b, err := json.Marshal(OrderBody{o.Key, o.Name, o.Phone, o.Address, o.Number, o.SHA256})
	if err != nil {
		return n, err
	}
	return c.do(ctx, http.MethodPost, "/orders", b)
}

// Ask implements result.Post.
func (c *Client) Ask(ctx context.Context, key string) (n result.News, err error) {
	defer errs.Op(&err, "postweb.Ask")
	return c.do(ctx, http.MethodGet, "/orders/"+url.PathEscape(key), nil)
}

func (c *Client) do(ctx context.Context, method, path string, body []byte) (n result.News, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return n, err
	}
	req.Header.Set("Authorization", "Bearer "+c.secret)
	req.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return n, errs.E(errs.Unavailable, "result.parcel.away", errs.Cause(err))
	}
	defer res.Body.Close() //nolint:errcheck // read only
	b, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return n, errs.E(errs.Unavailable, "result.parcel.away", errs.Cause(err))
	}
	var said NewsBody
	switch {
	case res.StatusCode == http.StatusUnprocessableEntity:
		_ = json.Unmarshal(b, &said)
		return result.News{Note: said.Note}, errs.E(errs.Invalid, "result.parcel.refused")
	case res.StatusCode != http.StatusOK && res.StatusCode != http.StatusCreated:
		return n, errs.E(errs.Unavailable, "result.parcel.away", errs.Cause(fmt.Errorf("the post answered %d", res.StatusCode)))
	}
	if err := json.Unmarshal(b, &said); err != nil || said.Tracking == "" {
		return n, errs.E(errs.Unavailable, "result.parcel.away", errs.Cause(errors.New("the post gave no tracking number")))
	}
	return said.news(), nil
}

func (b NewsBody) news() result.News {
	return result.News{Key: b.Key, Tracking: b.Tracking, State: result.ParcelState(b.State), At: b.At, Note: b.Note}
}

// Sign is the signature of news.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, []byte(secret))
	_, _ = m.Write([]byte(t + "."))
	_, _ = m.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(m.Sum(nil))
}

// known reports whether news are signed by the post, and not old.
func known(secret, signature string, body []byte, now time.Time) bool {
	t, _, ok := strings.Cut(strings.TrimPrefix(signature, "t="), ",")
	n, err := strconv.ParseInt(t, 10, 64)
	if secret == "" || !ok || err != nil {
		return false
	}
	at := time.Unix(n, 0)
	return hmac.Equal([]byte(Sign(secret, at, body)), []byte(signature)) && now.Sub(at) < maxSkew && at.Sub(now) < maxSkew
}

// Routes takes the news of the post. Without a secret none is believed.
func Routes(s *result.Service, secret string) web.Module {
	return web.Module{Name: "result", Routes: []web.Route{
		// Who tells is known by a signature over what they say.
		{Method: http.MethodPost, Path: "/post/news", Policy: auth.Public, Foreign: true, Enrols: true, MaxBody: maxBody, Do: func(w http.ResponseWriter, r *http.Request) error {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				return errs.E(errs.TooLarge, "result.parcel.state", errs.Cause(err))
			}
			if !known(secret, r.Header.Get(SignatureHeader), b, s.Clock.Now()) {
				return errs.E(errs.Forbidden, "result.parcel.forged")
			}
			var said NewsBody
			if err := json.Unmarshal(b, &said); err != nil {
				return errs.E(errs.Invalid, "result.parcel.state", errs.Cause(err))
			}
			if err := s.Hear(r.Context(), said.news()); err != nil {
				return err
			}
			w.WriteHeader(http.StatusNoContent)
			return nil
		}},
	}}
}
