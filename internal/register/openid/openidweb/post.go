package openidweb

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Poster sends a form of one value to servers of clients. It follows no redirect: the address
// is the one that was registered.
func Poster() func(ctx context.Context, address, name, value string) error {
	client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(ctx context.Context, address, name, value string) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(url.Values{name: {value}}.Encode()))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
		if res.StatusCode/100 != 2 {
			return fmt.Errorf("openidweb: %s answered %d", address, res.StatusCode)
		}
		return nil
	}
}
