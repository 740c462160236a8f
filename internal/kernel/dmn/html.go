package dmn

import (
	"html"
	"io"
	"strconv"
	"strings"
)

// Tables are the document's decision tables, those inside contexts and
// functions included, in the order of the document.
func (d *Definitions) Tables() []*Table {
	var out []*Table
	for _, p := range d.parts {
		if p.logic != nil {
			walkTables(p.logic, &out)
		}
		if p.fn != nil {
			walkTables(p.fn, &out)
		}
	}
	return out
}

// Tables are the tables of the model's own document.
func (m *Model) Tables() []*Table { return m.defs.Tables() }

func walkTables(b boxed, out *[]*Table) {
	switch b := b.(type) {
	case *tableBox:
		*out = append(*out, b.Table)
	case *contextBox:
		for _, e := range b.entries {
			walkTables(e.value, out)
		}
	case *functionBox:
		walkTables(b.body, out)
	case *listBox:
		for _, x := range b.items {
			walkTables(x, out)
		}
	case *conditionalBox:
		for _, x := range []boxed{b.cond, b.then, b.els} {
			walkTables(x, out)
		}
	case *loopBox:
		walkTables(b.in, out)
		walkTables(b.body, out)
	case *invocationBox:
		for _, e := range b.bindings {
			walkTables(e.value, out)
		}
	}
}

// words of a table's page, Vietnamese and English.
type words struct{ rule, when, then, note, any, otherwise, none string }

//nolint:gochecknoglobals // immutable
var (
	wordsVI = words{"Quy tắc", "Khi", "Thì", "Ghi chú", "bất kỳ", "Nếu không quy tắc nào khớp", "không có"}
	wordsEN = words{"Rule", "When", "Then", "Note", "any", "When no rule matches", "none"}

	policyVI = map[string]string{
		"UNIQUE": "chỉ một quy tắc khớp", "ANY": "các quy tắc khớp phải cho cùng kết quả", "FIRST": "lấy quy tắc khớp đầu tiên",
		"PRIORITY": "lấy kết quả có ưu tiên cao nhất", "RULE ORDER": "lấy mọi kết quả theo thứ tự quy tắc",
		"OUTPUT ORDER": "lấy mọi kết quả theo thứ tự ưu tiên", "COLLECT": "gom mọi kết quả",
		"COLLECT SUM": "cộng mọi kết quả", "COLLECT MIN": "lấy kết quả nhỏ nhất", "COLLECT MAX": "lấy kết quả lớn nhất", "COLLECT COUNT": "đếm kết quả",
	}
	policyEN = map[string]string{
		"UNIQUE": "exactly one rule matches", "ANY": "matching rules agree", "FIRST": "the first matching rule counts",
		"PRIORITY": "the result of highest priority counts", "RULE ORDER": "all results, in the order of the rules",
		"OUTPUT ORDER": "all results, in their order of priority", "COLLECT": "all results are collected",
		"COLLECT SUM": "all results are added up", "COLLECT MIN": "the smallest result counts", "COLLECT MAX": "the largest result counts", "COLLECT COUNT": "results are counted",
	}
)

// WriteHTML writes the table in "vi" or "en" as an HTML table that a screen
// reader can follow: a caption that tells the hit policy in words, grouped
// column headers, the rule's number as row header. All text is escaped.
func (t *Table) WriteHTML(w io.Writer, lang string) error {
	h := &htmlTable{t: t, words: wordsVI, policy: policyVI}
	if lang == "en" {
		h.words, h.policy = wordsEN, policyEN
	}
	h.table()
	_, err := io.WriteString(w, h.b.String())
	return err
}

type htmlTable struct {
	b      strings.Builder
	t      *Table
	words  words
	policy map[string]string
}

// raw writes markup; text writes what people wrote.
func (h *htmlTable) raw(parts ...string) {
	for _, p := range parts {
		h.b.WriteString(p)
	}
}

func (h *htmlTable) text(s string) { h.b.WriteString(html.EscapeString(s)) }

func (h *htmlTable) table() {
	t := h.t
	h.raw(`<div class="kh-table-wrap" role="region" tabindex="0" aria-label="`)
	h.text(t.Name)
	h.raw(`"><table class="kh-table kh-table--decision"><caption class="kh-table__caption kh-table__caption--m">`)
	h.text(t.Name)
	if p := h.policy[strings.TrimSpace(t.HitPolicy+" "+t.Aggregation)]; p != "" {
		h.text(" (" + p + ")")
	}
	h.raw(`</caption><thead class="kh-table__head"><tr class="kh-table__row"><th scope="col" rowspan="2" class="kh-table__header">`, h.words.rule, `</th>`)
	h.group(h.words.when, len(t.Inputs))
	h.group(h.words.then, len(t.Outputs))
	h.group(h.words.note, len(t.Annotations))
	h.raw(`</tr><tr class="kh-table__row">`)
	for _, in := range t.Inputs {
		label := in.Label
		if label == "" {
			label = in.Expression
		}
		h.header(label, in.Values)
	}
	for _, o := range t.Outputs {
		label := o.Label
		if label == "" {
			label = o.Name
		}
		if label == "" {
			label = t.Name
		}
		h.header(label, o.Values)
	}
	for _, a := range t.Annotations {
		h.header(a, "")
	}
	h.raw(`</tr></thead><tbody class="kh-table__body">`)
	for i, r := range t.Rules {
		h.raw(`<tr class="kh-table__row"><th scope="row" class="kh-table__header kh-table__header--row">`, strconv.Itoa(i+1), `</th>`)
		h.cells(r.Inputs, len(t.Inputs), h.words.any)
		h.cells(r.Outputs, len(t.Outputs), h.words.none)
		for k := range t.Annotations {
			h.raw(`<td class="kh-table__cell">`)
			if k < len(r.Annotations) {
				h.text(r.Annotations[k])
			}
			h.raw(`</td>`)
		}
		h.raw(`</tr>`)
	}
	h.defaults()
	h.raw(`</tbody></table></div>`)
}

func (h *htmlTable) group(name string, n int) {
	if n > 0 {
		h.raw(`<th scope="colgroup" colspan="`, strconv.Itoa(n), `" class="kh-table__header">`, name, `</th>`)
	}
}

func (h *htmlTable) header(label, values string) {
	h.raw(`<th scope="col" class="kh-table__header">`)
	h.text(label)
	if values != "" {
		h.raw(`<br><code>`)
		h.text(values)
		h.raw(`</code>`)
	}
	h.raw(`</th>`)
}

func (h *htmlTable) cells(texts []string, n int, empty string) {
	for k := range n {
		h.raw(`<td class="kh-table__cell">`)
		if k < len(texts) && texts[k] != "" && texts[k] != "-" {
			h.raw(`<code>`)
			h.text(texts[k])
			h.raw(`</code>`)
		} else {
			h.raw(empty)
		}
		h.raw(`</td>`)
	}
}

// defaults is a last row where an output has a default.
func (h *htmlTable) defaults() {
	texts, any := make([]string, len(h.t.Outputs)), false
	for i, o := range h.t.Outputs {
		texts[i] = o.Default
		any = any || o.Default != ""
	}
	if !any {
		return
	}
	h.raw(`<tr class="kh-table__row"><th scope="row" colspan="`, strconv.Itoa(1+len(h.t.Inputs)), `" class="kh-table__header kh-table__header--row">`, h.words.otherwise, `</th>`)
	h.cells(texts, len(h.t.Outputs), h.words.none)
	for range h.t.Annotations {
		h.raw(`<td class="kh-table__cell"></td>`)
	}
	h.raw(`</tr>`)
}
