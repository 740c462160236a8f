package filecheck_test

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/filecheck"
	"khue/internal/kernel/i18n"
)

// Samples are made here, hostile ones too: none lies in the repository.

const pdfHead = "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
const pdfFoot = "trailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"

func pdfWith(body string) []byte { return []byte(pdfHead + body + pdfFoot) }

func packed(body string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(body))
	_ = z.Close()
	return b.String()
}

func objStm(dict, data string) []byte {
	return pdfWith(fmt.Sprintf("7 0 obj<</Type/ObjStm/N 1/First 4%s/Length %d>>stream\n%s\nendstream endobj\n", dict, len(data), data))
}

func picture() image.Image {
	m := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for x := range 64 {
		for y := range 48 {
			m.Set(x, y, color.RGBA{uint8(x * 4), uint8(y * 5), 90, 255})
		}
	}
	return m
}

func jpegFile() []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, picture(), nil)
	return b.Bytes()
}

func pngFile() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, picture())
	return b.Bytes()
}

func segment(marker byte, body string) string {
	return string([]byte{0xFF, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}) + body
}

// exif is a directory with an orientation and a place that must not be kept.
func exif(turn byte) string {
	return segment(0xE1, "Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00"+string([]byte{turn})+"\x00\x00\x00\x00\x00\x00\x00GPS 21.0285 105.8542")
}

func photo(turn byte) []byte {
	j := jpegFile()
	return []byte("\xff\xd8" + exif(turn) + segment(0xFE, "made by a telephone of Hạnh") + string(j[2:]))
}

func chunk(name, body string) string {
	b := make([]byte, 4, 12+len(body))
	binary.BigEndian.PutUint32(b, uint32(len(body)))
	b = append(append(b, name...), body...)
	return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:])))
}

func pngHead(w, h uint32) string {
	b := binary.BigEndian.AppendUint32(nil, w)
	b = binary.BigEndian.AppendUint32(b, h)
	return "\x89PNG\r\n\x1a\n" + chunk("IHDR", string(b)+"\x08\x02\x00\x00\x00")
}

type part struct{ name, body string }

func archive(parts ...part) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, p := range parts {
		f, _ := w.Create(p.name)
		_, _ = io.WriteString(f, p.body)
	}
	_ = w.Close()
	return b.Bytes()
}

func docx(more ...part) []byte {
	return archive(append([]part{
		{"[Content_Types].xml", `<?xml version="1.0"?><Types/>`},
		{"_rels/.rels", `<Relationships><Relationship Id="r1" Type="officeDocument" Target="word/document.xml"/></Relationships>`},
		{"word/document.xml", "<w:document>Đơn đề nghị</w:document>"},
	}, more...)...)
}

func xlsx() []byte {
	return archive(part{"[Content_Types].xml", "<Types/>"}, part{"xl/workbook.xml", "<workbook/>"})
}

func cat(bs ...[]byte) []byte { return bytes.Join(bs, nil) }

func check(name, declared string, content []byte, accept ...string) (filecheck.Verdict, error) {
	return filecheck.Check(filecheck.Input{
		Name: name, Declared: declared, R: bytes.NewReader(content), Size: int64(len(content)), Accept: accept, MaxBytes: 10 << 20,
	})
}

func TestFiles(t *testing.T) {
	t.Parallel()
	gif := append([]byte("GIF89a"), make([]byte, 40)...)
	heic := append([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), make([]byte, 100)...)
	ole := append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 2048)...)
	inner := archive(part{"run.exe", "MZ"})
	for _, tt := range []struct {
		what, name, declared string
		content              []byte
		want                 string // key of the refusal; "" is kept
		accept               []string
	}{
		{"paper", "đơn.pdf", "application/pdf", pdfWith(""), "", nil},
		{"paper with links and outline", "a.pdf", "", pdfWith("3 0 obj<</S/URI/URI(https://khue.vn)>>endobj 4 0 obj<</OpenAction[2 0 R/Fit]>>endobj\n"), "", nil},
		{"paper packed in an object stream", "a.pdf", "", objStm("/Filter/FlateDecode", packed("8 0 <</Type/Font>>")), "", nil},
		{"paper of several revisions", "a.pdf", "", cat(pdfWith(""), []byte("5 0 obj null endobj\nstartxref\n9\n%%EOF\r\n")), "", nil},
		{"photo", "anh.JPG", "image/jpeg", photo(6), "", nil},
		{"photo with a film behind", "anh.jpeg", "image/jpeg", cat(photo(1), []byte("\x00\x00\x00\x18ftypmp42"), make([]byte, 5000)), "", nil},
		{"screenshot", "anh.png", "image/png", pngFile(), "", nil},
		{"document", "don.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", docx(), "", nil},
		{"document from a telephone", "don.docx", "application/octet-stream", docx(part{"word/_rels/document.xml.rels", `<Relationships><Relationship Type="http://x/hyperlink" Target="https://a" TargetMode="External"/></Relationships>`}), "", nil},
		{"table", "bang.xlsx", "", xlsx(), "", nil},

		{"nothing", "a.pdf", "", nil, "empty", nil},
		{"too large", "a.pdf", "", make([]byte, 11<<20), "large", nil},
		{"picture named as paper", "a.pdf", "application/pdf", pngFile(), "mismatch", nil},
		{"paper named as program", "a.pdf.exe", "", pdfWith(""), "ending", nil},
		{"paper without an ending", "giay", "", pdfWith(""), "ending", nil},
		{"declared as a page", "a.pdf", "text/html", pdfWith(""), "declared", nil},
		{"declared with nonsense", "a.pdf", ";;;", pdfWith(""), "declared", nil},
		{"not asked for", "a.docx", "", docx(), "kind", []string{"pdf", "jpg"}},
		{"telephone picture", "a.heic", "image/heic", heic, "heic", nil},
		{"telephone picture renamed", "a.jpg", "image/jpeg", heic, "heic", nil},
		{"moving picture", "a.gif", "image/gif", gif, "picture", nil},
		{"drawing", "a.svg", "image/svg+xml", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>`), "active", nil},
		{"drawing renamed", "a.png", "image/png", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`), "active", nil},
		{"page renamed", "a.jpg", "image/jpeg", []byte("<!DOCTYPE html><script>x()</script>"), "active", nil},
		{"program", "a.pdf", "", append([]byte("MZ\x90\x00"), make([]byte, 600)...), "kind", nil},
		{"archive", "a.docx", "", inner, "kind", nil},
		{"old document", "a.docx", "", ole, "office.old", nil},
		{"text", "a.pdf", "", []byte("xin chào"), "unknown", nil},

		{"page before the paper", "a.pdf", "", cat([]byte("<html><script>x()</script>"), pdfWith("")), "pdf.head", nil},
		{"page in the head of the paper", "a.pdf", "", []byte("%PDF-1.7\n%<ScRiPt>x()</script>\n" + pdfFoot), "hidden", nil},
		{"archive behind the paper", "a.pdf", "", cat(pdfWith(""), inner), "hidden", nil},
		{"archive before the end of the paper", "a.pdf", "", archiveInPDF(inner), "hidden", nil},
		{"paper cut off", "a.pdf", "", []byte(pdfHead), "pdf.cut", nil},
		{"locked", "a.pdf", "", []byte(pdfHead + "trailer<</Root 1 0 R/Encrypt 9 0 R>>\n%%EOF"), "pdf.encrypted", nil},
		{"script", "a.pdf", "", pdfWith("3 0 obj<</S/JavaScript/JS(app.alert(1))>>endobj\n"), "pdf.active", nil},
		{"script with escapes", "a.pdf", "", pdfWith("3 0 obj<</S/J#61va#53cript/JS(x)>>endobj\n"), "pdf.active", nil},
		{"script at the very end of a read", "a.pdf", "", pdfWith(strings.Repeat(" ", 64<<10-len(pdfHead)-5) + "/JavaScript "), "pdf.active", nil},
		{"script in an object stream", "a.pdf", "", objStm("/Filter/FlateDecode", packed("8 0 <</S/JavaScript/JS(x)>>")), "pdf.active", nil},
		{"script in a stream of odd packing", "a.pdf", "", objStm("/Filter[/ASCIIHexDecode/FlateDecode]", "789c"), "pdf.damaged", nil},
		{"script in a broken stream", "a.pdf", "", objStm("/Filter/FlateDecode", "\x78\x9c\xff\xff\xff"), "pdf.damaged", nil},
		{"object stream that swells", "a.pdf", "", objStm("/Filter/FlateDecode", packed(strings.Repeat(" ", 300<<20))), "pdf.bomb", nil},
		{"program started", "a.pdf", "", pdfWith("3 0 obj<</S/Launch/F(cmd.exe)>>endobj\n"), "pdf.active", nil},
		{"file attached", "a.pdf", "", pdfWith("3 0 obj<</Type/EmbeddedFile/Length 2>>stream\nMZ\nendstream endobj\n"), "pdf.attachment", nil},
		{"dynamic form", "a.pdf", "", pdfWith("3 0 obj<</XFA 4 0 R>>endobj\n"), "pdf.form", nil},

		{"photo cut off", "a.jpg", "", jpegFile()[:400], "image.cut", nil},
		{"photo without data", "a.jpg", "", []byte("\xff\xd8\xff\xd9"), "image.damaged", nil},
		{"archive behind a photo", "a.jpg", "", cat(jpegFile(), inner), "hidden", nil},
		{"page behind a photo", "a.jpg", "", cat(jpegFile(), []byte("<script>x()</script>")), "hidden", nil},
		{"archive behind a screenshot", "a.png", "", cat(pngFile(), inner), "hidden", nil},
		{"photo of four thousand million points", "a.jpg", "", []byte("\xff\xd8" + segment(0xC0, "\x08\xff\xff\xff\xff\x01\x01\x11\x00")), "image.large", nil},
		{"screenshot of a million by a million", "a.png", "", []byte(pngHead(1_000_000, 1_000_000) + chunk("IDAT", "") + chunk("IEND", "")), "image.large", nil},
		{"screenshot with a false sum", "a.png", "", flipped(pngFile(), 45), "image.damaged", nil},
		{"screenshot without data", "a.png", "", []byte(pngHead(4, 4) + chunk("IEND", "")), "image.damaged", nil},

		{"macro", "a.docx", "", docx(part{"word/vbaProject.bin", "x"}), "office.macro", nil},
		{"embedded program", "a.docx", "", docx(part{"word/embeddings/oleObject1.bin", "x"}), "office.embedded", nil},
		{"foreign part", "a.docx", "", docx(part{"word/media/run.exe", "MZ"}), "office.embedded", nil},
		{"template from outside", "a.docx", "", docx(part{"word/_rels/settings.xml.rels", `<Relationships><Relationship Type="http://x/attachedTemplate" Target="https://evil/x.dotm" TargetMode="External"/></Relationships>`}), "office.external", nil},
		{"entities that swell", "a.docx", "", docx(part{"word/styles.xml", `<!DOCTYPE lolz [<!ENTITY lol "lol">]><x/>`}), "office.damaged", nil},
		{"part that swells", "a.docx", "", docx(part{"word/media/a.xml", strings.Repeat(" ", 30<<20)}), "office.bomb", nil},
		{"ten thousand parts", "a.docx", "", docx(many(3000)...), "office.bomb", nil},
		{"a part twice", "a.docx", "", docx(part{"word/document.xml", "<other/>"}), "office.damaged", nil},
		{"path out of the archive", "a.docx", "", docx(part{"../../etc/passwd.xml", "x"}), "office.damaged", nil},
		{"something behind a document", "a.docx", "", cat(docx(), []byte("<script>x()</script>")), "hidden", nil},
	} {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			v, err := check(tt.name, tt.declared, tt.content, tt.accept...)
			key := ""
			if e, ok := errs.As(err); ok {
				key = strings.TrimPrefix(e.Key, "filecheck.")
			} else if err != nil {
				t.Fatal(err)
			}
			if key != tt.want {
				t.Fatalf("got %q (%v), want %q", key, err, tt.want)
			}
			if err == nil {
				if n, err := io.Copy(io.Discard, v.Reader()); err != nil || n != v.Size() {
					t.Errorf("the copy has %d bytes of %d: %v", n, v.Size(), err)
				}
			}
		})
	}
}

// archiveInPDF hides an archive before the end mark: its comment is the rest of the paper.
func archiveInPDF(inner []byte) []byte {
	foot := []byte(pdfFoot)
	inner = bytes.Clone(inner)
	binary.LittleEndian.PutUint16(inner[len(inner)-2:], uint16(len(foot)))
	return cat([]byte(pdfHead), inner, foot)
}

func flipped(b []byte, at int) []byte {
	b[at] ^= 0xFF
	return b
}

func many(n int) (out []part) {
	for i := range n {
		out = append(out, part{fmt.Sprintf("word/p%d.xml", i), "x"})
	}
	return out
}

func TestPhotosLoseThePlaceAndKeepTheirTurn(t *testing.T) {
	t.Parallel()
	v, err := check("anh.jpg", "image/jpeg", photo(6))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(v.Reader())
	if err != nil {
		t.Fatal(err)
	}
	if !v.Stripped || bytes.Contains(got, []byte("GPS")) || bytes.Contains(got, []byte("telephone")) {
		t.Error("the copy says where the photo was taken")
	}
	if !bytes.Contains(got, []byte("\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06")) {
		t.Error("the copy lost how the camera was held")
	}
	want, _ := jpeg.Decode(bytes.NewReader(photo(6)))
	have, err := jpeg.Decode(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	if have.Bounds() != want.Bounds() || have.At(13, 17) != want.At(13, 17) || v.Width != 64 || v.Height != 48 {
		t.Error("the copy is another picture")
	}
	// What came out goes in again unchanged.
	again, err := check("anh.jpg", "", got)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(again.Reader()); !bytes.Equal(b, got) {
		t.Error("a second pass changes the copy")
	}
}

func TestScreenshotsLoseTheirTexts(t *testing.T) {
	t.Parallel()
	b := pngFile()
	b = cat(b[:33], []byte(chunk("tEXt", "Author\x00Nguyễn Thị Hạnh")+chunk("eXIf", "GPS")), b[33:], []byte("more"))
	v, err := check("a.png", "", b)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(v.Reader())
	if !bytes.Equal(got, pngFile()) {
		t.Error("the copy is not the bare picture")
	}
}

func TestDocumentsAreKeptByteForByte(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{"a.pdf": pdfWith("% signed"), "a.docx": docx()} {
		v, err := check(name, "", b)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(v.Reader()); !bytes.Equal(got, b) || v.Stripped {
			t.Errorf("%s was altered", name)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"giấy chứng sinh.pdf":               "giấy chứng sinh.pdf",
		"gia\u0302\u0301y.pdf":              "giấy.pdf",
		`C:\Users\Hạnh\đơn.pdf`:             "đơn.pdf",
		"../../etc/passwd":                  "passwd",
		"anh\u202Efdp.exe":                  "anhfdp.exe",
		"a\x00b\nc\u200b.pdf":               "abc.pdf",
		"CON.pdf":                           "_CON.pdf",
		"com1":                              "_com1",
		"lpt².png":                          "_lpt².png",
		"console.pdf":                       "console.pdf",
		" . .hidden.pdf. ":                  "hidden.pdf",
		`a<b>"c|d?.pdf`:                     "a_b__c_d_.pdf",
		"":                                  "file",
		"/":                                 "file",
		"\u202e\u200f":                      "file",
		"Z" + strings.Repeat("\u0301", 200): "Ź\u0301\u0301\u0301",
		strings.Repeat("ả", 300) + ".jpeg":  strings.Repeat("ả", 115) + ".jpeg",
		"\xff\xfe.pdf":                      "_.pdf",
	} {
		if got := filecheck.CleanName(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// TestEveryRefusalSpeaks: both languages, no placeholder left open.
func TestEveryRefusalSpeaks(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle(filecheck.Messages)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"a.pdf": pngFile(), "a.exe": pdfWith(""), "a.gif": []byte("GIF89a......"), "b.pdf": []byte("xin"), "c.zip": archive(part{"a", "b"}),
		"d.png": []byte(pngHead(1_000_000, 1_000_000) + chunk("IDAT", "") + chunk("IEND", "")),
	} {
		_, err := check(name, "", content)
		e, ok := errs.As(err)
		if !ok {
			t.Fatalf("%s: %v", name, err)
		}
		for _, l := range []i18n.Lang{i18n.VI, i18n.EN} {
			if s := b.Map(l, e.Key, e.Params); strings.ContainsAny(s, "{}⟨") || s == "" {
				t.Errorf("%s says %q", e.Key, s)
			}
		}
	}
}

func FuzzCheck(f *testing.F) {
	for name, b := range map[string][]byte{
		"a.pdf": objStm("/Filter/FlateDecode", packed("8 0 <</Type/Font>>")), "a.jpg": photo(6), "a.png": pngFile(), "a.docx": docx(), "a.xlsx": xlsx(),
		"b.pdf": pdfWith("/J#61vaScript"), "b.jpg": cat(jpegFile(), []byte("PK\x03\x04")),
	} {
		f.Add(name, "application/octet-stream", b)
	}
	f.Fuzz(func(t *testing.T, name, declared string, b []byte) {
		v, err := check(name, declared, b)
		if err != nil {
			if _, ok := errs.As(err); !ok {
				t.Fatalf("a refusal without a sentence: %v", err)
			}
			return
		}
		got, err := io.ReadAll(v.Reader())
		if err != nil || int64(len(got)) != v.Size() {
			t.Fatalf("%d of %d bytes: %v", len(got), v.Size(), err)
		}
		if again, err := check(v.Name, "", got); err != nil || again.Stripped {
			t.Fatalf("the copy is refused or altered: %v", err)
		}
	})
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"a.pdf", "../x", "CON", "\u202e", strings.Repeat("ả", 300), "Z\u0301\u0301\u0301\u0301", "Z\u0316\u0316\u0316\u200d\u0316\u0316"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := filecheck.CleanName(s)
		if got == "" || strings.ContainsAny(got, "/\\\x00\n<>:\"|?*\u202e") || len([]rune(got)) > 121 || filecheck.CleanName(got) != got {
			t.Fatalf("%q became %q, then %q", s, got, filecheck.CleanName(got))
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	big := bytes.Repeat([]byte{0x5a, 0x2f, 0x41, 0x20, 0x99, 0x10, 0x41, 0x42}, 10<<17)
	for name, content := range map[string][]byte{
		"paper.pdf": pdfWith(string(big[:10<<20-500])), "photo.jpg": cat(jpegFile()[:len(jpegFile())-2], bytes.ReplaceAll(big[:9<<20], []byte{0xff}, []byte{1}), []byte("\xff\xd9")),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				if _, err := check(name, "", content); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
