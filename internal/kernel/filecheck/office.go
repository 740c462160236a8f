package filecheck

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path"
	"strings"
)

const (
	zipLocal      = "PK\x03\x04"
	zipEntries    = 2000
	zipUnpacked   = 200 << 20 // bytes of all entries
	zipRatio      = 200       // of one entry of more than a megabyte
	officeControl = "[Content_Types].xml"
)

// officeKind is the kind of document that an archive is; "" for any other archive.
func officeKind(r io.ReaderAt, size int64) (Kind, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return "", nil //nolint:nilerr // not an archive that anything could open: refused as foreign
	}
	control := false
	var k Kind
	for _, f := range z.File {
		switch f.Name {
		case officeControl:
			control = true
		case "word/document.xml":
			k = DOCX
		case "xl/workbook.xml":
			k = XLSX
		}
	}
	if !control {
		return "", nil
	}
	return k, nil
}

// checkOffice: an archive of plain parts, none of which acts, links to what a program
// would load by itself, or swells.
func checkOffice(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return refuse("office.damaged")
	}
	if len(z.File) > zipEntries {
		return refuse("office.bomb")
	}
	if z.Comment != "" || !zipEndsHere(r, size) {
		return refuse("hidden")
	}
	seen := map[string]bool{}
	var total uint64
	for _, f := range z.File {
		name := strings.ToLower(f.Name)
		switch {
		case seen[name], strings.Contains(name, ".."), strings.HasPrefix(name, "/"), strings.ContainsAny(name, "\\:\x00"):
			return refuse("office.damaged")
		case f.Flags&1 != 0:
			return refuse("office.old") // locked
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return refuse("office.damaged")
		case strings.Contains(name, "vbaproject"), strings.Contains(name, "vbadata"), strings.Contains(name, "macrosheets/"), strings.Contains(name, "/activex/"):
			return refuse("office.macro")
		case strings.Contains(name, "/embeddings/"), foreignPart(name):
			return refuse("office.embedded")
		case f.UncompressedSize64 > 1<<20 && f.UncompressedSize64/max(f.CompressedSize64, 1) > zipRatio:
			return refuse("office.bomb")
		}
		seen[name] = true
		if total += f.UncompressedSize64; total > zipUnpacked {
			return refuse("office.bomb")
		}
	}
	left := int64(zipUnpacked)
	for _, f := range z.File {
		if err := readPart(f, &left); err != nil {
			return err
		}
	}
	return nil
}

// foreignPart reports whether a part has an ending that no document of this kind has.
func foreignPart(name string) bool {
	switch path.Ext(name) {
	case "", ".xml", ".rels", ".vml", ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".emf", ".wmf", ".odttf", ".ttf", ".fntdata", ".bin", ".webp", ".wdp":
		return false
	case ".svg":
		return false // a picture beside its PNG; nothing here draws it
	}
	return true
}

// zipEndsHere reports whether the archive's end mark is the end of the file.
func zipEndsHere(r io.ReaderAt, size int64) bool {
	var end [22]byte
	if size < int64(len(end)) {
		return false
	}
	if _, err := r.ReadAt(end[:], size-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	return bytes.HasPrefix(end[:], []byte("PK\x05\x06"))
}

// readPart unpacks a part to its end, never more than what it declares and what is left.
func readPart(f *zip.File, left *int64) error {
	body, err := f.Open()
	if err != nil {
		return refuse("office.damaged")
	}
	defer func() { _ = body.Close() }()
	in := &io.LimitedReader{R: body, N: *left + 1}
	low := strings.ToLower(f.Name)
	xml := strings.HasSuffix(low, ".xml") || strings.HasSuffix(low, ".rels") || strings.HasSuffix(low, ".vml")
	buf := make([]byte, 32<<10)
	var last []byte // lap of two reads
	for {
		n, err := in.Read(buf)
		if xml && n > 0 {
			text := append(last, buf[:n]...)
			if key := badXML(text, strings.HasSuffix(low, ".rels"), low); key != "" {
				return refuse(key)
			}
			last = append(last[:0:0], text[max(0, len(text)-2048):]...)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return refuse("office.damaged")
		}
	}
	if in.N <= 0 {
		return refuse("office.bomb")
	}
	*left = in.N - 1
	return nil
}

// badXML finds a document type (entities that swell), and relations to the outside that a
// program follows by itself. Links that a reader presses are fine.
func badXML(text []byte, rels bool, name string) string {
	if bytes.Contains(text, []byte("<!DOCTYPE")) || bytes.Contains(text, []byte("<!ENTITY")) {
		return "office.damaged"
	}
	if name == strings.ToLower(officeControl) && bytes.Contains(bytes.ToLower(text), []byte("macroenabled")) {
		return "office.macro"
	}
	if !rels {
		return ""
	}
	for {
		i := bytes.Index(text, []byte("<Relationship "))
		if i < 0 {
			return ""
		}
		text = text[i+1:]
		end := bytes.IndexByte(text, '>')
		if end < 0 {
			return "" // whole in the next read
		}
		rel := bytes.ToLower(text[:end])
		if bytes.Contains(rel, []byte(`targetmode="external"`)) || bytes.Contains(rel, []byte(`targetmode='external'`)) {
			if !bytes.Contains(rel, []byte("/hyperlink")) {
				return "office.external"
			}
		}
	}
}
