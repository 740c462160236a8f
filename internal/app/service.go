package app

import (
	"fmt"
	"os"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/service"
)

type serviceCmd struct {
	Lint serviceLintCmd `cmd:"" help:"Check a service folder: file, line, element, reason and mend."`
	Test serviceTestCmd `cmd:"" help:"Play the scenarios of a service folder."`
}

type serviceLintCmd struct {
	Dir string `arg:"" help:"Folder of the service." type:"existingdir"`
}

// Run lints; exit 1 where something is an error.
func (s *serviceLintCmd) Run(c *command) error {
	_, problems := service.Load(os.DirFS(s.Dir), ".")
	return c.report(problems)
}

type serviceTestCmd struct {
	Dir string `arg:"" help:"Folder of the service." type:"existingdir"`
}

// Run plays every scenario.
func (s *serviceTestCmd) Run(c *command) error {
	pkg, problems := service.Load(os.DirFS(s.Dir), ".")
	if pkg == nil {
		return c.report(problems)
	}
	w, err := playWorld()
	if err != nil {
		return err
	}
	for _, sc := range pkg.Scenarios {
		found := pkg.Play(sc, w)
		word := "ok"
		if found.Failed() {
			word = "FAILED"
		}
		fmt.Fprintf(c.out, "%-6s %s\n", word, sc.File)
		problems = append(problems, found...)
	}
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
