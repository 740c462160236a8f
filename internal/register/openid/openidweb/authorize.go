package openidweb

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/web"
	"khue/internal/register/openid"
)

// seenName marks a request that comes back from signing in.
const seenName = "_seen"

// seen says when somebody was sent to sign in, and for which request.
type seen struct {
	At      int64  `json:"t"`
	Request string `json:"r"`
}

const (
	seenLife = time.Hour
	maxNext  = 1800 // of an address that signing in hands on
)

func digestOf(v url.Values) string {
	sum := sha256.Sum256([]byte(v.Encode()))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func (h handlers) authorize(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := web.Query(r)
	if err != nil {
		return err
	}
	mark := v.Get(seenName)
	v.Del(seenName)
	v.Del("lang") // the language of our pages, no parameter of the protocol
	var since time.Time
	var s seen
	if mark != "" && h.svc.Unseal("seen", mark, &s) && s.Request == digestOf(v) {
		if at := time.UnixMilli(s.At); h.svc.Clock.Now().Sub(at) < seenLife {
			since = at
		}
	}
	req, back, err := h.svc.ReadRequest(ctx, v)
	if err != nil {
		return h.refuse(w, r, back, err, !since.IsZero())
	}
	sub := auth.From(ctx)
	step, err := h.svc.Decide(ctx, req, sub, since)
	if err != nil {
		return h.refuse(w, r, back, err, !since.IsZero())
	}
	switch step {
	case openid.StepSignIn, openid.StepAgain:
		return h.toSignIn(w, r, v, req, step == openid.StepAgain)
	case openid.StepSecond:
		return h.toSecond(w, r, v, req)
	case openid.StepConsent:
		if since.IsZero() {
			since = h.svc.Clock.Now()
		}
		return h.ask(w, r, req, sub, since)
	}
	return h.give(w, r, req, sub, !since.IsZero())
}

// give ends a request with its code. A browser that comes from a form of ours is led on by a
// page: the policy of that form lets no redirect leave the site.
func (h handlers) give(w http.ResponseWriter, r *http.Request, req openid.Request, sub auth.Subject, fromForm bool) error {
	code, err := h.svc.Code(r.Context(), req, sub)
	if err != nil {
		return h.refuse(w, r, openid.Return{Redirect: req.Redirect, State: req.State}, err, fromForm)
	}
	return h.leadOn(w, r, with(req.Redirect, "code", code, "state", req.State, "iss", h.svc.Issuer()), fromForm)
}

// refuse tells the client, where its address is known to be its own, and the reader otherwise.
func (h handlers) refuse(w http.ResponseWriter, r *http.Request, back openid.Return, err error, fromForm bool) error {
	f, ok := openid.FaultOf(err)
	if !ok {
		return err
	}
	if back.Redirect == "" {
		return errs.E(errs.Invalid, "openidweb.error.request", errs.P("reason", f.Text), errs.Cause(err))
	}
	return h.leadOn(w, r, with(back.Redirect, "error", f.Code, "error_description", f.Text, "state", back.State, "iss", h.svc.Issuer()), fromForm)
}

func (h handlers) leadOn(w http.ResponseWriter, r *http.Request, to string, fromForm bool) error {
	if !fromForm {
		return redirect(w, r, to)
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Refresh", "0;url="+to)
	return web.Render(w, r, http.StatusOK, onwardPage(to))
}

// toSignIn sends the browser to sign in, and from there back to the same request.
func (h handlers) toSignIn(w http.ResponseWriter, r *http.Request, v url.Values, req openid.Request, again bool) error {
	if len(v.Encode()) > maxNext-300 {
		ref, err := h.svc.Keep(r.Context(), req)
		if err != nil {
			return err
		}
		v = url.Values{"client_id": {req.Client}, "request_uri": {ref}}
	}
	mark, err := h.svc.Seal("seen", seen{At: h.svc.Clock.Now().UnixMilli(), Request: digestOf(v)})
	if err != nil {
		return err
	}
	q := url.Values{"next": {pathAuthorize + "?" + v.Encode() + "&" + seenName + "=" + mark}}
	if again {
		q.Set("again", "1")
	}
	if req.Login != "" {
		q.Set("login", req.Login)
	}
	return redirect(w, r, "/sign-in?"+q.Encode())
}

// toSecond sends somebody to set up or show a second factor, and from there back to the request.
func (h handlers) toSecond(w http.ResponseWriter, r *http.Request, v url.Values, req openid.Request) error {
	if len(v.Encode()) > maxNext-300 {
		ref, err := h.svc.Keep(r.Context(), req)
		if err != nil {
			return err
		}
		v = url.Values{"client_id": {req.Client}, "request_uri": {ref}}
	}
	return redirect(w, r, "/account/second?"+url.Values{"next": {pathAuthorize + "?" + v.Encode()}}.Encode())
}

// asked is a request that waits for the person's word, sealed into the form. It is worth nothing
// in another session.
type asked struct {
	Request openid.Request `json:"r"`
	Account int64          `json:"a"`
	Session int64          `json:"s"`
	Since   int64          `json:"t"`
}

func (h handlers) ask(w http.ResponseWriter, r *http.Request, req openid.Request, sub auth.Subject, since time.Time) error {
	c, ok := h.svc.Client(req.Client)
	if !ok {
		return errs.E(errs.NotFound, "openid.error.no_client")
	}
	sealed, err := h.svc.Seal("consent", asked{req, sub.Account, sub.Session, since.UnixMilli()})
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, consentPage(c, req, sub, sealed))
}

func (h handlers) consent(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	sub := auth.From(ctx)
	var a asked
	if !h.svc.Unseal("consent", f.Get("request"), &a) || a.Account != sub.Account || a.Session != sub.Session ||
		h.svc.Clock.Now().Sub(time.UnixMilli(a.Since)) > seenLife {
		return errs.E(errs.Invalid, "openidweb.error.stale")
	}
	back := openid.Return{Redirect: a.Request.Redirect, State: a.Request.State}
	if f.Get("do") != "allow" {
		return h.refuse(w, r, back, &openid.Fault{Code: openid.AccessDenied, Text: "The person refused."}, true)
	}
	if err := h.svc.Allow(ctx, a.Request.Client, a.Request.Scopes); err != nil {
		return err
	}
	req := a.Request
	req.Prompts = slices.DeleteFunc(slices.Clone(req.Prompts), func(p string) bool { return p == "consent" })
	step, err := h.svc.Decide(ctx, req, sub, time.UnixMilli(a.Since))
	if err == nil && step != openid.StepCode {
		err = &openid.Fault{Code: openid.InteractionRequired, Text: "The session changed meanwhile; begin again."}
	}
	if err != nil {
		return h.refuse(w, r, back, err, true)
	}
	return h.give(w, r, req, sub, true)
}
