package pdf

import (
	"strings"
)

const nation, motto = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"

// heading sets agency and state side by side, each over a short rule (Decree 30/2020).
func (s *sheet) heading(h Heading) {
	right := h.Right
	if len(right) == 0 {
		right = []string{nation, motto}
	}
	lw, rw := s.width*0.44, s.width*0.56
	y := s.GetY()
	endL := s.head(s.left, y, lw, h.Left, len(h.Left)-1, s.size-1, 0.35)
	endR := s.head(s.left+lw, y, rw, right, 0, s.size-1, 0.5)
	y = max(endL, endR) + 2
	if h.Number != "" || h.Place != "" {
		s.SetXY(s.left, y)
		s.font("", s.size-1)
		s.CellFormat(lw, line(s.size), clean(h.Number), "", 0, "C", false, 0, "")
		s.font("I", s.size-1)
		s.CellFormat(rw, line(s.size), clean(h.Place), "", 0, "C", false, 0, "")
		y += line(s.size)
	}
	s.SetXY(s.left, y+3)
}

// head sets centred lines from bold on and a rule of a share of the width beneath.
func (s *sheet) head(x, y, w float64, lines []string, bold int, size, rule float64) float64 {
	for i, t := range lines {
		style := ""
		if i >= bold {
			style = "B"
		}
		s.font(style, size)
		fit := size
		for s.GetStringWidth(clean(t)) > w-2 && fit > size*0.72 {
			fit -= 0.3
			s.font(style, fit)
		}
		for _, part := range s.SplitText(clean(t), w-2) {
			s.SetXY(x, y)
			s.CellFormat(w, line(size), part, "", 0, "C", false, 0, "")
			y += line(size)
		}
	}
	s.SetLineWidth(0.25)
	s.Line(x+w*(1-rule)/2, y+0.8, x+w*(1+rule)/2, y+0.8)
	return y + 1.5
}

// title sets the name of the paper, centred between the margins, a code at its right.
func (s *sheet) title(t Title) {
	const code = 26.0
	y := s.GetY() + 2
	w := s.width
	if t.QR != "" {
		w -= 2 * (code + 3)
	}
	x := s.left + (s.width-w)/2
	s.font("B", s.size+2.5)
	ty := y
	if t.QR != "" {
		ty += 3
	}
	for _, part := range s.balanced(clean(t.Text), w) {
		s.SetXY(x, ty)
		s.CellFormat(w, line(s.size+2.5), part, "", 0, "C", false, 0, "")
		ty += line(s.size + 2.5)
	}
	if t.Sub != "" {
		s.font("I", s.size)
		for _, part := range s.SplitText(clean(t.Sub), w) {
			s.SetXY(x, ty)
			s.CellFormat(w, line(s.size), part, "", 0, "C", false, 0, "")
			ty += line(s.size)
		}
	}
	if t.QR != "" {
		s.qr(t.QR, s.left+s.width-code, y, code)
		s.font("", s.size-3.5)
		s.SetXY(s.left+s.width-code-4, y+code+0.5)
		s.MultiCell(code+8, line(s.size-3.5), clean(t.QRCaption), "", "C", false)
		ty = max(ty, s.GetY())
	}
	s.SetXY(s.left, ty+3)
}

// balanced splits a text into as few lines as w needs, of about the same length: a
// title leaves no last word alone.
func (s *sheet) balanced(text string, w float64) []string {
	lines := s.SplitText(text, w)
	for try := w - 2; len(lines) > 1 && try > w/2; try -= 2 {
		narrower := s.SplitText(text, try)
		if len(narrower) > len(lines) {
			break
		}
		lines = narrower
	}
	return lines
}

func (s *sheet) paragraph(p Paragraph) {
	style, size := "", s.size
	switch p.Style {
	case "bold":
		style = "B"
	case "italic":
		style = "I"
	case "small":
		size -= 2
	case "large":
		size += 2
	}
	s.font(style, size)
	align := map[string]string{"center": "C", "right": "R", "justify": "J"}[p.Align]
	if align == "" {
		align = "L"
	}
	s.SetX(s.left)
	s.MultiCell(s.width, line(size), clean(p.Text), "", align, false)
	s.Ln(1.2)
}

// fields sets labels with their values on dotted lines, as printed forms do.
func (s *sheet) fields(f Fields) {
	cols := max(1, min(f.Columns, 2))
	w := (s.width - float64(cols-1)*6) / float64(cols)
	for i := 0; i < len(f.Rows); i += cols {
		s.space(2 * line(s.size))
		y, end := s.GetY(), s.GetY()
		for c := 0; c < cols && i+c < len(f.Rows); c++ {
			end = max(end, s.field(f.Rows[i+c], s.left+float64(c)*(w+6), y, w, f.Plain))
		}
		s.SetXY(s.left, end+0.6)
	}
	s.Ln(1)
}

func (s *sheet) field(f Field, x, y, w float64, plain bool) float64 {
	h := line(s.size)
	label := clean(f.Label)
	if label != "" {
		label += ": "
	}
	s.font("", s.size)
	lw := s.GetStringWidth(label) + 1
	if lw > w*0.6 {
		lw = w * 0.6
	}
	s.SetXY(x, y)
	s.MultiCell(lw, h, label, "", "L", false)
	end := s.GetY()
	style := ""
	if f.Strong {
		style = "B"
	}
	s.font(style, s.size)
	lines := s.SplitText(clean(f.Value), w-lw)
	if len(lines) == 0 {
		lines = []string{""}
	}
	vy := y
	for _, t := range lines {
		s.SetXY(x+lw, vy)
		s.CellFormat(w-lw, h, t, "", 0, "L", false, 0, "")
		if !plain {
			s.dots(x+lw, vy+h-0.9, x+w)
		}
		vy += h
	}
	return max(end, vy)
}

func (s *sheet) dots(x, y, to float64) {
	s.SetDrawColor(150, 150, 150)
	s.SetLineWidth(0.2)
	s.SetDashPattern([]float64{0.25, 0.9}, 0)
	s.Line(x, y, to, y)
	s.SetDashPattern([]float64{}, 0)
	s.SetDrawColor(0, 0, 0)
}

func (s *sheet) list(l List) {
	s.font("", s.size)
	for i, t := range l.Items {
		mark := "–"
		if l.Numbered {
			mark = itoa(i+1) + "."
		}
		s.space(line(s.size))
		s.SetX(s.left)
		s.CellFormat(7, line(s.size), mark, "", 0, "R", false, 0, "")
		s.SetX(s.left + 9)
		s.MultiCell(s.width-9, line(s.size), clean(t), "", "L", false)
	}
	s.Ln(1)
}

// note sets a text beside a rule.
func (s *sheet) note(n Note) {
	s.font("", s.size)
	lines := s.SplitText(clean(n.Text), s.width-8)
	for len(lines) > 0 {
		s.space(2 * line(s.size))
		y := s.GetY()
		_, page := s.GetPageSize()
		fit := min(len(lines), max(1, int((page-s.bottom-6-y)/line(s.size))))
		for i, t := range lines[:fit] {
			s.SetXY(s.left+6, y+float64(i)*line(s.size))
			s.CellFormat(s.width-6, line(s.size), t, "", 0, "L", false, 0, "")
		}
		if n.Tone == "warning" {
			s.SetDrawColor(176, 42, 34)
		} else {
			s.SetDrawColor(120, 120, 120)
		}
		s.SetLineWidth(0.9)
		s.Line(s.left+2, y, s.left+2, y+float64(fit)*line(s.size))
		s.SetLineWidth(0.2)
		s.SetDrawColor(0, 0, 0)
		s.SetXY(s.left, y+float64(fit)*line(s.size))
		lines = lines[fit:]
	}
	s.Ln(2)
}

func (s *sheet) banner(text string) {
	h := line(s.size) + 3
	s.space(h)
	s.SetFillColor(250, 232, 228)
	s.SetTextColor(140, 24, 18)
	s.font("B", s.size)
	s.SetX(s.left)
	s.CellFormat(s.width, h, clean(text), "", 1, "C", true, 0, "")
	s.SetTextColor(0, 0, 0)
	s.Ln(2)
}

// signWide is the width of the room to sign in, in millimetres.
const signWide = 40.0

// signatures sets the places to sign beside each other and keeps them on one page. A single one
// stands in the right half, as rules of office papers have it (Decree 30/2020, annex I).
func (s *sheet) signatures(list []Signature) {
	room := 20.0 // to sign in
	if s.l.Page.Size == "A5" {
		room = 14 // a form of one page should stay one
	}
	s.space(room + 5*line(s.size))
	s.Ln(3)
	w, from := s.width/float64(len(list)), s.left
	if len(list) == 1 {
		w, from = s.width/2, s.left+s.width/2
	}
	top, end := s.GetY(), s.GetY()
	for i, g := range list {
		x, y := from+float64(i)*w, top
		put := func(style string, size float64, text string) {
			if text == "" {
				return
			}
			s.font(style, size)
			for _, row := range strings.Split(clean(text), "\n") {
				for _, part := range s.SplitText(row, w-4) {
					s.SetXY(x, y)
					s.CellFormat(w, line(size), part, "", 0, "C", false, 0, "")
					y += line(size)
				}
			}
		}
		put("I", s.size-1, g.Place)
		put("B", s.size-0.5, g.Role)
		put("I", s.size-2, g.Hint)
		if s.o.Place != nil {
			_, height := s.GetPageSize()
			s.o.Place(Place{s.PageNo(), [4]float64{(x + w/2 - signWide/2) / ptMM, (height - y - room) / ptMM, (x + w/2 + signWide/2) / ptMM, (height - y) / ptMM}})
		}
		if g.Mark != "" {
			s.SetTextColor(140, 24, 18)
			y += room/2 - line(s.size)
			put("B", s.size+1, g.Mark)
			s.SetTextColor(0, 0, 0)
			y += room / 2
		} else {
			y += room
		}
		put("B", s.size, g.Name)
		end = max(end, y)
	}
	s.SetXY(s.left, end+2)
}
