package mandateweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/mandate"
	"khue/internal/register/person"
)

// mineView are the mandates of both sides, and the form that grants one.
type mineView struct {
	Banner               *ui.BannerArgs
	Verified             bool
	Business             bool // the reader is one
	Offered, Held, Given []row
	Form                 form
	Whose                ui.Field // oneself, or a business that one represents
	Fields               []ui.Field
	Until                ui.Field
	Services             ui.Field
}

// words are the page's, for a person or for a business.
func (v mineView) words(ctx context.Context, key string) string {
	if v.Business {
		return say(ctx, "business."+key)
	}
	return say(ctx, key)
}

func (h handlers) mine(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showMine(w, r, http.StatusOK, url.Values{}, nil, done(r.Context(), q))
}

func (h handlers) showMine(w http.ResponseWriter, r *http.Request, status int, sent url.Values, bad error, banner *ui.BannerArgs) error {
	ctx := r.Context()
	v := mineView{Banner: banner, Form: newForm(ctx, sent, bad)}
	all, err := h.s.Of(ctx)
	if errs.Is(err, errs.Forbidden) {
		return web.Render(w, r, status, minePage(v))
	}
	if err != nil {
		return err
	}
	v.Verified, v.Business = true, all.Itself
	for _, m := range all.Offered {
		x := h.row(ctx, m)
		x.Accept = true
		v.Offered = append(v.Offered, x)
	}
	side := func(ms []mandate.Mandate) (out []row) {
		for _, m := range ms {
			x := h.row(ctx, m)
			if x.End = m.May(); !x.End && m.Status == mandate.Active {
				x.Note = say(ctx, "row.byLaw")
			}
			out = append(out, x)
		}
		return out
	}
	// What a representative holds for their own business stands once.
	given := slices.DeleteFunc(all.Given, func(m mandate.Mandate) bool {
		return slices.ContainsFunc(all.Held, func(x mandate.Mandate) bool { return x.ID == m.ID })
	})
	v.Held, v.Given = side(all.Held), side(given)
	if len(all.Businesses) > 0 {
		v.Whose = v.Form.field(ctx, "whose", ui.Field{})
		if !all.Itself {
			v.Whose.Options = []ui.Option{{Value: "", Label: say(ctx, "form.self")}}
		} else if v.Whose.Value == "" {
			v.Whose.Value = all.Businesses[0].ID.String()
		}
		for _, b := range all.Businesses {
			v.Whose.Options = append(v.Whose.Options, ui.Option{Value: b.ID.String(), Label: b.Name, Hint: say(ctx, "form.tax", "code", string(b.TaxCode))})
		}
	}
	v.Fields = []ui.Field{
		v.Form.field(ctx, "name", ui.Field{Width: ui.WidthTwo, Complete: "off"}),
		v.Form.field(ctx, "number", ui.Field{Mode: "numeric", Width: ui.Width20, Complete: "off"}),
	}
	v.Until, v.Services = v.Form.day(ctx, "until", false), h.scope(ctx, v.Form)
	return web.Render(w, r, status, minePage(v))
}

func (h handlers) grant(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, key, err := web.Command(r)
	if err != nil {
		return err
	}
	o := mandate.Offer{Number: f.Get("number"), Name: f.Get("name"), Limits: mandate.Limits{Services: f["services"]}, Key: key}
	o.Until, _ = dayOf(f, "until")
	if b := f.Get("whose"); b != "" {
		n, err := strconv.ParseInt(b, 10, 64)
		if err != nil {
			return errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
		}
		o.Business = person.BusinessID(n)
	}
	_, err = h.s.Grant(ctx, o)
	if errs.Is(err, errs.Invalid) {
		return h.showMine(w, r, web.Status(err), f, err, nil)
	}
	if wrong(err) {
		return h.showMine(w, r, web.Status(err), f, nil, stopped(ctx, err))
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/account/mandates?done=offered")
}

func (h handlers) decide(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, err := web.PathID[mandate.Mandate](r, "id")
	if err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	what := f.Get("do")
	if _, err = h.s.Decide(ctx, id, mandate.Answer(what)); wrong(err) {
		return h.showMine(w, r, web.Status(err), url.Values{}, nil, stopped(ctx, err))
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/account/mandates?done="+what)
}
