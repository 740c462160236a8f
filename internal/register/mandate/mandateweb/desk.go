package mandateweb

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/mandate"
	"khue/internal/register/orgunit"
	"khue/internal/register/person"
)

// deskView records a mandate from a paper, and finds those of somebody at the counter.
type deskView struct {
	Banner   *ui.BannerArgs
	Form     form
	Kind     ui.Field
	Holder   []ui.Field
	Giver    []ui.Field
	Born     ui.Field
	Business []ui.Field
	Paper    ui.Field
	From     ui.Field
	Until    ui.Field
	Services ui.Field
	Find     ui.Field
	Searched bool
	Found    []row
}

// unit is at whose counter the reader is clerk; "" for none.
func unit(ctx context.Context) string {
	for _, g := range auth.From(ctx).Grants {
		if u, ok := strings.CutPrefix(g.Scope, "unit:"); ok && orgunit.Role(g.Role).Acts(orgunit.RoleClerk) {
			return u
		}
	}
	return ""
}

func (h handlers) desk(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showDesk(w, r, http.StatusOK, url.Values{}, nil, deskView{Banner: done(r.Context(), q)})
}

func (h handlers) showDesk(w http.ResponseWriter, r *http.Request, status int, sent url.Values, bad error, v deskView) error {
	ctx := r.Context()
	v.Form = newForm(ctx, sent, bad)
	f := v.Form
	v.Kind = f.field(ctx, "kind", ui.Field{Small: true})
	for _, k := range mandate.Kinds() {
		if k != mandate.Employee { // its representative grants it
			v.Kind.Options = append(v.Kind.Options, ui.Option{Value: string(k), Label: i18n.T(ctx, "mandate.kind."+string(k)), Hint: say(ctx, "form.kind_"+string(k))})
		}
	}
	v.Holder = []ui.Field{f.field(ctx, "holder", ui.Field{Capitals: "none", MaxLength: 600}), f.field(ctx, "holderName", ui.Field{Width: ui.WidthTwo, Optional: true})}
	v.Giver = []ui.Field{f.field(ctx, "giver", ui.Field{Capitals: "none", MaxLength: 600}), f.field(ctx, "giverName", ui.Field{Width: ui.WidthTwo, Optional: true})}
	v.Born = f.day(ctx, "giverBorn", true)
	v.Business = []ui.Field{f.field(ctx, "address", ui.Field{Optional: true}), f.field(ctx, "enterprise", ui.Field{Width: ui.Width20, Optional: true})}
	v.Paper = f.field(ctx, "paper", ui.Field{MaxLength: 200})
	v.From, v.Until, v.Services = f.day(ctx, "from", true), f.day(ctx, "until", true), h.scope(ctx, f)
	v.Find = ui.Field{Name: "who", Label: say(ctx, "find.who"), Hint: say(ctx, "find.hint"), Capitals: "none", MaxLength: 600}
	return web.Render(w, r, status, deskPage(v))
}

func (h handlers) enter(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, key, err := web.Command(r)
	if err != nil {
		return err
	}
	in := mandate.Record{
		Kind: mandate.Kind(f.Get("kind")), Holder: f.Get("holder"), HolderName: f.Get("holderName"), Giver: f.Get("giver"), GiverName: f.Get("giverName"),
		Address: f.Get("address"), Enterprise: f.Get("enterprise"), Unit: unit(ctx), Key: key,
		Limits: mandate.Limits{Services: f["services"], Paper: f.Get("paper")},
	}
	if in.Unit == "" {
		return errs.E(errs.Forbidden, "person.officers")
	}
	in.GiverBorn, _ = dayOf(f, "giverBorn")
	in.From, _ = dayOf(f, "from")
	in.Until, _ = dayOf(f, "until")
	if _, err = h.s.Enter(ctx, in); wrong(err) {
		return h.showDesk(w, r, web.Status(err), f, err, deskView{})
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/mandates?done=recorded")
}

// find lists the mandates of somebody at the counter. It is sent by POST: a number stands in
// no address. The look is written down.
func (h handlers) find(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	v := deskView{Searched: true}
	found, err := h.people.Find(ctx, f.Get("who"))
	if err != nil {
		return err
	}
	for _, p := range found {
		if p, err = h.people.Reveal(ctx, p.ID, person.Basis{Kind: person.BasisPresent, Unit: unit(ctx)}); err != nil {
			return err
		}
		all, err := h.s.OfPerson(ctx, p)
		if err != nil {
			return err
		}
		for _, m := range append(all.Held, all.Given...) {
			x := h.row(ctx, m)
			if m.Status == mandate.Active || m.Status == mandate.Offered {
				x.Close = &ui.Field{Name: "reason", Scope: x.ID + "-", Label: say(ctx, "form.reason"), MaxLength: 200}
			}
			v.Found = append(v.Found, x)
		}
	}
	return h.showDesk(w, r, http.StatusOK, url.Values{}, nil, v)
}

func (h handlers) close(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, err := web.PathID[mandate.Mandate](r, "id")
	if err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	if _, err = h.s.Close(ctx, id, unit(ctx), f.Get("reason")); wrong(err) {
		return h.showDesk(w, r, web.Status(err), url.Values{}, nil, deskView{Banner: stopped(ctx, err)})
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/mandates?done=closed")
}
