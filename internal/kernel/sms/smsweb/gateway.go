// Package smsweb hands short messages to a gateway that takes JSON over HTTP.
//
//	POST https://host/path   Authorization: Bearer TOKEN   Idempotency-Key: KEY
//	{"to": "84912345678", "text": "…", "from": "HANOI"}
//	2xx {"id": "the gateway's name for it"}; 400 to 422 refuse it for good, all else for now.
//
// What must not come here: the same over SMPP (package sms).
package smsweb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/sms"
)

// Gateway sends through a gateway. Safe for concurrent use.
type Gateway struct {
	url, token, from string
	client           *http.Client
}

// New reads the address of a carrier and returns who speaks to it: nil for "",
// smpp://user:password@host:2775?from=NAME, smpps://…, https+json://token@host/path?from=NAME,
// or http+json://… for a gateway on the same machine. It does not connect.
func New(address string) (sms.Sender, error) {
	scheme, _, _ := strings.Cut(address, "://")
	switch scheme {
	case "":
		return nil, nil //nolint:nilnil // no carrier is no error
	case "smpp", "smpps":
		return sms.NewSMPP(address)
	case "https+json", "http+json":
		return NewGateway(address)
	}
	return nil, errors.New("sms: the carrier is named as smpp://user:password@host:port or https+json://token@host/path")
}

// NewGateway reads https+json://token@host/path?from=NAME.
func NewGateway(address string) (*Gateway, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User == nil {
		return nil, errors.New("sms: the gateway is named as https+json://token@host/path?from=NAME") // the token is not shown
	}
	g := &Gateway{token: u.User.Username(), from: u.Query().Get("from"), client: &http.Client{
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token goes nowhere else
	}}
	u.Scheme, u.User, u.RawQuery = strings.TrimSuffix(u.Scheme, "+json"), nil, ""
	g.url = u.String()
	return g, nil
}

// Send implements sms.Sender.
func (g *Gateway) Send(ctx context.Context, m sms.Message) (ref string, err error) {
	defer errs.Op(&err, "smsweb.Send")
	if m, err = m.Clean(); err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]string{"to": m.To, "text": m.Text, "from": g.from})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+g.token)
	if m.Key != "" {
		r.Header.Set("Idempotency-Key", m.Key)
	}
	res, err := g.client.Do(r)
	if err != nil {
		return "", errs.E(errs.Unavailable, "sms.notSent", errs.Cause(err))
	}
	defer func() { _ = res.Body.Close() }()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	switch cause := fmt.Errorf("the gateway answered %d", res.StatusCode); {
	case res.StatusCode/100 == 2:
	case res.StatusCode == http.StatusBadRequest, res.StatusCode == http.StatusNotFound, res.StatusCode == http.StatusUnprocessableEntity:
		return "", errs.E(errs.Invalid, "sms.refused", errs.Cause(cause))
	default:
		return "", errs.E(errs.Unavailable, "sms.notSent", errs.Cause(cause))
	}
	var named struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(answer, &named) // a gateway without names gives no receipts
	return named.ID, nil
}
