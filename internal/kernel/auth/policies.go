package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"khue/internal/kernel/errs"
)

// Action names what somebody asks to do: "identity.propose", or a route, "GET /desk".
type Action string

// Resource is what an action is done to, as policies see it.
type Resource struct {
	Type string // "Unit", "Dossier"; as in "resource is Dossier"
	ID   string // for the log and for who asks why; never a personal number
	// Units are the scopes that answer for it. A post over one of them reaches it.
	Units  []string
	Owners []int64  // accounts that it belongs to, or that made it
	About  []int64  // accounts that it speaks of or is addressed to
	Roles  []string // roles that it waits for
	State  string   // "proposed"
	Facts  []string // further words that policies ask for
}

// Source is the text of one module's policies, in Cedar.
type Source struct{ Module, Text string }

// Acts says in which other roles the holder of a role may act. The register of units
// implements it.
type Acts func(role string) []string

// Policies is the one place where it is decided who may do what: every policy of the
// program, compiled. What no policy permits is refused, and a policy that forbids wins over
// all that permit. It is safe for concurrent use once the server stands.
type Policies struct {
	scopes   Scopes
	acts     Acts
	all      []*Rule
	byAction map[Action]*verdict
	always   []*Rule // forbid whatever the action
}

// verdict is all that is said of one action.
type verdict struct{ forbid, permit []*Rule }

// NewPolicies compiles the policies of the modules. It names every fault in them.
func NewPolicies(sc Scopes, acts Acts, sources ...Source) (*Policies, error) {
	p := &Policies{scopes: sc, acts: acts, byAction: map[Action]*verdict{}}
	if acts == nil {
		p.acts = func(string) []string { return nil }
	}
	var faults []error
	for _, s := range sources {
		faults = append(faults, p.add(s))
	}
	return p, errors.Join(faults...)
}

func (p *Policies) add(s Source) error {
	rules, err := parseRules(s)
	if err != nil {
		return err
	}
	for _, r := range rules {
		if slices.ContainsFunc(p.all, func(x *Rule) bool { return x.ID == r.ID }) {
			return fmt.Errorf("auth: %s: two policies are called %s", s.Module, r.ID)
		}
		p.all = append(p.all, r)
		if len(r.Actions) == 0 {
			p.always = append(p.always, r)
		}
		for _, a := range r.Actions {
			v := p.byAction[a]
			if v == nil {
				v = &verdict{}
				p.byAction[a] = v
			}
			if r.Forbids {
				v.forbid = append(v.forbid, r)
			} else {
				v.permit = append(v.permit, r)
			}
		}
	}
	return nil
}

// Guarded is a route with the policy that stands beside it.
type Guarded struct {
	Action Action // "GET /desk"
	Policy Policy
}

// AddRoutes makes the words beside routes policies of the set. The server calls it once,
// before it answers anybody.
func (p *Policies) AddRoutes(routes []Guarded) error {
	var words []Policy
	by := map[Policy][]Action{}
	for _, r := range routes {
		if by[r.Policy] == nil {
			words = append(words, r.Policy)
		}
		if !slices.Contains(by[r.Policy], r.Action) {
			by[r.Policy] = append(by[r.Policy], r.Action)
		}
	}
	for _, w := range words {
		text, err := w.cedar(by[w])
		if err != nil {
			return err
		}
		if err := p.add(Source{Module: "route", Text: text}); err != nil {
			return err
		}
	}
	return nil
}

// Decision is what the policies say of one request.
type Decision struct {
	Allowed bool
	Rule    *Rule  // that permitted or forbade; nil where none permits
	Key     string // of the sentence for who is refused
	Unknown bool   // no policy names the action
}

// Name is the policy that decided, for the log; "default" where none permits.
func (d Decision) Name() string {
	if d.Rule == nil {
		return "default"
	}
	return d.Rule.ID
}

// Decide asks the policies for a subject, which need not be the one that acts.
func (p *Policies) Decide(ctx context.Context, sub *Subject, a Action, r Resource) Decision {
	v := p.byAction[a]
	if v == nil {
		return Decision{Key: "auth.error.not_allowed", Unknown: true}
	}
	f := frame{p: p, ctx: ctx, sub: sub, res: &r}
	for _, list := range [...][]*Rule{p.always, v.forbid} {
		for _, x := range list {
			if x.fits(&f) {
				return Decision{Rule: x, Key: x.Says}
			}
		}
	}
	key := "auth.error.not_allowed"
	for _, x := range v.permit {
		if x.fits(&f) {
			return Decision{Allowed: true, Rule: x}
		}
		if x.Says != "" && key == "auth.error.not_allowed" {
			key = x.Says
		}
	}
	return Decision{Key: key}
}

// Permits reports whether a subject may do something.
func (p *Policies) Permits(ctx context.Context, sub Subject, a Action, r Resource) bool {
	return p.Decide(ctx, &sub, a, r).Allowed
}

// May reports whether who acts in ctx may do something.
func (p *Policies) May(ctx context.Context, a Action, r Resource) bool {
	return p.Can(ctx, a, r) == nil
}

// Can returns nil where who acts in ctx may do a to r. Otherwise the error is Unauthenticated
// for a visitor and Forbidden for everybody else, with a sentence for them, and its cause
// names the policy.
func (p *Policies) Can(ctx context.Context, a Action, r Resource) error {
	sub := pointer(ctx)
	d := p.Decide(ctx, sub, a, r)
	switch {
	case d.Allowed:
		return nil
	case d.Unknown:
		return errs.E(errs.Internal, "", errs.Cause(fmt.Errorf("auth: no policy names %s", a)))
	case !sub.SignedIn():
		return errs.E(errs.Unauthenticated, "auth.error.sign_in_first", errs.Cause(refusal{a, r, d}))
	}
	return errs.E(errs.Forbidden, d.Key, errs.Cause(refusal{a, r, d}))
}

// refusal says for the log which policy refused what.
type refusal struct {
	a Action
	r Resource
	d Decision
}

// RefusedBy names the action and the policy of a refusal, for the log; false for other errors.
func RefusedBy(err error) (a Action, policy string, ok bool) {
	var x refusal
	if !errors.As(err, &x) {
		return "", "", false
	}
	return x.a, x.d.Name(), true
}

func (x refusal) Error() string {
	what := ""
	if x.r.Type != "" {
		what = " " + x.r.Type + ":" + x.r.ID
	}
	return fmt.Sprintf("%s%s refused by policy %s", x.a, what, x.d.Name())
}

// Rules lists every policy: modules as they were handed in, the routes last.
func (p *Policies) Rules() []*Rule { return slices.Clone(p.all) }

// Traced is one policy that names an action, and whether it holds.
type Traced struct {
	*Rule
	Holds bool
}

// Explain asks every policy that names an action, and tells in which roles the subject holds
// posts over the resource.
func (p *Policies) Explain(ctx context.Context, sub Subject, a Action, r Resource) (d Decision, rules []Traced, here []string) {
	f := frame{p: p, ctx: ctx, sub: &sub, res: &r}
	if v := p.byAction[a]; v != nil {
		for _, x := range slices.Concat(p.always, v.forbid, v.permit) {
			rules = append(rules, Traced{x, x.fits(&f)})
		}
	}
	return p.Decide(ctx, &sub, a, r), rules, f.roles(rolesHere)
}

// For reports whether a policy that permits speaks of a role, or of no role at all; acting
// says in which roles its holder acts.
func (r *Rule) For(acting ...string) bool {
	return len(r.Roles) == 0 || slices.ContainsFunc(acting, func(x string) bool { return slices.Contains(r.Roles, x) })
}

// Outside reports whether a policy speaks of people without a post alone.
func (r *Rule) Outside() bool { return r.Who == "Citizen" || r.Who == "Visitor" || r.Who == "Program" }

// cedar writes the words beside routes as a policy of the set.
func (p Policy) cedar(actions []Action) (string, error) {
	var b strings.Builder
	who, when, vi, en := "principal", "", "", ""
	switch p {
	case Public:
		vi, en = "Trang và lệnh mở cho mọi người, kể cả chưa đăng nhập.", "Pages and commands that are open to everybody, signed in or not."
	case SignedIn:
		when = "principal.known"
		vi, en = "Trang và lệnh cần một tài khoản đã đăng nhập.", "Pages and commands that need an account."
	case Officer:
		who = "principal is Officer"
		vi, en = "Trang và lệnh của cán bộ, công chức.", "Pages and commands of officers."
	default:
		roles := p.Roles()
		if len(roles) == 0 {
			return "", fmt.Errorf("auth: %q is no policy of a route", string(p))
		}
		for i, r := range roles {
			if !roleName.MatchString(r) {
				return "", fmt.Errorf("auth: %q is not the name of a role", r)
			}
			roles[i] = `"` + r + `"`
		}
		when = "principal.known && principal.roles.containsAny([" + strings.Join(roles, ", ") + "])"
		vi, en = "Trang và lệnh của người giữ một trong các vai trò này, ở bất kỳ đơn vị nào.", "Pages and commands of those who hold one of these roles, in any unit."
	}
	fmt.Fprintf(&b, "@id(%q)\n@vi(%q)\n@en(%q)\npermit (\n  %s,\n  action in [", "route."+strings.ReplaceAll(p.String(), " ", "-"), vi, en, who)
	for i, a := range actions {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, "\n    Action::%q", a)
	}
	b.WriteString("\n  ],\n  resource\n)")
	if when != "" {
		fmt.Fprintf(&b, " when {\n  %s\n}", when)
	}
	b.WriteString(";\n")
	return b.String(), nil
}
