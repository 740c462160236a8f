package pdf_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"khue/internal/kernel/pdf"
)

// What ISO 19005-2 asks of level B and can be read off the bytes. docs/conformance.md lists
// what cannot.
func TestAKeptDocumentHasTheStructureOfPDFA(t *testing.T) {
	o := options(t)
	o.ID = "result/1"
	b, err := pdf.Render(receipt(), o)
	if err != nil {
		t.Fatal(err)
	}
	again, err := pdf.Render(receipt(), o)
	if err != nil || !bytes.Equal(b, again) {
		t.Error("the same document twice is not the same bytes")
	}
	if !bytes.HasPrefix(b, []byte("%PDF-1.7\n%")) || b[10] < 128 {
		t.Errorf("it begins %q", b[:16])
	}
	for what, re := range map[string]string{
		"identifier":     `/ID \[<[0-9a-f]{32}> <[0-9a-f]{32}>\]`,
		"output intent":  `/OutputIntents \[<< /Type /OutputIntent /S /GTS_PDFA1 .*/DestOutputProfile \d+ 0 R`,
		"metadata":       `/Metadata \d+ 0 R`,
		"embedded fonts": `/FontFile2 \d+ 0 R`,
		"part":           `pdfaid:part="2" pdfaid:conformance="B"`,
	} {
		if !regexp.MustCompile(re).Match(b) {
			t.Errorf("it has no %s", what)
		}
	}
	for _, never := range []string{"/Encrypt", "/JavaScript", "/EmbeddedFiles", "/LZWDecode", "/AA ", "/OpenAction", "/SMask", "/Launch"} {
		if bytes.Contains(b, []byte(never)) {
			t.Errorf("it has %s", never)
		}
	}
	from, to := bytes.Index(b, []byte("<x:xmpmeta")), bytes.Index(b, []byte("</x:xmpmeta>"))
	if from < 0 || to < 0 {
		t.Fatal("it has no packet of metadata")
	}
	for d := xml.NewDecoder(bytes.NewReader(b[from : to+12])); ; {
		if _, err := d.Token(); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Errorf("the metadata are no XML: %v", err)
			}
			break
		}
	}
	if !bytes.Contains(b[from:to], []byte("Giấy tiếp nhận")) || !bytes.Contains(b[from:to], []byte("2025-06-23T01:10:00Z")) {
		t.Error("the metadata do not say title and day")
	}
	file := filepath.Join(t.TempDir(), "kept.pdf")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(program string, args ...string) string {
		if _, err := exec.LookPath(program); err != nil {
			t.Logf("%s is not installed", program)
			return ""
		}
		out, err := exec.Command(program, append(args, file)...).CombinedOutput() //nolint:gosec // names above
		if err != nil {
			t.Errorf("%s: %v\n%s", program, err, out)
		}
		return string(out)
	}
	if s := run("qpdf", "--check"); s != "" && !strings.Contains(s, "No syntax or stream encoding errors found") {
		t.Errorf("qpdf says %s", s)
	}
	if s := run("pdffonts"); strings.Count(s, "khue") != strings.Count(s, "Identity-H       yes") {
		t.Errorf("a font is not embedded:\n%s", s)
	}
	if s := run("pdfinfo"); s != "" && !strings.Contains(s, "Giấy tiếp nhận") {
		t.Errorf("pdfinfo says %s", s)
	}
	if s := read(t, b); !strings.Contains(s, "Nguyễn Thị Hạnh") {
		t.Errorf("its text is %s", s)
	}
}
