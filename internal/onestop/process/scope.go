package process

import (
	"slices"
	"time"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/feel"
)

// enter opens a sub-process or a called process: its token stays, and one begins inside.
func (m *machine) enter(t Token, n *node) error {
	host := m.rest(t, n, ForInner).N
	if err := m.arm(n, host, t); err != nil {
		return err
	}
	if err := m.listen(n.sub, host); err != nil {
		return err
	}
	at := m.d.bodies[n.sub].starts[0]
	for _, s := range m.d.bodies[n.sub].starts {
		if m.d.nodes[s].event == "" {
			at = s
			break
		}
	}
	m.send(Token{In: host, From: t.From, Did: t.Did}, at, 0)
	return nil
}

// arm watches the boundary events of an activity. One of many is watched as a whole.
func (m *machine) arm(n *node, host int, t Token) error {
	if t.Index != 0 && n.many != nil {
		return nil
	}
	for _, b := range n.boundary {
		if err := m.watch(b, host, t); err != nil {
			return err
		}
	}
	return nil
}

// listen watches the starts of a body's event sub-processes.
func (m *machine) listen(body, host int) error {
	for _, e := range m.d.bodies[body].events {
		if err := m.watch(m.d.nodes[e].starter, host, Token{In: host}); err != nil {
			return err
		}
	}
	return nil
}

// watch waits for an event beside the work of its host. Errors, escalations and
// compensation come from inside and are looked for when they are thrown.
func (m *machine) watch(event, host int, t Token) error {
	n := &m.d.nodes[event]
	w := Watch{Event: n.info.ID, Host: host}
	switch n.event {
	case bpmn.Message:
		w.Key = m.key(n, t)
	case bpmn.Signal:
	case bpmn.Timer:
		at, ok := m.when(n.timer, t)
		if !ok {
			return errs.E(errs.Invalid, "process.noTimer", errs.P("step", n.info.Label))
		}
		w.Timer, w.Left = millis(at), n.timer.count
	default:
		return nil
	}
	m.i.Last++
	w.N = m.i.Last
	m.i.Watches = append(m.i.Watches, w)
	if w.Timer != 0 {
		m.emit(TimerSet{Token: w.N, At: w.Timer.Time()})
	}
	return nil
}

func (m *machine) endOf(s string) (time.Time, bool) {
	term, err := calendar.ParseTerm(s)
	if err != nil {
		return time.Time{}, false
	}
	at, err := term.End(m.env.Now, m.env.Calendar)
	return at, err == nil
}

// unwatch takes a watch away.
func (m *machine) unwatch(n int) {
	m.i.Watches = slices.DeleteFunc(m.i.Watches, func(w Watch) bool {
		if w.N == n && w.Timer != 0 {
			m.emit(TimerCleared{Token: w.N})
		}
		return w.N == n
	})
}

// trigger acts on a watched event that came.
func (m *machine) trigger(w Watch) error {
	n := m.node(w.Event)
	host, _ := m.i.Token(w.Host)
	switch {
	case n.host >= 0 && m.d.nodes[n.host].kind == kEventSub:
		m.renewWatch(w, n.breaks)
		return m.startEventSub(&m.d.nodes[n.host], w.Host)
	case n.kind == kBoundary:
		on := Token{In: host.In, From: host.From, Did: host.Did, For: host.For}
		if n.breaks {
			m.kill(host.N)
			m.heir(host, &on)
		} else {
			m.renewWatch(w, false)
			on.For = 0
		}
		m.happened(n.notify)
		m.leave(on, n)
	default: // a branch of an event-based gateway
		m.kill(host.N)
		m.happened(n.notify)
		m.leave(Token{In: host.In, From: host.From, Did: host.Did}, n)
	}
	return nil
}

// heir lets the way out of an interrupted compensation handler go on with the compensation.
func (m *machine) heir(host Token, on *Token) {
	if host.For != 0 {
		if w, ok := m.i.Token(host.For); ok && w.Wait == ForCompensation {
			m.undone(host)
			on.For = 0
		}
	}
}

// renewWatch lets a watch of a cycle go on, and ends the others: a time comes once, a
// message to what does not interrupt as often as it is sent.
func (m *machine) renewWatch(w Watch, breaks bool) {
	n := m.node(w.Event)
	if breaks || n.event != bpmn.Timer {
		if breaks {
			m.unwatch(w.N)
		}
		return
	}
	m.unwatch(w.N)
	if w.Left == 0 || w.Left == 1 {
		return
	}
	host, _ := m.i.Token(w.Host)
	at, ok := m.when(n.timer, host)
	if !ok {
		return
	}
	m.i.Last++
	next := Watch{N: m.i.Last, Event: w.Event, Host: w.Host, Timer: millis(at), Left: max(w.Left-1, -1)}
	m.i.Watches = append(m.i.Watches, next)
	m.emit(TimerSet{Token: next.N, At: at})
}

// startEventSub begins an event sub-process in a scope; one that interrupts ends all else
// in it first.
func (m *machine) startEventSub(n *node, scope int) error {
	start := &m.d.nodes[n.starter]
	if start.breaks {
		m.clear(scope)
	}
	m.happened(start.notify)
	host := m.rest(Token{In: scope}, n, ForInner).N
	if err := m.listen(n.sub, host); err != nil {
		return err
	}
	for _, f := range start.out {
		m.send(Token{In: host}, m.d.flows[f].to, f+1)
	}
	if len(start.out) == 0 {
		m.branchEnded(host)
	}
	return nil
}

// complete ends the stay of a token at an activity or a catch event and sends it on.
func (m *machine) complete(t Token) {
	n := m.node(t.Step)
	m.i.Tokens = slices.DeleteFunc(m.i.Tokens, func(x Token) bool { return x.N == t.N })
	if t.Timer != 0 {
		m.emit(TimerCleared{Token: t.N})
	}
	for _, w := range slices.Clone(m.i.Watches) {
		if w.Host == t.N {
			m.unwatch(w.N)
		}
	}
	m.happened(n.notify)
	m.remember(t, n, t.N)
	m.leave(t, n)
}

// branchEnded ends a scope in which nothing is left.
func (m *machine) branchEnded(in int) {
	if slices.ContainsFunc(m.i.Tokens, func(t Token) bool { return t.In == in }) ||
		slices.ContainsFunc(m.queue, func(q motion) bool { return q.t.In == in }) {
		return
	}
	if in == 0 {
		m.ended = true
		for _, w := range slices.Clone(m.i.Watches) {
			m.unwatch(w.N)
		}
		return
	}
	host, ok := m.i.Token(in)
	if !ok {
		return
	}
	n := m.node(host.Step)
	if n.kind != kEventSub {
		m.complete(host)
		return
	}
	m.remove(host.N)
	for _, w := range slices.Clone(m.i.Watches) {
		if w.Host == host.N {
			m.unwatch(w.N)
		}
	}
	if host.For != 0 {
		m.undone(host)
		return
	}
	m.branchEnded(host.In)
}

// remove takes a token out; false where it is gone already.
func (m *machine) remove(n int) bool {
	k := slices.IndexFunc(m.i.Tokens, func(t Token) bool { return t.N == n })
	if k < 0 {
		return false
	}
	m.i.Tokens = slices.Delete(m.i.Tokens, k, k+1)
	return true
}

// end is what an end event does.
func (m *machine) end(t Token, n *node) error {
	m.happened(n.notify)
	if n.end != 0 {
		m.final = n.end
	}
	switch n.event {
	case bpmn.Message:
		m.emit(MessageSent{Step: n.info.ID, Name: n.name, Key: m.key(n, t)})
	case bpmn.Signal, bpmn.Compensate:
		return m.throw(Token{In: t.In, From: t.From, Did: t.Did, For: t.For}, n)
	case bpmn.Terminate:
		m.clear(t.In)
	case bpmn.Error:
		held := m.rest(t, n, ForInner)
		if !m.throwError(*held, n.name) {
			m.uncaught(n.name)
		}
		return nil
	case bpmn.Escalation:
		if m.escalate(t, n.name) {
			return nil
		}
	}
	m.branchEnded(t.In)
	return nil
}

// kill ends a token and all that is inside it.
func (m *machine) kill(n int) {
	dead := map[int]bool{n: true}
	for grown := true; grown; {
		grown = false
		for _, t := range m.i.Tokens {
			if !dead[t.N] && t.In != 0 && dead[t.In] {
				dead[t.N], grown = true, true
			}
		}
	}
	m.bury(func(t Token) bool { return dead[t.N] }, func(host int) bool { return dead[host] })
	m.queue = slices.DeleteFunc(m.queue, func(q motion) bool { return dead[q.t.In] })
	m.i.Done = slices.DeleteFunc(m.i.Done, func(d Undoable) bool { return dead[d.In] })
}

// clear ends all that is in a scope, and what the scope listens for.
func (m *machine) clear(in int) {
	for _, t := range slices.Clone(m.i.Tokens) {
		if t.In == in {
			m.kill(t.N)
		}
	}
	m.queue = slices.DeleteFunc(m.queue, func(q motion) bool { return q.t.In == in })
	for _, w := range slices.Clone(m.i.Watches) {
		if w.Host == in && m.d.nodes[m.node(w.Event).host].kind == kEventSub {
			m.unwatch(w.N)
		}
	}
}

// bury takes tokens and watches out and says so.
func (m *machine) bury(token func(Token) bool, host func(int) bool) {
	m.i.Tokens = slices.DeleteFunc(m.i.Tokens, func(t Token) bool {
		if !token(t) {
			return false
		}
		m.closed(t, "")
		return true
	})
	for _, w := range slices.Clone(m.i.Watches) {
		if host(w.Host) {
			m.unwatch(w.N)
		}
	}
}

// closed says that a token is gone: its task, timer or child with it.
func (m *machine) closed(t Token, action string) {
	switch {
	case t.Wait == ForTask || t.Wait == ForApplicant || t.Wait == ForOpinion || t.Cause != "":
		m.emit(TaskClosed{Token: t.N, Step: t.Step, Action: action})
	case t.Wait == ForChild:
		m.emit(ChildStopped{Token: t.N, Step: t.Step})
	}
	if t.Timer != 0 {
		m.emit(TimerCleared{Token: t.N})
	}
}

// beginMany begins a multi-instance activity.
func (m *machine) beginMany(t Token, n *node) error {
	items, count, ok := m.manyOf(t, n)
	if !ok {
		m.stuck(t, n, "process.repair.many")
		return nil
	}
	if count == 0 {
		m.leave(t, n)
		return nil
	}
	body := m.rest(t, n, ForMany)
	body.Many = &Many{Count: count}
	host := body.N
	if err := m.arm(n, host, t); err != nil {
		return err
	}
	begin := count
	if n.many.sequential {
		begin = 1
		for _, v := range items {
			m.token(host).Many.Items = append(m.token(host).Many.Items, Data{v})
		}
	}
	for k := range begin {
		var item *Data
		if items != nil {
			item = &Data{items[k]}
		}
		m.beginOne(host, n, k+1, item)
	}
	return nil
}

func (m *machine) token(n int) *Token {
	k := slices.IndexFunc(m.i.Tokens, func(t Token) bool { return t.N == n })
	if k < 0 {
		return nil
	}
	return &m.i.Tokens[k]
}

// beginOne begins one of many.
func (m *machine) beginOne(host int, n *node, index int, item *Data) {
	b := m.token(host)
	count := *b.Many
	count.Begun = index
	b.Many = &count // never shared with the instance before
	m.queue = append(m.queue, motion{t: Token{Step: n.info.ID, In: host, From: b.From, Did: b.Did, Index: index, Item: item}, to: m.d.index[n.info.ID]})
}

func (m *machine) manyOf(t Token, n *node) (items []feel.Value, count int, ok bool) {
	if n.many.list != nil {
		v := m.eval(n.many.list, t)
		if v.Kind() != feel.KindList {
			return nil, 0, v.IsNull()
		}
		items = v.Items()
		return items, len(items), len(items) <= maxMany
	}
	c, ok := m.eval(n.many.count, t).Int()
	return nil, int(c), ok && c >= 0 && c <= maxMany
}

// oneDone counts one of many that is complete, and ends all where that is enough.
func (m *machine) oneDone(t Token, n *node) {
	host := m.token(t.In)
	if host == nil {
		return
	}
	count := *host.Many
	count.Done++
	host.Many = &count
	if n.many.complete != nil && m.holds(n.many.complete, Token{In: t.In, Index: t.Index, Item: t.Item, Step: t.Step}) || count.Done == count.Count {
		m.clearMany(host.N)
		m.complete(*m.token(t.In))
		return
	}
	if n.many.sequential {
		var item *Data
		if count.Begun < len(count.Items) {
			item = &count.Items[count.Begun]
		}
		m.beginOne(t.In, n, count.Begun+1, item)
	}
}

// clearMany ends those of many that still run.
func (m *machine) clearMany(host int) {
	for _, t := range slices.Clone(m.i.Tokens) {
		if t.In == host {
			m.kill(t.N)
		}
	}
	m.queue = slices.DeleteFunc(m.queue, func(q motion) bool { return q.t.In == host })
}
