// Package oidc has clients that nobody here wrote sign people in.
package oidc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"khue/internal/citytest"
	"khue/internal/register/openid"
)

const back = "https://app.example.vn/back"

func register(t *testing.T, c *citytest.City, change func(*openid.Client)) (id, secret string) {
	t.Helper()
	n := openid.Client{
		Name: "Bến đỗ", Owner: "Công ty Bến Đỗ", First: true, Redirects: []string{back}, AfterLogout: []string{back + "/out"},
		Grants: []string{openid.GrantCode, openid.GrantRefresh, openid.GrantClient, openid.GrantDevice}, Scopes: openid.Scopes(),
		Auth: openid.AuthBasic, Token: openid.TokenOpaque, Alg: "ES256",
	}
	change(&n)
	made, secret, err := c.OpenID.AddClient(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return made.Code, secret
}

func TestOpenIDClientOfNodeRunsEveryFlow(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	if _, err := os.Stat("node_modules/openid-client"); err != nil {
		t.Skip("openid-client is not installed: npm ci --prefix e2e/oidc")
	}
	c := citytest.New(t, citytest.At(time.Now())) // the client compares tokens with its own time
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.PostForm(c.URL+"/sign-in", url.Values{"login": {"0912000001"}, "password": {"khue-trinh-dien"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	session := ""
	for _, k := range res.Cookies() {
		if k.Name == "khue" {
			session = k.Value
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	task := map[string]any{"issuer": c.URL, "session": session, "back": back, "out": back + "/out", "key": jose.JSONWebKey{Key: key}}
	task["id"], task["secret"] = register(t, c, func(*openid.Client) {})
	task["public"], _ = register(t, c, func(n *openid.Client) {
		n.Auth, n.Bound, n.Pushed, n.Grants = openid.AuthNone, true, true, []string{openid.GrantCode, openid.GrantRefresh}
	})
	task["keyed"], _ = register(t, c, func(n *openid.Client) { n.Auth, n.Keys = openid.AuthKey, string(set) })
	in, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "client.mjs")
	cmd.Stdin = bytes.NewReader(in)
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &bad
	// The device may ask again only as the city's clock goes on.
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for running := true; running; {
		select {
		case err = <-done:
			running = false
		case <-tick.C:
			c.Clock.Advance(100 * time.Millisecond)
		}
	}
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), bad.String())
	}
	want := `{"flow":"code","name":"Nguyễn Thị Hạnh","acr":"verified","amr":["pwd"]}
{"flow":"refresh","turned":true,"sub":true}
{"flow":"introspect","active":true,"scope":"openid profile offline_access dossiers.read"}
{"flow":"revoke","active":false}
{"flow":"client","status":200}
{"flow":"par","name":true}
{"flow":"dpop","type":"dpop","status":200,"again":"dpop"}
{"flow":"key","sub":true}
{"flow":"device","answer":200,"sub":true}
{"flow":"end","to":"https://app.example.vn/back/out?state=bye","account":303}
`
	if got := out.String(); got != want {
		t.Errorf("the client tells\n%s\nand not\n%s", got, want)
	}
	if strings.Contains(bad.String(), "Error") {
		t.Error(bad.String())
	}
}
