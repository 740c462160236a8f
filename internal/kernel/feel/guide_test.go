package feel_test

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"khue/internal/kernel/feel"
)

// The page that clerks learn from must be true: every block of it runs.
func TestGuide(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/guides/feel.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```(data|feel|feel-error)\n(.*?)\n```").FindAllStringSubmatch(string(page), -1)
	var scope feel.Scope
	var rec *feel.Record
	examples, mistakes := 0, 0
	env := feel.Env{Now: morning}
	for _, b := range blocks {
		src, want, _ := strings.Cut(b[2], "\n// ")
		switch b[1] {
		case "data":
			scope, rec = guideData(t, b[2])
		case "feel":
			examples++
			e, err := feel.Compile(src, scope)
			if err != nil {
				t.Errorf("%s\n%v", src, err)
				continue
			}
			w, err := feel.Compile(strings.TrimPrefix(want, "= "), scope)
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.Eval(rec, env)
			if err != nil {
				t.Fatal(err)
			}
			if exp, _ := w.Eval(rec, env); !feel.Equal(got, exp) {
				t.Errorf("%s\ngives %v, the page says %v", src, got, exp)
			}
		case "feel-error":
			mistakes++
			_, err := feel.Compile(src, scope)
			var e *feel.Error
			if !errors.As(err, &e) || e.In("vi") != want {
				t.Errorf("%s\ngives %v, the page says %s", src, err, want)
			}
		}
	}
	if examples < 20 || mistakes < 3 {
		t.Errorf("%d examples and %d mistakes were found on the page", examples, mistakes)
	}
}

// guideData reads lines of path: type = value.
func guideData(t *testing.T, text string) (feel.Scope, *feel.Record) {
	t.Helper()
	var fields []feel.Field
	values := map[string]feel.Value{}
	for _, line := range strings.Split(text, "\n") {
		left, value, ok := strings.Cut(line, " = ")
		path, typ, ok2 := strings.Cut(left, ": ")
		if !ok || !ok2 {
			t.Fatalf("not path: type = value: %s", line)
		}
		ft, err := feel.ParseType(typ)
		if err != nil {
			t.Fatal(err)
		}
		fields = append(fields, feel.Field{Name: path, Type: ft})
		x, err := feel.Compile(value, feel.NewScope())
		if err != nil {
			t.Fatal(err)
		}
		if values[path], err = x.Eval(nil, feel.Env{}); err != nil {
			t.Fatal(err)
		}
	}
	scope := feel.PathScope(fields...)
	rec := scope.Record()
	for path, v := range values {
		if !rec.Set(path, v) {
			t.Fatalf("%s cannot be %v", path, v)
		}
	}
	return scope, rec
}
