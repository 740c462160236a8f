package result

import (
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/id"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/dossier"
	"khue/internal/register/book"
	"khue/internal/register/orgunit"
	"khue/internal/register/record"
)

// ID names a result.
type ID = id.Of[Result]

// State is where a result stands.
type State string

// The states. Intended and Issued are those of a result that lives.
const (
	Intended State = "intended"
	Issued   State = "issued"
	Failed   State = "failed"
	Replaced State = "replaced"
	Revoked  State = "revoked"
)

// Result is one paper that the city gave out, or meant to.
type Result struct {
	ID       ID
	Dossier  dossier.ID
	Code     string // of the dossier
	Public   string // by which anybody finds it who has the paper
	Service  string // id of the package
	Package  string // its digest
	Kind     string // building-permit
	Register string
	Unit     orgunit.UnitID // the agency that gave it
	Number   book.NumberID
	Text     string // the number as the paper bears it
	Holder   string // initials: "N. T. H."
	Signer   int64  // account of who signed the decision, 0
	SignedBy string
	State    State
	At       time.Time // of the decision
	SHA256   string    // of the file; "" until issued
	Size     int64
	Signed   bool
	Entry    record.EntryID
	Replaces ID
	After    ID                // the one that took its place
	Changes  map[string]string // of a correction: fields of the register with their new values
	IssuedAt time.Time
	EndedAt  time.Time // replaced, revoked or failed
	EndedBy  string
	Reason   string
	Basis    string // the decision that a replacement or revocation rests on
	PostedAt time.Time
	Tracking string
	// What follows is of papers that their signer signs by hand (hand.go).
	Hand      Hand
	DrawnSHA  string // of the file as it waits
	DrawnSize int64
	DrawnAt   time.Time
	Place     pdf.Place // where the signature shows
	Batch     BatchID   // the act in which it was signed, or was to be
	Fault     string    // why it could not be: key of the sentence
	Version   int
}

// Document is the identifier that the file bears.
func (r Result) Document() string { return "result/" + r.ID.String() }

// initials are what a stranger is shown of a name: enough for its bearer to recognise.
func initials(name string) string {
	var out []string
	for _, w := range strings.Fields(name) {
		r, _ := utf8.DecodeRuneInString(w)
		out = append(out, strings.ToUpper(string(r))+".")
	}
	return strings.Join(out, " ")
}
