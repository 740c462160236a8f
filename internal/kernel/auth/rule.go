package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// Rule is one policy, as an auditor reads it and as it runs.
type Rule struct {
	ID, Module string
	VI, EN     string // what it says and why, in plain words
	Law        string // "Luật 63/2025/QH15, Điều 9"; "" where none is known
	Says       string // key of the sentence for whom it refuses, or for whom it does not permit
	Forbids    bool
	Who        string   // kind of principal: "Officer"; "" is anybody
	Actions    []Action // none: every action
	Roles      []string // that it names; none: it does not look at roles, or at those of the task
	Text       string   // in Cedar
	source     *cedar.Policy
	tests      []condition
}

// frame is one request while policies look at it. What a post reaches is found once, and only
// where a policy asks.
type frame struct {
	p     *Policies
	ctx   context.Context //nolint:containedctx // lives for one decision
	sub   *Subject
	res   *Resource
	found [roleSets][]string
	asked [roleSets]bool
}

// The sets of roles that policies ask for as context.at, context.here …
const (
	rolesAt       = iota // at: held in exactly a unit of the resource
	rolesHere            // here: held in a unit of the resource or above one
	rolesAbove           // above: held above a unit of the resource
	rolesOwn             // own: here, and not as somebody's deputy
	rolesAnywhere        // anywhere: held in any unit
	roleSets
)

// roles are the roles that the subject acts in over the resource.
func (f *frame) roles(which int) []string {
	if f.asked[which] {
		return f.found[which]
	}
	f.asked[which] = true
	if !f.sub.SignedIn() {
		return nil
	}
	for _, g := range f.sub.Grants {
		if which == rolesOwn && g.For != "" || which != rolesAnywhere && !slices.ContainsFunc(f.res.Units, func(u string) bool { return f.reaches(which, g.Scope, u) }) {
			continue
		}
		f.found[which] = append(append(f.found[which], g.Role), f.p.acts(g.Role)...)
	}
	return f.found[which]
}

func (f *frame) reaches(which int, scope, unit string) bool {
	switch {
	case scope == unit:
		return which != rolesAbove
	case which == rolesAt:
		return false
	}
	return scope == Everywhere || f.p.scopes != nil && f.p.scopes.Covers(f.ctx, scope, unit)
}

// condition is a compiled part of a policy that is true or false.
type condition func(*frame) bool

func (r *Rule) fits(f *frame) bool {
	for _, t := range r.tests {
		if !t(f) {
			return false
		}
	}
	return true
}

func parseRules(s Source) ([]*Rule, error) {
	list, err := cedar.NewPolicyListFromBytes(s.Module+"/policies.cedar", []byte(s.Text))
	if err != nil {
		return nil, fmt.Errorf("auth: %s: %w", s.Module, err)
	}
	var out []*Rule
	var faults []error
	for _, p := range list {
		r, err := newRule(s, p)
		if err != nil {
			faults = append(faults, fmt.Errorf("auth: %s/policies.cedar:%d: %w", s.Module, p.Position().Line, err))
			continue
		}
		out = append(out, r)
	}
	return out, errors.Join(faults...)
}

func newRule(s Source, p *cedar.Policy) (*Rule, error) {
	notes := p.Annotations()
	r := &Rule{
		ID: string(notes["id"]), Module: s.Module, VI: string(notes["vi"]), EN: string(notes["en"]), Law: string(notes["law"]), Says: string(notes["says"]),
		Forbids: p.Effect() == cedar.Forbid, source: p, Text: bare(s.Text, p.Position().Offset),
	}
	for k := range notes {
		if !slices.Contains([]string{"id", "vi", "en", "law", "says"}, string(k)) {
			return nil, fmt.Errorf("@%s says nothing to anybody", k)
		}
	}
	if r.ID == "" || r.VI == "" || r.EN == "" {
		return nil, errors.New("a policy has @id, @vi and @en")
	}
	if r.Forbids && r.Says == "" {
		return nil, fmt.Errorf("%s forbids without a sentence in @says", r.ID)
	}
	c := compiler{rule: r}
	tree := (*ast.Policy)(p.AST())
	if err := c.scope(tree); err != nil {
		return nil, fmt.Errorf("%s: %w", r.ID, err)
	}
	if len(r.Actions) == 0 && !r.Forbids {
		return nil, fmt.Errorf("%s permits every action: name them", r.ID)
	}
	for _, x := range tree.Conditions {
		t, err := c.boolean(x.Body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.ID, err)
		}
		if x.Condition == ast.ConditionUnless {
			t = not(t)
		}
		r.tests = append(r.tests, t)
	}
	slices.Sort(r.Roles)
	r.Roles = slices.Compact(r.Roles)
	return r, nil
}

// bare cuts one policy out of the text of its module, without its annotations.
func bare(text string, at int) string {
	text = text[at:]
	begin := 0
	for _, word := range []string{"permit", "forbid"} {
		for _, sep := range []string{" (", "("} {
			if i := strings.Index(text, "\n"+word+sep); i >= 0 && (begin == 0 || i < begin) {
				begin = i + 1
			}
		}
	}
	text = text[begin:]
	if end := strings.Index(text, ";\n"); end >= 0 {
		text = text[:end+1]
	}
	return strings.TrimSpace(text)
}

func not(t condition) condition { return func(f *frame) bool { return !t(f) } }

// typeOf is the type of a principal in policies.
func typeOf(s *Subject) types.EntityType {
	switch {
	case s.Kind == KindSystem: // the program itself has no account
		return "Program"
	case !s.SignedIn():
		return "Visitor"
	case s.Kind == KindOfficer:
		return "Officer"
	}
	return "Citizen"
}

// clientOf says whether a program speaks for the account, let in by its owner, and for what.
func clientOf(s *Subject) (speaks bool, scopes []string) { return s.Client != 0, s.Allowed }
