package deskweb

import (
	"context"
	"embed"
	"net/http"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/desk"
)

// Messages are this package's sentences (keys under "deskweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Choices names what a phrase may be for, in the reader's language. The floor above knows.
type Choices interface {
	Procedures(ctx context.Context) []ui.Option
	Actions(ctx context.Context) []ui.Option
}

type handlers struct {
	svc     *desk.Service
	choices Choices
}

// Routes is the web half of the desk. Which phrase one may change is decided in the service.
func Routes(s *desk.Service, c Choices) web.Module {
	h := handlers{s, c}
	return web.Module{Name: "desk", Routes: []web.Route{
		{Method: http.MethodGet, Path: "/desk/phrases", Policy: auth.Officer, Do: h.page},
		{Method: http.MethodPost, Path: "/desk/phrases", Policy: auth.Officer, Do: h.keep},
	}}
}
