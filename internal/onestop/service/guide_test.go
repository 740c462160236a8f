package service

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"khue/internal/kernel/pdf"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// keys are the words that the loader takes for a file, at any depth.
func keys(roots ...any) []string {
	seen, out := map[reflect.Type]bool{}, map[string]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(t.Elem())
		case reflect.Struct:
			if seen[t] {
				return
			}
			seen[t] = true
			for f := range t.Fields() {
				if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" {
					out[name] = true
					walk(f.Type)
				}
			}
		}
	}
	for _, r := range roots {
		walk(reflect.TypeOf(r))
	}
	return slices.Sorted(maps.Keys(out))
}

// TestTheGuideNamesEveryKey: docs/guides/package-format.md is the reference of packages. What
// the loader takes and the guide does not name, in the chapter of its file, is missing there.
func TestTheGuideNamesEveryKey(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../docs/guides/package-format.md")
	if err != nil {
		t.Fatal(err)
	}
	chapters := map[string]string{}
	for _, c := range strings.Split(string(raw), "\n## ")[1:] {
		title, text, _ := strings.Cut(c, "\n")
		chapters[strings.Trim(title, "`")] = text
	}
	var roles []string
	for _, r := range orgunit.Roles() {
		roles = append(roles, string(r.Role))
	}
	limits := make([]string, 0, 12)
	for _, n := range []int{maxFiles, maxFile, maxTotal, maxPath, maxLevels, maxPages, maxFields, maxPapers, maxDrawn} {
		limits = append(limits, strconv.Itoa(n))
	}
	for chapter, words := range map[string][]string{
		"service.yaml":           keys(source{}),
		"form.yaml":              slices.Concat(keys(form.Definition{}), form.TypeNames(), form.ListNames(), form.PartNames()),
		"steps.yaml":             slices.Concat(keys(process.Source{}), process.ActionNames(), roles),
		"process.bpmn":           process.AttributeNames(),
		"FEEL":                   process.Variables(),
		"register.yaml":          keys(registerDef{}),
		"results/*.yaml":         slices.Concat(keys(pdf.Layout{}), layoutWords),
		"notify/*.yaml":          slices.Concat(keys(noticeDef{}), noticeWords),
		"i18n/*.yaml":            topics,
		"tests/*.yaml":           slices.Concat(keys(Scenario{}), outcomes, filing),
		"Limits":                 limits,
		"rules/*.dmn":            {"fee", "deadline", "state", "amount", "kind", "n"},
		"MANIFEST":               {"khue service pack"},
		"help/vi.md, help/en.md": {"h2", "h3"},
	} {
		text, ok := chapters[chapter]
		if !ok {
			t.Errorf("the guide has no chapter %s", chapter)
			continue
		}
		var missing []string
		for _, w := range words {
			if !strings.Contains(text, "`"+w+"`") {
				missing = append(missing, w)
			}
		}
		if len(missing) > 0 {
			t.Errorf("%s lacks %s", chapter, strings.Join(missing, ", "))
		}
	}
}
