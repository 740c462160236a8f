package bpmn

import (
	"bytes"
	"math"
	"strconv"
)

// canvas writes SVG. Colours come from the classes; where colours is set they are
// written as attributes too.
type canvas struct {
	b       bytes.Buffer
	colours bool
	heat    int // class of the group being drawn; 0 none
}

// paint is the fill and stroke of a class outside of our style sheet.
type paint struct{ fill, stroke string }

//nolint:gochecknoglobals // immutable table
var paints = map[string]paint{
	"bpmn-ground":   {"#ffffff", "none"},
	"bpmn-face":     {"#ffffff", "#221c17"},
	"bpmn-box":      {"#fbf9f5", "#221c17"},
	"bpmn-pool":     {"#ffffff", "#5d544b"},
	"bpmn-lane":     {"none", "#a39888"},
	"bpmn-head":     {"#f3ece1", "#5d544b"},
	"bpmn-ink":      {"none", "#221c17"},
	"bpmn-solid":    {"#221c17", "#221c17"},
	"bpmn-cut":      {"none", "#ffffff"},
	"bpmn-flow":     {"none", "#4a423a"},
	"bpmn-tip":      {"#4a423a", "#4a423a"},
	"bpmn-open-tip": {"#ffffff", "#4a423a"},
	"bpmn-note":     {"none", "#5d544b"},
	"bpmn-text":     {"#221c17", "none"},
	"bpmn-halo":     {"#221c17", "#ffffff"},
	"bpmn-ring":     {"none", "#8c1d13"},
	"bpmn-pin":      {"#8c1d13", "none"},
	"bpmn-pin-text": {"#ffffff", "none"},
}

//nolint:gochecknoglobals // immutable table
var heats = [...]string{"", "#fff3d6", "#ffe09c", "#ffc266", "#ff9f5a", "#f5764f"}

func num(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }

func (c *canvas) write(s string) { escape(&c.b, s, false) }

func (c *canvas) attr(name, value string) {
	if value == "" {
		return
	}
	c.b.WriteByte(' ')
	c.b.WriteString(name)
	c.b.WriteString(`="`)
	escape(&c.b, value, true)
	c.b.WriteByte('"')
}

func (c *canvas) begin(tag string, pairs []string) {
	c.b.WriteByte('<')
	c.b.WriteString(tag)
	for i := 0; i+1 < len(pairs); i += 2 {
		c.attr(pairs[i], pairs[i+1])
	}
}

func (c *canvas) open(tag string, pairs ...string) {
	c.begin(tag, pairs)
	c.b.WriteByte('>')
}

func (c *canvas) end(tag string) { c.b.WriteString("</" + tag + ">") }

// mark writes an empty element of a class.
func (c *canvas) mark(tag, class string, extra []string, pairs ...string) {
	c.begin(tag, pairs)
	c.paint(class, extra)
	c.b.WriteString("/>")
}

func (c *canvas) paint(class string, extra []string) {
	c.attr("class", class)
	p, own := paints[class], func(name string) bool {
		for i := 0; i < len(extra); i += 2 {
			if extra[i] == name {
				return true
			}
		}
		return false
	}
	if c.colours {
		if c.heat > 0 && (class == "bpmn-face" || class == "bpmn-box") {
			p.fill = heats[c.heat]
		}
		if !own("fill") {
			c.attr("fill", p.fill)
		}
		if !own("stroke") && p.stroke != "none" {
			c.attr("stroke", p.stroke)
		}
	}
	for i := 0; i+1 < len(extra); i += 2 {
		c.attr(extra[i], extra[i+1])
	}
}

func (c *canvas) rect(class string, x, y, w, h, r float64, extra ...string) {
	pairs := []string{"x", num(x), "y", num(y), "width", num(w), "height", num(h)}
	if r > 0 {
		pairs = append(pairs, "rx", num(r))
	}
	c.mark("rect", class, extra, pairs...)
}

func (c *canvas) circle(class string, x, y, r float64, extra ...string) {
	c.mark("circle", class, extra, "cx", num(x), "cy", num(y), "r", num(r))
}

func (c *canvas) path(class, d string, extra ...string) {
	c.mark("path", class, extra, "d", d)
}

// icon draws a path of the 24 by 24 grid into a square.
func (c *canvas) icon(class, d string, x, y, size, stroke float64) {
	scale := size / 24
	c.mark("path", class, []string{"stroke-width", num(stroke / scale), "stroke-linejoin", "round", "stroke-linecap", "round"},
		"transform", "translate("+num(x)+" "+num(y)+") scale("+strconv.FormatFloat(scale, 'f', 3, 64)+")", "d", d)
}

// group begins the group of an element.
func (c *canvas) group(classes, id, said string) {
	c.b.WriteByte('\n')
	c.open("g", "class", classes, "data-element", id, "role", "img", "aria-label", said)
}

// box grows around what is drawn.
type box struct {
	x0, y0, x1, y1 float64
	set            bool
}

func (b *box) add(x, y float64) {
	if !b.set {
		*b = box{x, y, x, y, true}
		return
	}
	b.x0, b.y0, b.x1, b.y1 = min(b.x0, x), min(b.y0, y), max(b.x1, x), max(b.y1, y)
}
