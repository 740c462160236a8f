package authweb

import (
	"context"
	"net/http"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/factor"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
)

type accountArgs struct {
	Subject    auth.Subject
	Sessions   []auth.Session
	Ways       factor.Ways
	Recoveries []factor.Recovery
	Host       string
	Email      bool // the city sends mail
	Phone      bool // the city sends SMS
	ByKey      bool // proved by a passkey just now: the old password is not asked
	Done       string
	Links      []ui.Anchor // further pages about the person
	About      []ui.SummaryRow
}

// lead says what opens the account now.
func (a accountArgs) lead() string {
	switch {
	case len(a.About) > 0:
		return "authweb.ways.lead_business"
	case a.Ways.Second():
		return "authweb.ways.lead_two"
	}
	return "authweb.ways.lead_one"
}

func (a accountArgs) kind(ctx context.Context) string {
	if len(a.About) > 0 {
		return i18n.T(ctx, "authweb.kind.business")
	}
	return i18n.T(ctx, "authweb.kind."+a.Subject.Kind.String())
}

func (p Pages) account(w http.ResponseWriter, r *http.Request) error {
	return p.drawAccount(w, r, http.StatusOK, nil)
}

func (p Pages) drawAccount(w http.ResponseWriter, r *http.Request, status int, ps ui.Problems) (err error) {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	a := accountArgs{
		Subject: auth.From(ctx), Host: p.host(ctx), Email: p.Ways.Sends(factor.Email), Phone: p.Ways.Sends(factor.Phone),
		ByKey: p.Ways.ProvedByKey(auth.From(ctx)),
	}
	if done := q.Get("done"); status == http.StatusOK && doneWords[done] {
		a.Done = done
	}
	if a.Sessions, err = p.Auth.Sessions(ctx, a.Subject.Account); err != nil {
		return err
	}
	if a.Ways, err = p.Ways.Ways(ctx, a.Subject.Account); err != nil {
		return err
	}
	if a.Recoveries, err = p.Ways.Recoveries(ctx, a.Subject.Account); err != nil {
		return err
	}
	if p.About != nil {
		if a.About, err = p.About(ctx, a.Subject); err != nil {
			return err
		}
	}
	if p.Links != nil {
		a.Links = p.Links(ctx, a.Subject)
	}
	return web.Render(w, r, status, accountPage(a, ps))
}

// doneWords are what the account page may say of the last act.
//
//nolint:gochecknoglobals // immutable table
var doneWords = map[string]bool{
	"password": true, "passkey": true, "renamed": true, "removed": true, "contact": true, "used": true, "ended": true, "cancelled": true,
}

// did goes back to the account page, which says what was done.
func did(w http.ResponseWriter, r *http.Request, what string) error {
	return web.Redirect(w, r, "/account?done="+what)
}

func (p Pages) refused(w http.ResponseWriter, r *http.Request, err error) error {
	return again(w, r, err, func(ps ui.Problems) error { return p.drawAccount(w, r, web.Status(err), ps) })
}

// changePassword ends every session of the account and opens a new one here.
func (p Pages) changePassword(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	in, err := p.Ways.ChangePassword(r.Context(), f.Get("old"), f.Get("password"), begun(w, r))
	if err != nil {
		return p.refused(w, r, err)
	}
	web.SetSession(w, r, in.Token)
	return did(w, r, "password")
}

func (p Pages) newPasskey(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, newPasskeyPage(p.host(r.Context()), web.Device(r), nil))
}

func (p Pages) newPasskeyOptions(w http.ResponseWriter, r *http.Request) error {
	o, step, err := p.Ways.BeginPasskey(r.Context(), begun(w, r).Browser)
	return options(w, o, step, err)
}

func (p Pages) addPasskey(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	key, answer := posted(f)
	codes, err := p.Ways.AddPasskey(r.Context(), web.Browser(r), key, answer, f.Get("label"))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error {
			return web.Render(w, r, web.Status(err), newPasskeyPage(p.host(r.Context()), f.Get("label"), ps))
		})
	}
	if len(codes) > 0 {
		return web.Render(w, r, http.StatusOK, codesPage(codes, "authweb.done.passkey", onward(r)))
	}
	return did(w, r, "passkey")
}

func (p Pages) renamePasskey(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID[Passkey](r, "id")
	if err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	if err := p.Ways.RenamePasskey(r.Context(), int64(id), f.Get("label")); err != nil {
		return p.refused(w, r, err)
	}
	return did(w, r, "renamed")
}

func (p Pages) removePasskey(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID[Passkey](r, "id")
	if err != nil {
		return err
	}
	if err := p.Ways.RemovePasskey(r.Context(), int64(id)); err != nil {
		return p.refused(w, r, err)
	}
	return did(w, r, "removed")
}

func (p Pages) appForm(w http.ResponseWriter, r *http.Request) error {
	setup, err := p.Ways.BeginApp(r.Context(), begun(w, r).Browser)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, appPage(setup, nil))
}

func (p Pages) addApp(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	codes, err := p.Ways.AddApp(ctx, web.Browser(r), f.Get("step"), f.Get("code"), web.Network(r))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error {
			setup, failed := p.Ways.AgainApp(ctx, begun(w, r).Browser, f.Get("step"))
			if failed != nil {
				return failed
			}
			return web.Render(w, r, web.Status(err), appPage(setup, ps))
		})
	}
	return web.Render(w, r, http.StatusOK, codesPage(codes, "authweb.app.done", onward(r)))
}

func (p Pages) removeApp(w http.ResponseWriter, r *http.Request) error {
	if err := p.Ways.RemoveApp(r.Context()); err != nil {
		return p.refused(w, r, err)
	}
	return did(w, r, "removed")
}

func (p Pages) renewCodes(w http.ResponseWriter, r *http.Request) error {
	codes, err := p.Ways.RenewCodes(r.Context())
	if err != nil {
		return p.refused(w, r, err)
	}
	return web.Render(w, r, http.StatusOK, codesPage(codes, "", "/account"))
}

func channelOf(r *http.Request) (factor.Channel, error) {
	switch c := factor.Channel(r.PathValue("channel")); c {
	case factor.Email, factor.Phone:
		return c, nil
	}
	return "", errs.E(errs.NotFound, "web.error.not_found")
}

func (p Pages) contactForm(w http.ResponseWriter, r *http.Request) error {
	c, err := channelOf(r)
	if err != nil {
		return err
	}
	address := ""
	if sub := auth.From(r.Context()); c == factor.Phone && auth.IsPhone(sub.Login) {
		address = sub.Login
	}
	return web.Render(w, r, http.StatusOK, contactPage(contactArgs{Channel: c, Address: address}, nil))
}

func (p Pages) beginContact(w http.ResponseWriter, r *http.Request) error {
	c, err := channelOf(r)
	if err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	a := contactArgs{Channel: c, Address: f.Get("address")}
	from := begun(w, r)
	a.Step, err = p.Ways.BeginContact(r.Context(), c, a.Address, from.Browser, from.Network)
	if err != nil {
		a.Step = ""
		return again(w, r, err, func(ps ui.Problems) error { return web.Render(w, r, web.Status(err), contactPage(a, ps)) })
	}
	return web.Render(w, r, http.StatusOK, contactPage(a, nil))
}

func (p Pages) addContact(w http.ResponseWriter, r *http.Request) error {
	c, err := channelOf(r)
	if err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	if err := p.Ways.AddContact(r.Context(), web.Browser(r), f.Get("step"), f.Get("code"), web.Network(r)); err != nil {
		return again(w, r, err, func(ps ui.Problems) error {
			a := contactArgs{Channel: c, Address: f.Get("address"), Step: f.Get("step")}
			if errs.Is(err, errs.Gone) {
				a.Step = ""
			}
			return web.Render(w, r, web.Status(err), contactPage(a, ps))
		})
	}
	return did(w, r, "contact")
}

func (p Pages) useContact(w http.ResponseWriter, r *http.Request) error {
	c, err := channelOf(r)
	if err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	if err := p.Ways.UseContact(r.Context(), c, f.Get("second") == "yes"); err != nil {
		return p.refused(w, r, err)
	}
	return did(w, r, "used")
}

func (p Pages) removeContact(w http.ResponseWriter, r *http.Request) error {
	c, err := channelOf(r)
	if err != nil {
		return err
	}
	if err := p.Ways.RemoveContact(r.Context(), c); err != nil {
		return p.refused(w, r, err)
	}
	return did(w, r, "removed")
}

func (p Pages) endSession(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID[Session](r, "id")
	if err != nil {
		return err
	}
	if err := p.Ways.EndSession(r.Context(), int64(id)); err != nil {
		return err
	}
	return did(w, r, "ended")
}

func (p Pages) endOthers(w http.ResponseWriter, r *http.Request) error {
	if err := p.Ways.EndOthers(r.Context()); err != nil {
		return err
	}
	return did(w, r, "ended")
}

func (p Pages) cancelRecovery(w http.ResponseWriter, r *http.Request) error {
	if err := p.Ways.CancelRecoveries(r.Context()); err != nil {
		return err
	}
	return did(w, r, "cancelled")
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
		name.Note = wayText(ctx, s)
		end := ui.C(endButton(s, label))
		if s.ID == here {
			end = ui.Tagged(i18n.T(ctx, "authweb.account.here"), ui.ToneActive)
		}
		rows = append(rows, ui.Row{Cells: []ui.Cell{name, ui.T(s.Network), ui.T(i18n.DateTime(l, s.Created)), ui.T(i18n.DateTime(l, s.Seen)), end}})
	}
	return rows
}

// wayText says how a session was opened.
func wayText(ctx context.Context, s auth.Session) string {
	if s.Kind == auth.SessionToken {
		return i18n.T(ctx, "authweb.account.token")
	}
	var words []string
	for _, m := range []string{auth.ByPassword, auth.ByKey, auth.ByCode, auth.ByNational} {
		for _, have := range s.Methods {
			if have == m {
				words = append(words, i18n.T(ctx, "authweb.method."+m))
			}
		}
	}
	return strings.Join(words, ", ")
}
