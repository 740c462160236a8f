package record

// SubjectType is the journal subject of an entry of a register: {"record", id}.
const SubjectType = "record"

// Told is the payload of the journal entries, whose kind is Act.Event. Values stand in the
// version, not here: the digest holds them fast.
type Told struct {
	Register  string `json:"register"`
	Version   int    `json:"version"`
	Key       string `json:"key,omitempty"`
	Status    Status `json:"status"`
	Effective string `json:"effective"`
	Values    string `json:"values"` // SHA-256 of the values as stored
	Source    Source `json:"source"`
	By        string `json:"by,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Authority string `json:"authority,omitempty"`
}
