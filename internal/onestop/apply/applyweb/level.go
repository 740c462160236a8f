package applyweb

import (
	"context"
	"net/http"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/apply"
	"khue/internal/onestop/dossier"
)

// levelView says how an account becomes what a service needs, while the draft is kept.
type levelView struct {
	Name     string
	Text     string
	Kept     string
	SignIn   string // "" where somebody is signed in
	National string
	Back     string
}

func (h *handlers) level(w http.ResponseWriter, r *http.Request) error {
	o, err := h.open(r)
	if err != nil {
		return err
	}
	ctx, d := r.Context(), o.Draft
	need, ok := o.Pkg.SignIn()
	if !ok || d.Submitted() || h.apply.Level(ctx, o.Pkg) == nil {
		return web.Redirect(w, r, path(d.Key, "review"))
	}
	v := levelView{Name: say(ctx, o.Pkg.Name()), Text: i18n.T(ctx, "applyweb.level.need."+need.String()), Kept: kept(ctx, d), National: h.national, Back: path(d.Key, "review")}
	if !auth.From(ctx).SignedIn() {
		v.SignIn = web.SignInPath(path(d.Key, "level"))
	}
	return web.Render(w, r, http.StatusOK, levelPage(v))
}

// self is the choice of whoever applies for themselves.
const self = "self"

// whoseField asks for whom one applies; it has no options where there is nobody else. name is
// asked of those who apply for themselves.
func (h *handlers) whoseField(ctx context.Context, d apply.Draft, name ui.Field) (f ui.Field, err error) {
	ms, err := h.apply.Mandates(ctx, d)
	if err != nil || len(ms) == 0 && d.Filing.Behalf == nil {
		return f, err
	}
	if d.Filing.Behalf != nil {
		name.Value = auth.From(ctx).Name
	}
	f = ui.Field{Name: "whose", Label: i18n.T(ctx, "applyweb.behalf.label"), Value: self, Options: []ui.Option{
		{Value: self, Label: i18n.T(ctx, "applyweb.behalf.self"), Reveal: ui.Input(name)},
	}}
	for _, m := range ms {
		o := ui.Option{Value: m.ID.String(), Label: m.GiverName, Hint: i18n.T(ctx, "mandate.kind."+string(m.Kind))}
		if !m.Until.IsZero() {
			o.Hint += ", " + i18n.T(ctx, "applyweb.behalf.until", "until", m.Until)
		}
		if b := d.Filing.Behalf; b != nil && b.Mandate == m.ID {
			f.Value = o.Value
		}
		f.Options = append(f.Options, o)
	}
	return f, nil
}

// whose takes for whom one applies. Invalid for a mandate that one does not have.
func (h *handlers) whose(ctx context.Context, d *apply.Draft, chosen string) error {
	d.Filing.Behalf = nil
	if chosen == "" || chosen == self {
		return nil
	}
	ms, err := h.apply.Mandates(ctx, *d)
	if err != nil {
		return err
	}
	for _, m := range ms {
		if m.ID.String() == chosen {
			d.Filing.Applicant.Name = m.GiverName
			d.Filing.Behalf = &dossier.Behalf{Mandate: m.ID, Kind: m.Kind, Giver: m.GiverName, Holder: m.HolderName}
			return nil
		}
	}
	return errs.E(errs.Invalid, "applyweb.behalf.none", errs.WithFields(errs.Field{Path: "whose", Key: "applyweb.behalf.none"}))
}
