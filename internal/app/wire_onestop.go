package app

import (
	"context"
	"io/fs"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/module"
	"khue/internal/kernel/push"
	"khue/internal/kernel/push/pushweb"
	"khue/internal/kernel/web"
	"khue/internal/onestop/apply"
	"khue/internal/onestop/apply/applyweb"
	"khue/internal/onestop/counter"
	"khue/internal/onestop/counter/counterweb"
	"khue/internal/onestop/cutover"
	"khue/internal/onestop/cutover/cutoverweb"
	"khue/internal/onestop/desk"
	"khue/internal/onestop/desk/deskweb"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/dossier/dossierweb"
	"khue/internal/onestop/form"
	"khue/internal/onestop/notify"
	"khue/internal/onestop/notify/notifyweb"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/payment/paymentweb"
	"khue/internal/onestop/process"
	"khue/internal/onestop/reorganise"
	"khue/internal/onestop/reorganise/reorganiseweb"
	"khue/internal/onestop/result"
	"khue/internal/onestop/result/postweb"
	"khue/internal/onestop/result/resultweb"
	"khue/internal/onestop/rights"
	"khue/internal/onestop/rights/rightsweb"
	"khue/internal/onestop/service"
	"khue/internal/onestop/service/previewweb"
	"khue/internal/onestop/service/scaffold"
	"khue/internal/onestop/service/serviceweb"
	"khue/internal/onestop/signature"
	"khue/internal/onestop/signature/signatureweb"
	"khue/internal/onestop/upload"
	"khue/internal/onestop/upload/uploadweb"
	"khue/internal/onestop/waiting"
	"khue/internal/onestop/waiting/waitingweb"
)

// formRoom are forms and processes, which are pure.
func formRoom() room {
	return room{texts: []fs.FS{form.Messages, process.Messages}}
}

func serviceRoom() room {
	return room{
		tables: service.Migrations(), policies: service.Policies(),
		texts: []fs.FS{service.Messages, serviceweb.Messages, scaffold.Messages, previewweb.Messages},
		build: func(_ context.Context, p *Program) (err error) {
			if p.Services, err = p.loaded(); err != nil {
				return err
			}
			world, err := playWorld()
			if err != nil {
				return err
			}
			signer, err := journal.LoadKey(p.keyFile("packages.key"), City)
			if err != nil {
				return err
			}
			p.Library = service.NewLibrary(service.LibraryDeps{
				DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Policies: p.Policies, Registry: p.Services, Signer: signer, World: world, Log: p.Config.Log, Changed: p.offer,
			})
			return nil
		},
		module: func(p *Program) module.Module {
			m := p.Library.Module()
			refresh := m.Start
			m.Start = func(ctx context.Context) error {
				if err := p.Library.Keep(ctx, p.declared()); err != nil {
					return err
				}
				return refresh(ctx)
			}
			return m
		},
		pages: func(p *Program) []web.Module {
			return []web.Module{serviceweb.Routes(serviceweb.Deps{Services: p.Services, Library: p.Library, Clock: p.Clock, Bundle: p.Bundle, Supports: p.supports()})}
		},
	}
}

func notifyRoom() room {
	return room{
		tables: notify.Migrations(), policies: notify.Policies(),
		texts: []fs.FS{notify.Messages, notifyweb.Messages},
		build: func(_ context.Context, p *Program) error {
			keys, err := push.LoadKeys(p.keyFile("push.key"))
			if err != nil {
				return err
			}
			p.Notices = notify.New(notify.Deps{
				DB: p.DB, Gen: p.Gen, Clock: p.Clock, Jobs: p.Jobs, Journal: p.Journal, Policies: p.Policies, Units: p.Units, Mail: p.Mail, SMS: p.SMS,
				// The true time also in a demo: push services compare it with theirs.
				Push: pushweb.New(keys, p.contact(), p.Config.PushHosts, clock.System()),
			})
			return nil
		},
		module: func(p *Program) module.Module { return p.Notices.Module() },
		pages:  func(p *Program) []web.Module { return []web.Module{notifyweb.Routes(p.Notices)} },
	}
}

func waitingRoom() room {
	return room{
		tables: waiting.Migrations(),
		texts:  []fs.FS{waiting.Messages, waitingweb.Messages},
		build: func(_ context.Context, p *Program) error {
			p.Places = waiting.New(waiting.Deps{DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Services: p.Services, Log: p.Config.Log, Pace: p.Config.LinePace})
			return nil
		},
		module: func(p *Program) module.Module { return p.Places.Module() },
		pages:  func(p *Program) []web.Module { return []web.Module{waitingweb.Routes(p.Places)} },
	}
}

func signatureRoom() room {
	return room{
		tables: signature.Migrations(),
		texts:  []fs.FS{signature.Messages, signatureweb.Messages},
		build:  func(_ context.Context, p *Program) error { p.signing(); return nil },
		pages: func(p *Program) []web.Module {
			return []web.Module{signatureweb.Routes(p.Signatures, "/verify/receipt", ownPapers{p}, p.givenPaper)}
		},
	}
}

func uploadRoom() room {
	return room{
		tables: upload.Migrations(),
		texts:  []fs.FS{upload.Messages, uploadweb.Messages}, // its routes stand below those of the pages with papers
		build: func(_ context.Context, p *Program) error {
			scanning, err := p.scanning()
			if err != nil {
				return err
			}
			p.Uploads = upload.New(p.DB, p.Gen, p.Blobs, p.Staging, scanning)
			return nil
		},
		module: func(p *Program) module.Module { return p.Uploads.Module() },
	}
}

func deskRoom() room {
	return room{
		tables: desk.Migrations(), policies: desk.Policies(),
		texts: []fs.FS{desk.Messages, deskweb.Messages},
		build: func(_ context.Context, p *Program) error {
			p.Desk = desk.New(desk.Deps{DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Units: p.Units, Policies: p.Policies})
			return nil
		},
		pages: func(p *Program) []web.Module { return []web.Module{deskweb.Routes(p.Desk, phraseChoices{p})} },
	}
}

func paymentRoom() room {
	return room{
		tables: payment.Migrations(), policies: payment.Policies(),
		texts:  []fs.FS{payment.Messages, paymentweb.Messages},
		build:  func(_ context.Context, p *Program) error { return p.payments() },
		module: func(p *Program) module.Module { return p.Payments.Module() },
		pages:  func(p *Program) []web.Module { return []web.Module{paymentweb.Routes(p.Payments, p.Dossiers)} },
	}
}

func dossierRoom() room {
	return room{
		tables: dossier.Migrations(), policies: dossier.Policies(),
		texts: []fs.FS{dossier.Messages, dossierweb.Messages},
		build: func(_ context.Context, p *Program) error {
			key, err := p.secret("access.key")
			if err != nil {
				return err
			}
			p.Dossiers = dossier.New(dossier.Deps{
				DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Blobs: p.Blobs, Units: p.Units, Services: p.Services, Calendars: p.Holidays, Scopes: scopes{p.Units},
				Policies: p.Policies, People: p.Auth, Mandates: p.Mandates, Notices: p.Notices, Accounts: p.Auth, Looks: p.Looks, Places: p.Places, Duties: p.Officers, Numbers: p.Officers,
				Payments: p.Payments, Results: results{p}, Connectors: p.Config.Connectors, Fonts: fonts(), Draw: p.drawer(), Address: p.address(), Secret: key,
				Demo: !p.Config.Opened.IsZero(), Training: p.Config.Training, Hotline: p.Config.Hotline, Demand: p.Config.Demand,
			})
			return nil
		},
		module: func(p *Program) module.Module { return p.Dossiers.Module() },
		pages: func(p *Program) []web.Module {
			return []web.Module{dossierweb.Routes(dossierweb.Deps{
				Dossiers: p.Dossiers, Desk: p.Desk, Services: p.Services, Units: p.Units, Clock: p.Clock, Uploads: p.Uploads, Catalogue: p.Catalog, People: p.Auth, Accounts: p.Auth,
				Originals: originals{p}, Asked: p.Reorganise.Asked, Signed: ownPapers{p}.has, Parcels: p.parcelRows, Stands: p.standingResult, Address: p.address(), Nodes: p.DB.LiveNodes,
			})}
		},
	}
}

func resultRoom() room {
	return room{
		tables: result.Migrations(), policies: result.Policies(),
		texts: []fs.FS{result.Messages, resultweb.Messages},
		build: func(_ context.Context, p *Program) error {
			p.Results = result.New(result.Deps{
				DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Blobs: p.Blobs, Units: p.Units, Policies: p.Policies, Services: p.Services, Dossiers: p.Dossiers,
				Books: p.Books, Records: p.Records, Signing: p.signsPapers(), Post: p.takesPapers(), Address: p.address(), Demand: p.Config.Demand, Looks: p.Looks,
			})
			return nil
		},
		module: func(p *Program) module.Module { return p.Results.Module() },
		pages: func(p *Program) []web.Module {
			return []web.Module{resultweb.Routes(p.Results, ownPapers{p}), postweb.Routes(p.Results, p.Config.PostSecret)}
		},
	}
}

func applyRoom() room {
	return room{
		tables: apply.Migrations(),
		texts:  []fs.FS{apply.Messages, applyweb.Messages},
		build: func(_ context.Context, p *Program) error {
			p.Apply = apply.New(p.DB, p.Gen, p.Clock, p.Services, p.Dossiers,
				consented{apply.Profile(), p, rights.SuggestProfile}, consented{p.Dossiers.Previous(), p, rights.SuggestPrevious})
			return nil
		},
		module: func(p *Program) module.Module { return p.Apply.Module() },
		pages: func(p *Program) []web.Module {
			return []web.Module{applyweb.Routes(p.Apply, p.Uploads, p.Places, p.national())}
		},
	}
}

func counterRoom() room {
	return room{
		tables: counter.Migrations(), policies: counter.Policies(),
		texts: []fs.FS{counter.Messages, counterweb.Messages},
		build: func(_ context.Context, p *Program) error {
			p.Counter = counter.New(counter.Deps{
				DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Policies: p.Policies, Units: p.Units, Services: p.Services, Dossiers: p.Dossiers,
				People: p.People, Looks: p.Looks, Unused: p.unused, Notices: p.Notices, Accounts: p.Auth, Fonts: fonts(),
			})
			return nil
		},
		module: func(p *Program) module.Module { return p.Counter.Module() },
		pages:  func(p *Program) []web.Module { return []web.Module{counterweb.Routes(p.Counter, p.Uploads)} },
	}
}

func cutoverRoom() room {
	return room{
		tables: cutover.Migrations(),
		texts:  []fs.FS{cutover.Messages, cutoverweb.Messages},
		build: func(_ context.Context, p *Program) error {
			p.Cutover = cutover.New(cutover.Deps{DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Units: p.Units, Dossiers: p.Dossiers, Managers: p.Officers})
			return nil
		},
		module: func(p *Program) module.Module { return p.Cutover.Module() },
		pages:  func(p *Program) []web.Module { return []web.Module{cutoverweb.Routes(p.Cutover)} },
	}
}

func rightsRoom() room {
	return room{
		tables: rights.Migrations(), policies: rights.Policies(),
		texts: []fs.FS{rights.Messages, rightsweb.Messages},
		build: func(_ context.Context, p *Program) (err error) {
			p.Rights, err = rights.New(p.rightsDeps())
			return err
		},
		module: func(p *Program) module.Module { return p.Rights.Module() },
		pages:  func(p *Program) []web.Module { return []web.Module{rightsweb.Routes(p.rightsWeb())} },
	}
}

func reorganiseRoom() room {
	return room{
		tables: reorganise.Migrations(), policies: reorganise.Policies(),
		texts: []fs.FS{reorganise.Messages, reorganiseweb.Messages},
		build: func(_ context.Context, p *Program) (err error) {
			p.Reorganise, err = reorganise.New(reorganise.Deps{
				DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Units: p.Units, Dossiers: p.Dossiers, Accounts: p.Auth, Policies: p.Policies,
				Follow: []reorganise.Follow{p.Counter.Follow}, Posts: []reorganise.FollowPosts{p.followFilters}, Demo: !p.Config.Opened.IsZero(),
			})
			return err
		},
		module: func(p *Program) module.Module { return p.Reorganise.Module() },
		pages: func(p *Program) []web.Module {
			return []web.Module{reorganiseweb.Routes(reorganiseweb.Deps{Acts: p.Reorganise, Dossiers: p.Dossiers, Units: p.Units, Clock: p.Clock})}
		},
	}
}
