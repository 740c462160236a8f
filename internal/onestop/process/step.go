package process

import (
	"slices"
	"time"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/feel"
)

// limits of one step: packages come from many hands.
const (
	exprSteps  = 20_000
	exprMemory = 1 << 20
	maxMoves   = 10_000
	maxTokens  = 5_000
)

// Step moves an instance by one event. It changes none of its arguments. Errors:
//
//	Conflict process.stale       the token has moved on, or waits for the applicant
//	Conflict process.ended       the dossier has ended, or cannot be taken back any more
//	Conflict process.notWaiting  nothing waits for what came
//	Conflict process.early       the timer is not due
//	Invalid  process.noAction    the step has no such action, or not now
//	Invalid  process.supplementSpent, process.extensionSpent
//	Invalid  process.noUnit      the first step's unit is not known
//	Invalid  process.noStep      there is no such step to move to
//	Invalid  process.noRecall    the task did not come from a task
//	Internal process.endless     the step did not come to rest
//
// What goes wrong later and is nobody's input, such as a gateway without a way on, leaves
// a token that waits for repair: nothing is lost.
func Step(d *Def, in Instance, ev Event, env Env) (Instance, []Effect, error) {
	m := &machine{d: d, i: in, env: &env, out: make([]Effect, 0, 8), first: in.State == 0}
	m.i.Tokens = slices.Clone(in.Tokens)
	m.i.Watches = slices.Clone(in.Watches)
	m.i.Done = slices.Clone(in.Done)
	m.i.Vars = slices.Clone(in.Vars)
	err := m.event(ev)
	if err == nil {
		err = m.run()
	}
	if err == nil {
		err = m.settle()
	}
	if err != nil {
		return in, nil, err
	}
	return m.i, m.out, nil
}

func (m *machine) event(ev Event) error {
	switch ev.Kind {
	case Submit:
		return m.submit(ev)
	case Act:
		return m.act(ev.Token, ev.Action, ev.Units, false)
	case Supply:
		return m.supply()
	case Withdraw:
		return m.withdraw()
	case Fire:
		return m.fire(ev.Token)
	case Message:
		return m.message(ev)
	case Signal:
		return m.signal(ev.Name)
	case Answered, ChildEnded:
		return m.answered(ev)
	case Recall:
		return m.recall(ev.Token)
	case Redate:
		return m.redate(ev)
	case Retry:
		return m.retry(ev.Token)
	case Skip:
		return m.skip(ev.Token)
	case Move:
		return m.move(ev.Token, ev.To)
	case Reopen:
		return m.reopen(ev.To)
	case Adopt:
		return m.adopt(ev)
	case Charge:
		return m.charge()
	case Again:
		return m.chargeAgain()
	case Paid:
		return m.paid()
	case Halt:
		return m.halt()
	}
	return errs.E(errs.Invalid, "process.noEvent", errs.P("event", string(ev.Kind)))
}

// machine is one step in the making.
type machine struct {
	d     *Def
	i     Instance
	env   *Env
	out   []Effect
	queue []motion
	first bool // the dossier is being submitted: its applicant can mend what is wrong

	reading Token // whose variables an expression reads
	moves   int
	ended   bool // the last branch of the process has ended in this step
	final   State
}

// motion is a token on its way: it arrives at a node by a flow.
type motion struct {
	t     Token
	to    int
	flow  int  // from 1; 0: by no flow
	again bool // it comes back to where it was
}

func (m *machine) emit(e Effect) { m.out = append(m.out, e) }

func (m *machine) happened(name string) {
	if name != "" {
		m.emit(Happened{Name: name})
	}
}

func (m *machine) state(to State) error {
	from := m.i.State
	if to == Processing && m.i.Owed != 0 {
		to = Financial // what is done meanwhile does not end the wait
	}
	if from == to {
		return nil
	}
	if !from.May(to) {
		return errs.E(errs.Conflict, "process.ended", errs.P("state", from.String()))
	}
	m.i.State = to
	if to.Ended() {
		if m.i.Owed != 0 {
			m.i.Charged = false // it was not paid: reopened, it may be asked for again
		}
		m.i.Owed, m.i.Asked = 0, 0
	}
	m.emit(StateChanged{From: from, To: to})
	return nil
}

// submit begins the process: at its plain start, or at the one that ev.To names.
func (m *machine) submit(ev Event) error {
	if err := m.state(Submitted); err != nil {
		return err
	}
	if err := m.receive(); err != nil {
		return err
	}
	m.happened("submitted")
	starts := m.d.bodies[0].starts
	at := starts[0]
	for _, s := range starts {
		if n := &m.d.nodes[s]; n.info.ID == ev.To || ev.To == "" && n.event == "" {
			at = s
			break
		}
	}
	if err := m.listen(0, 0); err != nil {
		return err
	}
	m.send(Token{}, at, 0)
	return nil
}

// receive starts the one-stop's own clock.
func (m *machine) receive() error {
	if m.d.terms.Receive == 0 {
		return nil
	}
	due, err := m.env.Calendar.Due(m.env.Now, calendar.Deadline{Kind: calendar.WorkingHours, N: m.d.terms.Receive})
	if err != nil {
		return err
	}
	m.i.ReceiveBy = millis(due.At)
	m.emit(ReceiveBySet{At: due.At})
	return nil
}

// fire answers a timer: of a token, or of a watch.
func (m *machine) fire(n int) error {
	early := func(at Millis) error {
		if m.env.Now.Before(at.Time()) {
			return errs.E(errs.Conflict, "process.early", errs.P("at", at.Time()))
		}
		return nil
	}
	if w, ok := m.i.Watch(n); ok && w.Timer != 0 {
		if err := early(w.Timer); err != nil {
			return err
		}
		return m.trigger(w)
	}
	t, ok := m.i.Token(n)
	if !ok || t.Timer == 0 {
		return errs.E(errs.Conflict, "process.stale")
	}
	if err := early(t.Timer); err != nil {
		return err
	}
	switch t.Wait {
	case ForSupplement:
		return m.finish(Stopped, "lapsed", "stop")
	case ForTimer:
		m.complete(t)
		return nil
	case ForOpinion:
		return m.opinion(t, DoAgree, true)
	}
	return m.act(n, m.node(t.Step).user.silence, nil, true)
}

// message gives a message to the first that waits for it.
func (m *machine) message(ev Event) error {
	fits := func(n int, key string, x *node) bool {
		return (ev.Token == 0 || ev.Token == n) && x != nil && x.event == "message" && x.name == ev.Name && (key == "" || key == ev.Key)
	}
	for _, t := range m.i.Tokens {
		if x := m.node(t.Step); t.Wait == ForMessage && fits(t.N, t.Key, x) {
			m.take(ev.Data)
			m.complete(t)
			return nil
		}
	}
	for _, w := range m.i.Watches {
		if fits(w.N, w.Key, m.node(w.Event)) {
			m.take(ev.Data)
			return m.trigger(w)
		}
	}
	return errs.E(errs.Conflict, "process.notWaiting")
}

// signal gives a signal to all that wait for it. That nobody does is no error.
func (m *machine) signal(name string) error {
	var tokens []Token
	for _, t := range m.i.Tokens {
		if t.Wait == ForSignal && m.node(t.Step).name == name {
			tokens = append(tokens, t)
		}
	}
	var watches []Watch
	for _, w := range m.i.Watches {
		if x := m.node(w.Event); x.event == "signal" && x.name == name {
			watches = append(watches, w)
		}
	}
	for _, t := range tokens {
		if _, alive := m.i.Token(t.N); alive {
			m.complete(t)
		}
	}
	for _, w := range watches {
		if _, alive := m.i.Watch(w.N); alive {
			if err := m.trigger(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// answered takes what a connector or a child came back with.
func (m *machine) answered(ev Event) error {
	t, ok := m.i.Token(ev.Token)
	if !ok || t.Wait != ForConnector && t.Wait != ForChild {
		return errs.E(errs.Conflict, "process.stale")
	}
	if t.Wait == ForChild && m.i.State == Accepted { // officers of another unit have acted for it
		if err := m.state(Processing); err != nil {
			return err
		}
	}
	if ev.Code != "" {
		if m.throwError(t, ev.Code) {
			return nil
		}
		// Nobody catches it: the unit decides.
		m.stick(t, "process.repair.failed")
		return nil
	}
	n := m.node(t.Step)
	for _, p := range n.call.out {
		for _, v := range ev.Data {
			if v.Name == p.name && p.slot >= 0 {
				m.set(p.slot, v.Value.Value)
			}
		}
	}
	m.complete(t)
	return nil
}

// take puts the data of a message into variables of the same name.
func (m *machine) take(data []Var) {
	for _, v := range data {
		if k := slices.Index(m.d.vars, v.Name); k >= 0 {
			m.set(k, v.Value.Value)
		}
	}
}

func (m *machine) node(step string) *node {
	i, ok := m.d.index[step]
	if !ok {
		return nil
	}
	return &m.d.nodes[i]
}

// set gives a variable a value.
func (m *machine) set(k int, v feel.Value) {
	name := m.d.vars[k]
	at, found := slices.BinarySearchFunc(m.i.Vars, name, func(v Var, s string) int {
		switch {
		case v.Name < s:
			return -1
		case v.Name > s:
			return 1
		}
		return 0
	})
	if found {
		m.i.Vars[at].Value = Data{v}
		return
	}
	m.i.Vars = slices.Insert(m.i.Vars, at, Var{Name: name, Value: Data{v}})
}

// At gives expressions their variables: the form's, then the process's own.
func (m *machine) At(slot int) feel.Value {
	if slot < m.d.base {
		if m.env.Facts == nil {
			return feel.Null()
		}
		return m.env.Facts.At(slot)
	}
	name := m.d.vars[slot-m.d.base]
	switch name {
	case varAction:
		if m.reading.Did == "" {
			return feel.Null()
		}
		return feel.String(m.reading.Did)
	case varLoop:
		return m.loop()
	}
	return m.variable(name)
}

// variable looks a name up: the element of the innermost of many that carries it, then
// what the process set.
func (m *machine) variable(name string) feel.Value {
	for t := m.reading; ; {
		if t.Item != nil {
			if n := m.node(t.Step); n != nil && n.many != nil && n.many.item >= 0 && m.d.vars[n.many.item] == name {
				return t.Item.Value
			}
		}
		up, ok := m.i.Token(t.In)
		if !ok {
			break
		}
		t = up
	}
	for _, v := range m.i.Vars {
		if v.Name == name {
			return v.Value.Value
		}
	}
	return feel.Null()
}

// loop is the context of the innermost multi-instance activity around a token.
func (m *machine) loop() feel.Value {
	index := 0
	for t, ok := m.reading, true; ok; t, ok = m.i.Token(t.In) {
		if index == 0 {
			index = t.Index
		}
		if t.Many != nil {
			return feel.ContextOf(
				feel.Entry{Name: "index", Value: feel.Number(int64(index))}, feel.Entry{Name: "count", Value: feel.Number(int64(t.Many.Count))},
				feel.Entry{Name: "done", Value: feel.Number(int64(t.Many.Done))},
				feel.Entry{Name: "active", Value: feel.Number(int64(t.Many.Begun - t.Many.Done))},
			)
		}
	}
	return feel.Null()
}

func (m *machine) feel() feel.Env {
	return feel.Env{Now: m.env.Now.In(clock.Zone), Steps: exprSteps, Memory: exprMemory}
}

// eval evaluates an expression as a token sees it.
func (m *machine) eval(e *feel.Expr, t Token) feel.Value {
	if e == nil {
		return feel.Null()
	}
	m.reading = t
	v, err := e.Eval(m, m.feel())
	if err != nil {
		return feel.Null()
	}
	return v
}

// holds evaluates a condition; none always holds, and only true does otherwise.
func (m *machine) holds(e *feel.Expr, t Token) bool { return e == nil || m.eval(e, t).IsTrue() }

// decide evaluates a condition that reads nothing but the action.
func (d *Def) decide(e *feel.Expr, do string) bool {
	m := &machine{d: d, env: &Env{Now: time.Unix(0, 0)}}
	return m.eval(e, Token{Did: do}).IsTrue()
}
