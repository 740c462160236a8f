package counter

// SubjectType is the journal subject of what happens at a counter to a dossier's papers; its
// id is the dossier's. A batch has its own.
const (
	SubjectType  = "counter"
	BatchSubject = "counter.batch"
)

// Kinds of journal entries. Names and reasons stand in the payload only.
const (
	KindTaken     = "counter.taken"    // a dossier taken in, with what was counted
	KindCalled    = "counter.called"   // its owner was called
	KindReturned  = "counter.returned" // the result and the originals went to the owner
	KindGiven     = "counter.batch.given"
	KindReceived  = "counter.batch.received"
	KindWithdrawn = "counter.batch.withdrawn"

	// A reorganisation put other units in the place of those that are no more.
	KindMoved      = "counter.moved"
	KindBatchMoved = "counter.batch.moved"
)

// happening is the payload of an entry about a dossier.
type happening struct {
	Dossier   string   `json:"dossier"`
	By        string   `json:"by"`
	Originals []string `json:"originals,omitempty"` // ids
	How       string   `json:"how,omitempty"`
	Who       string   `json:"who,omitempty"` // received it
	Receipt   string   `json:"receipt,omitempty"`
	Amount    int64    `json:"amount,omitempty"`
	Note      string   `json:"note,omitempty"`
}

// handing is the payload of an entry about a batch.
type handing struct {
	From      string            `json:"from"`
	To        string            `json:"to"`
	Originals []string          `json:"originals"`
	Refused   map[string]string `json:"refused,omitempty"` // reason by original
}
