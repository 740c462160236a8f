package form

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/feel"
)

const (
	usualRows = 20
	mostRows  = 100
)

// cell is one question of a row: a leaf, or a composite with its leaves.
type cell struct {
	typ    string
	label  decl.Label
	hint   decl.Label
	leaf   *input
	tree   *group
	leaves []*input
	need   bool // must be answered in every row
	orID   bool // save where the row names a person by number
}

// rows compiles the questions of one row of a list: the parts of its item, or its columns.
func (c *compiler) rows(in *input, fd FieldDef) {
	in.bounds = nil
	if in.rowLabel = c.text("row", fd.ID, fd.Pos, true); in.rowLabel.IsZero() {
		in.rowLabel = c.words.label("form.ui.row")
	}
	in.min, in.max = c.count(fd.Min, fd, 0), c.count(fd.Max, fd, usualRows)
	if in.max < 1 || in.min > in.max {
		c.fail(fd.Pos, fd.ID, "form.lint.rowCount", "max", mostRows)
	}
	if len(fd.Columns) > 0 {
		for _, col := range fd.Columns {
			c.column(in, fd, col)
		}
	} else {
		c.item(in, fd)
	}
	for _, cell := range in.cells {
		in.rows = append(in.rows, cell.leaves...)
	}
	for i, leaf := range in.rows {
		if slices.ContainsFunc(in.rows[:i], func(o *input) bool { return o.path == leaf.path }) {
			c.fail(fd.Pos, fd.ID, "form.lint.idTwice", "id", fd.ID+"."+leaf.path)
		}
		plant(&in.tree, leaf, false)
	}
}

func (c *compiler) count(t decl.Text, fd FieldDef, usual int) int {
	if !t.Set() {
		return usual
	}
	n, err := strconv.Atoi(t.S)
	if err != nil || n < 0 || n > mostRows {
		c.fail(t.Pos, fd.ID, "form.lint.rowCount", "max", mostRows)
		return usual
	}
	return n
}

// item makes the parts of a composite the questions of a row, or a simple type its only one.
func (c *compiler) item(in *input, fd FieldDef) {
	if parts, ok := composites[fd.Item]; ok {
		wanted := fd.Parts
		if len(wanted) == 0 {
			wanted = usualParts[fd.Item]
		}
		for _, p := range parts {
			if len(wanted) > 0 && !slices.Contains(wanted, p.id) {
				continue
			}
			col := c.cell(in, fd, FieldDef{Pos: fd.Pos, ID: p.id, Type: p.typ, List: p.list, Tier: p.tier}, c.words.label("form.part."+fd.Item+"."+p.id))
			if col != nil {
				col.need = slices.Contains(fd.Need, p.id) || slices.Contains(chief[fd.Item], p.id)
				col.orID = p.id == "name" && !slices.Contains(fd.Need, p.id) && strings.HasPrefix(fd.Item, "person")
				in.cells = append(in.cells, col)
			}
		}
		return
	}
	if !repeats(fd.Item) {
		c.fail(fd.Pos, fd.ID, "form.lint.item", "known", strings.Join(itemTypes(), ", "))
		return
	}
	if col := c.cell(in, fd, FieldDef{Pos: fd.Pos, ID: "value", Type: fd.Item, List: fd.List, Tier: fd.Tier, Widget: fd.Widget}, in.label); col != nil {
		in.cells = append(in.cells, col)
	}
}

// column compiles a question that the author wrote for the rows.
func (c *compiler) column(in *input, fd, col FieldDef) {
	switch {
	case !idForm.MatchString(col.ID) || strings.Contains(col.ID, "."):
		c.fail(col.Pos, fd.ID+"."+col.ID, "form.lint.columnId", "id", col.ID)
		return
	case composites[col.Type] == nil && !repeats(col.Type):
		c.fail(col.Pos, fd.ID+"."+col.ID, "form.lint.item", "known", strings.Join(itemTypes(), ", "))
		return
	case col.When.Set() || len(col.Rules) > 0 || col.Required.Set() && col.Required.S != "true" && col.Required.S != "false":
		c.fail(col.Pos, fd.ID+"."+col.ID, "form.lint.columnPlain")
		return
	}
	if cell := c.cell(in, fd, col, c.text("field", fd.ID+"."+col.ID, col.Pos, false)); cell != nil {
		cell.hint = c.text("hint", fd.ID+"."+col.ID, col.Pos, true)
		if cell.leaf != nil && !cell.hint.IsZero() {
			cell.leaf.hint = cell.hint
		}
		cell.need = col.Required.S == "true"
		in.cells = append(in.cells, cell)
	}
}

// repeats reports whether a simple type may stand in a row.
func repeats(typ string) bool {
	t := leafTypes[typ]
	return t != nil && t.check != nil && typ != "checklist" && typ != "pick-papers" && !slices.Contains(inner, typ)
}

func itemTypes() []string {
	return slices.DeleteFunc(typeNames(), func(n string) bool { return composites[n] == nil && !repeats(n) })
}

func (c *compiler) cell(in *input, fd, col FieldDef, label decl.Label) *cell {
	out := &cell{typ: col.Type, label: label}
	if parts, ok := composites[col.Type]; ok {
		out.tree = c.rowGroup(in, fd, col, col.ID, col.Type, parts, label)
		out.leaves = out.tree.inputs(nil)
		return out
	}
	out.leaf = c.rowLeaf(in, fd, col, label)
	out.leaves = []*input{out.leaf}
	return out
}

func (c *compiler) rowLeaf(in *input, fd, col FieldDef, label decl.Label) *input {
	leaf := &input{path: col.ID, typ: col.Type, t: leafTypes[col.Type], label: label, say: label, tier: col.Tier}
	if leaf.say != in.say {
		leaf.say = decl.Label{VI: in.say.VI + ": " + lower(label.VI), EN: in.say.EN + ": " + lower(label.EN)}
	}
	at := col
	at.ID, at.Suggest = fd.ID+"."+col.ID, nil
	c.leaf(leaf, at)
	return leaf
}

func (c *compiler) rowGroup(in *input, fd, col FieldDef, path, typ string, parts []part, label decl.Label) *group {
	g := &group{path: path, label: label}
	wanted := usualParts[typ]
	if path == col.ID && len(col.Parts) > 0 {
		wanted = col.Parts
	}
	for _, p := range parts {
		if len(wanted) > 0 && !slices.Contains(wanted, p.id) {
			continue
		}
		sub := path + "." + p.id
		name := c.words.label("form.part." + typ + "." + p.id)
		if more, ok := composites[p.typ]; ok {
			g.items = append(g.items, groupItem{sub: c.rowGroup(in, fd, col, sub, p.typ, more, name)})
			continue
		}
		leaf := c.rowLeaf(in, fd, FieldDef{Pos: col.Pos, ID: sub, Type: p.typ, List: p.list, Tier: p.tier}, name)
		leaf.must = slices.Contains(col.Need, p.id)
		g.items = append(g.items, groupItem{leaf: leaf})
	}
	return g
}

// typedRows reads the rows that were sent. The page says how many it showed, so that one
// left blank stays in sight; more than the list may have are kept up to one, for the
// check to refuse.
func (in *input) typedRows(sent url.Values, name string) any {
	shown, _ := strconv.Atoi(sent.Get(name + rowsName))
	var rows []any
	for i := range in.max + 1 {
		row := map[string]any{}
		at := name + "." + strconv.Itoa(i) + "."
		for _, leaf := range in.rows {
			if v := leaf.typed(sent, at+leaf.path); v != nil {
				row[leaf.path] = v
			}
		}
		if len(row) > 0 || i < shown {
			rows = append(rows, row)
		}
	}
	if rows == nil {
		return nil
	}
	return rows
}

// Names of what a page posts beside its answers.
const (
	// EditName is the name of buttons that change the page and do not leave it.
	EditName = "_edit"
	// EditAdd, EditRemove and EditFind begin their values: "add siblings",
	// "remove siblings 2", "find child.unit".
	EditAdd    = "add"
	EditRemove = "remove"
	EditFind   = "find"
	rowsName   = ".rows"
)

// Stays reports whether a button was pressed that changes the page and does not leave it,
// or the page asked only to be drawn again.
func Stays(sent url.Values) bool { return sent.Has(EditName) || sent.Has(RefreshName) }

// edit adds or takes out a row.
func (f *Form) edit(p *page, sent url.Values, out Answers, env *Env) {
	words := strings.Fields(sent.Get(EditName))
	if len(words) < 2 {
		return
	}
	in := f.leaves[words[1]]
	if in == nil || in.typ != "list" || in.field.page != p {
		return
	}
	rows, _ := out[in.path].Value.([]any)
	rows = slices.Clone(rows)
	switch words[0] {
	case EditAdd:
		for len(rows) < in.least(env, f) { // rows that were drawn though nobody had filled them
			rows = append(rows, map[string]any{})
		}
		if len(rows) < in.max {
			rows = append(rows, map[string]any{})
		}
	case EditRemove:
		if len(words) < 3 {
			return
		}
		if n, err := strconv.Atoi(words[2]); err == nil && n >= 0 && n < len(rows) {
			rows = slices.Delete(rows, n, n+1)
		}
	}
	if len(rows) == 0 {
		delete(out, in.path)
		return
	}
	out[in.path] = Answer{Value: rows}
}

// least is how many rows are drawn where none is filled.
func (in *input) least(env *Env, f *Form) int {
	if in.min > 0 {
		return in.min
	}
	if in.field.need.holds(newVars(f, nil, env)) {
		return 1
	}
	return 0
}

// filled reports whether a row holds anything.
func filled(row any) bool {
	switch x := row.(type) {
	case nil:
		return false
	case string:
		return x != ""
	case map[string]any:
		for _, v := range x {
			if filled(v) {
				return true
			}
		}
		return false
	}
	return true
}

// validateRows checks every row and drops the blank ones. Faults are named by the place
// of the row as it was typed.
func (in *input) validateRows(r *Result, v *vars, check bool) bool {
	ans := r.Answers[in.path]
	rows, ok := ans.Value.([]any)
	if !ok {
		r.add(in, in.path, fault("type"))
		return false
	}
	out := make([]any, 0, len(rows))
	good := true
	for i, row := range rows {
		if !filled(row) {
			continue
		}
		if len(out) == in.max {
			if check {
				r.add(in, in.path, fault("tooMany", "max", in.max))
			}
			return false
		}
		m, ok := row.(map[string]any)
		if !ok {
			if _, plain := row.(string); !plain || len(in.rows) != 1 {
				r.add(in, in.path, fault("type"))
				return false
			}
			m = map[string]any{in.rows[0].path: row}
		}
		clean, ok := in.validateRow(r, v, in.path+"."+strconv.Itoa(i)+".", flatRow(m), check)
		good = good && ok
		if filled(clean) { // or all in it was of no question
			out = append(out, clean)
		}
	}
	if len(out) == 0 {
		delete(r.Answers, in.path)
	} else {
		ans.Value = out
		r.Answers[in.path] = ans
	}
	v.forget(in.path)
	if len(out) < in.min {
		if check {
			r.add(in, in.path, fault("tooFew", "min", in.min))
		}
		return false
	}
	return good
}

// flatRow brings nested objects of the API to paths: {"residence": {"unit": …}}.
func flatRow(m map[string]any) map[string]any {
	nested := false
	for _, v := range m {
		if _, ok := v.(map[string]any); ok {
			nested = true
		}
	}
	if !nested {
		return m
	}
	out := make(map[string]any, len(m)+4)
	var walk func(prefix string, m map[string]any, depth int)
	walk = func(prefix string, m map[string]any, depth int) {
		for k, v := range m {
			if sub, ok := v.(map[string]any); ok && depth < 4 {
				walk(prefix+k+".", sub, depth+1)
				continue
			}
			out[prefix+k] = v
		}
	}
	walk("", m, 0)
	return out
}

func (in *input) validateRow(r *Result, v *vars, at string, m map[string]any, check bool) (clean map[string]any, good bool) {
	good = true
	clean = make(map[string]any, len(m))
	fail := func(leaf *input, path string, f found) {
		good = false
		if check {
			r.add(leaf, path, f)
		}
	}
	for _, cell := range in.cells {
		some := false
		for _, leaf := range cell.leaves {
			x := m[leaf.path]
			if x == nil || x == "" {
				continue
			}
			some = true
			value, f := leaf.t.check(leaf, x, v.env)
			clean[leaf.path] = value
			if f.key != "" {
				fail(leaf, at+leaf.path, f)
			}
		}
		for _, leaf := range cell.leaves {
			if _, have := clean[leaf.path]; have {
				continue
			}
			if cell.needs(leaf, m, some) {
				fail(leaf, at+leaf.path, fault("required"))
			}
		}
	}
	for name := range m {
		if check && !in.hasCell(name) {
			good = false
			name = clean1(name)
			r.add(in, at+name, fault("unknownField", "path", name))
		}
	}
	return clean, good
}

// clean1 makes a name from outside fit for a message.
func clean1(name string) string {
	if len(name) > maxPath {
		name = name[:maxPath]
	}
	return clean(name, false)
}

// needs reports whether a leaf that is empty must be answered in its row as it was typed.
func (c *cell) needs(leaf *input, row map[string]any, some bool) bool {
	if c.leaf != nil {
		return c.need && !(c.orID && filled(row["id"]))
	}
	if leaf.must && (c.need || some) {
		return true
	}
	if !c.need && !some {
		return false
	}
	part := strings.TrimPrefix(leaf.path, c.tree.path+".")
	if !slices.Contains(chief[c.typ], part) {
		return false
	}
	return part != "name" || !filled(row[c.tree.path+".id"])
}

func (in *input) hasCell(name string) bool {
	for _, c := range in.rows {
		if c.path == name {
			return true
		}
	}
	return false
}

// row is a row as conditions see it.
func (in *input) row(m map[string]any) feel.Value { return rowContext(in.tree, flatRow(m)) }

func rowContext(tree []branch, m map[string]any) feel.Value {
	entries := make([]feel.Entry, len(tree))
	for i, b := range tree {
		entries[i].Name = b.name
		if b.in != nil {
			entries[i].Value = b.in.asFEEL(m[b.in.path])
		} else {
			entries[i].Value = rowContext(b.kids, m)
		}
	}
	return feel.ContextOf(entries...)
}

// rows draws the rows that were typed, and as many blank ones as the list must have.
func (d *drawer) rows(out *Field, in *input, v any, needed bool) {
	rows, _ := v.([]any)
	n := max(len(rows), in.min)
	if n == 0 && needed {
		n = 1
	}
	out.Min, out.Max, out.RowLabel = in.min, in.max, in.rowLabel
	for i := range min(n, in.max) {
		var m map[string]any
		if i < len(rows) {
			switch x := rows[i].(type) {
			case map[string]any:
				m = flatRow(x)
			case string:
				if len(in.rows) == 1 {
					m = map[string]any{in.rows[0].path: x}
				}
			}
		}
		at := in.path + "." + strconv.Itoa(i) + "."
		cells := make([]Field, 0, len(in.cells))
		for _, c := range in.cells {
			if c.leaf != nil {
				cells = append(cells, d.rowLeaf(c.leaf, at, m, c.need))
				continue
			}
			f := d.rowGroup(c, c.tree, at, m)
			f.Hint = c.hint
			cells = append(cells, f)
		}
		out.Rows = append(out.Rows, cells)
	}
}

func (d *drawer) rowLeaf(leaf *input, at string, m map[string]any, needed bool) Field {
	f := Field{
		Path: at + leaf.path, Type: leaf.typ, Widget: leaf.widget, Label: leaf.label, Hint: leaf.hint, Required: needed,
		InputMode: leaf.t.mode, MaxLength: leaf.maxLen, Plain: leaf.t.plain,
	}
	d.value(&f, leaf, m[leaf.path])
	f.Error, f.Warning = d.messages(f.Path)
	return f
}

func (d *drawer) rowGroup(c *cell, g *group, at string, m map[string]any) Field {
	out := Field{Path: at + g.path, Type: c.typ, Widget: WidgetGroup, Label: g.label, Required: c.need}
	for _, it := range g.items {
		if it.sub != nil {
			out.Parts = append(out.Parts, d.rowGroup(&cell{typ: c.typ}, it.sub, at, m))
			continue
		}
		part := strings.TrimPrefix(it.leaf.path, g.path+".")
		out.Parts = append(out.Parts, d.rowLeaf(it.leaf, at, m, c.need && slices.Contains(chief[c.typ], part)))
	}
	return out
}
