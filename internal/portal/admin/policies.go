package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/orgunit"
)

const policiesPath = "/admin/policies"

// policyReaders may read who may do what: auditors, and those who design and lead.
func policyReaders() auth.Policy { return auth.AnyRole("auditor", "designer", "leader") }

type policiesView struct {
	Search, Role, Area ui.Field
	Found              string
	Groups             []policyGroup
}

type policyGroup struct {
	Title string
	Table ui.TableArgs
}

// ruleView is one policy as its row shows it.
type ruleView struct {
	Says, Law, Cedar string
}

// policies lists who may do what: every policy of the program, by the area that it is about.
func (h handlers) policies(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	asked := strings.TrimSpace(q.Get("q"))
	v := policiesView{
		Search: ui.Field{Name: "q", Label: say(ctx, "policies.search"), Hint: say(ctx, "policies.searchHint"), Value: asked, Type: "search", Optional: true},
		Role:   ui.Field{Name: "role", Label: say(ctx, "policies.role"), Value: q.Get("role"), Options: []ui.Option{{Label: say(ctx, "policies.anyRole")}}},
		Area:   ui.Field{Name: "area", Label: say(ctx, "policies.area"), Value: q.Get("area"), Options: []ui.Option{{Label: say(ctx, "policies.anyArea")}}},
	}
	for _, info := range orgunit.Roles() {
		v.Role.Options = append(v.Role.Options, ui.Option{Value: string(info.Role), Label: roleName(ctx, info.Role)})
	}
	var areas []string
	by := map[string][]*auth.Rule{}
	n := 0
	for _, x := range h.Policies.Rules() {
		if !slices.Contains(areas, x.Module) {
			areas = append(areas, x.Module)
			v.Area.Options = append(v.Area.Options, ui.Option{Value: x.Module, Label: say(ctx, "policies.of."+x.Module)})
		}
		if role := q.Get("role"); role != "" && (x.Outside() || !x.For(append(orgunit.ActsAs(role), role)...)) {
			continue
		}
		if area := q.Get("area"); area != "" && area != x.Module || !speaksOf(ctx, x, asked) {
			continue
		}
		by[x.Module] = append(by[x.Module], x)
		n++
	}
	v.Found = say(ctx, "policies.found", "n", n)
	for _, a := range areas {
		if len(by[a]) > 0 {
			v.Groups = append(v.Groups, policyGroup{say(ctx, "policies.of."+a), policyTable(ctx, say(ctx, "policies.of."+a), by[a])})
		}
	}
	return web.Render(w, r, http.StatusOK, policiesPage(v))
}

func policyTable(ctx context.Context, caption string, rules []*auth.Rule) ui.TableArgs {
	t := ui.TableArgs{Caption: caption, CaptionQuiet: true, Head: []ui.Column{
		{Label: say(ctx, "policies.says"), Lead: true}, {Label: say(ctx, "policies.effect"), Tight: true}, {Label: say(ctx, "policies.who")}, {Label: say(ctx, "policies.actions")},
	}}
	for _, x := range rules {
		tag := ui.Tagged(say(ctx, "policies.permit"), ui.ToneDone)
		if x.Forbids {
			tag = ui.Tagged(say(ctx, "policies.forbid"), ui.ToneStopped)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			ui.C(ruleText(ruleView{Says: sentence(ctx, x), Law: x.Law, Cedar: x.Text})), tag, ui.T(who(ctx, x)), ui.C(actionLines(actions(x))),
		}})
	}
	return t
}

func sentence(ctx context.Context, x *auth.Rule) string {
	if i18n.LangOf(ctx) == i18n.EN {
		return x.EN
	}
	return x.VI
}

// who names the posts that a policy names, or else the kind of people.
func who(ctx context.Context, x *auth.Rule) string {
	if len(x.Roles) == 0 {
		kind := x.Who
		if kind == "" {
			kind = "Anybody"
		}
		return say(ctx, "policies.kind."+kind)
	}
	out := make([]string, len(x.Roles))
	for i, r := range x.Roles {
		out[i] = roleName(ctx, orgunit.Role(r))
	}
	return strings.Join(out, ", ")
}

func actions(x *auth.Rule) []string {
	out := make([]string, len(x.Actions))
	for i, a := range x.Actions {
		out[i] = string(a)
	}
	slices.Sort(out)
	return out
}

// speaksOf finds words in what a policy says, with or without accents, in either language.
func speaksOf(ctx context.Context, x *auth.Rule, words string) bool {
	if words == "" {
		return true
	}
	text := i18n.Fold(strings.Join(append(actions(x), x.ID, x.VI, x.EN, x.Law, x.Text, who(ctx, x)), " "))
	return !slices.ContainsFunc(strings.Fields(i18n.Fold(words)), func(w string) bool { return !strings.Contains(text, w) })
}
