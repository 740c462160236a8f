package service_test

import (
	"strings"
	"testing"

	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

const feeXML = `<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="fee" namespace="fee"><inputData id="i" name="case"><variable name="case" typeRef="string"/></inputData>
<decision id="d" name="fee"><informationRequirement><requiredInput href="#i"/></informationRequirement><literalExpression><text>if case = "normal" then 27000 else if case = "abandoned" then {state: "free"} else 0</text></literalExpression></decision></definitions>`

func TestFeeByRule(t *testing.T) {
	t.Parallel()
	put := func(s string) map[string]func(string) string {
		return map[string]func(string) string{"rules/fee.dmn": func(string) string { return s }}
	}
	pkg, ps := service.Load(sample(t, put(feeXML)), "sample")
	if pkg == nil {
		t.Fatal(ps)
	}
	for kase, want := range map[string]service.FeeDue{
		"normal": {State: "amount", Amount: 27000, Source: "…"}, "abandoned": {State: "free", Source: "…"}, "surrogacy": {State: "unknown", Source: "…"},
	} {
		if got, err := pkg.FeeOf(form.Answers{}, form.Env{Case: kase}); err != nil || got != want {
			t.Errorf("%s: %+v %v", kase, got, err)
		}
	}
	if pkg, ps := service.Load(sample(t, put(strings.ReplaceAll(feeXML, `name="case"`, `name="kase"`))), "sample"); pkg != nil {
		t.Error("an input that the form does not have was taken", ps)
	}
}

// termDecision stands beside the fee in one model: a table is found by its name.
const termDecision = `<decision id="t" name="deadline"><informationRequirement><requiredInput href="#i"/></informationRequirement><literalExpression><text>if case = "surrogacy" then {kind: "workingDays", n: 5} else null</text></literalExpression></decision></definitions>`

func TestTermByRule(t *testing.T) {
	t.Parallel()
	pkg, ps := service.Load(sample(t, map[string]func(string) string{
		"rules/fee.dmn": func(string) string { return strings.Replace(feeXML, "</definitions>", termDecision, 1) },
		"service.yaml": func(s string) string {
			return strings.Replace(s, "{kind: sameDay,", "{kind: sameDay, rule: rules/fee.dmn,", 1)
		},
	}), "sample")
	if pkg == nil {
		t.Fatal(ps)
	}
	if got, err := pkg.TermOf(form.Answers{}, form.Env{Case: "surrogacy"}); err != nil || got == nil || got.N != 5 || got.Kind.String() != "workingDays" {
		t.Errorf("surrogacy: %+v %v", got, err)
	}
	if got, err := pkg.TermOf(form.Answers{}, form.Env{Case: "normal"}); err != nil || got != nil {
		t.Errorf("the declared term stands where the table gives none: %+v %v", got, err)
	}
}
