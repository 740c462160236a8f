package apply

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

// version loads the sample service with some of its text replaced.
func version(t *testing.T, edits map[string][]string) *service.Package {
	t.Helper()
	files := fstest.MapFS{}
	root := os.DirFS("../service/testdata/sample")
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(root, p)
		text := string(b)
		for i := 0; i+1 < len(edits[p]); i += 2 {
			if !strings.Contains(text, edits[p][i]) {
				t.Fatalf("%s has no %q", p, edits[p][i])
			}
			text = strings.ReplaceAll(text, edits[p][i], edits[p][i+1])
		}
		files["s/"+p] = &fstest.MapFile{Data: []byte(text)}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	pkg, ps := service.Load(files, "s")
	if ps.Failed() || pkg == nil {
		t.Fatal(ps.Err())
	}
	return pkg
}

// units know one commune, which has another name from 2025-07-01 on, and one that stays.
type units struct{}

func (units) Unit(code string, on clock.Date) (form.Unit, bool) {
	switch {
	case code == "00200":
		return form.Unit{Code: code, Name: "Phường Bồ Đề", Full: "Phường Bồ Đề, thành phố Hà Nội", Tier: "commune"}, true
	case code != "00118":
		return form.Unit{}, false
	case on.Before(clock.MustDate("2025-07-01")):
		return form.Unit{Code: code, Name: "Phường Phúc Lợi", Full: "Phường Phúc Lợi, quận Long Biên", Tier: "commune"}, true
	}
	return form.Unit{Code: code, Name: "Phường Long Biên", Full: "Phường Long Biên, thành phố Hà Nội", Tier: "commune"}, true
}

func (units) Choices(string, clock.Date) []form.Unit { return nil }

func (units) Above(string, string, clock.Date) (form.Unit, bool) { return form.Unit{}, false }

func texts(ls ...string) decl.Label { return decl.Label{VI: ls[0], EN: ls[len(ls)-1]} }

func TestADraftMovesByFieldID(t *testing.T) {
	t.Parallel()
	old := version(t, nil)
	pkg := version(t, map[string][]string{
		"service.yaml": {
			"version: 2.1.0", "version: 3.0.0", "from: 2025-07-01", "from: 2026-07-01", "cases: [normal, abandoned, surrogacy]", "cases: [normal, abandoned]",
			"accept: [pdf, jpg, png]", "accept: [pdf]", "deliver: [wallet, counter, post]", "deliver: [wallet, counter]",
		},
		"form.yaml": {
			"id: child.name, type: person-name", "id: child.name, type: text",
			"type: code, list: sex, widget: radios", "type: code, list: ethnicity",
			"      - {id: siblings, type: list, item: person-brief, max: 10}\n", "",
		},
		"i18n/vi.yaml": {", surrogacy: \"Sinh do mang thai hộ\"", "", "  siblings: \"Anh chị em\"\n", ""},
		"i18n/en.yaml": {", surrogacy: \"Born by surrogacy\"", "", "  siblings: \"Brothers and sisters\"\n", ""},
	})
	now := clock.MustDate("2026-07-02").At(9, 0)
	d := Draft{
		Package: old.Digest, Case: "surrogacy", Updated: clock.MustDate("2026-06-20").At(9, 0),
		Answers: form.Answers{
			"child.registrationUnit": {Value: "00200"}, "child.name": {Value: "Nguyễn Minh An"}, "child.dob": {Value: "2026-06-01"}, "child.sex": {Value: "female"},
			"mother.name": {Value: "Nguyễn Thị Hạnh", From: form.Earlier}, "siblings": {Value: []any{map[string]any{"name": "Nguyễn Minh Bảo"}}},
			"child.nonsense": {Value: "typed in an address"},
		},
		Papers: []form.File{{Paper: "birthSlip", Name: "a.jpg", Type: "jpg"}, {Paper: "birthSlip", Name: "b.pdf", Type: "pdf"}, {Paper: "other", Name: "c.pdf", Type: "pdf"}},
	}
	d.Filing.Delivery.Method = "post"
	m := planMove(d, old, pkg, units{}, now)
	type lost struct {
		Path   string
		VI     string
		Reason Reason
	}
	var got []lost
	for _, l := range m.Lost {
		got = append(got, lost{l.Path, l.Label.VI + " = " + l.Text.VI, l.Reason})
	}
	want := []lost{
		{"child.name", "Họ và tên = Nguyễn Minh An", OtherType},
		{"child.sex", "Giới tính = Nữ", NoChoice},
		{"siblings", "Anh chị em = Nguyễn Minh Bảo", NotAsked},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is said to stay behind (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]LostPaper{
		{Label: texts("Giấy chứng sinh", "Birth slip"), Name: "a.jpg", Reason: OtherKind}, {Label: m.Papers[len(m.Papers)-1].Label, Name: "c.pdf", Reason: NotAsked},
	}, m.Papers, cmp.Comparer(func(a, b decl.Label) bool { return a.VI == b.VI })); diff != "" {
		t.Errorf("papers (-want +got):\n%s", diff)
	}
	if m.Case.VI != "Sinh do mang thai hộ" || m.draft.Case != "normal" || m.Delivery != "post" || m.draft.Filing.Delivery.Method != "" {
		t.Errorf("case %q to %q, delivery %q to %q", m.Case.VI, m.draft.Case, m.Delivery, m.draft.Filing.Delivery.Method)
	}
	if m.From != "2.1.0" || m.To != "3.0.0" || m.Silent() {
		t.Errorf("%s to %s", m.From, m.To)
	}
	if diff := cmp.Diff([]string{"child.dob", "child.registrationUnit", "mother.name"}, m.draft.Answers.Paths()); diff != "" {
		t.Errorf("what goes along (-want +got):\n%s", diff)
	}
	if m.draft.Answers["mother.name"].From != form.Earlier || m.draft.Package != pkg.Digest || len(d.Answers) != 7 {
		t.Error("an answer lost its origin, or the draft given was written to")
	}
}

func TestACodeThatNamesAnotherUnitStaysBehind(t *testing.T) {
	t.Parallel()
	old := version(t, map[string][]string{"service.yaml": {"version: 2.1.0", "version: 1.4.0", "from: 2025-07-01", "from: 2016-01-01, to: 2025-06-30"}})
	pkg := version(t, nil)
	for _, saved := range []time.Time{clock.MustDate("2025-06-23").At(9, 0), clock.MustDate("2025-07-01").At(0, 5)} {
		// The second was typed into a page that was still open at midnight.
		d := Draft{Package: old.Digest, Case: "normal", Updated: saved, Answers: form.Answers{"child.registrationUnit": {Value: "00118"}}}
		m := planMove(d, old, pkg, units{}, clock.MustDate("2025-07-01").At(9, 0))
		if len(m.Lost) != 1 || m.Lost[0].Reason != OtherUnit || m.Lost[0].Text.VI != "Phường Phúc Lợi, quận Long Biên" {
			t.Errorf("saved %s: %+v", saved, m.Lost)
		}
	}
	d := Draft{Package: old.Digest, Case: "normal", Updated: clock.MustDate("2025-06-23").At(9, 0), Answers: form.Answers{"child.registrationUnit": {Value: "00200"}}}
	if m := planMove(d, old, pkg, units{}, clock.MustDate("2025-07-01").At(9, 0)); !m.Silent() || m.Kept != 1 {
		t.Errorf("a unit that stays: %+v", m.Lost)
	}
}

func TestAVersionThatIsKnownNoMore(t *testing.T) {
	t.Parallel()
	pkg := version(t, nil)
	d := Draft{Package: "gone", Case: "normal", Answers: form.Answers{"child.name": {Value: "An"}, "old.field": {Value: "x"}}, Updated: clock.MustDate("2025-08-01").At(9, 0)}
	m := planMove(d, nil, pkg, units{}, clock.MustDate("2025-08-02").At(9, 0))
	if len(m.Lost) != 1 || m.Lost[0].Path != "old.field" || m.Lost[0].Text.VI != "x" || m.Kept != 1 {
		t.Errorf("%+v", m)
	}
}
