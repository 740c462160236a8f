package cutover

// The journal kinds of an import; each dossier that it brings in has entries of its own.
const (
	KindUploaded = "cutover.uploaded"
	KindStarted  = "cutover.started"
	KindEnded    = "cutover.ended"
	KindDropped  = "cutover.dropped"
)

// SubjectType is how the journal names an import.
const SubjectType = "cutover"

// Told is what an entry says: counts, and the file by its hash.
type Told struct {
	File    string `json:"file,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
	Rows    int    `json:"rows,omitempty"`
	Added   int    `json:"added,omitempty"`
	Same    int    `json:"same,omitempty"`
	Refused int    `json:"refused,omitempty"`
}
