package bpmnrun

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/onestop/process"
)

// Report counts files and processes. A file passes where each of its processes was
// refused with a reason or ran without a fault.
type Report struct {
	Files     int `json:"files"`
	Passed    int `json:"passed"`
	Failed    int `json:"failed"`
	Accepted  int `json:"accepted"` // files of which at least one process runs
	Refused   int `json:"refused"`  // files that are refused whole
	Processes int `json:"processes"`
	Runs      int `json:"runs"`
	Steps     int `json:"steps"`
	Ended     int `json:"ended"` // runs that came to their end; the others still waited
}

// Limits of one process: runs with other choices, and events in a run.
const (
	runs   = 40
	events = 80
)

// Run plays every .bpmn and .bpmn20.xml file below a folder and writes a line for each
// process that is refused or fails. Say turns a problem into a sentence.
func Run(dir string, say func(decl.Problem) string, w io.Writer) (Report, error) {
	var rep Report
	files, err := models(dir)
	if err != nil {
		return rep, err
	}
	cal, err := calendar.New(nil, "conformance")
	if err != nil {
		return rep, err
	}
	for _, file := range files {
		data, err := os.ReadFile(file) //nolint:gosec // a folder that the caller names
		if err != nil {
			return rep, err
		}
		name, _ := filepath.Rel(dir, file)
		rep.Files++
		one := &player{name: name, rep: &rep, cal: cal, say: say, w: w, runs: runs, events: events}
		if one.file(data) {
			rep.Passed++
		} else {
			rep.Failed++
		}
	}
	return rep, nil
}

func models(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (filepath.Ext(p) == ".bpmn" || filepath.Ext(p) == ".xml") {
			out = append(out, p)
		}
		return err
	})
	return out, err
}

type player struct {
	name string
	rep  *Report
	cal  *calendar.Calendar
	say  func(decl.Problem) string
	w    io.Writer

	runs, events int
}

// file plays each process of a file; true where nothing went wrong.
func (p *player) file(data []byte) bool {
	m, ps := bpmn.Parse(p.name, data)
	if ps.Failed() {
		p.rep.Refused++
		return p.refused("", ps)
	}
	ok, accepted := true, false
	for _, proc := range m.Processes {
		if len(proc.Elements) == 0 {
			continue // a pool without a process of its own
		}
		def, ps := process.CompileModel(m, process.Options{File: p.name, Process: proc.ID, Plain: true})
		if ps.Failed() {
			ok = p.refused(proc.ID, ps) && ok
			continue
		}
		accepted = true
		p.rep.Processes++
		for _, start := range def.Starts() {
			for seed := range uint64(p.runs) {
				if fault := p.play(def, start, rand.New(rand.NewPCG(seed, 11))); fault != "" {
					fmt.Fprintf(p.w, "FAIL %s %s: run %d: %s\n", p.name, proc.ID, seed, fault)
					ok = false
					break
				}
			}
		}
	}
	if accepted {
		p.rep.Accepted++
	} else {
		p.rep.Refused++
	}
	return ok
}

// refused writes the reasons; a refusal without an element or a sentence is a fault.
func (p *player) refused(id string, ps decl.Problems) bool {
	ok := false
	for _, x := range ps {
		if x.Level == decl.Error {
			fmt.Fprintf(p.w, "refused %s %s: line %d, %s: %s\n", p.name, id, x.Pos.Line, x.Element, p.say(x))
			ok = true
		}
	}
	return ok
}

type happened struct {
	ev  process.Event
	env process.Env
}

// play runs a process once with random choices and says what went wrong.
func (p *player) play(def *process.Def, start string, r *rand.Rand) (fault string) {
	defer func() {
		if v := recover(); v != nil {
			fault = fmt.Sprintf("panic: %v", v)
		}
	}()
	p.rep.Runs++
	env := process.Env{Now: time.Date(2026, 11, 23, 9, 0, 0, 0, clock.Zone), Calendar: p.cal}
	ev := process.Event{Kind: process.Submit, To: start}
	var inst process.Instance
	var log []happened
	for range p.events {
		next, _, err := process.Step(def, inst, ev, env)
		if err != nil {
			return fmt.Sprintf("%+v: %v", ev, err)
		}
		p.rep.Steps++
		if fault := Holds(next); fault != "" {
			return fmt.Sprintf("after %+v: %s", ev, fault)
		}
		log = append(log, happened{ev, env})
		if inst, err = reread(next); err != nil {
			return err.Error()
		}
		if next.State.Ended() {
			p.rep.Ended++
			break
		}
		var ok bool
		if ev, env, ok = p.choose(def, inst, env, r); !ok {
			return "nothing can move it any more: " + where(inst)
		}
	}
	return replay(def, log, inst)
}

// reread writes an instance and reads it back.
func reread(in process.Instance) (out process.Instance, err error) {
	b, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	if err = json.Unmarshal(b, &out); err != nil {
		return out, err
	}
	again, err := json.Marshal(out)
	if err == nil && !bytes.Equal(b, again) {
		err = fmt.Errorf("an instance changed when it was written: %s, then %s", b, again)
	}
	return out, err
}

func replay(def *process.Def, log []happened, want process.Instance) string {
	var inst process.Instance
	for _, h := range log {
		var err error
		if inst, _, err = process.Step(def, inst, h.ev, h.env); err != nil {
			return fmt.Sprintf("replay: %+v: %v", h.ev, err)
		}
	}
	a, err := json.Marshal(inst)
	if err != nil {
		return err.Error()
	}
	b, err := json.Marshal(want)
	if err != nil || !bytes.Equal(a, b) {
		return fmt.Sprintf("a replay gives another instance: %s, not %s", a, b)
	}
	return ""
}

// choose picks one of all things that could happen next.
func (p *player) choose(def *process.Def, inst process.Instance, env process.Env, r *rand.Rand) (process.Event, process.Env, bool) {
	var all []process.Event
	add := func(ev process.Event) { all = append(all, ev) }
	for _, t := range inst.Tokens {
		switch t.Wait {
		case process.ForTask, process.ForApplicant:
			info, _ := def.Step(t.Step)
			for _, a := range info.Actions {
				add(process.Event{Kind: process.Act, Token: t.N, Action: a.Do})
			}
		case process.ForTimer:
			add(process.Event{Kind: process.Fire, Token: t.N, At: t.Timer.Time()})
		case process.ForMessage:
			add(process.Event{Kind: process.Message, Token: t.N, Name: def.EventName(t.Step), Key: t.Key})
		case process.ForSignal:
			add(process.Event{Kind: process.Signal, Name: def.EventName(t.Step)})
		case process.ForConnector:
			add(process.Event{Kind: process.Answered, Token: t.N})
		case process.ForChild:
			add(process.Event{Kind: process.ChildEnded, Token: t.N})
			for _, code := range def.ErrorCodes() {
				add(process.Event{Kind: process.ChildEnded, Token: t.N, Code: code})
			}
		case process.ForRepair:
			add(process.Event{Kind: process.Skip, Token: t.N})
			add(process.Event{Kind: process.Retry, Token: t.N})
		}
	}
	for _, w := range inst.Watches {
		switch {
		case w.Timer != 0:
			add(process.Event{Kind: process.Fire, Token: w.N, At: w.Timer.Time()})
		case def.IsSignal(w.Event):
			add(process.Event{Kind: process.Signal, Name: def.EventName(w.Event)})
		default:
			add(process.Event{Kind: process.Message, Token: w.N, Name: def.EventName(w.Event), Key: w.Key})
		}
	}
	if len(all) == 0 {
		return process.Event{}, env, false
	}
	ev := all[r.IntN(len(all))]
	env.Now = env.Now.Add(time.Duration(r.IntN(3600)) * time.Second)
	if ev.At.After(env.Now) {
		env.Now = ev.At
	}
	ev.At = time.Time{}
	return ev, env, true
}

// Holds says what is wrong with an instance at rest; empty where nothing is.
func Holds(i process.Instance) string {
	numbers := map[int]bool{}
	inside := map[int]int{}
	for _, t := range i.Tokens {
		if numbers[t.N] || t.N > i.Last {
			return fmt.Sprintf("token %d stands twice", t.N)
		}
		numbers[t.N] = true
		inside[t.In]++
	}
	for _, w := range i.Watches {
		if numbers[w.N] || w.N > i.Last {
			return fmt.Sprintf("watch %d stands twice", w.N)
		}
	}
	if i.State.Ended() && (len(i.Tokens) > 0 || len(i.Watches) > 0) {
		return "it has ended, and something still waits: " + where(i)
	}
	if !i.State.Ended() && inside[0] == 0 {
		return "a token is lost: nothing stands in the process, and it has not ended"
	}
	for _, t := range i.Tokens {
		switch {
		case t.In != 0 && !numbers[t.In]:
			return fmt.Sprintf("token %d at %s stands in %d, which is gone", t.N, t.Step, t.In)
		case (t.Wait == process.ForInner || t.Wait == process.ForMany) && inside[t.N] == 0:
			return fmt.Sprintf("a token is lost: nothing stands in %d at %s", t.N, t.Step)
		case t.Wait == process.ForCompensation && !slices.ContainsFunc(i.Tokens, func(o process.Token) bool { return o.For == t.N }):
			return fmt.Sprintf("token %d at %s waits for a compensation that does not run", t.N, t.Step)
		case t.For != 0 && !numbers[t.For]:
			return fmt.Sprintf("token %d at %s compensates for %d, which is gone", t.N, t.Step, t.For)
		case t.Wait == process.ForJoin && t.Cause != "":
			return fmt.Sprintf("token %d waits for ever at the join %s", t.N, t.Step)
		}
	}
	for _, w := range i.Watches {
		if w.Host != 0 && !numbers[w.Host] {
			return fmt.Sprintf("watch %d of %s belongs to %d, which is gone", w.N, w.Event, w.Host)
		}
	}
	return ""
}

func where(i process.Instance) string {
	var b bytes.Buffer
	for _, t := range i.Tokens {
		fmt.Fprintf(&b, " %d:%s(%s in %d)", t.N, t.Step, t.Wait, t.In)
	}
	for _, w := range i.Watches {
		fmt.Fprintf(&b, " watch %d:%s", w.N, w.Event)
	}
	return b.String()
}

// Try plays one file a few times and says what went wrong; empty where nothing did.
func Try(name string, data []byte, say func(decl.Problem) string) string {
	cal, err := calendar.New(nil, "conformance")
	if err != nil {
		return err.Error()
	}
	var out bytes.Buffer
	p := &player{name: name, rep: &Report{}, cal: cal, say: say, w: &out, runs: 2, events: 15}
	if p.file(data) {
		return ""
	}
	return out.String()
}
