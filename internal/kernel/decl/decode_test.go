package decl_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
)

type field struct {
	Pos      decl.Pos
	ID       string    `yaml:"id,required"`
	Code     string    `yaml:"code"`
	Required decl.Text `yaml:"required"`
	Accept   []string  `yaml:"accept"`
}

type act struct {
	Pos decl.Pos
	Do  string `yaml:"do,scalar"`
	To  string `yaml:"to"`
}

type file struct {
	Max    int                   `yaml:"max"`
	Fields []field               `yaml:"fields"`
	Free   map[string]any        `yaml:"free"`
	Placed map[string]decl.Value `yaml:"placed"`
	Acts   []act                 `yaml:"acts"`
}

func TestDecodeKeepsWhatTheAuthorWrote(t *testing.T) {
	t.Parallel()
	var got file
	ps := decl.Decode("form.yaml", []byte(`
max: 3
fields:
  - {id: a, code: 00118, required: true, accept: pdf}
  - id: b
    required: "not(a)"
acts:
  - accept
  - {do: approve, to: b}
placed:
  due: null
  a.b: [00118]
free: {unit: 00118, n: 5, on: 2025-07-01, yes: true, none: null, list: [1, x]}
`), &got)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	want := file{
		Max: 3,
		Fields: []field{
			{Pos: decl.Pos{Line: 4, Col: 5}, ID: "a", Code: "00118", Required: decl.Text{S: "true", Pos: decl.Pos{Line: 4, Col: 36}}, Accept: []string{"pdf"}},
			{Pos: decl.Pos{Line: 5, Col: 5}, ID: "b", Required: decl.Text{S: "not(a)", Pos: decl.Pos{Line: 6, Col: 15}}},
		},
		Acts:   []act{{Pos: decl.Pos{Line: 8, Col: 5}, Do: "accept"}, {Pos: decl.Pos{Line: 9, Col: 5}, Do: "approve", To: "b"}},
		Placed: map[string]decl.Value{"due": {Pos: decl.Pos{Line: 11, Col: 8}}, "a.b": {V: []any{"00118"}, Pos: decl.Pos{Line: 12, Col: 8}}},
		Free:   map[string]any{"unit": "00118", "n": int64(5), "on": "2025-07-01", "yes": true, "none": nil, "list": []any{int64(1), "x"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDecodeNamesEveryFault(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want string }{
		{"unknown key, nearest", "fields:\n  - {id: a, requird: true}", "f.yaml:2:13: error: fields[0].requird: decl.unknownKeyNear key=requird nearest=required"},
		{"unknown key, far", "zzzzzzzzzzz: 1", "f.yaml:1:1: error: zzzzzzzzzzz: decl.unknownKey key=zzzzzzzzzzz known=acts, fields, free, max, placed"},
		{"missing", "fields:\n  - {code: x}", "f.yaml:2:5: error: fields[0]: decl.missingKey key=id"},
		{"kind", "max: many", "f.yaml:1:6: error: max: decl.wantInt value=many"},
		{"list for a map", "fields: {a: 1}", "f.yaml:1:9: error: fields: decl.wantList"},
		{"doubled", "max: 1\nmax: 2", "f.yaml:2:1: error: "},
		{"anchor", "free: {a: &x 1}", "f.yaml:1:11: error: free.a: decl.noAnchors"},
		{"empty", "", "f.yaml:1:1: error: : decl.empty"},
		{"broken", "max: [1", "f.yaml:1:"},
		{"two documents", "max: 1\n---\nmax: 2", "decl.severalDocuments"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var f file
			ps := decl.Decode("f.yaml", []byte(tc.in), &f)
			if len(ps) != 1 || !strings.Contains(ps[0].String(), tc.want) {
				t.Errorf("got %v, want %s", ps, tc.want)
			}
			if ps.Err() == nil {
				t.Error("not refused")
			}
		})
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"required", "when", "rules"}
	for word, want := range map[string]string{"requierd": "required", "wen": "when", "RULES": "rules", "colour": ""} {
		if got := decl.Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestMessagesInBothLanguages(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle(decl.Messages)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.T(i18n.EN, "decl.unknownKeyNear", "key", "a", "nearest", decl.Label{VI: "bê", EN: "b"}); got != "There is no key a. Did you mean b?" {
		t.Error(got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("fields: [{id: a}]")
	f.Add("a: &b [*b]")
	f.Fuzz(func(_ *testing.T, s string) {
		var x file
		decl.Decode("f", []byte(s), &x)
	})
}
