package orgunit

// EventImported is the kind of the journal entry of an import. Its subject is
// {"orgunit.import", id}, its payload Imported as JSON.
const EventImported = "orgunit.imported"

// Imported says what an import changed.
type Imported struct {
	Source  string `json:"source"`
	Added   int    `json:"added"`
	Changed int    `json:"changed"`
	Lines   int    `json:"lines"`
	SHA256  string `json:"sha256"` // of the lines added, in order, each ended by a line feed
}
