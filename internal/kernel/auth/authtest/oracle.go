// Package authtest asks Cedar's own evaluator what the policies say, beside the compiled form
// that the program runs.
package authtest

import (
	"context"
	"slices"
	"strconv"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"khue/internal/kernel/auth"
)

// Oracle holds the policies as Cedar holds them.
type Oracle struct {
	set    *cedar.PolicySet
	scopes auth.Scopes
	acts   auth.Acts
}

// New reads the policies of modules.
func New(sc auth.Scopes, acts auth.Acts, sources ...auth.Source) (*Oracle, error) {
	o := &Oracle{set: cedar.NewPolicySet(), scopes: sc, acts: acts}
	for _, s := range sources {
		list, err := cedar.NewPolicyListFromBytes(s.Module, []byte(s.Text))
		if err != nil {
			return nil, err
		}
		for i, p := range list {
			o.set.Add(cedar.PolicyID(s.Module+strconv.Itoa(i)), p)
		}
	}
	return o, nil
}

// Permits asks Cedar. An error of a policy is returned: none of ours may have one.
func (o *Oracle) Permits(ctx context.Context, s auth.Subject, a auth.Action, r auth.Resource) (bool, []string) {
	kind := types.EntityType("Citizen")
	known := s.SignedIn()
	switch {
	case s.Kind == auth.KindSystem:
		kind = "Program"
	case !known:
		kind = "Visitor"
	case s.Kind == auth.KindOfficer:
		kind = "Officer"
	}
	uid := func(account int64) types.Value {
		return types.NewEntityUID(kind, types.String(strconv.FormatInt(account, 10)))
	}
	me := types.NewEntityUID(kind, types.String(strconv.FormatInt(s.Account, 10)))
	it := types.NewEntityUID(types.EntityType(r.Type), types.String(r.ID))
	if r.Type == "" {
		it.Type = "Nothing"
	}
	var named []string
	for _, g := range s.Grants {
		named = append(named, g.Role)
	}
	entities := types.EntityMap{
		me: {UID: me, Attributes: types.NewRecord(types.RecordMap{
			"known": types.Boolean(known), "delegated": types.Boolean(s.Client != 0), "level": types.String(s.Level.String()),
			"roles": words(named), "factors": words(s.Methods), "scopes": words(s.Allowed),
		})},
		it: {UID: it, Attributes: types.NewRecord(types.RecordMap{
			"state": types.String(r.State), "facts": words(r.Facts), "roles": words(r.Roles), "owners": people(r.Owners, known, uid), "about": people(r.About, known, uid),
		})},
	}
	reach := func(fits func(g auth.Grant, unit string) bool) types.Value {
		var out []string
		for _, g := range s.Grants {
			if known && slices.ContainsFunc(r.Units, func(u string) bool { return fits(g, u) }) {
				out = append(append(out, g.Role), o.acts(g.Role)...)
			}
		}
		return words(out)
	}
	here := func(g auth.Grant, u string) bool {
		return g.Scope == u || g.Scope == auth.Everywhere || o.scopes.Covers(ctx, g.Scope, u)
	}
	var anywhere []string
	for _, g := range s.Grants {
		if known {
			anywhere = append(append(anywhere, g.Role), o.acts(g.Role)...)
		}
	}
	ok, diag := cedar.Authorize(o.set, entities, cedar.Request{
		Principal: me, Action: types.NewEntityUID("Action", types.String(a)), Resource: it,
		Context: types.NewRecord(types.RecordMap{
			"at":       reach(func(g auth.Grant, u string) bool { return g.Scope == u }),
			"here":     reach(here),
			"above":    reach(func(g auth.Grant, u string) bool { return g.Scope != u && here(g, u) }),
			"own":      reach(func(g auth.Grant, u string) bool { return g.For == "" && here(g, u) }),
			"anywhere": words(anywhere),
		}),
	})
	var faults []string
	for _, e := range diag.Errors {
		faults = append(faults, e.Message)
	}
	return bool(ok), faults
}

func words(list []string) types.Value {
	out := make([]types.Value, len(list))
	for i, w := range list {
		out[i] = types.String(w)
	}
	return types.NewSet(out...)
}

func people(list []int64, known bool, uid func(int64) types.Value) types.Value {
	var out []types.Value
	for _, a := range list {
		if known {
			out = append(out, uid(a))
		}
	}
	return types.NewSet(out...)
}
