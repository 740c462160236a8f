package app

import (
	"context"
	"io/fs"

	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/module"
	"khue/internal/kernel/web"
	"khue/internal/portal/admin"
	"khue/internal/portal/citizen"
	"khue/internal/portal/demo"
	"khue/internal/portal/health"
	"khue/internal/register/catalog"
)

func citizenRoom() room {
	return room{
		texts: []fs.FS{citizen.Messages},
		pages: func(p *Program) []web.Module { return []web.Module{citizen.Routes(p.Catalog, p.Services, p.Clock)} },
	}
}

func adminRoom() room {
	return room{
		texts: []fs.FS{admin.Messages},
		pages: func(p *Program) []web.Module {
			return []web.Module{admin.Routes(admin.Deps{Services: p.Services, Officers: p.Officers, Clock: p.Clock, Policies: p.Policies, May: p.mayOpen, Fonts: fonts(), World: p.Library.World})}
		},
	}
}

func healthRoom() room {
	return room{
		policies: health.Policies(),
		texts:    []fs.FS{health.Messages},
		pages:    func(p *Program) []web.Module { return []web.Module{health.Routes(p.condition())} },
	}
}

func demoRoom() room {
	return room{
		texts: []fs.FS{demo.Messages},
		pages: func(p *Program) []web.Module {
			if p.Config.Opened.IsZero() {
				return nil
			}
			return []web.Module{demo.Routes(p.reform(p.demoDoor()))}
		},
	}
}

// roofRoom is what the roof itself says and does.
func roofRoom() room {
	return room{
		texts: []fs.FS{Messages},
		module: func(p *Program) module.Module {
			// A version begins or ends with the day, and a support may begin to work at any hour.
			again := jobs.Handler{Kind: "app.offer", Do: func(ctx context.Context, _ jobs.Task) error { return p.offer(ctx) }}
			return module.Module{Name: "app", Start: p.offer, Jobs: []jobs.Handler{again}, Periodic: []jobs.Periodic{{Kind: again.Kind, Every: hour}}}
		},
	}
}

// offer tells the catalogue what is offered and at which computed level.
func (p *Program) offer(ctx context.Context) error {
	today := p.today()
	works := p.supports().City(ctx, today) // before the transaction: a support may look something up
	return p.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		offered := map[string]bool{}
		for _, pkg := range p.Services.On(today) {
			offered[pkg.Procedure] = true
			l := pkg.Level(works, today)
			words := l.Public(p.Bundle)
			if why := l.Reason(p.Bundle); l.Extent == "" && !why.IsZero() {
				words = why // the number stands beside it
			}
			why := catalog.Why{VI: words.VI, EN: words.EN}
			if err := p.Catalog.SetOffering(tx, catalog.Code(pkg.Procedure), "", catalog.Level(l.N), why); err != nil {
				return err
			}
		}
		for _, pkg := range p.Services.All() { // retired, or not begun
			if offered[pkg.Procedure] {
				continue
			}
			offered[pkg.Procedure] = true
			if err := p.Catalog.SetOffering(tx, catalog.Code(pkg.Procedure), "", 0, catalog.Why{}); err != nil {
				return err
			}
		}
		return nil
	})
}
