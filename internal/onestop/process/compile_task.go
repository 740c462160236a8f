package process

import (
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/feel"
)

// The built-in actions of officers.
const (
	DoAccept     = "accept"
	DoSupplement = "supplement"
	DoRefuse     = "refuse"
	DoAssign     = "assign"
	DoApprove    = "approve"
	DoSubmit     = "submit"
	DoReturn     = "returnStep"
	DoSign       = "sign"
	DoNumber     = "number"
	DoIssue      = "issue"
	DoExtend     = "extend"
	DoStop       = "stop"
	DoHandOver   = "handOver"
	DoConsult    = "consult"
)

// The answers of a unit that is consulted.
const (
	DoAgree  = "agree"
	DoObject = "object"
)

// opinionPrefix begins the step of a consulted unit's task.
const opinionPrefix = "opinion."

// OpinionOf is the step that a task gives an opinion on; false for every other task.
func OpinionOf(step string) (asked string, ok bool) { return strings.CutPrefix(step, opinionPrefix) }

// known are the actions that officers' steps may name, each with its milestone.
//
//nolint:gochecknoglobals // immutable table
var known = map[string]string{
	DoAccept: "accepted", DoSupplement: "supplementAsked", DoRefuse: "refused", DoAssign: "", DoApprove: "", DoSubmit: "",
	DoReturn: "", DoSign: "signed", DoNumber: "numbered", DoIssue: "returned", DoExtend: "extended", DoStop: "stopped", DoHandOver: "",
	DoConsult: "consulted",
}

// recallWord may be written, though it needs no declaration: every task may be recalled by
// the one who handed it over.
const recallWord = "recall"

// plainAction completes a task of a model that is no service.
const plainAction = "complete"

// user compiles a task for people.
func (c *compiler) user(i int, e *bpmn.Element) {
	n := &c.def.nodes[i]
	u := &user{counts: c.flag(e, "counts", true), silence: e.Attrs["silence"].S}
	n.user = u
	role, unit := c.attr(e, "role"), c.attr(e, "unit")
	n.info.Role, n.info.Unit, n.info.Counts, n.info.Silence = role.S, unit.S, u.counts, u.silence
	if n.info.Form = e.Attrs["form"].S; n.info.Form == "" {
		n.info.Form = e.ID
	}
	n.info.Label = c.label("step", e, false)
	if n.info.Public = c.label("public", e, true); n.info.Public.IsZero() {
		n.info.Public = n.info.Label
	}
	if key := e.Attrs["publicLabel"]; key.Set() && c.opt.Texts != nil {
		l, ok := c.opt.Texts.Label(key.S)
		if n.info.Public = l; !ok {
			c.fail(key.Pos, e.ID+".publicLabel", "process.lint.label", "key", key.S)
		}
	}
	n.info.Clock = c.clockOf(e, role.S)
	if h := e.Attrs["hours"]; h.Set() {
		v, err := strconv.ParseFloat(h.S, 64)
		if err != nil || v <= 0 || v > 2000 {
			c.fail(h.Pos, e.ID+".hours", "process.lint.hours", "value", h.S)
		}
		n.info.Minutes = int(v*60 + 0.5)
	}
	if w := e.Attrs["within"]; w.Set() {
		var err error
		if u.within, err = calendar.ParseTerm(w.S); err != nil {
			c.fail(w.Pos, e.ID+".within", "process.lint.period", "value", w.S)
		}
		n.info.Within = w.S
	}
	c.person(n, e, role, unit)
	c.actions(i, e)
	switch {
	case u.silence != "" && !slices.Contains(u.names, u.silence):
		c.fail(e.Pos, e.ID+".silence", "process.lint.silence", "action", u.silence)
	case (u.silence == "") != u.within.IsZero():
		// Without a term and its end a dossier could wait for ever.
		c.fail(e.Pos, e.ID, "process.lint.within")
	}
}

func (c *compiler) clockOf(e *bpmn.Element, role string) string {
	t := e.Attrs["clock"]
	switch t.S {
	case "":
		if role == RoleApplicant {
			return RoleApplicant
		}
		return "unit"
	case "unit", RoleApplicant, "none":
	default:
		c.fail(t.Pos, e.ID+".clock", "process.lint.clock", "value", t.S)
	}
	return t.S
}

// person checks whose task it is.
func (c *compiler) person(n *node, e *bpmn.Element, role, unit decl.Text) {
	switch {
	case role.S == RoleApplicant:
		if unit.Set() {
			c.fail(unit.Pos, e.ID+".unit", "process.lint.unitApplicant")
		}
		if n.user.within.IsZero() {
			c.fail(e.Pos, e.ID, "process.lint.within")
		}
		return
	case c.opt.Plain:
		return
	case role.S == "":
		c.fail(e.Pos, e.ID+".role", "process.lint.noRole")
	case c.opt.Roles != nil && !c.opt.Roles(role.S):
		key, near := "process.lint.role", decl.Nearest(role.S, c.opt.RoleNames)
		if near != "" {
			key = "process.lint.roleNear"
		}
		c.fail(role.Pos, e.ID+".role", key, "role", role.S, "nearest", near, "known", strings.Join(c.opt.RoleNames, ", "))
	}
	if n.user.unit = c.expr(unit, e.ID+".unit", feel.KindString); n.user.unit == nil && !unit.Set() {
		c.fail(e.Pos, e.ID+".unit", "process.lint.unit")
	}
}

// actions compiles khue:actions and khue:action of a task.
func (c *compiler) actions(i int, e *bpmn.Element) {
	u := c.def.nodes[i].user
	list := e.Attrs["actions"]
	for _, do := range strings.FieldsFunc(list.S, func(r rune) bool { return r == ' ' || r == ',' }) {
		if !slices.ContainsFunc(e.Ext, func(x bpmn.Ext) bool { return x.Name == "action" && x.Attrs["do"].S == do }) {
			c.action(i, e, bpmn.Ext{Pos: list.Pos, Name: "action", Attrs: bpmn.Attrs{"do": {S: do, Pos: list.Pos}}})
		}
	}
	for _, x := range e.Ext {
		if x.Name == "action" {
			c.action(i, e, x)
		}
	}
	if len(u.actions) == 0 {
		if !c.opt.Plain {
			c.fail(e.Pos, e.ID, "process.lint.noActions")
			return
		}
		u.actions, u.names = []action{{do: plainAction, to: -1}}, []string{plainAction}
	}
	n := &c.def.nodes[i]
	for _, a := range u.actions {
		n.info.Actions = append(n.info.Actions, ActionInfo{Do: a.do, Event: a.event, Term: a.term, Label: c.actionLabel(e.ID, a.do)})
	}
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

func (c *compiler) action(i int, e *bpmn.Element, x bpmn.Ext) {
	u, role := c.def.nodes[i].user, c.def.nodes[i].info.Role
	do, pos := x.Attrs["do"].S, x.Pos
	at := e.ID + "." + do
	for name, t := range x.Attrs {
		if !slices.Contains([]string{"do", "event", "when", "term", "result", "to"}, name) {
			c.fail(t.Pos, at, "process.lint.attribute", "name", name, "kind", "action", "nearest", "do, event, when, term, result, to")
		}
	}
	a := action{do: do, to: -1, event: x.Attrs["event"].S, term: x.Attrs["term"].S, result: x.Attrs["result"].S == "true"}
	milestone, builtin := known[do]
	switch {
	case do == "":
		c.fail(pos, e.ID, "process.lint.do")
		return
	case do == recallWord:
		return
	case slices.Contains(u.names, do):
		c.fail(pos, at, "process.lint.actionTwice", "action", do)
	case role == RoleApplicant && builtin:
		c.fail(pos, at, "process.lint.officerOnly", "action", do)
	case role != RoleApplicant && !builtin && !c.opt.Plain && (!stepID.MatchString(do) || c.actionLabel(e.ID, do).IsZero()):
		// A word of the service's own has a label of its own; a slip of the pen has none.
		c.fail(pos, at, "process.lint.action", "action", do, "known", strings.Join(actionNames(), ", "))
	}
	if a.event == "" {
		a.event = milestone
	}
	a.when = c.expr(x.Attrs["when"], at+".when", feel.KindBoolean)
	if to := x.Attrs["to"]; to.Set() {
		if k, ok := c.def.index[to.S]; ok && !leadsOn(do) && c.elem[to.S].Kind == bpmn.UserTask && c.def.nodes[k].body == c.def.nodes[i].body {
			a.to = k
		} else {
			c.fail(pos, at, "process.lint.jump", "to", to.S)
		}
	}
	if do == DoSupplement && c.opt.Terms.Supplement.Max == 0 {
		c.fail(pos, at, "process.lint.supplement")
	}
	if do == DoConsult && c.opt.Terms.Consult.Role == "" {
		c.fail(pos, at, "process.lint.consult")
	}
	if a.term != "" && !slices.ContainsFunc(c.opt.Terms.Deadlines, func(d Deadline) bool { return d.Case == a.term }) {
		c.fail(pos, at, "process.lint.term", "term", a.term)
	}
	if do == DoExtend && a.term == "" {
		c.fail(pos, at, "process.lint.extend")
	}
	u.actions, u.names = append(u.actions, a), append(u.names, do)
}

func actionNames() []string {
	names := make([]string, 0, len(known))
	for k := range known {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}
