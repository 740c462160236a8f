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
	"khue/internal/portal/admin"
	"khue/internal/portal/citizen"
	"khue/internal/portal/demo"
	"khue/internal/portal/health"
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

// Migrations are the tables of the whole house, in floor order.
func Migrations() []db.Migrations {
	return []db.Migrations{
		journal.Migrations(), backup.Migrations(), jobs.Migrations(), once.Migrations(), auth.Migrations(),
		orgunit.Migrations(), identity.Migrations(), holiday.Migrations(), catalog.Module().Migrations, person.Migrations(), access.Migrations(), openid.Migrations(), mandate.Migrations(), certificate.Migrations(), book.Migrations(), record.Migrations(),
		service.Migrations(), waiting.Migrations(), notify.Migrations(), upload.Migrations(),
		desk.Migrations(),
		payment.Migrations(), dossier.Migrations(), signature.Migrations(), result.Migrations(), apply.Migrations(), counter.Migrations(),
		reorganise.Migrations(), rights.Migrations(), cutover.Migrations(),
	}
}

// list names every module that brings jobs, followers or health.
func (p *Program) list() []module.Module {
	return []module.Module{
		p.keeping(), p.filesModule(), p.backupModule(), p.proof(), p.Ways.Module(), p.alerts(), p.mandateNotices(), p.Units.Module(), p.Officers.Module(absences{p}), p.Holidays.Module(), catalog.Module(), p.People.Module(), p.Mandates.Module(), p.Looks.Module(), p.OpenID.Module(), p.Certificates.Module(), p.Signatures.Module(), p.Books.Module(), p.Records.Module(), p.Library.Module(), p.Places.Module(), p.Notices.Module(), p.Uploads.Module(),
		p.Desk.Module(),
		p.Payments.Module(), p.Dossiers.Module(), p.Results.Module(), p.Apply.Module(), p.Counter.Module(), p.Reorganise.Module(), p.Rights.Module(), p.Cutover.Module(),
	}
}

// keeping is the housekeeping of the kernel's own tables.
func (p *Program) keeping() module.Module {
	return module.Module{
		Name: "kernel",
		Jobs: []jobs.Handler{
			{Kind: "once.purge", Do: func(ctx context.Context, _ jobs.Task) error { return once.Purge(ctx, p.DB) }},
			{Kind: "app.offer", Do: func(ctx context.Context, _ jobs.Task) error { return p.offer(ctx) }},
		},
		// A version begins or ends with the day, and a support may begin to work at any hour.
		Periodic: []jobs.Periodic{{Kind: "once.purge", Every: day, Offset: 3 * hour}, {Kind: "app.offer", Every: hour}},
	}
}

// PolicySources are the policies of the whole house, in floor order. Those of routes stand
// beside the routes; the server adds them.
func PolicySources() []auth.Source {
	return []auth.Source{
		factor.Policies(), identity.Policies(), openid.Policies(), certificate.Policies(), holiday.Policies(), access.Policies(), book.Policies(), record.Policies(),
		service.Policies(), notify.Policies(), desk.Policies(), payment.Policies(), dossier.Policies(), result.Policies(), counter.Policies(), reorganise.Policies(), rights.Policies(), health.Policies(),
	}
}

// sentences are the messages of the whole house, in floor order.
func sentences() []fs.FS {
	return []fs.FS{
		db.Messages(), journal.Messages, backup.Messages, journalweb.Messages, jobs.Messages, once.Messages, auth.Messages, factor.Messages, authweb.Messages, calendar.Messages, decl.Messages, bpmn.Messages, filecheck.Messages, sheet.Messages, ui.Messages, web.Messages,
		orgunit.Messages, identity.Messages, identityweb.Messages, holiday.Messages, holidayweb.Messages, catalog.Module().Messages, person.Messages, personweb.Messages, mandate.Messages, mandateweb.Messages, access.Messages, accessweb.Messages, openid.Messages, openidweb.Messages, certificate.Messages, certificateweb.Messages, book.Messages, bookweb.Messages, record.Messages, recordweb.Messages,
		form.Messages, process.Messages, service.Messages, serviceweb.Messages, scaffold.Messages, previewweb.Messages, waiting.Messages, waitingweb.Messages, upload.Messages, uploadweb.Messages, signature.Messages, signatureweb.Messages,
		desk.Messages, deskweb.Messages, mail.Messages, sms.Messages, push.Messages, notify.Messages, notifyweb.Messages,
		payment.Messages, paymentweb.Messages, dossier.Messages, dossierweb.Messages, result.Messages, resultweb.Messages, apply.Messages, applyweb.Messages, counter.Messages, counterweb.Messages,
		reorganise.Messages, reorganiseweb.Messages, rights.Messages, rightsweb.Messages, cutover.Messages, cutoverweb.Messages,
		citizen.Messages, demo.Messages, admin.Messages, health.Messages, Messages,
	}
}

// webModules are the pages and operations of every module.
func (p *Program) webModules() []web.Module {
	out := []web.Module{
		p.doorkeeper().Module(),
		journalweb.Routes(journalweb.Deps{Journal: p.Journal, Clock: p.Clock, Witnesses: p.witnesses, Files: "/verify", Nodes: p.DB.LiveNodes}),
		openidweb.Routes(openidweb.Deps{Provider: p.OpenID, Auth: p.Auth, Readers: identityweb.Managers(), National: p.Config.National}),
		certificateweb.Routes(p.certificatesWeb()), signatureweb.Routes(p.Signatures, "/verify/receipt", ownPapers{p}),
		orgunitweb.Routes(p.Units), identityweb.Routes(p.Officers), holidayweb.Routes(p.Holidays), personweb.Routes(p.People, p.national()), mandateweb.Routes(p.Mandates, p.People, phraseChoices{p}), catalogweb.Routes(p.Catalog, offers{p}),
		serviceweb.Routes(serviceweb.Deps{Services: p.Services, Library: p.Library, Clock: p.Clock, Bundle: p.Bundle, Supports: p.supports()}),
		dossierweb.Routes(dossierweb.Deps{
			Dossiers: p.Dossiers, Desk: p.Desk, Services: p.Services, Units: p.Units, Clock: p.Clock, Uploads: p.Uploads, Catalogue: p.Catalog,
			People: p.Auth, Accounts: p.Auth, Originals: originals{p}, Asked: p.Reorganise.Asked, Signed: ownPapers{p}.has, Parcels: p.parcelRows, Address: p.address(), Nodes: p.DB.LiveNodes,
		}),
		paymentweb.Routes(p.Payments, p.Dossiers),
		bookweb.Routes(p.Books, registerNames{p}), recordweb.Routes(p.Records), resultweb.Routes(p.Results, ownPapers{p}), postweb.Routes(p.Results, p.Config.PostSecret),
		accessweb.Routes(p.looksWeb()), rightsweb.Routes(p.rightsWeb()),
		deskweb.Routes(p.Desk, phraseChoices{p}),
		notifyweb.Routes(p.Notices),
		reorganiseweb.Routes(reorganiseweb.Deps{Acts: p.Reorganise, Dossiers: p.Dossiers, Units: p.Units, Clock: p.Clock}),
		cutoverweb.Routes(p.Cutover),
		applyweb.Routes(p.Apply, p.Uploads, p.Places, p.national()), waitingweb.Routes(p.Places),
		counterweb.Routes(p.Counter, p.Uploads),
		admin.Routes(admin.Deps{Services: p.Services, Officers: p.Officers, Clock: p.Clock, Policies: p.Policies, May: p.mayOpen, Fonts: fonts(), World: p.Library.World}),
		health.Routes(p.condition()),
		citizen.Routes(p.Catalog, p.Services, p.Clock),
	}
	if !p.Config.Opened.IsZero() {
		out = append(out, demo.Routes(p.reform(p.demoDoor())))
	}
	return out
}

// doorkeeper is the pages of accounts.
func (p *Program) doorkeeper() authweb.Pages {
	return authweb.New(authweb.Deps{Auth: p.Auth, Ways: p.Ways, Demand: p.Config.Demand, Home: home, Doors: []authweb.Doors{p.Config.National.SignIn}, Links: ownPages, About: p.businessOf, Unit: p.scopeName, Admins: identityweb.Managers(), Counter: counterweb.Clerk, Helpers: auth.AnyRole(slices.Compact(slices.Sorted(slices.Values(append(identityweb.Managers().Roles(), counterweb.Clerk.Roles()...))))...)})
}

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
