package push

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/errs"
)

func raw(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The example of RFC 8291, appendix A, byte by byte.
func TestEncryptAsTheStandardShows(t *testing.T) {
	t.Parallel()
	key, err := ecdh.P256().NewPrivateKey(raw(t, "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
	if err != nil {
		t.Fatal(err)
	}
	sub := Subscription{
		Endpoint: "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
		P256DH:   raw(t, "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
		Auth:     raw(t, "BTBZMqHH6r4Tts7J_aSIgg"),
	}
	got, err := encrypt(sub, []byte("When I grow up, I want to be a watermelon"), key, raw(t, "DGv6ra1nlYgDCS1FRnbzlw"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
	if enc := base64.RawURLEncoding.EncodeToString(got); enc != want {
		t.Errorf("got  %s\nwant %s", enc, want)
	}
	if _, err := encrypt(sub, make([]byte, MaxPayload+1), key, make([]byte, 16)); !errs.Is(err, errs.Invalid) {
		t.Errorf("a long payload: %v", err)
	}
	for _, bad := range []Subscription{{}, {Endpoint: sub.Endpoint, P256DH: sub.Auth, Auth: sub.Auth}, {Endpoint: sub.Endpoint, P256DH: sub.P256DH}, {Endpoint: "x", P256DH: sub.P256DH, Auth: sub.Auth}} {
		if err := bad.Check(); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestKeysSignForThePushServiceOnly(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "push.key")
	k, err := LoadKeys(file)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := LoadKeys(file); err != nil || again.Public() != k.Public() {
		t.Errorf("the pair changed: %v", err)
	}
	now := time.Unix(1_800_000_000, 0)
	head, err := k.Authorization("https://push.example.net/push/abc", "mailto:motcua@hanoi.example", now)
	if err != nil {
		t.Fatal(err)
	}
	token, ok := strings.CutPrefix(head, "vapid t=")
	token, pub, two := strings.Cut(token, ", k=")
	parts := strings.Split(token, ".")
	if !ok || !two || pub != k.Public() || len(parts) != 3 {
		t.Fatal(head)
	}
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	if err := json.Unmarshal(raw(t, parts[1]), &claims); err != nil || claims.Aud != "https://push.example.net" || claims.Exp != now.Unix()+12*3600 || claims.Sub != "mailto:motcua@hanoi.example" {
		t.Errorf("%+v %v", claims, err)
	}
	point, sig := raw(t, pub), raw(t, parts[2])
	key := ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(point[1:33]), Y: new(big.Int).SetBytes(point[33:])}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(&key, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		t.Error("the signature does not hold")
	}
}
