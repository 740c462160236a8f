package dossier_test

import (
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/onestop/dossier"
)

// TestFormsFollowTheLawOfTheDay: the number changes with the first of July 2025, the paper
// that the law had no form for carries none.
func TestFormsFollowTheLawOfTheDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ paper, on, number, words, size, source string }{
		{dossier.PaperReceipt, "2025-06-30", "01", "receipt", "A5", "01/2018/TT-VPCP"},
		{dossier.PaperReceipt, "2025-07-01", "01", "receipt", "A4", "03/2025/TT-VPCP"},
		{dossier.PaperSupplement, "2026-11-23", "02", "supplement", "A4", "03/2025/TT-VPCP"},
		{dossier.PaperRefusal, "2019-01-02", "03", "refusal", "A5", "01/2018/TT-VPCP"},
		{dossier.PaperExtension, "2025-06-30", "04", "extension", "A5", "01/2018/TT-VPCP"},
		{dossier.PaperExtension, "2025-07-01", "04", "extension2025", "A4", "03/2025/TT-VPCP"},
		{dossier.PaperStop, "2025-06-30", "", "stop", "A5", ""},
		{dossier.PaperStop, "2025-07-01", "05", "stop", "A4", "03/2025/TT-VPCP"},
		{dossier.PaperControl, "2025-06-30", "05", "control", "A5", "01/2018/TT-VPCP"},
		{dossier.PaperControl, "2025-07-01", "06", "control", "A4", "03/2025/TT-VPCP"},
		{dossier.PaperBook, "2025-06-30", "06", "book", "A4", "01/2018/TT-VPCP"},
		{dossier.PaperBook, "2025-07-01", "07", "book", "A4", "03/2025/TT-VPCP"},
	} {
		f, source := dossier.FormOf(c.paper, clock.MustDate(c.on))
		if f.Number != c.number || f.Words != c.words || f.Size != c.size || source != c.source {
			t.Errorf("%s on %s is form %q (%s, %s) of %q", c.paper, c.on, f.Number, f.Words, f.Size, source)
		}
	}
}
