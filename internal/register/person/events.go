package person

// SubjectType is the journal subject of a person.
const SubjectType = "person"

// KindLooked is the entry of a look at a person's data: who looked stands in the header, the
// basis in the payload. No name and no number stands in either.
const KindLooked = "person.looked"

// Look is the payload of KindLooked.
type Look struct {
	Basis string `json:"basis"` // BasisPresent
	// Lent are how many earlier dossiers lent their answers.
	Lent int `json:"lent,omitempty"`
}

// BasisPresent is the basis of a look at somebody who stands at the counter.
const BasisPresent = "present"
