package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"khue/internal/app/pagecheck"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/web"
	"khue/internal/onestop/service"
	"khue/internal/onestop/service/previewweb"
	assets "khue/web"
)

type servicePreviewCmd struct {
	Dir      string `arg:"" help:"Folder of the service." type:"existingdir"`
	Listen   string `help:"Loopback address to listen on." default:"127.0.0.1:8089"`
	Check    bool   `help:"Open each page in Chromium at 360 and 1280 px, in both languages and themes, run axe, and stop; exit 1 where something is found."`
	JSON     bool   `help:"With --check: one JSON object."`
	Chromium string `help:"The browser; empty: chromium where it is installed." env:"KHUE_CHROMIUM" placeholder:"FILE"`
	Axe      string `help:"Another axe-core than the one in this program." type:"existingfile" placeholder:"FILE"`
}

// nobody is who reads a preview: it knows no accounts.
type nobody struct{}

// Resolve refuses every token.
func (nobody) Resolve(context.Context, string) (auth.Subject, error) {
	return auth.Subject{}, errs.E(errs.Unauthenticated, "web.error.internal")
}

// Run serves the pages of one package on this machine alone, and shows each change.
func (s *servicePreviewCmd) Run(c *command) error {
	if s.Check {
		s.Listen = "127.0.0.1:0"
	}
	if host, _, err := net.SplitHostPort(s.Listen); err != nil || host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return errs.E(errs.Invalid, "app.service.loopback", errs.P("listen", s.Listen))
	}
	b, err := embeddedSentences()
	if err != nil {
		return err
	}
	w, err := playWorld()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(c.ctx)
	defer stop()
	pv := previewweb.New(previewweb.Deps{
		Dir: typed(s.Dir), World: w, Working: service.Working{}, Bundle: b, Clock: clock.System(), Fonts: fonts(), Watched: !s.Check, Stop: ctx.Done(),
		Load: func() (*service.Package, decl.Problems) { return service.Load(os.DirFS(s.Dir), ".") },
	})
	server, err := web.New(web.Config{Listen: s.Listen, Drain: time.Second}, web.Deps{
		Bundle: b, Auth: nobody{}, Clock: clock.System(), Log: c.log, Shell: pv.Shell,
	}, pv.Routes())
	if err != nil {
		return err
	}
	if s.Check {
		return s.check(ctx, stop, c, b, pv, server)
	}
	go func() {
		_ = watch(ctx, s.Dir, func(context.Context) error { pv.Reload(); return nil })
	}()
	return server.Run(ctx, func(a net.Addr) {
		fmt.Fprintln(c.out, b.T(c.lang, "app.service.serving", "dir", typed(s.Dir), "url", "http://"+a.String()))
	})
}

// examined is what --check --json prints.
type examined struct {
	OK       bool                `json:"ok"`
	Pages    []string            `json:"pages"`
	Looks    []string            `json:"looks"` // empty: there was no browser
	Findings []pagecheck.Finding `json:"findings"`
	Problems []toldProblem       `json:"problems"`
}

// check serves the pages to a browser of its own and tells what it finds.
func (s *servicePreviewCmd) check(ctx context.Context, stop func(), c *command, b *i18n.Bundle, pv *previewweb.Preview, server *web.Server) error {
	at, done := make(chan net.Addr, 1), make(chan error, 1)
	go func() { done <- server.Run(ctx, func(a net.Addr) { at <- a }) }()
	var site string
	select {
	case a := <-at:
		site = "http://" + a.String()
	case err := <-done:
		return err
	}
	problems := pv.Problems()
	out := examined{Pages: pv.Paths(), Looks: []string{}, Findings: []pagecheck.Finding{}, Problems: tell(c.lang, b, typed(s.Dir), problems)}
	err := s.examine(ctx, c, b, site, &out)
	stop()
	if stopped := <-done; err == nil {
		err = stopped
	}
	if err != nil {
		return err
	}
	out.OK = len(out.Findings) == 0 && !problems.Failed()
	if s.JSON {
		err = c.json(out)
	} else {
		s.print(c, b, out)
	}
	if err == nil && !out.OK {
		err = errs.E(errs.Invalid, "app.service.checkFailed", errs.P("n", len(out.Findings)+len(out.Problems)))
	}
	return err
}

// examine asks for every page, with a browser where there is one.
func (s *servicePreviewCmd) examine(ctx context.Context, c *command, b *i18n.Bundle, site string, out *examined) error {
	for _, path := range out.Pages {
		if err := answers(ctx, site+path); err != nil {
			out.Findings = append(out.Findings, pagecheck.Finding{Page: path, Rule: "answers", Impact: "critical", Help: err.Error()})
		}
	}
	axe, err := assets.Axe()
	if s.Axe != "" {
		axe, err = os.ReadFile(s.Axe)
	}
	if err != nil {
		return errs.E(errs.NotFound, "app.service.noAxe", errs.Cause(err))
	}
	browser, err := pagecheck.Open(ctx, s.Chromium, axe)
	if errors.Is(err, pagecheck.ErrNoBrowser) && s.Chromium == "" {
		fmt.Fprintln(c.err, b.T(c.lang, "app.service.noBrowser"))
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = browser.Close() }()
	for _, look := range pagecheck.Looks() {
		found, err := browser.Examine(site, look, out.Pages)
		if err != nil {
			return err
		}
		out.Looks, out.Findings = append(out.Looks, look.String()), append(out.Findings, found...)
	}
	return nil
}

// answers reports a page that is not given.
func answers(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, res.Body)
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

func (s *servicePreviewCmd) print(c *command, b *i18n.Bundle, e examined) {
	for _, p := range e.Problems {
		fmt.Fprintln(c.out, p)
	}
	for _, f := range e.Findings {
		fmt.Fprintf(c.out, "%s (%s): %s: %s\n    %s\n    %s\n", f.Page, f.Look, f.Rule, f.Help, f.Element, strings.Join(strings.Fields(f.HTML), " "))
	}
	fmt.Fprintln(c.out, b.T(c.lang, "app.service.checked", "pages", len(e.Pages), "looks", len(e.Looks), "found", len(e.Findings), "problems", len(e.Problems)))
}
