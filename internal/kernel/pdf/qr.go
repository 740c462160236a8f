package pdf

import "github.com/skip2/go-qrcode"

// qr draws a code as squares, sharp at any size. A text that no code holds is left out.
func (s *sheet) qr(text string, x, y, size float64) {
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return
	}
	q.DisableBorder = true
	bits := q.Bitmap()
	n := float64(len(bits))
	const quiet = 2 // modules of white around
	m := size / (n + 2*quiet)
	s.SetFillColor(0, 0, 0)
	for r, row := range bits {
		for c := 0; c < len(row); {
			if !row[c] {
				c++
				continue
			}
			from := c
			for c < len(row) && row[c] {
				c++
			}
			// A hair wider than the module, so that no viewer shows a seam.
			s.Rect(x+(quiet+float64(from))*m, y+(quiet+float64(r))*m, float64(c-from)*m+0.01, m+0.01, "F")
		}
	}
}

func (s *sheet) qrBlock(q QR) {
	size := q.Size
	if size <= 0 {
		size = 25
	}
	size = min(size, 80)
	s.space(size + line(s.size))
	x := s.left
	switch q.Align {
	case "center":
		x += (s.width - size) / 2
	case "right":
		x += s.width - size
	}
	y := s.GetY()
	s.qr(q.Text, x, y, size)
	s.font("", s.size-3)
	s.SetXY(x-5, y+size)
	s.MultiCell(size+10, line(s.size-3), clean(q.Caption), "", "C", false)
	s.Ln(1)
}
