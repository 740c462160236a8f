package dossier

import (
	"testing"

	"khue/internal/onestop/form"
)

// A birth whose number is the book's leaves it to a parent of before as the number and the year that
// this asks for; what an officer typed goes before, and a number of another shape is no book's.
func TestABirthLeavesItsNumberToAParentOfBefore(t *testing.T) {
	t.Parallel()
	left := func(number string, officer form.Answers) map[string]string {
		out := map[string]string{}
		for _, v := range legacy(Dossier{Code: "H26-1"}, Content{Officer: officer}, number) {
			out[v.Name] = v.Value.String()
		}
		return out
	}
	if got := left("15/2026", nil); got["result.number"] != "15/2026" || got["book.number"] != "15" || got["book.year"] != "2026" {
		t.Errorf("of the book: %v", got)
	}
	if got := left("15/2026", form.Answers{"book.number": {Value: "7"}, "book.year": {Value: "2025"}}); got["book.number"] != "7" || got["book.year"] != "2025" {
		t.Errorf("typed: %v", got)
	}
	for _, number := range []string{"", "01/QĐ-SNV", "15", "15/26", "/2026"} {
		if got := left(number, nil); got["book.number"] != "" || got["book.year"] != "" {
			t.Errorf("%q: %v", number, got)
		}
	}
}
