package pdf

import (
	"regexp"
	"strconv"
)

var placeholder = regexp.MustCompile(`\{([\w.#]+)\}`)

// Data fills a layout's placeholders.
type Data struct {
	Words map[string]string
	Lists map[string][]map[string]string
	// Holds answers the conditions of blocks; nil shows every block.
	Holds func(when string) bool
}

func fill(text string, words map[string]string) string {
	if text == "" {
		return ""
	}
	return placeholder.ReplaceAllStringFunc(text, func(m string) string { return words[m[1:len(m)-1]] })
}

// Fill returns the layout with its placeholders replaced, its lists and tables written
// out and the blocks left out whose condition does not hold. The layout is not changed.
func Fill(l Layout, d Data) Layout {
	out := Layout{Page: l.Page}
	out.Page.Footer, out.Page.Watermark = fill(l.Page.Footer, d.Words), fill(l.Page.Watermark, d.Words)
	for _, b := range l.Blocks {
		if b.When != "" && d.Holds != nil && !d.Holds(b.When) {
			continue
		}
		out.Blocks = append(out.Blocks, d.block(b))
	}
	return out
}

func (d Data) all(in []string) []string {
	out := make([]string, len(in))
	for i, t := range in {
		out[i] = fill(t, d.Words)
	}
	return out
}

func (d Data) block(b Block) Block {
	w := d.Words
	out := Block{Banner: fill(b.Banner, w), Space: b.Space, Break: b.Break}
	if h := b.Heading; h != nil {
		out.Heading = &Heading{Left: d.all(h.Left), Right: d.all(h.Right), Number: fill(h.Number, w), Place: fill(h.Place, w)}
	}
	if t := b.Title; t != nil {
		out.Title = &Title{Text: fill(t.Text, w), Sub: fill(t.Sub, w), QR: fill(t.QR, w), QRCaption: fill(t.QRCaption, w)}
	}
	if p := b.Paragraph; p != nil {
		out.Paragraph = &Paragraph{Text: fill(p.Text, w), Align: p.Align, Style: p.Style}
	}
	if f := b.Fields; f != nil {
		c := &Fields{Columns: f.Columns, Plain: f.Plain}
		for _, r := range f.Rows {
			c.Rows = append(c.Rows, Field{Label: fill(r.Label, w), Value: fill(r.Value, w), Strong: r.Strong})
		}
		out.Fields = c
	}
	if l := b.List; l != nil {
		c := &List{Items: d.all(l.Items), Numbered: l.Numbered}
		for _, row := range d.Lists[l.From] {
			c.Items = append(c.Items, fill(l.Each, row))
		}
		out.List = c
	}
	if t := b.Table; t != nil {
		out.Table = d.table(*t)
	}
	if q := b.QR; q != nil {
		out.QR = &QR{Text: fill(q.Text, w), Caption: fill(q.Caption, w), Size: q.Size, Align: q.Align}
	}
	if n := b.Note; n != nil {
		out.Note = &Note{Text: fill(n.Text, w), Tone: n.Tone}
	}
	for _, g := range b.Signatures {
		out.Signatures = append(out.Signatures, Signature{
			Place: fill(g.Place, w), Role: fill(g.Role, w), Hint: fill(g.Hint, w), Mark: fill(g.Mark, w), Name: fill(g.Name, w),
		})
	}
	return out
}

func (d Data) table(t Table) *Table {
	c := &Table{}
	for _, col := range t.Columns {
		c.Columns = append(c.Columns, Column{Title: fill(col.Title, d.Words), Text: col.Text, Width: col.Width, Align: col.Align})
	}
	for _, r := range t.Rows {
		c.Rows = append(c.Rows, d.all(r))
	}
	for i, row := range d.Lists[t.From] {
		row["#"] = strconv.Itoa(i + 1)
		cells := make([]string, len(t.Columns))
		for k, col := range t.Columns {
			cells[k] = fill(col.Text, row)
		}
		c.Rows = append(c.Rows, cells)
	}
	return c
}
