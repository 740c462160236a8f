package authweb

import (
	"context"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/factor"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
)

// typed is what a form held, for showing it again. The password is never among it.
type typed struct {
	Login, Name, Next string
	Others            []ui.Anchor // further ways in
}

// first is the page on which somebody begins to sign in.
func (p Pages) first(ctx context.Context, t typed, ps ui.Problems) templ.Component {
	for _, d := range p.Doors {
		t.Others = append(t.Others, d(ctx, t.Next)...)
	}
	return signInPage(t, p.host(ctx), ps)
}

// stepPocket holds a sign-in that wants a second factor, or a recovery.
const (
	stepPocket = "khue-step"
	stepAge    = 15 * 60
)

func (p Pages) signInForm(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	t := typed{Login: q.Get("login"), Next: web.LocalPath(q.Get("next"))}
	if s := auth.From(r.Context()); s.SignedIn() {
		if q.Get("again") == "" {
			return web.Redirect(w, r, p.after(s, t.Next))
		}
		if t.Login == "" { // a page asks that they prove once more who they are
			t.Login = s.Login
		}
	}
	return web.Render(w, r, http.StatusOK, p.first(r.Context(), t, nil))
}

func (p Pages) signIn(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	t := typed{Login: f.Get("login"), Next: web.LocalPath(f.Get("next"))}
	in, err := p.Ways.SignIn(r.Context(), t.Login, f.Get("password"), begun(w, r))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error {
			return web.Render(w, r, web.Status(err), p.first(r.Context(), t, ps))
		})
	}
	if in.Step != "" {
		web.Pocket(w, r, stepPocket, in.Step, stepAge)
		return web.Redirect(w, r, withNext("/sign-in/second", t.Next))
	}
	return p.come(w, r, in, t.Next)
}

func (p Pages) passkeyOptions(w http.ResponseWriter, r *http.Request) error {
	f := begun(w, r)
	o, step, err := p.Ways.AskPasskey(f.Browser)
	return options(w, o, step, err)
}

func (p Pages) signInByKey(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	next := web.LocalPath(f.Get("next"))
	key, answer := posted(f)
	in, err := p.Ways.SignInByKey(r.Context(), key, answer, from(r))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error {
			return web.Render(w, r, web.Status(err), p.first(r.Context(), typed{Next: next}, ps))
		})
	}
	return p.come(w, r, in, next)
}

func (p Pages) secondForm(w http.ResponseWriter, r *http.Request) error {
	next, err := nextOf(r)
	if err != nil {
		return err
	}
	return p.drawSecond(w, r, http.StatusOK, next, "", nil)
}

// drawSecond draws the second step, or the first where the step ran out.
func (p Pages) drawSecond(w http.ResponseWriter, r *http.Request, status int, next, sent string, ps ui.Problems) error {
	ways, err := p.Ways.Second(r.Context(), web.InPocket(r, stepPocket), from(r))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error {
			web.Pocket(w, r, stepPocket, "", 0)
			return web.Render(w, r, web.Status(err), p.first(r.Context(), typed{Next: next}, ps))
		})
	}
	return web.Render(w, r, status, secondPage(secondArgs{Ways: ways, Next: next, Sent: sent, Host: p.host(r.Context()), Post: "/sign-in/second"}, ps))
}

func (p Pages) second(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	next := web.LocalPath(f.Get("next"))
	in, err := p.Ways.AnswerCode(r.Context(), web.InPocket(r, stepPocket), f.Get("code"), from(r))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error { return p.drawSecond(w, r, web.Status(err), next, "", ps) })
	}
	return p.come(w, r, in, next)
}

func (p Pages) sendSecond(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	next, c := web.LocalPath(f.Get("next")), factor.Channel(f.Get("channel"))
	if err := p.Ways.SendSecond(r.Context(), web.InPocket(r, stepPocket), c, from(r)); err != nil {
		return again(w, r, err, func(ps ui.Problems) error { return p.drawSecond(w, r, web.Status(err), next, "", ps) })
	}
	return p.drawSecond(w, r, http.StatusOK, next, string(c), nil)
}

func (p Pages) secondOptions(w http.ResponseWriter, r *http.Request) error {
	o, step, err := p.Ways.AskSecond(r.Context(), web.InPocket(r, stepPocket), from(r))
	return options(w, o, step, err)
}

func (p Pages) secondByKey(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	next := web.LocalPath(f.Get("next"))
	key, answer := posted(f)
	in, err := p.Ways.AnswerKey(r.Context(), web.InPocket(r, stepPocket), key, answer, from(r))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error { return p.drawSecond(w, r, web.Status(err), next, "", ps) })
	}
	return p.come(w, r, in, next)
}

func (p Pages) signUpForm(w http.ResponseWriter, r *http.Request) error {
	next, err := nextOf(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, signUpPage(typed{Next: next}, nil))
}

func (p Pages) signUp(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	t := typed{Login: f.Get("login"), Name: f.Get("name"), Next: web.LocalPath(f.Get("next"))}
	in, err := p.Ways.SignUp(r.Context(), t.Name, t.Login, f.Get("password"), begun(w, r))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error {
			return web.Render(w, r, web.Status(err), signUpPage(t, ps))
		})
	}
	if in.Step != "" {
		web.Pocket(w, r, stepPocket, in.Step, stepAge)
		return web.Redirect(w, r, withNext("/sign-in/second", t.Next))
	}
	return p.come(w, r, in, t.Next)
}

func (p Pages) signOut(w http.ResponseWriter, r *http.Request) error {
	if web.Kiosk(r.Context()) {
		return p.finishKiosk(w, r)
	}
	if err := p.Auth.SignOut(r.Context(), web.Token(r.Context())); err != nil {
		return err
	}
	web.SetSession(w, r, "")
	return web.Redirect(w, r, "/")
}

func (p Pages) recoverForm(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, recoverPage(p.Ways.Sends(factor.Phone), "", nil))
}

func (p Pages) beginRecovery(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	step, err := p.Ways.BeginRecovery(r.Context(), f.Get("login"), begun(w, r))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error {
			return web.Render(w, r, web.Status(err), recoverPage(p.Ways.Sends(factor.Phone), f.Get("login"), ps))
		})
	}
	web.Pocket(w, r, stepPocket, step, stepAge)
	return web.Redirect(w, r, "/sign-in/recover/codes")
}

func (p Pages) recoverCodesForm(w http.ResponseWriter, r *http.Request) error {
	if web.InPocket(r, stepPocket) == "" {
		return web.Redirect(w, r, "/sign-in/recover")
	}
	return web.Render(w, r, http.StatusOK, recoverCodesPage(p.Ways.Sends(factor.Phone), nil))
}

func (p Pages) recoverCodes(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	reset, err := p.Ways.AnswerRecovery(r.Context(), web.InPocket(r, stepPocket), f.Get("phone"), f.Get("other"), from(r))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error {
			return web.Render(w, r, web.Status(err), recoverCodesPage(p.Ways.Sends(factor.Phone), ps))
		})
	}
	web.Pocket(w, r, stepPocket, reset, stepAge)
	return web.Redirect(w, r, "/sign-in/recover/password")
}

func (p Pages) resetForm(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.Ways.Resettable(web.InPocket(r, stepPocket), from(r)); err != nil {
		return web.Redirect(w, r, "/sign-in/recover")
	}
	return web.Render(w, r, http.StatusOK, resetPage(nil))
}

func (p Pages) reset(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	in, err := p.Ways.Reset(r.Context(), web.InPocket(r, stepPocket), f.Get("password"), from(r))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error { return web.Render(w, r, web.Status(err), resetPage(ps)) })
	}
	return p.come(w, r, in, "/account")
}

func (p Pages) alarmForm(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	if err := p.Ways.AlarmOpen(r.Context(), q.Get("t")); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, alarmPage(q.Get("t")))
}

func (p Pages) alarm(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	step, err := p.Ways.RaiseAlarm(r.Context(), f.Get("t"), begun(w, r))
	if err != nil {
		return err
	}
	web.SetSession(w, r, "")
	web.Pocket(w, r, stepPocket, step, 3600)
	return web.Render(w, r, http.StatusOK, renewPage(true, nil))
}

func (p Pages) renew(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	if err := p.Ways.Renew(r.Context(), web.InPocket(r, stepPocket), f.Get("old"), f.Get("password"), from(r)); err != nil {
		return again(w, r, err, func(ps ui.Problems) error { return web.Render(w, r, web.Status(err), renewPage(false, ps)) })
	}
	web.Pocket(w, r, stepPocket, "", 0)
	return web.Redirect(w, r, "/sign-in")
}

// Prove answers a request whose session lacks the proof of its route: a page comes back after
// the proof, a form is kept, sealed, and runs then. What holds files cannot be kept.
func (p Pages) Prove(w http.ResponseWriter, r *http.Request, want auth.Proof) error {
	if r.Header.Get("Accept") == "application/json" {
		return errs.E(errs.Forbidden, "auth.error.prove")
	}
	if (want == auth.ProveTwo || want == auth.ProveTwoAgain) && !auth.From(r.Context()).Second {
		next := r.URL.RequestURI()
		if r.Method != http.MethodGet {
			next = backOf(r)
		}
		return web.Redirect(w, r, withNext("/account/second", next))
	}
	if r.Method == http.MethodGet {
		return web.Redirect(w, r, withNext("/sign-in/prove", r.URL.RequestURI()))
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	from := begun(w, r)
	a := proveArgs{Next: backOf(r), Two: want == auth.ProveTwo || want == auth.ProveTwoAgain, Sign: want == auth.ProveToSign}
	if r.MultipartForm == nil && len(f.Encode()) <= maxKept {
		if a.Kept, err = p.Ways.Keep(r.Context(), factor.Kept{Path: r.URL.RequestURI(), Form: f}, from); err != nil {
			return err
		}
	}
	return p.drawProof(w, r, http.StatusForbidden, a, from, nil)
}

const maxKept = 48 << 10

// backOf is the page that a form stood on.
func backOf(r *http.Request) string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host {
		return "/account"
	}
	return web.LocalPath(u.RequestURI())
}

func (p Pages) proveForm(w http.ResponseWriter, r *http.Request) error {
	next, err := nextOf(r)
	if err != nil {
		return err
	}
	return p.drawProof(w, r, http.StatusOK, proveArgs{Next: next}, begun(w, r), nil)
}

func (p Pages) drawProof(w http.ResponseWriter, r *http.Request, status int, a proveArgs, f factor.From, ps ui.Problems) error {
	step, ways, err := p.Ways.BeginProof(r.Context(), f)
	if err != nil {
		return err
	}
	if a.Step == "" {
		a.Step = step
	}
	a.Ways, a.Host = ways, p.host(r.Context())
	return web.Render(w, r, status, provePage(a, ps))
}

func proofOf(f url.Values) proveArgs {
	return proveArgs{Next: web.LocalPath(f.Get("next")), Kept: f.Get("kept"), Step: f.Get("step")}
}

func (p Pages) prove(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	a := proofOf(f)
	if err := p.Ways.Prove(r.Context(), f.Get("password"), f.Get("code"), a.Step, from(r)); err != nil {
		return p.unproved(w, r, err, a)
	}
	return p.goOn(w, r, a)
}

func (p Pages) unproved(w http.ResponseWriter, r *http.Request, err error, a proveArgs) error {
	if errs.Is(err, errs.Gone) {
		a.Step = "" // a fresh one
	}
	return again(w, r, err, func(ps ui.Problems) error { return p.drawProof(w, r, web.Status(err), a, begun(w, r), ps) })
}

// goOn brings somebody to what they were doing before the proof.
func (p Pages) goOn(w http.ResponseWriter, r *http.Request, a proveArgs) error {
	if a.Kept == "" {
		return web.Redirect(w, r, a.Next)
	}
	kept, err := p.Ways.Release(r.Context(), a.Kept, from(r))
	if err != nil {
		return err
	}
	return web.Resume(w, r, kept.Path, kept.Form)
}

func (p Pages) sendProof(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	a, c := proofOf(f), factor.Channel(f.Get("channel"))
	if err := p.Ways.SendProof(r.Context(), a.Step, c, from(r)); err != nil {
		return p.unproved(w, r, err, a)
	}
	a.Sent = string(c)
	return p.drawProof(w, r, http.StatusOK, a, begun(w, r), nil)
}

func (p Pages) proofOptions(w http.ResponseWriter, r *http.Request) error {
	o, step, err := p.Ways.AskPasskeyOf(r.Context(), auth.From(r.Context()).Account, web.Browser(r))
	return options(w, o, step, err)
}

func (p Pages) proveByKey(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	a := proofOf(f)
	key, answer := posted(f)
	if err := p.Ways.ProveByKey(r.Context(), key, answer, from(r)); err != nil {
		return p.unproved(w, r, err, a)
	}
	return p.goOn(w, r, a)
}
