package app

import (
	"context"
	"io/fs"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/module"
	"khue/internal/kernel/web"
)

// room is one module of the house as the program joins it. What a module does not have stays
// empty.
type room struct {
	// What is known before there is a city.
	tables   db.Migrations
	policies auth.Source // those of routes stand beside the routes; the server adds them
	texts    []fs.FS

	// build makes its service. What stands above it in the list is built; what stands below it
	// may be called once all are, and not before.
	build func(ctx context.Context, p *Program) error
	// module is what it does when all are built.
	module func(p *Program) module.Module
	// pages are its pages and operations.
	pages func(p *Program) []web.Module
}

// house is every module, in the order in which they are built: floor by floor, but for the few
// that say why not. A new module is a line here, and a function in the file of its floor.
func house() []room {
	return []room{
		kernelRoom(),
		journalRoom(),
		jobsRoom(),
		onceRoom(),
		filesRoom(),
		backupRoom(),
		authRoom(),

		orgunitRoom(),
		factorRoom(), // of the kernel; policies rest on the units
		holidayRoom(),
		identityRoom(),
		catalogRoom(),
		accessRoom(),
		personRoom(),
		mandateRoom(),
		openidRoom(),
		certificateRoom(),

		formRoom(),
		serviceRoom(),
		bookRoom(),   // of the register, with record
		recordRoom(), // services declare what is entered
		notifyRoom(),
		waitingRoom(),
		signatureRoom(),
		uploadRoom(),
		deskRoom(),
		paymentRoom(),
		dossierRoom(),
		resultRoom(),
		applyRoom(),
		counterRoom(),
		cutoverRoom(),
		rightsRoom(),
		reorganiseRoom(),

		citizenRoom(),
		adminRoom(),
		healthRoom(),
		demoRoom(),
		roofRoom(), // last: what it offers stands on all others
	}
}

// Migrations are the tables of the whole house.
func Migrations() (out []db.Migrations) {
	for _, x := range house() {
		if x.tables.Module != "" {
			out = append(out, x.tables)
		}
	}
	return out
}

// PolicySources are the policies of the whole house.
func PolicySources() (out []auth.Source) {
	for _, x := range house() {
		if x.policies.Module != "" {
			out = append(out, x.policies)
		}
	}
	return out
}

// sentences are the messages of the whole house.
func sentences() (out []fs.FS) {
	for _, x := range house() {
		out = append(out, x.texts...)
	}
	return out
}

// build makes the services of the whole house, then what they do.
func (p *Program) build(ctx context.Context) error {
	all := house()
	for _, x := range all {
		if x.build == nil {
			continue
		}
		if err := x.build(ctx, p); err != nil {
			return err
		}
	}
	for _, x := range all {
		if x.module != nil {
			p.modules = append(p.modules, x.module(p))
		}
	}
	return nil
}

// start brings in what a city needs before its door opens.
func (p *Program) start(ctx context.Context) error {
	for _, m := range p.modules {
		if m.Start == nil {
			continue
		}
		if err := m.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// webModules are the pages and operations of the whole house.
func (p *Program) webModules() (out []web.Module) {
	for _, x := range house() {
		if x.pages != nil {
			out = append(out, x.pages(p)...)
		}
	}
	return out
}
