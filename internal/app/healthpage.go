package app

import (
	"context"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/web"
	"khue/internal/portal/health"
)

// checks are what must be right for the city to work: what /readyz asks.
func (p *Program) checks() []web.Check {
	out := []web.Check{{Name: "database", Do: func(ctx context.Context) error {
		return p.DB.View(ctx, func(_ context.Context, v *db.View) error {
			var one int
			return v.QueryRow("SELECT 1").Scan(&one)
		})
	}}}
	for _, m := range p.modules {
		for _, c := range m.Health {
			out = append(out, web.Check{Name: m.Name + "." + c.Name, Do: c.Do})
		}
	}
	return out
}

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
