package dossierweb_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
)

// Who signs proves first that it is them, unless they did within half an hour; what was to be
// signed is kept and signed right after it, one or many. A program's token signs nothing.
func TestSigningAsksForAFreshProof(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		boss := c.Account("chairman")
		account, err := c.Auth.FindAccount(t.Context(), boss.Login)
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := c.Auth.OpenAs(t.Context(), account, auth.How{Methods: []string{auth.ByPassword, auth.ByCode, auth.ByMany}, Network: "n"})
		if err != nil {
			t.Fatal(err)
		}
		cookie := fmt.Sprintf("khue=%s; khue-browser=%s", token, web.NewKey())
		send := func(path string, form url.Values) citytest.Answer {
			if !form.Has("_key") {
				form.Set("_key", web.NewKey())
			}
			return c.Visitor().Do(http.MethodPost, path, []byte(form.Encode()), map[string]string{
				"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "en", "Cookie": cookie,
			})
		}
		hidden := func(a citytest.Answer, password string) url.Values {
			t.Helper()
			wants(t, "the proof", a.Want(403), "Prove it is you before signing")
			out := url.Values{"password": {password}}
			for _, m := range regexp.MustCompile(`type="hidden" name="(next|kept|step)" value="([^"]*)"`).FindAllStringSubmatch(string(a.Body), -1) {
				out.Set(m[1], html.UnescapeString(m[2]))
			}
			return out
		}
		waits := func(code string) bool {
			return strings.Contains(string(page(c.As("chairman"), "/desk/leader?list=sign").Want(200).Body), code)
		}
		codes := []string{toSign(t, c), toSign(t, c), toSign(t, c), toSign(t, c)}
		tap := func(code string) url.Values {
			id, version := task(t, c, "chairman", code)
			return url.Values{"task": {id}, "version": {strconv.FormatInt(version, 10)}, "action": {"sign"}}
		}
		if a := act(t, c, "chairman", codes[0], "sign", nil).Want(403); !strings.Contains(a.Header.Get("WWW-Authenticate"), "max_age=1800") {
			t.Errorf("a program's token is told %q", a.Header.Get("WWW-Authenticate"))
		}
		c.Clock.Advance(40 * time.Minute)
		asked := hidden(send("/desk/leader/act", tap(codes[0])), "sai mật khẩu")
		send("/sign-in/prove", asked).Want(422)
		if !waits(codes[0]) {
			t.Fatal("signed without a proof")
		}
		asked.Set("password", c.Demo.Password)
		send("/sign-in/prove", asked).Want(303)
		if waits(codes[0]) {
			t.Fatal("what was kept was not signed after the proof")
		}
		c.Clock.Advance(20 * time.Minute)
		send("/desk/leader/act", tap(codes[1])).Want(303) // not asked for each

		c.Clock.Advance(20 * time.Minute)
		many := url.Values{"do": {"approve"}, "go": {"1"}}
		for _, code := range codes[2:] {
			id, version := task(t, c, "chairman", code)
			many.Add("pick", id+":"+strconv.FormatInt(version, 10))
		}
		done := send("/sign-in/prove", hidden(send("/desk/leader/many", many), c.Demo.Password)).Want(200)
		wants(t, "the account of many", done, codes[2], codes[3])
		if waits(codes[2]) || waits(codes[3]) {
			t.Errorf("of many not all were signed: %.2000s", done.Body)
		}
	}, citytest.With(func(cfg *app.Config) { cfg.Demand = auth.Demand{Officers: true} }))
}
