package app

import (
	"context"
	"io/fs"
	"slices"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/authweb"
	"khue/internal/kernel/auth/factor"
	"khue/internal/kernel/backup"
	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/db"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/filecheck"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/journal/journalweb"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/module"
	"khue/internal/kernel/once"
	"khue/internal/kernel/push"
	"khue/internal/kernel/sheet"
	"khue/internal/kernel/sms"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/counter/counterweb"
	"khue/internal/register/identity/identityweb"
)

// The parts of the kernel. Its services are built before all others (Program.kernel).

// kernelRoom is what the kernel's libraries say.
func kernelRoom() room {
	return room{
		texts: []fs.FS{db.Messages, calendar.Messages, decl.Messages, bpmn.Messages, filecheck.Messages, sheet.Messages, ui.Messages, web.Messages, mail.Messages, sms.Messages, push.Messages},
		module: func(p *Program) module.Module {
			return module.Module{Name: "db", Measures: append(p.DB.Measures(), p.machine())}
		},
	}
}

func journalRoom() room {
	return room{
		tables: journal.Migrations(),
		texts:  []fs.FS{journal.Messages, journalweb.Messages},
		module: (*Program).journalModule,
		pages: func(p *Program) []web.Module {
			return []web.Module{journalweb.Routes(journalweb.Deps{Journal: p.Journal, Clock: p.Clock, Witnesses: p.witnesses, Files: "/verify", Nodes: p.DB.LiveNodes})}
		},
	}
}

func jobsRoom() room {
	return room{
		tables: jobs.Migrations(),
		texts:  []fs.FS{jobs.Messages},
		module: func(p *Program) module.Module { return module.Module{Name: "jobs", Measures: p.Jobs.Measures()} },
	}
}

func onceRoom() room {
	return room{
		tables: once.Migrations(),
		texts:  []fs.FS{once.Messages},
		module: func(p *Program) module.Module {
			purge := jobs.Handler{Kind: "once.purge", Do: func(ctx context.Context, _ jobs.Task) error { return once.Purge(ctx, p.DB) }}
			return module.Module{Name: "once", Jobs: []jobs.Handler{purge}, Periodic: []jobs.Periodic{{Kind: purge.Kind, Every: day, Offset: 3 * hour}}}
		},
	}
}

// filesRoom sweeps what nothing names any more.
func filesRoom() room { return room{module: (*Program).filesModule} }

func backupRoom() room {
	return room{tables: backup.Migrations(), texts: []fs.FS{backup.Messages}, module: (*Program).backupModule}
}

func authRoom() room {
	return room{
		tables: auth.Migrations(),
		texts:  []fs.FS{auth.Messages, authweb.Messages},
		module: func(p *Program) module.Module { return p.Auth.Module() },
		pages:  func(p *Program) []web.Module { return []web.Module{p.doorkeeper().Module()} },
	}
}

// doorkeeper is the pages of accounts.
func (p *Program) doorkeeper() authweb.Pages {
	helpers := append(identityweb.Managers().Roles(), counterweb.Clerk.Roles()...)
	slices.Sort(helpers)
	return authweb.New(authweb.Deps{
		Auth: p.Auth, Ways: p.Ways, Demand: p.Config.Demand, Home: home, Doors: []authweb.Doors{p.Config.National.SignIn}, Links: ownPages, About: p.businessOf, Unit: p.scopeName,
		Admins: identityweb.Managers(), Counter: counterweb.Clerk, Helpers: auth.AnyRole(slices.Compact(helpers)...),
	})
}

// factorRoom are the ways in beside the password. Their tables come with those of auth.
func factorRoom() room {
	return room{
		policies: factor.Policies(),
		texts:    []fs.FS{factor.Messages},
		build: func(_ context.Context, p *Program) error {
			key, err := p.secret("ways.key")
			if err != nil {
				return err
			}
			p.Ways, err = factor.New(factor.Deps{
				Auth: p.Auth, DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Courier: courier{p},
				Secret: key, Address: p.address(), House: House, Policies: p.Policies, Government: p.government,
			})
			return err
		},
		module: func(p *Program) module.Module {
			m := p.Ways.Module()
			m.Followers = append(m.Followers, p.alerts())
			return m
		},
	}
}
