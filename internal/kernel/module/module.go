// Package module is the shape of a module as app sees it: what it does once it is built, on
// one screen: its start, its work beside the door, jobs, followers, health and figures.
//
// What must not come here: tables, policies and sentences, which the program needs before a
// module is built; routes (each …web package hands app a value of its own); and any wiring
// between modules, which is plain code in app.
package module

import (
	"context"

	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/measure"
)

// Module is what a module does in the program. Only Name is required.
type Module struct {
	Name      string
	Start     func(ctx context.Context) error // once, when all modules are built and before the door opens
	Run       func(ctx context.Context) error // beside the door, until ctx ends
	Jobs      []jobs.Handler                  // work done after a transaction
	Periodic  []jobs.Periodic                 // work done by the clock
	Followers []journal.Follower              // effects of other modules' events
	Health    []Check                         // asked by /readyz
	Measures  []measure.Group                 // figures for those who watch the program
}

// Check is one thing that must be right for the module to work.
type Check struct {
	Name string
	Do   func(ctx context.Context) error
}
