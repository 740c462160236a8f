package notifyweb

import (
	"embed"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
	"khue/internal/onestop/notify"
)

// Messages are this package's sentences (keys under "notifyweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed push.js
var worker []byte

type handlers struct{ svc *notify.Service }

// roleGateway is the role of a carrier's program that brings receipts.
const roleGateway = "gateway"

// Routes is the web half of notices. Whose a notice is, is decided by the reader's account;
// no route takes another's.
func Routes(s *notify.Service) web.Module {
	h := handlers{s}
	return web.Module{
		Name: "notify",
		Routes: []web.Route{
			{Method: http.MethodGet, Path: "/inbox", Policy: auth.SignedIn, Do: h.inbox},
			{Method: http.MethodPost, Path: "/inbox", Policy: auth.SignedIn, Do: h.readAll},
			{Method: http.MethodPost, Path: "/inbox/{id}", Policy: auth.SignedIn, Do: h.read},
			{Method: http.MethodGet, Path: "/account/notices", Policy: auth.SignedIn, Do: h.choice},
			{Method: http.MethodPost, Path: "/account/notices", Policy: auth.SignedIn, Proof: auth.ProveAgain, Do: h.choose}, // addresses: news of a thief must not go to the thief
			{Method: http.MethodPost, Path: "/account/browsers", Policy: auth.SignedIn, Do: h.subscribe},
			{Method: http.MethodPost, Path: "/account/browsers/{id}/remove", Policy: auth.SignedIn, Do: h.unsubscribe},
			{Method: http.MethodGet, Path: "/push.js", Policy: auth.Public, Do: h.worker},
			{Method: http.MethodGet, Path: "/admin/notices", Policy: notify.MayRead, Do: h.messages},
			{Method: http.MethodPost, Path: "/admin/notices/{id}", Policy: notify.MayResend, Do: h.resend},
		},
		API: h.api,
	}
}

func (h handlers) api(a *web.API) {
	op := func(method, path, name string) huma.Operation {
		return huma.Operation{OperationID: name, Method: method, Path: "/api/v1" + path, Summary: "notifyweb.api." + name}
	}
	web.Op(a, op(http.MethodGet, "/inbox", "listNotices"), auth.SignedIn, h.apiInbox)
	web.Op(a, op(http.MethodPost, "/inbox/{id}/read", "readNotice"), auth.SignedIn, h.apiRead)
	web.Op(a, op(http.MethodPost, "/notices/receipts", "noticeReceipt"), auth.AnyRole(roleGateway), h.apiReceipt)
}

// worker answers with the browser's worker. Its scope is the whole site, so it stands at
// the root and under one name.
func (h handlers) worker(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(worker)
	return nil
}
