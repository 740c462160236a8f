package paymentweb

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/onestop/payment"
)

// Gateway asks the gateway over HTTP what it knows of a payment.
type Gateway struct {
	address string
	secret  []byte
	http    *http.Client
}

// NewGateway returns a client of the gateway whose questions go to address.
func NewGateway(address string, secret []byte) *Gateway {
	return &Gateway{address, secret, &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

const maxAnswer = 64 << 10

// Ask implements payment.GatewayClient: one line a payment, each with fields as a notice has
// them and signed like one.
func (g *Gateway) Ask(ctx context.Context, reference string) (out []payment.Notice, err error) {
	defer errs.Op(&err, "paymentweb.Ask")
	f := url.Values{payment.FieldReference: {reference}}
	f.Set(payment.FieldSignature, payment.SignGateway(g.secret, f))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.address, strings.NewReader(f.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := g.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil || res.StatusCode != http.StatusOK || len(b) > maxAnswer {
		return nil, fmt.Errorf("paymentweb: the gateway answered %d, %d bytes: %w", res.StatusCode, len(b), err)
	}
	for _, line := range strings.Fields(string(b)) {
		f, err := url.ParseQuery(line)
		if err != nil {
			return nil, err
		}
		n, done, err := payment.ReadGateway(g.secret, f)
		if err != nil {
			return nil, err
		}
		if done && n.Reference == reference {
			out = append(out, n)
		}
	}
	return out, nil
}
