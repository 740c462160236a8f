package catalog

import "khue/internal/kernel/i18n"

// Why is the reason for a maturity level, in both languages, as a citizen reads it.
type Why struct {
	VI string `json:"vi" yaml:"vi"`
	EN string `json:"en" yaml:"en"`
}

// In returns the reason in a language.
func (w Why) In(l i18n.Lang) string {
	if l == i18n.EN {
		return w.EN
	}
	return w.VI
}

// Offering is a procedure done by a unit's working service in a span of time. The
// level is computed by onestop/service from what is declared and working; nobody types it.
type Offering struct {
	Procedure Code
	Unit      string // code of the offering unit; empty for the whole city
	Level     Level
	Why       Why
	Validity  Validity
}
