package app_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/factor"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/rights"
	"khue/internal/register/openid"
)

// made is what the browser of somebody would answer where a passkey is asked for.
func made(t testing.TB, host string, challenge protocol.URLEncodedBase64) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		t.Fatal(err)
	}
	id, site := []byte(rand.Text()), sha256.Sum256([]byte(host))
	data := binary.BigEndian.AppendUint16(slices.Concat(site[:], []byte{0x45, 0, 0, 0, 1}, make([]byte, 16)), uint16(len(id)))
	data = slices.Concat(data, id, []byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, pub[1:33], []byte{0x22, 0x58, 32}, pub[33:])
	enc := base64.RawURLEncoding
	client, _ := json.Marshal(map[string]any{"type": "webauthn.create", "challenge": challenge.String(), "origin": "http://localhost:0"})
	att := slices.Concat([]byte{0xa3, 0x63}, []byte("fmt"), []byte{0x64}, []byte("none"), []byte{0x67}, []byte("attStmt"), []byte{0xa0, 0x68}, []byte("authData"), []byte{0x58, byte(len(data))}, data)
	out, _ := json.Marshal(map[string]any{
		"id": enc.EncodeToString(id), "rawId": enc.EncodeToString(id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": enc.EncodeToString(client), "attestationObject": enc.EncodeToString(att)},
	})
	return string(out)
}

// fresh is somebody who signed in a moment ago, so that no proof is asked of them: what refuses
// them is that a thing is not theirs.
func (s *seed) fresh(login string) (citytest.Actor, context.Context) {
	s.t.Helper()
	a, err := s.Auth.FindAccount(s.t.Context(), login)
	s.ok(err)
	token, sub, err := s.Auth.OpenAs(s.t.Context(), a, auth.How{Methods: []string{auth.ByPassword, auth.ByMany}, Network: "n"})
	s.ok(err)
	return s.Token(token), auth.With(s.t.Context(), sub)
}

var (
	codeInMail = regexp.MustCompile(`\b\d{6}\b`)
	flagOnPage = regexp.MustCompile(`/desk/looks/(\d+)`)
)

// registers sows a kiosk, a wish for a program, a flag and a list of erasures.
func (s *seed) registers() {
	s.t.Helper()
	_, chair := s.fresh("chutich")
	_, err := s.Ways.NewKiosk(chair, "Máy số 1")
	s.ok(err)
	kiosks, err := s.Ways.Kiosks(chair)
	s.ok(err)
	s.id["kiosk"] = itoa(kiosks[0].ID)

	wish, err := s.OpenID.Ask(s.ctx("lanhdao"), openid.Wish{
		Kind: openid.WishAdd, Basis: "Thỏa thuận 12/TT-UBND",
		Client: openid.Client{Name: "Bến Đỗ", Owner: "Công ty Bến Đỗ", Redirects: []string{"https://ben-do.example/back"}, Scopes: []string{"openid"}, Auth: openid.AuthNone},
	}, web.NewKey())
	s.ok(err)
	s.id["wish"] = wish.ID.String()

	// A clerk who opens what carries the clerk's own name is flagged.
	own := citytest.Birth()
	own["answers"].(map[string]any)["child.dob"] = "2025-02-20"
	own["applicant"] = map[string]any{"name": s.Account("clerk").Name, "phone": "0912000001"}
	code := s.AsLogin("0912000001").Post("/api/v1/dossiers", own).Want(201).Text("code")
	task, _ := s.task("motcua", code)
	s.AsLogin("motcua").Get("/desk/tasks/" + task).Want(200)
	s.Eventually("the look is flagged", func() bool {
		m := flagOnPage.FindSubmatch(s.AsLogin("chutich").Get("/desk/looks").Want(200).Body)
		if m != nil {
			s.id["flag"] = string(m[1])
		}
		return m != nil
	})

	// What the daily job finds when a term is over.
	held, _, err := s.Dossiers.Seeable(s.ctx("0912000001"), s.id["moved"])
	s.ok(err)
	batch := s.Gen.Next()
	s.ok(s.DB.InTx(s.t.Context(), func(_ context.Context, tx *db.Tx) error {
		err := tx.Exec(`INSERT INTO rights_batch (id, rule, state, n, erased, found_at, first, first_name, second, second_name, ended_at) VALUES ($1, 'hanoi.civil-status.birth-registration/P10Y', 'found', 1, 0, $2, 0, '', 0, '', 0)`, batch, db.Millis(tx.Now()))
		if err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO rights_due (batch, dossier, done) VALUES ($1, $2, FALSE)`, batch, int64(held))
	}))
	s.id["batch2"] = itoa(batch)
	hold, err := s.Rights.AskHold(s.ctx("lanhdao"), rights.HoldAsk{
		Decision: "15/2025/QĐ-TA", OrderedBy: "Tòa án nhân dân khu vực 2", Since: clock.DateOf(s.Clock.Now()), Codes: []string{s.id["moved"]}, Why: "Vụ án số 5, tòa án yêu cầu.", Key: web.NewKey(),
	})
	s.ok(err)
	s.id["hold"] = hold.String()
}

// keep sows what an account has of its own: a passkey, a place for codes, a program that was let
// in, a restriction.
func (s *seed) keep(login string) context.Context {
	s.t.Helper()
	_, ctx := s.fresh(login)
	opened, step, err := s.Ways.BeginPasskey(ctx, "b")
	s.ok(err)
	_, err = s.Ways.AddPasskey(ctx, "b", step, made(s.t, s.Ways.PasskeyHost(), opened.(protocol.PublicKeyCredentialCreationOptions).Challenge), "Máy của Hạnh")
	s.ok(err)
	step, err = s.Ways.BeginContact(ctx, factor.Email, "hanh.rieng@example.vn", "b", "n")
	s.ok(err)
	var code string
	s.Eventually("a code arrives", func() bool {
		for _, m := range s.Mail.(*mail.Recorder).Sent() {
			if m.To == "hanh.rieng@example.vn" {
				code = codeInMail.FindString(m.Text)
			}
		}
		return code != ""
	})
	s.ok(s.Ways.AddContact(ctx, "b", step, code, "n"))
	client, _, err := s.OpenID.AddClient(ctx, openid.Client{
		Name: "Sổ hộ khẩu", Owner: "Công ty Bến Đỗ", Redirects: []string{"https://so.example/back"}, Scopes: []string{"openid"}, Auth: openid.AuthNone,
		Grants: []string{openid.GrantCode}, Token: openid.TokenOpaque, Alg: "ES256", Sector: "so.example",
	})
	s.ok(err)
	s.ok(s.OpenID.Allow(ctx, client.Code, []string{"openid"}))
	s.id["client"] = client.Code
	ways, err := s.Ways.Ways(ctx, auth.From(ctx).Account)
	s.ok(err)
	s.id["passkey"] = itoa(ways.Passkeys[0].ID)

	about, _, err := s.Dossiers.Seeable(ctx, s.id["dossier"])
	s.ok(err)
	request, err := s.Rights.Ask(ctx, rights.Draft{Kind: rights.Restriction, Type: dossier.SubjectType, About: int64(about), Code: s.id["dossier"], Words: "Không cho xem khi không cần.", Key: web.NewKey()})
	s.ok(err)
	s.ok(s.Rights.Answer(s.ctx("lanhdao"), request.ID, rights.Reply{State: "granted", Words: "Đã hạn chế theo yêu cầu.", Key: web.NewKey()}))
	return ctx
}

// has is what the account of ctx has of its own.
func (s *seed) has(ctx context.Context) string {
	s.t.Helper()
	me := auth.From(ctx).Account
	ways, err := s.Ways.Ways(ctx, me)
	s.ok(err)
	allowed, err := s.OpenID.AllowedBy(ctx, me)
	s.ok(err)
	limits, err := s.Rights.Limits(ctx)
	s.ok(err)
	sessions, err := s.Auth.Sessions(ctx, me)
	s.ok(err)
	var out []string
	for _, p := range ways.Passkeys {
		out = append(out, "passkey "+p.Label)
	}
	for _, c := range ways.Contacts {
		out = append(out, fmt.Sprint("contact ", c.Address, c.Second))
	}
	return strings.Join(append(out, fmt.Sprintf("%d programs, %d limits, %d sessions", len(allowed), len(limits), len(sessions))), "\n")
}

// TestWhatAnAccountHasIsItsOwn asks for what belongs to one account as strangers who signed in a
// moment ago, so that no page for a proof stands before the question whose it is.
func TestWhatAnAccountHasIsItsOwn(t *testing.T) {
	t.Parallel()
	s := sow(t)
	ctx := s.keep("0912000001")
	before := s.has(ctx)
	tries := []struct {
		path string
		form url.Values
	}{
		{"/account/passkeys/" + s.id["passkey"], url.Values{"label": {"Máy của tôi"}}},
		{"/account/contact/email/use", url.Values{"second": {"yes"}}},
		{"/account/sessions/" + s.id["session"] + "/end", url.Values{}},
		{"/account/data/requests", url.Values{"kind": {"lifting"}, "about": {s.id["dossier"]}, "words": {"Xin bỏ hạn chế đã đặt."}}},
		{"/desk/sessions", url.Values{"login": {"0912000001"}, "reason": {"muốn thế thôi"}}},
		{"/account/clients/" + s.id["client"] + "/withdraw", url.Values{}},
		{"/account/passkeys/" + s.id["passkey"] + "/remove", url.Values{}},
		{"/account/contact/email/remove", url.Values{}},
	}
	for _, login := range []string{"0912000002", "cukhoi.motcua", "cukhoi.chutich", "ldtbxh", "motcua", "chutich"} {
		who, _ := s.fresh(login)
		for _, x := range tries {
			if x.path == "/desk/sessions" && login != "0912000002" {
				continue // officers end the sessions of whoever reports a theft, and say why
			}
			x.form.Set("_key", web.NewKey())
			a := who.Do("POST", x.path, []byte(x.form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
			if strings.HasPrefix(a.Header.Get("Location"), "/sign-in") {
				t.Errorf("POST %s as %s: a proof is asked, so that the try shows nothing", x.path, login)
			}
			if got := s.has(ctx); got != before {
				t.Fatalf("POST %s as %s: %d, and what its owner has became\n%s\ninstead of\n%s", x.path, login, a.Status, got, before)
			}
		}
	}
	owner, ctx := s.fresh("0912000001")
	for _, x := range tries {
		if x.path == "/desk/sessions" || x.path == "/account/data/requests" {
			continue
		}
		was := s.has(ctx)
		x.form.Set("_key", web.NewKey())
		a := owner.Do("POST", x.path, []byte(x.form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
		if s.has(ctx) == was {
			t.Errorf("POST %s: its owner cannot do it either (%d); the tries prove nothing", x.path, a.Status)
		}
	}
}

// TestStrangersDecideNoWish: what is asked for about a program is decided by a second leader of
// the city, whoever else knows its id and has proved who they are.
func TestStrangersDecideNoWish(t *testing.T) {
	t.Parallel()
	s := sow(t)
	for _, do := range []string{"approve", "reject", "collect"} {
		for _, login := range []string{"0912000002", "cukhoi.motcua", "cukhoi.chutich", "ldtbxh", "motcua", "chutich", "thietke", "kiemtra"} {
			who, _ := s.fresh(login)
			f := url.Values{"do": {do}, "_key": {web.NewKey()}}
			if a := who.Do("POST", "/admin/clients/wishes/"+s.id["wish"], []byte(f.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"}); a.Status != 403 {
				t.Errorf("%s as %s: %d", do, login, a.Status)
			}
		}
	}
	list, err := s.OpenID.Wishes(s.ctx("lanhdao"))
	if err != nil || len(list) != 1 || list[0].State != openid.WishProposed {
		t.Errorf("the wish is %+v, %v", list, err)
	}
}
