package service

import (
	"khue/internal/kernel/i18n"
)

// Words says a fee in the reader's language: an amount, free, set by the council, or not
// known.
func (f FeeDue) Words(b *i18n.Bundle, l i18n.Lang) string {
	if f.State == "amount" {
		return i18n.Money(l, f.Amount)
	}
	return b.T(l, "service.fee."+f.State)
}
