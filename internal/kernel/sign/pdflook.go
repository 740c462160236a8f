package sign

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // signatures that were photographed
	_ "image/png"
	"strings"
	"unicode/utf16"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

func utf16Of(s string) []uint16 { return utf16.Encode([]rune(s)) }

// maxPixels bounds the image of a visible signature.
const maxPixels = 4_000_000

// appearance draws what shows. Text is drawn as outlines, so that no font of the document
// is needed for Vietnamese.
func (u *update) appearance(v *Visible) (pdfRef, error) {
	w, h := v.Rect[2]-v.Rect[0], v.Rect[3]-v.Rect[1]
	resources := pdfDict{}
	var draw bytes.Buffer
	if len(v.Image) > 0 {
		ref, size, err := u.image(v.Image)
		if err != nil {
			return pdfRef{}, err
		}
		resources["XObject"] = pdfDict{"I": ref}
		scale := min(w/float64(size.X), h/float64(size.Y))
		iw, ih := float64(size.X)*scale, float64(size.Y)*scale
		fmt.Fprintf(&draw, "q %.3f 0 0 %.3f %.3f %.3f cm /I Do Q\n", iw, ih, (w-iw)/2, (h-ih)/2)
	}
	if v.Kind == Seal && len(v.Image) == 0 {
		ring(&draw, w, h)
	}
	if len(v.Lines) > 0 {
		text, err := outlines(v.Font, v.Lines, w, h, inks[v.Kind])
		if err != nil {
			return pdfRef{}, err
		}
		draw.WriteString(text)
	}
	return u.add(pdfStream{pdfDict{
		"Type": pdfName("XObject"), "Subtype": pdfName("Form"), "BBox": pdfArray{0, 0, w, h}, "Resources": resources,
	}, draw.Bytes()}), nil
}

// inks are the colours of Decree 30/2020: a person signs blue, an agency seals red, words are black.
//
//nolint:gochecknoglobals // a constant that Go cannot write as such
var inks = map[Looks]string{Personal: "0.05 0.15 0.65", Seal: "0.8 0.05 0.1", Words: "0 0 0"}

// ring is the rim of a seal that has no image.
func ring(b *bytes.Buffer, w, h float64) {
	fmt.Fprintf(b, "q %s RG 2 w\n", inks[Seal])
	for _, in := range []float64{2, 6} {
		r := min(w, h)/2 - in
		k := r * 0.5523
		cx, cy := w/2, h/2
		fmt.Fprintf(b, "%.2f %.2f m %.2f %.2f %.2f %.2f %.2f %.2f c %.2f %.2f %.2f %.2f %.2f %.2f c %.2f %.2f %.2f %.2f %.2f %.2f c %.2f %.2f %.2f %.2f %.2f %.2f c S\n",
			cx+r, cy, cx+r, cy+k, cx+k, cy+r, cx, cy+r, cx-k, cy+r, cx-r, cy+k, cx-r, cy, cx-r, cy-k, cx-k, cy-r, cx, cy-r, cx+k, cy-r, cx+r, cy-k, cx+r, cy)
	}
	b.WriteString("Q\n")
}

func (u *update) image(b []byte) (pdfRef, image.Point, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height {
		return pdfRef{}, image.Point{}, errors.New("sign: the image of the signature is no PNG or JPEG, or too large")
	}
	m, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return pdfRef{}, image.Point{}, fmt.Errorf("sign: image of the signature: %w", err)
	}
	box := m.Bounds()
	rgb, mask := make([]byte, 0, 3*box.Dx()*box.Dy()), make([]byte, 0, box.Dx()*box.Dy())
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			p, _ := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
			rgb, mask = append(rgb, p.R, p.G, p.B), append(mask, p.A)
		}
	}
	one := func(space pdfName, data []byte, more pdfDict) pdfRef {
		d := pdfDict{
			"Type": pdfName("XObject"), "Subtype": pdfName("Image"), "Width": box.Dx(), "Height": box.Dy(),
			"ColorSpace": space, "BitsPerComponent": 8, "Filter": pdfName("FlateDecode"),
		}
		for k, v := range more {
			d[k] = v
		}
		return u.add(pdfStream{d, deflate(data)})
	}
	alpha := one("DeviceGray", mask, nil)
	return one("DeviceRGB", rgb, pdfDict{"SMask": alpha}), box.Size(), nil
}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// outlines sets lines of text from the top, as large as they fit, at most 10 points.
func outlines(ttf []byte, lines []string, w, h float64, ink string) (string, error) {
	face, err := sfnt.Parse(ttf)
	if err != nil {
		return "", fmt.Errorf("sign: font of the visible signature: %w", err)
	}
	const em = 1000
	var buf sfnt.Buffer
	at := func(v fixed.Int26_6) float64 { return float64(v) / 64 }
	type glyph struct {
		i sfnt.GlyphIndex
		x float64
	}
	set, wide, widest := make([][]glyph, len(lines)), make([]float64, len(lines)), 1.0
	for n, line := range lines {
		x := 0.0
		for _, c := range line {
			i, err := face.GlyphIndex(&buf, c)
			if err != nil {
				return "", err
			}
			adv, err := face.GlyphAdvance(&buf, i, fixed.I(em), font.HintingNone)
			if err != nil {
				return "", err
			}
			set[n] = append(set[n], glyph{i, x})
			x += at(adv)
		}
		wide[n], widest = x, max(widest, x)
	}
	room, most := w, 10.0
	switch ink {
	case inks[Words]:
	case inks[Seal]: // inside of the rim, clear of it
		room, most = w*0.66, 14
	default: // as large as a name is written
		room, most = w*0.8, 16
	}
	size := min(most, h/(1.3*float64(len(lines))), em*room/widest)
	top := (h + 1.3*size*float64(len(lines))) / 2
	if ink == inks[Words] {
		top = h
	}
	var b strings.Builder
	if ink == "" {
		ink = inks[Words]
	}
	fmt.Fprintf(&b, "q %s rg\n", ink)
	for n, line := range set {
		left := 0.0
		if ink != inks[Words] {
			left = (w - size*wide[n]/em) / 2
		}
		fmt.Fprintf(&b, "q %.5f 0 0 %.5f %.3f %.3f cm\n", size/em, size/em, left, top-size*(1+1.3*float64(n)))
		for _, g := range line {
			segs, err := face.LoadGlyph(&buf, g.i, fixed.I(em), nil)
			if err != nil {
				return "", err
			}
			path(&b, segs, g.x)
		}
		b.WriteString("Q\n")
	}
	b.WriteString("Q\n")
	return b.String(), nil
}

func path(b *strings.Builder, segs sfnt.Segments, dx float64) {
	if len(segs) == 0 {
		return
	}
	xy := func(p fixed.Point26_6) (float64, float64) { return float64(p.X)/64 + dx, -float64(p.Y) / 64 }
	var lx, ly float64
	for _, s := range segs {
		x, y := xy(s.Args[0])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			fmt.Fprintf(b, "%.1f %.1f m ", x, y)
		case sfnt.SegmentOpLineTo:
			fmt.Fprintf(b, "%.1f %.1f l ", x, y)
		case sfnt.SegmentOpQuadTo:
			ex, ey := xy(s.Args[1])
			fmt.Fprintf(b, "%.1f %.1f %.1f %.1f %.1f %.1f c ", lx+2*(x-lx)/3, ly+2*(y-ly)/3, ex+2*(x-ex)/3, ey+2*(y-ey)/3, ex, ey)
			x, y = ex, ey
		case sfnt.SegmentOpCubeTo:
			x2, y2 := xy(s.Args[1])
			ex, ey := xy(s.Args[2])
			fmt.Fprintf(b, "%.1f %.1f %.1f %.1f %.1f %.1f c ", x, y, x2, y2, ex, ey)
			x, y = ex, ey
		}
		lx, ly = x, y
	}
	b.WriteString("f\n")
}
