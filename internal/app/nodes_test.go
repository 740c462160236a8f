package app_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/register/openid"
)

// TestWhatIsCountedOnOneNodeHoldsOnAnother: whoever guessed too often at one node is held back at
// the other, and a proof that was used at one is used up at both.
func TestWhatIsCountedOnOneNodeHoldsOnAnother(t *testing.T) {
	t.Parallel()
	url := dbtest.PostgresURL(t, app.Migrations())
	c := citytest.New(t, citytest.With(demo), citytest.With(func(c *app.Config) { c.DB, c.PublicURL = url, "https://thanhpho.example" }))
	other := second(t, c)
	try := func(p *app.Program, password string) error {
		_, _, err := p.Auth.SignIn(t.Context(), auth.Credentials{Login: "0912000001", Password: password, Network: "203.0.113.9", Device: "curl"})
		return err
	}
	for i := range 5 {
		if err := try([]*app.Program{c.Program, other}[i%2], "sai mật khẩu rồi"); !errs.Is(err, errs.Unauthenticated) {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	// A try with the right word would be forgiven at a node that has not heard yet: let them tell.
	nodes := []*app.Program{c.Program, other}
	for _, p := range nodes {
		if err := p.Auth.Share(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range nodes {
		if err := p.Auth.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := try(p, c.Demo.Password); !errs.Is(err, errs.RateLimited) {
			t.Errorf("five tries at two nodes are not five tries at each: %v", err)
		}
	}

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	proof := func(name string) string {
		body, err := json.Marshal(map[string]any{"jti": name, "htm": "POST", "htu": c.OpenID.Issuer() + "/oauth/token", "iat": c.OpenID.Wire.Now().Unix()})
		if err != nil {
			t.Fatal(err)
		}
		signed, err := signer.Sign(body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := signed.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	check := func(p *app.Program, text string) error {
		_, err := p.OpenID.CheckProof(t.Context(), text, "POST", "/oauth/token", "")
		return err
	}
	once := proof("một lần")
	if err := check(c.Program, once); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*app.Program{other, c.Program} {
		if f, ok := openid.FaultOf(check(p, once)); !ok || f.Code != openid.InvalidProof {
			t.Errorf("a proof was taken twice: %v", f)
		}
	}
	if err := check(other, proof("lần nữa")); err != nil {
		t.Errorf("a fresh proof: %v", err)
	}
	rows := func() (n int) {
		t.Helper()
		if err := c.DB.View(t.Context(), func(_ context.Context, v *db.View) error {
			return v.QueryRow(`SELECT COUNT(*) FROM openid_seen`).Scan(&n)
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := rows(); n != 2 {
		t.Errorf("%d proofs are kept, want 2", n)
	}
	c.Clock.Advance(3 * time.Hour)
	if err := c.OpenID.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := rows(); n != 0 {
		t.Errorf("%d proofs are kept that are long over", n)
	}
}
