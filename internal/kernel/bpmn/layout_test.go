package bpmn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/bpmn"
)

func parsed(t testing.TB, in string) *bpmn.Model {
	t.Helper()
	m, problems := bpmn.Parse("x", []byte(in))
	if problems.Failed() {
		t.Fatal(problems)
	}
	return m
}

// tangle is a process with n elements of random kinds and flows between them.
func tangle(seed uint64, n int) string {
	r := rand.New(rand.NewPCG(seed, 1))
	kinds := []string{"userTask", "exclusiveGateway", "parallelGateway", "serviceTask", "intermediateCatchEvent", "task"}
	var b strings.Builder
	b.WriteString(`<b:process id="p"><b:laneSet><b:lane id="la" name="Một">`)
	for i := 0; i < n; i += 2 {
		fmt.Fprintf(&b, `<b:flowNodeRef>t%d</b:flowNodeRef>`, i)
	}
	b.WriteString(`</b:lane><b:lane id="lb" name="Hai"/></b:laneSet><b:startEvent id="s"/><b:sequenceFlow id="f" sourceRef="s" targetRef="t0"/>`)
	for i := range n {
		kind := kinds[r.IntN(len(kinds))]
		fmt.Fprintf(&b, `<b:%s id="t%d" name="Bước số %d"/>`, kind, i, i)
		if strings.HasSuffix(kind, "Task") && r.IntN(3) == 0 {
			fmt.Fprintf(&b, `<b:boundaryEvent id="e%d" name="quá hạn" attachedToRef="t%d"/><b:sequenceFlow id="x%d" sourceRef="e%d" targetRef="t%d"/>`, i, i, i, i, r.IntN(n))
		}
		for j := range 1 + r.IntN(2) {
			fmt.Fprintf(&b, `<b:sequenceFlow id="f%d-%d" name="nhánh" sourceRef="t%d" targetRef="t%d"/>`, i, j, i, min(n-1, max(0, i+r.IntN(7)-2)))
		}
	}
	return file(b.String() + `</b:process>`)
}

// Everything has its place: no two elements on each other, flows at right angles from
// border to border, lanes around their own, boundary events on the border.
func TestLayout(t *testing.T) {
	t.Parallel()
	models := map[string]string{"permit": file(permit)}
	for n := 1; n <= 12; n++ {
		models[fmt.Sprintf("chain of %d", n)] = file(chain(n))
	}
	for seed := range uint64(40) {
		models[fmt.Sprintf("tangle %d", seed)] = tangle(seed, 3+int(seed))
	}
	for name, data := range corpusIfThere("bpmn-engines") {
		if m, problems := bpmn.Parse(name, data); !problems.Failed() && len(m.Diagrams) == 0 {
			models[name] = string(data)
		}
	}
	for name, in := range models {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := parsed(t, in)
			bpmn.Layout(m)
			for _, fault := range faultsOfLayout(m) {
				t.Error(fault)
			}
			again := parsed(t, in)
			bpmn.Layout(again)
			if d := cmp.Diff(m.Diagrams, again.Diagrams); d != "" {
				t.Error("not the same twice:", d)
			}
			if _, problems := bpmn.Parse("x", bpmn.Write(m)); problems.Failed() {
				t.Error(problems)
			}
		})
	}
}

func faultsOfLayout(m *bpmn.Model) []string {
	var out []string
	fault := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if len(m.Diagrams) != 1 {
		return []string{fmt.Sprintf("%d diagrams", len(m.Diagrams))}
	}
	shapes, edges, ids := map[string]bpmn.Shape{}, map[string]bpmn.Edge{}, map[string]bool{}
	for _, s := range m.Diagrams[0].Shapes {
		shapes[s.Element] = s
		if ids[s.ID] {
			fault("id %s twice", s.ID)
		}
		ids[s.ID] = true
	}
	for _, e := range m.Diagrams[0].Edges {
		edges[e.Element] = e
	}
	inside := func(in, out bpmn.Shape) bool {
		return in.X >= out.X && in.Y >= out.Y && in.X+in.W <= out.X+out.W && in.Y+in.H <= out.Y+out.H
	}
	onBorder := func(p bpmn.Point, s bpmn.Shape) bool {
		return p.X >= s.X-1 && p.X <= s.X+s.W+1 && p.Y >= s.Y-1 && p.Y <= s.Y+s.H+1
	}
	var body func(b *bpmn.Body, around *bpmn.Shape)
	body = func(b *bpmn.Body, around *bpmn.Shape) {
		for i, e := range b.Elements {
			s, ok := shapes[e.ID]
			if !ok {
				fault("%s is not drawn", e.ID)
				continue
			}
			if e.Kind == bpmn.BoundaryEvent {
				if host := shapes[e.AttachedTo]; math.Abs(s.Y+s.H/2-host.Y-host.H) > 1 || s.X < host.X || s.X+s.W > host.X+host.W {
					fault("%s is not on the border of %s", e.ID, e.AttachedTo)
				}
				continue
			}
			if around != nil && !inside(s, *around) {
				fault("%s is not inside of its sub-process", e.ID)
			}
			for _, o := range b.Elements[:i] {
				if q, ok := shapes[o.ID]; ok && o.Kind != bpmn.BoundaryEvent && s.X < q.X+q.W && q.X < s.X+s.W && s.Y < q.Y+q.H && q.Y < s.Y+s.H {
					fault("%s lies on %s", e.ID, o.ID)
				}
			}
			if e.Body != nil {
				body(e.Body, &s)
			}
		}
		for _, f := range b.Flows {
			e, ok := edges[f.ID]
			if !ok {
				fault("flow %s is not drawn", f.ID)
				continue
			}
			for i := 1; i < len(e.Points); i++ {
				if a, b := e.Points[i-1], e.Points[i]; math.Abs(a.X-b.X) > 0.01 && math.Abs(a.Y-b.Y) > 0.01 {
					fault("flow %s is aslant: %v", f.ID, e.Points)
				}
			}
			if !onBorder(e.Points[0], shapes[f.From]) || !onBorder(e.Points[len(e.Points)-1], shapes[f.To]) {
				fault("flow %s does not reach: %v", f.ID, e.Points)
			}
		}
	}
	for _, p := range m.Processes {
		body(&p.Body, nil)
		for _, l := range p.Lanes {
			for _, id := range l.Elements {
				if s := shapes[id]; !inside(s, shapes[l.ID]) && s.W > 0 {
					for _, e := range p.Elements {
						if e.ID == id && e.Kind != bpmn.BoundaryEvent {
							fault("%s is not in its lane %s", id, l.ID)
						}
					}
				}
			}
		}
	}
	return out
}

// A line of steps stays a line.
func TestLayoutOfAChainIsStraight(t *testing.T) {
	t.Parallel()
	m := parsed(t, file(chain(12)))
	bpmn.Layout(m)
	first := m.Diagrams[0].Shapes[0]
	for _, s := range m.Diagrams[0].Shapes {
		if s.Y+s.H/2 != first.Y+first.H/2 {
			t.Errorf("%s is off the line", s.Element)
		}
	}
	for _, e := range m.Diagrams[0].Edges {
		if len(e.Points) != 2 {
			t.Errorf("%s bends", e.Element)
		}
	}
}

func TestLayoutLeavesADrawingAlone(t *testing.T) {
	t.Parallel()
	for name, data := range corpus(t, "bpmn-miwg") {
		m, again := parsed(t, string(data)), parsed(t, string(data))
		bpmn.Layout(m)
		if d := cmp.Diff(again.Diagrams, m.Diagrams); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// The largest files that Parse takes are laid out and drawn in bounded time.
func TestLayoutOfHostileModelsIsBounded(t *testing.T) {
	t.Parallel()
	var fan, line, jumps, alone strings.Builder
	fan.WriteString(`<b:process id="p"><b:parallelGateway id="g"/><b:parallelGateway id="j"/>`)
	for i := range 3_300 {
		fmt.Fprintf(&fan, `<b:task id="t%d"/><b:sequenceFlow id="a%d" sourceRef="g" targetRef="t%d"/><b:sequenceFlow id="b%d" sourceRef="t%d" targetRef="j"/>`, i, i, i, i, i)
	}
	line.WriteString(`<b:process id="p">`)
	jumps.WriteString(`<b:process id="p">`)
	alone.WriteString(`<b:process id="p">`)
	for i := range 4_900 {
		fmt.Fprintf(&line, `<b:task id="t%d"/><b:sequenceFlow id="f%d" sourceRef="t%d" targetRef="t%d"/>`, i, i, i, (i+1)%4_900)
	}
	for i := range 3_300 {
		fmt.Fprintf(&jumps, `<b:task id="t%d"/><b:sequenceFlow id="f%d" sourceRef="t%d" targetRef="t%d"/><b:sequenceFlow id="g%d" sourceRef="t%d" targetRef="t%d"/>`,
			i, i, i, min(i+1, 3_299), i, i, 3_299-i)
	}
	for i := range 9_900 {
		fmt.Fprintf(&alone, `<b:task id="t%d"/>`, i)
	}
	for name, b := range map[string]*strings.Builder{"fan": &fan, "line": &line, "jumps": &jumps, "alone": &alone} {
		m := parsed(t, file(b.String()+"</b:process>"))
		within(t, name, 3*time.Second, func() { m.Diagrams = nil; bpmn.Layout(m) })
		within(t, "drawing "+name, 3*time.Second, func() { draw(t, m, bpmn.DrawOptions{}) })
	}
}
