package authweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
)

// Messages are the package's sentences, for app's bundle.
//
//go:embed i18n
var Messages embed.FS

// Session marks the id of a session in an address.
type Session struct{}

// Doors are further ways in that the sign-in page names.
type Doors func(ctx context.Context, next string) []ui.Anchor

type pages struct {
	doors []Doors
	auth  *auth.Service
	home  func(auth.Subject) string
}

// Routes are the pages of accounts. home says where somebody goes after signing in when
// no page was asked for: the desk for an officer, the front door for a citizen.
func Routes(s *auth.Service, home func(auth.Subject) string, doors ...Doors) web.Module {
	p := pages{doors, s, home}
	return web.Module{Name: "auth", Routes: []web.Route{
		{Method: http.MethodGet, Path: "/sign-in", Policy: auth.Public, Do: p.signInForm},
		{Method: http.MethodPost, Path: "/sign-in", Policy: auth.Public, Do: p.signIn},
		{Method: http.MethodGet, Path: "/sign-up", Policy: auth.Public, Do: p.signUpForm},
		{Method: http.MethodPost, Path: "/sign-up", Policy: auth.Public, Do: p.signUp},
		{Method: http.MethodPost, Path: "/sign-out", Policy: auth.Public, Do: p.signOut},
		{Method: http.MethodGet, Path: "/account", Policy: auth.SignedIn, Do: p.account},
		{Method: http.MethodPost, Path: "/account/password", Policy: auth.SignedIn, Do: p.changePassword},
		{Method: http.MethodPost, Path: "/account/sessions/{id}/end", Policy: auth.SignedIn, Do: p.endSession},
	}}
}

// typed is what a form held, for showing it again. The password is never among it.
type typed struct {
	Login, Name, Next string
	Others            []ui.Anchor // further ways in
}

// ways adds what the doors name.
func (p pages) ways(ctx context.Context, t typed) typed {
	for _, d := range p.doors {
		t.Others = append(t.Others, d(ctx, t.Next)...)
	}
	return t
}

func (p pages) signInForm(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	t := typed{Login: q.Get("login"), Next: web.LocalPath(q.Get("next"))}
	if s := auth.From(r.Context()); s.SignedIn() {
		if q.Get("again") != "" { // a page asks that they prove once more who they are
			if t.Login == "" {
				t.Login = s.Login
			}
			return web.Render(w, r, http.StatusOK, signInPage(p.ways(r.Context(), t), nil))
		}
		return web.Redirect(w, r, p.after(s, t.Next))
	}
	return web.Render(w, r, http.StatusOK, signInPage(p.ways(r.Context(), t), nil))
}

func (p pages) signIn(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	t := typed{Login: f.Get("login"), Next: web.LocalPath(f.Get("next"))}
	token, sub, err := p.auth.SignIn(r.Context(), credentials(r, f))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error {
			return web.Render(w, r, web.Status(err), signInPage(p.ways(r.Context(), t), ps))
		})
	}
	web.SetSession(w, r, token)
	return web.Redirect(w, r, p.after(sub, t.Next))
}

func (p pages) signUpForm(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, signUpPage(typed{Next: web.LocalPath(q.Get("next"))}, nil))
}

func (p pages) signUp(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	t := typed{Login: f.Get("login"), Name: f.Get("name"), Next: web.LocalPath(f.Get("next"))}
	token, sub, err := p.auth.SignUp(r.Context(), t.Name, credentials(r, f))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error {
			return web.Render(w, r, web.Status(err), signUpPage(t, ps))
		})
	}
	web.SetSession(w, r, token)
	return web.Redirect(w, r, p.after(sub, t.Next))
}

func (p pages) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := p.auth.SignOut(r.Context(), web.Token(r.Context())); err != nil {
		return err
	}
	web.SetSession(w, r, "")
	return web.Redirect(w, r, "/")
}

func (p pages) account(w http.ResponseWriter, r *http.Request) error {
	return p.drawAccount(w, r, http.StatusOK, nil)
}

func (p pages) drawAccount(w http.ResponseWriter, r *http.Request, status int, ps ui.Problems) error {
	ctx := r.Context()
	sub := auth.From(ctx)
	list, err := p.auth.Sessions(ctx, sub.Account)
	if err != nil {
		return err
	}
	here, err := p.auth.SessionOf(ctx, web.Token(ctx))
	if err != nil {
		return err
	}
	return web.Render(w, r, status, accountPage(sub, list, here, ps))
}

// changePassword ends every session of the account and opens a new one here.
func (p pages) changePassword(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	ctx, network := r.Context(), web.Network(r)
	sub := auth.From(ctx)
	if err := p.auth.ChangePassword(ctx, sub.Account, f.Get("old"), f.Get("password"), network); err != nil {
		return again(w, r, err, func(ps ui.Problems) error { return p.drawAccount(w, r, web.Status(err), ps) })
	}
	token, _, err := p.auth.SignIn(ctx, auth.Credentials{Login: sub.Login, Password: f.Get("password"), Network: network, Device: web.Device(r)})
	if err != nil {
		return err
	}
	web.SetSession(w, r, token)
	return web.Redirect(w, r, "/account")
}

func (p pages) endSession(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID[Session](r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	if err := p.auth.EndSession(ctx, auth.From(ctx).Account, int64(id)); err != nil {
		return err
	}
	return web.Redirect(w, r, "/account")
}

func credentials(r *http.Request, f url.Values) auth.Credentials {
	return auth.Credentials{
		Login: f.Get("login"), Password: f.Get("password"),
		Network: web.Network(r), Device: web.Device(r), Old: web.Token(r.Context()),
	}
}

// again draws a form once more where the refusal is the reader's to mend; our own faults
// go on to the error page.
func again(w http.ResponseWriter, r *http.Request, err error, draw func(ui.Problems) error) error {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Unauthenticated, errs.RateLimited, errs.Conflict:
		web.Refused(w, r, err)
		return draw(ui.ProblemsOf(r.Context(), err))
	default:
		return err
	}
}

func (p pages) after(s auth.Subject, next string) string {
	if next != "/" {
		return next
	}
	return web.LocalPath(p.home(s))
}

// sessionRows lists the sessions of an account, the one in use first to be recognised.
func sessionRows(ctx context.Context, list []auth.Session, here int64) []ui.Row {
	rows := make([]ui.Row, 0, len(list))
	l := i18n.LangOf(ctx)
	for _, s := range list {
		label := s.Label
		if label == "" {
			label = i18n.T(ctx, "authweb.account.unknown_device")
		}
		name := ui.T(label)
		if s.Kind == auth.SessionToken {
			name.Note = i18n.T(ctx, "authweb.account.token")
		}
		end := ui.C(endButton(s, label))
		if s.ID == here {
			end = ui.Tagged(i18n.T(ctx, "authweb.account.here"), ui.ToneActive)
		}
		rows = append(rows, ui.Row{Cells: []ui.Cell{name, ui.T(s.Network), ui.T(i18n.DateTime(l, s.Created)), ui.T(i18n.DateTime(l, s.Seen)), end}})
	}
	return rows
}
