package rightsweb

import (
	"context"
	"embed"
	"net/http"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/web"
	"khue/internal/onestop/rights"
	"khue/internal/onestop/upload"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "rightsweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Own is something of the reader's that a request may be about.
type Own struct {
	Type string
	ID   int64
	Code string
	Unit orgunit.UnitID // that decided, or decides
}

// Program is one of somebody else that the reader let in.
type Program struct {
	Code, Name, Owner string
	Since             string
	Sees              []string
}

// Deps is what the pages read from.
type Deps struct {
	// Programs lists the programs of others that the reader let in; nil: none.
	Programs func(ctx context.Context) ([]Program, error)
	Rights   *rights.Service
	Looks    *access.Service
	Units    *orgunit.Service
	Uploads  *upload.Service
	// Mine lists what is the reader's own.
	Mine func(ctx context.Context) ([]Own, error)
	// Codes names dossiers.
	Codes func(ctx context.Context, ids []int64) (map[int64]string, error)
}

type handlers struct{ Deps }

const (
	dataPath    = "/account/data"
	requestPath = "/account/data/requests"
	deskPath    = "/desk/requests"
	adminPath   = "/admin/retention"
	maxUpload   = 12 << 20
	maxPaper    = 10 << 20 // of a correction
)

// AskHref is the form of a question about a look.
func AskHref(v access.LookID, _ int64) string { return requestPath + "/new?look=" + v.String() }

// Readers read the terms; the service says who of them may agree.
//
//nolint:gochecknoglobals // a policy is a value
var Readers = auth.AnyRole(access.Auditor, "leader", "chairman", "viceChairman", "director", "deputyDirector")

// Routes are the pages.
func Routes(d Deps) web.Module {
	h := handlers{d}
	return web.Module{Name: "rights", Routes: []web.Route{
		{Method: http.MethodGet, Path: dataPath, Policy: auth.SignedIn, Do: h.data},
		{Method: http.MethodPost, Path: dataPath + "/consents", Policy: auth.SignedIn, Do: h.consent},
		{Method: http.MethodPost, Path: dataPath + "/exports", Policy: auth.SignedIn, Do: h.beginExport},
		{Method: http.MethodGet, Path: dataPath + "/exports/{id}", Policy: auth.SignedIn, Do: h.download, AtOnce: 4},
		{Method: http.MethodGet, Path: requestPath + "/new", Policy: auth.SignedIn, Do: h.newRequest},
		{Method: http.MethodPost, Path: requestPath, Policy: auth.SignedIn, Do: h.ask, MaxBody: maxUpload},
		{Method: http.MethodGet, Path: requestPath + "/{id}", Policy: auth.SignedIn, Do: h.request},
		{Method: http.MethodGet, Path: deskPath, Policy: auth.Officer, Do: h.waiting},
		{Method: http.MethodGet, Path: deskPath + "/{id}", Policy: auth.Officer, Do: h.answerable},
		{Method: http.MethodPost, Path: deskPath + "/{id}", Policy: auth.Officer, Do: h.answer},
		{Method: http.MethodGet, Path: deskPath + "/{id}/paper", Policy: auth.Officer, Do: h.paper},
		{Method: http.MethodGet, Path: adminPath, Policy: Readers, Do: h.terms},
		{Method: http.MethodGet, Path: holdsPath, Policy: Readers, Do: h.holds},
		{Method: http.MethodPost, Path: holdsPath, Policy: Readers, Do: h.askHold},
		{Method: http.MethodGet, Path: holdsPath + "/{id}", Policy: Readers, Do: h.holdPage},
		{Method: http.MethodPost, Path: holdsPath + "/{id}", Policy: Readers, Do: h.moveHold},
		{Method: http.MethodGet, Path: adminPath + "/{id}", Policy: Readers, Do: h.batch},
		{Method: http.MethodPost, Path: adminPath + "/{id}", Policy: Readers, Do: h.agree},
	}}
}

func t(ctx context.Context, key string, kv ...any) string {
	return i18n.T(ctx, "rightsweb."+key, kv...)
}

// unit is the name of a unit now.
func (h handlers) unit(ctx context.Context, u orgunit.UnitID) string {
	v, ok := h.Units.Now().Get(u)
	if !ok {
		v, _ = h.Units.Unit(u)
	}
	if i18n.LangOf(ctx) == i18n.EN && v.NameEN != "" {
		return v.NameEN
	}
	return v.Name
}
