package app

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier/dossierweb"
	"khue/internal/portal/demo"
	"khue/internal/register/orgunit"
)

// Messages are the sentences of the roof (keys under "app").
//
//go:embed i18n/*.yaml
var Messages embed.FS

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

func (p *Program) today() clock.Date { return clock.DateOf(p.Clock.Now()) }

func (p *Program) about() web.About {
	return web.About{Title: "Khuê", Version: Version, Description: "The digital government of a city. Lists answer {items, next}; commands take Idempotency-Key; errors are problem+json."}
}

// shell adds to every page what its reader may open.
func (p *Program) shell(ctx context.Context, r *http.Request, s ui.Shell) ui.Shell {
	sub := auth.From(ctx)
	s.Footer = []ui.FooterLink{
		{Label: i18n.T(ctx, "app.footer.units"), Href: "/units"},
		{Label: i18n.T(ctx, "app.footer.verify"), Href: "/verify"},
		{Label: i18n.T(ctx, "app.footer.receipt"), Href: "/verify/receipt"},
		{Label: i18n.T(ctx, "app.footer.api"), Href: "/api"},
	}
	if !p.Config.Opened.IsZero() {
		s.Demo, s.DemoHref = i18n.T(ctx, "app.demo", "at", p.Clock.Now()), demo.Path
	} else if p.Config.Training {
		s.Demo, s.DemoTag = i18n.T(ctx, "app.training"), i18n.T(ctx, "app.trainingTag")
	}
	path := r.URL.Path
	admin := path == "/admin" || strings.HasPrefix(path, "/admin/")
	switch {
	case admin || path == "/desk" || strings.HasPrefix(path, "/desk/") || sub.Kind == auth.KindOfficer && path == "/inbox":
		s.Density, s.ServiceName, s.Home = ui.DensityCompact, i18n.T(ctx, "app.desk"), "/desk"
		s.Desk = sub.Kind == auth.KindOfficer
		entries, prefix := deskNav(), "app.nav."
		if admin {
			s.ServiceName, entries, prefix = i18n.T(ctx, "app.admin"), adminNav(), "app.adminNav."
		}
		s.Nav, s.NavMore = p.menu(ctx, sub, path, prefix, entries)
		p.countWork(ctx, s.Nav)
	default:
		item := func(key, href string) {
			current := path == href || href != "/" && strings.HasPrefix(path, href+"/")
			s.Nav = append(s.Nav, ui.NavItem{Label: i18n.T(ctx, key), Href: href, Current: current})
		}
		item("app.nav.procedures", "/procedures")
		item("app.nav.track", "/track")
		if sub.Kind == auth.KindCitizen || sub.Kind != auth.KindOfficer && web.Browser(r) != "" {
			item("app.nav.drafts", "/apply")
		}
		if sub.Kind == auth.KindCitizen {
			item("app.nav.dossiers", "/dossiers")
			item("app.nav.inbox", "/inbox")
		}
		if sub.Kind == auth.KindOfficer {
			item("app.nav.desk", "/desk")
		}
	}
	p.countInbox(ctx, s.Nav, s.NavMore)
	if s.User != nil {
		s.User.Unit = p.postLine(ctx, sub)
		if sub.Kind == auth.KindCitizen {
			for _, own := range [...]string{"identity", "data", "looks"} {
				s.User.Links = append(s.User.Links, ui.Anchor{Label: i18n.T(ctx, "app.mine."+own), Href: "/account/" + own})
			}
		}
	}
	return s
}

// countWork shows how much is open for the reader and in their unit.
func (p *Program) countWork(ctx context.Context, bar []ui.NavItem) {
	if !slices.ContainsFunc(bar, func(n ui.NavItem) bool { return n.Href == "/desk" }) {
		return
	}
	counts, err := dossierweb.MenuCounts(ctx, p.Dossiers)
	if err != nil {
		return // a page without its counts is better than none
	}
	for i := range bar {
		if c, ok := counts[bar[i].Href]; ok {
			bar[i].Live = &c
		}
	}
}

// countInbox shows how many notices the reader has not read.
func (p *Program) countInbox(ctx context.Context, bars ...[]ui.NavItem) {
	for _, bar := range bars {
		for i := range bar {
			if bar[i].Href != "/inbox" {
				continue
			}
			n, err := p.Notices.Unread(ctx)
			if err != nil {
				continue // a page without its count is better than none
			}
			bar[i].Count = n
		}
	}
}

// postLine is an officer's first post in words.
func (p *Program) postLine(ctx context.Context, sub auth.Subject) string {
	if sub.Kind != auth.KindOfficer || len(sub.Grants) == 0 {
		return ""
	}
	g := sub.Grants[0]
	en := i18n.LangOf(ctx) == i18n.EN
	line := orgunit.Role(g.Role).In(i18n.LangOf(ctx))
	u, err := p.Units.At(p.today()).Resolve(strings.TrimPrefix(g.Scope, "unit:"))
	switch {
	case err != nil:
	case en:
		line += ", " + u.NameEN
	default:
		line += ", " + u.Name
	}
	return line
}
