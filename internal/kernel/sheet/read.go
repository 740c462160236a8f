package sheet

import (
	"archive/zip"
	"bytes"
	"embed"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// Messages are the sentences about a file that will not do.
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Limits bound what is read of a stranger's file.
type Limits struct {
	Rows    int    // with anything in them
	Columns int    // of one row
	Cell    int    // characters of one cell
	Bytes   int64  // of the file; 0 is 32 MiB
	Sheet   string // name of the sheet; empty, or not there: the first
}

// Row is one row that has something in it.
type Row struct {
	Line  int // counted from 1, empty ones too
	Cells []string
}

const (
	maxFile   = 32 << 20
	maxUnzip  = 256 << 20
	maxInner  = 200 // files in a workbook
	zipHeader = "PK\x03\x04"
)

// Read returns the rows of a workbook (.xlsx: the named sheet, or the first) or of CSV as
// UTF-8, told apart by their first bytes. Cells are trimmed text; a formula is what the
// program that saved it computed. Errors: TooLarge sheet.size, Invalid sheet.broken,
// sheet.encoding, sheet.rows, sheet.columns, sheet.cell with the line.
func Read(r io.ReaderAt, size int64, l Limits) ([]Row, error) {
	if l.Bytes == 0 {
		l.Bytes = maxFile
	}
	if size > l.Bytes {
		return nil, fault(errs.TooLarge, "size", "max", l.Bytes>>20)
	}
	head := make([]byte, 4)
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if string(head) == zipHeader {
		return readXLSX(r, size, l)
	}
	return readCSV(io.NewSectionReader(r, 0, size), l)
}

func fault(kind errs.Kind, key string, kv ...any) error {
	p := errs.Params{}
	for i := 0; i+1 < len(kv); i += 2 {
		p[kv[i].(string)] = kv[i+1] //nolint:forcetypeassert // names are constants here
	}
	key = "sheet." + key
	return errs.E(kind, key, errs.P(kv...), errs.WithFields(errs.Field{Path: "file", Key: key, Params: p}))
}

func readXLSX(r io.ReaderAt, size int64, l Limits) (out []Row, err error) {
	// What a workbook says it unpacks to is looked at before anything is unpacked.
	z, err := zip.NewReader(r, size)
	if err != nil || len(z.File) > maxInner {
		return nil, fault(errs.Invalid, "broken")
	}
	var total uint64
	for _, f := range z.File {
		if total += f.UncompressedSize64; total > maxUnzip {
			return nil, fault(errs.TooLarge, "size", "max", l.Bytes>>20)
		}
	}
	f, err := excelize.OpenReader(io.NewSectionReader(r, 0, size), excelize.Options{UnzipSizeLimit: maxUnzip, UnzipXMLSizeLimit: 16 << 20})
	if err != nil {
		return nil, fault(errs.Invalid, "broken")
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	names := f.GetSheetList()
	if len(names) == 0 {
		return nil, fault(errs.Invalid, "broken")
	}
	name := names[0]
	for _, n := range names {
		if l.Sheet != "" && i18n.Fold(n) == i18n.Fold(l.Sheet) {
			name = n
		}
	}
	rows, err := f.Rows(name)
	if err != nil {
		return nil, fault(errs.Invalid, "broken")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	k := keeper{l: l}
	for rows.Next() {
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, fault(errs.Invalid, "broken")
		}
		if err := k.keep(cells); err != nil {
			return nil, err
		}
	}
	if rows.Error() != nil {
		return nil, fault(errs.Invalid, "broken")
	}
	return k.rows, nil
}

func readCSV(r io.Reader, l Limits) ([]Row, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		return nil, fault(errs.Invalid, "encoding")
	}
	in := csv.NewReader(bytes.NewReader(raw))
	in.FieldsPerRecord, in.Comma, in.LazyQuotes = -1, comma(raw), true
	k := keeper{l: l}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return k.rows, nil
		}
		if err != nil {
			return nil, fault(errs.Invalid, "broken")
		}
		line, _ := in.FieldPos(0)
		k.line = line - 1
		if err := k.keep(cells); err != nil {
			return nil, err
		}
	}
}

// comma is what parts the cells: what the first line has most of.
func comma(raw []byte) rune {
	first, _, _ := bytes.Cut(raw, []byte("\n"))
	best, most := ',', 0
	for _, c := range ",;\t" {
		if n := bytes.Count(first, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// keeper takes rows within limits.
type keeper struct {
	l    Limits
	line int
	rows []Row
}

func (k *keeper) keep(cells []string) error {
	k.line++
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) == 0 {
		if k.line > 4*k.l.Rows+1000 {
			return fault(errs.TooLarge, "rows", "max", k.l.Rows)
		}
		return nil
	}
	if len(cells) > k.l.Columns {
		return fault(errs.Invalid, "columns", "line", k.line, "max", k.l.Columns)
	}
	if len(k.rows) >= k.l.Rows {
		return fault(errs.TooLarge, "rows", "max", k.l.Rows)
	}
	row := Row{Line: k.line, Cells: make([]string, len(cells))}
	for i, c := range cells {
		c = i18n.NFC(strings.TrimSpace(clean(c)))
		if utf8.RuneCountInString(c) > k.l.Cell {
			return fault(errs.Invalid, "cell", "line", k.line, "max", k.l.Cell)
		}
		// A quote that this program's own CSV puts before what looks like a formula.
		if len(c) > 1 && c[0] == '\'' && strings.ContainsAny(c[1:2], "=+-@|%") {
			c = c[1:]
		}
		row.Cells[i] = c
	}
	k.rows = append(k.rows, row)
	return nil
}
