package book

import (
	"encoding/json"
	"regexp"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/orgunit"
)

// NumberID names a number that was taken.
type NumberID = id.Of[Number]

// Book is the series that a number belongs to.
type Book struct {
	Unit orgunit.UnitID // the agency that keeps it
	Kind string         // building-permit, as service.yaml calls it
	Year int
}

// Subject is what a number stands for. Code is what people call it by; it is no name.
type Subject struct {
	Type string `json:"type"`
	ID   int64  `json:"id,string"`
	Code string `json:"code,omitempty"`
}

// Number is one line of a book.
type Number struct {
	ID      NumberID
	Book    Book
	N       int64
	Subject Subject
	TakenAt time.Time
	By      string // who took it
	VoidAt  time.Time
	VoidBy  string
	VoidWhy string
}

// Void reports whether the number stands for nothing any more.
func (n Number) Void() bool { return !n.VoidAt.IsZero() }

// Actor is in whose name a number is taken or made void. Account 0 is the program.
type Actor struct {
	Account int64
	Name    string
}

var kind = regexp.MustCompile(`^[a-z][a-z0-9-]{1,39}$`)

// TakeIn takes the next number of a book in the caller's transaction. Whoever else wants one
// of the same book waits until it ends; a transaction that takes of several books takes them
// in the order of their kinds. Errors: Internal for a book that cannot be.
func (s *Service) TakeIn(tx *db.Tx, b Book, of Subject, by Actor) (n Number, err error) {
	defer errs.Op(&err, "book.TakeIn(%s %d)", b.Kind, b.Year)
	if b.Unit == 0 || !kind.MatchString(b.Kind) || b.Year < 1945 || b.Year > 9999 || of.Type == "" || of.ID == 0 {
		return n, errs.E(errs.Internal, "book.impossible")
	}
	n = Number{ID: id.New[Number](s.Gen), Book: b, Subject: of, TakenAt: tx.Now(), By: by.Name}
	if n.N, err = next(tx, b); err != nil {
		return n, err
	}
	if err = insert(tx, n); err != nil {
		return n, err
	}
	return n, s.tell(tx, EventTaken, n, by, "")
}

// VoidIn makes a number void in the caller's transaction, with the reason that the book
// shows. Errors: Conflict where it is void already.
func (s *Service) VoidIn(tx *db.Tx, v NumberID, reason string, by Actor) (err error) {
	defer errs.Op(&err, "book.VoidIn(%s)", v)
	n, err := find(tx, v)
	if err != nil {
		return err
	}
	n.VoidAt, n.VoidBy, n.VoidWhy = tx.Now(), by.Name, reason
	if err = void(tx, n); err != nil {
		return err
	}
	return s.tell(tx, EventVoid, n, by, reason)
}

func (s *Service) tell(tx *db.Tx, kind string, n Number, by Actor, reason string) error {
	payload, err := json.Marshal(Told{Unit: n.Book.Unit, Kind: n.Book.Kind, Year: n.Book.Year, N: n.N, Subject: n.Subject, By: by.Name, Reason: reason})
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, journal.Entry{
		Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: int64(n.ID)}, Actor: by.Account, Unit: n.Book.Unit.String(), Payload: payload,
	})
	return err
}
