package ui

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

func reader(t testing.TB, l i18n.Lang) context.Context {
	t.Helper()
	b, err := i18n.NewBundle(Messages)
	if err != nil {
		t.Fatal(err)
	}
	return i18n.WithLang(t.Context(), b, l)
}

func draw(t testing.TB, ctx context.Context, c templ.Component) string { //nolint:revive // t first, as in all helpers
	t.Helper()
	var b strings.Builder
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDateKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, want string }{
		{"", "||"},
		{"2026-10-01", "1|10|2026"},
		{"2026-03-27", "27|3|2026"},
		{"31/2/2025", "31|2|2025"},
		{"/2/", "|2|"},
		{"abc//", "abc||"},
		{"1/2/3/4", "1|2|3/4"},
	} {
		d, m, y := Field{Value: c.value}.dateParts()
		if got := d + "|" + m + "|" + y; got != c.want {
			t.Errorf("%q gives %s, want %s", c.value, got, c.want)
		}
	}
}

func TestProblemsSpeakTheReadersLanguage(t *testing.T) {
	t.Parallel()
	ctx := reader(t, i18n.EN)
	err := errs.E(errs.Invalid, "ui.error.summary", errs.WithFields(
		errs.Field{Path: "child.name", Key: "ui.count.over", Params: errs.Params{"over": 7}},
		errs.Field{Path: "child.dob", Key: "ui.choose"},
	))
	got := ProblemsOf(ctx, err)
	want := Problems{{"child.name", "Characters too many: 7"}, {"child.dob", "Choose one"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got.For("child.dob") != "Choose one" || got.For("child.sex") != "" {
		t.Error("For does not find the problem of a field")
	}
	if got := ProblemsOf(ctx, errors.New("disk on fire")); len(got) != 1 || strings.Contains(got[0].Text, "fire") {
		t.Errorf("the reader is told the cause: %v", got)
	}
	if ProblemsOf(ctx, nil) != nil {
		t.Error("no error, yet problems")
	}
}

func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	ctx := reader(t, i18n.VI)
	const evil = `"><script>alert(1)</script>`
	f := Field{Name: "n", Label: evil, Hint: evil, Error: evil, Source: evil, Value: evil, MaxLength: 5, Prefix: evil, Options: []Option{{Value: evil, Label: evil, Hint: evil}}}
	for name, c := range map[string]templ.Component{
		"input": Input(f), "textarea": Textarea(f), "select": Select(f), "radios": Radios(f), "checkboxes": Checkboxes(f),
		"date": DateInput(f), "file": FileUpload(f), "files": FileList("x", []File{{Name: evil, Remove: evil}}),
		"search": SearchBox("/s", "q", evil, evil), "tag": Tag(evil, ToneLate), "page": Page(PageArgs{Title: evil, Summary: evil}),
		"table":    Table(TableArgs{Caption: evil, Head: []Column{{Label: evil}}, Rows: []Row{{Cells: []Cell{T(evil)}, Select: evil, Label: evil}}, SelectName: "s"}),
		"when":     When("a", evil),
		"timeline": Timeline([]Event{{Title: evil, By: evil, When: evil, ISO: evil, Text: evil}}),
	} {
		if out := draw(t, ctx, c); strings.Contains(out, "<script>alert") {
			t.Errorf("%s lets a script through:\n%s", name, out)
		}
	}
	if out := draw(t, ctx, Link(Anchor{Label: "x", Href: "/a?b=1&c=\"2"})); !strings.Contains(out, `href="/a?b=1&amp;c=&#34;2"`) {
		t.Errorf("an address is not escaped: %s", out)
	}
}

func TestErrorSummaryLeadsToEachField(t *testing.T) {
	t.Parallel()
	ctx := reader(t, i18n.VI)
	opts := []Option{{Value: "a", Label: "A"}, {Value: "b", Label: "B"}}
	for name, c := range map[string]func(Field) templ.Component{
		"input": Input, "textarea": Textarea, "select": Select, "radios": Radios, "checkboxes": Checkboxes, "date": DateInput, "file": FileUpload,
	} {
		f := Field{Name: "child.name", Label: "L", Hint: "H", Error: "E", Options: opts}
		out := draw(t, ctx, ErrorSummary(Problems{{f.Name, f.Error}})) + draw(t, ctx, c(f))
		for _, want := range []string{`href="#f-child.name"`, `id="f-child.name"`, `id="f-child.name-error"`, `aria-describedby="f-child.name-hint f-child.name-error"`} {
			if strings.Count(out, want) != 1 {
				t.Errorf("%s: %s stands %d times", name, want, strings.Count(out, want))
			}
		}
	}
}

func TestFormCarriesItsKeyOnlyWhenItPosts(t *testing.T) {
	t.Parallel()
	ctx := reader(t, i18n.VI)
	post := draw(t, ctx, Form(FormArgs{Action: "/x", Key: "k1", Submit: "Gửi"}))
	if !strings.Contains(post, `name="_key" value="k1"`) || !strings.Contains(post, `method="post"`) {
		t.Errorf("a post without its key: %s", post)
	}
	get := draw(t, ctx, Form(FormArgs{Action: "/x", Key: "k1", Get: true}))
	if strings.Contains(get, "_key") {
		t.Errorf("a search carries a key: %s", get)
	}
}

func TestShellFollowsTheReader(t *testing.T) {
	t.Parallel()
	ctx := WithShell(reader(t, i18n.EN), Shell{Lang: i18n.EN, Theme: ThemeDark, Density: DensityKiosk, Path: "/search?q=a&b"})
	out := draw(t, ctx, Page(PageArgs{Title: "Find", Problems: Problems{{Text: "x"}}}))
	for _, want := range []string{
		`<html lang="en"`, `data-theme="dark"`, `data-density="kiosk"`, `<title>Error: Find – Khuê</title>`,
		`name="back" value="/search?q=a&amp;b"`, `Skip to main content`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}

// A page as a citizen meets it: the whole document with a form of ten fields.
func BenchmarkPage(b *testing.B) {
	ctx := WithShell(reader(b, i18n.VI), Shell{
		Lang: i18n.VI, Path: "/", Demo: "x", User: &User{Name: "Nguyễn Thị Hòa", SignOut: "/sign-out"},
		Nav: []NavItem{{Label: "Trang đầu", Href: "/"}, {Label: "Thủ tục", Href: "/p", Current: true}},
	})
	fields := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		for _, n := range [...]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
			if err := Input(Field{Name: n, Label: "Họ và tên", Hint: "Viết có dấu", Value: "Nguyễn Minh An", Complete: "name"}).Render(ctx, w); err != nil {
				return err
			}
		}
		return nil
	})
	page := Page(PageArgs{Title: "Thông tin của trẻ", Back: &Anchor{Href: "/"}})
	var out strings.Builder
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if err := page.Render(templ.WithChildren(ctx, fields), &out); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(out.Len()))
}

// The queue of an officer: fifty rows.
func BenchmarkQueue(b *testing.B) {
	ctx := WithShell(reader(b, i18n.VI), Shell{Lang: i18n.VI, Density: DensityCompact})
	a := TableArgs{Caption: "Việc", SelectName: "task", First: true, Head: []Column{{Label: "Hồ sơ"}, {Label: "Thủ tục"}, {Label: "Người nộp"}, {Label: "Bước"}, {Label: "Hạn"}, {Label: "Tình trạng"}}}
	for range 50 {
		a.Rows = append(a.Rows, Row{Select: "1", Label: "H26", Cells: []Cell{L("H26.16.2-250623-0007", "/desk/dossiers/H26"), T("Đăng ký khai sinh"), T("Nguyễn Thị Hòa"), T("Thẩm tra"), T("17:00 23/6"), Tagged("Mới nộp", ToneNew)}})
	}
	page := Page(PageArgs{Title: "Việc", Wide: true})
	rows := Table(a)
	var out strings.Builder
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if err := page.Render(templ.WithChildren(ctx, rows), &out); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(out.Len()))
}
