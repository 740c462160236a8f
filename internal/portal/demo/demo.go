package demo

import (
	"context"
	"embed"
	"net/http"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/service"
)

// Messages are this package's sentences (keys under "demo").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Path is the page.
const Path = "/demo"

// Person is somebody whom a visitor may be, with one click.
type Person struct {
	Key   string // of the words about the role
	Login string
	Name  string
	Token string // to look at the city with their eyes
	Page  string // where they begin when nothing waits for them
}

// Tale is a dossier, or a page, that shows something.
type Tale struct {
	Key   string // of its words
	Code  string // of the dossier; "" where Page shows it
	Login string // the officer who sees it
	Page  string
}

// Jump is a move of the clock that the page offers.
type Jump struct {
	Key string // of its words
	To  time.Time
}

// Reform is how far the reorganisation of the story is.
type Reform struct {
	Done   bool
	Seen   int
	Splits int    // dossiers of divided communes whose place is asked
	Asked  string // code of the story's own among them
}

// Story is what app tells: it differs from opening to opening.
type Story struct {
	People []Person
	Tales  []Tale
}

// Deps is what the page stands on. All are required.
type Deps struct {
	Clock    clock.Clock
	Auth     *auth.Service
	Dossiers *dossier.Service
	Services *service.Registry
	Password string // that opens every account of the demo
	// Post is where somebody stands now, in the reader's language; "" for a citizen.
	Post  func(ctx context.Context, sub auth.Subject) string
	Story func() Story
	Jumps func() []Jump
	// JumpTo moves the city's clock forward and wakes what waits for the time.
	JumpTo func(ctx context.Context, to time.Time) error
	// Reorganise moves the clock to the day of the reorganisation and begins it; Reformed is how
	// far it is, false before it began. Nil where the city opened after it.
	Reorganise func(ctx context.Context) error
	Reformed   func(ctx context.Context) (Reform, bool, error)
}

type handlers struct{ Deps }

// Routes is the demo's door.
func Routes(d Deps) web.Module {
	h := &handlers{d}
	routes := []web.Route{
		{Method: http.MethodGet, Path: Path, Policy: auth.Public, Do: h.page},
		{Method: http.MethodPost, Path: Path + "/enter", Policy: auth.Public, Do: h.enter},
		{Method: http.MethodPost, Path: Path + "/clock", Policy: auth.Public, Do: h.jump},
	}
	if d.Reorganise != nil {
		routes = append(routes, web.Route{Method: http.MethodPost, Path: Path + "/reorganise", Policy: auth.Public, Do: h.reorganise})
	}
	return web.Module{Name: "demo", Routes: routes}
}

// reorganise runs the reorganisation. A second press finds it begun.
func (h *handlers) reorganise(w http.ResponseWriter, r *http.Request) error {
	if err := h.Reorganise(r.Context()); err != nil {
		return err
	}
	return web.Redirect(w, r, Path+"#reform")
}

// enter signs in as one of the people and opens a page.
func (h *handlers) enter(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	for _, p := range h.Story().People {
		if p.Login == f.Get("login") {
			return h.signIn(w, r, p.Login, f.Get("to"))
		}
	}
	for _, t := range h.Story().Tales {
		if t.Login != "" && t.Login == f.Get("login") {
			return h.signIn(w, r, t.Login, f.Get("to"))
		}
	}
	return errs.E(errs.NotFound, "demo.nobody")
}

func (h *handlers) signIn(w http.ResponseWriter, r *http.Request, login, to string) error {
	token, _, err := h.Auth.SignIn(r.Context(), auth.Credentials{
		Login: login, Password: h.Password, Network: web.Network(r), Device: web.Device(r), Old: web.Token(r.Context()),
	})
	if err != nil {
		return err
	}
	web.SetSession(w, r, token)
	return web.Redirect(w, r, web.LocalPath(to))
}

// jump moves the clock to one of the instants that the page offered. A page that was left
// open may offer one that has passed: then nothing moves.
func (h *handlers) jump(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	for _, j := range h.Jumps() {
		if j.Key == f.Get("to") && j.To.Format(time.RFC3339) == f.Get("at") {
			if err := h.JumpTo(r.Context(), j.To); err != nil {
				return err
			}
			return web.Redirect(w, r, Path+"?jumped=1")
		}
	}
	return web.Redirect(w, r, Path)
}

// todo is what a person has to do now: where it leads, and in words. It asks with their eyes.
func (h *handlers) todo(ctx context.Context, p Person, sub auth.Subject) (href, text string, err error) {
	ctx = auth.With(ctx, sub)
	if sub.Kind == auth.KindCitizen {
		return h.asked(ctx, p)
	}
	var first dossier.Task
	for _, u := range h.Dossiers.Posts(ctx) {
		page, err := h.Dossiers.Queue(ctx, dossier.TaskFilter{Unit: u, Limit: 1})
		if err != nil {
			return "", "", err
		}
		if len(page.Tasks) > 0 && (first.ID == 0 || page.Tasks[0].DueAt.Before(first.DueAt)) {
			first = page.Tasks[0]
		}
	}
	if first.ID == 0 {
		return p.Page, i18n.T(ctx, "demo.role."+p.Key+".idle"), nil
	}
	step := first.Step
	if pkg, err := h.Services.ByDigest(first.Package); err == nil {
		if s, ok := pkg.Process.Step(first.Step); ok && !s.Label.IsZero() {
			step = s.Label.In(i18n.LangOf(ctx))
		}
	}
	return "/desk/tasks/" + first.ID.String(), i18n.T(ctx, "demo.do", "step", step, "name", first.Applicant, "code", first.Code, "at", first.DueAt), nil
}

// asked is what the citizen's first dossier waits for.
func (h *handlers) asked(ctx context.Context, p Person) (href, text string, err error) {
	m, err := h.Dossiers.MineOf(ctx, 0, 20)
	if err != nil {
		return "", "", err
	}
	for _, d := range append(m.Open, m.Ended...) {
		if a, ok := h.Dossiers.AskOf(d, m.Rated[d.ID]); ok {
			return "/dossiers/" + d.Code + "#asked", i18n.T(ctx, "dossierweb.ask."+string(a.Kind)+".title") + ": " + d.Code, nil
		}
	}
	return p.Page, i18n.T(ctx, "demo.role."+p.Key+".idle"), nil
}
