package dossierweb_test

import (
	"os"
	"strings"
	"testing"

	"khue/internal/citytest"
)

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
	c.Visitor().Get(receipt).Want(404)
	act(t, c, "justiceOfficer", code, "approve", nil).Want(200)
	act(t, c, "justiceOfficer", code, "approve", map[string]any{"book.number": 12, "book.year": 2025}).Want(200)
	act(t, c, "chairman", code, "sign", nil).Want(200)
	act(t, c, "registryClerk", code, "number", nil).Want(200)
	result := "/dossiers/" + code + "/papers/result.pdf"
	b := c.As("citizen").Get(result).Want(200)
	if dir := os.Getenv("KHUE_SHOTS"); dir != "" {
		_ = os.WriteFile(dir+"/result.pdf", b.Body, 0o600)
	}
	c.As("citizen2").Get(result).Want(404)
	c.Visitor().Get(result + "?k=" + filed.Text("accessKey")).Want(404)
}
