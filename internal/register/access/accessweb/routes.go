package accessweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/web"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "accessweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Own is something of the reader's that others may have looked at.
type Own struct {
	ID    int64
	Label string // code of a dossier; "" of the person or account itself
	Href  string
}

// Deps is what the pages read from.
type Deps struct {
	Looks *access.Service
	Units *orgunit.Service
	// Accounts names officers.
	Accounts Accounts
	// Mine lists what is the reader's own: a module above knows whose a dossier is.
	Mine func(ctx context.Context) ([]Own, error)
	// Seeable finds what a reader may be asked a reason for; NotFound where they may not see it
	// at all.
	Seeable func(ctx context.Context, code string) (kind string, about int64, err error)
	// Labels names things for the boards, by id.
	Labels func(ctx context.Context, ids []int64) (map[int64]Own, error)
	// Names shows citizens the name of who looked beside the post.
	Names bool
	// AskHref is the form of a question about a look; nil: nobody answers.
	AskHref func(v access.LookID, about int64) string
}

// Accounts names accounts.
type Accounts interface {
	Names(ctx context.Context, ids []int64) (map[int64]string, error)
}

type handlers struct{ Deps }

const (
	reasonPath  = "/desk/looks/reason"
	deskPath    = "/desk/looks"
	adminPath   = "/admin/looks"
	accountPath = "/account/looks"
)

// Routes are the pages and operations.
func Routes(d Deps) web.Module {
	h := handlers{d}
	auditor := auth.AnyRole(access.Auditor)
	return web.Module{Name: "access", API: h.api, Routes: []web.Route{
		{Method: http.MethodGet, Path: accountPath, Policy: auth.SignedIn, Do: h.mine},
		{Method: http.MethodGet, Path: reasonPath, Policy: auth.Officer, Do: h.reason},
		{Method: http.MethodPost, Path: reasonPath, Policy: auth.Officer, Do: h.giveReason},
		{Method: http.MethodGet, Path: deskPath, Policy: auth.Officer, Do: h.board(false)},
		{Method: http.MethodPost, Path: deskPath + "/{id}", Policy: auth.Officer, Do: h.settle(false)},
		{Method: http.MethodGet, Path: adminPath, Policy: auditor, Do: h.board(true)},
		{Method: http.MethodPost, Path: adminPath + "/{id}", Policy: auditor, Do: h.settle(true)},
	}}
}

// Ask lets a page answer a look that needs a reason by the form that asks for it; the form
// leads back to the page. What is no page is refused in words.
func Ask(routes []web.Route) []web.Route {
	for i, r := range routes {
		if r.Method != http.MethodGet {
			continue
		}
		routes[i].Do = func(w http.ResponseWriter, req *http.Request) error {
			err := r.Do(w, req)
			code, asked := access.AskedFor(err)
			if !asked {
				return err
			}
			return web.Redirect(w, req, ReasonHref(code, req.URL.RequestURI()))
		}
	}
	return routes
}

// ReasonHref is where a reader says why they must look at something.
func ReasonHref(code, back string) string {
	return reasonPath + "?" + url.Values{"code": {code}, "back": {back}}.Encode()
}

func t(ctx context.Context, key string, kv ...any) string {
	return i18n.T(ctx, "accessweb."+key, kv...)
}
