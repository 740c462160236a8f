package bpmn

import (
	"strings"
	"unicode"
)

const lineHeight = 1.28 // of the size; room for Vietnamese marks above and below

// charWidth is about the width of a character in a humanist sans, in ems.
func charWidth(r rune) float64 {
	switch {
	case r == ' ':
		return 0.27
	case strings.ContainsRune("iljI.,:;'|!íìỉĩịÍÌ", r):
		return 0.28
	case strings.ContainsRune("frt()[]-/\"", r):
		return 0.38
	case strings.ContainsRune("mwMW@—", r):
		return 0.9
	case r > 0x2E80: // ideographs
		return 1
	case unicode.Is(unicode.Mn, r):
		return 0
	case unicode.IsUpper(r):
		return 0.69
	}
	return 0.575
}

func textWidth(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		w += charWidth(r)
	}
	return w * size
}

// wrap cuts text into lines of at most width; words that are longer are cut.
func wrap(s string, width, size float64) []string {
	var lines []string
	for _, para := range strings.Split(s, "\n") {
		line := ""
		for _, word := range strings.Fields(para) {
			if line != "" && textWidth(line+" "+word, size) <= width {
				line += " " + word
				continue
			}
			if line != "" {
				lines = append(lines, line)
			}
			for line = word; textWidth(line, size) > width; {
				cut := fitting(line, width, size)
				if cut >= len(line) {
					break
				}
				lines, line = append(lines, line[:cut]), line[cut:]
			}
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// fitting is how many bytes of s fit; at least one character. It likes to cut after a
// sign that parts words.
func fitting(s string, width, size float64) int {
	w, soft := 0.0, 0
	for i, r := range s {
		if w += charWidth(r) * size; w > width && i > 0 {
			if soft > i/2 {
				return soft
			}
			return i
		}
		if strings.ContainsRune("-/_.", r) {
			soft = i + 1
		}
	}
	return len(s)
}

// maxLabel bounds what is written of one name, in bytes.
const maxLabel = 1_000

// fit is text wrapped into a room: the largest size at which it fits, cut off where
// none does.
func fit(s string, w, h float64) (lines []string, size float64) {
	if len(s) > maxLabel {
		s = strings.ToValidUTF8(s[:maxLabel], "") + "…"
	}
	for size = 12; size >= 9; size-- {
		lines = wrap(s, w, size)
		longest := 0.0
		for _, word := range strings.Fields(s) {
			longest = max(longest, textWidth(word, size))
		}
		if float64(len(lines))*size*lineHeight <= h && (longest <= w || size <= 10) {
			return lines, size
		}
	}
	size = 9
	if room := max(1, int(h/(size*lineHeight))); len(lines) > room {
		lines = lines[:room]
		lines[room-1] = strings.TrimRight(lines[room-1], " ") + "…"
	}
	return lines, size
}

// textLines writes lines centred on a point.
func (c *canvas) textLines(class string, x, y float64, lines []string, size float64) {
	c.textBlock(class, x, y-float64(len(lines))*size*lineHeight/2, lines, size, "middle", "")
}

// textBlock writes lines downwards from y, by anchor start or middle.
func (c *canvas) textBlock(class string, x, y float64, lines []string, size float64, anchor, transform string) {
	if len(lines) == 0 {
		return
	}
	var extra []string
	if class == "bpmn-halo" {
		extra = []string{"paint-order", "stroke", "stroke-width", "3", "stroke-linejoin", "round"}
	}
	c.begin("text", []string{"font-size", num(size), "text-anchor", anchor, "transform", transform})
	c.paint(class, extra)
	c.b.WriteByte('>')
	for i, line := range lines {
		c.open("tspan", "x", num(x), "y", num(y+(float64(i)+0.78)*size*lineHeight))
		c.write(line)
		c.end("tspan")
	}
	c.end("text")
}

// outside writes the name of a shape beside it: where the file places it, else below.
func (s *scene) outside(sh *Shape, name string) {
	if name == "" {
		return
	}
	if len(name) > maxLabel {
		name = strings.ToValidUTF8(name[:maxLabel], "") + "…"
	}
	const size = 11
	x, y, w := sh.X+sh.W/2, sh.Y+sh.H+3, 110.0
	l := sh.Label
	placed := l != nil && (l.W > 0 || l.X != 0 || l.Y != 0)
	if placed {
		x, y, w = l.X+l.W/2, l.Y, max(l.W*1.12+6, 60)
	}
	lines := wrap(name, w, size)
	high := float64(len(lines)) * size * lineHeight
	if placed && l.H > high {
		y += (l.H - high) / 2
	}
	wide := 0.0
	for _, line := range lines {
		wide = max(wide, textWidth(line, size)/2)
	}
	switch {
	case placed && l.X+l.W <= sh.X+1: // wholly at one side: keep off the shape
		x = min(x, sh.X-4-wide)
	case placed && l.X >= sh.X+sh.W-1:
		x = max(x, sh.X+sh.W+4+wide)
	}
	if placed && l.Y+l.H <= sh.Y && high > l.H { // above: grow upwards
		y = l.Y + l.H - high
	}
	s.label(x, y, lines, size)
}

// label writes lines with a halo, so that lines under it do not disturb.
func (s *scene) label(x, y float64, lines []string, size float64) {
	s.textBlock("bpmn-halo", x, y, lines, size, "middle", "")
	for _, line := range lines {
		w := textWidth(line, size) / 2
		s.box.add(x-w, y)
		s.box.add(x+w, y)
	}
	s.box.add(x, y+float64(len(lines))*size*lineHeight)
}
