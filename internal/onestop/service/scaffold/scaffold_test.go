package scaffold_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/service"
	"khue/internal/onestop/service/scaffold"
	"khue/internal/register/catalog"
	"khue/internal/register/holiday"
)

func world(t testing.TB) service.World {
	t.Helper()
	cal, err := holiday.Load()
	if err != nil {
		t.Fatal(err)
	}
	return service.World{Calendar: cal}
}

// codes are the procedures whose records come with the program.
func codes(t testing.TB) []catalog.Code {
	t.Helper()
	f, err := os.Open("../../../register/catalog/seed/procedures.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []catalog.Code
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if code, ok := strings.CutPrefix(sc.Text(), "procedure "); ok {
			out = append(out, catalog.Code(code))
		}
	}
	return out
}

// TestEveryRecordBecomesAPackage: each template, filled from each record that comes with
// the program, passes the linter and its own scenarios.
func TestEveryRecordBecomesAPackage(t *testing.T) {
	t.Parallel()
	all := codes(t)
	if len(all) < 50 {
		t.Fatalf("only %d records", len(all))
	}
	w := world(t)
	for _, kind := range scaffold.Kinds() {
		for i, code := range all {
			if kind != "simple" && i%5 > 0 {
				continue // the record fills what all templates share
			}
			t.Run(kind+" "+string(code), func(t *testing.T) {
				t.Parallel()
				p, ok, err := catalog.Embedded(code)
				if err != nil || !ok {
					t.Fatal(ok, err)
				}
				if _, err := scaffold.New(scaffold.Options{
					Name: "Dịch vụ " + string(code), From: kind, Code: string(code), Procedure: p, Comments: i18n.VI, Today: clock.MustDate("2026-11-23"), World: w,
				}); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

func file(t *testing.T, fs []txtar.File, name string) string {
	t.Helper()
	for _, f := range fs {
		if f.Name == name {
			return string(f.Data)
		}
	}
	t.Fatalf("no %s", name)
	return ""
}

func TestWhatTheRecordSaysStandsInThePackage(t *testing.T) {
	t.Parallel()
	p, _, err := catalog.Embedded("1.004873")
	if err != nil {
		t.Fatal(err)
	}
	made, err := scaffold.New(scaffold.Options{
		Name: "marital-status", From: "simple", Code: "1.004873", Procedure: p, Comments: i18n.EN, Today: clock.MustDate("2026-11-23"), World: world(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"service.yaml": {
			"id: hanoi.civil-status.marital-status", `procedure: "1.004873"`, "{kind: workingDays, n: 3}", "code: KQ003453",
			"code: KQ004946, shownOnly: true", "fee: {kind: set-by-council, when: accept, source: \"163/QĐ-BTP\"}", "code: KQ.G15.000038", "competent: {tier: commune,",
		},
		"i18n/en.yaml":      {"Certificate of marital status"},
		"i18n/vi.yaml":      {"Cấp Giấy xác nhận tình trạng hôn nhân"},
		"steps.yaml":        {"role: justiceOfficer"},
		"tests/issued.yaml": {`due: "2026-12-03T17:00+07:00"`}, // 30 November and three working days
	} {
		text := file(t, made.Files, name)
		for _, s := range want {
			if !strings.Contains(text, s) {
				t.Errorf("%s lacks %s:\n%s", name, s, text)
			}
		}
	}
	if strings.Contains(file(t, made.Files, "service.yaml"), "KQ003448") {
		t.Error("the printed application form counts as a paper; the form asks what stands in it")
	}
}

// TestWithoutARecord: what nobody said is listed, and the fee is not free.
func TestWithoutARecord(t *testing.T) {
	t.Parallel()
	made, err := scaffold.New(scaffold.Options{Name: "x", From: "simple", Comments: i18n.EN, Today: clock.MustDate("2026-11-23"), World: world(t)})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(made.Unknown, " "); !strings.Contains(got, "unknown.fee") || !strings.Contains(got, "unknown.term") || !strings.Contains(got, "unknown.record") {
		t.Error(got)
	}
	if s := file(t, made.Files, "service.yaml"); !strings.Contains(s, "fee: {kind: unknown}") {
		t.Error(s)
	}
	if _, err := scaffold.New(scaffold.Options{Name: "x", From: "other", Today: clock.MustDate("2026-11-23"), World: world(t)}); err == nil {
		t.Error("an unknown template was taken")
	}
}
