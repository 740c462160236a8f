// Package module is the shape of a module as app sees it: one value on one
// screen with its storage, sentences, jobs, followers and health.
//
// What must not come here: routes (each …web package hands app a second value)
// and any wiring between modules, which is plain code in app.
package module

import (
	"context"
	"io/fs"

	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/measure"
)

// Module is what a module brings to the program. Only Name is required.
type Module struct {
	Name       string
	Migrations db.Migrations      // of its own tables; the zero value where it has none
	Messages   fs.FS              // i18n/vi.yaml and i18n/en.yaml
	Jobs       []jobs.Handler     // work done after a transaction
	Periodic   []jobs.Periodic    // work done by the clock
	Followers  []journal.Follower // effects of other modules' events
	Health     []Check            // asked by /readyz
	Measures   []measure.Group    // figures for those who watch the program
}

// Check is one thing that must be right for the module to work.
type Check struct {
	Name string
	Do   func(ctx context.Context) error
}
