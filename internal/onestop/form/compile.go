package form

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/feel"
)

// Form is a compiled form. It is immutable.
type Form struct {
	pages  []*page
	fields []*field          // in order of the pages
	leaves map[string]*input // by path
	papers []*paper
	scope  feel.Scope
	tree   []branch // of the scope, by slot
	acts   map[string]*Form
	words  words
	over   *Form // the applicant's form, of an officer's form
}

type page struct {
	def    PageDef
	info   PageInfo
	intro  decl.Label
	when   cond
	fields []*field
	live   []string // names of inputs that others of the page hang on
	warns  bool     // a warning may stand on it
}

// field is one declared question with its leaves.
type field struct {
	def   FieldDef
	typ   string // composite or leaf type
	page  *page
	index int
	label decl.Label
	hint  decl.Label
	when  cond
	need  cond
	rules []rule
	tree  group  // composite: its parts as drawn
	leaf  *input // of a simple type
	// leaves are all inputs in order, the leaf alone for a simple type.
	leaves []*input
	// reveal is set where `when` reads one choice of the same page.
	reveal *Reveal
}

// group is a composite as it is drawn.
type group struct {
	path  string
	label decl.Label
	items []groupItem
}

type groupItem struct {
	leaf *input
	sub  *group
}

// input is one leaf: a path that holds a value.
type input struct {
	path     string
	typ      string
	t        *fieldType
	field    *field
	part     string // within a composite: "name", "residence.line"
	label    decl.Label
	say      decl.Label // in messages: with the composite's name
	hint     decl.Label
	list     []Item
	codes    map[string]decl.Label
	tier     string
	maxLen   int
	bounds   *bounds
	must     bool // must be answered where the composite is
	locked   bool
	auto     string
	widget   Widget
	cells    []*cell    // of a list: the fields of one row
	rows     []*input   // of a list: the leaves of those fields, by path within the row
	rowLabel decl.Label // what a row is called, with {n}
	tree     []branch   // of one row
	min      int        // rows of a list
	max      int        //
	value    cond       // of computed
	file     PaperNeed
}

func (in *input) has(code string) bool {
	_, ok := in.codes[code]
	return ok
}

type rule struct {
	assert cond
	msg    decl.Label
	warn   bool
}

// base are the variables that every condition may read.
//
//nolint:gochecknoglobals // immutable table
var base = []feel.Field{
	{Name: "case", Type: feel.StringType}, {Name: "channel", Type: feel.StringType},
	{Name: "receiving", Type: feel.StringType}, {Name: "competent", Type: feel.StringType},
	{Name: "district", Type: feel.StringType},
}

var idForm = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]*(\.[a-zA-Z][a-zA-Z0-9]*)*$`)

// Compile checks a definition and compiles it. The form is nil where a problem is an error.
func Compile(def Definition, opt Options) (*Form, decl.Problems) {
	c := &compiler{opt: opt, words: ownWords(), lists: def.Lists}
	f := c.form(def.Pages, nil)
	if f != nil {
		c.papers(f)
		if len(def.Pages) > 0 && f.pages[len(f.pages)-1].info.Kind != Review {
			c.warn(def.Pages[len(def.Pages)-1].Pos, "pages", "form.lint.noReview")
		}
		f.acts = make(map[string]*Form, len(def.Officer))
		for name, act := range def.Officer {
			p := PageDef{Pos: act.Pos, ID: "action", Fields: act.Fields}
			c.prefix = "officer." + name + "."
			if o := c.form([]PageDef{p}, f); o != nil {
				f.acts[name] = o
			}
		}
	}
	c.problems.Sort()
	if c.problems.Failed() {
		return nil, c.problems
	}
	return f, c.problems
}

type compiler struct {
	opt      Options
	words    words
	lists    map[string][]string // of the definition
	problems decl.Problems
	prefix   string // of text keys and elements: "" or "officer.accept."
}

func (c *compiler) report(level decl.Level, pos decl.Pos, element, key string, kv ...any) {
	params := make(errs.Params, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		params[fmt.Sprint(kv[i])] = kv[i+1]
	}
	c.problems = append(c.problems, decl.Problem{
		File: c.opt.File, Pos: pos, Element: c.prefix + element, Level: level, Key: key, Params: params,
	})
}

func (c *compiler) fail(pos decl.Pos, element, key string, kv ...any) {
	c.report(decl.Error, pos, element, key, kv...)
}

func (c *compiler) warn(pos decl.Pos, element, key string, kv ...any) {
	c.report(decl.Warning, pos, element, key, kv...)
}

// text finds a label of the package; missing is an error unless it is optional.
func (c *compiler) text(kind, id string, pos decl.Pos, optional bool) decl.Label {
	if c.opt.Texts != nil {
		if l, ok := c.opt.Texts.Label(kind + "." + c.prefix + id); ok {
			return l
		}
		if c.prefix != "" { // an officer's form shares labels with the others
			if l, ok := c.opt.Texts.Label(kind + "." + id); ok {
				return l
			}
		}
		if !optional {
			c.fail(pos, id, "form.lint.label", "key", kind+"."+c.prefix+id)
		}
	}
	return decl.Label{}
}

// form compiles pages in two passes: first the fields and with them the scope, then
// the conditions over that scope.
func (c *compiler) form(defs []PageDef, over *Form) *Form {
	f := &Form{leaves: map[string]*input{}, words: c.words, over: over}
	before := len(c.problems)
	for _, pd := range defs {
		p := &page{def: pd, info: PageInfo{ID: pd.ID}}
		if over == nil {
			p.info.Title = c.text("page", pd.ID, pd.Pos, false)
			p.intro = c.text("intro", pd.ID, pd.Pos, true)
		}
		switch pd.Type {
		case "":
			if len(pd.Fields) == 0 && over == nil {
				c.fail(pd.Pos, "pages."+pd.ID, "form.lint.pageFields", "page", pd.ID)
			}
		case "papers":
			p.info.Kind = Papers
		case "review":
			p.info.Kind = Review
		default:
			c.fail(pd.Pos, "pages."+pd.ID, "form.lint.pageType", "type", pd.Type)
		}
		for _, fd := range pd.Fields {
			if fl := c.field(f, fd); fl != nil {
				fl.page, fl.index = p, len(f.fields)
				p.fields = append(p.fields, fl)
				f.fields = append(f.fields, fl)
			}
		}
		f.pages = append(f.pages, p)
	}
	c.prefixes(f)
	if len(c.problems) > before && c.problems.Failed() {
		return nil
	}
	f.buildScope()
	for _, p := range f.pages {
		p.when = c.cond(f, p.def.When, "pages."+p.info.ID+".when", nil)
		for _, fl := range p.fields {
			c.conditions(f, fl)
			p.warns = p.warns || fl.typ == "person" || slices.ContainsFunc(fl.rules, func(r rule) bool { return r.warn })
		}
		p.live = p.liveNames(f)
	}
	return f
}

// field compiles what needs no scope.
func (c *compiler) field(f *Form, fd FieldDef) *field {
	if !idForm.MatchString(fd.ID) {
		c.fail(fd.Pos, fd.ID, "form.lint.id", "id", fd.ID)
		return nil
	}
	fl := &field{def: fd, typ: fd.Type}
	c.sources(fd)
	fl.label = c.text("field", fd.ID, fd.Pos, false)
	fl.hint = c.text("hint", fd.ID, fd.Pos, true)
	if parts, ok := composites[fd.Type]; ok {
		g := c.group(f, fl, fd.ID, "", fd.Type, parts, fl.label)
		fl.tree, fl.leaves = *g, g.inputs(nil)
		for _, need := range fd.Need {
			if !slices.ContainsFunc(parts, func(p part) bool { return p.id == need }) {
				c.fail(fd.Pos, fd.ID, "form.lint.part", "type", fd.Type, "part", need, "known", partNames(parts))
			}
		}
		return fl
	}
	t, ok := leafTypes[fd.Type]
	if !ok || slices.Contains(inner, fd.Type) {
		switch near := decl.Nearest(fd.Type, typeNames()); {
		case near != "":
			c.fail(fd.Pos, fd.ID, "form.lint.typeNear", "type", fd.Type, "nearest", near)
		default:
			c.fail(fd.Pos, fd.ID, "form.lint.type", "type", fd.Type, "known", strings.Join(typeNames(), ", "))
		}
		return nil
	}
	in := &input{path: fd.ID, typ: fd.Type, t: t, field: fl, label: fl.label, say: fl.label, hint: fl.hint, tier: fd.Tier}
	c.leaf(in, fd)
	c.add(f, in, fd.Pos)
	fl.leaf, fl.leaves = in, []*input{in}
	return fl
}

// group writes a composite out into leaves.
func (c *compiler) group(f *Form, fl *field, path, rel, typ string, parts []part, say decl.Label) *group {
	fd := fl.def
	wanted := fd.Parts
	if rel == "" && len(wanted) == 0 {
		wanted = usualParts[typ]
	}
	if rel == "" {
		for _, w := range fd.Parts {
			if !slices.ContainsFunc(parts, func(p part) bool { return p.id == w }) {
				c.fail(fd.Pos, fd.ID, "form.lint.part", "type", typ, "part", w, "known", partNames(parts))
			}
		}
	}
	g := &group{path: path, label: say}
	for _, p := range parts {
		if rel == "" && len(wanted) > 0 && !slices.Contains(wanted, p.id) {
			continue
		}
		sub, name := path+"."+p.id, p.id
		if rel != "" {
			name = rel + "." + p.id
		}
		label := c.text("field", sub, fd.Pos, true)
		if label.IsZero() {
			label = c.words.label("form.part." + typ + "." + p.id)
		}
		both := decl.Label{VI: say.VI + ": " + lower(label.VI), EN: say.EN + ": " + lower(label.EN)}
		if inner, ok := composites[p.typ]; ok {
			ig := c.group(f, fl, sub, name, p.typ, inner, both)
			ig.label = label
			g.items = append(g.items, groupItem{sub: ig})
			continue
		}
		in := &input{
			path: sub, typ: p.typ, t: leafTypes[p.typ], field: fl, part: name, label: label, say: both, tier: p.tier,
			must: slices.Contains(fd.Need, p.id), locked: slices.Contains(fd.Lock, p.id),
		}
		in.hint = c.text("hint", sub, fd.Pos, true)
		c.leaf(in, FieldDef{Pos: fd.Pos, ID: sub, Type: p.typ, List: p.list, Suggest: fd.Suggest})
		c.add(f, in, fd.Pos)
		g.items = append(g.items, groupItem{leaf: in})
	}
	return g
}

func (c *compiler) add(f *Form, in *input, pos decl.Pos) {
	if f.leaves[in.path] != nil {
		c.fail(pos, in.path, "form.lint.idTwice", "id", in.path)
		return
	}
	f.leaves[in.path] = in
}

// prefixes refuses an id that is also the group of another.
func (c *compiler) prefixes(f *Form) {
	for path, in := range f.leaves {
		for i := range path {
			if path[i] == '.' && f.leaves[path[:i]] != nil {
				c.fail(in.field.def.Pos, path, "form.lint.idPrefix", "id", path[:i])
			}
		}
	}
}

// leaf completes an input by its type.
func (c *compiler) leaf(in *input, fd FieldDef) {
	in.widget, in.maxLen = in.t.widget, in.t.maxLen
	if fd.MaxLen > 0 && in.maxLen > 0 {
		in.maxLen = min(fd.MaxLen, 20_000)
	}
	switch fd.Widget {
	case "radios":
		in.widget = WidgetRadios
	case "select":
		in.widget = WidgetSelect
	case "checkbox":
		in.widget = WidgetCheckbox
	}
	// A token is allowed only where the person answers for themself.
	if slices.Contains(fd.Suggest, "profile") && !fd.AskAgain {
		in.auto = in.t.auto
	}
	if in.hint.IsZero() {
		if key := "form.hint." + in.typ; c.words.bundle.Has(key) {
			in.hint = c.words.label(key)
		}
	}
	if fd.Min.Set() || fd.Max.Set() {
		in.bounds = &bounds{}
		c.bound(fd.Min, fd, &in.bounds.min, &in.bounds.minToday)
		c.bound(fd.Max, fd, &in.bounds.max, &in.bounds.maxToday)
	}
	switch {
	case in.t.coded:
		c.coded(in, fd)
	case in.typ == "pick-papers":
		in.setList(c.paperItems())
	case in.typ == "list":
		c.rows(in, fd)
	case in.typ == "file":
		c.file(in, fd)
	case in.typ == "computed" && !fd.Value.Set():
		c.fail(fd.Pos, fd.ID, "form.lint.value")
	}
}

func (c *compiler) bound(t decl.Text, fd FieldDef, text *string, today *bool) {
	switch _, err := clock.ParseDate(t.S); {
	case !t.Set():
	case t.S == "today":
		*today = true
	case err == nil, decimal.MatchString(t.S) && len(t.S) < 16:
		*text = t.S
	case fd.Type == "time" && clockTime.MatchString(t.S):
		*text = t.S
	default:
		c.fail(t.Pos, fd.ID, "form.lint.bound", "value", t.S)
	}
}

func (c *compiler) coded(in *input, fd FieldDef) {
	switch {
	case fd.List == "":
		c.fail(fd.Pos, fd.ID, "form.lint.listMissing", "type", fd.Type)
	case fd.List == "papers":
		in.setList(c.paperItems())
	default:
		items, ok := c.ownList(fd)
		if !ok {
			items, ok = c.words.list(fd.List)
		}
		if !ok && c.opt.Lists != nil {
			items, ok = c.opt.Lists.List(fd.List)
		}
		if !ok {
			c.fail(fd.Pos, fd.ID, "form.lint.list", "list", fd.List)
			return
		}
		in.setList(items)
	}
}

// ownList is a code list that the definition itself declares.
func (c *compiler) ownList(fd FieldDef) ([]Item, bool) {
	codes, ok := c.lists[fd.List]
	if !ok {
		return nil, false
	}
	items := make([]Item, len(codes))
	for i, code := range codes {
		items[i] = Item{Code: code, Label: decl.Label{VI: code, EN: code}}
		if c.opt.Texts == nil {
			continue
		}
		key := "option." + fd.List + "." + code
		if items[i].Label, ok = c.opt.Texts.Label(key); !ok {
			c.fail(fd.Pos, fd.ID, "form.lint.label", "key", key)
		}
	}
	return items, true
}

func (in *input) setList(items []Item) {
	in.list, in.codes = items, make(map[string]decl.Label, len(items))
	for _, it := range items {
		in.codes[it.Code] = it.Label
	}
}

func (c *compiler) paperItems() []Item {
	items := make([]Item, len(c.opt.Papers))
	for i, p := range c.opt.Papers {
		items[i] = Item{Code: p.ID, Label: c.paperLabel(p)}
	}
	return items
}

func (c *compiler) paperLabel(p PaperDef) decl.Label {
	if c.opt.Texts != nil {
		if l, ok := c.opt.Texts.Label("paper." + p.ID); ok {
			return l
		}
	}
	return decl.Label{VI: p.ID, EN: p.ID}
}

// conditions compiles what reads the scope.
func (c *compiler) conditions(f *Form, fl *field) {
	fd := fl.def
	fl.when = c.cond(f, fd.When, fd.ID+".when", fl)
	fl.need = c.cond(f, fd.Required, fd.ID+".required", fl)
	if !fd.Required.Set() {
		fl.need = cond{fixed: true}
	}
	if fl.when.fixed && !fl.when.yes {
		c.fail(fd.When.Pos, fd.ID, "form.lint.never")
	}
	fl.reveal = f.revealOf(fl)
	for _, r := range fd.Rules {
		if r.Level != "" && r.Level != "error" && r.Level != "warn" {
			c.fail(r.Pos, fd.ID, "form.lint.level", "level", r.Level)
		}
		msg := decl.Label{VI: r.Msg, EN: r.Msg}
		if c.opt.Texts != nil {
			var ok bool
			if msg, ok = c.opt.Texts.Label("msg." + r.Msg); !ok {
				c.fail(r.Pos, fd.ID, "form.lint.msg", "msg", r.Msg)
			}
		}
		fl.rules = append(fl.rules, rule{assert: c.cond(f, r.Assert, fd.ID+".rules", nil), msg: msg, warn: r.Level == "warn"})
	}
	if fl.leaf != nil && fl.leaf.typ == "computed" && fd.Value.Set() {
		expr, err := feel.Compile(fd.Value.S, f.scope)
		if err != nil {
			c.expression(fd.Value.Pos, fd.ID+".value", err)
			return
		}
		fl.leaf.value = cond{expr: expr}
	}
}

// cond is a compiled condition; one without an expression is fixed.
type cond struct {
	expr  *feel.Expr
	fixed bool
	yes   bool
}

func (c *compiler) cond(f *Form, t decl.Text, element string, self *field) cond {
	switch {
	case !t.Set() || t.S == "true":
		return cond{fixed: true, yes: true}
	case t.S == "false":
		return cond{fixed: true}
	}
	expr, err := feel.Compile(t.S, f.scope)
	if err != nil {
		c.expression(t.Pos, element, err)
		return cond{fixed: true, yes: true}
	}
	if k := expr.Type().Kind(); k != feel.KindBoolean && k != feel.KindAny {
		c.fail(t.Pos, element, "form.lint.notCondition", "type", k.String())
	}
	if self != nil {
		for _, path := range expr.Paths() {
			in := f.leaves[path]
			if in != nil && in.field.index > self.index && self.page != nil && in.field.page != nil {
				c.fail(t.Pos, element, "form.lint.forward", "path", path)
			}
		}
	}
	return cond{expr: expr}
}

func (c *compiler) expression(pos decl.Pos, element string, err error) {
	var fe *feel.Error
	reason := decl.Label{VI: err.Error(), EN: err.Error()}
	if errors.As(err, &fe) {
		reason = decl.Label{VI: fe.In("vi"), EN: fe.In("en")}
	}
	c.fail(pos, element, "form.lint.feel", "reason", reason)
}

func partNames(parts []part) string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.id
	}
	return strings.Join(names, ", ")
}

// lower makes a label stand within a sentence: only its first letter changes, and
// only where the second is not a capital too.
func lower(s string) string {
	r := []rune(s)
	if len(r) > 1 && strings.ToUpper(string(r[1])) != string(r[1]) {
		return strings.ToLower(string(r[0])) + string(r[1:])
	}
	return s
}
