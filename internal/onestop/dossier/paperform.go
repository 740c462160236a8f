package dossier

import (
	"khue/internal/kernel/clock"
)

// Papers that are kept of a dossier and of a one-stop, beside those that acts make.
const (
	PaperControl = "control" // control slip: goes with the dossier from hand to hand
	PaperBook    = "book"    // tracking book
)

// PaperForm is the form of a paper that the law sets on a day.
type PaperForm struct {
	Paper  string
	Number string // "04"; empty where the law of the day has no form for it
	Words  string // end of the message keys of title and lead, where they differ by date
	Size   string // A4 or A5
}

// paperLaw is a circular with its forms, in force from a day until the next one's.
type paperLaw struct {
	from   clock.Date
	source string // as it is cited
	forms  []PaperForm
}

// paperLaws are the forms by date of law, the oldest first. What the circular of 2025 says
// of the size is not known here: A4.
//
//nolint:gochecknoglobals // immutable table
var paperLaws = [...]paperLaw{
	{clock.Date{Year: 1, Month: 1, Day: 1}, "01/2018/TT-VPCP", []PaperForm{
		{PaperReceipt, "01", "receipt", "A5"},
		{PaperSupplement, "02", "supplement", "A5"},
		{PaperRefusal, "03", "refusal", "A5"},
		{PaperExtension, "04", "extension", "A5"},
		{PaperStop, "", "stop", "A5"},
		{PaperControl, "05", "control", "A5"},
		{PaperBook, "06", "book", "A4"},
	}},
	{clock.Date{Year: 2025, Month: 7, Day: 1}, "03/2025/TT-VPCP", []PaperForm{
		{PaperReceipt, "01", "receipt", "A4"},
		{PaperSupplement, "02", "supplement", "A4"},
		{PaperRefusal, "03", "refusal", "A4"},
		{PaperExtension, "04", "extension2025", "A4"},
		{PaperStop, "05", "stop", "A4"},
		{PaperControl, "06", "control", "A4"},
		{PaperBook, "07", "book", "A4"},
	}},
}

// FormOf is the form of a paper by the law of a day, and the circular that sets it, "" where
// none does.
func FormOf(paper string, day clock.Date) (f PaperForm, source string) {
	for _, law := range paperLaws {
		if day.Before(law.from) {
			break
		}
		for _, x := range law.forms {
			if x.Paper == paper {
				f, source = x, law.source
			}
		}
	}
	if f.Number == "" {
		source = ""
	}
	return f, source
}
