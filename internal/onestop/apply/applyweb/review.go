package applyweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/apply"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/service"
	"khue/internal/onestop/waiting"
	"khue/internal/onestop/waiting/waitingweb"
)

// delivery are the fields of our own page.
func (h *handlers) delivery(ctx context.Context, d apply.Draft, pkg *service.Package, ps ui.Problems) (deliveryView, error) {
	t := func(key string) string { return i18n.T(ctx, "applyweb.delivery."+key) }
	f := d.Filing
	copies := ""
	if f.Copies > 0 {
		copies = strconv.Itoa(f.Copies)
	}
	v := deliveryView{
		Name:        ui.Field{Name: "applicant.name", Label: t("name"), Value: f.Applicant.Name, Error: ps.For("applicant.name"), Complete: "name", Width: ui.WidthTwo},
		Phone:       ui.Field{Name: "applicant.phone", Label: t("phone"), Hint: t("phoneHint"), Value: f.Applicant.Phone, Error: ps.For("applicant.phone"), Type: "tel", Mode: "tel", Complete: "tel", Width: ui.Width20},
		Email:       ui.Field{Name: "applicant.email", Label: t("email"), Hint: t("emailHint"), Value: f.Applicant.Email, Error: ps.For("applicant.email"), Type: "email", Mode: "email", Complete: "email", Width: ui.WidthTwo, Optional: true},
		Address:     ui.Field{Name: "delivery.address", Label: t("address"), Value: f.Delivery.Address, Error: ps.For("delivery.address"), Complete: "street-address", Rows: 2},
		Copies:      ui.Field{Name: "copies", Label: t("copies"), Hint: t("copiesHint"), Value: copies, Error: ps.For("copies"), Mode: "numeric", Width: ui.Width3, Optional: true},
		Method:      ui.Field{Name: "delivery.method", Label: t("method"), Value: f.Delivery.Method, Error: ps.For("delivery.method")},
		AllowCopies: pkg.Result.Copies,
	}
	for _, m := range pkg.Result.Deliver {
		o := ui.Option{Value: m, Label: t("by." + m), Hint: t("byHint." + m)}
		if m == "post" {
			o.Reveal = ui.Textarea(v.Address)
		}
		v.Method.Options = append(v.Method.Options, o)
	}
	var err error
	v.Whose, err = h.whoseField(ctx, d, v.Name)
	return v, err
}

// backToReview leads from a change straight back.
const backToReview = "?back=review"

// review fills the page on which everything is checked before filing.
func (h *handlers) review(ctx context.Context, v *pageView, d apply.Draft, pkg *service.Package) error {
	change := i18n.T(ctx, "applyweb.change")
	env := h.apply.Env(d)
	titles := map[string]string{}
	for _, p := range h.pages(pkg, d) {
		titles[p.ID] = h.title(ctx, p)
	}
	last := "\x00"
	for _, l := range pkg.Form.Lines(d.Answers, env) {
		if l.Page != last {
			v.Groups = append(v.Groups, reviewGroup{ui.SummaryArgs{
				Title: titles[l.Page], Action: &ui.Anchor{Label: change, Href: path(d.Key, l.Page) + backToReview},
			}})
			last = l.Page
		}
		g := &v.Groups[len(v.Groups)-1]
		key := say(ctx, l.Label)
		if !l.Group.IsZero() {
			key = say(ctx, l.Group) + ": " + key
		}
		value := ui.Cell{Text: say(ctx, l.Text), Note: formweb.Origin(ctx, l)}
		if shown, hidden := formweb.Masked(pkg.Form, l, value.Text); hidden {
			value.Body = ui.Reveal(shown, i18n.T(ctx, "applyweb.wholeNumber"), value.Text)
		}
		g.Rows = append(g.Rows, ui.SummaryRow{Key: key, Value: value})
	}
	papers := ui.SummaryArgs{Title: i18n.T(ctx, "applyweb.papers")}
	for _, p := range h.pages(pkg, d) {
		if p.Kind == form.Papers {
			papers.Action = &ui.Anchor{Label: change, Href: path(d.Key, p.ID) + backToReview}
		}
	}
	for _, f := range d.Papers {
		label := say(ctx, pkg.PaperName(f.Paper))
		if l := pkg.Form.FileLabel(f.Paper); !l.IsZero() {
			label = say(ctx, l)
		}
		papers.Rows = append(papers.Rows, ui.SummaryRow{Key: label, Value: ui.Cell{Text: f.Name, Href: fileHref(d, f), Note: formweb.FileSize(ctx, f.Size)}})
	}
	if papers.Action != nil {
		v.Groups = append(v.Groups, reviewGroup{papers})
	}
	t := func(key string) string { return i18n.T(ctx, "applyweb.delivery."+key) }
	f := d.Filing
	own := ui.SummaryArgs{Title: t("title"), Action: &ui.Anchor{Label: change, Href: path(d.Key, pageDelivery) + backToReview}, Rows: []ui.SummaryRow{
		{Key: t("name"), Value: ui.T(f.Applicant.Name)}, {Key: t("phone"), Value: ui.T(f.Applicant.Phone)},
	}}
	if b := f.Behalf; b != nil {
		own.Rows = append(own.Rows, ui.SummaryRow{Key: i18n.T(ctx, "applyweb.behalf.key"), Value: ui.Cell{Text: b.Holder, Note: i18n.T(ctx, "mandate.kind."+string(b.Kind))}})
	}
	if f.Applicant.Email != "" {
		own.Rows = append(own.Rows, ui.SummaryRow{Key: t("email"), Value: ui.T(f.Applicant.Email)})
	}
	if f.Delivery.Method != "" {
		own.Rows = append(own.Rows, ui.SummaryRow{Key: t("method"), Value: ui.Cell{Text: t("by." + f.Delivery.Method), Note: f.Delivery.Address}})
	}
	fee, err := pkg.FeeOf(d.Answers, env)
	if err != nil {
		return err
	}
	own.Rows = append(own.Rows, ui.SummaryRow{Key: i18n.T(ctx, "applyweb.fee"), Value: ui.T(fee.Words(i18n.BundleOf(ctx), i18n.LangOf(ctx)))})
	term, err := h.apply.Foresee(ctx, d)
	if err != nil {
		return err
	}
	if term != "" {
		own.Rows = append(own.Rows, ui.SummaryRow{Key: i18n.T(ctx, "applyweb.term"), Value: ui.Cell{Text: term, Note: i18n.T(ctx, "applyweb.termNote")}})
	}
	v.Groups = append(v.Groups, reviewGroup{own})
	if h.apply.Level(ctx, pkg) != nil {
		v.Errors = append(v.Errors, ui.Problem{Field: path(d.Key, "level"), Text: i18n.T(ctx, "applyweb.level.first")})
	}
	res, err := h.apply.Check(ctx, d)
	if err != nil {
		return err
	}
	v.Dropped = dropped(ctx, pkg, res)
	for _, w := range res.Warnings {
		v.Errors = append(v.Errors, ui.Problem{Field: path(d.Key, pageOf(pkg, w.Path)) + backToReview, Text: i18n.BundleOf(ctx).Map(i18n.LangOf(ctx), w.Key, localized(ctx, w.Params))})
	}
	return nil
}

func pageOf(pkg *service.Package, at string) string {
	if p := pkg.Form.PageOf(at); p != "" {
		return p
	}
	return pageDelivery
}

// submit files the draft from its review.
func (h *handlers) submit(w http.ResponseWriter, r *http.Request, d apply.Draft, pkg *service.Package, sent url.Values) error {
	ctx := r.Context()
	if sent.Get("declare") == "" {
		refused := errs.E(errs.Invalid, "applyweb.declare.missing", errs.WithFields(errs.Field{Path: "declare", Key: "applyweb.declare.missing"}))
		return h.show(w, r, http.StatusUnprocessableEntity, d, pkg, "review", refused, nil)
	}
	if h.apply.Level(ctx, pkg) != nil {
		return web.Redirect(w, r, path(d.Key, "level"))
	}
	_, err := h.apply.Submit(ctx, d)
	if waiting.InLine(err) {
		return web.Redirect(w, r, waitingweb.Path(pkg.ID, path(d.Key, "review")))
	}
	if pkg.Opening != nil && (errs.Is(err, errs.Conflict) || errs.Is(err, errs.Gone)) { // no place: the application stays
		return h.show(w, r, http.StatusConflict, d, pkg, "review", nil, &ui.BannerArgs{Text: web.ProblemOf(ctx, err).Detail, Tone: ui.ToneStopped, Alert: true})
	}
	if errs.Is(err, errs.Forbidden) { // a mandate that holds no more
		return h.show(w, r, http.StatusForbidden, d, pkg, pageDelivery, nil, &ui.BannerArgs{Text: web.ProblemOf(ctx, err).Detail, Tone: ui.ToneStopped, Alert: true})
	}
	if e, ok := errs.As(err); ok && e.Kind == errs.Invalid && len(e.Fields) > 0 {
		// Lead to the first page that has to be mended, with what was typed.
		return h.show(w, r, web.ProblemOf(ctx, err).Status, d, pkg, pageOf(pkg, e.Fields[0].Path), err, nil)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, path(d.Key, "done"))
}

// doneView confirms the filing.
type doneView struct {
	Name, Code, Href, Receipt, Phone string
	Pay                              string // page of the fee that is to be paid first; "" for none
}

func (h *handlers) donePage(w http.ResponseWriter, r *http.Request, d apply.Draft, pkg *service.Package) error {
	if !d.Submitted() {
		return web.Redirect(w, r, "/apply/d/"+url.PathEscape(d.Key))
	}
	k := url.QueryEscape(d.Access)
	pay, err := h.apply.FeePage(r.Context(), d)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, filedPage(doneView{
		Name: say(r.Context(), pkg.Name()), Code: d.Code, Href: "/dossiers/" + url.PathEscape(d.Code) + "?k=" + k, Pay: pay,
	}))
}
