package app

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/register/orgunit"
)

type policyCmd struct {
	List    policyListCmd    `cmd:"" help:"Every policy of the program, routes too: what it says, for whom, in plain words."`
	Explain policyExplainCmd `cmd:"" help:"Whether somebody may do something now, and which policy says so."`
}

type policyListCmd struct {
	Role   string `help:"Only what the holder of a role may do, or may not." placeholder:"ROLE"`
	Action string `help:"Only what speaks of an action or route, or of those that begin so: dossier.act, 'GET /desk'." placeholder:"ACTION"`
	Cedar  bool   `help:"The policies themselves."`
	JSON   bool   `help:"One JSON object a policy."`
}

// ruleJSON is one policy for programs.
type ruleJSON struct {
	ID      string        `json:"id"`
	Module  string        `json:"module"`
	Effect  string        `json:"effect"`
	Says    string        `json:"says"`
	Law     string        `json:"law,omitempty"`
	Roles   []string      `json:"roles,omitempty"`
	Actions []auth.Action `json:"actions,omitempty"`
	Cedar   string        `json:"cedar"`
}

// Run lists the policies. They are the same for every city, so that it needs none.
func (l *policyListCmd) Run(c *command) error {
	folder, err := os.MkdirTemp("", "khue-policy-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	p, err := New(c.ctx, Config{Data: folder, Log: c.log, MigrateAtStart: true})
	if err != nil {
		return err
	}
	defer p.Close()
	if _, known := orgunit.RoleOf(orgunit.Role(l.Role)); l.Role != "" && !known {
		return fmt.Errorf("%w: no post has the role %s; khue policy list names them in the policies", errUsage, l.Role)
	}
	for _, r := range ruled(p.Policies.Rules(), l.Role, l.Action) {
		switch {
		case l.JSON:
			if err := c.json(ruleJSON{r.ID, r.Module, effect(r), sayRule(c.lang, r), r.Law, r.Roles, r.Actions, r.Text}); err != nil {
				return err
			}
		case l.Cedar:
			fmt.Fprintf(c.out, "// %s: %s\n%s\n\n", r.ID, sayRule(c.lang, r), r.Text)
		default:
			fmt.Fprintf(c.out, "%s %s\n  %s\n", effect(r), r.ID, sayRule(c.lang, r))
			if len(r.Roles) > 0 {
				fmt.Fprintf(c.out, "  roles: %s\n", strings.Join(r.Roles, ", "))
			}
			fmt.Fprintf(c.out, "  of: %s\n", actionList(r))
			if r.Law != "" {
				fmt.Fprintf(c.out, "  law: %s\n", r.Law)
			}
		}
	}
	return nil
}

// ruled are the policies that a role meets and that speak of an action; "" leaves either open.
func ruled(rules []*auth.Rule, role, action string) (out []*auth.Rule) {
	for _, r := range rules {
		if role != "" && !r.For(append(orgunit.ActsAs(role), role)...) || role != "" && r.Outside() {
			continue
		}
		if action == "" || len(r.Actions) == 0 || slices.ContainsFunc(r.Actions, func(a auth.Action) bool { return strings.HasPrefix(string(a), action) }) {
			out = append(out, r)
		}
	}
	return out
}

func effect(r *auth.Rule) string {
	if r.Forbids {
		return "forbid"
	}
	return "permit"
}

func sayRule(l i18n.Lang, r *auth.Rule) string {
	if l == i18n.EN {
		return r.EN
	}
	return r.VI
}

func actionList(r *auth.Rule) string {
	if len(r.Actions) == 0 {
		return "*"
	}
	out := make([]string, len(r.Actions))
	for i, a := range r.Actions {
		out[i] = string(a)
	}
	return strings.Join(out, ", ")
}

type policyExplainCmd struct {
	storageFlags
	Login    string `arg:"" help:"Who: a login, or - for a visitor."`
	Action   string `arg:"" help:"What: dossier.act, or a route as khue policy list names it."`
	Resource string `arg:"" optional:"" help:"To what: dossier:CODE, task:ID, order:ID, unit:CODE or unit:ID, change:ID of a proposal about officers. A route needs none."`
	JSON     bool   `help:"One JSON object."`
}

// Run asks the policies as the program would, and changes nothing.
func (e *policyExplainCmd) Run(c *command) error {
	cfg, err := e.existing(c)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	ctx := c.ctx
	if e.Login != "-" {
		if ctx, err = p.actingAs(ctx, e.Login); err != nil {
			return err
		}
	}
	r, err := p.resource(ctx, e.Resource)
	if err != nil {
		return err
	}
	sub := auth.From(ctx)
	d, rules, here := p.Policies.Explain(ctx, sub, auth.Action(e.Action), r)
	if d.Unknown {
		return fmt.Errorf("%w: no policy names the action %s; khue policy list names them", errUsage, e.Action)
	}
	answer := "refused"
	if d.Allowed {
		answer = "permitted"
	}
	if e.JSON {
		out := struct {
			Allowed bool     `json:"allowed"`
			Policy  string   `json:"policy"`
			Here    []string `json:"rolesHere"`
		}{d.Allowed, d.Name(), here}
		return c.json(out)
	}
	fmt.Fprintf(c.out, "%s by policy %s\n", answer, d.Name())
	if d.Rule != nil {
		fmt.Fprintf(c.out, "  %s\n", sayRule(c.lang, d.Rule))
	} else {
		fmt.Fprintln(c.out, "  no policy that permits it holds")
	}
	for _, g := range sub.Grants {
		fmt.Fprintf(c.out, "post: %s over %s%s\n", g.Role, p.scopeName(g.Scope), standing(g))
	}
	if len(here) > 0 {
		fmt.Fprintf(c.out, "over this: %s\n", strings.Join(here, ", "))
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, x := range rules {
		holds := "does not hold"
		if x.Holds {
			holds = "holds"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", effect(x.Rule), x.ID, holds)
	}
	return w.Flush()
}

func standing(g auth.Grant) string {
	if g.For == "" {
		return ""
	}
	return ", in the place of " + g.For
}

func (p *Program) scopeName(scope string) string {
	if v, ok := unitOf(scope); ok {
		if u, ok := p.Units.Now().Get(v); ok {
			return u.Name
		}
	}
	return scope
}

// resource finds what policies are asked about.
func (p *Program) resource(ctx context.Context, text string) (auth.Resource, error) {
	if text == "" {
		return auth.Resource{}, nil
	}
	kind, name, ok := strings.Cut(text, ":")
	switch {
	case !ok:
	case kind == "dossier" || kind == "task" || kind == "order":
		return p.Dossiers.ResourceOf(ctx, kind, name)
	case kind == "change":
		return p.Officers.ResourceOf(ctx, name)
	case kind == "unit":
		v, known := unitOf(text)
		if u, err := p.Units.Now().ByCode(name); err == nil {
			v, known = u.ID, true
			if a, ok := p.Units.Now().AgencyOf(u.ID); ok {
				v = a.ID
			}
		}
		if _, lives := p.Units.Now().Get(v); !known || !lives {
			return auth.Resource{}, errs.E(errs.NotFound, "orgunit.unit.unknown", errs.P("id", name))
		}
		return auth.Resource{Type: "Unit", ID: v.String(), Units: []string{"unit:" + v.String()}}, nil
	}
	return auth.Resource{}, fmt.Errorf("%w: name what it is about as dossier:CODE, task:ID, order:ID, unit:CODE or change:ID", errUsage)
}
