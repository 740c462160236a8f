package identity

import (
	"context"
	_ "embed"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/register/orgunit"
)

//go:embed policies.cedar
var policies string

// Policies says who may do what with the register.
func Policies() auth.Source { return auth.Source{Module: "identity", Text: policies} }

// What is asked of the policies.
const (
	actSee        auth.Action = "identity.see"
	actBrowse     auth.Action = "identity.browse"
	actPropose    auth.Action = "identity.propose"
	actAsk        auth.Action = "identity.ask"
	actSend       auth.Action = "identity.send"
	actDecide     auth.Action = "identity.decide"
	actDecideLead auth.Action = "identity.decideLead"
	actWithdraw   auth.Action = "identity.withdraw"
	actLeave      auth.Action = "identity.leave"
	actProvision  auth.Action = "identity.provision"
	actDuties     auth.Action = "identity.duties"
)

// unit is a unit as policies see it; 0 is the city.
func (s *Service) unit(u orgunit.UnitID) auth.Resource {
	city := s.Units.Now().Government().ID
	r := auth.Resource{Type: "Unit", ID: u.String(), Units: []string{scope(u)}}
	if u == 0 {
		r.ID, r.Units[0] = city.String(), scope(city)
	}
	if u == 0 || u == city {
		r.Facts = []string{"government"}
	}
	return r
}

// resourceOf is a change as policies see it: its owner asked for it, and it is about those
// whose posts it changes.
func (s *Service) resourceOf(c Change) auth.Resource {
	r := s.unit(c.Unit)
	r.Type, r.ID, r.State, r.Owners = "Change", c.ID.String(), string(c.Status), []int64{c.Proposer}
	for _, e := range c.Body.Entries {
		r.About = append(r.About, e.Account)
	}
	if e := c.Body.End; e != nil {
		r.About = append(r.About, e.Account)
	}
	if d := c.Body.Depart; d != nil {
		r.About = append(r.About, d.Account)
	}
	if x := c.Body.Reset; x != nil {
		r.About = append(r.About, x.Account)
	}
	return r
}

// account is somebody with posts as policies see them.
func (s *Service) account(account int64, posts []Post, more ...orgunit.UnitID) auth.Resource {
	r := auth.Resource{Type: "Account", Owners: []int64{account}}
	for _, p := range posts {
		r.Units = append(r.Units, scope(p.Unit))
	}
	for _, u := range more {
		r.Units = append(r.Units, scope(u))
	}
	return r
}

// leaves are the units whose officer a change takes from them, or shuts out for a while: each
// is asked.
func (c Change) leaves() (out []orgunit.UnitID) {
	if e := c.Body.End; e != nil {
		out = append(out, e.Unit)
	}
	if d := c.Body.Depart; d != nil {
		out = append(out, d.Units...)
	}
	if r := c.Body.Reset; r != nil {
		out = append(out, r.Units...)
	}
	return out
}

// ResourceOf finds a change by its id, as policies see it. It is for who asks why somebody may
// do something, and looks at nobody's rights. NotFound.
func (s *Service) ResourceOf(ctx context.Context, name string) (auth.Resource, error) {
	v, err := id.Parse[Change](name)
	if err != nil {
		return auth.Resource{}, errs.E(errs.NotFound, "identity.change.none", errs.Cause(err))
	}
	c, err := s.find(ctx, v)
	return s.resourceOf(c), err
}
