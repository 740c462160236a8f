package openidweb

import (
	"context"
	"embed"
	"net/http"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/web"
	"khue/internal/register/openid"
)

// Messages are the package's sentences (keys under "openidweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Deps is what the pages stand on.
type Deps struct {
	Provider *openid.Service
	Auth     *auth.Service
	// Readers may look at the register of clients.
	Readers auth.Policy
	// National is the identity above the city; zero for none.
	National National
}

type handlers struct {
	Deps
	svc *openid.Service
}

// Paths of the endpoints.
const (
	pathAuthorize  = "/oauth/authorize"
	pathToken      = "/oauth/token" //nolint:gosec // a path
	pathPushed     = "/oauth/par"
	pathDeviceAuth = "/oauth/device_authorization"
	pathDevice     = "/oauth/device"
	pathInspect    = "/oauth/introspect"
	pathRevoke     = "/oauth/revoke"
	pathUserInfo   = "/oauth/userinfo"
	pathKeys       = "/oauth/keys"
	pathEnd        = "/oauth/end-session"
)

// Routes are the endpoints and pages of the provider.
func Routes(d Deps) web.Module {
	h := handlers{d, d.Provider}
	routes := []web.Route{
		{Method: http.MethodGet, Path: "/.well-known/openid-configuration", Policy: auth.Public, Enrols: true, Scope: web.AnyScope, Do: h.discovery},
		{Method: http.MethodGet, Path: "/.well-known/oauth-authorization-server", Policy: auth.Public, Enrols: true, Scope: web.AnyScope, Do: h.discovery},
		{Method: http.MethodGet, Path: pathKeys, Policy: auth.Public, Enrols: true, Scope: web.AnyScope, Do: h.keys},
		{Method: http.MethodGet, Path: pathAuthorize, Policy: auth.Public, Enrols: true, Do: h.authorize},
		{Method: http.MethodPost, Path: pathAuthorize, Policy: auth.Public, Enrols: true, Foreign: true, Do: h.turnToGet},
		{Method: http.MethodPost, Path: "/oauth/consent", Policy: auth.SignedIn, Do: h.consent},
		{Method: http.MethodGet, Path: pathEnd, Policy: auth.Public, Enrols: true, Do: h.leave},
		{Method: http.MethodPost, Path: pathEnd, Policy: auth.Public, Enrols: true, Foreign: true, Do: h.turnToGet},
		{Method: http.MethodPost, Path: pathEnd + "/confirmed", Policy: auth.Public, Enrols: true, Do: h.left},
		{Method: http.MethodGet, Path: pathDevice, Policy: auth.SignedIn, Do: h.device},
		{Method: http.MethodPost, Path: pathDevice, Policy: auth.SignedIn, Do: h.answerDevice},
		{Method: http.MethodGet, Path: "/account/clients", Policy: auth.SignedIn, Do: h.mine},
		{Method: http.MethodPost, Path: "/account/clients/{code}/withdraw", Policy: auth.SignedIn, Do: h.withdraw},
		{Method: http.MethodGet, Path: "/admin/clients", Policy: d.Readers, Do: h.clients},
		{Method: http.MethodGet, Path: "/admin/clients/new", Policy: d.Readers, Do: h.newClient},
		{Method: http.MethodPost, Path: "/admin/clients", Policy: d.Readers, Proof: auth.ProveAgain, Do: h.propose},
		{Method: http.MethodPost, Path: "/admin/clients/wishes/{id}", Policy: d.Readers, Proof: auth.ProveAgain, Do: h.decideWish},
	}
	for _, e := range []struct {
		path string
		do   web.HandlerFunc
	}{
		{pathToken, h.token}, {pathPushed, h.push}, {pathDeviceAuth, h.deviceAuth}, {pathInspect, h.inspect}, {pathRevoke, h.revoke},
	} {
		routes = append(routes,
			web.Route{Method: http.MethodPost, Path: e.path, Policy: auth.Public, Foreign: true, Enrols: true, Do: h.protocol(e.do)},
			web.Route{Method: http.MethodOptions, Path: e.path, Policy: auth.Public, Do: h.preflight})
	}
	routes = append(routes,
		web.Route{Method: http.MethodGet, Path: pathUserInfo, Policy: auth.SignedIn, Scope: openid.ScopeOpenID, Do: h.protocol(h.userInfo)},
		web.Route{Method: http.MethodPost, Path: pathUserInfo, Policy: auth.SignedIn, Scope: openid.ScopeOpenID, Foreign: true, Do: h.protocol(h.userInfo)},
		web.Route{Method: http.MethodOptions, Path: pathUserInfo, Policy: auth.Public, Do: h.preflight})
	routes = append(routes, newNational(d.National, d.Provider, d.Auth).routes()...)
	return web.Module{Name: "openid", Routes: routes}
}

func say(ctx context.Context, key string, kv ...any) string {
	return i18n.T(ctx, "openidweb."+key, kv...)
}

// Proves holds a request to the key to which its token is bound. It is web.Prover.
func Proves(s *openid.Service) web.Prover {
	return func(r *http.Request, token, thumbprint string) error {
		got, err := proof(s, r, token)
		if err == nil && got == thumbprint {
			return nil
		}
		if _, ok := openid.FaultOf(err); err != nil && !ok {
			return err
		}
		return errs.E(errs.Unauthenticated, "web.error.proof", errs.Cause(err))
	}
}

// proof reads the DPoP header; "" where there is none.
func proof(s *openid.Service, r *http.Request, token string) (string, error) {
	list := r.Header["Dpop"]
	switch {
	case len(list) == 0:
		return "", nil
	case len(list) > 1:
		return "", &openid.Fault{Code: openid.InvalidProof, Text: "One proof, not several."}
	}
	return s.CheckProof(r.Context(), list[0], r.Method, r.URL.Path, token)
}

func (h handlers) discovery(w http.ResponseWriter, _ *http.Request) error {
	open(w)
	iss := h.svc.Issuer()
	methods := []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}
	var algs []string
	for _, a := range openid.ProofAlgs() {
		algs = append(algs, string(a))
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	return write(w, http.StatusOK, map[string]any{
		"issuer":                                iss,
		"authorization_endpoint":                iss + pathAuthorize,
		"token_endpoint":                        iss + pathToken,
		"pushed_authorization_request_endpoint": iss + pathPushed,
		"device_authorization_endpoint":         iss + pathDeviceAuth,
		"introspection_endpoint":                iss + pathInspect,
		"revocation_endpoint":                   iss + pathRevoke,
		"userinfo_endpoint":                     iss + pathUserInfo,
		"jwks_uri":                              iss + pathKeys,
		"end_session_endpoint":                  iss + pathEnd,
		"scopes_supported":                      openid.Scopes(),
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query"},
		"grant_types_supported":                 []string{openid.GrantCode, openid.GrantRefresh, openid.GrantClient, openid.GrantDevice},
		"subject_types_supported":               []string{"pairwise", "public"},
		"id_token_signing_alg_values_supported": []string{"ES256", "RS256"},
		"acr_values_supported":                  openid.ACRs(),
		"claims_supported":                      []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "name", "phone_number", "phone_number_verified", "email", "email_verified"},
		"claims_parameter_supported":            true,
		"request_parameter_supported":           false,
		"request_uri_parameter_supported":       false,
		"code_challenge_methods_supported":      []string{"S256"},
		"prompt_values_supported":               []string{"none", "login", "consent"},
		"ui_locales_supported":                  []string{"vi", "en"},
		"dpop_signing_alg_values_supported":     algs,

		"token_endpoint_auth_methods_supported":                    methods,
		"token_endpoint_auth_signing_alg_values_supported":         algs,
		"introspection_endpoint_auth_methods_supported":            methods[:3],
		"introspection_endpoint_auth_signing_alg_values_supported": algs,
		"revocation_endpoint_auth_methods_supported":               methods,
		"revocation_endpoint_auth_signing_alg_values_supported":    algs,

		"authorization_response_iss_parameter_supported": true,
		"backchannel_logout_supported":                   true,
		"backchannel_logout_session_supported":           true,
	})
}

// keys may be kept for an hour: a new key is announced for two before it signs.
func (h handlers) keys(w http.ResponseWriter, _ *http.Request) error {
	open(w)
	w.Header().Set("Cache-Control", "public, max-age=3600")
	return write(w, http.StatusOK, h.svc.PublicKeys())
}
