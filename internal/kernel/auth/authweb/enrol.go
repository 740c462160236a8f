package authweb

import (
	"net/http"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
)

// nextPocket holds the page that somebody wanted before they had to set up a second factor.
const nextPocket = "khue-next"

// enrol is the one page that an officer reaches of whom two factors are demanded, and who has
// shown one: it sets up the second, or asks for the one there is. After it they go where they
// wanted to go.
func (p Pages) enrol(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	sub := auth.From(r.Context())
	next := web.LocalPath(q.Get("next"))
	if next == "/" {
		next = web.LocalPath(web.InPocket(r, nextPocket))
	}
	if auth.ProveTwo.Met(sub, p.Ways.Clock.Now()) {
		web.Pocket(w, r, nextPocket, "", 0)
		return web.Redirect(w, r, p.after(sub, next))
	}
	if sub.Second {
		return web.Redirect(w, r, withNext("/sign-in/prove", next))
	}
	if next != "/" && len(next) <= maxPocket {
		web.Pocket(w, r, nextPocket, next, 3600)
	}
	return web.Render(w, r, http.StatusOK, enrolPage(enrolArgs{Officer: sub.Kind == auth.KindOfficer, Host: p.host(r.Context()), Demanded: p.Demand.Of(sub, p.Ways.Clock.Now()) != auth.NoProof}))
}

const maxPocket = 2000 // of an address; a cookie holds four thousand bytes

// onward is where a page leads that showed how a second factor was set up.
func onward(r *http.Request) string {
	if web.InPocket(r, nextPocket) != "" {
		return "/account/second"
	}
	return "/account"
}
