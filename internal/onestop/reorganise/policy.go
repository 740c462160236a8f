package reorganise

import (
	_ "embed"

	"khue/internal/kernel/auth"
)

//go:embed policies.cedar
var policies string

// Policies says who may reorganise.
func Policies() auth.Source { return auth.Source{Module: "reorganise", Text: policies} }

// What is asked of the policies.
const (
	actRead    auth.Action = "reorganise.read"
	actPropose auth.Action = "reorganise.propose"
	actDecide  auth.Action = "reorganise.decide"
	actPlace   auth.Action = "reorganise.place"
)

// city is the whole city as policies see it.
func (s *Service) city() auth.Resource {
	u := s.Units.Now().Government().ID
	return auth.Resource{Type: "Unit", ID: u.String(), Units: []string{scope(u)}}
}

// resourceOf is an act as policies see it: its owner proposed it.
func (s *Service) resourceOf(a Act) auth.Resource {
	r := s.city()
	r.Type, r.ID, r.State, r.Owners = "Act", a.ID.String(), string(a.Status), []int64{a.Proposer}
	return r
}
