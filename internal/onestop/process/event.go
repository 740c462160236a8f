package process

import (
	"time"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/feel"
)

// EventKind says what happened.
type EventKind string

// The kinds of events.
const (
	Submit   EventKind = "submit"   // the applicant sent the dossier
	Act      EventKind = "act"      // an officer, or the applicant at a step of theirs, acted on a token
	Supply   EventKind = "supply"   // the applicant completed the dossier
	Withdraw EventKind = "withdraw" // the applicant took it back
	Fire     EventKind = "fire"     // a timer that Step had set ran out

	Message    EventKind = "message"    // a message Name came, for Token or for the first that waits for it
	Signal     EventKind = "signal"     // a signal Name, for all that wait for it
	Answered   EventKind = "answered"   // the connector of Token answered with Data, or failed with Code
	ChildEnded EventKind = "childEnded" // the child of Token ended; Code where it did so without its result

	Recall EventKind = "recall" // the one who handed a task over by mistake takes it back
	Redate EventKind = "redate" // the promised date is moved to At, never earlier
	Retry  EventKind = "retry"  // what is stuck at Token is tried again
	Skip   EventKind = "skip"   // the step of Token is passed over
	Move   EventKind = "move"   // Token is put at the step To, by authority
	Reopen EventKind = "reopen" // an ended dossier goes on at the step To, by authority
	Adopt  EventKind = "adopt"  // another system had promised the date At, which stands
	Charge EventKind = "charge" // a fee fell due and is to be paid before the dossier goes on
	Again  EventKind = "again"  // a fee that was not paid in time is asked for again
	Paid   EventKind = "paid"   // what was due has come, or is not asked for any more
	Halt   EventKind = "halt"   // the dossier is stopped by authority: a court's order, a duplicate
)

// ChildStoppedCode is the error of ChildEnded where the child ended without its result.
const ChildStoppedCode = "childStopped"

// Event is one thing that happened to a dossier.
type Event struct {
	Kind   EventKind `json:"kind"`
	Token  int       `json:"token,omitempty"`  // token or watch
	Action string    `json:"action,omitempty"` // of Act: "accept", "approve"
	Name   string    `json:"name,omitempty"`   // of a message or signal
	Key    string    `json:"key,omitempty"`    // correlation of a message
	Code   string    `json:"code,omitempty"`   // error
	Data   []Var     `json:"data,omitempty"`
	To     string    `json:"to,omitempty"`    // step
	Units  []string  `json:"units,omitempty"` // of Act consult: whom to ask
	At     time.Time `json:"at,omitzero"`
	Why    string    `json:"why,omitempty"` // of Redate: "holiday"
}

// Env is all that Step reads beside definition, instance and event. It is
// recorded with the event: Calendar by its version, Facts by the answers they were
// read from.
type Env struct {
	Now      time.Time
	Calendar *calendar.Calendar
	UnitDate clock.Date // day on which codes of units are read
	Case     string
	Channel  string
	// Facts are the variables of the definition's scope (form.Form.Vars gives them).
	// nil where no condition and no unit reads one.
	Facts feel.Vars
	// Term is what a decision table gave for the legal term; nil: the declared one.
	Term *calendar.Deadline
}

// Effect is something to be done in the world. The set is closed: TaskOpened,
// TaskClosed, TimerSet, TimerCleared, StateChanged, ReceiveBySet, DueSet, DueCleared, Happened,
// PaperRequested, ResultRequested, MessageSent, SignalSent, ConnectorCalled, ChildOpened,
// ChildStopped, GotStuck.
type Effect interface{ effect() }

// TaskOpened asks for a task.
type TaskOpened struct {
	Token   int
	Step    string
	Role    string // "clerk"; RoleApplicant: the applicant acts, no officer's queue
	Unit    string // code of the unit that the task falls to; empty for the applicant
	Actions []string
	Minutes int       // budget in working minutes, 0 where none is declared
	By      time.Time // when the budget or the term ends; zero where neither is declared
	Label   decl.Label
	Public  decl.Label // what the citizen reads
	// Again is set where this step had asked for a supplement, was recalled or handed
	// over: give the task to the officer who had it.
	Again bool
}

// TaskClosed ends the task of a token. Action is empty where nobody acted on it: the
// dossier was withdrawn or a term ran out.
type TaskClosed struct {
	Token  int
	Step   string
	Action string
}

// TimerSet asks for an event Fire{Token} at an instant.
type TimerSet struct {
	Token int
	At    time.Time
}

// TimerCleared takes the timer of a token back. A timer that fires all the same is a conflict.
type TimerCleared struct{ Token int }

// StateChanged is a new core state.
type StateChanged struct{ From, To State }

// ReceiveBySet is the instant until which the one-stop answers.
type ReceiveBySet struct{ At time.Time }

// DueSet is a new promised date. Why is accepted, restarted, resumed, extended or what
// Redate said.
type DueSet struct {
	Due calendar.Due
	Why string
}

// DueCleared takes the promised date away until the applicant has completed the
// dossier: the count starts again from there.
type DueCleared struct{}

// Happened is a milestone: it names the notice to send (notify/<Name>.yaml), the
// journal's word and the line of the timeline.
type Happened struct{ Name string }

// PaperRequested asks for a paper of the one-stop: receipt (form 01), supplement
// (02), refusal (03), extension (04), stop (05).
type PaperRequested struct{ Paper string }

// ResultRequested asks for the result document to be made.
type ResultRequested struct{ Kind string }

// MessageSent is a message to whoever waits for it.
type MessageSent struct {
	Step, Name, Key string
	Data            []Var
}

// SignalSent is a signal that the process threw; its own waits have had it already.
type SignalSent struct{ Step, Name string }

// ConnectorCalled asks a named connector and expects Answered{Token}.
type ConnectorCalled struct {
	Token      int
	Step, Name string
	In         []Var
}

// ChildOpened asks for a dossier of another service, or for another process, and
// expects ChildEnded{Token}.
type ChildOpened struct {
	Token                     int
	Step, Service, Unit, Case string
	In                        []Var
}

// ChildStopped ends a child whose parent does not wait for it any more.
type ChildStopped struct {
	Token int
	Step  string
}

// GotStuck says that a token needs repair, and why: a message key.
type GotStuck struct {
	Token       int
	Step, Cause string
}

func (TaskOpened) effect()      {}
func (TaskClosed) effect()      {}
func (TimerSet) effect()        {}
func (TimerCleared) effect()    {}
func (StateChanged) effect()    {}
func (ReceiveBySet) effect()    {}
func (DueSet) effect()          {}
func (DueCleared) effect()      {}
func (Happened) effect()        {}
func (PaperRequested) effect()  {}
func (ResultRequested) effect() {}
func (MessageSent) effect()     {}
func (SignalSent) effect()      {}
func (ConnectorCalled) effect() {}
func (ChildOpened) effect()     {}
func (ChildStopped) effect()    {}
func (GotStuck) effect()        {}
