package dmn_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"khue/internal/kernel/dmn"
	"khue/internal/kernel/feel"
)

func TestHostileXML(t *testing.T) {
	t.Parallel()
	const open = `<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" namespace="x" name="x">`
	for name, xml := range map[string]string{
		"entities": `<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>` + open + `&b;</definitions>`,
		"outside":  `<!DOCTYPE d SYSTEM "file:///etc/passwd">` + open + `</definitions>`,
		"entity":   open + `&b;</definitions>`,
		"depth":    open + strings.Repeat("<context><contextEntry>", 10_000),
		"foreign":  open + strings.Repeat(`<x xmlns="y">`, 10_000),
		"large":    open + strings.Repeat(" ", 9<<20) + `</definitions>`,
		"many":     open + strings.Repeat(`<decision name="d"/>`, 300_000) + `</definitions>`,
		"other":    `<html/>`,
		"empty":    ``,
		"half":     open + `<decision`,
	} {
		start := time.Now()
		if _, err := dmn.Parse([]byte(xml)); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s took %v", name, d)
		}
	}
}

// Models that are large in one place compile in seconds, or are refused.
func TestLargeModels(t *testing.T) {
	t.Parallel()
	var rules, list, deep strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&rules, "[%d..%d]|%d|%d\n", i, i+700, i%7, i)
		fmt.Fprintf(&list, "%d, ", i*3)
	}
	deep.WriteString(`<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" namespace="x" name="x"><itemDefinition name="t0"><typeRef>number</typeRef></itemDefinition>`)
	for i := range 200 {
		fmt.Fprintf(&deep, `<itemDefinition name="t%d"><itemComponent name="a"><typeRef>t%d</typeRef></itemComponent><itemComponent name="b"><typeRef>t%d</typeRef></itemComponent></itemDefinition>`, i+1, i, i)
	}
	deep.WriteString(`<inputData id="i" name="i"><variable name="i" typeRef="t200"/></inputData><decision id="d" name="d"><variable name="d"/><informationRequirement><requiredInput href="#i"/></informationRequirement><literalExpression><text>i.a.b.a</text></literalExpression></decision></definitions>`)
	for name, xml := range map[string]string{
		"rules":        table(`hitPolicy="UNIQUE"`, "a:number, b:number", strings.TrimSpace(rules.String())),
		"values":       table(`hitPolicy="UNIQUE"`, "a:number", strings.Repeat(list.String(), 3)+"1|2\n-|3"),
		"nested types": deep.String(),
	} {
		start := time.Now()
		m := compile(t, xml)
		if _, err := m.Decide("d", dmn.Inputs{"a": feel.Number(3), "b": feel.Number(3)}, feel.Env{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%s took %v", name, d)
		}
	}
}

func TestCycles(t *testing.T) {
	t.Parallel()
	const doc = `<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" namespace="x" name="x">
<decision id="a" name="a"><variable name="a"/><informationRequirement><requiredDecision href="#b"/></informationRequirement><literalExpression><text>b</text></literalExpression></decision>
<decision id="b" name="b"><variable name="b"/><informationRequirement><requiredDecision href="#a"/></informationRequirement><literalExpression><text>a</text></literalExpression></decision>
</definitions>`
	d, err := dmn.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dmn.Compile(d); err == nil || !strings.Contains(err.Error(), "a → b → a") {
		t.Error(err)
	}
}

// A business knowledge model may call itself; one that never ends is stopped.
func TestRecursion(t *testing.T) {
	t.Parallel()
	doc := func(body string) string {
		return `<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" namespace="x" name="x">
<businessKnowledgeModel id="f" name="f"><variable name="f"/><encapsulatedLogic><formalParameter name="n" typeRef="number"/><literalExpression><text>` + body + `</text></literalExpression></encapsulatedLogic></businessKnowledgeModel>
<decision id="a" name="a"><variable name="a"/><knowledgeRequirement><requiredKnowledge href="#f"/></knowledgeRequirement><literalExpression><text>f(10)</text></literalExpression></decision></definitions>`
	}
	if v, err := compile(t, doc("if n = 0 then 1 else n * f(n - 1)")).Decide("a", nil, feel.Env{}); err != nil || v.String() != "3628800" {
		t.Error(v, err)
	}
	if v, err := compile(t, doc("f(n + 1)")).Decide("a", nil, feel.Env{}); err == nil || !v.IsNull() {
		t.Error(v, err)
	}
}
