package dmn_test

import (
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
