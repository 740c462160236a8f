package process

import (
	"slices"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/errs"
)

// openTask opens a task for people.
func (m *machine) openTask(t Token, n *node, again bool) error {
	u := n.user
	wait := ForTask
	if n.info.Role == RoleApplicant {
		wait = ForApplicant
	}
	open := TaskOpened{
		Step: n.info.ID, Role: n.info.Role, Actions: u.names, Minutes: n.info.Minutes, Label: n.info.Label, Public: n.info.Public, Again: again,
	}
	var timer Millis
	if !u.within.IsZero() {
		at, err := u.within.End(m.env.Now, m.env.Calendar)
		if err != nil {
			return err
		}
		timer, open.By = millis(at), at
	}
	if wait == ForTask {
		if unit, ok := m.eval(u.unit, t).Text(); ok {
			open.Unit = unit
		}
		if open.Unit == "" && !m.d.plain {
			if m.first {
				return errs.E(errs.Invalid, "process.noUnit", errs.P("step", n.info.Label))
			}
			m.stuck(t, n, "process.repair.unit")
			return nil
		}
		if n.info.Minutes > 0 && timer == 0 {
			due, err := m.env.Calendar.Due(m.env.Now, calendar.Deadline{Kind: calendar.WorkingHours, N: (n.info.Minutes + 59) / 60})
			if err != nil {
				return err
			}
			open.By = due.At
		}
	}
	if err := m.noticeBy(&open, u, again); err != nil {
		return err
	}
	x := m.rest(t, n, wait)
	x.Timer, open.Token = timer, x.N
	m.emit(open)
	if timer != 0 {
		m.emit(TimerSet{Token: open.Token, At: timer.Time()})
	}
	if err := m.arm(n, open.Token, t); err != nil {
		return err
	}
	if slices.Contains(u.names, DoIssue) && m.i.State != Done && m.i.State.May(Done) {
		if err := m.state(Done); err != nil {
			return err
		}
		m.happened("issued")
	}
	return nil
}

// noticeBy lets a task that may ask for a supplement end no later than the office must have
// written.
func (m *machine) noticeBy(open *TaskOpened, u *user, again bool) error {
	notices, k := m.d.terms.Supplement.Notices, m.i.Supplements
	if m.i.Accepted == 0 || k >= len(notices) || k > 0 && !again || !slices.Contains(u.names, DoSupplement) {
		return nil
	}
	from := m.env.Now
	if k == 0 {
		from = m.i.Accepted.Time()
	}
	at, err := notices[k].End(from, m.env.Calendar)
	if err == nil && (open.By.IsZero() || at.Before(open.By)) {
		open.By = at
	}
	return err
}

// act takes an action on a token; silent where a term ran out and silence decides.
func (m *machine) act(n int, do string, units []string, silent bool) error {
	t, ok := m.i.Token(n)
	if ok && t.Wait == ForOpinion {
		return m.opinion(t, do, silent)
	}
	if !ok || t.Wait != ForTask && t.Wait != ForApplicant {
		return errs.E(errs.Conflict, "process.stale")
	}
	x := m.node(t.Step)
	if x == nil || x.user == nil {
		return errs.E(errs.Internal, "process.stale", errs.P("step", t.Step)) // another definition's instance
	}
	k := slices.Index(x.user.names, do)
	if k < 0 || !m.holds(x.user.actions[k].when, t) {
		return errs.E(errs.Invalid, "process.noAction", errs.P("action", do, "step", x.info.Label))
	}
	a := &x.user.actions[k]
	if silent {
		m.happened("silenceAgreed")
	}
	before := m.d.accepts && m.i.Accepted == 0
	switch do {
	case DoSupplement:
		return m.askSupplement(a, t)
	case DoRefuse:
		if before {
			return m.finish(NotAccepted, a.event, "refusal")
		}
		return m.finish(Stopped, a.event, "refusal")
	case DoStop:
		return m.finish(Stopped, a.event, "stop")
	case DoAccept:
		m.closeTask(t, do)
		return m.accept(a, x, t)
	}
	if before {
		return errs.E(errs.Invalid, "process.noAction", errs.P("action", do, "step", x.info.Label))
	}
	switch do {
	case DoExtend:
		if err := m.extend(a); err != nil {
			return err
		}
	case DoIssue:
		if err := m.state(Returned); err != nil {
			return err
		}
		m.happened(a.event)
	default:
		m.happened(a.event)
	}
	if m.d.accepts && do != DoIssue && !m.i.State.Ended() && m.i.State != Supplement {
		if err := m.state(Processing); err != nil {
			return err
		}
	}
	if a.result {
		m.emit(ResultRequested{Kind: m.d.terms.Result})
	}
	switch do {
	case DoConsult:
		return m.consult(t, units)
	case DoExtend, DoHandOver:
		m.again(t, do)
	case DoReturn:
		to := a.to
		if to < 0 {
			to = m.cameFrom(t)
		}
		if to < 0 {
			return errs.E(errs.Invalid, "process.noAction", errs.P("action", do, "step", x.info.Label))
		}
		m.closeTask(t, do)
		m.jump(t, to, false)
	default:
		m.closeTask(t, do)
		m.done(t, x, do)
	}
	return nil
}

// closeTask takes a task's token, what it watches and its timer away.
func (m *machine) closeTask(t Token, do string) {
	for _, o := range slices.Clone(m.i.Tokens) {
		if o.In == t.N { // nobody waits for an opinion any more
			m.kill(o.N)
		}
	}
	m.remove(t.N)
	m.closed(t, do)
	for _, w := range slices.Clone(m.i.Watches) {
		if w.Host == t.N {
			m.unwatch(w.N)
		}
	}
}

// done sends the token of a completed task on.
func (m *machine) done(t Token, x *node, do string) {
	t.From, t.Did = x.info.ID, do
	m.happened(x.notify)
	m.remember(t, x, 0)
	m.leave(t, x)
}

// again gives a task a new number and leaves everything else: timers run on.
func (m *machine) again(t Token, do string) {
	m.emit(TaskClosed{Token: t.N, Step: t.Step, Action: do})
	k := m.token(t.N)
	x := m.node(k.Step)
	m.i.Last++
	k.N = m.i.Last
	for i := range m.i.Watches {
		if m.i.Watches[i].Host == t.N {
			m.i.Watches[i].Host = k.N
		}
	}
	for i := range m.i.Tokens {
		if m.i.Tokens[i].In == t.N {
			m.i.Tokens[i].In = k.N
		}
	}
	open := TaskOpened{
		Token: k.N, Step: x.info.ID, Role: x.info.Role, Actions: x.user.names, Minutes: x.info.Minutes,
		Label: x.info.Label, Public: x.info.Public, Again: do == DoExtend || do == DoConsult,
	}
	open.Unit, _ = m.eval(x.user.unit, *k).Text()
	if x.info.Minutes > 0 {
		if due, err := m.env.Calendar.Due(m.env.Now, calendar.Deadline{Kind: calendar.WorkingHours, N: (x.info.Minutes + 59) / 60}); err == nil {
			open.By = due.At
		}
	}
	if k.Timer != 0 {
		open.By = k.Timer.Time()
		m.emit(TimerCleared{Token: t.N})
		m.emit(TimerSet{Token: k.N, At: open.By})
	}
	m.emit(open)
}

// cameFrom is the task that a token was handed over from, or -1.
func (m *machine) cameFrom(t Token) int {
	if i, ok := m.d.index[t.From]; ok && m.d.nodes[i].kind == kUser && m.scopeFor(t, i) >= 0 {
		return i
	}
	return -1
}

// scopeFor is the scope around a token that a node can be entered in, or -1.
func (m *machine) scopeFor(t Token, to int) int {
	want := m.d.nodes[to].body
	for in := t.In; ; {
		host, ok := m.i.Token(in)
		if !ok {
			if in == 0 && want == 0 {
				return 0
			}
			return -1
		}
		if host.Wait == ForInner && m.node(host.Step).sub == want {
			return in
		}
		in = host.In
	}
}

// jump puts a token at a task outside the drawn flows: back a step, or where authority
// wants it. Branches that began after that task and have not come together again are
// withdrawn, since they will begin anew.
func (m *machine) jump(t Token, to int, again bool) {
	in := m.scopeFor(t, to)
	for t.In != in {
		host, ok := m.i.Token(t.In)
		if !ok {
			break
		}
		m.kill(host.N)
		t.In, t.From, t.Did = host.In, host.From, host.Did
	}
	ahead := m.d.ahead(to)
	for _, o := range slices.Clone(m.i.Tokens) {
		if o.In != in || o.N == t.N || o.For != 0 {
			continue
		}
		at := m.d.index[o.Step]
		if o.Wait == ForJoin && ahead.flows[o.Flow-1] || o.Wait != ForJoin && ahead.nodes[at] {
			m.kill(o.N)
		}
	}
	m.queue = append(m.queue, motion{t: Token{In: in}, to: to, again: again})
}

// after is what lies ahead of a node up to the joins.
type after struct{ nodes, flows []bool }

func (d *Def) ahead(from int) after {
	a := after{make([]bool, len(d.nodes)), make([]bool, len(d.flows))}
	var walk func(i int)
	walk = func(i int) {
		n := &d.nodes[i]
		for _, f := range n.out {
			a.flows[f] = true
			to := d.flows[f].to
			if x := &d.nodes[to]; a.nodes[to] || (x.kind == kParallel || x.kind == kInclusive) && len(x.in) > 1 {
				continue
			}
			a.nodes[to] = true
			walk(to)
		}
		for _, b := range n.boundary {
			if !a.nodes[b] {
				a.nodes[b] = true
				walk(b)
			}
		}
	}
	walk(from)
	return a
}

// askSupplement waits for the applicant; the step, or another that the action names, goes
// on when the supplement has come.
func (m *machine) askSupplement(a *action, t Token) error {
	terms := m.d.terms.Supplement
	if m.i.Supplements >= terms.Max {
		return errs.E(errs.Invalid, "process.supplementSpent", errs.P("n", terms.Max))
	}
	m.i.Supplements++
	m.closeTask(t, a.do)
	if err := m.state(Supplement); err != nil {
		return err
	}
	if !terms.Resume && m.i.Due.Time().After(m.env.Now) {
		m.i.Due = 0
		m.emit(DueCleared{})
	}
	m.i.Last++
	w := Token{N: m.i.Last, Step: t.Step, In: t.In, Wait: ForSupplement, Since: millis(m.env.Now), From: t.From, Did: t.Did, Index: t.Index, Item: t.Item}
	if a.to >= 0 {
		w.Step = m.d.nodes[a.to].info.ID
	}
	if !terms.Within.IsZero() {
		at, err := terms.Within.End(m.env.Now, m.env.Calendar)
		if err != nil {
			return err
		}
		w.Timer = millis(at)
		m.emit(TimerSet{Token: w.N, At: at})
	}
	m.i.Tokens = append(m.i.Tokens, w)
	m.happened(a.event)
	m.emit(PaperRequested{Paper: "supplement"})
	return nil
}

func (m *machine) supply() error {
	t, ok := m.i.Waiting(ForSupplement)
	if !ok {
		return errs.E(errs.Conflict, "process.notWaiting")
	}
	m.remove(t.N)
	if t.Timer != 0 {
		m.emit(TimerCleared{Token: t.N})
	}
	if _, more := m.i.Waiting(ForSupplement); !more {
		if err := m.supplied(); err != nil {
			return err
		}
	}
	m.happened("supplied")
	m.queue = append(m.queue, motion{
		t: Token{In: t.In, From: t.From, Did: t.Did, Index: t.Index, Item: t.Item}, to: m.d.index[t.Step], again: true,
	})
	return nil
}

func (m *machine) supplied() error {
	if m.d.accepts && m.i.Accepted == 0 {
		if err := m.state(Submitted); err != nil {
			return err
		}
		return m.receive()
	}
	if err := m.state(Processing); err != nil {
		return err
	}
	return m.recount()
}

func (m *machine) withdraw() error {
	if m.i.State == 0 || m.i.State == Done || m.i.State.Ended() {
		return errs.E(errs.Conflict, "process.ended", errs.P("state", m.i.State.String()))
	}
	return m.finish(Withdrawn, "withdrawn", "")
}

// finish ends the dossier: no token is left.
func (m *machine) finish(to State, milestone, paper string) error {
	m.bury(func(Token) bool { return true }, func(int) bool { return true })
	m.i.Tokens, m.i.Watches, m.i.Done, m.i.Paused, m.queue = nil, nil, nil, 0, nil
	m.i.Charged = false
	if err := m.state(to); err != nil {
		return err
	}
	m.happened(milestone)
	if paper != "" {
		m.emit(PaperRequested{Paper: paper})
	}
	return nil
}

// settle closes the books of a step: the state of a process that came to its end, and
// whether the count runs.
func (m *machine) settle() error {
	if m.ended && !m.i.State.Ended() {
		to := m.final
		if to == 0 {
			if to = Stopped; m.i.State == Done || m.d.plain {
				to = Returned
			}
		}
		m.i.Tokens, m.i.Watches, m.i.Done = nil, nil, nil
		if m.d.plain {
			m.i.State = to // nothing was promised, so no order of states holds
			return nil
		}
		m.i.Paused = 0
		return m.state(to)
	}
	if len(m.i.Tokens) == 0 {
		m.i.Tokens = nil
	}
	if len(m.i.Watches) == 0 {
		m.i.Watches = nil
	}
	if len(m.i.Done) == 0 {
		m.i.Done = nil
	}
	m.deadlocks()
	return m.count()
}

// deadlocks finds joins that no branch can reach any more.
func (m *machine) deadlocks() {
	for k, t := range m.i.Tokens {
		if t.Wait != ForJoin || t.Cause != "" ||
			slices.ContainsFunc(m.i.Tokens, func(o Token) bool { return o.In == t.In && (o.Wait != ForJoin || o.Cause != "") }) {
			continue
		}
		m.i.Tokens[k].Cause = "process.repair.join"
		m.emit(GotStuck{Token: t.N, Step: t.Step, Cause: "process.repair.join"})
	}
}
