package app

import (
	"fmt"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
)

type serviceCmd struct {
	New     serviceNewCmd     `cmd:"" help:"Write a new package that passes lint and test at once."`
	Lint    serviceLintCmd    `cmd:"" help:"Check a service folder: file, line, element, reason and mend."`
	Test    serviceTestCmd    `cmd:"" help:"Play the scenarios of a service folder: each act with its outcome."`
	Migrate serviceMigrateCmd `cmd:"" help:"Move the running dossiers of one version to another, after a look at all of them."`
	Preview servicePreviewCmd `cmd:"" help:"Serve the pages of a package on this machine, following each change; --check examines them."`

	Keygen  serviceKeygenCmd  `cmd:"" help:"Make the key with which an author signs packages."`
	Pack    servicePackCmd    `cmd:"" help:"Check a folder, sign it and write it as one archive."`
	Trust   serviceTrustCmd   `cmd:"" help:"Register the public key of an author."`
	Submit  serviceSubmitCmd  `cmd:"" help:"Hand a signed archive in."`
	Review  serviceReviewCmd  `cmd:"" help:"Find a submission good, or reject it: never one's own."`
	Publish servicePublishCmd `cmd:"" help:"Put a reviewed package in force from a day: never one's own."`
	Retire  serviceRetireCmd  `cmd:"" help:"Take a published package out of force from a day."`
}

type serviceLintCmd struct {
	Dir string `arg:"" help:"Folder of the service, or its archive." type:"path"`
}

// Run lints; exit 1 where something is an error.
func (s *serviceLintCmd) Run(c *command) error {
	_, problems, err := loadPackage(s.Dir)
	if err != nil {
		return err
	}
	return c.report(typed(s.Dir), problems)
}

// report tells problems of a package; it fails where one is an error.
func (c *command) report(dir string, problems decl.Problems) error {
	b, err := embeddedSentences()
	if err != nil {
		return err
	}
	for _, p := range tell(c.lang, b, dir, problems) {
		fmt.Fprintln(c.out, p)
	}
	if problems.Failed() {
		return errs.E(errs.Invalid, "app.service.lintFailed", errs.P("n", len(problems)))
	}
	fmt.Fprintln(c.out, b.T(c.lang, "app.service.lintClean", "dir", dir, "n", len(problems)))
	return nil
}
