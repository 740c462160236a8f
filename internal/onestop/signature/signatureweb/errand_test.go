package signatureweb_test

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/sign"
)

// A paper that its owner signed belongs to one dossier, an answer to one errand, and a certificate
// that has run out meanwhile signs nothing any more.
func TestASignatureBelongsToItsErrand(t *testing.T) {
	t.Parallel()
	at := clock.MustDate("2025-06-23").At(8, 10)
	var mu sync.Mutex
	made := map[string]provider{}
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		mu.Lock()
		p := made[c.Config.Data]
		mu.Unlock()
		me := c.As("citizen")
		errand := func() (code, path string, r sign.Request) {
			t.Helper()
			code = me.Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
			path = upload(t, me, "/dossiers/"+code+"/sign", "certificate", "toi.pem", p.cert).Want(303).Header.Get("Location")
			r, err := sign.ReadRequest(me.Get(path + "/request.json").Want(200).Body)
			if err != nil {
				t.Fatal(err)
			}
			return code, path, r
		}
		answer := func(r sign.Request) []byte {
			t.Helper()
			a, err := r.Sign(t.Context(), nil, p.sign)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			return raw
		}
		one, first, asked := errand()
		other, second, _ := errand()
		third, last, late := errand()

		if page := string(upload(t, me, second, "answer", "x.json", answer(asked)).Want(422).Body); !strings.Contains(page, "another signing") {
			t.Error("an answer of another errand is not told to be that")
		}
		if page := read(t, me, first); !strings.Contains(page, `href="/dossiers/`+one+`"`) {
			t.Error("the errand does not lead back to its dossier")
		}
		upload(t, me, first, "answer", "x.json", answer(asked)).Want(303)
		signed := regexp.MustCompile(`/signed/([^"]*)"`).FindStringSubmatch(read(t, me, "/dossiers/"+one+"/sign"))
		if signed == nil {
			t.Fatal("the signed paper is not shown")
		}
		me.Get("/dossiers/" + one + "/signed/" + signed[1]).Want(200)
		me.Get("/dossiers/" + other + "/signed/" + signed[1]).Want(404) // the reader's own too, but of another dossier
		paper := asked.Papers[0].ID
		me.Get(first + "/papers/" + paper + ".pdf").Want(200)
		me.Get(second + "/papers/" + paper + ".pdf").Want(404)

		// The bytes that were handed out name the file: of another one the signature does not fit.
		sum := sha256.Sum256([]byte("khác"))
		wrong, err := p.sign(t.Context(), sum[:])
		if err != nil {
			t.Fatal(err)
		}
		upload(t, me, second, "answer", "x.bin", wrong).Want(422)

		ready := answer(late)
		c.Pass(400 * 24 * time.Hour)
		a, err := c.Auth.FindAccount(t.Context(), c.Account("citizen").Login) // sessions end sooner
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := c.Auth.OpenAs(t.Context(), a, auth.How{Methods: []string{auth.ByPassword}, Network: "n"})
		if err != nil {
			t.Fatal(err)
		}
		me = c.Token(token)
		if page := string(upload(t, me, last, "answer", "x.json", ready).Want(http.StatusConflict).Body); !strings.Contains(page, "has run out") {
			t.Error("that the certificate ran out meanwhile is not told")
		}
		if page := read(t, me, "/dossiers/"+third+"/sign"); strings.Contains(page, "/signed/") {
			t.Error("a certificate that ran out signed")
		}
	}, citytest.With(func(cfg *app.Config) {
		mu.Lock()
		defer mu.Unlock()
		made[cfg.Data] = trust(t, cfg.Data, at)
	}))
}
