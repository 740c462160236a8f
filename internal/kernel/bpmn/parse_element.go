package bpmn

import (
	"html"
	"slices"
	"strings"
)

// kinds are the elements that are read; all others are Foreign.
//
//nolint:gochecknoglobals // immutable table
var kinds = map[Kind]bool{
	StartEvent: true, EndEvent: true, CatchEvent: true, ThrowEvent: true, BoundaryEvent: true, Task: true, UserTask: true,
	ManualTask: true, ServiceTask: true, BusinessRuleTask: true, SendTask: true, ReceiveTask: true, ScriptTask: true,
	CallActivity: true, SubProcess: true, Transaction: true, AdHocSubProcess: true, ExclusiveGateway: true,
	ParallelGateway: true, InclusiveGateway: true, EventBasedGateway: true, ComplexGateway: true,
}

// eventDefs are the kinds of event definitions.
//
//nolint:gochecknoglobals // immutable table
var eventDefs = map[EventDefKind]string{
	Message: "messageRef", Timer: "", Signal: "signalRef", Error: "errorRef", Escalation: "escalationRef",
	Compensate: "activityRef", Terminate: "", Conditional: "", Link: "name", Cancel: "",
}

// defaults are attributes that change the meaning unless they hold these values.
//
//nolint:gochecknoglobals // immutable table
var defaults = map[string]string{
	"startQuantity": "1", "completionQuantity": "1", "parallelMultiple": "false", "eventGatewayType": "Exclusive",
	"ordering": "Parallel", "cancelRemainingInstances": "true",
}

// holdsBody reports whether elements of that kind hold a flow.
func holdsBody(k Kind) bool { return k == SubProcess || k == Transaction || k == AdHocSubProcess }

func (r *reader) element(n *node, b *Body, p *Process, depth int) {
	e := &Element{
		Pos: n.pos, ID: n.attr("id"), Name: r.name(n), Kind: Kind(n.name), Doc: r.doc(n), Attrs: khueAttrs(n), Ext: khueExt(n),
		Default: r.ref(n.attr("default")), Compensates: n.attr("isForCompensation") == "true",
	}
	if e.ID == "" {
		// A name is made up, so that it can be drawn and told of; it changes with the file.
		r.warn(n.pos, n.name, "noID", "kind", n.name)
		e.ID = r.id(n, n.name)
	}
	if !kinds[e.Kind] {
		e.Kind, e.Unknown = Foreign, []string{n.name}
	}
	switch e.Kind {
	case BoundaryEvent:
		e.AttachedTo, e.Interrupting = r.ref(n.attr("attachedToRef")), n.attr("cancelActivity") != "false"
	case StartEvent:
		e.Interrupting = n.attr("isInterrupting") != "false"
	case CallActivity:
		e.Called = r.ref(n.attr("calledElement"))
	case SendTask, ReceiveTask:
		e.Message, e.Instantiate = r.ref(n.attr("messageRef")), n.attr("instantiate") == "true"
	case EventBasedGateway:
		e.Instantiate = n.attr("instantiate") == "true"
	case ScriptTask:
		e.Script, e.ScriptFormat = n.kid("script").written(), n.attr("scriptFormat")
	case SubProcess, Transaction, AdHocSubProcess:
		e.Triggered = n.attr("triggeredByEvent") == "true"
		e.Body = &Body{}
	default:
	}
	for i := range n.attrs {
		if a := &n.attrs[i]; a.prefix == "" {
			if usual, ok := defaults[a.name]; ok && a.value != usual && strings.TrimSpace(a.value) != "" {
				e.Unknown = append(e.Unknown, a.name)
			}
		}
	}
	for _, k := range n.kids {
		if k.bpmn() && e.Kind != Foreign {
			r.part(e, k, b)
		}
	}
	b.Elements = append(b.Elements, e)
	if _, ok := r.elements[e.ID]; !ok {
		r.elements[e.ID] = &placed{e, b}
	}
	if e.Body != nil {
		r.body(n, e.Body, p, depth+1)
	}
}

// part reads one child of a flow element.
func (r *reader) part(e *Element, k *node, b *Body) {
	switch k.name {
	case "documentation", "extensionElements", "auditing", "monitoring", "categoryValueRef":
	case "incoming", "outgoing":
		r.listed = append(r.listed, listed{k.pos, e.ID, r.ref(k.content())})
	case "script":
	case "multiInstanceLoopCharacteristics":
		r.loop(e, k)
	case "dataInputAssociation":
		r.dataFlow(e, k, b, true)
	case "dataOutputAssociation":
		r.dataFlow(e, k, b, false)
	default:
		name, isDef := strings.CutSuffix(k.name, "EventDefinition")
		if _, ok := eventDefs[EventDefKind(name)]; isDef && ok {
			r.eventDef(e, EventDefKind(name), k)
			return
		}
		if e.Body != nil && !outsideFlow[k.name] {
			return // of the body
		}
		e.unknown(k.name)
	}
}

func (e *Element) unknown(name string) {
	if !slices.Contains(e.Unknown, name) {
		e.Unknown = append(e.Unknown, name)
	}
}

func (r *reader) eventDef(e *Element, kind EventDefKind, n *node) {
	d := EventDef{Pos: n.pos, Kind: kind, Attrs: khueAttrs(n)}
	if name := eventDefs[kind]; name != "" {
		d.Ref = n.attr(name)
		if kind != Link {
			d.Ref = r.ref(d.Ref)
		}
	}
	d.Date, d.Duration, d.Cycle = n.kid("timeDate").written(), n.kid("timeDuration").written(), n.kid("timeCycle").written()
	d.Condition = n.kid("condition").written()
	if kind == Compensate && n.attr("waitForCompletion") == "false" {
		e.unknown("waitForCompletion")
	}
	e.Events = append(e.Events, d)
}

func (r *reader) loop(e *Element, n *node) {
	l := &Loop{
		Pos: n.pos, Sequential: n.attr("isSequential") == "true", Cardinality: n.kid("loopCardinality").written(),
		Completion: n.kid("completionCondition").written(), Attrs: khueAttrs(n),
	}
	for _, k := range n.kids {
		if k.bpmn() && k.name != "loopCardinality" && k.name != "completionCondition" && k.name != "extensionElements" && k.name != "documentation" {
			e.unknown(k.name)
		}
	}
	if v := n.attr("behavior"); v != "" && v != "All" {
		e.unknown("behavior")
	}
	e.Loop = l
}

// dataFlow keeps data associations for the drawing; they also change the meaning.
func (r *reader) dataFlow(e *Element, n *node, b *Body, in bool) {
	e.unknown(n.name)
	end := "targetRef"
	if in {
		end = "sourceRef"
	}
	d := DataFlow{ID: r.id(n, "data"), From: e.ID, To: e.ID}
	if k := n.kid(end); k != nil {
		if in {
			d.From = r.ref(k.content())
		} else {
			d.To = r.ref(k.content())
		}
	}
	b.DataFlows = append(b.DataFlows, d)
}

// name is the element's name attribute; it must be plain text.
func (r *reader) name(n *node) string {
	s := n.attr("name")
	if what := markup(s); what != "" {
		r.refuse(n.pos, n.attr("id"), "markup", "found", what)
	}
	return s
}

// doc is the documentation of an element, several joined by an empty line.
func (r *reader) doc(n *node) string {
	var out []string
	for _, k := range n.kids {
		if k.is("documentation") {
			if s := r.formatted(k, n.attr("id")); s != "" {
				out = append(out, s)
			}
		}
	}
	return strings.Join(out, "\n\n")
}

// plain is the text of documentation or of a note. Elements of XHTML in it lose their
// tags; such that run or load something are refused, as is markup written as text.
func (r *reader) plain(n *node, id string) string {
	if bad := active(n, 0); bad != "" {
		r.refuse(n.pos, id, "markup", "found", "<"+bad+">")
	}
	s := strings.TrimSpace(n.content())
	if what := markup(s); what != "" {
		r.refuse(n.pos, id, "markup", "found", what)
	}
	return s
}

// formatted is the text of documentation in which some editors write paragraphs as
// HTML. Tags that only format are dropped with a warning, all others are refused.
func (r *reader) formatted(n *node, id string) string {
	s := strings.TrimSpace(n.content())
	if markup(s) == "" {
		return r.plain(n, id)
	}
	bare, dropped := dropTags(s)
	if what := markup(bare); what != "" || !dropped {
		return r.plain(n, id)
	}
	r.warn(n.pos, id, "formatted")
	return strings.TrimSpace(bare)
}

// dropTags leaves out tags that only format, each line of blocks apart.
func dropTags(s string) (bare string, dropped bool) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			break
		}
		end := strings.IndexByte(s[i:], '>')
		if end < 0 {
			break
		}
		name, _, _ := strings.Cut(strings.Trim(s[i+1:i+end], "/ "), " ")
		if name = strings.ToLower(name); !harmless[name] || strings.Contains(s[i+1:i+end], "=") {
			b.WriteString(s[:i+1])
			s = s[i+1:]
			continue
		}
		b.WriteString(s[:i])
		if name == "p" || name == "br" || name == "div" || name == "li" {
			b.WriteByte('\n')
		}
		s, dropped = s[i+end+1:], true
	}
	b.WriteString(s)
	return html.UnescapeString(b.String()), dropped
}

// harmless are the XHTML elements of formatted documentation.
//
//nolint:gochecknoglobals // immutable table
var harmless = map[string]bool{
	"html": true, "body": true, "p": true, "div": true, "span": true, "br": true, "b": true, "i": true, "em": true,
	"strong": true, "u": true, "ul": true, "ol": true, "li": true, "pre": true, "table": true, "tr": true, "td": true,
}

// active is the name of an element in formatted text that is more than text.
func active(n *node, depth int) string {
	for _, k := range n.kids {
		if k.kind != elementNode {
			continue
		}
		if !harmless[strings.ToLower(k.name)] || slices.ContainsFunc(k.attrs, func(a attr) bool {
			name := strings.ToLower(a.name)
			return strings.HasPrefix(name, "on") || name == "src" || name == "href" || name == "style"
		}) {
			return k.name
		}
		if bad := active(k, depth+1); bad != "" {
			return bad
		}
	}
	return ""
}

// markup finds HTML or script in plain text: the piece found, or "".
func markup(s string) string {
	low := strings.ToLower(s)
	for _, scheme := range []string{"javascript:", "vbscript:", "data:text/html"} {
		if strings.Contains(low, scheme) {
			return scheme
		}
	}
	for i := strings.IndexByte(low, '<'); i >= 0; {
		rest := low[i+1:]
		if what := tagName(rest); what != "" {
			return "<" + what + ">"
		}
		next := strings.IndexByte(rest, '<')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return ""
}

// tagName is the name of the tag that begins with s, after its "<". "a < b" and
// "x<y" are no tags; an unclosed one counts where it could still load something.
func tagName(s string) string {
	if strings.HasPrefix(s, "!--") || strings.HasPrefix(s, "!doctype") || strings.HasPrefix(s, "?xml") {
		return "!"
	}
	s = strings.TrimPrefix(s, "/")
	end := 0
	for end < len(s) && (s[end] >= 'a' && s[end] <= 'z' || end > 0 && (s[end] >= '0' && s[end] <= '9' || s[end] == '-' || s[end] == ':')) {
		end++
	}
	if end == 0 {
		return ""
	}
	name := s[:end]
	switch name {
	case "script", "img", "iframe", "object", "embed", "svg", "math", "style", "link", "meta", "base", "form", "input", "video", "audio":
		return name
	}
	stop := strings.IndexAny(s, "<>")
	if stop >= 0 && s[stop] == '>' && strings.IndexByte(" \t\r\n/>", s[end]) >= 0 {
		return name
	}
	return ""
}
