package service

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/feel"
	"khue/internal/onestop/form"
)

// maxTries bounds the assignments that are tried for one condition.
const maxTries = 4096

// conditions looks for what no answer can ever bring: a field, a page, a paper, a step
// whose condition is false under every case, channel, code and yes or no that it reads.
// Small domains are tried whole; where one is not small or not exact nothing is claimed.
type conditions struct {
	l     *loader
	known map[string]form.InputInfo // by path; officers' fields too
	exprs map[string]*feel.Expr     // by officer's form and source
}

// condition is one that must be able to hold, with the form whose scope it reads.
type condition struct {
	form  *form.Form
	parts []decl.Text // all must hold; those not set hold
}

func newConditions(l *loader) *conditions {
	c := &conditions{l: l, known: map[string]form.InputInfo{}, exprs: map[string]*feel.Expr{}}
	f := l.pkg.Form
	for _, name := range f.Actions() {
		for _, in := range officerForm(f, name).Inputs() {
			c.known[in.Path] = in
		}
	}
	for _, in := range f.Inputs() {
		c.known[in.Path] = in
	}
	return c
}

// officerForm is the form of an action named as form.yaml names it.
func officerForm(f *form.Form, name string) *form.Form {
	step, act, dotted := strings.Cut(name, ".")
	if !dotted {
		step, act = "", name
	}
	o, _ := f.Officer(step, act)
	return o
}

// check goes through every condition of the form, the papers and the chain.
func (c *conditions) check() {
	f := c.l.pkg.Form
	for _, p := range c.l.def.Pages {
		if c.never(condition{f, []decl.Text{p.When}}) {
			c.l.fail("form.yaml", p.When.Pos, "pages."+p.ID+".when", "service.lint.never", "condition", p.When.S)
			continue
		}
		c.words("form.yaml", "pages."+p.ID+".when", p.When)
		for _, fd := range p.Fields {
			c.field(f, "", p.When, fd)
		}
	}
	for name, act := range c.l.def.Officer {
		if o := officerForm(f, name); o != nil {
			for _, fd := range act.Fields {
				c.field(o, "officer."+name+".", decl.Text{}, fd)
			}
		}
	}
	for _, p := range c.l.pkg.Papers {
		at := "papers." + p.ID
		c.words("service.yaml", at+".when", p.When)
		c.words("service.yaml", at+".required", p.Required)
		switch {
		case c.never(condition{f, []decl.Text{p.When}}):
			c.l.fail("service.yaml", p.When.Pos, at+".when", "service.lint.never", "condition", p.When.S)
		case p.Required.S != "false" && c.never(condition{f, []decl.Text{p.When, p.Required}}):
			c.l.warn("service.yaml", p.Required.Pos, at+".required", "service.lint.neverRequired", "condition", p.Required.S)
		}
	}
	c.flows()
	for _, s := range c.l.chain().Steps {
		c.words("steps.yaml", s.ID+".when", s.When)
		if c.never(condition{f, []decl.Text{s.When}}) {
			c.l.fail("steps.yaml", s.When.Pos, s.ID+".when", "service.lint.never", "condition", s.When.S)
			continue
		}
		for _, a := range s.Actions {
			c.words("steps.yaml", s.ID+"."+a.Do+".when", a.When)
			if c.never(condition{f, []decl.Text{s.When, a.When}}) {
				c.l.fail("steps.yaml", a.When.Pos, s.ID+"."+a.Do+".when", "service.lint.never", "condition", a.When.S)
			}
		}
	}
}

// flows looks into the conditions of a drawn process: its cases, channels and codes must be
// those that there are. Whether a flow can be taken is the engine's to know: it may read
// what the process has set.
func (c *conditions) flows() {
	if _, drawn := c.l.read(processFile); !drawn {
		return
	}
	var walk func(b *bpmn.Body)
	walk = func(b *bpmn.Body) {
		for _, f := range b.Flows {
			c.words(processFile, f.ID, f.Condition)
		}
		for _, e := range b.Elements {
			if e.Body != nil {
				walk(e.Body)
			}
		}
	}
	for _, p := range c.l.pkg.Process.Model().Processes {
		walk(&p.Body)
	}
}

func (c *conditions) field(f *form.Form, prefix string, page decl.Text, fd form.FieldDef) {
	at := prefix + fd.ID
	for name, t := range map[string]decl.Text{".when": fd.When, ".required": fd.Required, ".value": fd.Value} {
		c.words("form.yaml", at+name, t)
	}
	for _, r := range fd.Rules {
		c.words("form.yaml", at+".rules", r.Assert)
	}
	if fd.When.Set() && fd.When.S != "false" && c.never(condition{f, []decl.Text{page, fd.When}}) {
		c.l.fail("form.yaml", fd.When.Pos, at+".when", "service.lint.never", "condition", fd.When.S)
	}
}

func (c *conditions) expr(f *form.Form, src string) *feel.Expr {
	key := src
	if f != c.l.pkg.Form {
		key = strconv.Itoa(len(f.Scope().Fields())) + "\x00" + src // an officer's form has a wider scope
	}
	e, ok := c.exprs[key]
	if !ok {
		e, _ = feel.Compile(src, f.Scope()) // its mistakes are told elsewhere
		c.exprs[key] = e
	}
	return e
}

// variable is one answer that a condition reads, with the values that matter.
type variable struct {
	path   string
	when   *feel.Expr // of its own field: what is hidden is not answered
	values []any
}

// never reports whether no assignment makes the condition true, and every one was tried.
func (c *conditions) never(k condition) bool {
	var exprs []*feel.Expr
	var sources []string
	for _, t := range k.parts {
		if !t.Set() || t.S == "true" {
			continue
		}
		e := c.expr(k.form, t.S)
		if e == nil {
			return false
		}
		exprs, sources = append(exprs, e), append(sources, t.S)
	}
	if len(exprs) == 0 {
		return false
	}
	paths := closure(exprs, func(path string) *feel.Expr {
		in, ok := c.known[path]
		if !ok || in.When == "" {
			return nil
		}
		sources = append(sources, in.When)
		return c.expr(k.form, in.When)
	})
	literals := literalsOf(sources)
	vars, product := make([]variable, 0, len(paths)), 1
	for _, path := range paths {
		v, exact := c.domain(path, literals)
		if !exact || product*len(v.values) > maxTries {
			return false
		}
		if in := c.known[path]; in.When != "" {
			v.when = c.expr(k.form, in.When)
		}
		product *= len(v.values)
		vars = append(vars, v)
	}
	return !c.satisfiable(k.form, exprs, vars)
}

// closure are the paths that expressions read, and those that decide whether these are asked.
func closure(exprs []*feel.Expr, whenOf func(string) *feel.Expr) []string {
	var out []string
	var add func(e *feel.Expr)
	add = func(e *feel.Expr) {
		for _, p := range e.Paths() {
			if slices.Contains(out, p) {
				continue
			}
			out = append(out, p)
			if w := whenOf(p); w != nil {
				add(w)
			}
		}
	}
	for _, e := range exprs {
		add(e)
	}
	return out
}

func (c *conditions) satisfiable(f *form.Form, exprs []*feel.Expr, vars []variable) bool {
	pick := make([]int, len(vars))
	for {
		if c.holds(f, exprs, vars, pick) {
			return true
		}
		i := 0
		for ; i < len(pick); i++ {
			if pick[i]++; pick[i] < len(vars[i].values) {
				break
			}
			pick[i] = 0
		}
		if i == len(pick) {
			return false
		}
	}
}

// holds evaluates the expressions under one assignment. An answer whose own question does
// not apply under it is taken out, until nothing changes.
func (c *conditions) holds(f *form.Form, exprs []*feel.Expr, vars []variable, pick []int) bool {
	env := form.Env{Now: c.now()}
	a := form.Answers{}
	for i, v := range vars {
		value := v.values[pick[i]]
		text, _ := value.(string)
		switch v.path {
		case "case":
			env.Case = text
		case "channel":
			env.Channel = text
		case "receiving":
			env.Receiving = text
		case "competent":
			env.Competent = text
		default:
			if value != nil {
				a[v.path] = form.Answer{Value: value}
			}
		}
	}
	env.Dossier = a
	eval := func(e *feel.Expr) bool {
		out, err := e.Eval(f.Vars(a, env), feel.Env{Now: env.Now, Steps: ruleSteps, Memory: ruleMemory})
		return err == nil && out.IsTrue()
	}
	for range vars {
		changed := false
		for _, v := range vars {
			if _, answered := a[v.path]; answered && v.when != nil && !eval(v.when) {
				delete(a, v.path)
				changed = true
			}
		}
		if !changed {
			break
		}
	}
	for _, e := range exprs {
		if !eval(e) {
			return false
		}
	}
	return true
}

// now is a day on which the package is in force.
func (c *conditions) now() time.Time {
	d := c.l.pkg.From
	if d.IsZero() {
		d = clock.Date{Year: 2025, Month: time.July, Day: 1}
	}
	return d.At(9, 0)
}

// literals are what the sources compare with.
type literals struct {
	texts   []string
	numbers []float64
	plain   bool // nothing is computed: only comparisons, and, or, not, in
}

var (
	textLiteral   = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	numberLiteral = regexp.MustCompile(`(?:^|[^\w.])(\d+(?:\.\d+)?)`)
	called        = regexp.MustCompile(`([A-Za-z]\w*)\s*\(`)
	computed      = regexp.MustCompile(`[+*/]|\s-\s`)
)

func literalsOf(sources []string) literals {
	out := literals{plain: true}
	for _, src := range sources {
		for _, m := range textLiteral.FindAllStringSubmatch(src, -1) {
			out.texts = append(out.texts, m[1])
		}
		bare := textLiteral.ReplaceAllString(src, `""`)
		for _, m := range numberLiteral.FindAllStringSubmatch(bare, -1) {
			n, _ := strconv.ParseFloat(m[1], 64)
			out.numbers = append(out.numbers, n)
		}
		for _, m := range called.FindAllStringSubmatch(bare, -1) {
			switch m[1] {
			case "not", "and", "or", "in", "if", "then", "else":
			default:
				out.plain = false
			}
		}
		out.plain = out.plain && !computed.MatchString(bare)
	}
	return out
}

// domain are the values of a path that conditions can tell apart; exact is false where
// some may be missing.
func (c *conditions) domain(path string, lit literals) (v variable, exact bool) {
	v.path = path
	choose := func(codes []string) {
		for _, k := range codes {
			if len(codes) <= 12 || !lit.plain || slices.Contains(lit.texts, k) {
				v.values = append(v.values, k)
			}
		}
		if len(v.values) < len(codes) { // one that no condition names stands for the others
			for _, k := range codes {
				if !slices.Contains(lit.texts, k) {
					v.values = append(v.values, k)
					break
				}
			}
		}
	}
	switch path {
	case "case":
		if choose(c.l.pkg.Cases); len(v.values) == 0 {
			v.values = []any{""}
		}
		return v, true
	case "channel":
		for _, ch := range c.l.pkg.Channels {
			v.values = append(v.values, string(ch))
		}
		return v, len(v.values) > 0
	case "receiving", "competent":
		v.values = []any{"\x01", "\x02"}
		for _, t := range lit.texts {
			v.values = append(v.values, t)
		}
		return v, lit.plain
	}
	in, ok := c.known[path]
	if !ok {
		return v, false
	}
	switch {
	case in.Type == "yesno":
		v.values = []any{true, nil}
		return v, true
	case len(in.Codes) > 0 && in.Type != "multi-code" && in.Type != "checklist" && in.Type != "pick-papers":
		choose(in.Codes)
		v.values = append(v.values, nil)
		return v, true
	case in.Type == "number" || in.Type == "money":
		for _, n := range append(lit.numbers, 0) {
			for _, d := range []float64{0, -1, 1} {
				v.values = append(v.values, json.Number(strconv.FormatFloat(n+d, 'f', -1, 64)))
			}
		}
		v.values = append(v.values, nil)
		return v, lit.plain
	case in.Type == "text" || in.Type == "long-text" || in.Type == "unit" || in.Type == "person-name":
		v.values = []any{"\x01", nil}
		for _, t := range lit.texts {
			v.values = append(v.values, t)
		}
		return v, lit.plain
	}
	return v, false
}

var (
	compared = regexp.MustCompile(`([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)\s*(?:=|!=)\s*"([^"]*)"`)
	turned   = regexp.MustCompile(`"([^"]*)"\s*(?:=|!=)\s*([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)`)
	within   = regexp.MustCompile(`([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)\s+in\s*\(((?:\s*"[^"]*"\s*,?)+)\)`)
)

// words refuses a comparison with a case, a channel or a code that there is not.
func (c *conditions) words(file, element string, t decl.Text) {
	if !t.Set() {
		return
	}
	told := map[string]bool{}
	test := func(path, word string) {
		codes := c.codes(path)
		if len(codes) == 0 || slices.Contains(codes, word) || told[path+word] {
			return
		}
		told[path+word] = true
		kv := []any{"path", path, "value", word, "known", list(codes[:min(len(codes), 12)])}
		if near := decl.Nearest(word, codes); near != "" {
			c.l.fail(file, t.Pos, element, "service.lint.codeNear", append(kv, "nearest", near)...)
			return
		}
		c.l.fail(file, t.Pos, element, "service.lint.code", kv...)
	}
	for _, m := range compared.FindAllStringSubmatch(t.S, -1) {
		test(m[1], m[2])
	}
	for _, m := range turned.FindAllStringSubmatch(t.S, -1) {
		test(m[2], m[1])
	}
	for _, m := range within.FindAllStringSubmatch(t.S, -1) {
		for _, w := range textLiteral.FindAllStringSubmatch(m[2], -1) {
			test(m[1], w[1])
		}
	}
}

// codes are all values that a path can have; none where they are not counted.
func (c *conditions) codes(path string) []string {
	switch path {
	case "case":
		return c.l.pkg.Cases
	case "channel":
		return []string{string(Online), string(Counter), string(Kiosk), string(Post)}
	}
	if in, ok := c.known[path]; ok && in.Type == "code" {
		return in.Codes
	}
	return nil
}
