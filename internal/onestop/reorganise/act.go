package reorganise

import (
	"time"

	"khue/internal/kernel/id"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// ActID names an act.
type ActID = id.Of[Act]

// Status is where an act stands.
type Status string

// The statuses.
const (
	Proposed Status = "proposed"
	Rejected Status = "rejected"
	Approved Status = "approved" // waits for its day, or for its start
	Running  Status = "running"
	Done     Status = "done"
)

// The kinds of acts.
const (
	Carry = "carry" // carries out a plan
	Undo  = "undo"  // takes back what an act did and nobody has acted on since
)

// The stages of a running act.
const (
	stagePosts    = "posts"
	stageDossiers = "dossiers"
	stageSweep    = "sweep" // what came in meanwhile
)

// Act is a declared act. It is made once and decided once; what it did stands in its items.
type Act struct {
	ID         ActID
	Kind       string
	Plan       string
	Digest     string
	Body       string
	Undoes     ActID
	Status     Status
	Stage      string
	Place      dossier.ID
	Total      int
	Proposer   int64
	ProposedBy string
	ProposedAt time.Time
	Decider    int64
	DecidedBy  string
	DecidedAt  time.Time
	StartedAt  time.Time
	EndedAt    time.Time
	Reason     string
}

// Outcome is what an act did with a dossier.
type Outcome string

// The outcomes.
const (
	Moved  Outcome = "moved"
	Stays  Outcome = "stays"
	Failed Outcome = "failed"
	Undone Outcome = "undone"
)

// Item is what an act did with one dossier.
type Item struct {
	Act     ActID
	Dossier dossier.ID
	Code    string
	Outcome Outcome
	Why     Why
	Problem string
	From    orgunit.UnitID // receiving agency
	To      orgunit.UnitID
	Version int64
	Shift   *dossier.Shift
	At      time.Time
}

// Progress is how far an act is.
type Progress struct {
	Act    Act
	Counts map[Outcome]int
	Why    map[Why]int
	Splits int // that wait for an answer
	Posts  int // that began anew
	Lost   int // posts without a successor
}

// Seen is how many dossiers were dealt with.
func (p Progress) Seen() int {
	n := 0
	for _, k := range p.Counts {
		n += k
	}
	return n
}

// Percent is the share of the dossiers dealt with.
func (p Progress) Percent() int {
	if p.Act.Status == Done {
		return 100
	}
	if p.Act.Total == 0 {
		return 0
	}
	return min(99, p.Seen()*100/p.Act.Total)
}
