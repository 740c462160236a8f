package process

import (
	"slices"

	"khue/internal/kernel/errs"
)

// stuck lets a token wait for repair: it cannot go on, and nobody who acts now could help it.
func (m *machine) stuck(t Token, n *node, cause string) {
	x := m.rest(t, n, ForRepair)
	x.Cause = cause
	m.emit(GotStuck{Token: x.N, Step: n.info.ID, Cause: cause})
}

// stick marks a token that already rests.
func (m *machine) stick(t Token, cause string) {
	x := m.token(t.N)
	x.Wait, x.Cause = ForRepair, cause
	m.emit(GotStuck{Token: t.N, Step: t.Step, Cause: cause})
}

// connect asks a connector.
func (m *machine) connect(t Token, n *node) {
	in := m.inputs(n, t)
	x := m.rest(t, n, ForConnector)
	m.emit(ConnectorCalled{Token: x.N, Step: n.info.ID, Name: n.call.name, In: in})
	if err := m.arm(n, x.N, t); err != nil {
		m.stick(*m.token(m.i.Last), "process.repair.timer")
	}
}

func (m *machine) inputs(n *node, t Token) []Var {
	var in []Var
	for _, p := range n.call.in {
		in = append(in, Var{Name: p.name, Value: Data{m.eval(p.expr, t)}})
	}
	return in
}

// openChild asks for a dossier of another service.
func (m *machine) openChild(t Token, n *node) error {
	child := ChildOpened{Step: n.info.ID, Service: n.call.name, In: m.inputs(n, t)}
	child.Unit, _ = m.eval(n.call.unit, t).Text()
	child.Case, _ = m.eval(n.call.kase, t).Text()
	x := m.rest(t, n, ForChild)
	child.Token = x.N
	m.emit(child)
	return m.arm(n, child.Token, t)
}

// recall takes a task that was handed over by mistake back to the task it came from.
func (m *machine) recall(n int) error {
	t, ok := m.i.Token(n)
	if !ok || t.Wait != ForTask && t.Wait != ForApplicant {
		return errs.E(errs.Conflict, "process.stale")
	}
	to := m.cameFrom(t)
	if to < 0 || m.i.State.Ended() || m.i.State == Done && slices.Contains(m.node(t.Step).user.names, DoIssue) {
		return errs.E(errs.Invalid, "process.noRecall")
	}
	m.closeTask(t, "")
	m.jump(t, to, true)
	m.happened("recalled")
	return nil
}

// retry lets what is stuck try again.
func (m *machine) retry(n int) error {
	t, ok := m.i.Token(n)
	if !ok || t.Cause == "" && t.Wait != ForConnector {
		return errs.E(errs.Conflict, "process.stale")
	}
	x := m.node(t.Step)
	m.kill(t.N)
	m.queue = append(m.queue, motion{t: Token{In: t.In, From: t.From, Did: t.Did, Index: t.Index, Item: t.Item, For: t.For}, to: m.d.index[x.info.ID], flow: t.Flow})
	return nil
}

// skip passes over the step of a token.
func (m *machine) skip(n int) error {
	t, ok := m.i.Token(n)
	if !ok || t.Wait == ForSupplement {
		return errs.E(errs.Conflict, "process.stale")
	}
	x := m.node(t.Step)
	in := t.In
	m.kill(t.N)
	m.happened("skipped")
	switch x.kind {
	case kParallel, kInclusive:
		for _, o := range slices.Clone(m.i.Tokens) { // those that waited with it go on as one
			if o.Step == t.Step && o.In == in && o.Wait == ForJoin {
				m.kill(o.N)
			}
		}
		m.split(Token{In: in, From: t.From, Did: t.Did}, x)
	case kExclusive, kEvent:
		if len(x.out) == 0 {
			m.branchEnded(in)
			break
		}
		m.send(t, m.d.flows[x.out[0]].to, x.out[0]+1)
	default:
		m.leave(t, x)
	}
	return nil
}

// move puts a token at another step, by authority.
func (m *machine) move(n int, step string) error {
	t, ok := m.i.Token(n)
	if !ok || t.Wait == ForSupplement {
		return errs.E(errs.Conflict, "process.stale")
	}
	to, ok := m.d.index[step]
	if !ok || m.d.nodes[to].kind != kUser || m.scopeFor(t, to) < 0 {
		return errs.E(errs.Invalid, "process.noStep", errs.P("step", step))
	}
	m.kill(t.N)
	m.jump(t, to, false)
	m.happened("moved")
	if m.i.State == Done {
		return m.state(Processing)
	}
	return nil
}

// reopen lets an ended dossier go on at a task of the process itself, by authority.
func (m *machine) reopen(step string) error {
	if !m.i.State.Ended() && m.i.State != Done {
		return errs.E(errs.Conflict, "process.notEnded")
	}
	to, ok := m.d.index[step]
	if !ok || m.d.nodes[to].kind != kUser || m.d.nodes[to].body != 0 {
		return errs.E(errs.Invalid, "process.noStep", errs.P("step", step))
	}
	m.bury(func(Token) bool { return true }, func(int) bool { return true })
	m.i.Tokens, m.i.Watches = nil, nil
	from := m.i.State
	m.i.State = Processing
	if m.i.Accepted == 0 {
		m.i.State = Submitted
	}
	m.emit(StateChanged{From: from, To: m.i.State})
	m.happened("reopened")
	if err := m.listen(0, 0); err != nil {
		return err
	}
	m.queue = append(m.queue, motion{to: to})
	return nil
}

// halt stops a dossier by authority.
func (m *machine) halt() error {
	if m.i.State == 0 || m.i.State.Ended() {
		return errs.E(errs.Conflict, "process.ended", errs.P("state", m.i.State.String()))
	}
	m.bury(func(Token) bool { return true }, func(int) bool { return true })
	m.i.Tokens, m.i.Watches, m.i.Done, m.i.Paused, m.i.Owed, m.i.Asked, m.i.Charged = nil, nil, nil, 0, 0, 0, false
	from := m.i.State
	m.i.State = Stopped
	m.emit(StateChanged{From: from, To: Stopped})
	m.happened("halted")
	return nil
}
