package app

import (
	"context"
	"io/fs"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/module"
	"khue/internal/kernel/web"
	"khue/internal/onestop/result"
	"khue/internal/register/access"
	"khue/internal/register/access/accessweb"
	"khue/internal/register/book"
	"khue/internal/register/book/bookweb"
	"khue/internal/register/catalog"
	"khue/internal/register/catalog/catalogweb"
	"khue/internal/register/certificate"
	"khue/internal/register/certificate/certificateweb"
	"khue/internal/register/holiday"
	"khue/internal/register/holiday/holidayweb"
	"khue/internal/register/identity"
	"khue/internal/register/identity/identityweb"
	"khue/internal/register/mandate"
	"khue/internal/register/mandate/mandateweb"
	"khue/internal/register/openid"
	"khue/internal/register/openid/openidweb"
	"khue/internal/register/orgunit"
	"khue/internal/register/orgunit/orgunitweb"
	"khue/internal/register/person"
	"khue/internal/register/person/personweb"
	"khue/internal/register/record"
	"khue/internal/register/record/recordweb"
)

// orgunitRoom are the units, and with them the policies of the whole house: who may do what
// depends on which unit lies in which.
func orgunitRoom() room {
	return room{
		tables: orgunit.Migrations(),
		texts:  []fs.FS{orgunit.Messages},
		build: func(_ context.Context, p *Program) (err error) {
			if p.Units, err = orgunit.New(p.DB, p.Clock, p.Gen, p.Journal); err != nil {
				return err
			}
			p.Policies, err = auth.NewPolicies(scopes{p.Units}, orgunit.ActsAs, PolicySources()...)
			return err
		},
		module: func(p *Program) module.Module { return p.Units.Module() },
		pages:  func(p *Program) []web.Module { return []web.Module{orgunitweb.Routes(p.Units)} },
	}
}

func holidayRoom() room {
	return room{
		tables: holiday.Migrations(), policies: holiday.Policies(),
		texts: []fs.FS{holiday.Messages, holidayweb.Messages},
		build: func(_ context.Context, p *Program) (err error) {
			p.Holidays, err = holiday.New(holiday.Deps{DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Units: p.Units, Policies: p.Policies})
			return err
		},
		module: func(p *Program) module.Module { return p.Holidays.Module() },
		pages:  func(p *Program) []web.Module { return []web.Module{holidayweb.Routes(p.Holidays)} },
	}
}

func identityRoom() room {
	return room{
		tables: identity.Migrations(), policies: identity.Policies(),
		texts: []fs.FS{identity.Messages, identityweb.Messages},
		build: func(_ context.Context, p *Program) error {
			invites, err := p.secret("invite.key")
			if err != nil {
				return err
			}
			p.Officers = identity.New(identity.Deps{
				DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Auth: p.Auth, Units: p.Units, Scopes: scopes{p.Units}, Policies: p.Policies, Mail: p.Mail,
				TakeWays: func(tx *db.Tx, account, by int64) error { return p.Ways.ResetIn(tx, account, by) },
				Secret:   invites, Address: p.address(), Demo: !p.Config.Opened.IsZero(),
			})
			return nil
		},
		module: func(p *Program) module.Module { return p.Officers.Module(absences{p}) },
		pages:  func(p *Program) []web.Module { return []web.Module{identityweb.Routes(p.Officers)} },
	}
}

func catalogRoom() room {
	return room{
		tables: catalog.Migrations(),
		texts:  []fs.FS{catalog.Messages},
		build: func(_ context.Context, p *Program) (err error) {
			p.Catalog, err = catalog.New(p.DB, p.Clock, catalog.Options{})
			return err
		},
		module: func(p *Program) module.Module { return p.Catalog.Module() },
		pages:  func(p *Program) []web.Module { return []web.Module{catalogweb.Routes(p.Catalog, offers{p})} },
	}
}

func accessRoom() room {
	return room{
		tables: access.Migrations(), policies: access.Policies(),
		texts: []fs.FS{access.Messages, accessweb.Messages},
		build: func(_ context.Context, p *Program) (err error) {
			p.Looks, err = access.New(access.Deps{
				DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Policies: p.Policies, Units: p.Units, Calendars: p.Holidays, Accounts: p.Auth,
				Named: p.namesIn, Limited: p.limited, Kept: func(ctx context.Context) ([]int64, error) { return p.Rights.HeldThings(ctx) },
			})
			return err
		},
		module: func(p *Program) module.Module { return p.Looks.Module() },
		pages:  func(p *Program) []web.Module { return []web.Module{accessweb.Routes(p.looksWeb())} },
	}
}

func personRoom() room {
	return room{
		tables: person.Migrations(),
		texts:  []fs.FS{person.Messages, personweb.Messages},
		build: func(_ context.Context, p *Program) error {
			sealing, err := keyRing(personKey(p.Config.Data))
			if err != nil {
				return err
			}
			p.People, err = person.New(person.Deps{DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Auth: p.Auth, Looks: p.Looks, Secrets: sealing})
			return err
		},
		module: func(p *Program) module.Module { return p.People.Module() },
		pages:  func(p *Program) []web.Module { return []web.Module{personweb.Routes(p.People, p.national())} },
	}
}

func mandateRoom() room {
	return room{
		tables: mandate.Migrations(),
		texts:  []fs.FS{mandate.Messages, mandateweb.Messages},
		build: func(_ context.Context, p *Program) error {
			p.Mandates = mandate.New(mandate.Deps{DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, People: p.People})
			return nil
		},
		module: (*Program).mandateNotices,
		pages: func(p *Program) []web.Module {
			return []web.Module{mandateweb.Routes(p.Mandates, p.People, phraseChoices{p})}
		},
	}
}

func openidRoom() room {
	return room{
		tables: openid.Migrations(), policies: openid.Policies(),
		texts:  []fs.FS{openid.Messages, openidweb.Messages},
		build:  func(_ context.Context, p *Program) error { return p.provider() },
		module: func(p *Program) module.Module { return p.OpenID.Module() },
		pages: func(p *Program) []web.Module {
			return []web.Module{openidweb.Routes(openidweb.Deps{Provider: p.OpenID, Auth: p.Auth, Readers: identityweb.Managers(), National: p.Config.National})}
		},
	}
}

func certificateRoom() room {
	return room{
		tables: certificate.Migrations(), policies: certificate.Policies(),
		texts:  []fs.FS{certificate.Messages, certificateweb.Messages},
		build:  func(ctx context.Context, p *Program) error { return p.authority(ctx) },
		module: func(p *Program) module.Module { return p.Certificates.Module() },
		pages:  func(p *Program) []web.Module { return []web.Module{certificateweb.Routes(p.certificatesWeb())} },
	}
}

func bookRoom() room {
	return room{
		tables: book.Migrations(), policies: book.Policies(),
		texts: []fs.FS{book.Messages, bookweb.Messages},
		build: func(_ context.Context, p *Program) error {
			p.Books = book.New(book.Deps{DB: p.DB, Gen: p.Gen, Journal: p.Journal, Units: p.Units, Policies: p.Policies})
			return nil
		},
		pages: func(p *Program) []web.Module { return []web.Module{bookweb.Routes(p.Books, registerNames{p})} },
	}
}

func recordRoom() room {
	return room{
		tables: record.Migrations(), policies: record.Policies(),
		texts: []fs.FS{record.Messages, recordweb.Messages},
		build: func(_ context.Context, p *Program) error {
			p.Records = record.New(record.Deps{
				DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Units: p.Units, Policies: p.Policies, Looks: p.Looks, Declared: result.Declared{Services: p.Services},
			})
			return nil
		},
		pages: func(p *Program) []web.Module { return []web.Module{recordweb.Routes(p.Records)} },
	}
}
