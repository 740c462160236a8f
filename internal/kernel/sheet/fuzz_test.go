package sheet_test

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"khue/internal/kernel/sheet"
)

// FuzzRead: tables of strangers, CSV or workbook, are read within their limits or refused.
func FuzzRead(f *testing.F) {
	f.Add([]byte("a,b\n\"1\",2\n"))
	f.Add([]byte("\xef\xbb\xbfMã;Tên\n1;\"Nguyễn\n"))
	f.Add([]byte("PK\x03\x04nothing"))
	book := excelize.NewFile()
	_ = book.SetCellStr("Sheet1", "B2", "Đơn")
	var b bytes.Buffer
	if err := book.Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	limits := sheet.Limits{Rows: 50, Columns: 20, Cell: 200, Bytes: 1 << 20}
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := sheet.Read(bytes.NewReader(data), int64(len(data)), limits)
		if err != nil {
			return
		}
		if len(rows) > limits.Rows {
			t.Errorf("%d rows", len(rows))
		}
		for _, r := range rows {
			for _, c := range r.Cells {
				if utf8.RuneCountInString(c) > limits.Cell || !utf8.ValidString(c) {
					t.Errorf("line %d: %q", r.Line, c)
				}
			}
		}
	})
}
