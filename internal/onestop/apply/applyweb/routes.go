package applyweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/apply"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/service"
	"khue/internal/onestop/upload"
	"khue/internal/onestop/upload/uploadweb"
	"khue/internal/onestop/waiting"
	"khue/internal/onestop/waiting/waitingweb"
)

// Messages are this package's sentences (keys under "applyweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// pageDelivery is the page of ours that every application has: whose dossier it is, and
// how the result is had.
const pageDelivery = "delivery"

// maxUpload bounds one post of papers.
const maxUpload = 64 << 20

type handlers struct {
	apply    *apply.Service
	uploads  *upload.Service
	places   *waiting.Service
	national string
}

// Routes is the web half of applications. national is where one signs in by the national
// identity; empty where the city is not connected to it.
func Routes(s *apply.Service, up *upload.Service, places *waiting.Service, national string) web.Module {
	h := &handlers{s, up, places, national}
	return web.Module{Name: "apply", Routes: append([]web.Route{
		{Method: http.MethodGet, Path: "/apply", Policy: auth.Public, Do: h.drafts},
		{Method: http.MethodGet, Path: "/apply/{service}", Policy: auth.Public, Do: h.start},
		{Method: http.MethodPost, Path: "/apply/{service}", Policy: auth.Public, Do: h.begin},
		{Method: http.MethodGet, Path: "/apply/d/{key}", Policy: auth.Public, Do: h.resume},
		{Method: http.MethodGet, Path: "/apply/d/{key}/moved", Policy: auth.Public, Do: h.moved},
		{Method: http.MethodPost, Path: "/apply/d/{key}/moved", Policy: auth.Public, Do: h.follow},
		{Method: http.MethodGet, Path: "/apply/d/{key}/level", Policy: auth.Public, Do: h.level},
		{Method: http.MethodGet, Path: "/apply/d/{key}/forget", Policy: auth.Public, Do: h.askForget},
		{Method: http.MethodPost, Path: "/apply/d/{key}/forget", Policy: auth.Public, Do: h.forget},
		{Method: http.MethodGet, Path: "/apply/d/{key}/files/{digest}", Policy: auth.Public, Do: h.file},
		{Method: http.MethodGet, Path: "/apply/d/{key}/{page}", Policy: auth.Public, Do: h.page},
		{Method: http.MethodPost, Path: "/apply/d/{key}/{page}", Policy: auth.Public, Do: h.save, MaxBody: maxUpload},
	}, uploadweb.Routes("/apply/d/{key}", up, h.place)...)}
}

// open reads the draft of the address. A draft that has to be moved first is drawn by
// moved only.
func (h *handlers) open(r *http.Request) (apply.Opened, error) {
	return h.apply.Open(r.Context(), apply.Ticket{Key: r.PathValue("key"), Browser: web.Browser(r)})
}

func say(ctx context.Context, l decl.Label) string { return l.In(i18n.LangOf(ctx)) }

func path(key, page string) string { return "/apply/d/" + url.PathEscape(key) + "/" + page }

// startView is the door of an application.
type startView struct {
	Service  string
	Name     string
	Summary  string
	Cases    ui.Field
	One      string // the only case
	Needs    []string
	Opening  string // from when places are given out; "" where there is no end of them
	Line     string // where one waits before beginning; "" where nobody has to
	Level    string // what account is needed; "" for none
	SignIn   string // where one signs in first; "" where that is done
	Offline  string // why it does not begin here; "" where it does
	Problems ui.Problems
}

func (h *handlers) start(w http.ResponseWriter, r *http.Request) error {
	return h.showStart(w, r, http.StatusOK, nil)
}

func (h *handlers) showStart(w http.ResponseWriter, r *http.Request, status int, refused error) error {
	ctx := r.Context()
	pkg, err := h.apply.Package(r.PathValue("service"))
	if err != nil {
		return err
	}
	v := startView{Service: pkg.ID, Name: say(ctx, pkg.Name()), Summary: say(ctx, pkg.Summary()), Problems: ui.ProblemsOf(ctx, refused)}
	v.Cases = ui.Field{Name: "case", Label: i18n.T(ctx, "applyweb.case"), Error: v.Problems.For("case")}
	for _, c := range pkg.Cases {
		hint := ""
		if l, ok := pkg.Label("case." + c + ".hint"); ok {
			hint = say(ctx, l)
		}
		v.Cases.Options = append(v.Cases.Options, ui.Option{Value: c, Label: say(ctx, pkg.CaseName(c)), Hint: hint})
	}
	if len(pkg.Cases) == 1 {
		v.One = pkg.Cases[0]
	}
	if !pkg.Offers(service.Online) {
		v.Offline = i18n.T(ctx, "apply.notOnline")
		if pkg.LevelCap.Source != "" {
			v.Offline += " " + i18n.T(ctx, "service.level.cap."+pkg.LevelCap.Reason, "source", pkg.LevelCap.Source)
		}
	}
	if need, ok := pkg.SignIn(); ok {
		v.Level = i18n.T(ctx, "applyweb.level.need."+need.String())
		if !auth.From(ctx).SignedIn() {
			v.SignIn = web.SignInPath("/apply/" + pkg.ID)
		}
	}
	if o := pkg.Opening; o != nil {
		v.Opening = i18n.T(ctx, "applyweb.opening", "from", o.From, "until", o.Until)
		lets, err := h.lets(r, pkg)
		if err != nil {
			return err
		}
		if !lets {
			v.Line = waitingweb.Path(pkg.ID, "")
		}
	}
	for _, p := range pkg.Papers {
		v.Needs = append(v.Needs, say(ctx, pkg.PaperName(p.ID)))
	}
	return web.Render(w, r, status, startPage(v))
}

// lets reports whether an application may be begun now: while a line stands, by whoever it let in.
func (h *handlers) lets(r *http.Request, pkg *service.Package) (bool, error) {
	if pkg.Opening == nil {
		return true, nil
	}
	return h.places.Lets(r.Context(), pkg, waitingweb.Ticket(r, h.places, pkg))
}

func (h *handlers) begin(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	pkg, err := h.apply.Package(r.PathValue("service"))
	if err != nil {
		return err
	}
	if lets, err := h.lets(r, pkg); err != nil || !lets {
		if err != nil {
			return err
		}
		return web.Redirect(w, r, waitingweb.Path(pkg.ID, ""))
	}
	d, err := h.apply.Begin(ctx, r.PathValue("service"), f.Get("case"), string(i18n.LangOf(ctx)), h.browser(w, r))
	if errs.Is(err, errs.Unauthenticated) {
		return web.Redirect(w, r, web.SignInPath("/apply/"+url.PathEscape(r.PathValue("service"))))
	}
	if errs.Is(err, errs.Invalid) {
		return h.showStart(w, r, web.ProblemOf(ctx, err).Status, err)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/apply/d/"+url.PathEscape(d.Key))
}

// resume leads to the first page that is not done.
func (h *handlers) resume(w http.ResponseWriter, r *http.Request) error {
	o, err := h.open(r)
	if err != nil {
		return err
	}
	d, pkg := o.Draft, o.Pkg
	if d.Submitted() {
		return web.Redirect(w, r, path(d.Key, "done"))
	}
	if o.Move != nil {
		return web.Redirect(w, r, path(d.Key, "moved"))
	}
	for _, p := range h.pages(pkg, d) {
		if !h.done(pkg, d, p) {
			return web.Redirect(w, r, path(d.Key, p.ID))
		}
	}
	return web.Redirect(w, r, path(d.Key, "review"))
}

// pages are the pages of the form with ours before the review.
func (h *handlers) pages(pkg *service.Package, d apply.Draft) []form.PageInfo {
	all := pkg.Form.Pages(d.Answers, h.apply.Env(d))
	own := form.PageInfo{ID: pageDelivery, Title: decl.Label{}}
	at := slices.IndexFunc(all, func(p form.PageInfo) bool { return p.Kind == form.Review })
	if at < 0 {
		return append(all, own, form.PageInfo{ID: "review", Kind: form.Review})
	}
	return slices.Insert(all, at, own)
}

// done reports whether a page has what it needs.
func (h *handlers) done(pkg *service.Package, d apply.Draft, p form.PageInfo) bool {
	switch {
	case p.ID == pageDelivery:
		return d.Filing.Applicant.Phone != "" && d.Filing.Delivery.Method != ""
	case p.Kind == form.Review:
		return false
	case p.Kind == form.Questions && !h.touched(pkg, d, p.ID):
		return false
	}
	return pkg.Form.ValidatePage(p.ID, d.Answers, h.apply.Env(d)).OK()
}

// touched: a page of optional questions is not done before it was seen.
func (h *handlers) touched(pkg *service.Package, d apply.Draft, page string) bool {
	for at := range d.Answers {
		if pkg.Form.PageOf(at) == page {
			return true
		}
	}
	return false
}

// pageView is one page of the application.
type pageView struct {
	Draft    apply.Draft
	Name     string
	Title    string
	Page     form.Page
	Steps    []ui.Step
	Back     *ui.Anchor
	Problems ui.Problems
	Banner   *ui.BannerArgs
	Files    map[string][]ui.File
	Place    uploadweb.Place // of Papers: where the boxes send to
	Return   string          // where the page leads on to: review, or the next page
	Term     string          // of the review: when the result is promised
	Kept     string          // how long the draft is kept
	Delivery deliveryView
	Groups   []reviewGroup
	Errors   []ui.Problem // of the review, each with the page that mends it
	Dropped  string       // of the review: which answers will not be sent
	Number   int
	Count    int
	Case     string
}

type deliveryView struct {
	Name, Phone, Email, Address, Copies ui.Field
	Method                              ui.Field
	Whose                               ui.Field // for oneself or by a mandate; without options where there is none
	AllowCopies                         bool
}

type reviewGroup struct{ ui.SummaryArgs }

func (h *handlers) page(w http.ResponseWriter, r *http.Request) error {
	o, err := h.open(r)
	if err != nil {
		return err
	}
	d, pkg, page := o.Draft, o.Pkg, r.PathValue("page")
	if page == "done" || d.Submitted() {
		return h.donePage(w, r, d, pkg)
	}
	if o.Move != nil {
		return web.Redirect(w, r, path(d.Key, "moved"))
	}
	return h.show(w, r, http.StatusOK, d, pkg, page, nil, nil)
}

// show draws a page of a draft; refused is what was wrong with what was sent.
func (h *handlers) show(w http.ResponseWriter, r *http.Request, status int, d apply.Draft, pkg *service.Package, page string, refused error, banner *ui.BannerArgs) error {
	ctx := r.Context()
	pages := h.pages(pkg, d)
	at := slices.IndexFunc(pages, func(p form.PageInfo) bool { return p.ID == page })
	if at < 0 {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	v := pageView{
		Draft: d, Name: say(ctx, pkg.Name()), Title: h.title(ctx, pages[at]), Problems: ui.ProblemsOf(ctx, refused), Banner: banner,
		Number: at + 1, Count: len(pages), Case: say(ctx, pkg.CaseName(d.Case)),
		Return: backTo(r), Kept: kept(ctx, d),
	}
	reached := true // what papers are needed is not known before the questions are answered
	for i, p := range pages {
		s := ui.Step{Label: h.title(ctx, p), State: ui.StepTodo}
		done := h.done(pkg, d, p) && (reached || p.Kind != form.Papers)
		switch {
		case i == at:
			s.State = ui.StepCurrent
		case done:
			s.State, s.Href = ui.StepDone, path(d.Key, p.ID)
		}
		reached = reached && done
		v.Steps = append(v.Steps, s)
	}
	v.Back = &ui.Anchor{Label: i18n.T(ctx, "applyweb.back"), Href: "/apply/" + pkg.ID}
	if at > 0 {
		v.Back.Href = path(d.Key, pages[at-1].ID)
	}
	switch {
	case page == pageDelivery:
		var err error
		if v.Delivery, err = h.delivery(ctx, d, pkg, v.Problems); err != nil {
			return err
		}
		return web.Render(w, r, status, deliveryPage(v))
	case pages[at].Kind == form.Review:
		if err := h.review(ctx, &v, d, pkg); err != nil {
			return err
		}
		return web.Render(w, r, status, reviewPage(v))
	}
	var found []errs.Field
	if e, ok := errs.As(refused); ok {
		found = e.Fields
	}
	p, ok := pkg.Form.Render(page, d.Answers, found, h.apply.Env(d))
	if !ok {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	v.Page = p
	if p.Kind == form.Papers {
		var err error
		if v.Place, v.Files, err = h.boxes(r, d, pkg); err != nil {
			return err
		}
		return web.Render(w, r, status, papersPage(v))
	}
	return web.Render(w, r, status, questionsPage(v))
}

func (h *handlers) title(ctx context.Context, p form.PageInfo) string {
	switch {
	case p.ID == pageDelivery:
		return i18n.T(ctx, "applyweb.delivery.title")
	case p.Title.IsZero() && p.Kind == form.Review:
		return i18n.T(ctx, "applyweb.review.title")
	}
	return say(ctx, p.Title)
}

// save takes a page: keeps what was typed, right or wrong, and goes on where it is right.
func (h *handlers) save(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, err := web.Form(r)
	if err != nil {
		return err
	}
	o, err := h.open(r)
	if err != nil {
		return err
	}
	d, pkg, page := o.Draft, o.Pkg, r.PathValue("page")
	if d.Submitted() {
		return web.Redirect(w, r, path(d.Key, "done"))
	}
	pages := h.pages(pkg, d)
	at := slices.IndexFunc(pages, func(p form.PageInfo) bool { return p.ID == page })
	switch {
	case o.Move != nil:
		return h.saveBeforeMove(w, r, o, pages, at, sent)
	case at < 0:
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	var refused error
	stay := false
	switch {
	case pages[at].Kind == form.Review:
		return h.submit(w, r, d, pkg, sent)
	case page == pageDelivery:
		refused = h.saveDelivery(ctx, &d, sent)
	case pages[at].Kind == form.Papers:
		stay, refused = h.savePapers(r, &d, pkg.Form.Papers(d.Answers, h.apply.Env(d)), sent)
	default:
		d.Answers = pkg.Form.ParsePage(page, sent, d.Answers, h.apply.Env(d))
		if sent.Has(form.RefreshName) {
			return h.redraw(w, r, d, pkg, page)
		}
		stay, refused = h.savePapers(r, &d, pkg.Form.Files(page, d.Answers, h.apply.Env(d)), sent)
		stay = stay || form.Stays(sent)
	}
	if err := h.apply.Save(ctx, d); err != nil {
		if errs.Is(err, errs.Conflict) {
			return h.show(w, r, http.StatusConflict, d, pkg, page, err, &ui.BannerArgs{Text: web.ProblemOf(ctx, err).Detail, Tone: ui.ToneStopped, Alert: true})
		}
		return err
	}
	d.Version++
	if sent.Get("later") != "" {
		return web.Redirect(w, r, path(d.Key, page))
	}
	var news *ui.BannerArgs
	if refused == nil && !stay && page != pageDelivery {
		refused, news = h.checkPage(ctx, d, pkg, page, sent)
	}
	switch {
	case refused != nil:
		return h.show(w, r, web.ProblemOf(ctx, refused).Status, d, pkg, page, refused, news)
	case news != nil:
		return h.show(w, r, http.StatusOK, d, pkg, page, nil, news)
	case stay:
		return web.Redirect(w, r, path(d.Key, page)+formweb.Anchor(sent, d.Answers))
	}
	// Answers decide which pages follow.
	next := h.pages(pkg, d)
	at = slices.IndexFunc(next, func(p form.PageInfo) bool { return p.ID == page })
	if sent.Get("back") == "review" || at+1 >= len(next) {
		return web.Redirect(w, r, path(d.Key, "review"))
	}
	return web.Redirect(w, r, path(d.Key, next[at+1].ID))
}

func (h *handlers) saveDelivery(ctx context.Context, d *apply.Draft, sent url.Values) error {
	f := &d.Filing
	f.Applicant = dossier.Party{Name: sent.Get("applicant.name"), Phone: sent.Get("applicant.phone"), Email: sent.Get("applicant.email")}
	if err := h.whose(ctx, d, sent.Get("whose")); err != nil {
		return err
	}
	f.Delivery = dossier.Delivery{Method: sent.Get("delivery.method"), Address: sent.Get("delivery.address")}
	if f.Delivery.Method != "post" {
		f.Delivery.Address = ""
	}
	f.Copies, _ = strconv.Atoi(strings.TrimSpace(sent.Get("copies")))
	return h.apply.CheckFiling(*d)
}
