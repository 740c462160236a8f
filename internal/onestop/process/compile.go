package process

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/feel"
)

// Format is the word that steps.yaml begins with.
const Format = "khue-steps/1"

// The built-in actions of officers.
const (
	DoAccept     = "accept"
	DoSupplement = "supplement"
	DoRefuse     = "refuse"
	DoApprove    = "approve"
	DoSubmit     = "submit"
	DoReturn     = "returnStep"
	DoSign       = "sign"
	DoNumber     = "number"
	DoIssue      = "issue"
	DoExtend     = "extend"
	DoStop       = "stop"
)

// known are the actions that officers' steps may name, each with its milestone.
//
//nolint:gochecknoglobals // immutable table
var known = map[string]string{
	DoAccept: "accepted", DoSupplement: "supplementAsked", DoRefuse: "refused", DoApprove: "", DoSubmit: "",
	DoReturn: "", DoSign: "signed", DoNumber: "numbered", DoIssue: "returned", DoExtend: "extended", DoStop: "stopped",
}

// later are words of the field that this engine does not run yet.
//
//nolint:gochecknoglobals // immutable table
var later = []string{"assign", "recall", "consult", "handOver"}

var stepID = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]*$`)

// maxSteps bounds a chain; the longest that the catalogue knows has under thirty.
const maxSteps = 200

type compiler struct {
	src      Source
	opt      Options
	def      *Def
	problems decl.Problems
}

// Compile checks a source and compiles it. The definition is nil where a problem is an error.
func Compile(src Source, opt Options) (*Def, decl.Problems) {
	c := &compiler{src: src, opt: opt, def: &Def{index: map[string]int{}, terms: opt.Terms}}
	if src.Format != Format {
		c.fail(decl.Pos{Line: 1, Col: 1}, "format", "process.lint.format", "want", Format)
	}
	if len(src.Steps) == 0 || len(src.Steps) > maxSteps {
		c.fail(decl.Pos{Line: 1, Col: 1}, "steps", "process.lint.steps", "max", maxSteps)
		return nil, c.problems
	}
	for i, s := range src.Steps {
		if !stepID.MatchString(s.ID) {
			c.fail(s.Pos, s.ID, "process.lint.id", "id", s.ID)
		}
		if _, twice := c.def.index[s.ID]; twice {
			c.fail(s.Pos, s.ID, "process.lint.idTwice", "id", s.ID)
		}
		c.def.index[s.ID] = i
	}
	for i, s := range src.Steps {
		c.def.nodes = append(c.def.nodes, c.node(i, s))
	}
	if !c.problems.Failed() {
		c.graph()
	}
	c.problems.Sort()
	if c.problems.Failed() {
		return nil, c.problems
	}
	c.def.digest = digest(src, opt.Terms)
	c.def.readsAnswers = slices.ContainsFunc(c.def.nodes, func(n node) bool { return n.readsAnswers() })
	return c.def, c.problems
}

func digest(src Source, terms Terms) string {
	b, err := json.Marshal(struct {
		Source Source
		Terms  Terms
	}{src, terms})
	if err != nil {
		panic("process: digest: " + err.Error()) // plain structs only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (c *compiler) report(level decl.Level, pos decl.Pos, element, key string, kv ...any) {
	params := make(errs.Params, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		params[fmt.Sprint(kv[i])] = kv[i+1]
	}
	c.problems = append(c.problems, decl.Problem{
		File: c.opt.File, Pos: pos, Element: element, Level: level, Key: key, Params: params,
	})
}

func (c *compiler) fail(pos decl.Pos, element, key string, kv ...any) {
	c.report(decl.Error, pos, element, key, kv...)
}

func (c *compiler) label(kind, id string, pos decl.Pos, optional bool) decl.Label {
	if c.opt.Texts == nil {
		return decl.Label{VI: id, EN: id}
	}
	l, ok := c.opt.Texts.Label(kind + "." + id)
	if !ok && !optional {
		c.fail(pos, id, "process.lint.label", "key", kind+"."+id)
	}
	return l
}

func (c *compiler) node(i int, s SourceStep) node {
	n := node{info: StepInfo{ID: s.ID, Role: s.Role, Unit: s.Unit.S}, counts: s.Counts == nil || *s.Counts, silence: s.Silence}
	n.info.Label = c.label("step", s.ID, s.Pos, false)
	if n.info.Public = c.label("public", s.ID, s.Pos, true); n.info.Public.IsZero() {
		n.info.Public = n.info.Label
	}
	n.when = c.expr(s.When, s.ID+".when", feel.KindBoolean)
	if s.Hours.Set() {
		h, err := strconv.ParseFloat(s.Hours.S, 64)
		if err != nil || h <= 0 || h > 2000 {
			c.fail(s.Hours.Pos, s.ID+".hours", "process.lint.hours", "value", s.Hours.S)
		}
		n.info.Minutes = int(h*60 + 0.5)
	}
	if s.Role == RoleApplicant {
		c.applicantStep(&n, s)
	} else {
		if c.opt.Roles != nil && !c.opt.Roles(s.Role) {
			c.fail(s.Pos, s.ID+".role", "process.lint.role", "role", s.Role)
		}
		if n.unit = c.expr(s.Unit, s.ID+".unit", feel.KindString); n.unit == nil {
			c.fail(s.Pos, s.ID+".unit", "process.lint.unit")
		}
		if s.Within.Set() || s.Silence != "" {
			c.fail(s.Pos, s.ID, "process.lint.withinOfficer")
		}
	}
	if len(s.Actions) == 0 {
		c.fail(s.Pos, s.ID, "process.lint.noActions")
	}
	for _, a := range s.Actions {
		n.actions = append(n.actions, c.action(i, &n, s, a))
		n.names = append(n.names, a.Do)
	}
	if n.silence != "" && !slices.Contains(n.names, n.silence) {
		c.fail(s.Pos, s.ID+".silence", "process.lint.silence", "action", n.silence)
	}
	for _, a := range n.actions {
		to := ""
		if a.to != end {
			to = c.src.Steps[a.to].ID
		}
		n.info.Actions = append(n.info.Actions, ActionInfo{Do: a.do, To: to, Label: c.actionLabel(s.ID, a.do)})
	}
	return n
}

// actionLabel is the package's own word for an action, or none.
func (c *compiler) actionLabel(step, do string) decl.Label {
	if c.opt.Texts == nil {
		return decl.Label{}
	}
	if l, ok := c.opt.Texts.Label("action." + step + "." + do); ok {
		return l
	}
	l, _ := c.opt.Texts.Label("action." + do)
	return l
}

func (c *compiler) applicantStep(n *node, s SourceStep) {
	if s.Unit.Set() {
		c.fail(s.Unit.Pos, s.ID+".unit", "process.lint.unitApplicant")
	}
	if !s.Within.Set() || s.Silence == "" {
		// Without a term and its end a dossier could wait for ever.
		c.fail(s.Pos, s.ID, "process.lint.within")
		return
	}
	var err error
	if n.within, err = ParsePeriod(s.Within.S); err != nil {
		c.fail(s.Within.Pos, s.ID+".within", "process.lint.period", "value", s.Within.S)
	}
}

func (c *compiler) action(i int, n *node, s SourceStep, a SourceAction) action {
	out := action{do: a.Do, to: end, event: a.Event, term: a.Term, result: a.Result}
	at := s.ID + "." + a.Do
	milestone, builtin := known[a.Do]
	switch {
	case a.Do == "":
		c.fail(a.Pos, s.ID, "process.lint.do")
	case slices.Contains(n.names, a.Do):
		c.fail(a.Pos, at, "process.lint.actionTwice", "action", a.Do)
	case slices.Contains(later, a.Do):
		c.fail(a.Pos, at, "process.lint.later", "action", a.Do)
	case s.Role == RoleApplicant && builtin:
		c.fail(a.Pos, at, "process.lint.officerOnly", "action", a.Do)
	case s.Role != RoleApplicant && !builtin:
		names := make([]string, 0, len(known))
		for k := range known {
			names = append(names, k)
		}
		slices.Sort(names)
		c.fail(a.Pos, at, "process.lint.action", "action", a.Do, "known", strings.Join(names, ", "))
	}
	if out.event == "" {
		out.event = milestone
	}
	out.when = c.expr(a.When, at+".when", feel.KindBoolean)
	switch {
	case a.To != "":
		j, ok := c.def.index[a.To]
		if !ok {
			c.fail(a.Pos, at, "process.lint.to", "to", a.To, "nearest", decl.Nearest(a.To, c.ids()))
		}
		out.to = j
	case a.Do == DoRefuse || a.Do == DoStop || a.Do == DoIssue:
	case a.Do == DoReturn:
		if i == 0 {
			c.fail(a.Pos, at, "process.lint.returnFirst")
		}
		out.to = max(i-1, 0)
	case a.Do == DoSupplement || a.Do == DoExtend:
		out.to = i
	case i+1 < len(c.src.Steps):
		out.to = i + 1
	default:
		c.fail(a.Pos, at, "process.lint.noNext")
	}
	if a.Do == DoSupplement && c.opt.Terms.Supplement.Max == 0 {
		c.fail(a.Pos, at, "process.lint.supplement")
	}
	if a.Term != "" && !slices.ContainsFunc(c.opt.Terms.Deadlines, func(d Deadline) bool { return d.Case == a.Term }) {
		c.fail(a.Pos, at, "process.lint.term", "term", a.Term)
	}
	if a.Do == DoExtend && a.Term == "" {
		c.fail(a.Pos, at, "process.lint.extend")
	}
	return out
}

func (c *compiler) ids() []string {
	out := make([]string, len(c.src.Steps))
	for i, s := range c.src.Steps {
		out[i] = s.ID
	}
	return out
}

func (c *compiler) expr(t decl.Text, element string, want feel.Kind) *feel.Expr {
	if !t.Set() {
		return nil
	}
	e, err := feel.Compile(t.S, c.opt.Scope)
	if err != nil {
		reason := decl.Label{VI: err.Error(), EN: err.Error()}
		var fe *feel.Error
		if errors.As(err, &fe) {
			reason = decl.Label{VI: fe.In("vi"), EN: fe.In("en")}
		}
		c.fail(t.Pos, element, "process.lint.feel", "reason", reason)
		return nil
	}
	if k := e.Type().Kind(); k != want && k != feel.KindAny {
		c.fail(t.Pos, element, "process.lint.kind", "want", want.String(), "got", k.String())
	}
	return e
}

// graph looks for steps that nothing leads to, steps that lead to no end, and a
// chain on which acceptance or a result is missing.
func (c *compiler) graph() {
	reached := make([]bool, len(c.def.nodes))
	var walk func(i int)
	walk = func(i int) {
		if i == end || reached[i] {
			return
		}
		reached[i] = true
		for _, a := range c.def.nodes[i].actions {
			walk(a.to)
		}
		if c.def.nodes[i].when != nil {
			walk(c.pass(i))
		}
	}
	walk(0)
	ends := make([]bool, len(c.def.nodes))
	for changed := true; changed; {
		changed = false
		for i, n := range c.def.nodes {
			ok := ends[i]
			for _, a := range n.actions {
				ok = ok || a.do == DoIssue && a.to == end || a.to != end && a.to != i && ends[a.to]
			}
			if ok != ends[i] {
				ends[i], changed = ok, true
			}
		}
	}
	accepts := false
	for i, s := range c.src.Steps {
		if !reached[i] {
			c.fail(s.Pos, s.ID, "process.lint.dead", "id", s.ID)
		} else if !ends[i] {
			c.fail(s.Pos, s.ID, "process.lint.noEnd", "id", s.ID)
		}
		if s.When.Set() && i+1 == len(c.src.Steps) {
			c.fail(s.Pos, s.ID, "process.lint.lastWhen")
		}
		accepts = accepts || slices.Contains(c.def.nodes[i].names, DoAccept)
	}
	if !accepts {
		c.fail(c.src.Steps[0].Pos, c.src.Steps[0].ID, "process.lint.noAccept")
	}
	if !slices.Contains(c.def.nodes[0].names, DoAccept) && accepts {
		c.fail(c.src.Steps[0].Pos, c.src.Steps[0].ID, "process.lint.acceptFirst")
	}
}

// pass is where a step that is passed over leads: to the next of the list.
func (c *compiler) pass(i int) int {
	if i+1 < len(c.def.nodes) {
		return i + 1
	}
	return end
}
