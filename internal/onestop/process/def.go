package process

import (
	"slices"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/feel"
)

// RoleApplicant is the role of steps at which the applicant acts.
const RoleApplicant = "applicant"

// Terms are the legal terms of a service (service.yaml).
type Terms struct {
	Deadlines  []Deadline
	Receive    int // working hours in which the one-stop answers
	Supplement SupplementTerms
	Consult    ConsultTerms
	Result     string // kind of the result document
}

// Deadline is the legal term of a case and a channel; an empty one stands for all.
type Deadline struct {
	Case    string
	Channel string
	Term    calendar.Deadline
}

// SupplementTerms say how often, until when and with what effect a supplement is asked.
type SupplementTerms struct {
	Max    int           // rounds, 0: none allowed
	Within calendar.Term // for the applicant
	Resume bool          // the count goes on after it; otherwise it starts again
	// Notices are until when the office writes what is missing: the first after acceptance,
	// the others each after what the applicant sent. None: the budget of the step alone.
	Notices []calendar.Term `json:",omitempty"`
}

// ConsultTerms say who answers in a unit that is consulted, and until when: silence then
// agrees. Without a role nobody is consulted.
type ConsultTerms struct {
	Role   string
	Within calendar.Term
}

// Decision is a compiled decision. It reads the form's facts and, by name, what the
// process itself set.
type Decision interface {
	Decide(facts feel.Vars, own func(name string) feel.Value, env feel.Env) (feel.Value, error)
}

// Options are what a process is compiled against.
type Options struct {
	File      string                            // name in problems, "process.bpmn"
	Process   string                            // id of the process to run; empty: the first executable one
	Scope     feel.Scope                        // form.Form.Scope
	Texts     decl.Texts                        // step.<id>, public.<id>; nil: names stand for labels
	Terms     Terms                             //
	Roles     func(role string) bool            // nil: any role is taken
	RoleNames []string                          // for the mend of an unknown one
	Decisions func(ref string) (Decision, bool) // nil: no decision is known
	// Plain compiles a model that is no service: tasks need no role and no unit, nothing
	// is accepted or promised. Foreign models are run this way.
	Plain bool
}

// Def is a compiled process. It is immutable and shared by all its instances.
type Def struct {
	nodes  []node
	flows  []flow
	bodies []body // 0 is the process itself
	index  map[string]int
	order  []int // user tasks in the order of the file
	terms  Terms
	vars   []string // variables that the process sets, in the slots after the form's
	base   int      // slots of the form
	scope  feel.Scope
	digest string
	model  *bpmn.Model

	plain, accepts, readsAnswers bool
}

// kind is what the engine does at a node.
type kind uint8

const (
	kPass kind = iota // start and none events, manual and plain tasks
	kUser
	kScript
	kRule
	kConnector
	kThrow // message, signal, escalation or compensation, and send tasks
	kCatch // message, signal or timer, and receive tasks
	kEnd
	kScope // embedded sub-process, or a call of a process in the same file
	kChild // call of another service
	kExclusive
	kParallel
	kInclusive
	kEvent
	kBoundary
	kEventSub
)

// body is the inside of the process or of a sub-process.
type body struct {
	host   int   // node; -1 of processes
	starts []int // none starts, and the others where the body is the process itself
	events []int // event sub-processes
}

type flow struct {
	from, to int
	cond     *feel.Expr
}

// node is one compiled element.
type node struct {
	info StepInfo
	kind kind
	body int // that it stands in
	sub  int // of scopes and event sub-processes: the body inside

	in, out []int // flows
	deflt   int   // default flow, -1

	boundary []int // nodes attached to it
	host     int   // of boundary events: the activity; of the start of an event sub-process: that
	starter  int   // of an event sub-process: its start
	breaks   bool  // interrupting
	handler  int   // of an activity: the node that compensates it, -1
	undoes   bool  // is such a handler

	event  bpmn.EventDefKind // of events
	name   string            // of a message, signal, error or escalation; id of the activity to compensate
	timer  *timer
	key    *feel.Expr // correlation
	many   *many
	end    State  // of an end event: the state it leads to; 0: the default
	notify string // milestone

	user   *user
	expr   *feel.Expr // script
	result int        // variable, -1
	rule   Decision
	call   *call
}

// user is a task for people.
type user struct {
	unit    *feel.Expr
	within  calendar.Term
	silence string
	counts  bool
	actions []action
	names   []string
}

type action struct {
	do     string
	to     int // of supplement and returnStep: a node, -1 where it is not declared
	when   *feel.Expr
	event  string
	term   string
	result bool
}

// call is a connector or another service.
type call struct {
	name    string
	unit    *feel.Expr
	kase    *feel.Expr
	counts  bool
	in, out []pair
}

type pair struct {
	name string
	slot int // of out: the variable
	expr *feel.Expr
}

type timer struct {
	term  calendar.Term
	date  *feel.Expr
	expr  *feel.Expr // a duration, or the text of a term
	count int        // rounds of a cycle; 0: once, -1: no end
	waits bool       // the wait is nobody's delay
}

type many struct {
	sequential bool
	count      *feel.Expr
	list       *feel.Expr
	item       int // variable, -1
	complete   *feel.Expr
}

// StepInfo is one step of a definition, to be read.
type StepInfo struct {
	ID      string
	Role    string
	Unit    string // FEEL as declared
	Form    string // the officer's form; the id where none is named
	Clock   string // whose time: unit, applicant, none
	Counts  bool   // towards the promised date
	Minutes int    // budget in working minutes; 0 where none is declared
	Within  string // term after which Silence is taken; empty: none
	Silence string
	Label   decl.Label
	Public  decl.Label // what the citizen reads
	Actions []ActionInfo
}

// ActionInfo is one action of a step, for step tables and forms.
type ActionInfo struct {
	Do    string
	To    []string // steps that it may lead to; none at the end
	Event string
	Term  string // of extend
	Label decl.Label
}

// Digest identifies the definition and its terms.
func (d *Def) Digest() string { return d.digest }

// Terms are the legal terms that the definition was compiled with.
func (d *Def) Terms() Terms { return d.terms }

// Model is what was compiled, to be drawn: of a chain, the model made of it.
func (d *Def) Model() *bpmn.Model { return d.model }

// ReadsAnswers reports whether a condition or a route reads an answer of the form, so
// that a step needs what the applicant filled in. Case, channel and the agencies are no
// answers: the dossier itself has them.
func (d *Def) ReadsAnswers() bool { return d.readsAnswers }

// own are the variables that every dossier has without its form.
//
//nolint:gochecknoglobals // immutable table
var own = []string{"case", "channel", "receiving", "competent", "district", "today", varAction, varLoop}

// Steps are the tasks for people in the order of the file.
func (d *Def) Steps() []StepInfo {
	out := make([]StepInfo, len(d.order))
	for i, n := range d.order {
		out[i] = d.nodes[n].info
	}
	return out
}

// Step is one element by id.
func (d *Def) Step(id string) (StepInfo, bool) {
	i, ok := d.index[id]
	if !ok {
		return StepInfo{}, false
	}
	return d.nodes[i].info, true
}

// Deadline is the term of a case and channel: the most particular one declared.
func (d *Def) Deadline(kase, channel string) (Deadline, bool) {
	best, score := Deadline{}, -1
	for _, t := range d.terms.Deadlines {
		s := 0
		switch t.Case {
		case kase:
			s += 2
		case "":
		default:
			continue
		}
		switch t.Channel {
		case channel:
			s++
		case "":
		default:
			continue
		}
		if s > score {
			best, score = t, s
		}
	}
	return best, score >= 0
}

// next are the nodes that a node leads to: by flows, by what is attached to it, into
// the body that it holds, and by actions that name a step.
func (d *Def) next(i int) []int {
	n := &d.nodes[i]
	var out []int
	for _, f := range n.out {
		out = append(out, d.flows[f].to)
	}
	out = append(out, n.boundary...)
	if n.sub >= 0 {
		out = append(out, d.bodies[n.sub].starts...)
		out = append(out, d.bodies[n.sub].events...)
	}
	if n.kind == kEventSub {
		out = append(out, n.starter)
	}
	if n.handler >= 0 {
		out = append(out, n.handler)
	}
	if n.user != nil {
		for _, a := range n.user.actions {
			if a.to >= 0 {
				out = append(out, a.to)
			}
		}
	}
	return out
}

// Avoids reports whether the result can be handed over without an action ever being
// taken: an unsigned path, for the linter.
func (d *Def) Avoids(do string) bool {
	seen := make([]bool, len(d.nodes))
	var walk func(i int) bool
	walk = func(i int) bool {
		if seen[i] {
			return false
		}
		seen[i] = true
		n := &d.nodes[i]
		if n.user != nil {
			if slices.Contains(n.user.names, DoIssue) {
				return true
			}
			if !slices.ContainsFunc(n.user.actions, func(a action) bool { return leadsOn(a.do) && a.do != do }) &&
				slices.Contains(n.user.names, do) {
				return false
			}
		}
		if n.kind == kScope { // what follows comes after what is inside
			return slices.ContainsFunc(d.bodies[n.sub].starts, walk)
		}
		if slices.ContainsFunc(d.next(i), walk) {
			return true
		}
		if host := d.bodies[n.body].host; len(n.out) == 0 && host >= 0 {
			return slices.ContainsFunc(d.nodes[host].out, func(f int) bool { return walk(d.flows[f].to) })
		}
		return false
	}
	return slices.ContainsFunc(d.bodies[0].starts, walk)
}

// leadsOn reports whether an action completes its task and follows the flows.
func leadsOn(do string) bool {
	switch do {
	case DoSupplement, DoRefuse, DoStop, DoReturn, DoExtend, DoHandOver, DoConsult:
		return false
	}
	return true
}

// Minutes is the sum of the officers' budgets on the longest plain way through.
func (d *Def) Minutes() int {
	const open, unknown = -2, -1
	memo := make([]int, len(d.nodes))
	for i := range memo {
		memo[i] = unknown
	}
	var longest func(i int) int
	ofBody := func(b int) int {
		most := 0
		for _, s := range d.bodies[b].starts {
			most = max(most, longest(s))
		}
		return most
	}
	longest = func(i int) int {
		if memo[i] == open {
			return 0 // a way back
		}
		if memo[i] != unknown {
			return memo[i]
		}
		memo[i] = open
		n := &d.nodes[i]
		after := 0
		for _, f := range n.out {
			after = max(after, longest(d.flows[f].to))
		}
		sum := n.info.Minutes + after
		if n.sub >= 0 {
			sum += ofBody(n.sub)
		}
		memo[i] = sum
		return sum
	}
	return ofBody(0)
}

// Milestones are the names that the process may report by Happened, in order of the steps.
func (d *Def) Milestones() []string {
	out := []string{"submitted"}
	add := func(names ...string) {
		for _, n := range names {
			if n != "" && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	for i := range d.nodes {
		n := &d.nodes[i]
		add(n.notify)
		if n.user == nil {
			continue
		}
		if slices.Contains(n.user.names, DoIssue) {
			add("issued")
		}
		for _, a := range n.user.actions {
			add(a.event)
			switch a.do {
			case DoSupplement:
				add("supplied", "lapsed")
			case DoConsult:
				add("opinionGiven", "silenceAgreed")
			}
		}
		if n.user.silence != "" {
			add("silenceAgreed")
		}
	}
	add("withdrawn")
	return out
}

// UsesTerm reports whether an action counts by a named term.
func (d *Def) UsesTerm(name string) bool {
	return slices.ContainsFunc(d.nodes, func(n node) bool {
		return n.user != nil && slices.ContainsFunc(n.user.actions, func(a action) bool { return a.term == name })
	})
}

// Children are the services that the process opens dossiers of.
func (d *Def) Children() []string {
	var out []string
	for i := range d.nodes {
		if n := &d.nodes[i]; n.kind == kChild && !slices.Contains(out, n.call.name) {
			out = append(out, n.call.name)
		}
	}
	return out
}

// Connectors are the names of the connectors that the process calls.
func (d *Def) Connectors() []string {
	var out []string
	for i := range d.nodes {
		if n := &d.nodes[i]; n.kind == kConnector && !slices.Contains(out, n.call.name) {
			out = append(out, n.call.name)
		}
	}
	return out
}

// Starts are the ids of the events that the process may begin with.
func (d *Def) Starts() []string {
	out := make([]string, len(d.bodies[0].starts))
	for i, s := range d.bodies[0].starts {
		out[i] = d.nodes[s].info.ID
	}
	return out
}

// EventName is the name of the message or signal, or the code, that an element waits for
// or throws.
func (d *Def) EventName(id string) string {
	if i, ok := d.index[id]; ok {
		return d.nodes[i].name
	}
	return ""
}

// IsSignal reports whether an element waits for a signal.
func (d *Def) IsSignal(id string) bool {
	i, ok := d.index[id]
	return ok && d.nodes[i].event == bpmn.Signal
}

// ErrorCodes are the codes that the process catches by name.
func (d *Def) ErrorCodes() []string {
	var out []string
	for i := range d.nodes {
		if n := &d.nodes[i]; n.kind == kBoundary && n.event == bpmn.Error && n.name != "" && !slices.Contains(out, n.name) {
			out = append(out, n.name)
		}
	}
	return out
}
