package app

import (
	"fmt"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/dmn/dmntck"
	"khue/internal/onestop/process/bpmnrun"
)

type conformCmd struct {
	DMN  conformDMNCmd  `cmd:"" name:"dmn" help:"A folder of the DMN Technology Compatibility Kit."`
	BPMN conformBPMNCmd `cmd:"" name:"bpmn" help:"A folder of BPMN models: accept or refuse each, and run what is accepted."`
}

type conformDMNCmd struct {
	Dir  string `arg:"" help:"Folder of models and cases." type:"existingdir"`
	JSON bool   `help:"One JSON object: total, passed, failed."`
}

// Run prints a line for each failure and the totals last; exit 1 where a case failed.
func (d *conformDMNCmd) Run(c *command) error {
	lines := c.out
	if d.JSON {
		lines = c.err
	}
	rep, err := dmntck.Run(d.Dir, lines)
	if err != nil {
		return err
	}
	if d.JSON {
		if err := c.json(rep); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(c.out, "%d cases: %d passed, %d failed\n", rep.Total, rep.Passed, rep.Failed)
	}
	if rep.Failed > 0 {
		return fmt.Errorf("%d cases failed", rep.Failed)
	}
	return nil
}

type conformBPMNCmd struct {
	Dir  string `arg:"" help:"Folder of BPMN models, by whomever." type:"existingdir"`
	JSON bool   `help:"One JSON object: files, passed, failed, accepted, refused."`
}

// Run accepts or refuses each model with element and reason, plays what it accepts with
// random choices, and prints the totals last; exit 1 where one failed.
func (b *conformBPMNCmd) Run(c *command) error {
	lines := c.out
	if b.JSON {
		lines = c.err
	}
	bundle, err := embeddedSentences()
	if err != nil {
		return err
	}
	say := func(p decl.Problem) string { return bundle.Map(c.lang, p.Key, p.Params) }
	rep, err := bpmnrun.Run(b.Dir, say, lines)
	if err != nil {
		return err
	}
	if b.JSON {
		if err := c.json(rep); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(c.out, "%d files: %d passed, %d failed; %d run, %d are refused; %d processes in %d runs of %d steps\n",
			rep.Files, rep.Passed, rep.Failed, rep.Accepted, rep.Refused, rep.Processes, rep.Runs, rep.Steps)
	}
	if rep.Failed > 0 {
		return fmt.Errorf("%d files failed", rep.Failed)
	}
	return nil
}
