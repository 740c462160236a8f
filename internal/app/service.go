package app

import (
	"fmt"
	"os"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/service"
)

type serviceCmd struct {
	New     serviceNewCmd     `cmd:"" help:"Write a new package that passes lint and test at once."`
	Lint    serviceLintCmd    `cmd:"" help:"Check a service folder: file, line, element, reason and mend."`
	Test    serviceTestCmd    `cmd:"" help:"Play the scenarios of a service folder: each act with its outcome."`
	Preview servicePreviewCmd `cmd:"" help:"Serve the pages of a package on this machine, following each change; --check examines them."`
}

type serviceLintCmd struct {
	Dir string `arg:"" help:"Folder of the service." type:"existingdir"`
}

// Run lints; exit 1 where something is an error.
func (s *serviceLintCmd) Run(c *command) error {
	_, problems := service.Load(os.DirFS(s.Dir), ".")
	return c.report(problems)
}

func (c *command) report(problems decl.Problems) error {
	b, err := i18n.NewBundle(sentences()...)
	if err != nil {
		return err
	}
	for _, p := range problems {
		fmt.Fprintf(c.out, "%s:%d:%d: %s: %s: %s\n", p.File, p.Pos.Line, p.Pos.Col, p.Level, p.Element, b.Map(c.lang, p.Key, p.Params))
	}
	if problems.Failed() {
		return fmt.Errorf("%d problems", len(problems))
	}
	return nil
}
