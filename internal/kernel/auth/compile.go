package auth

import (
	"fmt"
	"slices"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// compiler turns the part of Cedar that our policies use into functions over a frame. What it
// does not know it refuses when the program starts, so that no policy is read otherwise than
// it runs.
type compiler struct{ rule *Rule }

func (c *compiler) scope(p *ast.Policy) error {
	switch x := p.Principal.(type) {
	case ast.ScopeTypeAll:
	case ast.ScopeTypeIs:
		t, err := principalIs(x.Type)
		if err != nil {
			return err
		}
		c.rule.Who = string(x.Type)
		c.rule.tests = append(c.rule.tests, t)
	default:
		return fmt.Errorf("the principal is one of a kind or anybody, not %T", x)
	}
	switch x := p.Action.(type) {
	case ast.ScopeTypeAll:
	case ast.ScopeTypeEq:
		c.rule.Actions = []Action{Action(x.Entity.ID)}
	case ast.ScopeTypeInSet:
		for _, e := range x.Entities {
			c.rule.Actions = append(c.rule.Actions, Action(e.ID))
		}
	default:
		return fmt.Errorf("an action is named, or several in a list, not %T", x)
	}
	switch x := p.Resource.(type) {
	case ast.ScopeTypeAll:
	case ast.ScopeTypeIs:
		want := string(x.Type)
		c.rule.tests = append(c.rule.tests, func(f *frame) bool { return f.res.Type == want })
	default:
		return fmt.Errorf("the resource is of a type or any, not %T", x)
	}
	return nil
}

func principalIs(t types.EntityType) (condition, error) {
	if !slices.Contains([]types.EntityType{"Visitor", "Citizen", "Officer", "Program"}, t) {
		return nil, fmt.Errorf("a principal is a Visitor, Citizen, Officer or Program, not %s", t)
	}
	return func(f *frame) bool { return typeOf(f.sub) == t }, nil
}

func (c *compiler) boolean(n ast.IsNode) (condition, error) {
	switch n := n.(type) {
	case ast.NodeTypeAnd:
		return c.both(n.BinaryNode, func(a, b condition) condition { return func(f *frame) bool { return a(f) && b(f) } })
	case ast.NodeTypeOr:
		return c.both(n.BinaryNode, func(a, b condition) condition { return func(f *frame) bool { return a(f) || b(f) } })
	case ast.NodeTypeNot:
		t, err := c.boolean(n.Arg)
		return not(t), err
	case ast.NodeTypeEquals:
		return c.equal(n.BinaryNode)
	case ast.NodeTypeNotEquals:
		t, err := c.equal(n.BinaryNode)
		return not(t), err
	case ast.NodeTypeIs:
		if v, ok := n.Left.(ast.NodeTypeVariable); !ok || v.Name != "principal" {
			return nil, fmt.Errorf("only a principal is asked for its kind in a condition")
		}
		return principalIs(n.EntityType)
	case ast.NodeTypeContains:
		return c.contains(n.BinaryNode)
	case ast.NodeTypeContainsAny:
		a, err := c.set(n.Left)
		if err != nil {
			return nil, err
		}
		b, err := c.set(n.Right)
		c.note(n.Left, n.Right)
		return func(f *frame) bool {
			have := a(f)
			return len(have) > 0 && slices.ContainsFunc(b(f), func(x string) bool { return slices.Contains(have, x) })
		}, err
	case ast.NodeTypeIsEmpty:
		a, err := c.set(n.Arg)
		return func(f *frame) bool { return len(a(f)) == 0 }, err
	case ast.NodeTypeAccess:
		if v, ok := n.Arg.(ast.NodeTypeVariable); ok && v.Name == "principal" {
			switch n.Value {
			case "known":
				return func(f *frame) bool { return f.sub.SignedIn() }, nil
			case "delegated":
				return func(f *frame) bool { speaks, _ := clientOf(f.sub); return speaks }, nil
			}
		}
	}
	return nil, fmt.Errorf("no condition that is known here: %T %v", n, n)
}

func (c *compiler) both(n ast.BinaryNode, join func(a, b condition) condition) (condition, error) {
	a, err := c.boolean(n.Left)
	if err != nil {
		return nil, err
	}
	b, err := c.boolean(n.Right)
	return join(a, b), err
}

// equal compares two texts.
func (c *compiler) equal(n ast.BinaryNode) (condition, error) {
	a, err := c.text(n.Left)
	if err != nil {
		return nil, err
	}
	b, err := c.text(n.Right)
	return func(f *frame) bool { return a(f) == b(f) }, err
}

func (c *compiler) text(n ast.IsNode) (func(*frame) string, error) {
	switch n := n.(type) {
	case ast.NodeValue:
		if s, ok := n.Value.(types.String); ok {
			return func(*frame) string { return string(s) }, nil
		}
	case ast.NodeTypeAccess:
		switch path(n) {
		case "principal.level":
			return func(f *frame) string { return f.sub.Level.String() }, nil
		case "resource.state":
			return func(f *frame) string { return f.res.State }, nil
		}
	}
	return nil, fmt.Errorf("no text that is known here: %T %v", n, n)
}

// contains looks for a text in a set, or for the principal among the owners.
func (c *compiler) contains(n ast.BinaryNode) (condition, error) {
	if v, ok := n.Right.(ast.NodeTypeVariable); ok && v.Name == "principal" {
		x, _ := n.Left.(ast.NodeTypeAccess)
		switch path(x) {
		case "resource.owners":
			return func(f *frame) bool { return f.sub.SignedIn() && slices.Contains(f.res.Owners, f.sub.Account) }, nil
		case "resource.about":
			return func(f *frame) bool { return f.sub.SignedIn() && slices.Contains(f.res.About, f.sub.Account) }, nil
		}
		return nil, fmt.Errorf("a principal is looked for in resource.owners or resource.about")
	}
	set, err := c.set(n.Left)
	if err != nil {
		return nil, err
	}
	text, err := c.text(n.Right)
	c.note(n.Left, n.Right)
	return func(f *frame) bool { return slices.Contains(set(f), text(f)) }, err
}

func (c *compiler) set(n ast.IsNode) (func(*frame) []string, error) {
	switch n := n.(type) {
	case ast.NodeTypeSet:
		words, err := literals(n)
		return func(*frame) []string { return words }, err
	case ast.NodeTypeAccess:
		switch path(n) {
		case "context.at":
			return func(f *frame) []string { return f.roles(rolesAt) }, nil
		case "context.here":
			return func(f *frame) []string { return f.roles(rolesHere) }, nil
		case "context.above":
			return func(f *frame) []string { return f.roles(rolesAbove) }, nil
		case "context.own":
			return func(f *frame) []string { return f.roles(rolesOwn) }, nil
		case "context.anywhere":
			return func(f *frame) []string { return f.roles(rolesAnywhere) }, nil
		case "principal.roles":
			return rolesByName, nil
		case "principal.factors":
			return func(f *frame) []string { return f.sub.Methods }, nil
		case "principal.scopes":
			return func(f *frame) []string { _, s := clientOf(f.sub); return s }, nil
		case "resource.roles":
			return func(f *frame) []string { return f.res.Roles }, nil
		case "resource.facts":
			return func(f *frame) []string { return f.res.Facts }, nil
		}
	}
	return nil, fmt.Errorf("no set that is known here: %T %v", n, n)
}

// rolesByName are the roles, as routes ask for them: without those that their
// holder may act in besides.
func rolesByName(f *frame) []string {
	out := make([]string, len(f.sub.Grants))
	for i, g := range f.sub.Grants {
		out[i] = g.Role
	}
	return out
}

// note remembers the roles that a policy names.
func (c *compiler) note(set, words ast.IsNode) {
	x, ok := set.(ast.NodeTypeAccess)
	if !ok || !slices.Contains([]string{"context.at", "context.here", "context.above", "context.own", "context.anywhere", "principal.roles"}, path(x)) {
		return
	}
	switch w := words.(type) {
	case ast.NodeTypeSet:
		list, _ := literals(w)
		c.rule.Roles = append(c.rule.Roles, list...)
	case ast.NodeValue:
		if s, ok := w.Value.(types.String); ok {
			c.rule.Roles = append(c.rule.Roles, string(s))
		}
	}
}

func literals(n ast.NodeTypeSet) ([]string, error) {
	var out []string
	for _, e := range n.Elements {
		v, ok := e.(ast.NodeValue)
		if !ok {
			return nil, fmt.Errorf("a list holds texts, not %T", e)
		}
		s, ok := v.Value.(types.String)
		if !ok {
			return nil, fmt.Errorf("a list holds texts, not %v", v.Value)
		}
		out = append(out, string(s))
	}
	return out, nil
}

func path(n ast.NodeTypeAccess) string {
	if v, ok := n.Arg.(ast.NodeTypeVariable); ok {
		return string(v.Name) + "." + string(n.Value)
	}
	return ""
}
