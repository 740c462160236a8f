package pdf_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/pdf"
	"khue/web"
)

func fonts(t testing.TB) pdf.Fonts {
	t.Helper()
	var f pdf.Fonts
	for style, into := range map[web.FontStyle]*[]byte{web.Regular: &f.Regular, web.Bold: &f.Bold, web.Italic: &f.Italic, web.BoldItalic: &f.BoldItalic} {
		b, err := web.Font(style)
		if err != nil {
			t.Skip("the fonts are not built: make assets")
		}
		*into = b
	}
	return f
}

func receipt() pdf.Layout {
	return pdf.Layout{Page: pdf.Page{Footer: "Hồ sơ H26.00133-250623-0001"}, Blocks: []pdf.Block{
		{Heading: &pdf.Heading{
			Left:   []string{"ỦY BAN NHÂN DÂN PHƯỜNG NGỌC LÂM", "BỘ PHẬN TIẾP NHẬN VÀ TRẢ KẾT QUẢ"},
			Number: "Số: 12/TNHS", Place: "Hà Nội, ngày 23 tháng 6 năm 2025",
		}},
		{Title: &pdf.Title{Text: "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", QR: "https://example.vn/dossiers/H26.00133-250623-0001?k=abc", QRCaption: "Quét để xem hồ sơ"}},
		{Fields: &pdf.Fields{Rows: []pdf.Field{
			{Label: "Tiếp nhận hồ sơ của ông/bà", Value: "Nguyễn Thị Hạnh", Strong: true},
			{Label: "Nội dung yêu cầu giải quyết", Value: "Đăng ký khai sinh"},
		}}},
		{Table: &pdf.Table{
			Columns: []pdf.Column{{Title: "TT", Width: 0.4, Align: "center"}, {Title: "Tên giấy tờ", Width: 4}, {Title: "Bản chính"}, {Title: "Bản sao"}},
			Rows:    [][]string{{"1", "Giấy chứng sinh do cơ sở y tế cấp", "1", "0"}, {"2", "Văn bản ủy quyền", "1", "0"}},
		}},
		{Signatures: []pdf.Signature{
			{Role: "NGƯỜI NỘP HỒ SƠ", Hint: "(Ký và ghi rõ họ tên)", Name: "Nguyễn Thị Hạnh"},
			{Role: "NGƯỜI TIẾP NHẬN HỒ SƠ", Hint: "(Ký và ghi rõ họ tên)", Name: "Lê Thu Trang"},
		}},
	}}
}

func options(t testing.TB) pdf.Options {
	return pdf.Options{Fonts: fonts(t), Title: "Giấy tiếp nhận", Lang: "vi", Created: clock.MustDate("2025-06-23").At(8, 10)}
}

// read extracts the text of a document with a program that no one here wrote.
func read(t *testing.T, b []byte) string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not installed (poppler-utils)")
	}
	cmd := exec.Command("pdftotext", "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestReceiptReadsBack(t *testing.T) {
	t.Parallel()
	b, err := pdf.Render(receipt(), options(t))
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("KHUE_SHOTS"); dir != "" {
		_ = os.WriteFile(filepath.Join(dir, "receipt.pdf"), b, 0o600)
	}
	text := strings.Join(strings.Fields(read(t, b)), " ")
	for _, want := range []string{"CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "GIẤY TIẾP NHẬN HỒ SƠ", "Nguyễn Thị Hạnh", "Giấy chứng sinh do cơ sở y tế cấp", "Đăng ký khai sinh"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	a, err := pdf.Render(receipt(), options(t))
	if err != nil {
		t.Fatal(err)
	}
	b, err := pdf.Render(receipt(), options(t))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("two renderings differ")
	}
}

func TestCodeIsRead(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"pdftoppm", "zbarimg"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skip(p + " is not installed")
		}
	}
	b, err := pdf.Render(receipt(), options(t))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "r.pdf")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("pdftoppm", "-r", "150", "-png", file, filepath.Join(dir, "r")).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	pages, _ := filepath.Glob(filepath.Join(dir, "r*.png"))
	out, err := exec.Command("zbarimg", "-q", "--raw", pages[0]).Output()
	if err != nil || !strings.Contains(string(out), "https://example.vn/dossiers/H26.00133-250623-0001?k=abc") {
		t.Errorf("the code says %q, %v", out, err)
	}
}

func TestLongTableRepeatsItsHeader(t *testing.T) {
	t.Parallel()
	l := pdf.Layout{Page: pdf.Page{Watermark: "CHƯA KÝ"}, Blocks: []pdf.Block{{Table: &pdf.Table{Columns: []pdf.Column{{Title: "Đầu bảng"}, {Title: "Số"}}}}}}
	for range 120 {
		l.Blocks[0].Table.Rows = append(l.Blocks[0].Table.Rows, []string{"dòng dài " + strings.Repeat("chữ ", 20), "1"})
	}
	b, err := pdf.Render(l, options(t))
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, b)
	pages := strings.Count(text, "\f")
	if heads := strings.Count(text, "Đầu bảng"); pages < 3 || heads != pages {
		t.Errorf("%d headers on %d pages", heads, pages)
	}
}

func TestHostileTextIsSet(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		strings.Repeat("x", 30_000), "\x00\x1b[31m", "\xff\xfe", "😀👨‍👩‍👧", strings.Repeat("\n", 5000), "a\u202Eb", strings.Repeat("Ế", 2000), ") Tj ET /JS (app.alert(1))",
	} {
		l := receipt()
		l.Page.Watermark = text
		l.Blocks = append(l.Blocks,
			pdf.Block{Paragraph: &pdf.Paragraph{Text: text}}, pdf.Block{Note: &pdf.Note{Text: text}}, pdf.Block{Banner: text},
			pdf.Block{Fields: &pdf.Fields{Columns: 2, Rows: []pdf.Field{{Label: text, Value: text}}}},
			pdf.Block{Table: &pdf.Table{Columns: []pdf.Column{{Title: text}}, Rows: [][]string{{text, text}}}},
			pdf.Block{QR: &pdf.QR{Text: text}}, pdf.Block{Signatures: []pdf.Signature{{Role: text, Name: text}}})
		if _, err := pdf.Render(l, options(t)); err != nil {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestWithoutFonts(t *testing.T) {
	t.Parallel()
	if _, err := pdf.Render(receipt(), pdf.Options{}); !errors.Is(err, pdf.ErrNoFonts) {
		t.Errorf("got %v", err)
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	l := pdf.Layout{Blocks: []pdf.Block{
		{Title: &pdf.Title{Text: "Của {child.name}{missing}"}},
		{When: "hide", Banner: "no"},
		{Table: &pdf.Table{From: "papers", Columns: []pdf.Column{{Title: "TT", Text: "{#}"}, {Title: "Tên", Text: "{name}"}}}},
	}}
	got := pdf.Fill(l, pdf.Data{
		Words: map[string]string{"child.name": "An"}, Lists: map[string][]map[string]string{"papers": {{"name": "A"}, {"name": "B"}}},
		Holds: func(when string) bool { return when != "hide" },
	})
	if got.Blocks[0].Title.Text != "Của An" || len(got.Blocks) != 2 || got.Blocks[1].Table.Rows[1][0] != "2" || got.Blocks[1].Table.Rows[1][1] != "B" {
		t.Errorf("got %+v", got.Blocks)
	}
}

func BenchmarkReceipt(b *testing.B) {
	o := options(b)
	l := receipt()
	b.ReportAllocs()
	for b.Loop() {
		out, err := pdf.Render(l, o)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(out)), "bytes")
	}
}
