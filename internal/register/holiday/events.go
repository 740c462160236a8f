package holiday

import "khue/internal/register/orgunit"

// SubjectType is the journal subject of a change: {"holiday", id of the change}.
const SubjectType = "holiday"

// Kinds of journal entries; the payload is Decided as JSON.
const (
	EventProposed = "holiday.proposed"
	EventApproved = "holiday.approved"
	EventRejected = "holiday.rejected"
)

// Decided is what happened to a change. Names of people stand here and nowhere in the
// header.
type Decided struct {
	Kind   Kind           `json:"kind"`
	Unit   orgunit.UnitID `json:"unit,omitempty"` // 0: the whole city
	Number int64          `json:"number,omitempty"`
	Source string         `json:"source"`
	By     string         `json:"by"`
	Reason string         `json:"reason,omitempty"`
	Body   Body           `json:"body"`
}
