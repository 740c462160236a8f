package process

import (
	"regexp"
	"slices"
	"strings"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/decl"
)

// Format is the word that steps.yaml begins with.
const Format = "khue-steps/1"

// Source is steps.yaml as written: a chain, where each action names where it
// leads. Without a name an action leads to the next step of the list, returnStep to the
// one before, refuse, stop and issue to the end.
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
	Form    decl.Text      `yaml:"form"`
	Counts  *bool          `yaml:"counts"`
	Clock   decl.Text      `yaml:"clock"`
	Within  decl.Text      `yaml:"within"`  // term: P1D, PT8H, 5 workingDays
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

var stepID = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]*$`)

// maxSteps bounds a chain; the longest that the catalogue knows has under thirty.
const maxSteps = 200

// Compile checks a chain and compiles it, by way of the model that it stands for. The
// definition is nil where a problem is an error.
func Compile(src Source, opt Options) (*Def, decl.Problems) {
	m, ps := src.Model(opt.File)
	if ps.Failed() {
		ps.Sort()
		return nil, ps
	}
	d, more := CompileModel(m, opt)
	return d, append(ps, more...)
}

// Names of the elements that a chain makes beside its tasks.
const (
	startID = "start"
	endID   = "end"
)

// chain turns the steps into elements and flows.
type chain struct {
	src      Source
	file     string
	body     bpmn.Body
	index    map[string]int
	problems decl.Problems
}

// Model is the BPMN that the chain stands for: a task for each step, a gateway after
// one whose actions part, and one before a step that has a condition.
func (s Source) Model(file string) (*bpmn.Model, decl.Problems) {
	c := &chain{src: s, file: file, index: map[string]int{}}
	top := decl.Pos{Line: 1, Col: 1}
	if s.Format != Format {
		c.fail(top, "format", "process.lint.format", "want", Format)
	}
	if len(s.Steps) == 0 || len(s.Steps) > maxSteps {
		c.fail(top, "steps", "process.lint.steps", "max", maxSteps)
		return nil, c.problems
	}
	for i, st := range s.Steps {
		if !stepID.MatchString(st.ID) || st.ID == startID || st.ID == endID {
			c.fail(st.Pos, st.ID, "process.lint.id", "id", st.ID)
		}
		if _, twice := c.index[st.ID]; twice {
			c.fail(st.Pos, st.ID, "process.lint.idTwice", "id", st.ID)
		}
		c.index[st.ID] = i
	}
	if last := s.Steps[len(s.Steps)-1]; last.When.Set() {
		c.fail(last.Pos, last.ID, "process.lint.lastWhen")
	}
	if c.problems.Failed() {
		return nil, c.problems
	}
	c.add(bpmn.StartEvent, startID, top)
	c.flow(startID, c.entry(0), decl.Text{})
	for i := range s.Steps {
		c.step(i)
	}
	c.add(bpmn.EndEvent, endID, top)
	p := &bpmn.Process{ID: "chain", Executable: true, Pos: top, Body: c.body}
	return &bpmn.Model{ID: "definitions", Processes: []*bpmn.Process{p}}, c.problems
}

func (c *chain) fail(pos decl.Pos, element, key string, kv ...any) {
	c.problems = append(c.problems, decl.Problem{File: c.file, Pos: pos, Element: element, Key: key, Params: params(kv)})
}

func (c *chain) add(k bpmn.Kind, id string, pos decl.Pos) *bpmn.Element {
	e := &bpmn.Element{Pos: pos, ID: id, Kind: k, Attrs: bpmn.Attrs{}, Interrupting: true}
	c.body.Elements = append(c.body.Elements, e)
	return e
}

func (c *chain) flow(from, to string, cond decl.Text) string {
	id := from + "-" + to
	for _, f := range c.body.Flows {
		if f.ID == id {
			id += "-2"
		}
	}
	c.body.Flows = append(c.body.Flows, &bpmn.Flow{ID: id, From: from, To: to, Condition: cond})
	return id
}

// entry is what leads into a step: its gateway where it has a condition.
func (c *chain) entry(i int) string {
	if i >= len(c.src.Steps) {
		return endID
	}
	if s := c.src.Steps[i]; s.When.Set() {
		return s.ID + ".if"
	}
	return c.src.Steps[i].ID
}

func (c *chain) step(i int) {
	s := c.src.Steps[i]
	if s.When.Set() {
		g := c.add(bpmn.ExclusiveGateway, s.ID+".if", s.When.Pos)
		c.flow(g.ID, s.ID, s.When)
		g.Default = c.flow(g.ID, c.entry(i+1), decl.Text{})
	}
	e := c.add(bpmn.UserTask, s.ID, s.Pos)
	attr := func(name string, t decl.Text) {
		if t.Set() {
			e.Attrs[name] = t
		}
	}
	word := func(name, s string) {
		if s != "" {
			e.Attrs[name] = decl.Text{S: s, Pos: e.Pos}
		}
	}
	word("role", s.Role)
	attr("unit", s.Unit)
	attr("hours", s.Hours)
	attr("form", s.Form)
	attr("clock", s.Clock)
	attr("within", s.Within)
	word("silence", s.Silence)
	if s.Counts != nil && !*s.Counts {
		word("counts", "false")
	}
	var targets []string // where the actions that complete the task lead
	lead := map[string]string{}
	for _, a := range s.Actions {
		to := c.action(e, i, a)
		if to == "" {
			continue
		}
		lead[a.Do] = to
		if !slices.Contains(targets, to) {
			targets = append(targets, to)
		}
	}
	switch len(targets) {
	case 0:
		if i+1 < len(c.src.Steps) && !slices.ContainsFunc(s.Actions, func(a SourceAction) bool { return leadsOn(a.Do) }) {
			return // nothing leads on, which the compiler says
		}
	case 1:
		c.flow(s.ID, targets[0], decl.Text{})
	default:
		c.branch(s, targets, lead)
	}
}

// branch makes the gateway after a step whose actions part. The first target is the
// default: an action that is taken by silence is one of the actions too.
func (c *chain) branch(s SourceStep, targets []string, lead map[string]string) {
	g := c.add(bpmn.ExclusiveGateway, s.ID+".by", s.Pos)
	c.flow(s.ID, g.ID, decl.Text{})
	for k, to := range targets {
		if k == 0 {
			g.Default = c.flow(g.ID, to, decl.Text{})
			continue
		}
		var either []string
		for _, a := range s.Actions {
			if lead[a.Do] == to {
				either = append(either, `action = "`+a.Do+`"`)
			}
		}
		c.flow(g.ID, to, decl.Text{S: strings.Join(either, " or "), Pos: s.Pos})
	}
}

// action adds an action to its task and gives where it leads; nowhere for those that
// are built in.
func (c *chain) action(e *bpmn.Element, i int, a SourceAction) string {
	s := c.src.Steps[i]
	x := bpmn.Ext{Pos: a.Pos, Name: "action", Attrs: bpmn.Attrs{"do": {S: a.Do, Pos: a.Pos}}}
	set := func(name, v string) {
		if v != "" {
			x.Attrs[name] = decl.Text{S: v, Pos: a.Pos}
		}
	}
	if a.When.Set() {
		x.Attrs["when"] = a.When
	}
	set("event", a.Event)
	set("term", a.Term)
	if a.Result {
		set("result", "true")
	}
	to := ""
	switch {
	case a.To != "":
		j, ok := c.index[a.To]
		if !ok {
			c.fail(a.Pos, s.ID+"."+a.Do, "process.lint.to", "to", a.To, "nearest", decl.Nearest(a.To, c.ids()))
			break
		}
		if to = c.entry(j); !leadsOn(a.Do) {
			set("to", a.To)
			to = ""
		}
	case a.Do == DoReturn && i == 0:
		c.fail(a.Pos, s.ID+"."+a.Do, "process.lint.returnFirst")
	case a.Do == DoReturn:
		set("to", c.src.Steps[i-1].ID)
	case a.Do == DoIssue:
		to = endID
	case !leadsOn(a.Do):
	case i+1 < len(c.src.Steps):
		to = c.entry(i + 1)
	default:
		c.fail(a.Pos, s.ID+"."+a.Do, "process.lint.noNext")
	}
	e.Ext = append(e.Ext, x)
	return to
}

func (c *chain) ids() []string {
	out := make([]string, len(c.src.Steps))
	for i, s := range c.src.Steps {
		out[i] = s.ID
	}
	return out
}
