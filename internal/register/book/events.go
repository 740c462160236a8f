package book

import "khue/internal/register/orgunit"

// SubjectType is the journal subject of a number: {"book", id of the number}.
const SubjectType = "book"

// Kinds of journal entries; the payload is Told as JSON.
const (
	EventTaken = "book.taken"
	EventVoid  = "book.void"
)

// Told is what happened to a number.
type Told struct {
	Unit    orgunit.UnitID `json:"unit"`
	Kind    string         `json:"kind"`
	Year    int            `json:"year"`
	N       int64          `json:"n"`
	Subject Subject        `json:"subject"`
	By      string         `json:"by,omitempty"`
	Reason  string         `json:"reason,omitempty"`
}
