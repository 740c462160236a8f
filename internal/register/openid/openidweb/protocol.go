package openidweb

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/web"
	"khue/internal/register/openid"
)

// open lets scripts of any site read an answer that is public anyway.
func open(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// admit lets scripts of a client's own sites read the answer. No cookie goes along.
func (h handlers) admit(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	if o := r.Header.Get("Origin"); o != "" && h.svc.KnowsOrigin(o) {
		w.Header().Set("Access-Control-Allow-Origin", o)
		w.Header().Set("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
}

func (h handlers) preflight(w http.ResponseWriter, r *http.Request) error {
	h.admit(w, r)
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
	w.Header().Set("Access-Control-Max-Age", "3600")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// protocol answers faults in the protocol's own form.
func (h handlers) protocol(do web.HandlerFunc) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		h.admit(w, r)
		err := do(w, r)
		f, ok := openid.FaultOf(err)
		if !ok {
			if errs.Is(err, errs.Invalid) { // a form that could not be read
				f = &openid.Fault{Code: openid.InvalidRequest, Text: "The form could not be read."}
			} else {
				return err
			}
		}
		status := http.StatusBadRequest
		switch f.Code {
		case openid.InvalidClient:
			status = http.StatusUnauthorized
			w.Header().Set("WWW-Authenticate", `Basic realm="khue"`)
		case openid.InvalidToken:
			status = http.StatusUnauthorized
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		}
		if f.Nonce != "" {
			w.Header().Set("DPoP-Nonce", f.Nonce)
		}
		return write(w, status, map[string]string{"error": f.Code, "error_description": f.Text})
	}
}

func write(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Pragma", "no-cache")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b)
	return nil
}

// form reads a form whose every value stands there once.
func form(r *http.Request) (url.Values, error) {
	if t, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(strings.ToLower(t)) != "application/x-www-form-urlencoded" {
		return nil, &openid.Fault{Code: openid.InvalidRequest, Text: "Send a form: application/x-www-form-urlencoded."}
	}
	f, err := web.Form(r)
	if err != nil {
		return nil, err
	}
	for name, list := range f {
		if len(list) > 1 && name != "resource" && name != "audience" {
			return nil, &openid.Fault{Code: openid.InvalidRequest, Text: "A parameter stands there twice."}
		}
	}
	return f, nil
}

// client finds out which client asks.
func (h handlers) client(r *http.Request, f url.Values) (*openid.Client, error) {
	p := openid.Presented{ID: f.Get("client_id"), Secret: f.Get("client_secret"), Assertion: f.Get("client_assertion"), Type: f.Get("client_assertion_type")}
	if user, secret, ok := r.BasicAuth(); ok {
		// RFC 6749, 2.3.1: both are encoded as in a form before they go into the header.
		id, err := url.QueryUnescape(user)
		password, err2 := url.QueryUnescape(secret)
		if err != nil || err2 != nil || p.Secret != "" || p.Assertion != "" || p.ID != "" && p.ID != id {
			return nil, &openid.Fault{Code: openid.InvalidClient, Text: "The client proves itself in one way, not in two."}
		}
		p.ID, p.Secret, p.Basic = id, password, true
	}
	return h.svc.Authenticate(r.Context(), p)
}

func (h handlers) token(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, c, err := h.posted(r)
	if err != nil {
		return err
	}
	bound, err := proof(h.svc, r, "")
	if err != nil {
		return err
	}
	scopes := strings.Fields(f.Get("scope"))
	var t openid.Tokens
	switch f.Get("grant_type") {
	case openid.GrantCode:
		t, err = h.svc.Redeem(ctx, c, f.Get("code"), f.Get("redirect_uri"), f.Get("code_verifier"), bound)
	case openid.GrantRefresh:
		t, err = h.svc.Renew(ctx, c, f.Get("refresh_token"), scopes, bound)
	case openid.GrantClient:
		t, err = h.svc.ForItself(ctx, c, scopes, bound)
	case openid.GrantDevice:
		t, err = h.svc.DeviceTokens(ctx, c, f.Get("device_code"), bound)
	default:
		err = &openid.Fault{Code: openid.UnsupportedGrant, Text: "grant_type is none of those in the discovery document."}
	}
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, t)
}

// posted is the form of a request and the client that proved itself in it.
func (h handlers) posted(r *http.Request) (url.Values, *openid.Client, error) {
	f, err := form(r)
	if err != nil {
		return nil, nil, err
	}
	c, err := h.client(r, f)
	return f, c, err
}

func (h handlers) push(w http.ResponseWriter, r *http.Request) error {
	f, c, err := h.posted(r)
	if err != nil {
		return err
	}
	bound, err := proof(h.svc, r, "")
	if err != nil {
		return err
	}
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		f.Del(name)
	}
	f.Set("client_id", c.Code)
	if bound != "" {
		if named := f.Get("dpop_jkt"); named != "" && named != bound {
			return &openid.Fault{Code: openid.InvalidProof, Text: "dpop_jkt is not the key of the proof."}
		}
		f.Set("dpop_jkt", bound)
	}
	uri, life, err := h.svc.Push(r.Context(), c, f)
	if err != nil {
		return err
	}
	return write(w, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": int(life / time.Second)})
}

func (h handlers) deviceAuth(w http.ResponseWriter, r *http.Request) error {
	f, c, err := h.posted(r)
	if err != nil {
		return err
	}
	d, secret, err := h.svc.NewDevice(r.Context(), c, strings.Fields(f.Get("scope")))
	if err != nil {
		return err
	}
	page := h.svc.Issuer() + pathDevice
	return write(w, http.StatusOK, map[string]any{
		"device_code": secret, "user_code": d.Shown(), "verification_uri": page, "verification_uri_complete": page + "?user_code=" + d.Shown(),
		"expires_in": int(openid.DeviceLife() / time.Second), "interval": int(openid.DeviceEvery() / time.Second),
	})
}

func (h handlers) inspect(w http.ResponseWriter, r *http.Request) error {
	f, c, err := h.posted(r)
	if err != nil {
		return err
	}
	if c.Public() {
		return &openid.Fault{Code: openid.InvalidClient, Text: "Only clients with a secret or a key may inspect tokens."}
	}
	out, err := h.svc.Inspect(r.Context(), c, f.Get("token"))
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, out)
}

func (h handlers) revoke(w http.ResponseWriter, r *http.Request) error {
	f, c, err := h.posted(r)
	if err != nil {
		return err
	}
	if err := h.svc.Revoke(r.Context(), c, f.Get("token")); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return nil
}

func (h handlers) userInfo(w http.ResponseWriter, r *http.Request) error {
	info, err := h.svc.UserInfo(r.Context())
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, info)
}

// turnToGet takes a form that another site posts. Our cookie does not come with it, so the
// browser asks once more by itself.
func (h handlers) turnToGet(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	path := pathAuthorize
	if r.URL.Path == pathEnd {
		path = pathEnd
	}
	return redirect(w, r, path+"?"+f.Encode())
}

// redirect sends the browser on. The address was compared with registered ones, or is ours.
func redirect(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// with adds parameters to an address of a client and keeps those it has.
func with(address string, kv ...string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // it was parsed when it was registered
	}
	q := u.Query()
	for pair := range slices.Chunk(kv, 2) {
		if pair[1] != "" {
			q.Set(pair[0], pair[1])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}
