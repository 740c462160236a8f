package process

import "khue/internal/kernel/decl"

// Compile checks a source and compiles it.
func Compile(src Source, opt Options) (*Def, decl.Problems) { panic("soon") }

// Step is the engine. Errors: Conflict process.stale (the token has moved on),
// Invalid process.noAction, process.supplementSpent, process.ended.
func Step(d *Def, in Instance, ev Event, env Env) (Instance, []Effect, error) { panic("soon") }

// Digest identifies the definition and its terms.
func (d *Def) Digest() string { return d.digest }

// Steps are the steps in order.
func (d *Def) Steps() []StepInfo { panic("soon") }

// Step is one step by id.
func (d *Def) Step(id string) (StepInfo, bool) { panic("soon") }
