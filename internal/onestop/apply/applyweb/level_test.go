package applyweb_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
)

// An account that is not sure enough fills in, is told how it becomes so, and files the same
// draft once it is.
func TestSteppingUpKeepsTheDraft(t *testing.T) {
	t.Parallel()
	c := citytest.New(t, citytest.At(clock.MustDate("2025-07-02").At(8, 10)))
	const service = "/apply/hanoi.civil-status.birth-registration"
	stranger := visit(t, c, "en")
	if p := stranger.get(service); !strings.Contains(p.body, "/sign-in?next=") || !strings.Contains(p.body, "verified account") {
		t.Error("a visitor is not led to sign in")
	}
	if p := stranger.post(service, "case", "normal"); p.path != "/sign-in" {
		t.Errorf("a visitor began a draft at %s", p.path)
	}
	b := visit(t, c, "en")
	b.post("/sign-up", "name", "Lê Thị Mới", "login", "0912000077", "password", "mot-mat-khau-rat-dai")
	at := b.post(service, "case", "normal").path
	if !strings.HasPrefix(at, "/apply/d/") {
		t.Fatalf("a registered account begins at %s", at)
	}
	at = at[:strings.LastIndexByte(at, '/')]
	if p := b.get(at + "/review"); !strings.Contains(p.body, at+"/level") {
		t.Error("the review does not say that more is needed")
	}
	if p := b.post(at+"/review", "declare", "yes"); p.path != at+"/level" {
		t.Errorf("filed by a registered account: %d at %s", p.status, p.path)
	}
	if p := b.get(at + "/level"); !strings.Contains(p.body, "/account/identity") || !strings.Contains(p.body, "kept") {
		t.Error("the page does not say how to step up")
	}
	// At the counter: a code from the account, a card, and the draft goes on.
	p := b.post("/account/identity", "do", "code")
	_, rest, _ := strings.Cut(p.body, `id="code">`)
	code, _, _ := strings.Cut(rest, "<")
	clerk := visit(t, c, "en")
	clerk.signIn("clerk")
	check := clerk.post("/desk/identity", "login", "0912000077", "code", code, "card", "999195000044||Lê Thị Mới|01021995|Nữ|Tổ 7|15062021")
	if !strings.HasPrefix(check.path, "/desk/identity/") {
		t.Fatalf("the code %q leads to %d %s", code, check.status, check.path)
	}
	if p := clerk.get(check.path); strings.Contains(p.body, "999195000044") || !strings.Contains(p.body, "999xxxxxx044") {
		t.Error("the check shows a whole number")
	}
	clerk.post(check.path, "do", "confirm").want(422)
	clerk.post(check.path, "do", "confirm", "compared", "yes").want(200)
	if p := b.get(at + "/level"); p.path != at+"/review" {
		t.Errorf("verified, the page leads to %s", p.path)
	}
	if p := b.get("/account/identity"); !strings.Contains(p.body, "Verified") || !strings.Contains(p.body, "999xxxxxx044") {
		t.Error("the account does not say that it is verified")
	}
	// The API names the level.
	account, err := c.Auth.FindAccount(t.Context(), "0912000077")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.People.Unlink(auth.With(t.Context(), auth.Subject{Account: account.ID, Kind: auth.KindCitizen})); err != nil {
		t.Fatal(err)
	}
	token, err := c.Auth.IssueToken(t.Context(), account.ID, "test")
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(citytest.Birth())
	if err != nil {
		t.Fatal(err)
	}
	r := c.Visitor().Do("POST", "/api/v1/dossiers", bytes.ReplaceAll(body, []byte("00133"), []byte("00118")), map[string]string{
		"Authorization": "Bearer " + token, "Content-Type": "application/json", "Idempotency-Key": "key-level-1",
	}).Want(403)
	if r.Text("level") != "verified" {
		t.Errorf("the problem names %q", r.Text("level"))
	}
}
