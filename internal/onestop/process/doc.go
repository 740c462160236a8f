// Package process moves a dossier through its steps.
//
// A process is declared in steps.yaml, compiled once into an immutable Def, and
// run by one pure function:
//
//	inst, effects, err := process.Step(def, inst, event, env)
//
// Step reads no clock, no database and no network. What it reads stands in Env,
// which is recorded with the event, so that a replay gives the same instance and
// a process can be simulated before anybody lives in it. What must be done in the
// world comes back as effects: tasks to open and close, timers, a changed state, a
// due date, milestones, a result to be made. The caller writes instance and
// effects in one transaction.
//
// An instance is a list of tokens. Each stands at a step, either with an open task
// or waiting for the applicant; the number of a token is never used twice, so an
// event for a token that has moved on is a conflict and not a second act.
//
// Built in, so that no process draws them again: acceptance within its own term,
// request for supplement, refusal with reason, return of a step, extension,
// withdrawal, silence that agrees. Claiming and assigning a task do not concern the
// process.
//
// Owns no table and no event. What must not come here: people, accounts, storage,
// texts other than labels of steps.
package process

import "embed"

// Messages are this package's sentences (keys under "process").
//
//go:embed i18n/*.yaml
var Messages embed.FS
