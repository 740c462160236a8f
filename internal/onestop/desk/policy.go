package desk

import (
	_ "embed"

	"khue/internal/kernel/auth"
	"khue/internal/register/orgunit"
)

//go:embed policies.cedar
var policies string

// Policies says who may keep phrases and filters.
func Policies() auth.Source { return auth.Source{Module: "desk", Text: policies} }

// What is asked of the policies.
const (
	actUse        auth.Action = "desk.use"
	actKeepPhrase auth.Action = "desk.keepPhrase"
	actKeepFilter auth.Action = "desk.keepFilter"
)

// phrase is a phrase as policies see it: an officer's own, a unit's, or the city's.
func (s *Service) phrase(p Phrase) auth.Resource {
	if p.Unit == 0 {
		p.Unit = s.Units.Now().Government().ID
	}
	return kept("Phrase", p.ID.String(), p.Account, p.Unit)
}

func kept(kind, id string, owner int64, u orgunit.UnitID) auth.Resource {
	if owner != 0 {
		return auth.Resource{Type: kind, ID: id, Owners: []int64{owner}}
	}
	return auth.Resource{Type: kind, ID: id, Units: []string{"unit:" + u.String()}}
}
