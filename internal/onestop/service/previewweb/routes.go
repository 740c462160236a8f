package previewweb

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/form"
)

// Routes are the pages of the preview.
func (p *Preview) Routes() web.Module {
	get := func(path string, do web.HandlerFunc) web.Route {
		return web.Route{Method: http.MethodGet, Path: path, Policy: auth.Public, Do: do}
	}
	post := func(path string, do web.HandlerFunc) web.Route {
		return web.Route{Method: http.MethodPost, Path: path, Policy: auth.Public, Do: do, MaxBody: 64 << 20}
	}
	return web.Module{Name: "preview", Routes: []web.Route{
		get("/{$}", p.overview), get("/start", p.with(p.start)), post("/start", p.with(p.begin)), post("/sample", p.with(p.pick)),
		get("/form/{page}", p.with(p.page)), post("/form/{page}", p.with(p.save)),
		get("/officer/{step}/{action}", p.with(p.officer)), post("/officer/{step}/{action}", p.with(p.officer)),
		get("/process", p.with(p.process)), get("/notices", p.with(p.notices)),
		get("/result/{kind}", p.with(p.result)), get("/result/{kind}/pdf", p.with(p.resultPDF)),
		get("/help", p.with(p.help)), get("/scenarios", p.with(p.scenarios)),
		get("/events", p.events), get("/preview.js", p.script),
	}}
}

type page func(http.ResponseWriter, *http.Request, shown) error

// with leads to the overview, and its problems, while nothing has loaded yet.
func (p *Preview) with(do page) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		s := p.state()
		if s.pkg == nil {
			return web.Redirect(w, r, "/")
		}
		return do(w, r, s)
	}
}

// Shell is the menu around every page.
func (p *Preview) Shell(ctx context.Context, r *http.Request, base ui.Shell) ui.Shell {
	base.SignIn, base.ServiceName, base.Home = "", i18n.T(ctx, "preview.title"), "/"
	s := p.state()
	if s.pkg == nil {
		return base
	}
	results := s.results()
	for _, it := range []struct{ key, href, under string }{
		{"overview", "/", "/"}, {"form", "/start", "/form/"}, {"officers", first(s.officerForms()), "/officer/"}, {"process", "/process", "/process"},
		{"notices", "/notices", "/notices"}, {"result", "/result/" + firstOf(results), "/result/"}, {"help", "/help", "/help"}, {"scenarios", "/scenarios", "/scenarios"},
	} {
		if it.href == "" || it.key == "result" && len(results) == 0 {
			continue
		}
		current := r.URL.Path == it.href || it.under != "/" && strings.HasPrefix(r.URL.Path, it.under)
		base.Nav = append(base.Nav, ui.NavItem{Label: i18n.T(ctx, "preview.nav."+it.key), Href: it.href, Current: current})
	}
	return base
}

func first(os []officerForm) string {
	if len(os) == 0 {
		return ""
	}
	return os[0].path()
}

func firstOf(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

func (p *Preview) script(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(script) // the browser may be gone
	return nil
}

// events tells an open page the version that it should show, and each later one.
func (p *Preview) events(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	ear, stop := p.listen()
	defer stop()
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Time{}) // a stream has no end; where it cannot be lifted the browser comes again
	for version := p.state().version; ; {
		if _, err := fmt.Fprintf(w, "data: %s\n\n", version); err != nil {
			return nil //nolint:nilerr // the page was closed
		}
		if err := rc.Flush(); err != nil {
			return nil //nolint:nilerr // the page was closed
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-p.deps.Stop:
			return nil
		case version = <-ear:
		}
	}
}

func (p *Preview) overview(w http.ResponseWriter, r *http.Request) error {
	s := p.state()
	return web.Render(w, r, http.StatusOK, overviewPage(p.overviewView(r.Context(), s)))
}

func (p *Preview) start(w http.ResponseWriter, r *http.Request, s shown) error {
	return web.Render(w, r, http.StatusOK, startPage(p.frame(s), s.startView(r.Context())))
}

// begin chooses the case and begins with an empty form, or with the scenario's answers.
func (p *Preview) begin(w http.ResponseWriter, r *http.Request, s shown) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	p.change(func(n *shown) {
		if c := f.Get("case"); slices.Contains(n.pkg.Cases, c) {
			n.env.Case = c
		}
		if f.Get("empty") != "" {
			n.answers, n.env.Files = form.Answers{}, nil
		}
	})
	next := p.state()
	return web.Redirect(w, r, "/form/"+next.pages()[0].ID)
}

// pick fills the pages with the answers of a scenario.
func (p *Preview) pick(w http.ResponseWriter, r *http.Request, s shown) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	for _, t := range s.traces {
		if t.Scenario.File == f.Get("scenario") {
			p.change(func(n *shown) { n.sample = t; n.take(t) })
		}
	}
	return web.Redirect(w, r, "/start")
}

func (p *Preview) page(w http.ResponseWriter, r *http.Request, s shown) error {
	return p.show(w, r, s, http.StatusOK, nil)
}

func (p *Preview) show(w http.ResponseWriter, r *http.Request, s shown, status int, refused error) error {
	ctx, id := r.Context(), r.PathValue("page")
	pages := s.pages()
	at := slices.IndexFunc(pages, func(pg form.PageInfo) bool { return pg.ID == id })
	if at < 0 {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	v := s.formView(ctx, pages, at, refused)
	if pages[at].Kind == form.Review {
		return web.Render(w, r, status, reviewPage(p.frame(s), v))
	}
	return web.Render(w, r, status, questionsPage(p.frame(s), v))
}

// save takes a page as the city would: what was typed stays, right or wrong.
func (p *Preview) save(w http.ResponseWriter, r *http.Request, s shown) error {
	id := r.PathValue("page")
	sent, err := web.Form(r)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(s.pages(), func(pg form.PageInfo) bool { return pg.ID == id })
	if at < 0 {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	kind := s.pages()[at].Kind
	if kind == form.Questions {
		answers := s.pkg.Form.ParsePage(id, sent, s.answers, s.env)
		p.change(func(n *shown) { n.answers = answers })
		s.answers = answers
		if form.Stays(sent) { // a button of the page itself: another row, questions drawn again
			return p.show(w, r, s, http.StatusOK, nil)
		}
		if err := s.pkg.Form.ValidatePage(id, answers, s.env).Err(); err != nil {
			return p.show(w, r, s, http.StatusUnprocessableEntity, err)
		}
	}
	pages := s.pages() // answers decide which pages follow
	at = slices.IndexFunc(pages, func(pg form.PageInfo) bool { return pg.ID == id })
	if kind == form.Review || at+1 >= len(pages) {
		return web.Redirect(w, r, "/process")
	}
	return web.Redirect(w, r, "/form/"+pages[at+1].ID)
}

// officer shows what is asked at an action; a POST checks it as the desk would.
func (p *Preview) officer(w http.ResponseWriter, r *http.Request, s shown) error {
	o := officerForm{r.PathValue("step"), r.PathValue("action")}
	f, ok := s.pkg.Form.Officer(o.Step, o.Action)
	if !ok {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	env := s.env
	env.Dossier = s.answers
	answers, status := s.sample.Officer, http.StatusOK
	var refused error
	taken := false
	if r.Method == http.MethodPost {
		sent, err := web.Form(r)
		if err != nil {
			return err
		}
		answers = f.ParsePage("action", sent, form.Answers{}, env)
		taken = !form.Stays(sent)
		if taken {
			refused = f.Validate(answers, env).Err()
		}
		if refused != nil {
			status = http.StatusUnprocessableEntity
		}
	}
	return web.Render(w, r, status, officerPage(p.frame(s), s.officerView(r.Context(), o, f, answers, env, refused, taken)))
}

func (p *Preview) process(w http.ResponseWriter, r *http.Request, s shown) error {
	return web.Render(w, r, http.StatusOK, processPage(p.frame(s), s.processView(r.Context())))
}

func (p *Preview) notices(w http.ResponseWriter, r *http.Request, s shown) error {
	return web.Render(w, r, http.StatusOK, noticesPage(p.frame(s), s.noticeViews(r.Context())))
}

func (p *Preview) result(w http.ResponseWriter, r *http.Request, s shown) error {
	l, ok := s.layout(r.PathValue("kind"), p.deps.Bundle)
	if !ok {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	return web.Render(w, r, http.StatusOK, resultPage(p.frame(s), r.PathValue("kind"), s.results(), paperParts(l)))
}

func (p *Preview) resultPDF(w http.ResponseWriter, r *http.Request, s shown) error {
	l, ok := s.layout(r.PathValue("kind"), p.deps.Bundle)
	if !ok {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	b, err := pdf.Render(l, pdf.Options{Fonts: p.deps.Fonts, Title: s.pkg.ID, Lang: "vi", Created: s.env.Now})
	if err != nil {
		return err
	}
	return web.Send(w, r, web.Download{Name: r.PathValue("kind") + ".pdf", Type: "application/pdf", Size: int64(len(b)), Inline: true, Body: bytes.NewReader(b)})
}

func (p *Preview) help(w http.ResponseWriter, r *http.Request, s shown) error {
	return web.Render(w, r, http.StatusOK, helpPage(p.frame(s), string(s.pkg.Help(i18n.LangOf(r.Context())))))
}

func (p *Preview) scenarios(w http.ResponseWriter, r *http.Request, s shown) error {
	return web.Render(w, r, http.StatusOK, scenariosPage(p.frame(s), s.traceViews(r.Context(), p.deps.Dir)))
}
