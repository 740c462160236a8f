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
)

// Told is what happened to a result.
type Told struct {
	Code      string `json:"code"` // of the dossier
	Kind      string `json:"kind"`
	Number    string `json:"number"`
	SHA256    string `json:"sha256,omitempty"` // of the file
	Signed    bool   `json:"signed,omitempty"`
	Entry     string `json:"entry,omitempty"`     // of the register
	Other     string `json:"other,omitempty"`     // the result that it replaces, or is replaced by
	Tracking  string `json:"tracking,omitempty"`  // of the post
	By        string `json:"by,omitempty"`        //
	Reason    string `json:"reason,omitempty"`    // why it failed, was replaced or revoked
	Authority string `json:"authority,omitempty"` // the decision that it rests on
}
