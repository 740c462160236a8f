package mandate

// SubjectType is the journal subject of a mandate.
const SubjectType = "mandate"

// The entries; the payload is Told. Who acted stands in the header.
const (
	KindOffered  = "mandate.offered"
	KindRecorded = "mandate.recorded"
	KindAccepted = "mandate.accepted"
	KindDeclined = "mandate.declined"
	KindEnded    = "mandate.ended"
)

// Told is what happened to a mandate.
type Told struct {
	Kind     Kind     `json:"kind"`
	By       string   `json:"by"`
	Paper    string   `json:"paper,omitempty"`
	Services []string `json:"services,omitempty"`
	From     string   `json:"from,omitempty"`
	Until    string   `json:"until,omitempty"`
	Reason   string   `json:"reason,omitempty"`
}
