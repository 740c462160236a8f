package filecheck

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
)

const (
	pdfTail      = 64 << 10 // where the end mark must stand
	pdfDict      = 8 << 10  // bytes of a dictionary around an object stream
	pdfStreams   = 50_000   // object streams in a file
	pdfUnpacked  = 256 << 20
	pdfNameBytes = 40
)

// pdfRefused are names that a harmless paper has no use for, with the reason. A program
// acts on a name wherever its reader finds it, so they are looked for everywhere: a
// parser that trusts the file's own table of contents would miss what another finds.
//
//nolint:gochecknoglobals // immutable table
var pdfRefused = map[string]string{
	"Encrypt":       "pdf.encrypted",
	"JavaScript":    "pdf.active",
	"Launch":        "pdf.active",
	"ImportData":    "pdf.active",
	"SubmitForm":    "pdf.active",
	"Rendition":     "pdf.active",
	"RichMedia":     "pdf.active",
	"GoToE":         "pdf.active",
	"EmbeddedFile":  "pdf.attachment",
	"EmbeddedFiles": "pdf.attachment",
	"XFA":           "pdf.form",
}

// checkPDF: begins with the header, ends with its mark, is not an archive or a page at the
// same time, is not locked, and holds nothing that acts.
func checkPDF(r io.ReaderAt, size int64, head []byte) error {
	if runs(head[:min(len(head), 1024)]) {
		return refuse("hidden")
	}
	if err := pdfEnd(r, size); err != nil {
		return err
	}
	if isZip(r, size) {
		return refuse("hidden")
	}
	s := &pdfScan{r: r, size: size}
	if err := s.scan(io.NewSectionReader(r, 0, size), true); err != nil {
		return err
	}
	// Locked first: of a locked file nothing else can be told.
	if s.found["Encrypt"] {
		return refuse("pdf.encrypted")
	}
	for _, at := range s.packed {
		if err := s.unpack(at); err != nil {
			return err
		}
	}
	for _, key := range []string{"pdf.active", "pdf.attachment", "pdf.form"} {
		for name := range s.found {
			if pdfRefused[name] == key {
				return refuse(key)
			}
		}
	}
	return nil
}

// pdfEnd wants the end mark with nothing but white space behind it.
func pdfEnd(r io.ReaderAt, size int64) error {
	tail := make([]byte, min(size, pdfTail))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	i := bytes.LastIndex(tail, []byte("%%EOF"))
	if i < 0 {
		return refuse("pdf.cut")
	}
	if rest := bytes.Trim(tail[i+5:], "\x00\t\n\f\r \x1a"); len(rest) > 0 {
		return refuse("hidden")
	}
	return nil
}

type pdfScan struct {
	r        io.ReaderAt
	size     int64
	found    map[string]bool
	packed   []int64 // offsets of the names ObjStm
	unpacked int64
}

// scan reads names: a slash, then regular characters, with #xx for any of them.
func (s *pdfScan) scan(r io.Reader, raw bool) error {
	if s.found == nil {
		s.found = map[string]bool{}
	}
	buf := make([]byte, 64<<10)
	var name []byte
	inName := false
	at := int64(0) // offset of buf
	end := func(offset int64) error {
		inName = false
		n := string(pdfName(name))
		if _, bad := pdfRefused[n]; bad {
			s.found[n] = true
		}
		if raw && n == "ObjStm" {
			if s.packed = append(s.packed, offset); len(s.packed) > pdfStreams {
				return refuse("pdf.bomb")
			}
		}
		return nil
	}
	for {
		n, err := r.Read(buf)
		b := buf[:n]
		for i := 0; i < len(b); {
			if !inName {
				k := bytes.IndexByte(b[i:], '/')
				if k < 0 {
					break
				}
				i += k + 1
				inName, name = true, name[:0]
				continue
			}
			c := b[i]
			switch {
			case !pdfRegular(c):
				if err := end(at + int64(i)); err != nil {
					return err
				}
				continue // the byte may begin the next name
			case len(name) < pdfNameBytes:
				name = append(name, c)
			default:
				inName = false // longer than any that matters
			}
			i++
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			if inName {
				return end(at)
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func pdfRegular(c byte) bool {
	switch c {
	case 0, '\t', '\n', '\f', '\r', ' ', '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return false
	}
	return true
}

// pdfName resolves the escapes of a name.
func pdfName(b []byte) []byte {
	if bytes.IndexByte(b, '#') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '#' && i+2 < len(b) {
			hi, ok1 := hexDigit(b[i+1])
			lo, ok2 := hexDigit(b[i+2])
			if ok1 && ok2 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// unpack reads the names in the object stream whose dictionary holds the offset. A packing
// other than deflate has no honest use there and is refused.
func (s *pdfScan) unpack(at int64) error {
	from := max(0, at-pdfDict)
	b := make([]byte, min(s.size, at+pdfDict)-from)
	if _, err := s.r.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	behind := b[at-from:]
	k := bytes.Index(behind, []byte("stream"))
	if k < 0 {
		return refuse("pdf.damaged")
	}
	start := at + int64(k) + 6
	switch rest := behind[k+6:]; {
	case bytes.HasPrefix(rest, []byte("\r\n")):
		start += 2
	case bytes.HasPrefix(rest, []byte("\n")), bytes.HasPrefix(rest, []byte("\r")):
		start++
	default:
		return refuse("pdf.damaged")
	}
	dict := b[:at-from+int64(k)]
	if i := bytes.LastIndex(dict[:at-from], []byte("obj")); i >= 0 {
		dict = dict[i:]
	}
	packing, plain, odd := false, false, false
	for part := range bytes.SplitSeq(dict, []byte("/")) {
		end := 0
		for end < len(part) && pdfRegular(part[end]) {
			end++
		}
		switch string(pdfName(part[:end])) {
		case "Filter", "F":
			packing = true
		case "FlateDecode", "Fl":
			plain = true
		case "LZWDecode", "ASCIIHexDecode", "ASCII85Decode", "RunLengthDecode", "Crypt", "Predictor", "LZW", "AHx", "A85", "RL", "BrotliDecode":
			odd = true
		}
	}
	switch {
	case odd, packing && !plain:
		return refuse("pdf.damaged")
	case !packing:
		return nil // its names were read with the rest
	}
	z, err := zlib.NewReader(io.NewSectionReader(s.r, start, s.size-start))
	if err != nil {
		return refuse("pdf.damaged")
	}
	defer func() { _ = z.Close() }()
	left := &io.LimitedReader{R: z, N: pdfUnpacked - s.unpacked + 1}
	before := left.N
	if err := s.scan(left, false); err != nil {
		return refuse("pdf.damaged")
	}
	if s.unpacked += before - left.N; s.unpacked > pdfUnpacked {
		return refuse("pdf.bomb")
	}
	return nil
}
