package person

// SubjectType is the journal subject of a person; SubjectAccount of a linked account.
const (
	SubjectType    = "person"
	SubjectAccount = "person.account"
)

// The entries. Who acted stands in the header. No name and no number stands in any.
const (
	KindLinked         = "person.linked"     // payload Told, as all that follow
	KindUnlinked       = "person.unlinked"   //
	KindChecked        = "person.checked"    // a card was compared; a colleague has to confirm
	KindRefused        = "person.refused"    // the card was not theirs
	KindSettled        = "person.settled"    // facts that disagreed
	KindMerged         = "person.merged"     // on the row that is read from then on
	KindUnmerged       = "person.unmerged"   //
	KindDistinct       = "person.distinct"   // two rows are two people
	KindDied           = "person.died"       //
	KindBusiness       = "business.recorded" // of a business
	KindBusinessLinked = "business.linked"   // its account
	BusinessEntry      = "business"          // journal subject of a business
)

// The bases of a look.
const (
	BasisPresent = "present" // the person stands at the counter
	BasisDossier = "dossier" // Ref is its code
	BasisDuty    = "duty"    // a task of the post; Reason says which
	BasisLaw     = "law"     // Ref names it
	BasisSteward = "steward" // keeps the register: duplicates, merges
)

// Told is what happened to a link or a row.
type Told struct {
	Basis   string   `json:"basis,omitempty"` // BasisCounter, BasisNational
	By      string   `json:"by,omitempty"`
	Second  string   `json:"second,omitempty"` // colleague who confirmed
	Why     string   `json:"why,omitempty"`    // code of a reason
	Reason  string   `json:"reason,omitempty"` // in words
	Account int64    `json:"account,omitempty"`
	Other   string   `json:"other,omitempty"` // the other row
	Fields  []string `json:"fields,omitempty"`
}
