package service_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/holiday"
	"khue/services"
)

// sample is the package of the guide for authors, whole, with changed files laid over it.
func sample(t testing.TB, change map[string]func(string) string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	root := os.DirFS("testdata")
	err := fs.WalkDir(root, "sample", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(root, name)
		if f := change[strings.TrimPrefix(name, "sample/")]; f != nil {
			b = []byte(f(string(b)))
		}
		if len(b) > 0 {
			out[name] = &fstest.MapFile{Data: b}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSampleOfTheGuide(t *testing.T) {
	t.Parallel()
	pkg, problems := service.Load(sample(t, nil), "sample")
	if pkg == nil {
		t.Fatal(problems)
	}
	for _, p := range problems {
		if p.Level != decl.Info {
			t.Error(p)
		}
	}
	cal, err := holiday.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range pkg.Scenarios {
		for _, p := range pkg.Play(s, service.World{Calendar: cal}) {
			t.Error(p)
		}
	}
	if pkg.Fee.Free() || pkg.Fee.Kind != "unknown" {
		t.Error("a fee that no source calls free counts as free")
	}
}

func replace(old, with string) func(string) string {
	return func(s string) string {
		if !strings.Contains(s, old) {
			panic("the sample has no " + old)
		}
		return strings.Replace(s, old, with, 1)
	}
}

func TestLintNamesFileLineAndMend(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle(decl.Messages, form.Messages, process.Messages, service.Messages)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		file   string
		change func(string) string
		want   string
	}{
		"unknown key":        {"service.yaml", replace("channels:", "chanels:"), "sample/service.yaml:12:1: error: chanels: decl.unknownKeyNear"},
		"unknown word":       {"service.yaml", replace("receive: any-commune", "receive: any"), "sample/service.yaml:9:10: error: receive: service.lint.word"},
		"procedure":          {"service.yaml", replace(`"1.001193"`, `"1193"`), "service.lint.procedure"},
		"competent":          {"service.yaml", replace("by: child.registrationUnit", "by: child.name"), "service.lint.competent"},
		"free without law":   {"service.yaml", replace(`fee: {rule: rules/fee.dmn, when: accept, source: "…"}`, "fee: {kind: free}"), "service.lint.feeSource"},
		"no purpose":         {"service.yaml", replace("purpose: birth-registration, ", ""), "service.lint.purpose"},
		"no retention":       {"service.yaml", replace(", retention: permanent", ""), "service.lint.retention"},
		"no file":            {"service.yaml", replace("results/certificate.yaml", "results/other.yaml"), "service.lint.missingFile"},
		"condition":          {"service.yaml", replace("not(child.homeBirth)", "not(child.homebirth)"), "sample/service.yaml:19:47: error: papers.birthSlip.required: form.lint.feel"},
		"message":            {"form.yaml", replace("msg: dob.late", "msg: dob.later"), "form.lint.msg"},
		"officer's form":     {"form.yaml", replace("  refuse:", "  refus:"), "service.lint.officer"},
		"role":               {"steps.yaml", replace("role: justiceOfficer", "role: judge"), "process.lint.role known="},
		"unsigned":           {"steps.yaml", replace("actions: [confirmDraft,", "actions: [{do: confirmDraft, to: handOver},"), "service.lint.unsigned"},
		"too many hours":     {"steps.yaml", replace("hours: 3", "hours: 9"), "service.lint.budget"},
		"one language":       {"i18n/en.yaml", replace(`summary: "Enter a child's birth in the civil register and issue the birth certificate."`, ""), "service.lint.text"},
		"no notice":          {"notify/accepted.yaml", func(string) string { return "" }, "service.lint.noNotice event=accepted"},
		"no scenario":        {"tests/refused.yaml", func(string) string { return "" }, "service.lint.scenario"},
		"layout":             {"results/certificate.yaml", replace("title:", "titel:"), "decl.unknownKeyNear"},
		"script in the help": {"help/vi.md", func(string) string { return "" }, "service.lint.missingFile"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pkg, problems := service.Load(sample(t, map[string]func(string) string{tc.file: tc.change}), "sample")
			if pkg != nil {
				t.Error("loaded")
			}
			found := false
			for _, p := range problems {
				found = found || strings.Contains(p.String(), tc.want)
				for _, l := range i18n.Langs {
					if s := b.Map(l, p.Key, p.Params); s == "" || s == p.Key {
						t.Errorf("%s has no words in %s", p.Key, l)
					}
				}
			}
			if !found {
				t.Errorf("got %v, want %s", problems, tc.want)
			}
		})
	}
}

func TestScenarioSaysWhatDiffers(t *testing.T) {
	t.Parallel()
	pkg, problems := service.Load(sample(t, map[string]func(string) string{
		"tests/sample.yaml": replace("then: {state: done", "then: {state: returned"),
	}), "sample")
	if pkg == nil {
		t.Fatal(problems)
	}
	cal, err := holiday.Load()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range pkg.Scenarios {
		for _, p := range pkg.Play(s, service.World{Calendar: cal}) {
			got = append(got, p.Key+" "+p.Element)
		}
	}
	if d := cmp.Diff([]string{"service.play.differs then.state"}, got); d != "" {
		t.Error(d)
	}
}

func TestVersionsByDate(t *testing.T) {
	t.Parallel()
	reg, problems := service.LoadAll(services.FS)
	if reg == nil {
		t.Fatal(problems)
	}
	const id = "hanoi.civil-status.birth-registration"
	for day, version := range map[string]string{"2016-01-01": "1.4.0", "2025-06-30": "1.4.0", "2025-07-01": "2.2.0", "2026-11-23": "2.2.0"} {
		p, err := reg.Find(id, clock.MustDate(day))
		if err != nil || p.Version != version {
			t.Errorf("%s: %v %v", day, p, err)
			continue
		}
		if again, err := reg.ByDigest(p.Digest); err != nil || again != p {
			t.Errorf("%s: not found by its digest", day)
		}
		if l := p.Level(service.Working{}, clock.MustDate(day)); l.N != 3 || len(l.Why) != 1 || l.Why[0].Key != "service.level.unsigned" {
			t.Errorf("%s: level %+v: a result that nobody signed cannot be the fourth", day, l)
		}
	}
	if _, err := reg.Find(id, clock.MustDate("2015-12-31")); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
	if _, ps := service.NewRegistry(append(reg.All(), reg.All()[0])...); !ps.Failed() {
		t.Error("two versions in force on one day were taken")
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if reg, ps := service.LoadAll(services.FS); reg == nil {
			b.Fatal(ps)
		}
	}
}

func TestFullOrPartialByDate(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle(decl.Messages, form.Messages, process.Messages, service.Messages)
	if err != nil {
		t.Fatal(err)
	}
	free := edit("service.yaml", `fee: {rule: rules/fee.dmn, when: accept, source: "…"}`, `fee: {kind: free, source: "Luật"}`)
	numbered := edit("service.yaml", "book: birth, deliver", `book: birth, number: "{n}/{year}", deliver`)
	capped := map[string]func(string) string{"service.yaml": func(s string) string {
		s = numbered["service.yaml"](free["service.yaml"](s))
		return strings.Replace(s, "levelCap: {max: 4}", `levelCap: {max: 3, reason: presence, source: "Luật Hộ tịch"}`, 1)
	}}
	for name, tc := range map[string]struct {
		change map[string]func(string) string
		works  service.Working
		day    string
		n      int
		extent service.Extent
		words  string
	}{
		"before there was full or partial": {free, service.Working{}, "2021-05-01", 3, "", "Mức độ 3."},
		"free, by post: full":              {free, service.Working{}, "2023-01-01", 3, service.Full, "toàn trình (Nghị định 42/2022/NĐ-CP)."},
		"the law of 2026":                  {free, service.Working{}, "2026-11-23", 3, service.Full, "Nghị định 224/2026/NĐ-CP"},
		"cannot be paid online":            {nil, service.Working{}, "2026-11-23", 3, service.Partial, "một phần (Nghị định 224/2026/NĐ-CP). Phí chưa nộp được trực tuyến."},
		"can be paid online":               {numbered, service.Working{Payment: true, Signature: true}, "2026-11-23", 4, service.Full, "toàn trình"},
		"presence by law":                  {capped, service.Working{Payment: true, Signature: true}, "2026-11-23", 3, service.Partial, "Pháp luật yêu cầu có mặt (Luật Hộ tịch)."},
		"presence by law, before":          {capped, service.Working{Payment: true, Signature: true}, "2019-01-01", 3, "", "Mức độ 3. Pháp luật yêu cầu có mặt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pkg, problems := service.Load(sample(t, tc.change), "sample")
			if pkg == nil {
				t.Fatal(problems)
			}
			l := pkg.Level(tc.works, clock.MustDate(tc.day))
			if l.N != tc.n || l.Extent != tc.extent || !strings.Contains(l.Public(b).VI, tc.words) {
				t.Errorf("%+v %q", l, l.Public(b).VI)
			}
		})
	}
}
