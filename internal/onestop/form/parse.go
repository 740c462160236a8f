package form

import (
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

const maxTyped = 80_000 // bytes of one value that are kept at all: more than any check lets pass

// garbled stands for what is no text: bytes that are not UTF-8, NUL and other control
// signs, marks that turn the direction of writing. The checks refuse it by name.
const garbled = unicode.ReplacementChar

// clean brings text to NFC, drops what copying leaves behind unseen (zero-width signs,
// soft hyphens) and marks what is no text.
func clean(s string, lines bool) string {
	if len(s) > maxTyped {
		s = s[:maxTyped]
	}
	if tidy(s) {
		return s
	}
	s = i18n.NFC(strings.ToValidUTF8(s, string(garbled)))
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines:
			return r
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
			return garbled
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// tidy reports whether a text needs no cleaning: printable ASCII without spaces around.
func tidy(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

// ParsePage reads what a page sent and returns prev with the answers of that page
// replaced. Names are paths; dates come in three parts (<path>.day, .month, .year),
// rows as <path>.<n>.<part>. Unknown names are ignored, wrong values kept as typed,
// locked values of a register kept as they were. An answer that came back unchanged
// keeps its origin. A button that changes the page rather than leaves it (Stays) has
// its effect: a row is added or taken out, a unit found.
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
		f.edit(p, sent, out, &env)
	}
	return out
}

func (in *input) take(sent url.Values, prev, out Answers) {
	old, had := prev[in.path]
	if in.typ == "computed" || in.typ == "file" || in.locked && had && old.From == Register {
		return
	}
	v := in.typed(sent, in.path)
	switch {
	case v == nil:
		delete(out, in.path)
	case had && sameValue(in.comparable(v), in.comparable(old.Value)):
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
	if in.typ == "unit" {
		return typedUnit(sent, name)
	}
	s := clean(sent.Get(name), in.typ == "long-text")
	if s == "" {
		return nil
	}
	return s
}

// typedUnit is the code that was chosen, or the name that was typed into the search
// beneath; the check knows both.
func typedUnit(sent url.Values, name string) any {
	s, find := clean(sent.Get(name), false), clean(sent.Get(name+".find"), false)
	if s == "" || sent.Get(EditName) == EditFind+" "+name {
		s = find
	}
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

var errMore = errors.New("form: more than one value")

const maxPath = 120 // bytes of a field's name

// ParseJSON reads answers from outside: an object by path ("mother.name"), or
// nested, or both. All are Typed, whatever the sender claims. A path that the form
// does not have is Invalid, with one field for each.
func (f *Form) ParseJSON(raw []byte) (Answers, error) {
	dec := decoder(raw)
	tree, err := readObject(dec)
	if err == nil {
		if _, err = dec.ReadToken(); err == nil {
			err = errMore
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err != nil {
		return nil, errs.E(errs.Invalid, "form.error.json", errs.Cause(err))
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
		case in != nil && in.typ != "computed" && in.typ != "file":
			if v = plain(v); v != nil {
				out[path] = Answer{Value: v}
			}
		case len(path) > maxPath:
			if len(*unknown) < 50 {
				head := clean(string([]rune(path[:maxPath])), false)
				*unknown = append(*unknown, errs.Field{Path: head, Key: "form.error.nameLong", Params: errs.Params{"path": head, "max": maxPath}})
			}
		case nested:
			f.flatten(path, m, out, unknown)
		case len(*unknown) < 50:
			path = clean(path, false)
			field := errs.Field{Path: path, Key: "form.error.unknownField", Params: errs.Params{"path": path}}
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
