package result

// SubjectType is the journal subject of a result: {"result", id}.
const SubjectType = "result"

// Kinds of journal entries; the payload is Told as JSON.
const (
	EventIntended = "result.intended" // a number was taken, the paper is being made
	EventSigned   = "result.signed"   // a signed paper exists, with its digest; it is not given to anybody yet
	EventIssued   = "result.issued"   // the paper stands, with its digest, and is in the register
	EventFailed   = "result.failed"   // no paper came of it, the number is void
	EventReplaced = "result.replaced" // a newer one stands in its place
	EventRevoked  = "result.revoked"
	EventPosted   = "result.posted" // handed to the post

	EventParcel = "result.parcel" // where its parcel is

	// Of papers that their signer signs by hand.
	EventDrawn     = "result.drawn"     // it waits, with the digest of the file
	EventGiven     = "result.given"     // its signer put a hand to that file
	EventNotSigned = "result.notSigned" // the key did not sign it, with why; it waits again
	EventTaken     = "result.taken"     // a leader signs it in the place of who was to
	EventChosen    = "result.chosen"    // how an agency signs; the subject is the unit
)

// Told is what happened to a result.
type Told struct {
	Code      string `json:"code"` // of the dossier
	Kind      string `json:"kind"`
	Number    string `json:"number"`
	SHA256    string `json:"sha256,omitempty"` // of the file
	Signed    bool   `json:"signed,omitempty"`
	Entry     string `json:"entry,omitempty"`    // of the register
	Other     string `json:"other,omitempty"`    // the result that it replaces, or is replaced by
	Tracking  string `json:"tracking,omitempty"` // of the post
	By        string `json:"by,omitempty"`       // who did it
	Reason    string `json:"reason,omitempty"`   // why it failed, was replaced or revoked
	Of        string `json:"of,omitempty"`       // digest of the file that waited
	Batch     int64  `json:"batch,omitempty,string"`
	Fault     string `json:"fault,omitempty"`     // why it was not signed
	Authority string `json:"authority,omitempty"` // the decision that it rests on
}
