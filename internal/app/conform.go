package app

import (
	"fmt"

	"khue/internal/kernel/dmn/dmntck"
)

type conformCmd struct {
	DMN conformDMNCmd `cmd:"" name:"dmn" help:"A folder of the DMN Technology Compatibility Kit."`
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
