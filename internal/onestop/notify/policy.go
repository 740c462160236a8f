package notify

import (
	"context"
	_ "embed"

	"khue/internal/kernel/auth"
	"khue/internal/register/orgunit"
)

//go:embed policies.cedar
var policies string

// Policies says who may look at what was sent, and send again.
func Policies() auth.Source { return auth.Source{Module: "notify", Text: policies} }

// What is asked of the policies.
const (
	actRead   auth.Action = "notify.read"
	actResend auth.Action = "notify.resend"
)

// of is a message of a unit, or of its heir, as policies see it; 0 is the city's.
func (s *Service) of(u orgunit.UnitID) auth.Resource {
	if u == 0 {
		u = s.Units.Now().Government().ID
	} else if _, ok := s.Units.Now().Get(u); !ok {
		heirs, _ := s.Units.Successors(u, s.Units.Today())
		if v, ok := orgunit.Main(heirs); ok {
			u = v
		}
	}
	return auth.Resource{Type: "Message", Units: []string{"unit:" + u.String()}}
}

// read are the units whose messages who acts may read, those whose heirs they are too; nil: all
// of the city. Forbidden where there is none.
func (s *Service) read(ctx context.Context) ([]orgunit.UnitID, error) {
	all := s.Policies.Can(ctx, actRead, s.of(0))
	if all == nil {
		return nil, nil
	}
	var out []orgunit.UnitID
	for _, u := range s.Units.Now().Select(func(u orgunit.Unit) bool { return u.Class != orgunit.Territory }) {
		if s.Policies.May(ctx, actRead, s.of(u.ID)) {
			out = append(out, u.ID)
		}
	}
	if len(out) == 0 {
		return nil, all
	}
	today := s.Units.Today()
	for _, u := range out {
		for _, p := range s.Units.Predecessors(u, today) {
			out = append(out, p.Unit)
		}
	}
	return out, nil
}
