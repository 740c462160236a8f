package citytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"khue/internal/kernel/web"
)

// Actor calls the JSON API with a token; the zero token is a visitor.
type Actor struct {
	c     *City
	t     testing.TB
	token string
	lang  string
}

// AsLogin is an invented person by login: one of several with the same role.
func (c *City) AsLogin(login string) Actor {
	c.t.Helper()
	for _, a := range c.Demo.Accounts {
		if a.Login == login {
			return Actor{c: c, t: c.t, token: a.Token}
		}
	}
	c.t.Fatalf("the demo has nobody called %s", login)
	return Actor{}
}

// As is an invented person with a role.
func (c *City) As(role string) Actor { return Actor{c: c, t: c.t, token: c.Account(role).Token} }

// Login is an invented person by the name that they sign in with.
func (c *City) Login(login string) Actor {
	c.t.Helper()
	for _, a := range c.Demo.Accounts {
		if a.Login == login {
			return Actor{c: c, t: c.t, token: a.Token}
		}
	}
	c.t.Fatalf("the demo has nobody who signs in as %s", login)
	return Actor{}
}

// Token is whoever a token speaks for.
func (c *City) Token(token string) Actor { return Actor{c: c, t: c.t, token: token} }

// Visitor has not signed in.
func (c *City) Visitor() Actor { return Actor{c: c, t: c.t} }

// In makes the actor read a language.
func (a Actor) In(lang string) Actor {
	a.lang = lang
	return a
}

// Answer is a response, read whole.
type Answer struct {
	t      testing.TB
	what   string
	Status int
	Header http.Header
	Body   []byte
}

// Get reads a path.
func (a Actor) Get(path string) Answer { return a.Do(http.MethodGet, path, nil, nil) }

// Post sends a body as JSON with a fresh idempotency key.
func (a Actor) Post(path string, body any) Answer { return a.PostAs(web.NewKey(), path, body) }

// PostAs sends a body under a given idempotency key.
func (a Actor) PostAs(key, path string, body any) Answer {
	a.t.Helper()
	raw, ok := body.([]byte)
	if !ok {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			a.t.Fatal(err)
		}
	}
	return a.Do(http.MethodPost, path, raw, map[string]string{"Content-Type": "application/json", "Idempotency-Key": key})
}

// Do sends a request as it is told to.
func (a Actor) Do(method, path string, body []byte, header map[string]string) Answer {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.c.URL+path, bytes.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	if a.lang != "" {
		req.Header.Set("Accept-Language", a.lang)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	out := Answer{t: a.t, what: method + " " + path, Status: res.StatusCode, Header: res.Header}
	if out.Body, err = io.ReadAll(res.Body); err != nil {
		a.t.Fatal(err)
	}
	return out
}

// Want fails the test for another status.
func (r Answer) Want(status int) Answer {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("%s: status %d, want %d\n%.2000s", r.what, r.Status, status, r.Body)
	}
	return r
}

// Into reads the body into v and returns the answer.
func (r Answer) Into(v any) Answer {
	r.t.Helper()
	if err := json.Unmarshal(r.Body, v); err != nil {
		r.t.Fatalf("%s: %v in %.500s", r.what, err, r.Body)
	}
	return r
}

// Text is a field of the body by path, "errors.0.path"; "" where there is none.
func (r Answer) Text(path string) string {
	r.t.Helper()
	var v any
	r.Into(&v)
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			i := 0
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(x) {
				return ""
			}
			v = x[i]
		default:
			return ""
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
