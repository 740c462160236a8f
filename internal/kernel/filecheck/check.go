package filecheck

import (
	"bytes"
	"embed"
	"errors"
	"io"
	"mime"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"khue/internal/kernel/errs"
)

// Messages are this package's sentences (keys under "filecheck").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Input is a file as it came, before anything of it is believed.
type Input struct {
	Name     string      // as sent
	Declared string      // media type that the sender declared; may be empty
	R        io.ReaderAt // the bytes
	Size     int64
	Accept   []string // names of kinds; empty: all
	MaxBytes int64    // 0: no limit of its own
}

// Verdict is a file that may be kept.
type Verdict struct {
	Kind   Kind
	Name   string // clean
	Width  int    // pixels, of a picture
	Height int
	// Stripped reports that the safe copy lacks metadata that the file had.
	Stripped bool
	size     int64
	pieces   []piece
	src      io.ReaderAt
}

// Size is the length of the safe copy in bytes.
func (v Verdict) Size() int64 { return v.size }

// Reader reads the safe copy: the file itself, or a photograph without its metadata. The
// input must stay open meanwhile.
func (v Verdict) Reader() io.Reader {
	rs := make([]io.Reader, len(v.pieces))
	for i, p := range v.pieces {
		if p.bytes != nil {
			rs[i] = bytes.NewReader(p.bytes)
		} else {
			rs[i] = io.NewSectionReader(v.src, p.from, p.to-p.from)
		}
	}
	return io.MultiReader(rs...)
}

// piece is a range of the source, or bytes of our own.
type piece struct {
	from, to int64
	bytes    []byte
}

// add appends a range, joined to the one before where they touch.
func add(ps []piece, from, to int64) []piece {
	if n := len(ps); n > 0 && ps[n-1].bytes == nil && ps[n-1].to == from {
		ps[n-1].to = to
		return ps
	}
	return append(ps, piece{from: from, to: to})
}

const (
	headBytes = 3072 // what naming a type may read
	megabyte  = 1 << 20
)

func refuse(key string, kv ...any) error {
	opts := []errs.Option{}
	for i := 0; i+1 < len(kv); i += 2 {
		opts = append(opts, errs.P(kv[i].(string), kv[i+1]))
	}
	return errs.E(errs.Invalid, "filecheck."+key, opts...)
}

// Check says whether a file may be kept. A refusal is Invalid or TooLarge with a sentence
// of this package that names the file; any other error comes from reading.
func Check(in Input) (v Verdict, err error) {
	v.Name = CleanName(in.Name)
	err = check(in, &v)
	return v, naming(v.Name, err)
}

// naming puts the file's name among the parameters of a refusal.
func naming(name string, err error) error {
	if e, ok := errs.As(err); ok {
		errs.P("file", name)(e)
	}
	return err
}

func check(in Input, v *Verdict) (err error) {
	accept := in.Accept
	if len(accept) == 0 {
		accept = Kinds()
	}
	list := strings.ToUpper(strings.Join(accept, ", "))
	if in.Size <= 0 {
		return refuse("empty")
	}
	if in.MaxBytes > 0 && in.Size > in.MaxBytes {
		return TooLarge(in.MaxBytes)
	}
	head := make([]byte, min(in.Size, headBytes))
	if _, err := in.R.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	v.Kind, err = kindOfContent(in, head)
	if err != nil {
		return err
	}
	claimed := kindOfName(v.Name)
	switch {
	case v.Kind == "":
		return refuseForeign(head, list)
	case claimed == "":
		return refuse("ending", "is", upper(v.Kind), "accept", list)
	case claimed != v.Kind:
		return refuse("mismatch", "said", upper(claimed), "is", upper(v.Kind))
	case !slices.Contains(accept, string(v.Kind)):
		return refuse("kind", "is", upper(v.Kind), "accept", list)
	case !declaredFits(in.Declared, v.Kind):
		return refuse("declared", "is", upper(v.Kind))
	}
	v.src, v.size = in.R, in.Size
	v.pieces = []piece{{to: in.Size}}
	switch v.Kind {
	case PDF:
		err = checkPDF(in.R, in.Size, head)
	case JPG:
		err = checkJPEG(in.R, in.Size, v)
	case PNG:
		err = checkPNG(in.R, in.Size, v)
	default:
		err = checkOffice(in.R, in.Size)
	}
	return err
}

// TooLarge is the refusal of a file of more than max bytes, before it was read.
func TooLarge(max int64) error {
	return errs.E(errs.TooLarge, "filecheck.large", errs.P("max", (max+megabyte-1)/megabyte))
}

func upper(k Kind) string { return strings.ToUpper(string(k)) }

// kindOfContent is the kind that the first bytes have; "" for none of ours.
func kindOfContent(in Input, head []byte) (Kind, error) {
	switch {
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return PDF, nil
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return JPG, nil
	case bytes.HasPrefix(head, []byte(pngSignature)):
		return PNG, nil
	case bytes.HasPrefix(head, []byte(zipLocal)):
		return officeKind(in.R, in.Size)
	}
	return "", nil
}

// refuseForeign names what a file is that is none of ours.
func refuseForeign(head []byte, list string) error {
	if bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-")) {
		return refuse("pdf.head")
	}
	m := mimetype.Detect(head)
	for t := m; t != nil; t = t.Parent() {
		switch {
		case t.Is("image/heic"), t.Is("image/heif"), t.Is("image/heic-sequence"), t.Is("image/heif-sequence"), t.Is("image/avif"):
			return refuse("heic")
		case t.Is("image/svg+xml"), t.Is("text/html"), t.Is("text/xml"):
			return refuse("active", "accept", list)
		case t.Is("application/x-ole-storage"):
			return refuse("office.old")
		case t.Is("image/webp"), t.Is("image/gif"), t.Is("image/tiff"), t.Is("image/bmp"):
			return refuse("picture", "is", strings.ToUpper(strings.TrimPrefix(t.Extension(), ".")))
		}
	}
	if bytes.HasPrefix(head, []byte("BM")) {
		return refuse("picture", "is", "BMP")
	}
	is := strings.ToUpper(strings.TrimPrefix(m.Extension(), "."))
	if is == "" || m.Is("text/plain") {
		return refuse("unknown", "accept", list)
	}
	return refuse("kind", "is", is, "accept", list)
}

// declaredFits compares the declared type. Browsers declare what the ending says to the
// system, or nothing; a tool that declares another type knows something we do not.
func declaredFits(declared string, k Kind) bool {
	t, _, err := mime.ParseMediaType(declared)
	if err != nil || t == "application/octet-stream" || t == "binary/octet-stream" {
		return declared == "" || err == nil
	}
	return slices.Contains(info(k).declared, t)
}

// Announced says whether a file that is yet to come could be kept at all, by its name and
// size.
func Announced(name string, size int64, accept []string, max int64) error {
	name = CleanName(name)
	return naming(name, announced(name, size, accept, max))
}

func announced(name string, size int64, accept []string, max int64) error {
	if len(accept) == 0 {
		accept = Kinds()
	}
	list := strings.ToUpper(strings.Join(accept, ", "))
	k := kindOfName(name)
	switch ending := strings.ToUpper(name[strings.LastIndexByte(name, '.')+1:]); {
	case size <= 0:
		return refuse("empty")
	case max > 0 && size > max:
		return TooLarge(max)
	case ending == "HEIC" || ending == "HEIF":
		return refuse("heic")
	case ending == "SVG" || ending == "HTML" || ending == "HTM":
		return refuse("active", "accept", list)
	case k == "":
		return refuse("unknown", "accept", list)
	case !slices.Contains(accept, string(k)):
		return refuse("kind", "is", upper(k), "accept", list)
	}
	return nil
}
