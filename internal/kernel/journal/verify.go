package journal

import (
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// ProblemKind says what is wrong with an entry or a stretch of the log.
// "journal.problem." and the kind is the key of its sentence (parameters id, seq, to).
type ProblemKind string

// What Verify can find.
const (
	Altered       ProblemKind = "altered"    // the header is not what was numbered
	PayloadBroken ProblemKind = "payload"    // the payload is not what the header's digest says
	Removed       ProblemKind = "removed"    // numbered, but the row is gone
	Reordered     ProblemKind = "reordered"  // stands at another place than when numbered
	Backdated     ProblemKind = "backdated"  // its time is not that of its id or of its place
	Unlisted      ProblemKind = "unlisted"   // a row that was never numbered
	ErasedMute    ProblemKind = "erased"     // erased, and no entry says so
	Gap           ProblemKind = "gap"        // numbers Seq to To have no batch
	HashAltered   ProblemKind = "hash"       // a stored hash over Seq to To does not follow from its leaves
	Mismatch      ProblemKind = "checkpoint" // the entries Seq to To do not lead to the signed root
	BadSignature  ProblemKind = "signature"  // the checkpoint of size To+1 is not signed by this log's key
	Truncated     ProblemKind = "truncated"  // a checkpoint was signed for entries that are no longer there
	Broken        ProblemKind = "promise"    // an entry that was promised is not what it was
	GivenUp       ProblemKind = "givenUp"    // a checkpoint signed for entries Seq to To, which a restore gave up
	EpochMute     ProblemKind = "epoch"      // an epoch was opened, and the entry that says so is not there
	BadStamp      ProblemKind = "stamp"      // the time stamp over the checkpoint of size To+1 is not over it, or does not lead to the given roots
	NoSuchEntry   ProblemKind = "receipt"    // a receipt's entry stood at number Seq and does not
)

// Problem is one finding. Seq and To are numbers in the log, -1 where there is none.
type Problem struct {
	Kind    ProblemKind
	ID      EntryID
	Seq, To int64
}

// Key and Params are the finding's sentence.
func (p Problem) Key() string { return "journal.problem." + string(p.Kind) }

// Params fill Key's message.
func (p Problem) Params() []any {
	return []any{"id", p.ID.String(), "seq", p.Seq, "to", p.To}
}

// Report is what Verify found.
type Report struct {
	Entries     int64            // numbered
	Kinds       map[string]int64 // found, numbered or not yet, by kind
	Erased      int64
	Pending     int64 // appended, not numbered yet
	Batches     int64
	Checkpoints int64
	Cosigned    int64 // checkpoints with a signature of a witness whose key was given
	Stamps      int64 // time stamps over checkpoints
	Trusted     int64 // of these, leading to a given root
	Epochs      int   // restores
	Root        tlog.Hash
	Problems    []Problem // at most maxProblems
	More        int64     // further ones that were only counted
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool { return len(r.Problems) == 0 }

const (
	maxProblems = 1000
	// maxSkew is how far the clocks of nodes, and a unit's begin and its commit, may lie apart.
	maxSkew = 5 * time.Minute
)

func (r *Report) find(kind ProblemKind, id, seq, to int64) {
	if len(r.Problems) >= maxProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, Problem{kind, EntryID(id), seq, to})
}
