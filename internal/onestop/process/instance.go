package process

import (
	"slices"
	"time"
)

// Millis is an instant in epoch milliseconds; 0 is none.
type Millis int64

// Time is the instant; the zero time for none.
func (m Millis) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m))
}

func millis(t time.Time) Millis {
	if t.IsZero() {
		return 0
	}
	return Millis(t.UnixMilli())
}

// Instance is where one dossier stands. It is a value: Step returns a new one.
// Its JSON is compact and the same for the same instance.
type Instance struct {
	State   State      `json:"state"`
	Tokens  []Token    `json:"tokens,omitempty"`
	Watches []Watch    `json:"watches,omitempty"`
	Done    []Undoable `json:"done,omitempty"` // what compensation could undo
	Vars    []Var      `json:"vars,omitempty"` // by name
	Last    int        `json:"last"`           // number of the youngest token or watch

	ReceiveBy Millis `json:"receiveBy,omitempty"` // until when the one-stop answers
	Accepted  Millis `json:"accepted,omitempty"`
	Due       Millis `json:"due,omitempty"`    // promised; exists from acceptance
	Paused    Millis `json:"paused,omitempty"` // since when the count stands still
	Term      string `json:"term,omitempty"`   // name of the term the due date was counted by

	Owed    Millis `json:"owed,omitempty"`    // since when a fee is due that has not come
	Asked   Millis `json:"asked,omitempty"`   // when it was last asked for again; 0: never
	Charged bool   `json:"charged,omitempty"` // a fee fell due before: the dossier is not charged again

	Supplements int `json:"supplements,omitempty"` // asked so far
	Extensions  int `json:"extensions,omitempty"`
}

// Token is one place where the dossier stands.
type Token struct {
	N     int    `json:"n"`
	Step  string `json:"step"`
	In    int    `json:"in,omitempty"`   // the token of the sub-process that it is inside of
	Wait  Wait   `json:"wait,omitempty"` // empty: an officer's task is open
	Since Millis `json:"since"`
	Timer Millis `json:"timer,omitempty"` // when it moves by itself

	From  string   `json:"from,omitempty"`  // the task that was acted on before
	Did   string   `json:"did,omitempty"`   // and the action taken there
	Flow  int      `json:"flow,omitempty"`  // at a join: the flow it came by, from 1
	For   int      `json:"for,omitempty"`   // the token that waits for this compensation
	Queue []string `json:"queue,omitempty"` // handlers that a compensation still has to run
	Key   string   `json:"key,omitempty"`   // correlation of a message
	Cause string   `json:"cause,omitempty"` // why it is stuck: a message key
	Index int      `json:"index,omitempty"` // which of many, from 1
	Item  *Data    `json:"item,omitempty"`  // the element of the collection
	Unit  string   `json:"unit,omitempty"`  // that is consulted
	Many  *Many    `json:"many,omitempty"`  // of the token that stands for all of many
}

// Many counts the instances of a multi-instance activity.
type Many struct {
	Count int    `json:"count"`
	Begun int    `json:"begun"`
	Done  int    `json:"done,omitempty"`
	Items []Data `json:"items,omitempty"` // of a sequential one: those that are not begun
}

// Watch is an event that something alive waits for beside its work: a boundary event,
// the start of an event sub-process, a branch of an event-based gateway.
type Watch struct {
	N     int    `json:"n"`
	Event string `json:"event"`
	Host  int    `json:"host,omitempty"` // token of the activity or scope; 0 is the process
	Timer Millis `json:"timer,omitempty"`
	Left  int    `json:"left,omitempty"` // rounds that a cycle has left; -1: no end
	Key   string `json:"key,omitempty"`
}

// Undoable is a completed activity that compensation can undo.
type Undoable struct {
	Step  string `json:"step"`
	In    int    `json:"in,omitempty"`
	Scope int    `json:"scope,omitempty"` // number of the completed scope that holds more
}

// Var is a variable that the process itself set.
type Var struct {
	Name  string `json:"name"`
	Value Data   `json:"value"`
}

// Wait says what a token without an officer's task waits for.
type Wait string

// The waits.
const (
	ForTask         Wait = ""             // an officer
	ForSupplement   Wait = "supplement"   // the applicant completes the dossier
	ForApplicant    Wait = "applicant"    // the applicant acts at this step
	ForTimer        Wait = "timer"        //
	ForMessage      Wait = "message"      //
	ForSignal       Wait = "signal"       //
	ForEvent        Wait = "event"        // the first of several
	ForConnector    Wait = "connector"    // another system answers
	ForChild        Wait = "child"        // a dossier of another service, or another process
	ForJoin         Wait = "join"         // other branches
	ForInner        Wait = "inner"        // the sub-process it stands for
	ForMany         Wait = "many"         // all of many
	ForCompensation Wait = "compensation" // handlers that undo
	ForOpinion      Wait = "opinion"      // a unit that is consulted on the task that it stands in
	ForRepair       Wait = "repair"       // it is stuck: Cause says why
)

// Token returns the token with number n.
func (i Instance) Token(n int) (Token, bool) {
	k := slices.IndexFunc(i.Tokens, func(t Token) bool { return t.N == n })
	if k < 0 {
		return Token{}, false
	}
	return i.Tokens[k], true
}

// Watch returns the watch with number n.
func (i Instance) Watch(n int) (Watch, bool) {
	k := slices.IndexFunc(i.Watches, func(w Watch) bool { return w.N == n })
	if k < 0 {
		return Watch{}, false
	}
	return i.Watches[k], true
}

// At returns the token that stands at a step.
func (i Instance) At(step string) (Token, bool) {
	k := slices.IndexFunc(i.Tokens, func(t Token) bool { return t.Step == step && t.Wait != ForInner && t.Wait != ForMany })
	if k < 0 {
		return Token{}, false
	}
	return i.Tokens[k], true
}

// Waiting returns the token that waits for w.
func (i Instance) Waiting(w Wait) (Token, bool) {
	k := slices.IndexFunc(i.Tokens, func(t Token) bool { return t.Wait == w })
	if k < 0 {
		return Token{}, false
	}
	return i.Tokens[k], true
}

// Stuck are the tokens that nothing can move but an officer with the authority to repair.
func (i Instance) Stuck() []Token {
	var out []Token
	for _, t := range i.Tokens {
		if t.Cause != "" {
			out = append(out, t)
		}
	}
	return out
}

// NextTimer is the first instant at which something moves by itself, and its number;
// 0 where nothing does.
func (i Instance) NextTimer() (n int, at time.Time) {
	first := Millis(0)
	see := func(k int, m Millis) {
		if m != 0 && (first == 0 || m < first) {
			n, first = k, m
		}
	}
	for _, t := range i.Tokens {
		see(t.N, t.Timer)
	}
	for _, w := range i.Watches {
		see(w.N, w.Timer)
	}
	return n, first.Time()
}
