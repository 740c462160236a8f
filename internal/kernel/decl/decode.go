package decl

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// Limits of a declared file.
const (
	maxBytes = 1 << 20
	maxDepth = 32
	maxMarks = 20_000 // signs that begin or end a value; a real file has under 5,000
)

// tooMuch looks for nesting and size that the parser should not be given: it goes down by
// recursion. It errs on the side of refusing: quoted text counts, too.
func tooMuch(data []byte) (line int, key string) {
	line = 1
	open, dashes, marks, start := 0, 0, 0, true
	for i, b := range data {
		switch b {
		case '\n':
			line++
			dashes, start = 0, true
			continue
		case '[', '{':
			open++
			marks++
		case ']', '}':
			open = max(open-1, 0)
		case ',', ':':
			marks++
		case '-', '?':
			if start && i+1 < len(data) && data[i+1] == ' ' {
				dashes++
				marks++
			}
		case '!', '&', '*': // tags, anchors and aliases may stand before each other
			if i == 0 || data[i-1] == ' ' || data[i-1] == '\n' {
				dashes++
			}
		}
		if b != ' ' && b != '-' && b != '?' {
			start = false
		}
		switch {
		case open > maxDepth*2 || dashes > maxDepth:
			return line, "decl.tooDeep"
		case marks > maxMarks:
			return line, "decl.tooMany"
		}
	}
	return 0, ""
}

// Text is a scalar as the author wrote it, with its place. It takes strings,
// numbers and booleans; an absent one has no place.
type Text struct {
	S   string
	Pos Pos
}

// String is the text.
func (t Text) String() string { return t.S }

// Set reports whether the author wrote it.
func (t Text) Set() bool { return t.Pos.Line > 0 }

// Value is a value of any shape with its place: what map[string]any would hold, for
// readers that must point at one entry of it.
type Value struct {
	V   any
	Pos Pos
}

// Flat is a tree of texts written out by dotted keys, each with its place: {field: {name:
// "Tên"}} is field.name. Scalars other than text keep what was written; null is left out.
type Flat map[string]Text

// Decode reads a file into a struct by its `yaml:"name"` tags; `yaml:"name,required"`
// refuses its absence. Taken are structs, slices, maps with string keys, strings,
// booleans, ints, Text, Value, Flat, any (map[string]any, []any, string, bool, int64, float64,
// nil) and pointers to these. A struct's field `Pos Pos` receives the place. A
// single value is taken where a list of scalars is expected, and where a struct is
// that has a field `yaml:"name,scalar"`.
func Decode(file string, data []byte, into any) Problems {
	d := &decoder{file: file}
	if len(data) > maxBytes {
		d.fault(Pos{1, 1}, "", "decl.tooLarge", "max", maxBytes)
		return d.problems
	}
	if line, key := tooMuch(data); key != "" {
		d.fault(Pos{line, 1}, "", key, "max", map[string]int{"decl.tooDeep": maxDepth, "decl.tooMany": maxMarks}[key])
		return d.problems
	}
	doc, err := parser.ParseBytes([]byte(i18n.NFC(string(data))), 0)
	if err != nil {
		pos, reason := Pos{1, 1}, err.Error()
		var se *yaml.SyntaxError
		if errors.As(err, &se) {
			reason = se.Message
			if se.Token != nil && se.Token.Position != nil {
				pos = Pos{se.Token.Position.Line, se.Token.Position.Column}
			}
		}
		d.fault(pos, "", syntaxKey(reason), "reason", reason)
		return d.problems
	}
	switch {
	case len(doc.Docs) == 0 || doc.Docs[0].Body == nil:
		d.fault(Pos{1, 1}, "", "decl.empty")
	case len(doc.Docs) > 1:
		d.fault(Pos{1, 1}, "", "decl.severalDocuments")
	default:
		d.value(doc.Docs[0].Body, reflect.ValueOf(into).Elem(), "", 0)
	}
	return d.problems
}

// slips are what the parser says of the commonest slips of the hand, each with the
// sentence for people who do not know YAML.
//
//nolint:gochecknoglobals // immutable table
var slips = []struct{ said, key string }{
	{"'\t'", "decl.syntaxTab"}, {"tab character", "decl.syntaxTab"},
	{"already defined", "decl.syntaxTwice"},
	{"quoted text", "decl.syntaxQuote"}, {"quoted string", "decl.syntaxQuote"},
	{"end token", "decl.syntaxBracket"}, {"flow map", "decl.syntaxBracket"}, {"flow sequence", "decl.syntaxBracket"}, {"',' or", "decl.syntaxBracket"},
	{"mapping value is not allowed", "decl.syntaxColon"},
	{"non-map value", "decl.syntaxIndent"}, {"not allowed in this context", "decl.syntaxIndent"}, {"unexpected key name", "decl.syntaxIndent"},
}

func syntaxKey(reason string) string {
	for _, s := range slips {
		if strings.Contains(reason, s.said) {
			return s.key
		}
	}
	return "decl.syntax"
}

type decoder struct {
	file     string
	problems Problems
}

func (d *decoder) fault(pos Pos, element, key string, kv ...any) {
	params := make(errs.Params, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		params[fmt.Sprint(kv[i])] = kv[i+1]
	}
	d.problems = append(d.problems, Problem{File: d.file, Pos: pos, Element: element, Key: key, Params: params})
}

func posOf(n ast.Node) Pos {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		n = m.Values[0].Key
	}
	if m, ok := n.(*ast.MappingValueNode); ok {
		n = m.Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return Pos{t.Position.Line, t.Position.Column}
	}
	return Pos{}
}

var (
	textType  = reflect.TypeFor[Text]()
	flatType  = reflect.TypeFor[Flat]()
	valueType = reflect.TypeFor[Value]()
	posType   = reflect.TypeFor[Pos]()
)

func (d *decoder) value(n ast.Node, v reflect.Value, path string, depth int) {
	pos := posOf(n)
	if depth > maxDepth {
		d.fault(pos, path, "decl.tooDeep", "max", maxDepth)
		return
	}
	if v.Type() == valueType {
		v.Set(reflect.ValueOf(Value{V: d.free(n, path, depth), Pos: pos}))
		return
	}
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		d.fault(pos, path, "decl.noAnchors")
		return
	case *ast.NullNode:
		return
	}
	if v.Type() == textType {
		if s, ok := d.scalar(n, path); ok {
			v.Set(reflect.ValueOf(Text{S: s, Pos: pos}))
		}
		return
	}
	if v.Type() == flatType {
		out := Flat{}
		d.flat(n, "", out, depth)
		v.Set(reflect.ValueOf(out))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.value(n, p.Elem(), path, depth)
		v.Set(p)
	case reflect.Struct:
		d.structure(n, v, path, depth)
	case reflect.Map:
		d.mapping(n, v, path, depth)
	case reflect.Slice:
		d.list(n, v, path, depth)
	case reflect.String:
		if s, ok := d.scalar(n, path); ok {
			v.SetString(s)
		}
	case reflect.Bool:
		if b, ok := n.(*ast.BoolNode); ok {
			v.SetBool(b.Value)
			return
		}
		d.fault(pos, path, "decl.wantBool")
	case reflect.Int, reflect.Int64:
		if s, ok := d.scalar(n, path); ok {
			i, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				d.fault(pos, path, "decl.wantInt", "value", s)
				return
			}
			v.SetInt(i)
		}
	case reflect.Float64:
		if s, ok := d.scalar(n, path); ok {
			f, err := strconv.ParseFloat(s, 64)
			if err != nil {
				d.fault(pos, path, "decl.wantNumber", "value", s)
				return
			}
			v.SetFloat(f)
		}
	case reflect.Interface:
		if x := d.free(n, path, depth); x != nil {
			v.Set(reflect.ValueOf(x))
		}
	default:
		panic("decl: cannot read into " + v.Type().String())
	}
}

// flat reads a tree of texts.
func (d *decoder) flat(n ast.Node, path string, out Flat, depth int) {
	pos := posOf(n)
	switch {
	case depth > maxDepth:
		d.fault(pos, path, "decl.tooDeep", "max", maxDepth)
		return
	case isScalar(n):
		switch n.(type) {
		case *ast.NullNode:
		case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
			d.fault(pos, path, "decl.noAnchors")
		default:
			if s, ok := d.scalar(n, path); ok {
				out[path] = Text{S: s, Pos: pos}
			}
		}
		return
	}
	pairs, ok := d.pairs(n, path)
	if !ok {
		return
	}
	seen := make(map[string]bool, len(pairs))
	for _, p := range pairs {
		if name, ok := d.key(p, path, seen); ok {
			at := join(path, name)
			if _, twice := out[at]; twice {
				d.fault(posOf(p), at, "decl.doubledKey", "key", at)
				continue
			}
			d.flat(p.Value, at, out, depth+1)
		}
	}
}

// scalar is the text of a scalar as written, without quotes.
func (d *decoder) scalar(n ast.Node, path string) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return s.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	d.fault(posOf(n), path, "decl.wantText")
	return "", false
}

func (d *decoder) pairs(n ast.Node, path string) ([]*ast.MappingValueNode, bool) {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}, true
	}
	d.fault(posOf(n), path, "decl.wantMap")
	return nil, false
}

func (d *decoder) key(p *ast.MappingValueNode, path string, seen map[string]bool) (string, bool) {
	k, ok := p.Key.(ast.Node)
	if !ok || p.Key.IsMergeKey() {
		d.fault(posOf(p), path, "decl.noAnchors")
		return "", false
	}
	name, ok := d.scalar(k, path)
	if !ok {
		return "", false
	}
	if seen[name] {
		d.fault(posOf(p), join(path, name), "decl.doubledKey", "key", name)
		return "", false
	}
	seen[name] = true
	return name, true
}

func (d *decoder) structure(n ast.Node, v reflect.Value, path string, depth int) {
	t := v.Type()
	if f, ok := bare(t); ok && isScalar(n) {
		d.place(n, v)
		d.value(n, v.FieldByIndex(f.Index), path, depth+1)
		return
	}
	pairs, ok := d.pairs(n, path)
	if !ok {
		return
	}
	index := make(map[string]int, t.NumField())
	known := make([]string, 0, t.NumField())
	var required []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		index[name] = i
		known = append(known, name)
		if option == "required" {
			required = append(required, name)
		}
	}
	d.place(n, v)
	seen := make(map[string]bool, len(pairs))
	for _, p := range pairs {
		name, ok := d.key(p, path, seen)
		if !ok {
			continue
		}
		i, ok := index[name]
		if !ok {
			slices.Sort(known)
			if near := Nearest(name, known); near != "" {
				d.fault(posOf(p), join(path, name), "decl.unknownKeyNear", "key", name, "nearest", near)
			} else {
				d.fault(posOf(p), join(path, name), "decl.unknownKey", "key", name, "known", strings.Join(known, ", "))
			}
			continue
		}
		d.value(p.Value, v.Field(i), join(path, name), depth+1)
	}
	for _, name := range required {
		if !seen[name] {
			d.fault(posOf(n), path, "decl.missingKey", "key", name)
		}
	}
}

// bare is the field that a scalar stands for: `yaml:"do,scalar"`.
func bare(t reflect.Type) (reflect.StructField, bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		if _, option, _ := strings.Cut(f.Tag.Get("yaml"), ","); option == "scalar" {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

func isScalar(n ast.Node) bool {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return false
	}
	return true
}

// place fills the field Pos of a struct.
func (d *decoder) place(n ast.Node, v reflect.Value) {
	if f := v.FieldByName("Pos"); f.IsValid() && f.Type() == posType {
		f.Set(reflect.ValueOf(posOf(n)))
	}
}

func (d *decoder) mapping(n ast.Node, v reflect.Value, path string, depth int) {
	pairs, ok := d.pairs(n, path)
	if !ok {
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(pairs)))
	seen := make(map[string]bool, len(pairs))
	for _, p := range pairs {
		name, ok := d.key(p, path, seen)
		if !ok {
			continue
		}
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(p.Value, e, join(path, name), depth+1)
		v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), e)
	}
}

func (d *decoder) list(n ast.Node, v reflect.Value, path string, depth int) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		elem := v.Type().Elem()
		if elem.Kind() == reflect.String || elem == textType {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			d.value(n, v.Index(0), path, depth+1)
			return
		}
		d.fault(posOf(n), path, "decl.wantList")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values)))
	for i, e := range s.Values {
		d.value(e, v.Index(i), path+"["+strconv.Itoa(i)+"]", depth+1)
	}
}

// free reads a value of any shape.
func (d *decoder) free(n ast.Node, path string, depth int) any {
	if depth > maxDepth {
		d.fault(posOf(n), path, "decl.tooDeep", "max", maxDepth)
		return nil
	}
	switch x := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.BoolNode:
		return x.Value
	case *ast.IntegerNode:
		text := x.GetToken().Value
		if i, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(i, 10) == text {
			return i
		}
		return text // 00118 is a code, not an octal number
	case *ast.FloatNode:
		return x.Value
	case *ast.MappingNode, *ast.MappingValueNode:
		pairs, _ := d.pairs(n, path)
		m, seen := make(map[string]any, len(pairs)), make(map[string]bool, len(pairs))
		for _, p := range pairs {
			if name, ok := d.key(p, path, seen); ok {
				m[name] = d.free(p.Value, join(path, name), depth+1)
			}
		}
		return m
	case *ast.SequenceNode:
		l := make([]any, len(x.Values))
		for i, e := range x.Values {
			l[i] = d.free(e, path+"["+strconv.Itoa(i)+"]", depth+1)
		}
		return l
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		d.fault(posOf(n), path, "decl.noAnchors")
		return nil
	}
	s, _ := d.scalar(n, path)
	return s
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
