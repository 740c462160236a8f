package access

import (
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/register/orgunit"
)

// Thing is what is looked at: a dossier, a person, an account. Ids are unique over all.
type Thing struct{}

// ThingID names a thing.
type ThingID = id.Of[Thing]

// LookID is the id of a look and of its journal entry.
type LookID = id.Of[Look]

// What says how data was shown.
type What string

// The ways of showing.
const (
	Dossier What = "dossier" // the whole of one: its page, its task, an answer of the API
	Numbers What = "numbers" // the personal numbers in one, not masked
	Paper   What = "paper"   // a paper of one was opened
	Person  What = "person"  // facts of a person, found at a counter
	List    What = "list"    // codes and names in a list of work
	Search  What = "search"
	Book    What = "book" // the tracking book, and what is exported
)

// many reports whether a look of this kind shows a little of many.
func (w What) many() bool { return w == List || w == Search || w == Book }

// depth orders the ways by how much they show: who saw the dossier saw what a list says of it.
func (w What) depth() int8 {
	switch w {
	case Numbers:
		return 4
	case Paper:
		return 3
	case Dossier, Person:
		return 2
	}
	return 1
}

// Whats are the ways in the order of filters.
func Whats() []What { return []What{Dossier, Numbers, Paper, Person, List, Search, Book} }

// Basis is why a look was lawful.
type Basis string

// The bases.
const (
	ByDossier Basis = "dossier" // a post of the reader's has the open dossier in hand
	ByDuty    Basis = "duty"    // Why is one of the duties
	ByLaw     Basis = "law"     // Why is the citation
	ByReason  Basis = "reason"  // Why is the choice, Words what was written
)

// Bases are the bases in the order of filters.
func Bases() []Basis { return []Basis{ByDossier, ByDuty, ByLaw, ByReason} }

// The duties.
const (
	DutyPost        = "post"        // lists of the reader's own unit
	DutyCounter     = "counter"     // somebody stands at the counter
	DutySupervision = "supervision" // heads and leaders over their units
	DutyInspection  = "inspection"
	DutyRegister    = "register" // keeps the register of persons: duplicates, merges
)

// Look is one look as a caller tells of it.
type Look struct {
	What  What
	Basis Basis
	Why   string
	Unit  orgunit.UnitID // in whose name; 0: that of the reader's first post
	Type  string         // of About: "dossier", "person"
	About []int64
	Words string // of ByReason
}

// Line is one look as it is read.
type Line struct {
	ID    LookID
	At    time.Time
	Actor int64
	Unit  orgunit.UnitID
	Post  string // role
	What  What
	Basis Basis
	Why   string
	Words string
	Type  string
	About int64
	N     int // of a list: how often it showed the thing on that day
}

// Choices are the reasons among which a reader chooses.
func Choices() []string {
	return []string{"complaint", "applicant", "related", "inspection", "authority", "correction", "archive", Other}
}

// Other is the choice of whoever says why in words alone.
const Other = "other"

// Reason lets a reader look at one thing for a while.
type Reason struct {
	ID     id.Of[Reason]
	Actor  int64
	About  int64
	Unit   orgunit.UnitID
	Choice string
	Words  string
	At     time.Time
	Until  time.Time
}

// keyReason is the refusal that a page answers by asking.
const keyReason = "access.reason.required"

// AskReason is the refusal of a look that needs a reason first. Code is what people call the
// thing by.
func AskReason(code string) error { return errs.E(errs.Forbidden, keyReason, errs.P("code", code)) }

// Asks reports whether an error is AskReason.
func Asks(err error) bool {
	_, ok := AskedFor(err)
	return ok
}

// AskedFor is the code in AskReason.
func AskedFor(err error) (code string, ok bool) {
	e, ok := errs.As(err)
	if !ok || e.Key != keyReason {
		return "", false
	}
	code, _ = e.Params["code"].(string)
	return code, true
}
