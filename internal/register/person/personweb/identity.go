package personweb

import (
	"net/http"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
)

// identityView is what the city knows of the reader, and how they become verified.
type identityView struct {
	Level    string
	Tone     ui.Tone
	Facts    ui.SummaryArgs
	Linked   bool
	Business bool
	Citizen  bool
	Code     string
	Until    string
	National string
	Banner   *ui.BannerArgs
}

func (h handlers) identity(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showIdentity(w, r, http.StatusOK, identityView{Banner: done(r.Context(), q, "unlinked")})
}

func (h handlers) showIdentity(w http.ResponseWriter, r *http.Request, status int, v identityView) error {
	ctx := r.Context()
	sub := auth.From(ctx)
	p, l, ok, err := h.s.Mine(ctx)
	if err != nil {
		return err
	}
	v.Citizen, v.Linked, v.National = sub.Kind == auth.KindCitizen, ok, h.national
	v.Level, v.Tone = say(ctx, "level."+sub.Level.String()), ui.ToneWaiting
	if sub.Level >= auth.Verified {
		v.Tone = ui.ToneDone
	}
	b, itself, err := h.s.Itself(ctx)
	if err != nil {
		return err
	}
	if itself {
		v.Business, v.Citizen = true, false
		v.Facts.Rows = []ui.SummaryRow{{Key: say(ctx, "identity.business"), Value: ui.T(b.Name)}, {Key: say(ctx, "identity.tax"), Value: ui.T(string(b.TaxCode))}}
	}
	if ok {
		row := func(key, text string) {
			v.Facts.Rows = append(v.Facts.Rows, ui.SummaryRow{Key: key, Value: ui.T(text)})
		}
		row(fieldName(ctx, "name"), p.Facts.Name)
		row(say(ctx, "number"), p.Number.Masked())
		if p.Facts.Born != "" {
			row(fieldName(ctx, "born"), fact(ctx, "born", p.Facts.Born))
		}
		row(say(ctx, "identity.since"), say(ctx, "identity.basis."+l.Basis, "at", i18n.DateTime(i18n.LangOf(ctx), l.At)))
	}
	return web.Render(w, r, status, identityPage(v))
}

func (h handlers) actOnIdentity(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	var v identityView
	if f.Get("do") == "unlink" {
		if err = h.s.Unlink(ctx); err == nil {
			return web.Redirect(w, r, "/account/identity?done=unlinked")
		}
	} else {
		code, until, codeErr := h.s.NewCode(ctx)
		v.Code, v.Until, err = code, i18n.Time(until), codeErr
	}
	if wrong(err) {
		v.Banner = refused(ctx, err)
		return h.showIdentity(w, r, web.Status(err), v)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return h.showIdentity(w, r, http.StatusOK, v)
}
