package holiday

import (
	_ "embed"

	"khue/internal/kernel/auth"
	"khue/internal/register/orgunit"
)

//go:embed policies.cedar
var policies string

// Policies says who may change calendars.
func Policies() auth.Source { return auth.Source{Module: "holiday", Text: policies} }

// What is asked of the policies.
const (
	actPropose auth.Action = "holiday.propose"
	actDecide  auth.Action = "holiday.decide"
)

// unit is a unit as policies see it; 0 is the city.
func (s *Service) unit(u orgunit.UnitID) auth.Resource {
	if u == 0 {
		u = s.Units.Now().Government().ID
	}
	return auth.Resource{Type: "Unit", ID: u.String(), Units: []string{"unit:" + u.String()}}
}

// resourceOf is a change as policies see it: its owner asked for it.
func (s *Service) resourceOf(c Change) auth.Resource {
	r := s.unit(c.Unit)
	r.Type, r.ID, r.State, r.Owners = "CalendarChange", c.ID.String(), string(c.Status), []int64{c.Proposer}
	return r
}
