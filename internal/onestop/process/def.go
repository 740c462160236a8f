package process

import (
	"slices"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/feel"
)

// RoleApplicant is the role of steps at which the applicant acts.
const RoleApplicant = "applicant"

// Source is steps.yaml as written: a chain, where each action names where it
// leads. Without a name approve, submit, sign and number lead to the next step of
// the list, returnStep to the one before, refuse, stop and issue to the end.
type Source struct {
	Format string       `yaml:"format,required"`
	Steps  []SourceStep `yaml:"steps,required"`
}

// SourceStep is one step. Unit, When are FEEL over the form's fields and case,
// channel, receiving, competent.
type SourceStep struct {
	Pos     decl.Pos
	ID      string         `yaml:"id,required"`
	Role    string         `yaml:"role,required"`
	Unit    decl.Text      `yaml:"unit"`
	Hours   decl.Text      `yaml:"hours"` // budget in working hours: 1, 0.5
	When    decl.Text      `yaml:"when"`  // else the step is passed over
	Counts  *bool          `yaml:"counts"`
	Within  decl.Text      `yaml:"within"`  // of the applicant's step: P1D, PT8H
	Silence string         `yaml:"silence"` // the action taken when Within runs out
	Actions []SourceAction `yaml:"actions,required"`
}

// SourceAction is one thing that can be done at a step; a bare word is an action
// without options.
type SourceAction struct {
	Pos    decl.Pos
	Do     string    `yaml:"do,scalar"`
	To     string    `yaml:"to"`
	When   decl.Text `yaml:"when"`
	Event  string    `yaml:"event"`  // milestone; built-in actions have their own
	Term   string    `yaml:"term"`   // of extend: the named deadline
	Result bool      `yaml:"result"` // the result document is made now
}

// Terms are the legal terms of a service (service.yaml).
type Terms struct {
	Deadlines  []Deadline
	Receive    int // working hours in which the one-stop answers
	Supplement SupplementTerms
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
	Max    int    // rounds, 0: none allowed
	Within Period // for the applicant
	Resume bool   // the count goes on after it; otherwise it starts again
}

// Options are what a source is compiled against.
type Options struct {
	File  string     // name in problems, "steps.yaml"
	Scope feel.Scope // form.Form.Scope
	Texts decl.Texts // step.<id>, public.<id>
	Terms Terms
	Roles func(role string) bool // nil: any role is taken
}

// Def is a compiled process. It is immutable and shared by all its instances.
type Def struct {
	nodes  []node
	index  map[string]int
	terms  Terms
	digest string

	readsAnswers bool
}

// node is one compiled step.
type node struct {
	info    StepInfo
	unit    *feel.Expr
	when    *feel.Expr // nil: always
	counts  bool
	within  Period
	silence string
	actions []action
	names   []string
}

// end is the target of an action after which nothing comes.
const end = -1

type action struct {
	do     string
	to     int
	when   *feel.Expr
	event  string
	term   string
	result bool
}

// StepInfo is one step of a definition, to be read.
type StepInfo struct {
	ID      string
	Role    string
	Unit    string // FEEL as declared
	Minutes int    // budget in working minutes; 0 where none is declared
	Label   decl.Label
	Public  decl.Label // what the citizen reads
	Actions []ActionInfo
}

// ActionInfo is one action of a step, for step tables and forms.
type ActionInfo struct {
	Do    string
	To    string // step, or "" at the end
	Label decl.Label
}

// Digest identifies the definition and its terms.
func (d *Def) Digest() string { return d.digest }

// Terms are the legal terms that the definition was compiled with.
func (d *Def) Terms() Terms { return d.terms }

// ReadsAnswers reports whether a condition or a route reads an answer of the form, so
// that a step needs what the applicant filled in. Case, channel and the agencies are no
// answers: the dossier itself has them.
func (d *Def) ReadsAnswers() bool { return d.readsAnswers }

// own are the variables that every dossier has without its form.
//
//nolint:gochecknoglobals // immutable table
var own = []string{"case", "channel", "receiving", "competent"}

func (n *node) readsAnswers() bool {
	exprs := []*feel.Expr{n.unit, n.when}
	for _, a := range n.actions {
		exprs = append(exprs, a.when)
	}
	for _, e := range exprs {
		if e == nil {
			continue
		}
		for _, p := range e.Paths() {
			if !slices.Contains(own, p) {
				return true
			}
		}
	}
	return false
}

// Steps are the steps in order.
func (d *Def) Steps() []StepInfo {
	out := make([]StepInfo, len(d.nodes))
	for i := range d.nodes {
		out[i] = d.nodes[i].info
	}
	return out
}

// Step is one step by id.
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

// Avoids reports whether the result can be handed over without an action ever being
// taken: an unsigned path, for the linter.
func (d *Def) Avoids(do string) bool {
	seen := make([]bool, len(d.nodes))
	var walk func(i int) bool
	walk = func(i int) bool {
		if i == end || seen[i] {
			return false
		}
		seen[i] = true
		n := &d.nodes[i]
		for _, a := range n.actions {
			if a.do == DoIssue && a.to == end || a.do != do && walk(a.to) {
				return true
			}
		}
		return n.when != nil && walk(i+1)
	}
	return walk(0)
}

// Minutes is the sum of the officers' budgets on the plain way through.
func (d *Def) Minutes() int {
	sum := 0
	for i := range d.nodes {
		sum += d.nodes[i].info.Minutes
	}
	return sum
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
		if slices.Contains(n.names, DoIssue) {
			add("issued")
		}
		for _, a := range n.actions {
			add(a.event)
			if a.do == DoSupplement {
				add("supplied", "lapsed")
			}
		}
		if n.silence != "" {
			add("silenceAgreed")
		}
	}
	add("withdrawn")
	return out
}

// UsesTerm reports whether an action counts by a named term.
func (d *Def) UsesTerm(name string) bool {
	return slices.ContainsFunc(d.nodes, func(n node) bool {
		return slices.ContainsFunc(n.actions, func(a action) bool { return a.term == name })
	})
}
