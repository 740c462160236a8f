package sheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// MaxRows is how many rows a worksheet takes under its head.
const MaxRows = 1_000_000

// Column heads one column. Width is in characters; 0 is the program's default.
type Column struct {
	Title string
	Width float64
}

// Table is a sheet about to be written. Rows calls add for each row: its cells are string
// or int, in the order of Columns.
type Table struct {
	Name    string   // of the sheet
	Above   []string // lines above the head: what this is, of whom, of when
	Columns []Column
	Rows    func(add func(cells ...any) error) error
}

// XLSX writes a workbook of one sheet. Rows go to a temporary file once they are more than
// 16 MiB; w is written to only when all of them are there.
func XLSX(w io.Writer, t Table) (err error) {
	f := excelize.NewFile()
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	name := sheetName(t.Name)
	if err := f.SetSheetName("Sheet1", name); err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return err
	}
	out, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for i, c := range t.Columns {
		if c.Width > 0 {
			if err := out.SetColWidth(i+1, i+1, c.Width); err != nil {
				return err
			}
		}
	}
	row := 0
	put := func(cells []any, opts ...excelize.RowOpts) error {
		if row++; row > MaxRows {
			return fmt.Errorf("sheet: more than %d rows", MaxRows)
		}
		at, err := excelize.CoordinatesToCellName(1, row)
		if err != nil {
			return err
		}
		return out.SetRow(at, cells, opts...)
	}
	for _, line := range t.Above {
		if err := put([]any{clean(line)}); err != nil {
			return err
		}
	}
	head := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		head[i] = excelize.Cell{StyleID: bold, Value: clean(c.Title)}
	}
	if err := put(head); err != nil {
		return err
	}
	cells := make([]any, len(t.Columns))
	err = t.Rows(func(values ...any) error {
		for i, v := range values {
			if s, ok := v.(string); ok {
				v = clean(s)
			}
			cells[i] = v
		}
		return put(cells[:len(values)])
	})
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}

// CSV writes the same as UTF-8 with a byte order mark, which spreadsheet programs need.
func CSV(w io.Writer, t Table) error {
	if _, err := io.WriteString(w, "\uFEFF"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	head := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		head[i] = inert(c.Title)
	}
	if err := out.Write(head); err != nil {
		return err
	}
	cells := make([]string, len(t.Columns))
	err := t.Rows(func(values ...any) error {
		for i, v := range values {
			switch v := v.(type) {
			case int:
				cells[i] = strconv.Itoa(v)
			default:
				cells[i] = inert(fmt.Sprint(v))
			}
		}
		return out.Write(cells[:len(values)])
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// inert keeps a text from being read as a formula. A quote before it is the one sign that
// every spreadsheet program knows.
func inert(s string) string {
	s = clean(s)
	if first := strings.TrimLeft(s, " \u00a0"); first != "" && strings.ContainsAny(first[:1], "=+-@\t\r\n|%") {
		return "'" + s
	}
	return s
}

// clean drops what XML cannot hold.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// sheetName is a name that a workbook takes: 31 characters, without seven signs.
func sheetName(s string) string {
	out := []rune(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, r) {
			return '-'
		}
		return r
	}, clean(s)))
	if len(out) > 31 {
		out = out[:31]
	}
	if len(out) == 0 {
		return "1"
	}
	return string(out)
}
