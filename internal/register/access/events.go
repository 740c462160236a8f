package access

// The journal subject of a look at one thing is {"access.dossier", its id}, of a list
// {"access.list", the account that looked}, of a flag {"access.flag", its id}.
const (
	subjectPrefix = "access."
	subjectList   = "access.list"
	subjectFlag   = "access.flag"
)

// Kinds of journal entries.
const (
	KindLooked   = "access.looked"
	KindReasoned = "access.reasoned"
	KindFlagged  = "access.flagged"
	KindSettled  = "access.settled"
)

// Seen is the payload of KindLooked and KindReasoned.
type Seen struct {
	What  What      `json:"what,omitempty"`
	Basis Basis     `json:"basis"`
	Why   string    `json:"why,omitempty"`
	Words string    `json:"words,omitempty"`
	Type  string    `json:"type"`
	Post  string    `json:"post,omitempty"`
	About []ThingID `json:"about,omitempty"` // what a list showed
}

// flagged is the payload of KindFlagged and KindSettled.
type flagged struct {
	Rule    string `json:"rule"`
	N       int    `json:"n,omitempty"`
	Verdict string `json:"verdict,omitempty"`
	Note    string `json:"note,omitempty"`
	By      string `json:"by,omitempty"`
}
