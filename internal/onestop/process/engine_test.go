package process_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/feel"
	"khue/internal/onestop/process"
	"khue/internal/onestop/process/bpmnrun"
)

// file is a BPMN file around the elements of one process p and what stands beside it.
func file(elements, beside string) []byte {
	return []byte(`<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:khue="https://khue.vn/bpmn/1" id="defs">` +
		`<message id="m1" name="m1"/><message id="m2" name="m2"/><signal id="s1" name="s1"/>` +
		`<error id="e1" errorCode="e1"/><error id="e2" errorCode="e2"/><escalation id="x1" escalationCode="x1"/>` +
		beside + `<process id="p" isExecutable="true">` + elements + `</process></definitions>`)
}

// drawn compiles elements. A line "a > b > c" is read as flows, the rest as XML; ids
// that no XML declares are user tasks, "(" and ")" start and end, +x a parallel, ?x an
// exclusive and *x an inclusive gateway.
func drawn(t testing.TB, text string) (*process.Def, decl.Problems) {
	t.Helper()
	return drawnBeside(t, text, "")
}

func drawnBeside(t testing.TB, text, beside string) (*process.Def, decl.Problems) {
	t.Helper()
	m, ps := bpmn.Parse("p.bpmn", file(sketch(text), beside))
	if ps.Failed() {
		t.Fatal(ps)
	}
	scope := feel.NewScope(feel.Field{Name: "big", Type: feel.BooleanType}, feel.Field{Name: "units", Type: feel.ListTypeOf(feel.StringType)})
	return process.CompileModel(m, process.Options{File: "p.bpmn", Process: "p", Scope: scope, Plain: true})
}

func sketch(text string) string {
	var xml, flows strings.Builder
	seen := map[string]bool{}
	n := 0
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if strings.HasPrefix(line, "<") {
			xml.WriteString(line)
			for _, part := range strings.Split(line, `id="`)[1:] {
				seen[part[:strings.Index(part, `"`)]] = true
			}
			continue
		}
		names := strings.Split(line, " > ")
		for i, name := range names {
			name, cond, _ := strings.Cut(name, " if ")
			id, kind := element(name)
			if !seen[id] {
				seen[id] = true
				fmt.Fprintf(&flows, `<%s id="%s"/>`, kind, id)
			}
			if i > 0 {
				from, _, _ := strings.Cut(names[i-1], " if ")
				fromID, _ := element(from)
				n++
				body := ""
				if cond != "" {
					body = `<conditionExpression>` + strings.NewReplacer("<", "&lt;").Replace(cond) + `</conditionExpression>`
				}
				fmt.Fprintf(&flows, `<sequenceFlow id="f%d" sourceRef="%s" targetRef="%s">%s</sequenceFlow>`, n, fromID, id, body)
			}
		}
	}
	return xml.String() + flows.String()
}

func element(name string) (id, kind string) {
	switch name[0] {
	case '(':
		return "start" + name[1:], "startEvent"
	case ')':
		return "end" + name[1:], "endEvent"
	case '+':
		return "par" + name[1:], "parallelGateway"
	case '?':
		return "xor" + name[1:], "exclusiveGateway"
	case '*':
		return "inc" + name[1:], "inclusiveGateway"
	case '@':
		return name[1:], "eventBasedGateway"
	}
	return name, "userTask"
}

// run plays a plain model by hand.
type run struct {
	t    testing.TB
	def  *process.Def
	inst process.Instance
	env  process.Env
	log  []string // what happened outside: messages, children, closed tasks
}

func begin(t testing.TB, text string) *run {
	t.Helper()
	return beginBeside(t, text, "")
}

func beginBeside(t testing.TB, text, beside string) *run {
	t.Helper()
	def, ps := drawnBeside(t, text, beside)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	r := &run{t: t, def: def, env: process.Env{
		Now: time.Date(2026, 11, 23, 9, 0, 0, 0, clock.Zone), Calendar: cal(t),
		Facts: feel.Values{feel.Bool(true), feel.ListOf(feel.String("east"), feel.String("west"), feel.String("north"))},
	}}
	return r.event(process.Event{Kind: process.Submit})
}

func (r *run) event(ev process.Event) *run {
	r.t.Helper()
	next, effects, err := process.Step(r.def, r.inst, ev, r.env)
	if err != nil {
		r.t.Fatalf("%+v: %v", ev, err)
	}
	if fault := bpmnrun.Holds(next); fault != "" && !strings.Contains(fault, "for ever") {
		r.t.Fatalf("after %+v: %s", ev, fault)
	}
	for _, e := range effects {
		switch e := e.(type) {
		case process.MessageSent:
			r.log = append(r.log, "message "+e.Name)
		case process.SignalSent:
			r.log = append(r.log, "signal "+e.Name)
		case process.ChildOpened:
			r.log = append(r.log, "child "+e.Service+" for "+e.Unit)
		case process.ChildStopped:
			r.log = append(r.log, "stop child "+e.Step)
		case process.ConnectorCalled:
			r.log = append(r.log, "call "+e.Name)
		case process.GotStuck:
			r.log = append(r.log, "stuck "+e.Cause)
		}
	}
	r.inst = next
	return r
}

// do completes the first task at a step.
func (r *run) do(steps ...string) *run {
	r.t.Helper()
	for _, step := range steps {
		t, ok := r.inst.At(step)
		if !ok {
			r.t.Fatalf("nothing stands at %s, but: %s", step, r.at())
		}
		r.event(process.Event{Kind: process.Act, Token: t.N, Action: "complete"})
	}
	return r
}

func (r *run) message(name string) *run {
	r.t.Helper()
	return r.event(process.Event{Kind: process.Message, Name: name})
}

// later lets the next timer fire.
func (r *run) later() *run {
	r.t.Helper()
	n, at := r.inst.NextTimer()
	if n == 0 {
		r.t.Fatal("no timer runs")
	}
	r.env.Now = at
	return r.event(process.Event{Kind: process.Fire, Token: n})
}

func (r *run) at() string {
	var out []string
	for _, t := range r.inst.Tokens {
		if t.Wait != process.ForInner && t.Wait != process.ForMany {
			out = append(out, t.Step)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// want names what stands open; "" where the process has ended.
func (r *run) want(at string) *run {
	r.t.Helper()
	if got := r.at(); got != at || (at == "") != r.inst.State.Ended() {
		r.t.Fatalf("stands at %q in state %s, want %q", got, r.inst.State, at)
	}
	return r
}

func (r *run) logged(want ...string) *run {
	r.t.Helper()
	if !slices.Equal(r.log, want) {
		r.t.Fatalf("got %q, want %q", r.log, want)
	}
	return r
}

func TestGateways(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]func(t *testing.T){
		"parallel branches wait for each other": func(t *testing.T) {
			begin(t, "( > +1 > a > +2 > c > )\n+1 > b > +2").want("a b").do("a").want("b par2").do("b").want("c").do("c").want("")
		},
		"the same branch twice does not open a join": func(t *testing.T) {
			begin(t, "( > +1 > a > +2 > c > )\n+1 > b > ?1 if action = \"complete\" > +2\n+1 > ?1").want("a b par2").do("b").want("a par2 par2").do("a").want("c par2")
		},
		"the first condition that holds is taken": func(t *testing.T) {
			begin(t, "( > ?1 > a if big > )\n?1 > b if not(big) > )").want("a")
		},
		"without a way on a token waits for repair, and can be skipped": func(t *testing.T) {
			r := begin(t, "( > ?1 > a if not(big) > )\n?1 > b if big = null > )").want("xor1").logged("stuck process.repair.noWay")
			r.event(process.Event{Kind: process.Skip, Token: r.inst.Tokens[0].N}).want("a")
		},
		"an inclusive join waits only for what is on its way": func(t *testing.T) {
			begin(t, "( > *1 > a if big > *2 > c > )\n*1 > b if big > *2\n*1 > d if not(big) > *2").want("a b").do("a").want("b inc2").do("b").want("c")
		},
		"an inclusive join waits for a token that is far upstream": func(t *testing.T) {
			begin(t, "( > *1 > a if big > *2 > z > )\n*1 > b if big > c > d > *2").do("a").want("b inc2").do("b", "c").want("d inc2").do("d").want("z")
		},
		"an inclusive join does not wait for a branch that turned away": func(t *testing.T) {
			begin(t, "( > *1 > a if big > *2 > z > )\n*1 > b if big > ?3 > d if not(big) > *2\n?3 > e if big > )2").do("a").want("b inc2").do("b").want("e z")
		},
		"an inclusive join in a loop opens each round": func(t *testing.T) {
			r := begin(t, "( > *2 > a > *1 > b if big > *2\n*1 > c if big > )")
			r.want("a").do("a").want("b c").do("b").want("a c")
		},
		"the first event decides": func(t *testing.T) {
			text := `<intermediateCatchEvent id="one"><messageEventDefinition messageRef="m1"/></intermediateCatchEvent>
				<intermediateCatchEvent id="two"><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></intermediateCatchEvent>
				( > @g > one > a > )
				@g > two > b > )`
			begin(t, text).want("g").message("m1").want("a").do("a").want("")
			begin(t, text).later().want("b")
		},
		"a token without a flow ends its branch only": func(t *testing.T) {
			begin(t, "( > +1 > a\n+1 > b").want("a b").do("a").want("b").do("b").want("")
		},
		"every flow out of a task is taken": func(t *testing.T) {
			begin(t, "( > a > b > )\na > c > )").do("a").want("b c")
		},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); c(t) })
	}
}

const timerOn = `<boundaryEvent id="late" attachedToRef="a" cancelActivity="%s"><timerEventDefinition><%s</timerEventDefinition></boundaryEvent>`

func TestBoundaryEvents(t *testing.T) {
	t.Parallel()
	a := `<userTask id="a"/>`
	breaks := fmt.Sprintf(timerOn, "true", "timeDuration>P1D</timeDuration>")
	beside := fmt.Sprintf(timerOn, "false", "timeDuration>P1D</timeDuration>")
	cycle := fmt.Sprintf(timerOn, "false", "timeCycle>R2/P1D</timeCycle>")
	flows := "\n( > a > )\nlate > warn > )2"
	for name, c := range map[string]func(t *testing.T){
		"interrupting: the task is gone":    func(t *testing.T) { begin(t, a+breaks+flows).want("a").later().want("warn") },
		"the timer goes with the task":      func(t *testing.T) { begin(t, a+breaks+flows).do("a").want("") },
		"not interrupting: the task stays":  func(t *testing.T) { begin(t, a+beside+flows).later().want("a warn").do("a").want("warn") },
		"a cycle comes as often as it says": func(t *testing.T) { begin(t, a+cycle+flows).later().later().want("a warn warn") },
		"a cycle ends": func(t *testing.T) {
			r := begin(t, a+cycle+flows).later().later()
			if n, _ := r.inst.NextTimer(); n != 0 {
				t.Error("it goes on")
			}
		},
		"a message comes again and again": func(t *testing.T) {
			begin(t, a+`<boundaryEvent id="late" attachedToRef="a" cancelActivity="false"><messageEventDefinition messageRef="m1"/></boundaryEvent>`+flows).
				message("m1").message("m1").want("a warn warn")
		},
		"one signal reaches all": func(t *testing.T) {
			begin(t, a+`<boundaryEvent id="late" attachedToRef="a"><signalEventDefinition signalRef="s1"/></boundaryEvent>
				<intermediateCatchEvent id="also"><signalEventDefinition signalRef="s1"/></intermediateCatchEvent>
				( > +1 > a > )
				+1 > also > b > )
				late > warn > )2`).want("a also").event(process.Event{Kind: process.Signal, Name: "s1"}).want("b warn")
		},
		"on a sub-process everything inside goes": func(t *testing.T) {
			begin(t, `<subProcess id="s"><startEvent id="ss"/><userTask id="i"/><userTask id="j"/><sequenceFlow id="sf" sourceRef="ss" targetRef="i"/><sequenceFlow id="sg" sourceRef="ss" targetRef="j"/></subProcess>
				<boundaryEvent id="late" attachedToRef="s"><messageEventDefinition messageRef="m1"/></boundaryEvent>
				( > s > b > )
				late > warn > )2`).want("i j").message("m1").want("warn")
		},
		"a business error of a child leads away": func(t *testing.T) {
			r := begin(t, `<callActivity id="c" calledElement="service:x.y"/><boundaryEvent id="no" attachedToRef="c"><errorEventDefinition errorRef="e1"/></boundaryEvent>
				( > c > a > )
				no > b > )2`).logged("child x.y for ")
			r.event(process.Event{Kind: process.ChildEnded, Token: r.inst.Tokens[0].N, Code: "e1"}).want("b")
		},
		"an error that nobody catches is kept for repair": func(t *testing.T) {
			r := begin(t, `<callActivity id="c" calledElement="service:x.y"/>
				( > c > a > )`)
			r.event(process.Event{Kind: process.ChildEnded, Token: r.inst.Tokens[0].N, Code: "e1"}).want("c")
			r.event(process.Event{Kind: process.Retry, Token: r.inst.Tokens[0].N}).want("c")
			r.event(process.Event{Kind: process.ChildEnded, Token: r.inst.Tokens[0].N}).want("a")
		},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); c(t) })
	}
}

// sub is a sub-process s with a task i, and what more stands in it.
func sub(more string) string {
	return `<subProcess id="s"><startEvent id="ss"/><userTask id="i"/><endEvent id="se"/><sequenceFlow id="sf" sourceRef="ss" targetRef="i"/><sequenceFlow id="sg" sourceRef="i" targetRef="se"/>` + more + `</subProcess>`
}

func TestScopes(t *testing.T) {
	t.Parallel()
	eventSub := func(id, start, breaks string) string {
		return `<subProcess id="` + id + `" triggeredByEvent="true"><startEvent id="` + id + `s" isInterrupting="` + breaks + `">` + start + `</startEvent><userTask id="` + id + `t"/><sequenceFlow id="` + id + `f" sourceRef="` + id + `s" targetRef="` + id + `t"/></subProcess>`
	}
	throws := func(def string) string {
		return `<endEvent id="bad">` + def + `</endEvent><userTask id="j"/><sequenceFlow id="h1" sourceRef="ss" targetRef="j"/><sequenceFlow id="h2" sourceRef="j" targetRef="bad"/>`
	}
	const errorDef, message = `<errorEventDefinition errorRef="e1"/>`, `<messageEventDefinition messageRef="m1"/>`
	for name, c := range map[string]func(t *testing.T){
		"a sub-process ends when all inside has": func(t *testing.T) {
			begin(t, sub("")+"\n( > s > b > )").want("i").do("i").want("b")
		},
		"an event sub-process interrupts its scope": func(t *testing.T) {
			begin(t, sub(eventSub("es", message, "true"))+"\n( > s > b > )").want("i").message("m1").want("est").do("est").want("b")
		},
		"one that does not interrupt runs beside": func(t *testing.T) {
			begin(t, sub(eventSub("es", message, "false"))+"\n( > s > b > )").message("m1").want("est i").message("m1").want("est est i").do("i", "est", "est").want("b")
		},
		"of the process itself": func(t *testing.T) {
			begin(t, eventSub("es", message, "true")+"\n( > a > b > )").message("m1").want("est").do("est").want("")
		},
		"an error goes to the boundary": func(t *testing.T) {
			begin(t, sub(throws(errorDef))+`<boundaryEvent id="no" attachedToRef="s">`+errorDef+`</boundaryEvent>
				( > s > b > )
				no > c > )2`).want("i j").do("j").want("c")
		},
		"an error is caught by its code before any other": func(t *testing.T) {
			begin(t, sub(throws(errorDef))+`<boundaryEvent id="any" attachedToRef="s"><errorEventDefinition/></boundaryEvent><boundaryEvent id="no" attachedToRef="s">`+errorDef+`</boundaryEvent>
				( > s > b > )
				any > d > )3
				no > c > )2`).do("j").want("c")
		},
		"an error event sub-process comes before the boundary": func(t *testing.T) {
			begin(t, sub(throws(errorDef)+eventSub("es", errorDef, "true"))+`<boundaryEvent id="no" attachedToRef="s">`+errorDef+`</boundaryEvent>
				( > s > b > )
				no > c > )2`).do("j").want("est").do("est").want("b")
		},
		"an error that nobody catches ends the process": func(t *testing.T) {
			begin(t, sub(throws(errorDef))+"\n( > s > b > )").do("j").want("")
		},
		"an escalation may leave the scope running": func(t *testing.T) {
			begin(t, sub(throws(`<escalationEventDefinition escalationRef="x1"/>`))+`<boundaryEvent id="up" attachedToRef="s" cancelActivity="false"><escalationEventDefinition escalationRef="x1"/></boundaryEvent>
				( > s > b > )
				up > c > )2`).do("j").want("c i").do("i").want("b c")
		},
		"an escalation may end it": func(t *testing.T) {
			begin(t, sub(throws(`<escalationEventDefinition escalationRef="x1"/>`))+`<boundaryEvent id="up" attachedToRef="s"><escalationEventDefinition/></boundaryEvent>
				( > s > b > )
				up > c > )2`).do("j").want("c")
		},
		"terminate ends its own scope only": func(t *testing.T) {
			begin(t, sub(throws(`<terminateEventDefinition/>`))+"\n( > +1 > s > b > )\n+1 > a > )2").want("a i j").do("j").want("a b")
		},
		"a called process is a scope, and may be called twice at once": func(t *testing.T) {
			called := `<process id="q"><startEvent id="qs"/><userTask id="qt"/><sequenceFlow id="qf" sourceRef="qs" targetRef="qt"/></process>`
			beginBeside(t, `<callActivity id="c1" calledElement="q"/><callActivity id="c2" calledElement="q"/>
				( > +1 > c1 > a > )
				+1 > c2 > b > )2`, called).want("qt qt").do("qt").want("a qt").do("qt").want("a b")
		},
		"a signal may end the branch that threw it": func(t *testing.T) {
			throw := `<intermediateThrowEvent id="th"><signalEventDefinition signalRef="s1"/></intermediateThrowEvent><userTask id="k"/><sequenceFlow id="h1" sourceRef="i" targetRef="th"/><sequenceFlow id="h2" sourceRef="th" targetRef="k"/>`
			begin(t, sub(throw)+`<boundaryEvent id="no" attachedToRef="s"><signalEventDefinition signalRef="s1"/></boundaryEvent>
				( > s > b > )
				no > c > )2`).do("i").want("c").logged("signal s1")
		},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); c(t) })
	}
}

func TestMany(t *testing.T) {
	t.Parallel()
	loop := func(attrs, inner string) string {
		return `<userTask id="a"` + attrs + `><multiInstanceLoopCharacteristics` + inner + `</multiInstanceLoopCharacteristics></userTask>` + "\n( > a > b > )"
	}
	for name, c := range map[string]func(t *testing.T){
		"all at once": func(t *testing.T) {
			begin(t, loop("", `><loopCardinality>3</loopCardinality>`)).want("a a a").do("a", "a").want("a").do("a").want("b")
		},
		"one after another": func(t *testing.T) {
			begin(t, loop("", ` isSequential="true"><loopCardinality>3</loopCardinality>`)).want("a").do("a").want("a").do("a", "a").want("b")
		},
		"none at all": func(t *testing.T) { begin(t, loop("", `><loopCardinality>0</loopCardinality>`)).want("b") },
		"enough is enough": func(t *testing.T) {
			begin(t, loop("", `><loopCardinality>5</loopCardinality><completionCondition>loop.done >= 2</completionCondition>`)).want("a a a a a").do("a").want("a a a a").do("a").want("b")
		},
		"one for each unit that is asked": func(t *testing.T) {
			words := ` khue:collection="units" khue:item="office"`
			for _, text := range []string{loop(words, `>`), loop("", words+`>`)} {
				r := begin(t, text).want("a a a")
				var asked []string
				for _, tok := range r.inst.Tokens {
					if tok.Item != nil {
						asked = append(asked, tok.Item.String())
					}
				}
				if strings.Join(asked, " ") != "east west north" {
					t.Error(asked)
				}
			}
		},
		"a boundary ends them all": func(t *testing.T) {
			begin(t, loop("", `><loopCardinality>3</loopCardinality>`)+"\n"+`<boundaryEvent id="late" attachedToRef="a"><timerEventDefinition><timeDuration>12 calendarDays</timeDuration></timerEventDefinition></boundaryEvent>
				late > c > )2`).do("a").later().want("c")
		},
		"sub-processes, each with its own error": func(t *testing.T) {
			s := strings.Replace(sub(`<endEvent id="bad"><errorEventDefinition errorRef="e1"/></endEvent><userTask id="j"/><sequenceFlow id="h1" sourceRef="ss" targetRef="j"/><sequenceFlow id="h2" sourceRef="j" targetRef="bad"/>`),
				`<startEvent`, `<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics><startEvent`, 1)
			begin(t, s+`<boundaryEvent id="no" attachedToRef="s"><errorEventDefinition errorRef="e1"/></boundaryEvent>
				( > s > b > )
				no > c > )2`).want("i i j j").do("i").do("j").want("c")
		},
		"a number that is none waits for repair": func(t *testing.T) {
			begin(t, loop("", `><loopCardinality>big.x</loopCardinality>`)).logged("stuck process.repair.many")
		},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); c(t) })
	}
}

func TestCompensation(t *testing.T) {
	t.Parallel()
	undo := func(id string) string {
		return `<boundaryEvent id="on` + id + `" attachedToRef="` + id + `"><compensateEventDefinition/></boundaryEvent><userTask id="un` + id + `" isForCompensation="true"/><association id="as` + id + `" sourceRef="on` + id + `" targetRef="un` + id + `"/>`
	}
	task := func(id string) string { return `<userTask id="` + id + `"/>` + undo(id) }
	const throw = `<intermediateThrowEvent id="th"><compensateEventDefinition/></intermediateThrowEvent>`
	for name, c := range map[string]func(t *testing.T){
		"the last is undone first": func(t *testing.T) {
			begin(t, task("a")+task("b")+throw+"\n( > a > b > c > th > d > )").do("a", "b", "c").want("th unb").do("unb").want("th una").do("una").want("d")
		},
		"what was not done is not undone": func(t *testing.T) {
			begin(t, task("a")+task("b")+throw+"\n( > a > th > b > )").do("a").want("th una").do("una").want("b")
		},
		"one activity only": func(t *testing.T) {
			begin(t, task("a")+task("b")+`<intermediateThrowEvent id="th"><compensateEventDefinition activityRef="a"/></intermediateThrowEvent>
				( > a > b > th > d > )`).do("a", "b").want("th una").do("una").want("d")
		},
		"nothing to undo goes on": func(t *testing.T) { begin(t, throw+"\n( > c > th > d > )").do("c").want("d") },
		"inside a sub-process that is done": func(t *testing.T) {
			begin(t, sub(undo("i"))+throw+"\n( > s > c > th > d > )").do("i", "c").want("th uni").do("uni").want("d")
		},
		"as often as it was done": func(t *testing.T) {
			begin(t, `<userTask id="a"><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></userTask>`+undo("a")+throw+"\n( > a > th > d > )").
				do("a", "a").want("th una").do("una").want("th una").do("una").want("d")
		},
		"and then the branch ends": func(t *testing.T) {
			begin(t, task("a")+`<endEvent id="th"><compensateEventDefinition/></endEvent>
				( > a > th`).do("a").want("th una").do("una").want("")
		},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); c(t) })
	}
}

func TestDataAndCalls(t *testing.T) {
	t.Parallel()
	r := begin(t, `<scriptTask id="sc" scriptFormat="feel" khue:result="n"><script>2 + 3</script></scriptTask>
		<serviceTask id="ask" khue:connector="population"><extensionElements><khue:in name="x" value="n * 2"/><khue:out name="number" value="id"/></extensionElements></serviceTask>
		( > sc > ask > ?1 > a if number = "999" and n = 5 > )
		?1 > b if number = null > )`).want("ask").logged("call population")
	ask, _ := r.inst.Waiting(process.ForConnector)
	r.event(process.Event{Kind: process.Answered, Token: ask.N, Data: []process.Var{{Name: "id", Value: process.Data{Value: feel.String("999")}}}}).want("a")
	b, err := json.Marshal(r.inst.Vars)
	if err != nil || string(b) != `[{"name":"n","value":5},{"name":"number","value":"999"}]` {
		t.Errorf("%s %v", b, err)
	}
}

func TestMessagesFindTheirOwn(t *testing.T) {
	t.Parallel()
	r := begin(t, `<receiveTask id="w" messageRef="m1" khue:collection="units" khue:item="u" khue:correlate="u"><multiInstanceLoopCharacteristics/></receiveTask>
		( > w > b > )`).want("w w w")
	if _, _, err := process.Step(r.def, r.inst, process.Event{Kind: process.Message, Name: "m1", Key: "south"}, r.env); err == nil {
		t.Error("a message for nobody was taken")
	}
	r.event(process.Event{Kind: process.Message, Name: "m1", Key: "west"})
	for _, tok := range r.inst.Tokens {
		if tok.Key == "west" {
			t.Error("west still waits")
		}
	}
}

// TestWordsOfALoopAndAMessage: modellers write khue: words at the element or inside it.
func TestWordsOfALoopAndAMessage(t *testing.T) {
	t.Parallel()
	for _, at := range [][2]string{{` khue:correlate="&quot;west&quot;"`, ""}, {"", ` khue:correlate="&quot;west&quot;"`}} {
		r := begin(t, `<intermediateCatchEvent id="w"`+at[0]+`><messageEventDefinition messageRef="m1"`+at[1]+`/></intermediateCatchEvent>
			( > w > b > )`).want("w")
		if _, _, err := process.Step(r.def, r.inst, process.Event{Kind: process.Message, Name: "m1", Key: "south"}, r.env); err == nil {
			t.Error("a message for nobody was taken")
		}
		r.event(process.Event{Kind: process.Message, Name: "m1", Key: "west"}).want("b")
	}
	// The element of a collection is named where the loop is, and read inside it.
	r := begin(t, `<receiveTask id="w" messageRef="m1" khue:correlate="u"><multiInstanceLoopCharacteristics khue:collection="units" khue:item="u"/></receiveTask>
		( > w > b > )`).want("w w w")
	r.event(process.Event{Kind: process.Message, Name: "m1", Key: "north"}).want("w w")
	// What means nothing there is refused.
	for text, word := range map[string]string{
		`<userTask id="a"><multiInstanceLoopCharacteristics khue:colection="units"/></userTask>`:                                                                   "a.colection",
		`<intermediateCatchEvent id="a"><messageEventDefinition messageRef="m1" khue:correlat="1"/></intermediateCatchEvent>`:                                      "a.correlat",
		`<intermediateCatchEvent id="a"><timerEventDefinition khue:correlate="1"><timeDuration>P1D</timeDuration></timerEventDefinition></intermediateCatchEvent>`: "a.correlate",
	} {
		if _, ps := drawn(t, text+"\n( > a > )"); !slices.ContainsFunc(ps, func(p decl.Problem) bool { return p.Element == word }) {
			t.Errorf("%s: %v", text, ps)
		}
	}
}

func TestRepair(t *testing.T) {
	t.Parallel()
	r := begin(t, "( > +1 > a > b > +2 > c > )\n+1 > d > +2").do("a").want("b d")
	b, _ := r.inst.At("b")
	r.event(process.Event{Kind: process.Recall, Token: b.N}).want("a d").do("a").do("d").want("b par2")
	b, _ = r.inst.At("b")
	r.event(process.Event{Kind: process.Move, Token: b.N, To: "c"}).want("c par2") // authority may leave a branch behind
	join, _ := r.inst.At("par2")
	r.event(process.Event{Kind: process.Skip, Token: join.N}).want("c c").do("c", "c").want("")
	r.event(process.Event{Kind: process.Reopen, To: "c"}).want("c")
	r.event(process.Event{Kind: process.Halt}).want("")
}

func TestReturningOverAForkTakesTheOtherBranchesBack(t *testing.T) {
	t.Parallel()
	r := begin(t, "( > t > +1 > a > +2 > c > )\n+1 > d > +2").do("t").want("a d")
	a, _ := r.inst.At("a")
	r.event(process.Event{Kind: process.Recall, Token: a.N}).want("t").do("t").want("a d").do("d", "a").want("c")
}

// TestIndependentEventsCommute plays two branches in either order: the same comes out.
func TestIndependentEventsCommute(t *testing.T) {
	t.Parallel()
	text := "( > +1 > a > b > +2 > z > )\n+1 > c > d > *3 > e if big > *4 > +2\n*3 > f if big > *4"
	orders := map[string]bool{}
	for seed := range uint64(200) {
		r := begin(t, text)
		rnd := rand.New(rand.NewPCG(seed, 3))
		for range 6 {
			var open []string
			for _, tok := range r.inst.Tokens {
				if tok.Wait == process.ForTask && tok.Step != "z" {
					open = append(open, tok.Step)
				}
			}
			r.do(open[rnd.IntN(len(open))])
		}
		r.want("z")
		inst := r.inst
		for i := range inst.Tokens {
			inst.Tokens[i].N, inst.Tokens[i].From = 0, ""
		}
		inst.Last = 0
		b, _ := json.Marshal(inst)
		orders[string(b)] = true
	}
	if len(orders) != 1 {
		t.Errorf("%d outcomes: %v", len(orders), orders)
	}
}

func TestRefusedModels(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"( > ?1 > ?2 > ?1\n?2 > )": "process.lint.spin",
		`<scriptTask id="a"><script>1</script></scriptTask>` + "\n( > a > ?1 > a\n?1 > )":          "process.lint.spin",
		`<complexGateway id="g"/>` + "\n( > g > )":                                                 "process.lint.unsupported",
		`<transaction id="g"/>` + "\n( > g > )":                                                    "process.lint.unsupported",
		`<task id="g"><standardLoopCharacteristics/></task>` + "\n( > g > )":                       "process.lint.unknown",
		`<scriptTask id="g" scriptFormat="groovy"><script>1</script></scriptTask>` + "\n( > g > )": "process.lint.language",
		`<endEvent id="g"><cancelEventDefinition/></endEvent>` + "\n( > g":                         "process.lint.event",
		`<intermediateCatchEvent id="g"><conditionalEventDefinition><condition>big</condition></conditionalEventDefinition></intermediateCatchEvent>` + "\n( > g > )": "process.lint.event",
		`<intermediateCatchEvent id="g"><timerEventDefinition><timeCycle>0 0 * * *</timeCycle></timerEventDefinition></intermediateCatchEvent>` + "\n( > g > )":       "process.lint.cycle",
		"( > a > b if ${x} > )": "process.lint.feel",
		`<callActivity id="c" calledElement="p"/>` + "\n( > c > )": "process.lint.recursion",
		`<userTask id="a" khue:rool="clerk"/>` + "\n( > a > )":     "process.lint.attribute",
	} {
		d, ps := drawn(t, text)
		if d != nil || !slices.ContainsFunc(ps, func(p decl.Problem) bool {
			return p.Key == want && p.Level == decl.Error && p.Pos.Line > 0 && p.Element != ""
		}) {
			t.Errorf("%s: want %s, got %v", text, want, ps)
		}
	}
}

func TestMigration(t *testing.T) {
	t.Parallel()
	old := begin(t, "( > +1 > a > +2 > c > )\n+1 > b > +2").do("a").want("b par2")
	next, ps := drawn(t, `<boundaryEvent id="late" attachedToRef="check"><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent><userTask id="check"/>
		( > +1 > a > +3 > d > )
		+1 > check > +3
		late > )2`)
	if ps.Failed() {
		t.Fatal(ps)
	}
	_, _, problems := process.Migrate(old.def, next, old.inst, process.Plan{}, old.env, old.env)
	if len(problems) != 2 {
		t.Errorf("what has no place is told at once: %v", problems)
	}
	inst, effects, problems := process.Migrate(old.def, next, old.inst, process.Plan{Nodes: map[string]string{"b": "check", "par2": "par3"}}, old.env, old.env)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var told []string
	for _, e := range effects {
		told = append(told, fmt.Sprintf("%T", e))
	}
	if strings.Join(told, " ") != "process.TimerSet process.TaskClosed process.TaskOpened" {
		t.Errorf("%v", told)
	}
	r := &run{t: t, def: next, inst: inst, env: old.env}
	r.want("check par3").do("check").want("d").do("d").want("")
}
