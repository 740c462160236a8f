package service_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// fault is one slip planted into a copy of the sample, and how the linter must tell it.
type fault struct {
	change  map[string]func(string) string
	file    string // in which it is told
	line    string // words that stand on the line told; empty: the first
	element string
	key     string
	warning bool
}

func edit(file, old, with string) map[string]func(string) string {
	return map[string]func(string) string{file: replace(old, with)}
}

func gone(file string) map[string]func(string) string {
	return map[string]func(string) string{file: func(string) string { return "" }}
}

// with plants the words of a new question, too, in both languages.
func with(m map[string]func(string) string, old, text string) map[string]func(string) string {
	m["i18n/vi.yaml"], m["i18n/en.yaml"] = replace(old, text), replace(old, text)
	return m
}

func faults() map[string]fault {
	const svc, frm, stp, reg = "service.yaml", "form.yaml", "steps.yaml", "register.yaml"
	const homeBirth = `{id: child.homeBirth, type: yesno}`
	always := func(s string) func(string) string { return func(string) string { return s } }
	return map[string]fault{
		"unknown key with the nearest":   {edit(svc, "channels:", "chanels:"), svc, "chanels:", "chanels", "decl.unknownKeyNear", false},
		"unknown word with the nearest":  {edit(svc, "competent: {tier: commune", "competent: {tier: comune"), svc, "competent:", "competent.tier", "service.lint.wordNear", false},
		"condition over an unknown case": {edit(svc, `case = \"normal\"`, `case = \"nomal\"`), svc, "birthSlip", "papers.birthSlip.required", "service.lint.codeNear", false},
		"condition over an unknown code": {
			edit(frm, homeBirth, `{id: child.homeBirth, type: yesno, when: "child.sex = \"femal\""}`), frm, "femal", "child.homeBirth.when", "service.lint.codeNear", false,
		},
		"field that contradicts itself": {
			edit(frm, `when: "not(child.homeBirth)"`, `when: "not(child.homeBirth) and child.homeBirth"`), frm, "birthPlace", "child.birthPlace.when", "service.lint.never", false,
		},
		"field that contradicts its page": {
			map[string]func(string) string{frm: func(s string) string {
				s = strings.Replace(s, "  - id: parents\n", "  - id: parents\n    when: case = \"abandoned\"\n", 1)
				return strings.Replace(s, "item: person-brief, max: 10}", `item: person-brief, max: 10, when: "case = \"normal\""}`, 1)
			}},
			frm, "siblings", "siblings.when", "service.lint.never", false,
		},
		"field behind an answer that is hidden": {
			map[string]func(string) string{frm: func(s string) string {
				return strings.Replace(s, homeBirth, `{id: child.homeBirth, type: yesno}
      - {id: child.helper, type: yesno, when: "child.homeBirth"}
      - {id: child.helperName, type: person-name, when: "child.helper and not(child.homeBirth)"}`, 1)
			}, "i18n/vi.yaml": replace(`homeBirth: "`, `helper: "Có người đỡ?", helperName: "Người đỡ", homeBirth: "`), "i18n/en.yaml": replace(`homeBirth: "`, `helper: "A helper?", helperName: "Helper", homeBirth: "`)},
			frm, "helperName", "child.helperName.when", "service.lint.never", false,
		},
		"channel that is not offered": {
			edit(stp, `channel = \"online\"`, `channel = \"counter\" and channel = \"post\"`), stp, "draft", "draft.when", "service.lint.never", false,
		},
		"page that no case has":      {edit(frm, "  - id: parents\n", "  - id: parents\n    when: case = \"normal\" and case = \"surrogacy\"\n"), frm, "when: case", "pages.parents.when", "service.lint.never", false},
		"paper never required":       {edit(svc, `required: "case = \"normal\" and not(child.homeBirth)"`, `when: "child.homeBirth", required: "not(child.homeBirth)"`), svc, "birthSlip", "papers.birthSlip.required", "service.lint.neverRequired", true},
		"path that does not exist":   {edit(svc, "not(child.homeBirth)", "not(child.homeBrth)"), svc, "birthSlip", "papers.birthSlip.required", "form.lint.feel", false},
		"condition of a wrong type":  {edit(frm, `when: "not(child.homeBirth)"`, `when: "child.name"`), frm, "birthPlace", "child.birthPlace.when", "form.lint.notCondition", false},
		"competent by another type":  {edit(svc, "by: child.registrationUnit", "by: child.name"), svc, "competent:", "competent.by", "service.lint.competent", false},
		"dead step":                  {edit(stp, "{do: approve, event: verified}", "{do: approve, event: verified, to: sign}"), stp, "draft", "draft", "process.lint.dead", false},
		"role of another tier":       {edit(stp, "role: justiceOfficer", "role: deputyDirector"), stp, "id: verify", "verify.role", "service.lint.roleNobody", false},
		"unsigned way":               {edit(stp, "actions: [confirmDraft,", "actions: [{do: confirmDraft, to: handOver},"), stp, "handOver, role", "handOver.issue", "service.lint.unsigned", false},
		"no account, and no reason":  {edit(svc, "assurance: registered", "assurance: none"), svc, "assurance:", "assurance", "service.lint.assuranceNone", true},
		"fee without a time":         {edit(svc, "when: accept, ", ""), svc, "fee:", "fee.when", "service.lint.feeWhen", false},
		"fee at an unknown time":     {edit(svc, "when: accept", "when: accepted"), svc, "fee:", "fee.when", "service.lint.wordNear", false},
		"too many hours":             {edit(stp, "hours: 3", "hours: 9"), svc, "sameDay", "deadline[0]", "service.lint.budget", false},
		"case without a term":        {edit(svc, "{kind: sameDay,", "{case: normal, kind: sameDay,"), svc, "format:", "deadline", "service.lint.noDeadline", false},
		"text in one language":       {edit("i18n/en.yaml", `paper: {birthSlip: "Hospital birth slip"}`, ""), "i18n/en.yaml", "", "paper.birthSlip", "service.lint.textOther", false},
		"text that nothing shows":    {map[string]func(string) string{"i18n/vi.yaml": replace("paper: {", `paper: {birthslip2: "x", `), "i18n/en.yaml": replace("paper: {", `paper: {birthslip2: "x", `)}, "i18n/vi.yaml", "birthslip2", "paper.birthslip2", "service.lint.unusedText", true},
		"text under an unknown word": {map[string]func(string) string{"i18n/vi.yaml": replace("paper: {", "papr: {a: b}\npaper: {"), "i18n/en.yaml": replace("paper: {", "papr: {a: b}\npaper: {")}, "i18n/vi.yaml", "papr", "papr.a", "service.lint.unusedTopic", true},
		"label with HTML":            {edit("i18n/vi.yaml", "Họ và tên", "<b onclick=x>Họ</b> và tên"), "i18n/vi.yaml", "onclick", "field.child.name", "service.lint.html", false},
		"label that reads backwards": {edit("i18n/vi.yaml", "Họ và tên", "Họ \u202e và tên"), "i18n/vi.yaml", "Họ", "field.child.name", "service.lint.hiddenSign", false},
		"no scenario of a refusal":   {gone("tests/refused.yaml"), "tests", "", "refuse", "service.lint.scenario", false},
		"no scenario of silence":     {map[string]func(string) string{"tests/silent.yaml": always(""), "tests/refused.yaml": replace("  - {do: wait, for: P1D}\n", "")}, "tests", "", "silence", "service.lint.scenario", false},
		"no scenario of a lapse":     {gone("tests/lapsed.yaml"), "tests", "", "lapse", "service.lint.scenario", false},
		"data without purpose":       {edit(svc, "purpose: birth-registration, ", ""), svc, "data:", "data.purpose", "service.lint.purpose", false},
		"source that is not declared": {
			edit(svc, "uses: [population.person.read, population.household.read]", "uses: [land.parcel.read]"), frm, "id: mother", "mother.suggest", "service.lint.use", false,
		},
		"no retention":             {edit(svc, ", retention: permanent", ""), svc, "data:", "data.retention", "service.lint.retention", false},
		"register field retention": {edit(reg, "from: child.name, retention: permanent", "from: child.name"), reg, "child.name", "fields.name.retention", "service.lint.fieldRetention", false},
		"register field period":    {edit(reg, "from: child.name, retention: permanent", "from: child.name, retention: ten years"), reg, "child.name", "fields.name.retention", "service.lint.retentionForm", false},
		"register field personal":  {edit(reg, "from: child.dob, retention: permanent, personal: yes", "from: child.dob, retention: permanent"), reg, "child.dob", "fields.born.personal", "service.lint.fieldPersonal", false},
		"register field path":      {edit(reg, "child.name", "child.nmae"), reg, "child.nmae", "fields.name.from", "service.lint.feel", false},
		"register field type":      {edit(reg, "type: date", "type: number"), reg, "child.dob", "fields.born.from", "service.lint.kind", false},
		"register field unknown":   {edit(reg, "type: date", "type: datum"), reg, "child.dob", "fields.born.type", "service.lint.wordNear", false},
		"register field twice":     {edit(reg, "id: mother", "id: name"), reg, "mother.name", "fields.name", "service.lint.idTwice", false},
		"register of another name": {edit(reg, "id: birth\n", "id: births\n"), reg, "births", "id", "service.lint.registerID", false},
		"no register":              {gone(reg), svc, "result:", "result.book", "service.lint.noRegister", true},
		"notice that says nothing": {edit("notify/accepted.yaml", "{dossier.due}", "{dossier.deu}"), "notify/accepted.yaml", "deu", "{dossier.deu}", "service.lint.blank", false},
		"notice nobody sends":      {edit("notify/accepted.yaml", "event: accepted", "event: acepted"), "notify/accepted.yaml", "acepted", "acepted", "service.lint.noticeEvent", false},
		"result of no answer":      {edit("results/certificate.yaml", "{child.name}", "{child.nmae}"), "results/certificate.yaml", "nmae", "{child.nmae}", "service.lint.blank", false},
		"table with a gap":         {edit("rules/fee.dmn", "<inputEntry><text>-</text>", `<inputEntry><text>"surrogacy2"</text>`), "rules/fee.dmn", "surrogacy2", "fee 2", "service.lint.cell", false},
		"table that overlaps": {
			map[string]func(string) string{"rules/fee.dmn": func(s string) string { return strings.Replace(s, "FIRST", "UNIQUE", 1) }}, "rules/fee.dmn", "", "fee", "service.lint.rule", false,
		},
		"table with an unknown state": {edit("rules/fee.dmn", `"free"`, `"fre"`), "rules/fee.dmn", "fre", "fee 1", "service.lint.cell", false},
		"table of a wrong type":       {edit("rules/fee.dmn", `<output name="amount"/>`, `<output name="amuont"/>`), "rules/fee.dmn", "decision id", "fee", "service.lint.decisionType", false},
		"table that nobody asks":      {edit(svc, "fee: {rule: rules/fee.dmn, when: accept, source: \"…\"}", "fee: {kind: free, source: Luật}"), "rules/fee.dmn", "", "", "service.lint.strayRule", true},
		"officer's form overwrites":   {edit(frm, "{id: check.complete, type: checklist, list: papers}", "{id: siblings, type: text}"), frm, "accept:", "officer.accept.siblings", "service.lint.officerField", false},
		"officer's types differ":      {edit(frm, "  refuse: {fields: [{id: reason, type: text", "  refuse: {fields: [{id: reason, type: number"), frm, "supplement:", "officer.supplement.reason", "service.lint.officerType", false},
		"reserved id":                 {with(edit(frm, "{id: siblings, type: list", "{id: result, type: list"), "siblings:", "result:"), frm, "id: result", "result", "service.lint.reserved", false},
		"paper and question":          {with(edit(frm, homeBirth, homeBirth+"\n      - {id: birthSlip, type: yesno}"), "siblings:", "birthSlip: x\n  siblings:"), svc, "birthSlip", "papers.birthSlip", "service.lint.paperField", false},
		"paper twice":                 {edit(svc, "papers:\n", "papers:\n  - {id: birthSlip}\n"), svc, "KQ004389", "papers.birthSlip", "service.lint.idTwice", false},
		"case and term":               {edit(svc, "cases: [normal,", "cases: [normal, verify-elsewhere,"), svc, "cases:", "cases", "service.lint.caseTerm", false},
		"link that leads nowhere":     {edit("help/vi.md", "(/units)", "(units.md)"), "help/vi.md", "units.md", "units.md", "service.lint.link", false},
		"link without lock":           {edit("help/vi.md", "(/units)", "(http://example.org)"), "help/vi.md", "example.org", "http://example.org", "service.lint.linkScheme", false},
		"link that acts":              {edit("help/vi.md", "(/units)", "(javascript:alert)"), "help/vi.md", "javascript", "javascript:alert", "service.lint.linkScheme", false},
		"script in the help":          {edit("help/vi.md", "## Cần gì", "## Cần gì\n\n<script>alert(1)</script>"), "help/vi.md", "<script>", "", "service.lint.html", false},
		"title in the help":           {edit("help/vi.md", "## Cần gì", "# Cần gì"), "help/vi.md", "# Cần gì", "#", "service.lint.heading", false},
		"no help":                     {gone("help/vi.md"), "help/vi.md", "", "help/vi.md", "service.lint.missingFile", false},
		"YAML without end":            {map[string]func(string) string{frm: always("a: " + strings.Repeat("[", 100_000))}, frm, "", "", "decl.tooDeep", false},
	}
}

func TestEachFaultIsToldAtItsPlace(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle(decl.Messages, form.Messages, process.Messages, service.Messages)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			planted := sample(t, f.change)
			pkg, problems := service.Load(planted, "sample")
			if (pkg != nil) != f.warning {
				t.Errorf("loaded: %v", pkg != nil)
			}
			for _, p := range problems {
				told(t, b, p)
			}
			for _, p := range problems {
				if p.Key == f.key && p.Element == f.element && p.File == "sample/"+f.file && (p.Level == decl.Warning) == f.warning && onLine(t, planted, p, f.line) {
					return
				}
			}
			t.Errorf("got %v", problems)
		})
	}
}

// told checks that a problem has a sentence in both languages with nothing left to fill.
func told(t *testing.T, b *i18n.Bundle, p decl.Problem) {
	t.Helper()
	if p.File == "" || p.Pos.Line == 0 {
		t.Errorf("%v has no place", p)
	}
	for _, l := range i18n.Langs {
		s := b.Map(l, p.Key, p.Params)
		if s == "" || s == p.Key || strings.Contains(s, "{nearest}") || strings.Contains(s, "{known}") {
			t.Errorf("%s says %q in %s", p.Key, s, l)
		}
	}
}

func onLine(t *testing.T, fsys fs.FS, p decl.Problem, words string) bool {
	t.Helper()
	if words == "" {
		return true
	}
	raw, err := fs.ReadFile(fsys, p.File)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(raw), "\n")
	return p.Pos.Line <= len(lines) && strings.Contains(lines[p.Pos.Line-1], words)
}

// drawn is the sample with its process drawn: the chain without the applicant's step, and a
// look-up in a register before the leader signs. x is laid over the drawing.
func drawn(t testing.TB, x func(string) string) fs.FS {
	t.Helper()
	fsys := sample(t, gone("steps.yaml")).(fstest.MapFS)
	delete(fsys, "sample/tests/silent.yaml")
	task := func(id, role, unit, actions string) string {
		return `
    <bpmn:userTask id="` + id + `" khue:role="` + role + `" khue:unit="` + unit + `" khue:hours="1" khue:actions="` + actions + `"/>`
	}
	flow := func(id, from, to, when string) string {
		if when != "" {
			when = "<bpmn:conditionExpression>" + when + "</bpmn:conditionExpression>"
		}
		return `
    <bpmn:sequenceFlow id="` + id + `" sourceRef="` + from + `" targetRef="` + to + `">` + when + `</bpmn:sequenceFlow>`
	}
	body := bpmnHead + `<bpmn:startEvent id="start"/>` +
		task("receive", "clerk", "receiving", "accept supplement refuse") + task("verify", "justiceOfficer", "competent", "approve supplement refuse") +
		`<bpmn:exclusiveGateway id="which" default="plain"/><bpmn:serviceTask id="ask" khue:connector="population.person"/><bpmn:exclusiveGateway id="join"/>` +
		task("sign", "leader", "competent", "sign") + task("handOver", "clerk", "receiving", "issue") + `<bpmn:endEvent id="end"/>` +
		flow("f1", "start", "receive", "") + flow("f2", "receive", "verify", "") + flow("f3", "verify", "which", "") + flow("look", "which", "ask", `case = "surrogacy"`) +
		flow("plain", "which", "join", "") + flow("f4", "ask", "join", "") + flow("f5", "join", "sign", "") + flow("f6", "sign", "handOver", "") + flow("f7", "handOver", "end", "") +
		"</bpmn:process></bpmn:definitions>"
	if x != nil {
		body = x(body)
	}
	fsys["sample/process.bpmn"] = &fstest.MapFile{Data: []byte(body)}
	return fsys
}

func TestFaultsOfDrawnProcesses(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle(decl.Messages, form.Messages, process.Messages, service.Messages)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]struct {
		change    func(string) string
		line, key string
		element   string
	}{
		"a case that there is not":    {replace("surrogacy", "surogacy"), "look", "service.lint.codeNear", "look"},
		"a register nobody declared":  {replace("population.person", "land.parcel"), "land.parcel", "service.lint.use", "land.parcel"},
		"a role of another tier":      {replace("justiceOfficer", "deputyDirector"), `id="verify"`, "service.lint.roleNobody", "verify.role"},
		"a way around the signature":  {replace(`sourceRef="ask" targetRef="join"`, `sourceRef="ask" targetRef="handOver"`), `id="handOver"`, "service.lint.unsigned", "handOver.issue"},
		"more hours than the law has": {replace(`khue:hours="1"`, `khue:hours="9"`), "sameDay", "service.lint.budget", "deadline[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys := drawn(t, f.change)
			_, problems := service.Load(fsys, "sample")
			for _, p := range problems {
				told(t, b, p)
				if p.Key == f.key && p.Element == f.element && onLine(t, fsys, p, f.line) {
					return
				}
			}
			t.Errorf("got %v", problems)
		})
	}
	t.Run("sound", func(t *testing.T) {
		t.Parallel()
		_, problems := service.Load(drawn(t, nil), "sample")
		for _, p := range problems {
			if p.Level == decl.Error && !strings.HasPrefix(p.File, "sample/tests") {
				t.Error(p)
			}
		}
	})
}
