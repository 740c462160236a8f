package catalog

import (
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/i18n"
)

// Reason names why a record, or a statement in it, is refused or in doubt. Each has
// a message catalog.reason.<name> in both languages.
type Reason string

// Reasons for doubt: the statement is kept as it stands, and marked.
const (
	CasesVsMethods    Reason = "cases_vs_methods"    // no deadline of the cases is among those of the methods
	RowVsRecord       Reason = "row_vs_record"       // catalogue row and full record differ
	DeadlinePrinted   Reason = "deadline_printed"    // no unit, or words only
	DeadlineZero      Reason = "deadline_zero"       // a term of 0
	CaseRepeated      Reason = "case_repeated"       // one case code twice
	FeeZero           Reason = "fee_zero"            // 0 and no word that says free
	FeeNoValue        Reason = "fee_no_value"        // a payment without a figure
	FeeNoCurrency     Reason = "fee_no_currency"     // a figure without a currency
	FeeTiny           Reason = "fee_tiny"            // under 1,000 đồng
	FeeTextHasAmount  Reason = "fee_text_has_amount" // 0 or none, while the text names a sum
	FeeExemptSome     Reason = "fee_exempt_some"     // 0, while the text exempts some people only
	FullWithoutOnline Reason = "full_without_online" // whole process online, no online method
	OfflineWithOnline Reason = "offline_with_online" // counter only, yet an online method
	NoAgency          Reason = "no_agency"           // nobody named as executing
	NoPapers          Reason = "no_papers"           // a full record without a paper
	PlaceholderText   Reason = "placeholder_text"    // "test" left in an official text
)

// Reasons for refusal: the row is not stored.
const (
	BadCode    Reason = "bad_code"
	BadColumns Reason = "bad_columns"
	BadJSON    Reason = "bad_json"
	BadTier    Reason = "bad_tier"
	BadKind    Reason = "bad_kind"
	BadMethod  Reason = "bad_method"
	NoName     Reason = "no_name"
	Twice      Reason = "twice" // the code stood earlier in the same file
	TooLong    Reason = "too_long"
)

// In is the reason as a sentence.
func (r Reason) In(b *i18n.Bundle, l i18n.Lang) string { return b.T(l, "catalog.reason."+string(r)) }

// Doubt is one statement that is kept but not to be relied on.
type Doubt struct {
	Reason Reason `json:"reason"`
	Detail string `json:"detail,omitempty"` // the record's words
}

// clean puts a text of the record into NFC with plain spaces and without control
// characters or blank ends; lines stay.
func clean(s string) string {
	if s == "" {
		return ""
	}
	s = i18n.NFC(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\u00a0', r == '\u2007', r == '\u202f':
			return ' '
		case r < ' ', r == 0x7f, r >= 0x200b && r <= 0x200f, r == 0xfeff, r == 0xad:
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// line is clean on one line.
func line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// brief cuts a text to n bytes at a rune.
func brief(s string, n int) string {
	s = line(s)
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// once drops repeated doubts, keeping the first of each reason and detail.
func once(doubts []Doubt) []Doubt {
	seen := make(map[Doubt]bool, len(doubts))
	out := doubts[:0]
	for _, d := range doubts {
		if !seen[d] {
			seen[d] = true
			out = append(out, d)
		}
	}
	return out
}
