package process

import (
	"slices"

	"khue/internal/kernel/bpmn"
)

// throwError looks for whoever catches an error thrown at a resting token: a boundary
// event of the activity itself, then scope by scope outwards an event sub-process and a
// boundary event. A code is caught by its name before it is caught by any. false where
// nobody does: the token then still stands.
func (m *machine) throwError(t Token, code string) bool {
	return m.throwTo(t, bpmn.Error, code, nil)
}

// escalate does the same for an escalation, which does not always interrupt. It reports
// whether the branch that escalated is ended by it.
func (m *machine) escalate(t Token, code string) bool {
	broken := false
	m.throwTo(t, bpmn.Escalation, code, &broken)
	return broken
}

func (m *machine) throwTo(t Token, kind bpmn.EventDefKind, code string, broken *bool) bool {
	if host, ok := m.i.Token(t.N); ok {
		if m.atBoundary(host, kind, code, broken) {
			return true
		}
	}
	for in := t.In; ; {
		host, inner := m.i.Token(in)
		n := &node{sub: 0}
		if inner {
			n = m.node(host.Step)
		}
		if m.inScope(n, in, kind, code, broken) {
			return true
		}
		if !inner {
			return false
		}
		if m.atBoundary(host, kind, code, broken) {
			return true
		}
		in = host.In
		if n.kind == kEventSub { // its scope's other catchers listen to the work, not to each other
			up, ok := m.i.Token(in)
			if !ok {
				return false
			}
			if m.atBoundary(up, kind, code, broken) {
				return true
			}
			in = up.In
		}
	}
}

// inScope looks among the event sub-processes of a scope.
func (m *machine) inScope(n *node, in int, kind bpmn.EventDefKind, code string, broken *bool) bool {
	if n.sub < 0 {
		return false
	}
	if host, ok := m.i.Token(in); ok && host.Wait == ForMany {
		return false // the scopes are the instances inside
	}
	var starts []int
	for _, e := range m.d.bodies[n.sub].events {
		starts = append(starts, m.d.nodes[e].starter)
	}
	s := m.catcher(starts, kind, code)
	if s < 0 {
		return false
	}
	if x := &m.d.nodes[s]; broken != nil {
		*broken = x.breaks
	}
	return m.startEventSub(&m.d.nodes[m.d.nodes[s].host], in) == nil
}

// atBoundary looks at the boundary of a token's activity.
func (m *machine) atBoundary(host Token, kind bpmn.EventDefKind, code string, broken *bool) bool {
	n := m.node(host.Step)
	b := m.catcher(n.boundary, kind, code)
	if b < 0 {
		return false
	}
	x := &m.d.nodes[b]
	if host.Index != 0 && n.many != nil { // one of many: the whole is left
		if up, ok := m.i.Token(host.In); ok {
			host = up
		}
	}
	on := Token{In: host.In, From: host.From, Did: host.Did, For: host.For}
	if broken != nil {
		*broken = x.breaks
	}
	if x.breaks {
		m.kill(host.N)
		m.heir(host, &on)
	}
	m.happened(x.notify)
	m.leave(on, x)
	return true
}

// catcher finds the event of a kind that catches a code.
func (m *machine) catcher(events []int, kind bpmn.EventDefKind, code string) int {
	for _, want := range []string{code, ""} {
		if k := slices.IndexFunc(events, func(e int) bool {
			return e >= 0 && m.d.nodes[e].event == kind && m.d.nodes[e].name == want
		}); k >= 0 {
			return events[k]
		}
	}
	return -1
}

// uncaught ends the process by an error that nobody caught.
func (m *machine) uncaught(code string) {
	m.happened("error." + code)
	m.final = Stopped
	m.clear(0)
	m.branchEnded(0)
}

// remember notes a completed activity that compensation could undo.
func (m *machine) remember(t Token, n *node, scope int) {
	inner := scope != 0 && slices.ContainsFunc(m.i.Done, func(d Undoable) bool { return d.In == scope })
	if n.handler < 0 && !inner && m.undoer(n) < 0 || n.undoes {
		return
	}
	m.i.Done = append(m.i.Done, Undoable{Step: n.info.ID, In: t.In, Scope: scope})
}

// undoer is the compensation event sub-process inside an activity.
func (m *machine) undoer(n *node) int {
	if n.sub < 0 {
		return -1
	}
	for _, e := range m.d.bodies[n.sub].events {
		if m.d.nodes[m.d.nodes[e].starter].event == bpmn.Compensate {
			return e
		}
	}
	return -1
}

// compensate undoes what was done in the scope of a token, the last first; or one
// activity only. The token waits until all handlers are through.
func (m *machine) compensate(t Token, n *node) {
	in := t.In
	// Inside an event sub-process the scope that it stands in is meant.
	if host, ok := m.i.Token(in); ok && m.node(host.Step).kind == kEventSub {
		in = host.In
	}
	queue := m.undoing(in, n.name)
	if len(queue) == 0 {
		m.compensated(t, n)
		return
	}
	w := m.rest(t, n, ForCompensation)
	w.Queue = queue
	m.undoNext(w.N)
}

// compensated goes on behind the throwing event.
func (m *machine) compensated(t Token, n *node) {
	if n.kind == kEnd {
		m.branchEnded(t.In)
		return
	}
	m.leave(t, n)
}

// undoing takes the records of a scope out and lists the handlers to run.
func (m *machine) undoing(in int, only string) []string {
	var records []Undoable
	m.i.Done = slices.DeleteFunc(m.i.Done, func(d Undoable) bool {
		if d.In != in || only != "" && d.Step != only {
			return false
		}
		records = append(records, d)
		return true
	})
	slices.Reverse(records)
	var queue []string
	for _, d := range records {
		n := m.node(d.Step)
		switch sub := m.undoer(n); {
		case slices.ContainsFunc(m.i.Done, func(x Undoable) bool { return d.Scope != 0 && x.In == d.Scope && x.Step == d.Step }):
			queue = append(queue, m.undoing(d.Scope, "")...) // each of many
		case n.handler >= 0:
			queue = append(queue, m.d.nodes[n.handler].info.ID)
			m.forget(d.Scope)
		case sub >= 0:
			queue = append(queue, m.d.nodes[sub].info.ID)
			m.forget(d.Scope)
		case d.Scope != 0:
			queue = append(queue, m.undoing(d.Scope, "")...)
		}
	}
	return queue
}

// forget drops the records inside a scope that was undone as a whole.
func (m *machine) forget(scope int) {
	if scope == 0 {
		return
	}
	for _, d := range slices.Clone(m.i.Done) {
		if d.In == scope {
			m.i.Done = slices.DeleteFunc(m.i.Done, func(x Undoable) bool { return x == d })
			m.forget(d.Scope)
		}
	}
}

// undoNext runs the next handler of a compensation, or ends it.
func (m *machine) undoNext(waiting int) {
	w := m.token(waiting)
	if len(w.Queue) == 0 {
		t := *w
		m.remove(waiting)
		m.compensated(t, m.node(t.Step))
		return
	}
	h := m.d.index[w.Queue[0]]
	w.Queue = slices.Clone(w.Queue[1:])
	n := &m.d.nodes[h]
	if n.kind != kEventSub {
		m.queue = append(m.queue, motion{t: Token{In: w.In, For: waiting}, to: h})
		return
	}
	in := w.In
	host := m.rest(Token{In: in, For: waiting}, n, ForInner).N
	start := &m.d.nodes[n.starter]
	for _, f := range start.out {
		m.send(Token{In: host}, m.d.flows[f].to, f+1)
	}
	if len(start.out) == 0 {
		m.branchEnded(host)
	}
}

// undone goes on with the compensation that a handler belonged to.
func (m *machine) undone(t Token) {
	if w, ok := m.i.Token(t.For); ok && w.Wait == ForCompensation {
		m.undoNext(w.N)
		return
	}
	m.branchEnded(t.In)
}
