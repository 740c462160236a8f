package dossierweb_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"khue/internal/citytest"
)

// readPaper reads a paper with a program that no one here wrote.
func readPaper(t *testing.T, b []byte) (text string, pages int) {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not installed (poppler-utils)")
	}
	cmd := exec.CommandContext(t.Context(), "pdftotext", "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out), strings.Count(string(out), "\f")
}

func officerNumber(name string) *regexp.Regexp {
	return regexp.MustCompile(regexp.QuoteMeta(name) + `, CB\d{7}-\d{2}`)
}

// TestPapers: each act prints its own; the result goes to its owner only.
func TestPapers(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	filed := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201)
	code := filed.Text("code")
	receipt := "/dossiers/" + code + "/papers/receipt.pdf"
	c.As("citizen").Get(receipt).Want(404) // nothing is accepted yet
	act(t, c, "clerk", code, "accept", nil).Want(200)
	a := c.Visitor().Get(receipt + "?k=" + filed.Text("accessKey")).Want(200)
	if !strings.HasPrefix(string(a.Body), "%PDF-") || a.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("not a PDF: %.80s", a.Body)
	}
	if dir := os.Getenv("KHUE_SHOTS"); dir != "" {
		_ = os.WriteFile(dir+"/form01.pdf", a.Body, 0o600)
	}
	// The clerk is named with the number by which the city knows officers for good; one page holds it.
	if text, pages := readPaper(t, a.Body); pages != 1 || !officerNumber(c.Account("clerk").Name).MatchString(text) {
		t.Errorf("the receipt, of %d pages, does not say which officer took it in:\n%s", pages, text)
	}
	c.Visitor().Get(receipt).Want(404)
	act(t, c, "justiceOfficer", code, "approve", nil).Want(200)
	act(t, c, "justiceOfficer", code, "approve", map[string]any{"book.number": 12, "book.year": 2025}).Want(200)
	act(t, c, "chairman", code, "sign", nil).Want(200)
	act(t, c, "registryClerk", code, "number", nil).Want(200)
	slip, _ := readPaper(t, c.As("clerk").In("vi").Get("/dossiers/"+code+"/papers/control.pdf").Want(200).Body)
	for _, role := range []string{"clerk", "justiceOfficer", "chairman", "registryClerk"} {
		if !officerNumber(c.Account(role).Name).MatchString(slip) {
			t.Errorf("the control slip does not number the %s:\n%s", role, slip)
		}
	}
	result := "/dossiers/" + code + "/papers/result.pdf"
	b := c.As("citizen").Get(result).Want(200)
	if dir := os.Getenv("KHUE_SHOTS"); dir != "" {
		_ = os.WriteFile(dir+"/result.pdf", b.Body, 0o600)
	}
	c.As("citizen2").Get(result).Want(404)
	c.Visitor().Get(result + "?k=" + filed.Text("accessKey")).Want(404)
}
