package counterweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/web"
	"khue/internal/onestop/counter"
	"khue/internal/onestop/upload"
	"khue/internal/onestop/upload/uploadweb"
	"khue/internal/register/access/accessweb"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "counterweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

type handlers struct {
	s       *counter.Service
	uploads *upload.Service
}

const maxUpload = 64 << 20

// Clerk is who may work at a counter.
//
//nolint:gochecknoglobals // a policy is a value
var Clerk = auth.AnyRole(string(orgunit.RoleClerk))

// Routes is the web half of the counter.
func Routes(s *counter.Service, up *upload.Service) web.Module {
	h := &handlers{s, up}
	return web.Module{Name: "counter", API: h.api, Routes: accessweb.Ask(append([]web.Route{
		{Method: http.MethodGet, Path: "/desk/counter", Policy: Clerk, Do: h.choose},
		{Method: http.MethodGet, Path: "/desk/counter/new/{service}", Policy: Clerk, Do: h.start},
		{Method: http.MethodPost, Path: "/desk/counter/new/{service}", Policy: Clerk, Do: h.begin},
		{Method: http.MethodGet, Path: "/desk/counter/in/{id}", Policy: Clerk, Do: h.intake},
		{Method: http.MethodPost, Path: "/desk/counter/in/{id}", Policy: Clerk, Do: h.save, MaxBody: maxUpload},
		{Method: http.MethodGet, Path: "/desk/counter/in/{id}/check", Policy: Clerk, Do: h.check},
		{Method: http.MethodPost, Path: "/desk/counter/in/{id}/check", Policy: Clerk, Do: h.file},
		{Method: http.MethodPost, Path: "/desk/counter/in/{id}/forget", Policy: Clerk, Do: h.forget},
		{Method: http.MethodGet, Path: "/desk/counter/in/{id}/files/{digest}", Policy: Clerk, Do: h.scan},
		{Method: http.MethodGet, Path: "/desk/originals", Policy: auth.Officer, Do: h.originals},
		{Method: http.MethodPost, Path: "/desk/originals", Policy: auth.Officer, Do: h.give},
		{Method: http.MethodGet, Path: "/desk/originals/batches/{id}", Policy: auth.Officer, Do: h.batch},
		{Method: http.MethodPost, Path: "/desk/originals/batches/{id}", Policy: auth.Officer, Do: h.sign},
		{Method: http.MethodGet, Path: "/desk/originals/batches/{id}/slip.pdf", Policy: auth.Officer, Do: h.batchSlip},
		{Method: http.MethodGet, Path: "/desk/return", Policy: Clerk, Do: h.ready},
		{Method: http.MethodPost, Path: "/desk/return", Policy: Clerk, Do: h.findReady},
		{Method: http.MethodGet, Path: "/desk/return/{code}", Policy: Clerk, Do: h.pickup},
		{Method: http.MethodPost, Path: "/desk/return/{code}", Policy: Clerk, Do: h.handBack},
		{Method: http.MethodPost, Path: "/desk/return/{code}/call", Policy: Clerk, Do: h.call},
		{Method: http.MethodGet, Path: "/desk/return/{code}/slip.pdf", Policy: Clerk, Do: h.returnSlip},
		{Method: http.MethodGet, Path: "/desk/return/{code}/notice.pdf", Policy: Clerk, Do: h.notice},
	}, h.pieces()...))}
}

// pieces are the requests by which scans arrive in pieces. Unlike a citizen's, an intake has no
// address that opens it: only clerks come here.
func (h *handlers) pieces() []web.Route {
	out := uploadweb.Routes("/desk/counter/in/{id}", h.uploads, h.place)
	for i := range out {
		out[i].Policy = Clerk
	}
	return out
}

func say(ctx context.Context, l decl.Label) string { return l.In(i18n.LangOf(ctx)) }

func t(ctx context.Context, key string, kv ...any) string {
	return i18n.T(ctx, "counterweb."+key, kv...)
}

func scopeOf(i counter.Intake) upload.Scope { return upload.ScopeOf("intake", int64(i.ID)) }

func inPath(v counter.IntakeID, part string) string { return "/desk/counter/in/" + v.String() + part }

func returnPath(code string) string { return "/desk/return/" + url.PathEscape(code) }

// unit is the name of a unit today, or as it was called last.
func (h *handlers) unit(ctx context.Context, u orgunit.UnitID) string {
	v, ok := h.s.Units.At(clock.DateOf(h.s.Clock.Now())).Get(u)
	if !ok {
		v, _ = h.s.Units.Unit(u)
	}
	if i18n.LangOf(ctx) == i18n.EN && v.NameEN != "" {
		return v.NameEN
	}
	return v.Name
}
