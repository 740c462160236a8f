package bpmn_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
)

// same compares models without places.
func same(a, b *bpmn.Model) string {
	return cmp.Diff(a, b, cmpopts.IgnoreUnexported(bpmn.Model{}),
		cmp.Comparer(func(a, b decl.Pos) bool { return true }),
		cmp.Comparer(func(a, b decl.Text) bool { return a.S == b.S && a.Set() == b.Set() }))
}

// canonical is a document with names resolved, attributes sorted, white space between
// elements left out: one line a piece.
func canonical(t *testing.T, data []byte) string {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(i18n.NFC(string(data))))
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var b strings.Builder
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			var attrs []string
			for _, a := range x.Attr {
				attrs = append(attrs, a.Name.Space+" "+a.Name.Local+"="+a.Value)
			}
			slices.Sort(attrs)
			b.WriteString("<" + x.Name.Space + " " + x.Name.Local + " " + strings.Join(attrs, "|") + "\n")
		case xml.EndElement:
			b.WriteString(">\n")
		case xml.CharData:
			if s := strings.TrimSpace(string(x)); s != "" {
				b.WriteString(s + "\n")
			}
		case xml.Comment:
			b.WriteString("#" + string(x) + "\n")
		}
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"bpmn-miwg", "bpmn-engines"} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			for name, data := range corpus(t, folder) {
				first, _ := bpmn.Parse(name, data)
				out := bpmn.Write(first)
				again, _ := bpmn.Parse(name, out)
				if d := same(first, again); d != "" {
					t.Errorf("%s: %s", name, d)
				}
				if d := cmp.Diff(canonical(t, data), canonical(t, out)); d != "" {
					t.Errorf("%s lost: %s", name, d)
				}
				if !bytes.Equal(out, bpmn.Write(again)) {
					t.Errorf("%s: written twice, it differs", name)
				}
			}
		})
	}
}

// made is a model of every kind of thing, made in code.
func made() *bpmn.Model {
	text := func(s string) decl.Text { return decl.Text{S: s, Pos: decl.Pos{Line: 1}} }
	return &bpmn.Model{
		ID: "d", Name: "Đăng ký",
		Messages: []bpmn.Named{{ID: "m", Name: "paid", Attrs: bpmn.Attrs{"x": text("y")}}},
		Errors:   []bpmn.Named{{ID: "e", Name: "E1"}},
		Collaborations: []bpmn.Collaboration{{ID: "c", Participants: []bpmn.Participant{{ID: "pool", Name: "Ward", Process: "p", Multiple: true}, {ID: "pool2", Name: "Citizen"}},
			MessageFlows: []bpmn.MessageFlow{{ID: "mf", From: "pool2", To: "t"}}}},
		Processes: []*bpmn.Process{{
			ID: "p", Name: "P", Doc: "What it < is & does", Executable: true, Attrs: bpmn.Attrs{"clock": text("unit")},
			Lanes: []bpmn.Lane{{ID: "l1", Name: "Clerk", Elements: []string{"s", "t"}}, {ID: "l2", Parent: "l1", Elements: []string{"t"}}},
			Body: bpmn.Body{
				Elements: []*bpmn.Element{
					{ID: "s", Kind: bpmn.StartEvent, Interrupting: true, Events: []bpmn.EventDef{{Kind: bpmn.Message, Ref: "m"}}},
					{ID: "t", Kind: bpmn.UserTask, Name: "A \"quoted\"\nname", Doc: "Doc", Attrs: bpmn.Attrs{"role": text("clerk")},
						Ext:  []bpmn.Ext{{Name: "action", Attrs: bpmn.Attrs{"do": text("approve"), "when": text("a < 1")}}},
						Loop: &bpmn.Loop{Sequential: true, Cardinality: text("3"), Completion: text("loop.done > 1"), Attrs: bpmn.Attrs{"item": text("x")}}},
					{ID: "b", Kind: bpmn.BoundaryEvent, AttachedTo: "t", Events: []bpmn.EventDef{{Kind: bpmn.Timer, Duration: text("PT1H")}}},
					{ID: "g", Kind: bpmn.ExclusiveGateway, Default: "f3"},
					{ID: "sub", Kind: bpmn.SubProcess, Triggered: true, Body: &bpmn.Body{Elements: []*bpmn.Element{
						{ID: "ss", Kind: bpmn.StartEvent, Events: []bpmn.EventDef{{Kind: bpmn.Error, Ref: "e"}}}, {ID: "se", Kind: bpmn.EndEvent},
					}, Flows: []*bpmn.Flow{{ID: "sf", From: "ss", To: "se"}}}},
					{ID: "x", Kind: bpmn.ScriptTask, ScriptFormat: "feel", Script: text("1 + 1")},
					{ID: "call", Kind: bpmn.CallActivity, Called: "service:a.b", Compensates: true},
					{ID: "end", Kind: bpmn.EndEvent, Events: []bpmn.EventDef{{Kind: bpmn.Terminate}}},
				},
				Flows: []*bpmn.Flow{
					{ID: "f1", From: "s", To: "t"},
					{ID: "f2", Name: "ok", From: "t", To: "g", Condition: text(`action = "approve"`), Language: "feel"},
					{ID: "f3", From: "g", To: "x"}, {ID: "f4", From: "x", To: "end"}, {ID: "f5", From: "b", To: "end"},
				},
				Artifacts: []bpmn.Artifact{
					{ID: "n", Kind: bpmn.Annotation, Name: "Note"}, {ID: "do", Kind: bpmn.DataObject, Name: "Form", State: "draft"}, {ID: "ds", Kind: bpmn.DataStore, Name: "Register"},
				},
				Associations: []bpmn.Association{{ID: "a", From: "n", To: "t", Directed: "One"}},
			},
		}},
		Diagrams: []bpmn.Diagram{{ID: "di", Plane: "c", Shapes: []bpmn.Shape{{ID: "sh", Element: "t", X: 1.5, Y: 2, W: 100, H: 80, Label: &bpmn.Bounds{X: 1, Y: 2, W: 3, H: 4}}},
			Edges: []bpmn.Edge{{ID: "ed", Element: "f1", Points: []bpmn.Point{{X: 1, Y: 2}, {X: 3, Y: 4.25}}, Label: &bpmn.Bounds{X: 9, Y: 9}}}}},
	}
}

func TestWriteOfAModelMadeInCode(t *testing.T) {
	t.Parallel()
	m := made()
	out := bpmn.Write(m)
	again, problems := bpmn.Parse("x", out)
	if problems.Failed() {
		t.Fatalf("%v\n%s", problems, out)
	}
	if d := same(m, again); d != "" {
		t.Errorf("%s\n%s", d, out)
	}
	if !bytes.Equal(out, bpmn.Write(made())) {
		t.Error("the same model gives other bytes")
	}
}

// A change writes over what was read and leaves what is foreign in its place.
func TestWriteKeepsWhatIsForeign(t *testing.T) {
	t.Parallel()
	const body = `
  <!-- by hand -->
  <b:startEvent id="s"><b:outgoing>f1</b:outgoing></b:startEvent>
  <b:userTask id="t" name="Old" camunda:assignee="x" khue:role="a" khue:hours="8">
    <b:documentation>Old</b:documentation>
    <b:extensionElements><camunda:form id="7"/><khue:action do="accept"/></b:extensionElements>
    <b:incoming>f1</b:incoming><b:outgoing>f2</b:outgoing>
    <b:potentialOwner id="po"/>
  </b:userTask>
  <b:endEvent id="e"/>
  <b:sequenceFlow id="f1" sourceRef="s" targetRef="t" camunda:x="y"/>
  <b:sequenceFlow id="f2" sourceRef="t" targetRef="e"/>`
	text := func(s string) decl.Text { return decl.Text{S: s, Pos: decl.Pos{Line: 1}} }
	m, _ := bpmn.Parse("x", []byte(process(body)))
	p := m.Processes[0]
	task := p.Elements[1]
	task.Name, task.Doc, task.Kind = "New", "", bpmn.ManualTask
	task.Attrs = bpmn.Attrs{"role": text("b"), "unit": text("u")}
	task.Ext = []bpmn.Ext{{Name: "action", Attrs: bpmn.Attrs{"do": text("refuse")}}}
	p.Elements = append(p.Elements[:2:2], &bpmn.Element{ID: "n", Kind: bpmn.UserTask, Name: "Added"}, &bpmn.Element{ID: "e2", Kind: bpmn.EndEvent})
	p.Flows = append(p.Flows[:1:1], &bpmn.Flow{ID: "f3", From: "t", To: "n"}, &bpmn.Flow{ID: "f4", From: "n", To: "e2", Condition: text("x = 1")})
	before := bpmn.Write(m)
	again, problems := bpmn.Parse("x", before)
	if len(problems) > 0 {
		t.Fatalf("%v\n%s", problems, before)
	}
	if d := same(m, again); d != "" {
		t.Errorf("%s\n%s", d, before)
	}
	out := string(before)
	for _, s := range []string{"<!-- by hand -->", `camunda:assignee="x"`, `<camunda:form id="7"/>`, `<b:potentialOwner id="po"/>`, `camunda:x="y"`,
		"<b:manualTask", `khue:unit="u"`, `do="refuse"`, "<b:outgoing>f3</b:outgoing>", "<b:incoming>f3</b:incoming>"} {
		if !strings.Contains(out, s) {
			t.Errorf("%s is lost", s)
		}
	}
	for _, s := range []string{"Old", "khue:hours", `do="accept"`, `"f2"`, ">f2<", `id="e"`} {
		if strings.Contains(out, s) {
			t.Errorf("%s stayed", s)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

func FuzzWrite(f *testing.F) {
	f.Add([]byte(process(`<b:task id="a" name="&#10;"/><b:sequenceFlow sourceRef="a" targetRef="a"/>`)))
	f.Add(bpmn.Write(made()))
	for _, data := range corpusIfThere("bpmn-engines") {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, problems := bpmn.Parse("x", data)
		if m == nil || problems.Failed() {
			return
		}
		out := bpmn.Write(m)
		again, problems := bpmn.Parse("x", out)
		if problems.Failed() {
			t.Fatalf("%v\n%s", problems, out)
		}
		if d := same(m, again); d != "" {
			t.Errorf("%s\n%s", d, out)
		}
	})
}
