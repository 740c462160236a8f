package applyweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/apply"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

// browser gives whoever begins without signing in a token to be found again by. A kiosk
// has many people at one browser: nobody's draft is listed to the next.
func (h *handlers) browser(w http.ResponseWriter, r *http.Request) string {
	if ui.Density(web.Density(r.Context())) == ui.DensityKiosk {
		return ""
	}
	return web.KnowBrowser(w, r)
}

// kept says how long a draft is kept.
func kept(ctx context.Context, d apply.Draft) string {
	until := d.Expires()
	if d.Updated.IsZero() {
		return ""
	}
	return i18n.T(ctx, "applyweb.keptUntil", "date", i18n.Date(i18n.LangOf(ctx), clock.DateOf(until)))
}

// backTo is where a page leads on to: the review, for whoever came from there.
func backTo(r *http.Request) string {
	q, err := web.Query(r)
	if err != nil || q.Get("back") != "review" {
		if f, err := web.Form(r); err == nil && r.Method == http.MethodPost && f.Get("back") == "review" {
			return "review"
		}
		return ""
	}
	return "review"
}

type draftsView struct {
	Items  []draftItem
	Shared bool // begun in this browser without signing in: whoever sits here next sees it too
}

type draftItem struct {
	Name, Case, State, Kept, Href, Forget string
}

// drafts lists what was begun and not filed.
func (h *handlers) drafts(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	ds, err := h.apply.Mine(ctx, web.Browser(r))
	if err != nil {
		return err
	}
	var v draftsView
	for _, d := range ds {
		item := draftItem{Name: d.Service, Kept: kept(ctx, d), Href: "/apply/d/" + url.PathEscape(d.Key), Forget: path(d.Key, "forget")}
		if pkg, ok := h.apply.Version(d); ok {
			item.Name = say(ctx, pkg.Name())
			if len(pkg.Cases) > 1 {
				item.Case = say(ctx, pkg.CaseName(d.Case))
			}
			item.State = h.progress(ctx, d, pkg)
		}
		v.Shared = v.Shared || d.Owner == 0
		v.Items = append(v.Items, item)
	}
	return web.Render(w, r, http.StatusOK, draftsPage(v))
}

// progress says how many pages of a draft are done.
func (h *handlers) progress(ctx context.Context, d apply.Draft, pkg *service.Package) string {
	pages, n := h.pages(pkg, d), 0
	for _, p := range pages {
		if h.done(pkg, d, p) {
			n++
		}
	}
	return i18n.T(ctx, "applyweb.drafts.progress", "n", n, "of", len(pages), "at", i18n.DateTime(i18n.LangOf(ctx), d.Updated))
}

type forgetView struct{ Name, Action, Back string }

func (h *handlers) askForget(w http.ResponseWriter, r *http.Request) error {
	o, err := h.open(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, forgetPage(forgetView{
		Name: say(r.Context(), o.Pkg.Name()), Action: path(o.Draft.Key, "forget"), Back: "/apply",
	}))
}

// forget removes a draft; twice is once.
func (h *handlers) forget(w http.ResponseWriter, r *http.Request) error {
	o, err := h.open(r)
	if errs.Is(err, errs.NotFound) {
		return web.Redirect(w, r, "/apply")
	}
	if err != nil {
		return err
	}
	us, err := h.uploads.Of(r.Context(), scopeOf(o.Draft))
	if err != nil {
		return err
	}
	for _, u := range us {
		if err := h.uploads.Drop(r.Context(), u); err != nil {
			return err
		}
	}
	if err := h.apply.Forget(r.Context(), o.Draft); err != nil {
		return err
	}
	return web.Redirect(w, r, "/apply")
}

// movedView says what does not go along to the version in force.
type movedView struct {
	Name, Lead, Action, Case, Delivery string
	Answers, Papers                    ui.SummaryArgs
	Kept                               int
}

func (h *handlers) moved(w http.ResponseWriter, r *http.Request) error {
	o, err := h.open(r)
	if err != nil {
		return err
	}
	if o.Move == nil {
		return web.Redirect(w, r, "/apply/d/"+url.PathEscape(o.Draft.Key))
	}
	ctx, m := r.Context(), o.Move
	v := movedView{
		Name: say(ctx, o.Pkg.Name()), Action: path(o.Draft.Key, "moved"), Kept: m.Kept,
		Lead: i18n.T(ctx, "applyweb.moved.lead", "since", i18n.Date(i18n.LangOf(ctx), m.Since)),
	}
	why := func(reason apply.Reason) string { return i18n.T(ctx, "applyweb.moved.why."+string(reason)) }
	v.Answers.Title, v.Papers.Title = i18n.T(ctx, "applyweb.moved.answers"), i18n.T(ctx, "applyweb.moved.papers")
	for _, l := range m.Lost {
		v.Answers.Rows = append(v.Answers.Rows, ui.SummaryRow{Key: labelOf(ctx, l.Group, l.Label), Value: ui.Cell{Text: say(ctx, l.Text), Note: why(l.Reason)}})
	}
	for _, p := range m.Papers {
		v.Papers.Rows = append(v.Papers.Rows, ui.SummaryRow{Key: say(ctx, p.Label), Value: ui.Cell{Text: p.Name, Note: why(p.Reason)}})
	}
	if !m.Case.IsZero() {
		v.Case = i18n.T(ctx, "applyweb.moved.case", "case", say(ctx, m.Case))
	}
	if m.Delivery != "" {
		v.Delivery = i18n.T(ctx, "applyweb.moved.delivery", "by", i18n.T(ctx, "applyweb.delivery.by."+m.Delivery))
	}
	return web.Render(w, r, http.StatusOK, movedPage(v))
}

// labelOf is a question with the group that it is a part of.
func labelOf(ctx context.Context, group, label decl.Label) string {
	if group.IsZero() {
		return say(ctx, label)
	}
	return say(ctx, group) + ": " + say(ctx, label)
}

// follow goes on with the version in force.
func (h *handlers) follow(w http.ResponseWriter, r *http.Request) error {
	o, err := h.open(r)
	if err != nil {
		return err
	}
	if _, err := h.apply.Follow(r.Context(), o); err != nil && !errs.Is(err, errs.Conflict) {
		return err
	}
	return web.Redirect(w, r, "/apply/d/"+url.PathEscape(o.Draft.Key))
}

// saveBeforeMove takes a page that was open while another version came into force: what
// was typed is kept as an answer to the old one, and may then stay behind, said.
func (h *handlers) saveBeforeMove(w http.ResponseWriter, r *http.Request, o apply.Opened, pages []form.PageInfo, at int, sent url.Values) error {
	d := o.Draft
	known := at >= 0 && pages[at].Kind == form.Questions && pages[at].ID != pageDelivery
	if known && slices.Contains(pageIDs(o.Pkg.Form.Pages(d.Answers, h.apply.Env(d))), pages[at].ID) {
		d.Answers = o.Pkg.Form.ParsePage(pages[at].ID, sent, d.Answers, h.apply.Env(d))
		if err := h.apply.Save(r.Context(), d); err != nil {
			return err
		}
	}
	return web.Redirect(w, r, path(d.Key, "moved"))
}

func pageIDs(ps []form.PageInfo) []string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.ID
	}
	return out
}
