package form

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

const maxTyped = 20_000 // bytes of one value that are kept at all

// clean brings text to NFC and takes out what nobody can see.
func clean(s string, lines bool) string {
	if len(s) > maxTyped {
		s = s[:maxTyped]
	}
	s = strings.ToValidUTF8(i18n.NFC(s), "")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines:
			return r
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// ParsePage reads what a page sent and returns prev with the answers of that page
// replaced. Names are paths; dates come in three parts (<path>.day, .month, .year),
// rows as <path>.<n>.<part>. Unknown names are ignored, wrong values kept as typed,
// locked values of a register kept as they were. An answer that came back unchanged
// keeps its origin.
func (f *Form) ParsePage(page string, sent url.Values, prev Answers, env Env) Answers {
	out := prev.With(nil)
	for _, p := range f.pages {
		if p.info.ID != page {
			continue
		}
		for _, fl := range p.fields {
			for _, in := range fl.inputs() {
				in.take(sent, prev, out)
			}
		}
	}
	return out
}

func (in *input) take(sent url.Values, prev, out Answers) {
	old, had := prev[in.path]
	if in.typ == "computed" || in.locked && had && old.From == Register {
		return
	}
	v := in.typed(sent, in.path)
	switch {
	case v == nil:
		delete(out, in.path)
	case had && same(in.comparable(v), in.comparable(old.Value)):
	default:
		out[in.path] = Answer{Value: v}
	}
}

// comparable is the canonical form where there is one, so that 0912 345 678 sent
// back for 0912345678 is no change.
func (in *input) comparable(v any) any {
	if in.t.check == nil {
		return v
	}
	c, f := in.t.check(in, v, &Env{})
	if f.key != "" {
		return v
	}
	return c
}

// typed is the value of an input under a name; nil where nothing was sent.
func (in *input) typed(sent url.Values, name string) any {
	switch {
	case in.typ == "list":
		return in.typedRows(sent, name)
	case in.widget == WidgetDate || in.widget == WidgetPartialDate:
		d, m, y := clean(sent.Get(name+".day"), false), clean(sent.Get(name+".month"), false), clean(sent.Get(name+".year"), false)
		if d == "" && m == "" && y == "" {
			if whole := clean(sent.Get(name), false); whole != "" {
				return whole
			}
			return nil
		}
		return joinDate(d, m, y)
	case in.t.many:
		var chosen []any
		for _, s := range sent[name] {
			if s = clean(s, false); s != "" {
				chosen = append(chosen, s)
			}
		}
		if chosen == nil {
			return nil
		}
		return chosen
	case in.typ == "yesno":
		switch s := clean(sent.Get(name), false); s {
		case "":
			return nil
		case "yes", "true":
			return true
		case "no", "false":
			return false
		default:
			return s
		}
	}
	s := clean(sent.Get(name), in.typ == "long-text")
	if s == "" {
		return nil
	}
	return s
}

// joinDate writes the three parts as they were typed; it is an ISO date where they
// make one. A part left empty stays out from the right of a partial date, and keeps
// its place elsewhere.
func joinDate(d, m, y string) string {
	pad := func(s string, n int) string {
		if digits(s) && len(s) < n {
			return strings.Repeat("0", n-len(s)) + s
		}
		return strings.ReplaceAll(s, "-", "")
	}
	y, m, d = pad(y, 0), pad(m, 2), pad(d, 2)
	switch {
	case m == "" && d == "":
		return y
	case d == "":
		return y + "-" + m
	}
	return y + "-" + m + "-" + d
}

// splitDate is the reverse of joinDate, for the three boxes.
func splitDate(s string) (d, m, y string) {
	parts := strings.SplitN(s, "-", 3)
	y = parts[0]
	if len(parts) > 1 {
		m = strings.TrimPrefix(parts[1], "0")
	}
	if len(parts) > 2 {
		d = strings.TrimPrefix(parts[2], "0")
	}
	return d, m, y
}

func (in *input) typedRows(sent url.Values, name string) any {
	var rows []any
	for i := range in.max + 1 {
		row := map[string]any{}
		for _, cell := range in.rows {
			if v := cell.typed(sent, name+"."+strconv.Itoa(i)+"."+cell.path); v != nil {
				row[cell.path] = v
			}
		}
		if len(row) > 0 {
			rows = append(rows, row)
		}
	}
	if rows == nil {
		return nil
	}
	return rows
}

// ParseJSON reads answers from outside: an object by path ("mother.name"), or
// nested, or both. All are Typed, whatever the sender claims. A path that the form
// does not have is Invalid, with one field for each.
func (f *Form) ParseJSON(raw []byte) (Answers, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var tree map[string]any
	if err := dec.Decode(&tree); err != nil {
		return nil, errs.E(errs.Invalid, "form.error.json", errs.Cause(err))
	}
	if _, err := dec.Token(); err != io.EOF { //nolint:errorlint // Token returns it bare
		return nil, errs.E(errs.Invalid, "form.error.json")
	}
	out := make(Answers, len(tree))
	var unknown []errs.Field
	f.flatten("", tree, out, &unknown)
	if len(unknown) > 0 {
		slices.SortFunc(unknown, func(a, b errs.Field) int { return strings.Compare(a.Path, b.Path) })
		return nil, errs.E(errs.Invalid, "form.invalid", errs.P("n", len(unknown)), errs.WithFields(unknown...))
	}
	return out, nil
}

func (f *Form) flatten(prefix string, tree map[string]any, out Answers, unknown *[]errs.Field) {
	for name, v := range tree {
		path := i18n.NFC(name)
		if prefix != "" {
			path = prefix + "." + path
		}
		in := f.leaves[path]
		switch m, nested := v.(map[string]any); {
		case in != nil && in.typ != "computed":
			if v = plain(v); v != nil {
				out[path] = Answer{Value: v}
			}
		case nested && len(path) < 200:
			f.flatten(path, m, out, unknown)
		case len(*unknown) < 50:
			field := errs.Field{Path: clean(path, false), Key: "form.error.unknownField", Params: errs.Params{"path": path}}
			if near := decl.Nearest(path, f.known()); near != "" {
				field.Key = "form.error.unknownFieldNear"
				field.Params["nearest"] = near
			}
			*unknown = append(*unknown, field)
		}
	}
}

func (f *Form) known() []string {
	paths := make([]string, 0, len(f.leaves))
	for p := range f.leaves {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// plain cleans the text in a value from outside; an empty text is no answer.
func plain(v any) any {
	switch x := v.(type) {
	case string:
		if s := clean(x, true); s != "" {
			return s
		}
		return nil
	case []any:
		out := make([]any, 0, len(x))
		for _, e := range x {
			if e = plain(e); e != nil {
				out = append(out, e)
			}
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			if e = plain(e); e != nil {
				out[k] = e
			}
		}
		return out
	}
	return v
}
