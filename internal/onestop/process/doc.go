// Package process moves a dossier through its steps.
//
// A process is drawn in process.bpmn or listed in steps.yaml, which stands for a drawing.
// Either is compiled once into an immutable Def, and run by one pure function:
//
//	inst, effects, err := process.Step(def, inst, event, env)
//
// Step reads no clock, no database and no network. What it reads stands in Env,
// which is recorded with the event, so that a replay gives the same instance and
// a process can be simulated before anybody lives in it. What must be done in the
// world comes back as effects: tasks to open and close, timers, questions to other
// systems, child dossiers, a changed state, a due date, milestones. The caller writes
// instance and effects in one transaction.
//
// An instance is a list of tokens and of watches. A token rests at an element and waits:
// for a person, a time, a message, other branches, what runs inside of it. The token of a
// sub-process is the scope of the tokens inside. A watch is an event that something alive
// listens for beside its work. Numbers are never used twice, so an event for a token that
// has moved on is a conflict and not a second act.
//
// Two layers meet in a task for people. Below is BPMN: flows, gateways, scopes, events,
// many at once, compensation (flow.go, scope.go, errors.go). Above is the one-stop shop,
// built in so that no process draws it again: acceptance within its own term, supplement,
// refusal with reason, return and recall of a step, extension, withdrawal, silence that
// decides, the promised date and when its count stands still (task.go, dates.go). What
// goes wrong and is nobody's input waits for repair (repair.go); running instances move
// to another version by a plan (migrate.go).
//
// Owns no table and no event. What must not come here: people, accounts, storage,
// texts other than labels of steps.
package process

import "embed"

// Messages are this package's sentences (keys under "process").
//
//go:embed i18n/*.yaml
var Messages embed.FS
