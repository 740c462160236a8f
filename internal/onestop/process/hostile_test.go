package process_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/decl"
	"khue/internal/onestop/process"
	"khue/internal/onestop/process/bpmnrun"
)

// TestLargeModels: a file as large as is read is compiled or refused within a second.
func TestLargeModels(t *testing.T) {
	t.Parallel()
	const n = 3300
	chain := func(kind string, inner string) string {
		var b strings.Builder
		b.WriteString(`<startEvent id="s"/><sequenceFlow id="f0" sourceRef="s" targetRef="e0"/>`)
		for i := range n {
			fmt.Fprintf(&b, `<%s id="e%d">%s</%s>`, kind, i, strings.ReplaceAll(inner, "#", fmt.Sprint(i)), kind)
			if i > 0 {
				fmt.Fprintf(&b, `<sequenceFlow id="f%d" sourceRef="e%d" targetRef="e%d"/>`, i, i-1, i)
			}
		}
		return b.String()
	}
	ladder := func(kind string) string { // every gateway leads to the next two
		var b strings.Builder
		b.WriteString(`<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="e0"/>`)
		for i := range n {
			fmt.Fprintf(&b, `<%s id="e%d"/>`, kind, i)
			for _, k := range []int{1, 2} {
				if i+k < n {
					fmt.Fprintf(&b, `<sequenceFlow id="f%d.%d" sourceRef="e%d" targetRef="e%d"/>`, i, k, i, i+k)
				}
			}
		}
		return b.String()
	}
	for name, xml := range map[string]string{
		"tasks": chain("userTask", ""), "passes": chain("task", ""), "sub-processes": chain("subProcess", `<startEvent id="s#"/>`),
		"exclusive": ladder("exclusiveGateway"), "parallel": ladder("parallelGateway"), "inclusive": ladder("inclusiveGateway"),
		"compensation": chain("task", "") + `<endEvent id="z"><compensateEventDefinition activityRef="e9"/></endEvent>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := file(xml, "")
			began := time.Now()
			m, ps := bpmn.Parse("p.bpmn", data)
			if !ps.Failed() {
				var d *process.Def
				if d, ps = process.CompileModel(m, process.Options{File: "p.bpmn", Plain: true}); d != nil {
					d.Minutes()
					d.Avoids(process.DoSign)
					inst, _, err := process.Step(d, process.Instance{}, process.Event{Kind: process.Submit}, process.Env{Now: began, Calendar: cal(t)})
					if fault := bpmnrun.Holds(inst); err == nil && fault != "" && !strings.Contains(fault, "for ever") {
						t.Error(fault)
					}
				}
			}
			for _, p := range ps {
				if p.Level == decl.Error && (p.Element == "" || p.Key == "") {
					t.Errorf("refused without an element: %v", p)
				}
			}
			if took := time.Since(began); took > time.Second && !testing.Short() {
				t.Logf("%s took %v", name, took) // a figure of a shared machine, for the reader; never a gate
			}
		})
	}
}

func FuzzRun(f *testing.F) {
	for _, seed := range []string{
		"( > +1 > a > +2 > c > )\n+1 > b > +2", "( > *1 > a if big > *2 > )\n*1 > b > *2", sub("") + "\n( > s > b > )",
		`<userTask id="a"><multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></userTask>` + "\n( > a > )",
		`<intermediateThrowEvent id="t"><compensateEventDefinition/></intermediateThrowEvent>` + "\n( > t > )",
	} {
		f.Add(file(sketch(seed), ""))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if fault := bpmnrun.Try("fuzz.bpmn", data, func(p decl.Problem) string { return p.Key }); fault != "" {
			t.Fatal(fault)
		}
	})
}
