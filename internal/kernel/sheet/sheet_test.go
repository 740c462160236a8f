package sheet_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"khue/internal/kernel/sheet"
)

// hostile are texts that a spreadsheet program would compute, or that would break the file.
func hostile() []string {
	return []string{`=HYPERLINK("http://evil.example","x")`, "+1+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "<f>1</f>", "Nguyễn\x00\x0b Văn A", "=cmd|' /C calc'!A0"}
}

func table() sheet.Table {
	return sheet.Table{Name: "Sổ: 2025/07", Above: []string{"Sổ theo dõi"}, Columns: []sheet.Column{{Title: "STT", Width: 6}, {Title: "Tên"}}, Rows: func(add func(...any) error) error {
		for i, s := range hostile() {
			if err := add(i+1, s); err != nil {
				return err
			}
		}
		return nil
	}}
}

func TestTextIsNeverAFormula(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := sheet.XLSX(&b, table()); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	in, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	xml, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(xml, []byte("<f>")) {
		t.Errorf("a formula in %s", xml)
	}
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows(f.GetSheetName(0))
	if err != nil || len(rows) != 2+len(hostile()) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got := rows[2][1]; got != hostile()[0] {
		t.Errorf("a name became %q", got)
	}
	if got := rows[9][1]; got != "Nguyễn Văn A" {
		t.Errorf("control characters left %q", got)
	}

	b.Reset()
	if err := sheet.CSV(&b, table()); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSuffix(b.String(), "\r\n"), "\r\n")[1:] {
		_, text, _ := strings.Cut(line, ",")
		if first := strings.TrimLeft(strings.Trim(text, `"`), " \t"); strings.ContainsAny(first[:1], "=+-@") {
			t.Errorf("a program would compute %q", line)
		}
	}
}
