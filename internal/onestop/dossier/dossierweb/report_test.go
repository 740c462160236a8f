package dossierweb_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"khue/internal/citytest"
)

// TestReportAndBookOfAUnit: officers of the unit read both, as page and as files; a name
// that looks like a formula stays a name; nobody else reads either.
func TestReportAndBookOfAUnit(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	b := citytest.Birth()
	b["applicant"] = map[string]any{"name": "=HYPERLINK(\"http://evil.example\")", "phone": "0912 000 001"}
	code := c.As("citizen").Post("/api/v1/dossiers", b).Want(201).Text("code")
	act(t, c, "clerk", code, "accept", nil).Want(200)

	page := c.As("clerk").In("vi").Get("/desk/report").Want(200)
	for _, s := range []string{"Hộ tịch", "Tổng cộng", "report.xlsx", "Từ 01/06/2025 đến 23/06/2025"} {
		if !strings.Contains(string(page.Body), s) {
			t.Errorf("the report does not say %s", s)
		}
	}
	book := c.As("clerk").In("vi").Get("/desk/book").Want(200)
	for _, s := range []string{code, "Mẫu số 06", "01/2018/TT-VPCP"} {
		if !strings.Contains(string(book.Body), s) {
			t.Errorf("the book does not say %s", s)
		}
	}
	if july := c.As("clerk").In("vi").Get("/desk/book?from=2025-07-01&to=2025-07-31").Want(200); !strings.Contains(string(july.Body), "Mẫu số 07") {
		t.Error("the book of July is not form 07")
	}
	bad := c.As("clerk").In("vi").Get("/desk/book?from=2025-07-02&to.day=31&to.month=2&to.year=2025").Want(422)
	if !strings.Contains(string(bad.Body), "Ghi ngày cuối của kỳ") {
		t.Error("31 February is not refused at its field")
	}
	c.As("clerk").Get("/desk/book?from=2020-01-01&to=2025-07-01").Want(422)

	for path, row := range map[string]int{"/desk/book/book.xlsx": 5, "/desk/report/report.xlsx": 4} {
		a := c.As("clerk").Get(path).Want(200)
		f, err := excelize.OpenReader(bytes.NewReader(a.Body))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		rows, err := f.GetRows(f.GetSheetName(0))
		if err != nil || len(rows) < row+1 {
			t.Fatalf("%s has %d rows, %v", path, len(rows), err)
		}
		if strings.Contains(path, "book") {
			if got := rows[row]; len(got) < 5 || got[1] != code || got[4] != `=HYPERLINK("http://evil.example")` {
				t.Errorf("%s: %q", path, got)
			}
			if formula, _ := f.GetCellFormula(f.GetSheetName(0), "E6"); formula != "" {
				t.Errorf("the name became a formula: %s", formula)
			}
		}
	}
	csv := string(c.As("clerk").In("en").Get("/desk/report/report.csv?by=procedure").Want(200).Body)
	if !strings.Contains(csv, "\r\nTotal,1,1,0,0,0,0,0,0,0,1,1,0\r\n") {
		t.Errorf("the report as CSV: %s", csv)
	}
	for _, path := range []string{"/desk/report", "/desk/book", "/desk/book/book.xlsx", "/desk/report/report.csv"} {
		if got := c.As("citizen").Get(path).Status; got != 403 && got != 404 {
			t.Errorf("a citizen gets %d at %s", got, path)
		}
		c.As("clerk").Get(path + "?unit=H26.16").Want(403) // the department of justice
	}

	slip := "/dossiers/" + code + "/papers/control.pdf"
	a := c.As("clerk").In("vi").Get(slip).Want(200)
	if dir := os.Getenv("KHUE_SHOTS"); dir != "" {
		_ = os.WriteFile(dir+"/form05.pdf", a.Body, 0o600)
	}
	c.As("citizen").Get(slip).Want(404) // it names officers
	id, _ := task(t, c, "justiceOfficer", code)
	if desk := c.As("clerk").In("vi").Get("/desk/tasks/" + id).Want(200); !strings.Contains(string(desk.Body), "Phiếu kiểm soát quá trình giải quyết hồ sơ (mẫu 05)") {
		t.Error("the desk does not link the control slip")
	}
}

// TestReportAndBookAskOnce: one query each, however many dossiers there are; the page of the
// report one more for what applicants say.
func TestReportAndBookAskOnce(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	accepted := func(n int) {
		for range n {
			act(t, c, "clerk", c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code"), "accept", nil).Want(200)
		}
	}
	for _, n := range []int{1, 12} {
		accepted(n)
		for _, path := range []string{"/desk/report", "/desk/report?unit=all&by=procedure", "/desk/report/report.csv", "/desk/book", "/desk/book/book.xlsx"} {
			c.As("clerk").Get(path).Want(200) // warm: sessions, the catalogue
			least := int64(1 << 30)
			for range 8 { // the followers of the journal read beside us
				before := c.DB.Stats().Queries
				c.As("clerk").Get(path).Want(200)
				least = min(least, c.DB.Stats().Queries-before)
			}
			most := int64(2) // one is of the menu, which counts what waits
			if strings.HasPrefix(path, "/desk/report") && !strings.Contains(path, "csv") {
				most = 3
			}
			if least != most {
				t.Errorf("%s asks %d times with %d more dossiers", path, least, n)
			}
		}
	}
}
