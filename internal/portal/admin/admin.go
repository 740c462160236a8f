package admin

import (
	"context"
	"embed"
	"net/http"
	"path"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/service"
	"khue/internal/register/identity"
	"khue/internal/register/identity/identityweb"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "admin").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Deps is what the pages read.
type Deps struct {
	Services *service.Registry
	Officers *identity.Service
	Fonts    pdf.Fonts
	// World is what the scenarios are played in that fill specimens.
	World    service.World
	Clock    clock.Clock
	Policies *auth.Policies
	// May reports whether the reader may open a page; one that is not built nobody may.
	May func(ctx context.Context, href string) bool
}

type handlers struct{ Deps }

// Routes is the front door of the administration.
func Routes(d Deps) web.Module {
	h := handlers{d}
	managers := identityweb.Managers()
	return web.Module{Name: "admin", Routes: []web.Route{
		{Method: http.MethodGet, Path: "/admin", Policy: auth.Officer, Do: h.home},
		{Method: http.MethodGet, Path: "/admin/roles", Policy: auth.Officer, Do: h.roles},
		{Method: http.MethodGet, Path: policiesPath, Policy: policyReaders(), Do: h.policies},
		{Method: http.MethodGet, Path: "/admin/fees", Policy: auth.Officer, Do: h.fees},
		{Method: http.MethodGet, Path: "/admin/templates", Policy: managers, Do: h.templates},
		{Method: http.MethodGet, Path: "/admin/templates/{service}/{version}/{paper}", Policy: managers, Do: h.specimen},
		{Method: http.MethodGet, Path: "/admin/imports", Policy: managers, Do: h.imports},
	}}
}

func say(ctx context.Context, key string, kv ...any) string { return i18n.T(ctx, "admin."+key, kv...) }

func in(ctx context.Context, l decl.Label) string { return l.In(i18n.LangOf(ctx)) }

func (h handlers) on() []*service.Package { return h.Services.On(clock.DateOf(h.Clock.Now())) }

type homeView struct {
	Groups []group
}

type group struct {
	Title string
	Cards []ui.CardArgs
}

// home shows what the reader may open, with how much waits there.
func (h handlers) home(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	waits := 0
	if h.May(ctx, "/admin/proposals") {
		list, err := h.Officers.Waiting(ctx)
		if err != nil {
			return err
		}
		for _, c := range list {
			if h.Officers.MayDecide(ctx, c) {
				waits++
			}
		}
	}
	var v homeView
	for _, g := range []struct {
		key   string
		pages []string
	}{
		{"people", []string{"units", "officers", "proposals", "roles", "policies"}},
		{"work", []string{"services", "fees", "calendar", "templates", "notices"}},
		{"guard", []string{"people/duplicates", "looks", "retention"}},
		{"reach", []string{"clients", "kiosks"}},
		{"change", []string{"imports", "reorganise"}},
	} {
		out := group{Title: say(ctx, "group."+g.key)}
		for _, p := range g.pages {
			if !h.May(ctx, "/admin/"+p) {
				continue
			}
			words := path.Base(p)
			c := ui.CardArgs{Title: say(ctx, words+".title"), Text: say(ctx, words+".text"), Href: "/admin/" + p, Level: 3}
			if p == "proposals" && waits > 0 {
				c.Tag, c.Tone = say(ctx, "waits", "n", waits), ui.ToneWaiting
			}
			out.Cards = append(out.Cards, c)
		}
		if len(out.Cards) > 0 {
			v.Groups = append(v.Groups, out)
		}
	}
	return web.Render(w, r, http.StatusOK, homePage(v))
}

// roles says who may do what: each role with the steps of services that it acts at.
func (h handlers) roles(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	steps := map[string][]string{}
	for _, pkg := range h.on() {
		byRole := map[string][]string{}
		for _, s := range pkg.Process.Steps() {
			if len(s.Actions) > 0 && s.Role != "applicant" {
				byRole[s.Role] = append(byRole[s.Role], in(ctx, s.Label))
			}
		}
		for role, list := range byRole {
			steps[role] = append(steps[role], in(ctx, pkg.Name())+": "+strings.Join(list, ", "))
		}
	}
	t := ui.TableArgs{Caption: say(ctx, "roles.title"), CaptionQuiet: true, First: true, Head: []ui.Column{
		{Label: say(ctx, "roles.role")}, {Label: say(ctx, "roles.acts")}, {Label: say(ctx, "roles.admin")}, {Label: say(ctx, "roles.steps")},
	}}
	for _, info := range orgunit.Roles() {
		var acts []string
		for _, a := range info.Acts {
			acts = append(acts, roleName(ctx, a))
		}
		var at ui.Cell
		if list := steps[string(info.Role)]; len(list) > 0 {
			at = ui.C(lines(list))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: roleName(ctx, info.Role)}, ui.T(strings.Join(acts, ", ")), ui.T(h.rights(ctx, info.Role)), at,
		}})
	}
	return web.Render(w, r, http.StatusOK, tablePage("roles", t))
}

// rights is what a role may do in the administration.
func (h handlers) rights(ctx context.Context, r orgunit.Role) string {
	var out []string
	add := func(key string) { out = append(out, say(ctx, "right."+key)) }
	proposes := false
	for _, p := range identity.Proposers() {
		proposes = proposes || r.Acts(p)
	}
	if proposes {
		add("propose")
	}
	if r.Acts(orgunit.RoleLeader) {
		add("approve")
	}
	if r.Acts(orgunit.RoleHead) || r.Acts(orgunit.RoleLeader) {
		add("assign")
	}
	if r == "auditor" {
		add("read")
	}
	if r == "designer" {
		add("design")
	}
	if r == "steward" {
		add("merge")
	}
	if r == "provisioner" {
		add("provision")
	}
	return strings.Join(out, "; ")
}

func roleName(ctx context.Context, r orgunit.Role) string { return r.In(i18n.LangOf(ctx)) }

// fees lists the fee of each service in force with its source and its state.
func (h handlers) fees(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	t := ui.TableArgs{Caption: say(ctx, "fees.title"), CaptionQuiet: true, First: true, Head: []ui.Column{
		{Label: say(ctx, "fees.service")}, {Label: say(ctx, "fees.state")}, {Label: say(ctx, "fees.amount"), Numeric: true}, {Label: say(ctx, "fees.source")}, {Label: say(ctx, "fees.where")},
	}}
	for _, pkg := range h.on() {
		f := pkg.Fee
		state, tone := "unknown", ui.ToneLate
		switch {
		case f.Free():
			state, tone = "free", ui.ToneDone
		case f.Rule != "":
			state, tone = "rule", ui.ToneActive
		case f.Kind == "council":
			state, tone = "council", ui.ToneWaiting
		case f.Amount > 0:
			state, tone = "amount", ui.ToneActive
		}
		amount, where := "–", ui.T(say(ctx, "fees.package"))
		if f.Amount > 0 {
			amount = i18n.Money(i18n.LangOf(ctx), f.Amount)
		}
		if h.May(ctx, "/admin/services") {
			where = ui.L(say(ctx, "fees.package"), "/admin/services")
		}
		if f.Rule != "" {
			where.Note = f.Rule
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: in(ctx, pkg.Name()), Note: pkg.Procedure}, ui.Tagged(say(ctx, "fees.is."+state), tone), ui.T(amount), ui.T(f.Source), where,
		}})
	}
	return web.Render(w, r, http.StatusOK, tablePage("fees", t))
}

func (h handlers) imports(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, importsPage())
}
