package authweb

import (
	"context"
	"net/http"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/factor"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
)

// kioskForm makes a browser a kiosk, or is the door of one that is.
func (p Pages) kioskForm(w http.ResponseWriter, r *http.Request) error {
	if web.Kiosk(r.Context()) {
		q, err := web.Query(r)
		if err != nil {
			return err
		}
		return web.Render(w, r, http.StatusOK, kioskDoor(q.Get("done") != ""))
	}
	return web.Render(w, r, http.StatusOK, kioskPage(nil))
}

func (p Pages) startKiosk(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	token, err := p.Ways.StartKiosk(ctx, f.Get("code"), web.Network(r))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error { return web.Render(w, r, web.Status(err), kioskPage(ps)) })
	}
	// Whoever set it up has no business here any more.
	if err := p.Auth.SignOut(ctx, web.Token(ctx)); err != nil {
		return err
	}
	web.ForgetPerson(w, r)
	web.SetKiosk(w, r, token)
	return web.Redirect(w, r, "/kiosk")
}

// stay is the sign of life of somebody who types: asking is what counts.
func (p Pages) stay(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// finishKiosk ends the session at a kiosk and takes everything with it. By GET it does so at
// kiosks only, where a page that was left alone leads here.
func (p Pages) finishKiosk(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if !web.Kiosk(ctx) {
		return web.Redirect(w, r, "/")
	}
	if err := p.Auth.SignOut(ctx, web.Token(ctx)); err != nil {
		return err
	}
	web.ForgetPerson(w, r)
	return web.Redirect(w, r, "/kiosk?done=1")
}

func (p Pages) kiosks(w http.ResponseWriter, r *http.Request) error {
	return p.drawKiosks(w, r, http.StatusOK, "", nil)
}

func (p Pages) drawKiosks(w http.ResponseWriter, r *http.Request, status int, code string, ps ui.Problems) error {
	list, err := p.Ways.Kiosks(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, status, kiosksPage(p.kioskRows(r.Context(), list), p.Ways.KeepsKiosks(r.Context()), code, ps))
}

func (p Pages) newKiosk(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	code, err := p.Ways.NewKiosk(r.Context(), f.Get("label"))
	if err != nil {
		return again(w, r, err, func(ps ui.Problems) error { return p.drawKiosks(w, r, web.Status(err), "", ps) })
	}
	return p.drawKiosks(w, r, http.StatusOK, code, nil)
}

func (p Pages) endKiosk(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID[Kiosk](r, "id")
	if err != nil {
		return err
	}
	if err := p.Ways.EndKiosk(r.Context(), int64(id)); err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin/kiosks")
}

func (p Pages) counterForm(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, counterPage(counterArgs{}, nil))
}

func (p Pages) beginAtCounter(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	a := counterArgs{Login: f.Get("login")}
	if f.Get("seen") != "yes" {
		ps := ui.Problems{{Field: "seen", Text: unseen(r)}}
		return web.Render(w, r, http.StatusUnprocessableEntity, counterPage(a, ps))
	}
	a.Recovery, a.Code, err = p.Ways.BeginAtCounter(r.Context(), auth.NormLogin(a.Login))
	if err != nil {
		a.Code = ""
		return again(w, r, err, func(ps ui.Problems) error { return web.Render(w, r, web.Status(err), counterPage(a, ps)) })
	}
	return web.Render(w, r, http.StatusOK, counterPage(a, nil))
}

type stopArgs struct{ Login, Reason, Done string }

func (p Pages) stopForm(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, stopPage(stopArgs{}, nil))
}

func (p Pages) stop(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	a := stopArgs{Login: f.Get("login"), Reason: f.Get("reason")}
	if a.Done, err = p.Ways.Stop(r.Context(), auth.NormLogin(a.Login), a.Reason); err != nil {
		a.Done = ""
		return again(w, r, err, func(ps ui.Problems) error { return web.Render(w, r, web.Status(err), stopPage(a, ps)) })
	}
	return web.Render(w, r, http.StatusOK, stopPage(a, nil))
}

func (p Pages) kioskRows(ctx context.Context, list []factor.Kiosk) []ui.Row {
	rows := make([]ui.Row, len(list))
	for i, k := range list {
		tone := ui.ToneWaiting
		if k.State == "on" {
			tone = ui.ToneDone
		}
		end := ui.T("")
		if p.Ways.Keeps(ctx, k) {
			end = ui.C(kioskEnd(k))
		}
		label := ui.T(k.Label)
		if p.Unit != nil && k.Unit != "" {
			label.Note = p.Unit(k.Unit)
		}
		rows[i] = ui.Row{Cells: []ui.Cell{
			label, ui.Tagged(i18n.T(ctx, "authweb.kiosk."+k.State), tone), ui.T(i18n.DateTime(i18n.LangOf(ctx), k.Created)), end,
		}}
	}
	return rows
}
