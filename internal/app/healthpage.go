package app

import (
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/portal/health"
)

// condition is what the page of operators reads.
func (p *Program) condition() *health.Service {
	var checks []health.Check
	for _, c := range p.checks() {
		checks = append(checks, health.Check{Name: c.Name, Do: c.Do})
	}
	return health.New(health.Deps{
		DB: p.DB, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Policies: p.Policies, Measures: p.Measures, Checks: checks,
		City: func() auth.Resource {
			g := p.Units.Now().Government().ID.String()
			return auth.Resource{Type: "City", ID: g, Units: []string{"unit:" + g}}
		},
		Disk:        func() (uint64, uint64, error) { return disk(p.Config.Data) },
		Certificate: func() (time.Time, bool) { return p.Server.CertificateEnds() }, Version: Version,
	})
}
