package authweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/factor"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
)

// Messages are the package's sentences, for app's bundle.
//
//go:embed i18n
var Messages embed.FS

// Session marks the id of a session in an address.
type Session struct{}

// Passkey marks the id of a passkey in an address.
type Passkey struct{}

// Kiosk marks the id of a kiosk in an address.
type Kiosk struct{}

// Doors are further ways in that the sign-in page names.
type Doors func(ctx context.Context, next string) []ui.Anchor

// Deps is what the pages stand on.
type Deps struct {
	Auth *auth.Service
	Ways *factor.Service
	// Home says where somebody goes after signing in when no page was asked for: the desk for
	// an officer, the front door for a citizen.
	Home func(auth.Subject) string
	// Doors are further ways in that the sign-in page names.
	Doors []Doors
	// Demand says of whom two factors are demanded.
	Demand auth.Demand
	// About says what else is known of the owner of an account: of a business what it is and who
	// may act for it; nil, or no rows: nothing.
	About func(ctx context.Context, s auth.Subject) ([]ui.SummaryRow, error)
	// Links are further pages about somebody that the account page names; nil: none.
	Links func(ctx context.Context, s auth.Subject) []ui.Anchor
	// Unit names the unit of a scope, for the list of kiosks; nil: nobody does.
	Unit func(scope string) string
	// Admins may make kiosks; Counter may begin a recovery for somebody whose card they saw.
	// Helpers may end the sessions of whoever reports a theft.
	Admins, Counter, Helpers auth.Policy
}

// Pages are the pages of accounts.
type Pages struct{ Deps }

// New returns the pages. The server needs Prove and Kiosk too.
func New(d Deps) Pages { return Pages{d} }

const jsonBody = 32 << 10

// Module is what is joined to the server.
func (p Pages) Module() web.Module {
	get := func(path string, policy auth.Policy, proof auth.Proof, do web.HandlerFunc) web.Route {
		return web.Route{Method: http.MethodGet, Path: path, Policy: policy, Proof: proof, Do: do, Enrols: enrols(path)}
	}
	post := func(path string, policy auth.Policy, proof auth.Proof, do web.HandlerFunc) web.Route {
		return web.Route{Method: http.MethodPost, Path: path, Policy: policy, Proof: proof, Do: do, MaxBody: jsonBody, Enrols: enrols(path)}
	}
	const none, again = auth.NoProof, auth.ProveAgain
	return web.Module{Name: "auth", Routes: []web.Route{
		get("/sign-in", auth.Public, none, p.signInForm),
		post("/sign-in", auth.Public, none, p.signIn),
		post("/sign-in/passkey/options", auth.Public, none, p.passkeyOptions),
		post("/sign-in/passkey", auth.Public, none, p.signInByKey),
		get("/sign-in/second", auth.Public, none, p.secondForm),
		post("/sign-in/second", auth.Public, none, p.second),
		post("/sign-in/second/send", auth.Public, none, p.sendSecond),
		post("/sign-in/second/options", auth.Public, none, p.secondOptions),
		post("/sign-in/second/passkey", auth.Public, none, p.secondByKey),
		get("/sign-in/recover", auth.Public, none, p.recoverForm),
		post("/sign-in/recover", auth.Public, none, p.beginRecovery),
		get("/sign-in/recover/codes", auth.Public, none, p.recoverCodesForm),
		post("/sign-in/recover/codes", auth.Public, none, p.recoverCodes),
		get("/sign-in/recover/password", auth.Public, none, p.resetForm),
		post("/sign-in/recover/password", auth.Public, none, p.reset),
		get("/sign-in/prove", auth.SignedIn, none, p.proveForm),
		{Method: http.MethodPost, Path: "/sign-in/prove", Policy: auth.SignedIn, Do: p.prove, Enrols: true},
		post("/sign-in/prove/send", auth.SignedIn, none, p.sendProof),
		post("/sign-in/prove/options", auth.SignedIn, none, p.proofOptions),
		{Method: http.MethodPost, Path: "/sign-in/prove/passkey", Policy: auth.SignedIn, Do: p.proveByKey, Enrols: true},
		get("/sign-up", auth.Public, none, p.signUpForm),
		post("/sign-up", auth.Public, none, p.signUp),
		post("/sign-out", auth.Public, none, p.signOut),
		get("/not-me", auth.Public, none, p.alarmForm),
		post("/not-me", auth.Public, none, p.alarm),
		post("/not-me/password", auth.Public, none, p.renew),

		get("/account", auth.SignedIn, none, p.account),
		get("/account/second", auth.SignedIn, none, p.enrol),
		post("/account/password", auth.SignedIn, again, p.changePassword),
		post("/account/passkeys/options", auth.SignedIn, again, p.newPasskeyOptions),
		get("/account/passkeys/new", auth.SignedIn, again, p.newPasskey),
		post("/account/passkeys", auth.SignedIn, again, p.addPasskey),
		post("/account/passkeys/{id}", auth.SignedIn, none, p.renamePasskey),
		post("/account/passkeys/{id}/remove", auth.SignedIn, again, p.removePasskey),
		get("/account/app", auth.SignedIn, again, p.appForm),
		post("/account/app", auth.SignedIn, again, p.addApp),
		post("/account/app/remove", auth.SignedIn, again, p.removeApp),
		post("/account/codes", auth.SignedIn, again, p.renewCodes),
		get("/account/contact/{channel}", auth.SignedIn, again, p.contactForm),
		post("/account/contact/{channel}", auth.SignedIn, again, p.beginContact),
		post("/account/contact/{channel}/confirm", auth.SignedIn, again, p.addContact),
		post("/account/contact/{channel}/use", auth.SignedIn, again, p.useContact),
		post("/account/contact/{channel}/remove", auth.SignedIn, again, p.removeContact),
		post("/account/sessions/{id}/end", auth.SignedIn, again, p.endSession),
		post("/account/sessions/end-others", auth.SignedIn, again, p.endOthers),
		post("/account/recovery/cancel", auth.SignedIn, none, p.cancelRecovery),

		get("/kiosk", auth.Public, none, p.kioskForm),
		post("/kiosk", auth.Public, none, p.startKiosk),
		post("/kiosk/stay", auth.Public, none, p.stay),
		get("/kiosk/end", auth.Public, none, p.finishKiosk),
		post("/kiosk/end", auth.Public, none, p.finishKiosk),
		get("/admin/kiosks", p.Admins, none, p.kiosks),
		post("/admin/kiosks", p.Admins, again, p.newKiosk),
		post("/admin/kiosks/{id}/end", p.Admins, none, p.endKiosk),
		get("/desk/recovery", p.Counter, none, p.counterForm),
		post("/desk/recovery", p.Counter, again, p.beginAtCounter),
		get("/desk/sessions", p.Helpers, none, p.stopForm),
		post("/desk/sessions", p.Helpers, again, p.stop),
	}}
}

// enrols names the pages that are open to an officer of whom a second factor is demanded before
// there is one: those on which it is set up, those of signing in and out, and the alarm.
func enrols(path string) bool {
	switch path {
	case "/account/second", "/account/app", "/account/passkeys", "/account/passkeys/new", "/account/passkeys/options", "/sign-out", "/not-me", "/not-me/password":
		return true
	}
	return path == "/sign-in" || strings.HasPrefix(path, "/sign-in/")
}

// from says where a request comes from.
func from(r *http.Request) factor.From {
	ctx := r.Context()
	return factor.From{
		Browser: web.Browser(r), Network: web.Network(r), Device: web.Device(r), Old: web.Token(ctx), Kiosk: web.Kiosk(ctx),
	}
}

// begun is from, and makes the browser known: something begins here that ends only here.
func begun(w http.ResponseWriter, r *http.Request) factor.From {
	f := from(r)
	f.New = f.Browser == ""
	f.Browser = web.KnowBrowser(w, r)
	return f
}

// again draws a form once more where the refusal is the reader's to mend; our own faults
// go on to the error page.
func again(w http.ResponseWriter, r *http.Request, err error, draw func(ui.Problems) error) error {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Unauthenticated, errs.RateLimited, errs.Conflict, errs.Gone, errs.Forbidden, errs.NotFound, errs.Unavailable:
		web.Refused(w, r, err)
		return draw(ui.ProblemsOf(r.Context(), err))
	default:
		return err
	}
}

func (p Pages) after(s auth.Subject, next string) string {
	if next != "/" && next != "" {
		return next
	}
	return web.LocalPath(p.Home(s))
}

// come hands the browser its session and goes on.
func (p Pages) come(w http.ResponseWriter, r *http.Request, in factor.In, next string) error {
	web.SetSession(w, r, in.Token)
	web.Pocket(w, r, stepPocket, "", 0)
	return web.Redirect(w, r, p.after(in.Subject, next))
}

// withNext keeps the page that was asked for through another page.
func withNext(path, next string) string {
	if next == "" || next == "/" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}

func nextOf(r *http.Request) (string, error) {
	q, err := web.Query(r)
	if err != nil {
		return "", err
	}
	return web.LocalPath(q.Get("next")), nil
}

// options answers a script with what the browser's own reader of passkeys takes.
func options(w http.ResponseWriter, v any, step string, err error) error {
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]any{"options": v, "step": step})
}

// posted is the proof of a passkey as the script puts it into a form.
func posted(f url.Values) (key, answer string) { return f.Get("key"), f.Get("answer") }

func (p Pages) host(ctx context.Context) string {
	if ui.ShellOf(ctx).Kiosk {
		return "" // a passkey made or used here would stay here, or ask for a cable
	}
	return p.Ways.PasskeyHost()
}
