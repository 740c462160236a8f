package pdf

import "strconv"

func itoa(n int) string { return strconv.Itoa(n) }

// table sets rows under a header that is repeated on each page.
func (s *sheet) table(t Table) {
	if len(t.Columns) == 0 {
		return
	}
	var sum float64
	for _, c := range t.Columns {
		sum += share(c)
	}
	widths := make([]float64, len(t.Columns))
	titles := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = s.width * share(c) / sum
		titles[i] = c.Title
	}
	s.row(t, widths, titles, true)
	for _, r := range t.Rows {
		if _, fits := s.measure(widths, r, ""); !fits {
			s.AddPage()
			s.row(t, widths, titles, true)
		}
		s.row(t, widths, r, false)
	}
	s.Ln(2)
}

func share(c Column) float64 {
	if c.Width <= 0 {
		return 1
	}
	return c.Width
}

const cellPad = 1.5

// measure is the height of a row and whether it fits on what is left of the page.
func (s *sheet) measure(widths []float64, cells []string, style string) (h float64, fits bool) {
	s.font(style, s.size-1)
	lines := 1
	for i, w := range widths {
		if i < len(cells) {
			lines = max(lines, len(s.SplitText(clean(cells[i]), w-2*cellPad)))
		}
	}
	_, page := s.GetPageSize()
	// A row higher than a page is cut at its end.
	h = min(float64(lines)*line(s.size-1)+2*cellPad, page-s.top-s.bottom-30)
	return h, s.GetY()+h <= page-s.bottom-6
}

func (s *sheet) row(t Table, widths []float64, cells []string, head bool) {
	style := ""
	if head {
		style = "B"
	}
	h, _ := s.measure(widths, cells, style)
	x, y := s.left, s.GetY()
	s.SetLineWidth(0.2)
	for i, w := range widths {
		if head {
			s.SetFillColor(243, 240, 236)
			s.Rect(x, y, w, h, "DF")
		} else {
			s.Rect(x, y, w, h, "D")
		}
		if i < len(cells) {
			align := map[string]string{"center": "C", "right": "R"}[t.Columns[i].Align]
			if head {
				align = "C"
			}
			if align == "" {
				align = "L"
			}
			s.font(style, s.size-1)
			ty := y + cellPad
			for _, part := range s.SplitText(clean(cells[i]), w-2*cellPad) {
				if ty+line(s.size-1) > y+h {
					break
				}
				s.SetXY(x+cellPad, ty)
				s.CellFormat(w-2*cellPad, line(s.size-1), part, "", 0, align, false, 0, "")
				ty += line(s.size - 1)
			}
		}
		x += w
	}
	s.SetXY(s.left, y+h)
}
