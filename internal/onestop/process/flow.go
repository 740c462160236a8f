package process

import (
	"slices"
	"time"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/feel"
)

// run moves tokens until each of them rests.
func (m *machine) run() error {
	for {
		for len(m.queue) > 0 {
			mv := m.queue[0]
			m.queue = m.queue[1:]
			if m.moves++; m.moves > maxMoves || len(m.i.Tokens) > maxTokens {
				return errs.E(errs.Internal, "process.endless", errs.P("step", m.d.nodes[mv.to].info.ID))
			}
			if err := m.arrive(mv); err != nil {
				return err
			}
		}
		if !m.release() {
			return nil
		}
	}
}

// send puts a token on its way.
func (m *machine) send(t Token, to, flow int) {
	m.queue = append(m.queue, motion{t: Token{In: t.In, From: t.From, Did: t.Did, For: t.For}, to: to, flow: flow})
}

// rest lets a token stand at a node.
func (m *machine) rest(t Token, n *node, w Wait) *Token {
	m.i.Last++
	m.i.Tokens = append(m.i.Tokens, Token{
		N: m.i.Last, Step: n.info.ID, In: t.In, Wait: w, Since: millis(m.env.Now), From: t.From, Did: t.Did, For: t.For, Index: t.Index, Item: t.Item,
	})
	return &m.i.Tokens[len(m.i.Tokens)-1]
}

func (m *machine) arrive(mv motion) error {
	n := &m.d.nodes[mv.to]
	t := mv.t
	if n.many != nil && t.Index == 0 {
		return m.beginMany(t, n)
	}
	switch n.kind {
	case kPass:
		m.happened(n.notify)
		m.leave(t, n)
	case kUser:
		return m.openTask(t, n, mv.again)
	case kScript:
		m.script(t, n)
	case kRule:
		m.decide(t, n)
	case kConnector:
		m.connect(t, n)
	case kChild:
		return m.openChild(t, n)
	case kThrow:
		return m.throw(t, n)
	case kCatch:
		return m.catch(t, n)
	case kScope:
		return m.enter(t, n)
	case kEnd:
		return m.end(t, n)
	case kExclusive:
		m.choose(t, n)
	case kParallel, kInclusive:
		m.join(t, n, mv.flow)
	case kEvent:
		return m.await(t, n)
	case kBoundary, kEventSub: // nothing arrives there by a flow
	}
	return nil
}

// leave sends a token on from a node that it passed or completed: by every flow whose
// condition holds, or the default. Without a flow the branch ends.
func (m *machine) leave(t Token, n *node) {
	if t.For != 0 && n.undoes {
		m.undone(t)
		return
	}
	if t.Index != 0 && n.many != nil {
		m.oneDone(t, n)
		return
	}
	if len(n.out) == 0 {
		m.branchEnded(t.In)
		return
	}
	taken := 0
	for _, f := range n.out {
		if f != n.deflt && m.holds(m.d.flows[f].cond, t) {
			m.send(t, m.d.flows[f].to, f+1)
			taken++
		}
	}
	switch {
	case taken > 0:
	case n.deflt >= 0:
		m.send(t, m.d.flows[n.deflt].to, n.deflt+1)
	default:
		m.stuck(t, n, "process.repair.noWay")
	}
}

// choose takes the first flow of an exclusive gateway whose condition holds.
func (m *machine) choose(t Token, n *node) {
	for _, f := range n.out {
		if f != n.deflt && m.holds(m.d.flows[f].cond, t) {
			m.send(t, m.d.flows[f].to, f+1)
			return
		}
	}
	switch {
	case n.deflt >= 0:
		m.send(t, m.d.flows[n.deflt].to, n.deflt+1)
	case len(n.out) == 0:
		m.branchEnded(t.In)
	default:
		m.stuck(t, n, "process.repair.noWay")
	}
}

// join lets a token wait for the other branches of a gateway, and splits.
func (m *machine) join(t Token, n *node, flow int) {
	if len(n.in) > 1 {
		w := m.rest(t, n, ForJoin)
		w.Flow = flow
		if n.kind == kInclusive {
			return // release decides when all has come to rest
		}
		if !m.joined(n, t.In) {
			return
		}
		t = m.consume(n, t.In)
	}
	m.split(t, n)
}

func (m *machine) split(t Token, n *node) {
	if n.kind == kInclusive {
		m.leave(t, n)
		return
	}
	if len(n.out) == 0 {
		m.branchEnded(t.In)
		return
	}
	for _, f := range n.out {
		m.send(t, m.d.flows[f].to, f+1)
	}
}

// joined reports whether a token waits on every flow into a gateway.
func (m *machine) joined(n *node, in int) bool {
	return !slices.ContainsFunc(n.in, func(f int) bool { return !m.waitsOn(n, in, f) })
}

func (m *machine) waitsOn(n *node, in, f int) bool {
	return slices.ContainsFunc(m.i.Tokens, func(t Token) bool {
		return t.Wait == ForJoin && t.Step == n.info.ID && t.In == in && t.Flow == f+1
	})
}

// consume takes one token of each flow out of a join; the last of them goes on.
func (m *machine) consume(n *node, in int) (last Token) {
	for _, f := range n.in {
		for k, t := range m.i.Tokens {
			if t.Wait == ForJoin && t.Step == n.info.ID && t.In == in && t.Flow == f+1 {
				if t.N > last.N {
					last = t
				}
				m.i.Tokens = slices.Delete(m.i.Tokens, k, k+1)
				break
			}
		}
	}
	return last
}

// release opens an inclusive join that nothing more can reach. Where two joins wait for
// each other and nothing else moves, the one that waited first goes.
func (m *machine) release() bool {
	var blocked *Token
	for k := range m.i.Tokens {
		t := &m.i.Tokens[k]
		if t.Wait != ForJoin {
			continue
		}
		n := m.node(t.Step)
		if n.kind != kInclusive {
			continue
		}
		if m.mayCome(n, t.In) {
			if blocked == nil && !m.othersMove(t.In) {
				blocked = t
			}
			continue
		}
		m.split(m.consume(n, t.In), n)
		return true
	}
	if blocked != nil {
		n, in := m.node(blocked.Step), blocked.In
		m.split(m.consume(n, in), n)
		return true
	}
	return false
}

// othersMove reports whether anything in a scope is not at an inclusive join.
func (m *machine) othersMove(in int) bool {
	return slices.ContainsFunc(m.i.Tokens, func(t Token) bool {
		return t.In == in && (t.Wait != ForJoin || m.node(t.Step).kind != kInclusive)
	})
}

// mayCome reports whether a token elsewhere in the scope can still reach an empty flow of
// the join, and none that is already taken.
func (m *machine) mayCome(n *node, in int) bool {
	var empty, full []int
	for _, f := range n.in {
		if m.waitsOn(n, in, f) {
			full = append(full, f)
		} else {
			empty = append(empty, f)
		}
	}
	for _, t := range m.i.Tokens {
		if t.In != in || t.Step == n.info.ID {
			continue
		}
		at := m.d.index[t.Step]
		if m.d.reaches(at, empty, n) && !m.d.reaches(at, full, n) {
			return true
		}
	}
	return false
}

// reaches reports whether a way leads from a node to one of the flows without passing
// the join itself.
func (d *Def) reaches(from int, flows []int, join *node) bool {
	seen := make([]bool, len(d.nodes))
	var walk func(i int) bool
	walk = func(i int) bool {
		if seen[i] || &d.nodes[i] == join {
			return false
		}
		seen[i] = true
		n := &d.nodes[i]
		for _, f := range n.out {
			if slices.Contains(flows, f) || walk(d.flows[f].to) {
				return true
			}
		}
		return slices.ContainsFunc(n.boundary, walk)
	}
	return walk(from)
}

// await lets a token wait for the first of several events.
func (m *machine) await(t Token, n *node) error {
	host := m.rest(t, n, ForEvent).N
	for _, f := range n.out {
		if err := m.watch(m.d.flows[f].to, host, t); err != nil {
			return err
		}
	}
	return nil
}

// catch lets a token wait for a message, a signal or a time.
func (m *machine) catch(t Token, n *node) error {
	switch n.event {
	case bpmn.Message:
		key := m.key(n, t)
		m.rest(t, n, ForMessage).Key = key
	case bpmn.Signal:
		m.rest(t, n, ForSignal)
	default:
		at, ok := m.when(n.timer, t)
		if !ok {
			m.stuck(t, n, "process.repair.timer")
			return nil
		}
		w := m.rest(t, n, ForTimer)
		w.Timer = millis(at)
		m.emit(TimerSet{Token: w.N, At: at})
	}
	return m.arm(n, m.i.Last, t)
}

func (m *machine) key(n *node, t Token) string {
	if n.key == nil {
		return ""
	}
	return m.eval(n.key, t).String()
}

// when computes the instant of a timer.
func (m *machine) when(x *timer, t Token) (time.Time, bool) {
	switch {
	case x.date != nil:
		return m.eval(x.date, t).GoTime(m.env.Now.Location())
	case x.expr != nil:
		v := m.eval(x.expr, t)
		if d, ok := v.Duration(); ok {
			return m.env.Now.Add(d), true
		}
		if n, ok := v.Months(); ok {
			return m.env.Now.AddDate(0, int(n), 0), true
		}
		s, _ := v.Text()
		return m.endOf(s)
	}
	at, err := x.term.End(m.env.Now, m.env.Calendar)
	return at, err == nil
}

// throw sends a message or a signal, escalates, or compensates.
func (m *machine) throw(t Token, n *node) error {
	m.happened(n.notify)
	switch n.event {
	case bpmn.Message:
		m.emit(MessageSent{Step: n.info.ID, Name: n.name, Key: m.key(n, t)})
	case bpmn.Signal:
		m.emit(SignalSent{Step: n.info.ID, Name: n.name})
		held := m.rest(t, n, ForInner).N // keeps its scope alive meanwhile
		if err := m.signal(n.name); err != nil {
			return err
		}
		if !m.remove(held) {
			return nil // the signal ended the branch that threw it
		}
	case bpmn.Escalation:
		if m.escalate(t, n.name) {
			return nil
		}
	case bpmn.Compensate:
		m.compensate(t, n)
		return nil
	}
	m.leave(t, n)
	return nil
}

func (m *machine) script(t Token, n *node) {
	v := m.eval(n.expr, t)
	if n.result >= 0 {
		m.set(n.result, v)
	} else {
		for _, e := range v.Entries() {
			if k := slices.Index(m.d.vars, e.Name); k >= 0 {
				m.set(k, e.Value)
			}
		}
	}
	m.happened(n.notify)
	m.passed(t, n)
}

// decide asks a decision table.
func (m *machine) decide(t Token, n *node) {
	m.reading = t
	v, err := n.rule.Decide(m.env.Facts, m.named, m.feel())
	if err != nil {
		m.stuck(t, n, "process.repair.decision")
		return
	}
	m.set(n.result, v)
	m.happened(n.notify)
	m.passed(t, n)
}

// named gives a decision its inputs: the process's variables by name; the form's the
// decision knows by itself.
func (m *machine) named(name string) feel.Value {
	if k := slices.Index(m.d.vars, name); k >= 0 {
		return m.At(m.d.base + k)
	}
	return feel.Null()
}

// passed leaves an activity that took no time; it may be undone all the same.
func (m *machine) passed(t Token, n *node) {
	m.remember(t, n, 0)
	m.leave(t, n)
}
