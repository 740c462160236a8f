package app

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/register/orgunit"
)

// navEntry is one entry of the menu of officers. It is shown to those whom the policy of
// its page admits; an entry whose page is not built is not shown at all.
type navEntry struct {
	key, href string
	// daily are the roles whose daily work it is: theirs stands in the bar, the rest under "more".
	daily []orgunit.Role
	// only are the roles that the page serves, where its policy does not say so.
	only []orgunit.Role
	// also are further folders of the same page.
	also []string
}

// everyone marks what stands in the bar of all.
var everyone = []orgunit.Role{"*"}

// deskNav is the menu of the desk, in the order of the bar.
func deskNav() []navEntry {
	clerks := []orgunit.Role{orgunit.RoleClerk}
	return []navEntry{
		{key: "today", href: "/desk", daily: everyone, also: []string{"/desk/mine", "/desk/tasks", "/desk/dossiers"}},
		{key: "queue", href: "/desk/queue", daily: everyone},
		{key: "counter", href: "/desk/counter", daily: clerks, only: clerks},
		{key: "identity", href: "/desk/identity", only: clerks},
		{key: "mandates", href: "/desk/mandates", only: clerks},
		{key: "return", href: "/desk/return", daily: clerks, only: clerks},
		{key: "parcels", href: "/desk/parcels", only: clerks},
		{key: "payments", href: "/desk/payments", only: []orgunit.Role{orgunit.RoleClerk, "financeOfficer", orgunit.RoleHead, orgunit.RoleLeader}, also: []string{"/desk/suspense", "/desk/cash", "/desk/reconcile"}},
		{key: "originals", href: "/desk/originals"},
		{key: "leader", href: "/desk/leader", daily: []orgunit.Role{orgunit.RoleLeader}, only: []orgunit.Role{orgunit.RoleLeader}},
		{key: "toSign", href: "/desk/to-sign", daily: []orgunit.Role{orgunit.RoleLeader}, only: []orgunit.Role{orgunit.RoleHead, "deputyHead", orgunit.RoleLeader}},
		{key: "orders", href: "/desk/orders"},
		{key: "balance", href: "/desk/balance", daily: []orgunit.Role{orgunit.RoleHead}, only: []orgunit.Role{orgunit.RoleHead, orgunit.RoleLeader}},
		{key: "splits", href: "/desk/splits"},
		{key: "dates", href: "/desk/dates", only: []orgunit.Role{orgunit.RoleClerk, orgunit.RoleHead, orgunit.RoleLeader}},
		{key: "book", href: "/desk/book"},
		{key: "results", href: "/desk/results"},
		{key: "numbers", href: "/desk/numbers"},
		{key: "registers", href: "/desk/registers", also: []string{"/desk/records"}},
		{key: "report", href: "/desk/report", daily: []orgunit.Role{orgunit.RoleHead, orgunit.RoleLeader, "auditor"}},
		{key: "phrases", href: "/desk/phrases"},
		{key: "requests", href: "/desk/requests", only: []orgunit.Role{orgunit.RoleHead, "deputyHead", orgunit.RoleLeader}},
		{key: "looks", href: "/desk/looks", only: []orgunit.Role{orgunit.RoleHead, "deputyHead", orgunit.RoleLeader}},
		{key: "leave", href: "/desk/leave"},
		{key: "recovery", href: "/desk/recovery", only: clerks},
		{key: "sessions", href: "/desk/sessions"},
		{key: "inbox", href: "/inbox", daily: everyone},
		{key: "admin", href: "/admin", daily: []orgunit.Role{"designer", "steward"}, also: []string{"/admin/calendar"}},
	}
}

// adminNav is the menu of the administration.
func adminNav() []navEntry {
	return []navEntry{
		{key: "home", href: "/admin", daily: everyone},
		{key: "units", href: "/admin/units", daily: everyone},
		{key: "officers", href: "/admin/officers", daily: everyone},
		{key: "proposals", href: "/admin/proposals", daily: everyone},
		{key: "people", href: "/admin/people/duplicates", daily: []orgunit.Role{"steward"}},
		{key: "calendar", href: "/admin/calendar", daily: everyone},
		{key: "services", href: "/admin/services", daily: everyone},
		{key: "fees", href: "/admin/fees"},
		{key: "roles", href: "/admin/roles"},
		{key: "policies", href: "/admin/policies"},
		{key: "clients", href: "/admin/clients"},
		{key: "certificates", href: "/admin/certificates"},
		{key: "templates", href: "/admin/templates"},
		{key: "notices", href: "/admin/notices"},
		{key: "imports", href: "/admin/imports"},
		{key: "reorganise", href: "/admin/reorganise"},
		{key: "looks", href: "/admin/looks"},
		{key: "retention", href: "/admin/retention"},
		{key: "health", href: "/admin/health", daily: []orgunit.Role{"steward"}},
		{key: "kiosks", href: "/admin/kiosks"},
	}
}

// built are the pages that can be asked for, by path.
func (p *Program) built() map[string]auth.Action {
	out := map[string]auth.Action{}
	for _, r := range p.Server.Routes() {
		if r.Method == http.MethodGet {
			out[r.Path] = r.Action()
		}
	}
	return out
}

// mayOpen reports whether the reader may open a page; one that is not built nobody may.
func (p *Program) mayOpen(ctx context.Context, href string) bool {
	action, built := p.pages[href]
	return built && p.Policies.May(ctx, action, auth.Resource{}) && p.ofTheCity(ctx, href)
}

// ofTheCity reports whether a page opens for the reader's unit, where a role alone does not
// say so: some pages are the city's, and a ward has leaders too.
func (p *Program) ofTheCity(ctx context.Context, href string) bool {
	switch href {
	case "/admin/retention":
		return p.Rights.CanReadTerms(ctx) == nil
	case "/admin/reorganise":
		return p.Reorganise.CanRead(ctx) == nil
	default:
		return true
	}
}

// menu draws the entries that a reader may open: their daily work, and the rest. The page
// that they are on is marked, and stands in the bar whosever work it is.
func (p *Program) menu(ctx context.Context, sub auth.Subject, path, prefix string, entries []navEntry) (bar, more []ui.NavItem) {
	here := currentOf(path, entries)
	for i, e := range entries {
		action, built := p.pages[e.href]
		if !built || !p.Policies.Permits(ctx, sub, action, auth.Resource{}) || len(e.only) > 0 && !holds(sub, e.only) || !p.ofTheCity(ctx, e.href) {
			continue
		}
		item := ui.NavItem{Label: i18n.T(ctx, prefix+e.key), Href: e.href, Current: i == here}
		if item.Current || holds(sub, e.daily) {
			bar = append(bar, item)
		} else {
			more = append(more, item)
		}
	}
	return bar, more
}

// holds reports whether a post of the reader acts in one of the roles.
func holds(sub auth.Subject, roles []orgunit.Role) bool {
	return slices.ContainsFunc(roles, func(want orgunit.Role) bool {
		return want == everyone[0] || slices.ContainsFunc(sub.Grants, func(g auth.Grant) bool { return orgunit.Role(g.Role).Acts(want) })
	})
}

// currentOf is the entry whose folder a path lies in: of several the longest; -1 for none.
func currentOf(path string, entries []navEntry) int {
	best, size := -1, 0
	for i, e := range entries {
		for _, folder := range append([]string{e.href}, e.also...) {
			if (path == folder || strings.HasPrefix(path, folder+"/") && folder != "/desk" && folder != "/admin") && len(folder) > size {
				best, size = i, len(folder)
			}
		}
	}
	return best
}
