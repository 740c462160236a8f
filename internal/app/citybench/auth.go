package citybench

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// identities measures signing in, part by part.
func identities(parts ...Part) Part {
	return func(ctx context.Context, o Options) ([]Row, error) {
		var out []Row
		for _, p := range parts {
			rows, err := p(ctx, o)
			out = append(out, rows...)
			if err != nil {
				return out, err
			}
		}
		return out, nil
	}
}

const benchBack = "https://app.example.vn/back"

// codeFlows signs people in through a client as fast as it goes: the authorization request with
// a live session, its redirect, the token request with PKCE and the client's secret, an ID token
// under ES256. One flow is two requests.
func codeFlows(ctx context.Context, o Options) ([]Row, error) {
	c, err := open(ctx, o, "--client", benchBack, "--client-first")
	if err != nil {
		return nil, err
	}
	defer c.close()
	workers := make([]*signer, o.Clients)
	for i := range workers {
		w := &signer{program: c.Client, addr: c.addr()}
		if err := w.begin(); err != nil {
			return nil, err
		}
		defer w.conn.close()
		workers[i] = w
	}
	began := time.Now()
	until := began.Add(o.For)
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Go(func() {
			for w.err == nil && time.Now().Before(until) && ctx.Err() == nil {
				if w.err = w.flow(); w.err == nil {
					w.n++
				}
			}
		})
	}
	wg.Wait()
	took, n := time.Since(began), 0
	for _, w := range workers {
		n += w.n
		err = errors.Join(err, w.err)
	}
	return []Row{{"auth.codeflows_per_second", float64(n) / took.Seconds(), "1/s", n}}, err
}

// program is a registered client.
type program struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// signer is one browser and its program's server, on one connection.
type signer struct {
	program
	addr    string
	conn    *client
	session string
	n       int
	err     error
}

func (s *signer) begin() (err error) {
	if s.conn, err = dial(s.addr); err != nil {
		return err
	}
	status, head, _, err := s.send(http.MethodPost, "/sign-in", url.Values{"login": {"0912000001"}, "password": {"khue-trinh-dien"}}.Encode())
	if err != nil || status != http.StatusSeeOther {
		return fmt.Errorf("signing in: status %d: %w", status, err)
	}
	for _, ck := range head["Set-Cookie"] {
		if v, ok := strings.CutPrefix(ck, "khue="); ok {
			s.session, _, _ = strings.Cut(v, ";")
		}
	}
	if s.session == "" {
		return errors.New("signing in gave no session")
	}
	return nil
}

func (s *signer) flow() error {
	verifier := rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	status, head, body, err := s.send(http.MethodGet, "/oauth/authorize?client_id="+s.ID+"&redirect_uri="+url.QueryEscape(benchBack)+
		"&response_type=code&scope=openid+profile&state=s1&nonce=n1&code_challenge_method=S256&code_challenge="+base64.RawURLEncoding.EncodeToString(sum[:]), "")
	if err != nil {
		return err
	}
	_, query, _ := strings.Cut(head.Get("Location"), "?")
	v, err := url.ParseQuery(query)
	if err != nil || status != http.StatusSeeOther || v.Get("code") == "" {
		return refused("authorize", status, body)
	}
	status, _, body, err = s.send(http.MethodPost, "/oauth/token", "grant_type=authorization_code&code="+v.Get("code")+"&redirect_uri="+url.QueryEscape(benchBack)+
		"&code_verifier="+verifier+"&client_id="+s.ID+"&client_secret="+s.Secret)
	if err != nil {
		return err
	}
	if status != http.StatusOK || !strings.Contains(string(body), `"id_token"`) {
		return refused("token", status, body)
	}
	return nil
}

// send is client.do with a form and a cookie.
func (s *signer) send(method, path, form string) (int, http.Header, []byte, error) {
	c := s.conn
	b := append(c.buf[:0], method+" "+path+" HTTP/1.1\r\nHost: "+c.host...)
	if s.session != "" && method == http.MethodGet {
		b = append(b, "\r\nCookie: khue="+s.session...)
	}
	if method == http.MethodPost {
		b = fmt.Appendf(b, "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d", len(form))
	}
	b = append(b, "\r\n\r\n"+form...)
	c.buf = b
	if _, err := c.conn.Write(b); err != nil {
		return 0, nil, nil, err
	}
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	body := bytes.NewBuffer(c.body[:0])
	_, err = body.ReadFrom(res.Body)
	_ = res.Body.Close()
	c.body = body.Bytes()
	return res.StatusCode, res.Header, c.body, err
}
