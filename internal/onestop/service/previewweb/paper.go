package previewweb

import (
	"strings"

	"khue/internal/kernel/pdf"
	"khue/internal/kernel/ui"
)

// part is a block of a result document as a page can show it: the accessible equal of the PDF.
type part struct {
	Title, Strong, Text string
	Lines               []string
	Rows                []ui.SummaryRow
	Table               *ui.TableArgs
}

func paperParts(l pdf.Layout) []part {
	var out []part
	for _, b := range l.Blocks {
		switch {
		case b.Heading != nil:
			out = append(out, part{Lines: filled(append(append([]string{}, b.Heading.Left...), b.Heading.Number, b.Heading.Place))})
		case b.Title != nil:
			out = append(out, part{Title: b.Title.Text, Text: b.Title.Sub})
		case b.Banner != "":
			out = append(out, part{Strong: b.Banner})
		case b.Paragraph != nil:
			out = append(out, part{Lines: strings.Split(b.Paragraph.Text, "\n")})
		case b.Note != nil:
			out = append(out, part{Lines: strings.Split(b.Note.Text, "\n")})
		case b.Fields != nil:
			p := part{}
			for _, f := range b.Fields.Rows {
				p.Rows = append(p.Rows, ui.SummaryRow{Key: f.Label, Value: ui.T(f.Value)})
			}
			out = append(out, p)
		case b.List != nil:
			out = append(out, part{Lines: b.List.Items})
		case b.Table != nil:
			t := ui.TableArgs{Caption: "…", CaptionQuiet: true}
			for _, c := range b.Table.Columns {
				t.Head = append(t.Head, ui.Column{Label: c.Title})
			}
			for _, r := range b.Table.Rows {
				row := ui.Row{}
				for _, c := range r {
					row.Cells = append(row.Cells, ui.T(c))
				}
				t.Rows = append(t.Rows, row)
			}
			out = append(out, part{Table: &t})
		case b.QR != nil:
			out = append(out, part{Lines: filled([]string{b.QR.Text, b.QR.Caption})})
		case len(b.Signatures) > 0:
			p := part{}
			for _, s := range b.Signatures {
				p.Rows = append(p.Rows, ui.SummaryRow{Key: strings.ReplaceAll(s.Role, "\n", " "), Value: ui.Cell{Text: s.Mark, Note: s.Hint}})
			}
			out = append(out, p)
		}
	}
	return out
}

func filled(in []string) []string {
	var out []string
	for _, s := range in {
		if strings.TrimSpace(s) != "" {
			out = append(out, s)
		}
	}
	return out
}
