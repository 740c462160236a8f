package reorganise

// Journal entries about an act; the subject is {"reorganise.act", id}, the payload Declared.
const (
	SubjectType   = "reorganise.act"
	KindProposed  = "reorganise.proposed"
	KindApproved  = "reorganise.approved"
	KindRejected  = "reorganise.rejected"
	KindStarted   = "reorganise.started"
	KindCompleted = "reorganise.completed"
)

// Declared is what an entry about an act says.
type Declared struct {
	Plan   string          `json:"plan"`
	Digest string          `json:"digest"`
	Kind   string          `json:"kind"`
	Undoes int64           `json:"undoes,omitempty"`
	By     string          `json:"by,omitempty"`
	Reason string          `json:"reason,omitempty"`
	Counts map[Outcome]int `json:"counts,omitempty"`
}
