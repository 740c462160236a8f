package bpmn_test

import (
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
)

const head = `<?xml version="1.0" encoding="UTF-8"?>
<b:definitions xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:khue="https://khue.vn/bpmn/1" xmlns:camunda="urn:c" id="d">
`

func file(body string) string { return head + body + "</b:definitions>" }

func process(body string) string {
	return file(`<b:process id="p">` + "\n" + body + `</b:process>`)
}

func TestParseReadsAProcess(t *testing.T) {
	t.Parallel()
	m, problems := bpmn.Parse("x.bpmn", []byte(process(`
<b:documentation>Đăng ký</b:documentation>
<b:laneSet><b:lane id="l1" name="One" khue:role="clerk"><b:flowNodeRef>s</b:flowNodeRef><b:childLaneSet>
  <b:lane id="l2"><b:flowNodeRef> t </b:flowNodeRef></b:lane></b:childLaneSet></b:lane></b:laneSet>
<b:startEvent id="s"/>
<b:userTask id="t" name="Check" khue:role="verifier" camunda:assignee="x"
   khue:hours="8">
  <b:extensionElements><camunda:x/><khue:action do="approve" when="a &lt; 1"/></b:extensionElements>
  <b:multiInstanceLoopCharacteristics isSequential="true" khue:collection="units"><b:loopCardinality>3</b:loopCardinality></b:multiInstanceLoopCharacteristics>
  <b:potentialOwner/>
</b:userTask>
<b:boundaryEvent id="be" attachedToRef="t" cancelActivity="false"><b:timerEventDefinition><b:timeDuration>
   PT1H</b:timeDuration></b:timerEventDefinition></b:boundaryEvent>
<b:exclusiveGateway id="g" default="f3"/>
<b:subProcess id="sub" triggeredByEvent="true"><b:startEvent id="ss" isInterrupting="false"><b:messageEventDefinition messageRef="d:m"/></b:startEvent></b:subProcess>
<b:sequenceFlow id="f1" sourceRef="s" targetRef="t"/>
<b:sequenceFlow sourceRef="t" targetRef="g"/>
<b:sequenceFlow id="f3" sourceRef="g" targetRef="odd"><b:conditionExpression language="feel">action = "approve"</b:conditionExpression></b:sequenceFlow>
<b:juggle id="odd"/>
<b:textAnnotation id="n"><b:text>Note</b:text></b:textAnnotation><b:association id="a" sourceRef="n" targetRef="t"/>
</b:process><b:message id="m" name="paid"/><b:process id="q">`)))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	p := m.Processes[0]
	task, boundary, sub, odd := p.Elements[1], p.Elements[2], p.Elements[4], p.Elements[5]
	check := func(what string, want, got any) {
		t.Helper()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
	check("processes", 2, len(m.Processes))
	check("doc", "Đăng ký", p.Doc)
	check("lanes", []string{"l1", "l2"}, []string{p.Lanes[0].ID, p.Lanes[1].ID})
	check("nested lane", []string{"l1", "t"}, []string{p.Lanes[1].Parent, p.Lanes[1].Elements[0]})
	check("lane role", "clerk", p.Lanes[0].Attrs["role"].S)
	check("attrs", bpmn.Attrs{"role": {S: "verifier", Pos: decl.Pos{Line: 9, Col: 44}}, "hours": {S: "8", Pos: decl.Pos{Line: 10, Col: 16}}}, task.Attrs)
	check("ext", "a < 1", task.Ext[0].Attrs["when"].S)
	check("one ext", 1, len(task.Ext))
	check("loop", []string{"true", "3", "units"}, []string{fmt.Sprint(task.Loop.Sequential), task.Loop.Cardinality.S, task.Loop.Attrs["collection"].S})
	check("unknown", []string{"potentialOwner"}, task.Unknown)
	check("boundary", []any{"t", false}, []any{boundary.AttachedTo, boundary.Interrupting})
	check("timer", decl.Text{S: "PT1H", Pos: decl.Pos{Line: 16, Col: 4}}, boundary.Events[0].Duration)
	check("event sub-process", []any{true, false, "m"}, []any{sub.Triggered, sub.Body.Elements[0].Interrupting, sub.Body.Elements[0].Events[0].Ref})
	check("foreign", []any{bpmn.Foreign, "juggle"}, []any{odd.Kind, odd.Unknown[0]})
	check("condition", []string{`action = "approve"`, "feel"}, []string{p.Flows[2].Condition.S, p.Flows[2].Language})
	check("flow without id", "flow-1", p.Flows[1].ID)
	check("note", "Note", p.Artifacts[0].Name)
	check("association", bpmn.Association{From: "n", To: "t", ID: "a"}, p.Associations[0])
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	deep := func(n int, open, end string) string { return strings.Repeat(open, n) + strings.Repeat(end, n) }
	var many, deepSubs strings.Builder
	for i := range 10_001 {
		fmt.Fprintf(&many, `<b:task id="t%d"/>`, i)
	}
	for i := range 31 {
		fmt.Fprintf(&deepSubs, `<b:subProcess id="s%d">`, i)
	}
	deepSubs.WriteString(strings.Repeat("</b:subProcess>", 31))
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", "1:1 notBPMN"},
		{"other XML", "<svg xmlns='http://www.w3.org/2000/svg'/>", "1:1 notBPMN"},
		{"no XML", "hello", "1:1 syntax"},
		{"cut off", head + "<b:process id='p'>", "3:1 syntax"},
		{"crossed tags", head + "<b:process id='p'></b:definitions>", "3:19 syntax"},
		{"second root", file("") + "<x/>", "3:17 syntax"},
		{"doubled attribute", process(`<b:task id="a" id="b"/>`), "4:20 syntax"},
		{"prefix", process(`<x:y/>`), "4:1 prefix"},
		{"doctype", `<!DOCTYPE x [<!ENTITY a "b">]>` + file(""), "1:1 doctype"},
		{"doctype inside", head + `<!ELEMENT x ANY></b:definitions>`, "3:1 doctype"},
		{"entity", process(`<b:task id="a" name="&boom;"/>`), "4:28 entity"},
		{"latin 1", strings.Replace(file("\xe9"), "UTF-8", "ISO-8859-1", 1), "3:1 encoding"},
		{"named latin 1", strings.Replace(process(`<b:task id="a" name="é"/>`), "UTF-8", "ISO-8859-1", 1), "1:1 encoding"},
		{"utf-16", "\xff\xfe<\x00", "1:1 encoding"},
		{"too large", file(strings.Repeat(" ", 1<<20)), "1:1 tooLarge"},
		{"too many", process(many.String()), "4:198891 tooMany"},
		{"too many nodes", file(strings.Repeat("<b:a/>", 100_001)), "3:599983 tooMany"},
		{"too deep", file(deep(70, "<b:a>", "</b:a>")), "3:316 tooDeep"},
		{"sub-processes too deep", process(deepSubs.String()), "4:681 tooDeep"},
		{"process without an id", file(`<b:process/>`), "3:1 noID"},
		{"doubled id", process("<b:task id='a'/>\n<b:task id='a'/>"), "5:1 doubledID"},
		{"id of two kinds", process("<b:task id='p'/>"), "4:1 doubledID"},
		{"flow to nowhere", process("<b:task id='a'/><b:sequenceFlow id='f' sourceRef='a' targetRef='z'/>"), "4:17 unknownRef"},
		{"flow without end", process("<b:task id='a'/><b:sequenceFlow id='f' sourceRef='a'/>"), "4:17 noRef"},
		{"flow to a lane", process("<b:laneSet><b:lane id='l'/></b:laneSet><b:task id='a'/><b:sequenceFlow id='f' sourceRef='a' targetRef='l'/>"), "4:56 notAnElement"},
		{"flow over the border", process("<b:task id='a'/><b:subProcess id='s'><b:task id='b'/></b:subProcess><b:sequenceFlow id='f' sourceRef='a' targetRef='b'/>"), "4:69 flowCrosses"},
		{"flow in another place", process("<b:task id='a'/><b:subProcess id='s'><b:sequenceFlow id='f' sourceRef='a' targetRef='a'/></b:subProcess>"), "4:38 flowElsewhere"},
		{"boundary of nothing", process("<b:boundaryEvent id='a'/>"), "4:1 attachedToNothing"},
		{"boundary of an event", process("<b:startEvent id='s'/><b:boundaryEvent id='a' attachedToRef='s'/>"), "4:23 attachedToNothing"},
		{"boundary inside", process("<b:subProcess id='s'><b:boundaryEvent id='a' attachedToRef='s'/></b:subProcess>"), "4:22 attachedElsewhere"},
		{"default elsewhere", process("<b:task id='a' default='f'/><b:task id='b'/><b:sequenceFlow id='f' sourceRef='b' targetRef='a'/>"), "4:1 defaultElsewhere"},
		{"message that is none", process("<b:receiveTask id='a' messageRef='p'/>"), "4:1 wrongRef"},
		{"signal that is not there", process("<b:endEvent id='a'><b:signalEventDefinition signalRef='z'/></b:endEvent>"), "4:20 unknownRef"},
		{"script in a name", process(`<b:task id="a" name="&lt;script&gt;alert(1)&lt;/script&gt;"/>`), "4:1 markup"},
		{"image in a name", process(`<b:task id="a" name="x&lt;img src=x onerror=y"/>`), "4:1 markup"},
		{"HTML in a name", process(`<b:task id="a" name="&lt;b&gt;x&lt;/b&gt;"/>`), "4:1 markup"},
		{"URL that runs", process(`<b:task id="a" name="JavaScript:x"/>`), "4:1 markup"},
		{"script in documentation", process(`<b:task id="a"><b:documentation>&lt;p&gt;&lt;script&gt;x</b:documentation></b:task>`), "4:16 markup"},
		{"hidden script in documentation", process(`<b:task id="a"><b:documentation>&lt;p&gt;&amp;lt;script&amp;gt;x</b:documentation></b:task>`), "4:16 markup"},
		{"script element in documentation", process(`<b:task id="a"><b:documentation><b:script>x</b:script></b:documentation></b:task>`), "4:16 markup"},
		{"HTML in a note", process(`<b:textAnnotation id="a"><b:text>&lt;p&gt;</b:text></b:textAnnotation>`), "4:26 markup"},
		{"lane of nothing", process(`<b:laneSet><b:lane id="l"><b:flowNodeRef>z</b:flowNodeRef></b:lane></b:laneSet>`), "4:12 unknownRef"},
		{"pool of nothing", file(`<b:collaboration id="c"><b:participant id="x" processRef="z"/></b:collaboration>`), "3:25 unknownRef"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var problems decl.Problems
			within(t, c.name, time.Second, func() { _, problems = bpmn.Parse("x.bpmn", []byte(c.in)) })
			if !problems.Failed() {
				t.Fatal("taken")
			}
			p := problems[0]
			if got := fmt.Sprintf("%d:%d %s", p.Pos.Line, p.Pos.Col, strings.TrimPrefix(p.Key, "bpmn.lint.")); got != c.want {
				t.Errorf("got %s, want %s: %v", got, c.want, problems)
			}
		})
	}
}

func TestParseTakes(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"signs in names":     process(`<b:task id="a" name="a &lt; b, x&lt;y, c > d"/>`),
		"signs in notes":     process(`<b:textAnnotation id="a"><b:text>&lt;&lt; include >></b:text></b:textAnnotation>`),
		"ASCII as Latin 1":   strings.Replace(file(""), "UTF-8", "ISO-8859-1", 1),
		"byte order mark":    "\xef\xbb\xbf" + file(""),
		"foreign everything": process(`<b:task id="a" camunda:id="a"><b:extensionElements><camunda:x id="a"><b:task id="a"/></camunda:x></b:extensionElements></b:task>`),
		"own namespace":      process(`<b:task id="a"/><b:task id="c"/><b:sequenceFlow id="f" sourceRef="b:a" targetRef="b:c"/>`),
	} {
		if m, problems := bpmn.Parse(name, []byte(in)); m == nil || len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// What other engines let pass is told, and does not stop the reading.
func TestParseWarns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"no id":         {process(`<b:task/>`), "bpmn.lint.noID"},
		"code as a ref": {process(`<b:endEvent id="a"><b:errorEventDefinition errorRef="e1"/></b:endEvent>`), "bpmn.lint.unknownRef"},
	} {
		m, problems := bpmn.Parse(name, []byte(c[0]))
		if m == nil || problems.Failed() || len(problems) != 1 || problems[0].Key != c[1] {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// Formatting of documentation goes, its text stays.
func TestParseDropsFormatting(t *testing.T) {
	t.Parallel()
	m, problems := bpmn.Parse("x", []byte(process(`<b:task id="a"><b:documentation>&lt;p&gt;One &amp;amp; two&lt;/p&gt;&lt;br/&gt;three</b:documentation></b:task>`)))
	if problems.Failed() || len(problems) != 1 {
		t.Fatal(problems)
	}
	if d := cmp.Diff("One & two\n\nthree", m.Processes[0].Elements[0].Doc); d != "" {
		t.Error(d)
	}
}

// Names arrive in the composed form, whatever the editor wrote.
func TestParseComposes(t *testing.T) {
	t.Parallel()
	m, _ := bpmn.Parse("x", []byte(process("<b:task id='a' name='Xa\u0301c minh'/>")))
	if got := m.Processes[0].Elements[0].Name; got != "Xác minh" {
		t.Errorf("%q", got)
	}
}

func TestParseOfHostileFilesIsBounded(t *testing.T) {
	// not parallel: it measures the heap
	for name, in := range map[string]string{
		"namespaces": `<b:definitions xmlns:b="` + bpmn.NS + `"` + strings.Repeat(" ", 1) + manyPrefixes(8_000) + `>` + strings.Repeat(`<b:a xmlns:q="u"/>`, 40_000) + `</b:definitions>`,
		"attributes": `<b:definitions xmlns:b="` + bpmn.NS + `"` + manyPrefixes(60_000) + `/>`,
		"comments":   file(strings.Repeat("<!---->", 140_000)),
		"problems":   process(strings.Repeat(`<b:sequenceFlow sourceRef="x" targetRef="y"/>`, 9_999)),
		"brackets":   process(`<b:task id="a" name="` + strings.Repeat("&lt;a", 190_000) + `"/>`),
		"half tags":  process(`<b:task id="a"><b:documentation>` + strings.Repeat("&lt;p", 200_000) + `</b:documentation></b:task>`),
	} {
		var before, after runtime.MemStats
		var problems decl.Problems
		within(t, name, time.Second, func() {
			runtime.ReadMemStats(&before)
			_, problems = bpmn.Parse(name, []byte(in))
			runtime.ReadMemStats(&after)
		})
		if after.TotalAlloc-before.TotalAlloc > 128<<20 {
			t.Errorf("%s: %d MiB", name, (after.TotalAlloc-before.TotalAlloc)>>20)
		}
		if len(problems) > 200 {
			t.Errorf("%s: %d problems", name, len(problems))
		}
	}
}

func manyPrefixes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` xmlns:p%d="u"`, i)
	}
	return b.String()
}

// Every problem has its sentence in both languages.
func TestSentences(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle([]fs.FS{bpmn.Messages}...)
	if err != nil {
		t.Fatal(err)
	}
	_, problems := bpmn.Parse("x", []byte(process(`<b:task/><b:boundaryEvent id="b"/><b:sequenceFlow id="f" sourceRef="b" targetRef="z"/>`)))
	for _, p := range problems {
		for _, lang := range []i18n.Lang{i18n.VI, i18n.EN} {
			if s := b.Map(lang, p.Key, p.Params); s == "" || strings.Contains(s, "{") || strings.Contains(s, p.Key) {
				t.Errorf("%s: %q", p.Key, s)
			}
		}
	}
}

func TestParseMIWG(t *testing.T) {
	t.Parallel()
	for name, data := range corpus(t, "bpmn-miwg") {
		m, problems := bpmn.Parse(name, data)
		if m == nil || problems.Failed() {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestParseEngines(t *testing.T) {
	t.Parallel()
	refused := 0
	for name, data := range corpus(t, "bpmn-engines") {
		m, problems := bpmn.Parse(name, data)
		if m == nil {
			t.Errorf("%s: %v", name, problems)
		}
		if problems.Failed() {
			refused++
			t.Log(problems)
		}
	}
	if refused > 6 { // errorRef to no error, sub-processes without id
		t.Errorf("%d refused", refused)
	}
}

func FuzzParse(f *testing.F) {
	for _, in := range []string{"", head, file(""), process(`<b:task id="a" name="&lt;p"/>`)} {
		f.Add([]byte(in))
	}
	for _, data := range corpusIfThere("bpmn-engines") {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var m *bpmn.Model
		var problems decl.Problems
		within(t, "parsing", 3*time.Second, func() { m, problems = bpmn.Parse("x", data) })
		if m == nil && !problems.Failed() {
			t.Error("no model and no reason")
		}
	})
}
