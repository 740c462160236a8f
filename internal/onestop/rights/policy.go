package rights

import (
	"context"
	_ "embed"

	"khue/internal/kernel/auth"
)

//go:embed policies.cedar
var policies string

// Policies says who reads terms and agrees to erasures.
func Policies() auth.Source { return auth.Source{Module: "rights", Text: policies} }

// What is asked of the policies.
const (
	actReadTerms auth.Action = "rights.readTerms"
	actAgree     auth.Action = "rights.agree"
	actHold      auth.Action = "rights.hold"
)

// CanReadTerms reports whether who acts may read the terms and the lists: nil, or why not.
func (s *Service) CanReadTerms(ctx context.Context) error {
	return s.Policies.Can(ctx, actReadTerms, s.city(0))
}

// city is the city as policies see it; first is who agreed already, 0 while nobody did.
func (s *Service) city(first int64) auth.Resource {
	g := s.Units.Now().Government().ID.String()
	r := auth.Resource{Type: "City", ID: g, Units: []string{"unit:" + g}}
	if first != 0 {
		r.Owners = []int64{first}
	}
	return r
}
