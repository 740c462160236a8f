package person

import (
	"strings"
	"time"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
)

// ID names a person inside the program.
type ID = id.Of[Person]

// Person is somebody as the city was told last. Number never changes.
type Person struct {
	ID      ID
	Number  Number
	Facts   Facts
	Seen    time.Time // when they were remembered last
	Version int64

	// Claim is what was told later and disagrees with Facts; a clerk settles it.
	Claim Facts
	// Into is the row that this one was merged into; 0 for most.
	Into ID
	// Died is the day of death as ISO date; empty for the living.
	Died string
}

// Facts are what is known of a person beside the number. Empty where it was not told.
type Facts struct {
	Old     string `json:"old,omitempty"` // nine digits
	Name    string `json:"name"`
	Born    string `json:"born,omitempty"` // ISO date
	Sex     string `json:"sex,omitempty"`  // male, female
	Address string `json:"address,omitempty"`
	Issued  string `json:"issued,omitempty"` // ISO date of the card
	Phone   string `json:"phone,omitempty"`  // digits
	Email   string `json:"email,omitempty"`
}

// FactsOf are the facts of a card.
func FactsOf(c Card) Facts {
	f := Facts{Old: c.Old, Name: c.Name, Born: c.Born.String(), Sex: "male", Address: c.Address, Issued: c.Issued.String()}
	if c.Female {
		f.Sex = "female"
	}
	return f
}

// field is one fact by its name in forms, messages and the journal.
type field struct {
	Name string
	At   func(*Facts) *string
}

// fields are the facts in the order in which people read them.
func fields() []field {
	return []field{
		{"name", func(f *Facts) *string { return &f.Name }},
		{"born", func(f *Facts) *string { return &f.Born }},
		{"sex", func(f *Facts) *string { return &f.Sex }},
		{"address", func(f *Facts) *string { return &f.Address }},
		{"issued", func(f *Facts) *string { return &f.Issued }},
		{"old", func(f *Facts) *string { return &f.Old }},
		{"phone", func(f *Facts) *string { return &f.Phone }},
		{"email", func(f *Facts) *string { return &f.Email }},
	}
}

// isContact: whoever tells how they are reached knows best, so the newest counts.
func isContact(name string) bool { return name == "phone" || name == "email" }

func sameText(a, b string) bool { return strings.EqualFold(i18n.NFC(a), i18n.NFC(b)) }

// Difference is a fact of which two things were told.
type Difference struct{ Field, Known, Told string }

// Differs lists the facts of told that disagree with f; what is empty disagrees with nothing.
func (f Facts) Differs(told Facts) (out []Difference) {
	for _, x := range fields() {
		if k, t := *x.At(&f), *x.At(&told); t != "" && k != "" && !sameText(k, t) {
			out = append(out, Difference{x.Name, k, t})
		}
	}
	return out
}

// join lays what was told beside what was known, see Remember. claim is what waits to be
// settled already.
func (f Facts) join(told, claim Facts) (Facts, Facts) {
	for _, x := range fields() {
		known, now := x.At(&f), *x.At(&told)
		switch {
		case now == "":
		case *known == "" || isContact(x.Name):
			*known = now
		case sameText(*known, now):
			*x.At(&claim) = ""
		default:
			*x.At(&claim) = now
		}
	}
	return f, claim
}

// Named are the facts with their names, in the order in which people read them.
func (f Facts) Named() (out [][2]string) {
	for _, x := range fields() {
		out = append(out, [2]string{x.Name, *x.At(&f)})
	}
	return out
}
