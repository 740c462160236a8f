package decl

import "khue/internal/kernel/i18n"

// Label is a short text of a declared package in both languages. As a parameter
// of a message it is written in the reader's language.
type Label struct {
	VI string `json:"vi" yaml:"vi"`
	EN string `json:"en" yaml:"en"`
}

// In is the text in a language; Vietnamese where the other is missing.
func (l Label) In(lang i18n.Lang) string {
	if lang == i18n.EN && l.EN != "" {
		return l.EN
	}
	return l.VI
}

// IsZero reports whether nothing was written.
func (l Label) IsZero() bool { return l == Label{} }

// Texts are the texts of a declared package by key, such as "field.child.name".
type Texts interface {
	Label(key string) (Label, bool)
}
