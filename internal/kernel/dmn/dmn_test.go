package dmn_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/dmn"
	"khue/internal/kernel/feel"
)

func compile(t testing.TB, xml string) *dmn.Model {
	t.Helper()
	d, err := dmn.Parse([]byte(xml))
	if err != nil {
		t.Fatal(err)
	}
	m, err := dmn.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func load(t testing.TB, path string) *dmn.Model {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, string(data))
}

// The fee of certified copies as the catalogue has it (2.000815).
func TestFeeOfCertifiedCopies(t *testing.T) {
	t.Parallel()
	m := load(t, "testdata/copies.dmn")
	if p := m.Problems(); len(p) > 0 {
		t.Fatal(p[0])
	}
	for _, c := range []struct{ pages, copies, want int64 }{{1, 1, 2000}, {2, 1, 4000}, {7, 3, 27000}, {198, 1, 200000}, {300, 1, 200000}} {
		v, err := m.Decide("fee", dmn.Inputs{"pages": feel.Number(c.pages), "copies": feel.Number(c.copies)}, feel.Env{})
		if n, ok := v.Int(); err != nil || !ok || n != c.want {
			t.Errorf("%d pages in %d copies cost %v, %v; want %d", c.pages, c.copies, v, err, c.want)
		}
	}
	if v, _ := m.Decide("fee", dmn.Inputs{"pages": feel.Number(0), "copies": feel.Number(1)}, feel.Env{}); !v.IsNull() {
		t.Errorf("no page costs %v", v)
	}
}

// table writes a model with one table: a line a rule, cells by |, the last is the output.
func table(policy, inputs, rules string) string {
	var b strings.Builder
	b.WriteString(`<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" namespace="x" name="x">`)
	cols := strings.Split(inputs, ",")
	for i, c := range cols {
		name, typ, _ := strings.Cut(strings.TrimSpace(c), ":")
		fmt.Fprintf(&b, `<inputData id="i%d" name="%s"><variable name="%s" typeRef="%s"/></inputData>`, i, name, name, typ)
	}
	b.WriteString(`<decision id="d" name="d"><variable name="d"/>`)
	for i := range cols {
		fmt.Fprintf(&b, `<informationRequirement><requiredInput href="#i%d"/></informationRequirement>`, i)
	}
	b.WriteString(`<decisionTable ` + policy + `>`)
	for _, c := range cols {
		name, typ, _ := strings.Cut(strings.TrimSpace(c), ":")
		fmt.Fprintf(&b, `<input><inputExpression typeRef="%s"><text>%s</text></inputExpression></input>`, typ, name)
	}
	b.WriteString(`<output name="out"><outputValues><text>"high", "mid", "low"</text></outputValues></output>`)
	esc := strings.NewReplacer("<", "&lt;", "&", "&amp;")
	for _, line := range strings.Split(strings.TrimSpace(rules), "\n") {
		cells := strings.Split(line, "|")
		b.WriteString("<rule>")
		for i, c := range cells {
			kind := "inputEntry"
			if i == len(cells)-1 {
				kind = "outputEntry"
			}
			b.WriteString("<" + kind + "><text>" + esc.Replace(strings.TrimSpace(c)) + "</text></" + kind + ">")
		}
		b.WriteString("</rule>\n")
	}
	b.WriteString("</decisionTable></decision></definitions>")
	return b.String()
}

func TestTableChecks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy, inputs, rules string
		want                  []string
	}{
		"complete": {`hitPolicy="UNIQUE"`, "age:number", "<18|\"low\"\n>=18|\"high\"", nil},
		"overlap and gap": {`hitPolicy="UNIQUE"`, "age:number", "<=18|\"low\"\n[18..30)|\"mid\"\n>30|\"high\"", []string{
			"rule 2: Rules 1 and 2 both match when age = 18; change one so that only one matches.",
			"No rule matches when age = 30; add a rule or a default.",
		}},
		"two inputs": {`hitPolicy="UNIQUE"`, "age:number, home:boolean", "<18|true|\"low\"\n>=18|-|\"mid\"", []string{
			"No rule matches when age < 18, home = false; add a rule or a default.",
		}},
		"strings": {`hitPolicy="UNIQUE"`, "kind:string", "\"a\",\"b\"|\"low\"\nnot(\"a\")|\"mid\"", []string{
			"rule 2: Rules 1 and 2 both match when kind = \"b\"; change one so that only one matches.",
		}},
		"dates follow each other": {`hitPolicy="UNIQUE"`, "day:date", "<= date(\"2025-06-30\")|\"low\"\n>= date(\"2025-07-01\")|\"high\"", nil},
		"first hides":             {`hitPolicy="FIRST"`, "age:number", ">=0|\"low\"\n>=18|\"mid\"\n-|\"high\"", []string{"rule 2: This rule is never used, because other rules always come before it."}},
		"priority hides":          {`hitPolicy="PRIORITY"`, "age:number", "-|\"high\"\n>=18|\"low\"", []string{"rule 2: This rule is never used, because other rules always come before it."}},
		"any agrees":              {`hitPolicy="ANY"`, "age:number", ">=0|\"low\"\n-|\"low\"", nil},
		"any differs":             {`hitPolicy="ANY"`, "age:number", ">=0|\"mid\"\n-|\"low\"", []string{"rule 2: Rules 1 and 2 both match when age >= 0; change one so that only one matches."}},
		"never":                   {`hitPolicy="COLLECT"`, "age:number", "[5..1]|\"low\"\n-|\"mid\"", []string{"rule 1: This rule never matches: no value satisfies age."}},
		"computed":                {`hitPolicy="FIRST"`, "age:number", "? > age - 1|\"low\"\n>3|\"mid\"", nil},
		"wrong type":              {`hitPolicy="FIRST"`, "age:number", "\"x\"|\"low\"\n-|\"mid\"", []string{"rule 1: age: This cell is compared with number, not string."}},
		"unknown name":            {`hitPolicy="FIRST"`, "age:number", "-|ages * 2", []string{"rule 1: out: There is no field or function called ages; do you mean age?"}},
		"not FEEL":                {`hitPolicy="FIRST"`, "age:number", "> (|\"low\"\n-|\"low\"", []string{"rule 1: age: The expression is not finished."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range compile(t, table(c.policy, c.inputs, c.rules)).Problems() {
				p.Line, p.Decision = 0, ""
				got = append(got, p.In("en"))
				if vi := p.In("vi"); vi == p.In("en") || strings.Contains(vi, "{") {
					t.Errorf("no Vietnamese for %s: %s", p.Key, vi)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	m := compile(t, table(`hitPolicy="FIRST"`, "age:number", "<18|\"<script>\"\n-|\"high\""))
	var b strings.Builder
	if err := m.Tables()[0].WriteHTML(&b, "vi"); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, want := range []string{"<caption", "lấy quy tắc khớp đầu tiên", `scope="colgroup"`, `scope="row"`, "&lt;18", "&lt;script&gt;", "bất kỳ"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
	if strings.Contains(got, "<script") {
		t.Error("a cell's text came through as markup")
	}
}
