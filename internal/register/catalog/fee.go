package catalog

import (
	"regexp"
	"strings"

	"khue/internal/kernel/i18n"
)

// FeeKind is the record's word for a payment. Ministries use the three loosely.
type FeeKind string

// The kinds: phí, lệ phí, giá.
const (
	FeeCharge FeeKind = "fee"
	StateFee  FeeKind = "state-fee"
	Price     FeeKind = "price"
)

// FeeState says what is known of a payment.
type FeeState string

// The states. Free only where the record's own text says so; a recorded zero
// without such a text is Unknown.
const (
	Free         FeeState = "free"
	Amount       FeeState = "amount"
	SetByCouncil FeeState = "set-by-council"
	Unknown      FeeState = "unknown"
)

// Fee is one payment by one channel. Amount is in whole units of Currency, nil
// where none is known; with SetByCouncil it is the record's figure, which the
// council may have changed. Zero tells that the record prints 0.
type Fee struct {
	Kind     FeeKind  `json:"kind"`
	State    FeeState `json:"state"`
	Amount   *int64   `json:"amount,omitempty"`
	Currency string   `json:"currency,omitempty"` // "VND", "USD"; empty where the record names none
	Zero     bool     `json:"recordedZero,omitempty"`
	Note     string   `json:"note,omitempty"` // the record's words
}

// Words are compared folded. "Miễn lệ phí đối với người …" exempts some people, not
// all, so an exemption counts only as a sentence of its own.
var (
	feeFree        = regexp.MustCompile(`^(mien (thu )?(phi|le phi)|khong thu (phi|le phi)|khong (mat|phai nop|co) (phi|le phi)|khong|khong co)( ?, ?le phi)?( dang ky doanh nghiep)? ?($|[.;:()\n+])`)
	feeExempt      = regexp.MustCompile(`mien (thu )?(phi|le phi)|khong thu (phi|le phi)|khong (mat|phai nop) (phi|le phi)`)
	feeCouncil     = regexp.MustCompile(`hoi dong nhan dan|hdnd|(uy ban nhan dan|ubnd) (cap )?(tinh|thanh pho)[^.]*(quy dinh|quyet dinh|ban hanh)|chinh quyen dia phuong`)
	feeAmountWords = regexp.MustCompile(`\d[\d.,]* ?(d|vnd|dong)([/ .,;)]|$)`)
)

const tinyFee = 1000 // đồng; less is a figure in thousands or a mistake

// recordedFee classifies a payment of the national record; value is nil where the
// record gives none.
func recordedFee(kind FeeKind, value *int64, currency, note string) (Fee, []Doubt) {
	f := Fee{Kind: kind, State: Unknown, Currency: currency, Note: note}
	folded := strings.TrimLeft(i18n.Fold(note), " -(*+•.")
	var doubts []Doubt
	doubt := func(r Reason) { doubts = append(doubts, Doubt{Reason: r, Detail: brief(note, 120)}) }

	council := feeCouncil.MatchString(folded)
	switch {
	case value != nil && *value > 0:
		n := *value
		f.State, f.Amount = Amount, &n
		if council {
			f.State = SetByCouncil
		}
		switch {
		case currency == "":
			doubt(FeeNoCurrency)
		case currency == "VND" && n < tinyFee:
			doubt(FeeTiny)
		}
		return f, doubts
	case value != nil:
		f.Zero = true
	}
	switch {
	case feeFree.MatchString(folded):
		f.State = Free
	case council:
		f.State = SetByCouncil
	case feeAmountWords.MatchString(folded):
		doubt(FeeTextHasAmount)
	case feeExempt.MatchString(folded):
		doubt(FeeExemptSome)
	case f.Zero:
		doubt(FeeZero)
	default:
		doubt(FeeNoValue)
	}
	return f, doubts
}
