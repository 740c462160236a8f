package identityweb

import (
	"context"
	"net/http"
	"net/url"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/identity"
	"khue/internal/register/orgunit"
)

// dutiesView is whether one person may receive, verify and sign at a unit.
type dutiesView struct {
	Shared bool
	Who    string // who set it so, and why
	MaySet bool
	Form   form
}

// problems are those of the form as the head of the page links to them.
func (v *dutiesView) problems() (out ui.Problems) {
	if v == nil {
		return nil
	}
	for _, p := range v.Form.Problems {
		p.Field = v.Form.scope + p.Field
		out = append(out, p)
	}
	return out
}

// duties fills the section; sent is what came back from a refused form.
func (h handlers) duties(ctx context.Context, u orgunit.UnitID, sent *dutiesView) (*dutiesView, error) {
	rule, err := h.svc.Duties(ctx, u)
	if err != nil {
		return nil, err
	}
	v := &dutiesView{Shared: rule.Shared, MaySet: h.svc.MaySetDuties(ctx, u), Form: form{Values: url.Values{}}}
	if sent != nil {
		v.Form = sent.Form
	}
	v.Form.Key, v.Form.scope = web.NewKey(), "duties-"
	if !rule.At.IsZero() {
		v.Who = say(ctx, "duties.set", "by", rule.By, "at", i18n.DateTime(i18n.LangOf(ctx), rule.At), "reason", rule.Reason)
	}
	return v, nil
}

// next is the value that the form would set.
func (v *dutiesView) next() string {
	if v.Shared {
		return "apart"
	}
	return "shared"
}

// setDuties takes the form.
func (h handlers) setDuties(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, key, err := posted(r)
	if err != nil {
		return err
	}
	unit, err := id.Parse[orgunit.Unit](r.PathValue("id"))
	if err != nil {
		return errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
	}
	err = h.svc.SetDuties(ctx, identity.DutyRule{Unit: unit, Shared: sent.Get("duties") == "shared", Reason: sent.Get("reason")}, key)
	if wrong(err) {
		f := form{Values: sent, Problems: ui.ProblemsOf(ctx, err)}
		return h.showUnit(w, r, web.ProblemOf(ctx, err).Status, unitView{Duties: &dutiesView{Form: f}})
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin/units/"+unit.String()+"?done=duties")
}
