package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-pdf/fpdf"

	"khue/internal/kernel/i18n"
)

// Fonts are the faces of a document as TrueType files.
type Fonts struct{ Regular, Bold, Italic, BoldItalic []byte }

// Options are what a document needs beside its layout.
type Options struct {
	Fonts   Fonts
	Title   string
	Lang    string    // vi or en
	Created time.Time // the same instant gives the same bytes
	// ID makes the document one to be kept: with the structure of PDF/A-2b and this identifier,
	// which no other document has. Empty: a paper that can be made again.
	ID string
	// Place is told where the room to sign lies, from left to right, the last is the signer's.
	// May be nil.
	Place func(Place)
}

// Place is the room to sign in: a page from 1, and left, bottom, right and top in points.
type Place struct {
	Page int
	Rect [4]float64
}

// ErrNoFonts: the program was built without its type.
var ErrNoFonts = errors.New("pdf: no fonts; build the assets first (make assets)")

const (
	family    = "khue"
	ptMM      = 0.3528 // a point in millimetres
	lineScale = 1.35   // height of a line over its type
)

// sheet is a document being set.
type sheet struct {
	*fpdf.Fpdf
	o                               Options
	l                               Layout
	faces                           map[string]bool // read so far, by style
	size                            float64         // body type in points
	left, right, top, bottom, width float64
}

// Render sets a layout. The same layout and options give the same bytes.
func Render(l Layout, o Options) (out []byte, err error) {
	if len(o.Fonts.Regular) == 0 || len(o.Fonts.Bold) == 0 {
		return nil, ErrNoFonts
	}
	defer func() {
		if p := recover(); p != nil { // the setter panics on fonts it cannot read
			out, err = nil, fmt.Errorf("pdf: %v", p)
		}
	}()
	s := newSheet(l, o)
	s.AddPage()
	for _, b := range l.Blocks {
		s.block(b)
	}
	var buf bytes.Buffer
	if err := s.Output(&buf); err != nil {
		return nil, fmt.Errorf("pdf: %w", err)
	}
	if o.ID != "" {
		return archive(buf.Bytes(), o)
	}
	return buf.Bytes(), nil
}

func newSheet(l Layout, o Options) *sheet {
	size := l.Page.Size
	if size == "" {
		size = "A4"
	}
	way := "P"
	if l.Page.Landscape {
		way = "L"
	}
	s := &sheet{Fpdf: fpdf.New(way, "mm", size, ""), o: o, l: l, faces: map[string]bool{}, size: 11.5, left: 25, right: 18, top: 18, bottom: 18}
	if size == "A5" {
		s.size, s.left, s.right, s.top, s.bottom = 9, 14, 12, 11, 12
	}
	page, _ := s.GetPageSize()
	s.width = page - s.left - s.right
	s.SetMargins(s.left, s.top, s.right)
	s.SetAutoPageBreak(true, s.bottom+6)
	s.SetCellMargin(0)
	s.SetCreationDate(o.Created.UTC())
	s.SetModificationDate(o.Created.UTC())
	s.SetCatalogSort(true)
	s.SetTitle(o.Title, true)
	s.SetLang(o.Lang)
	s.SetProducer(producer, false)
	s.SetHeaderFunc(s.watermark)
	s.SetFooterFunc(s.footer)
	s.AliasNbPages("")
	return s
}

// watermark lies under everything on each page.
func (s *sheet) watermark() {
	text := clean(s.l.Page.Watermark)
	if text == "" {
		return
	}
	w, h := s.GetPageSize()
	pt := 80.0
	s.SetFont(family, "B", pt)
	if tw := s.GetStringWidth(text); tw > 0.85*w {
		pt *= 0.85 * w / tw
		s.SetFont(family, "B", pt)
	}
	s.SetTextColor(236, 214, 210)
	s.TransformBegin()
	s.TransformRotate(40, w/2, h/2)
	s.Text((w-s.GetStringWidth(text))/2, h/2+pt*ptMM/3, text)
	s.TransformEnd()
	s.SetTextColor(0, 0, 0)
	s.SetXY(s.left, s.top)
}

func (s *sheet) footer() {
	_, h := s.GetPageSize()
	s.font("", s.size-3)
	s.SetTextColor(90, 90, 90)
	s.SetXY(s.left, h-s.bottom+2)
	s.CellFormat(s.width/2, 4, clean(s.l.Page.Footer), "", 0, "L", false, 0, "")
	s.CellFormat(s.width/2, 4, strconv.Itoa(s.PageNo()), "", 0, "R", false, 0, "")
	s.SetTextColor(0, 0, 0)
}

func (s *sheet) font(style string, size float64) { s.SetFont(family, style, size) }

// SetFont reads a face when it is first asked for: each costs as much as all else of a paper of one
// page, and hardly a paper uses all four.
func (s *sheet) SetFont(name, style string, size float64) {
	if !s.faces[style] {
		face := map[string][]byte{"": s.o.Fonts.Regular, "B": s.o.Fonts.Bold, "I": s.o.Fonts.Italic, "BI": s.o.Fonts.BoldItalic}[style]
		if len(face) == 0 && style == "BI" {
			face = s.o.Fonts.Bold
		}
		if len(face) == 0 {
			face = s.o.Fonts.Regular
		}
		s.AddUTF8FontFromBytes(name, style, face)
		s.faces[style] = true
	}
	s.Fpdf.SetFont(name, style, size)
}

// line is the height of a line in type of some size.
func line(size float64) float64 { return size * ptMM * lineScale }

// space breaks the page where less than h is left.
func (s *sheet) space(h float64) {
	_, page := s.GetPageSize()
	if s.GetY()+h > page-s.bottom-6 {
		s.AddPage()
	}
}

func (s *sheet) block(b Block) {
	switch {
	case b.Heading != nil:
		s.heading(*b.Heading)
	case b.Title != nil:
		s.title(*b.Title)
	case b.Paragraph != nil:
		s.paragraph(*b.Paragraph)
	case b.Fields != nil:
		s.fields(*b.Fields)
	case b.List != nil:
		s.list(*b.List)
	case b.Table != nil:
		s.table(*b.Table)
	case b.QR != nil:
		s.qrBlock(*b.QR)
	case b.Note != nil:
		s.note(*b.Note)
	case len(b.Signatures) > 0:
		s.signatures(b.Signatures)
	case b.Banner != "":
		s.banner(b.Banner)
	case b.Space > 0:
		s.Ln(min(b.Space, 200))
	case b.Break:
		s.AddPage()
	}
}

// maxText bounds one text; a paper is no book.
const maxText = 20_000

// clean makes any text fit to be set: one normal form, no control characters, and
// breaks in words that no line could hold.
func clean(t string) string {
	t = i18n.NFC(strings.ToValidUTF8(t, "?"))
	var b strings.Builder
	run, n := 0, 0
	for _, r := range t {
		if n++; n > maxText {
			b.WriteString("…")
			break
		}
		switch {
		case r == '\n':
			run = 0
		case r == '\t':
			r, run = ' ', 0
		case unicode.IsControl(r), r > 0xFFFF, unicode.Is(unicode.Cf, r): // beyond the setter's plane, or invisible
			continue
		case r == ' ':
			run = 0
		default:
			if run++; run > 60 {
				b.WriteByte(' ')
				run = 0
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}
