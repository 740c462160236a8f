package process

import (
	"fmt"
	"slices"
)

// State is the core state of a dossier. The numbers are the national portal's
// codes, one to one. Late is no state: it is computed from the due date.
type State uint8

// The states. The zero State is a dossier that was never submitted.
const (
	Submitted   State = 1  // sent, or sent again after a supplement; not yet accepted
	Accepted    State = 2  // accepted at the one-stop, the due date is set
	NotAccepted State = 3  // refused at the one-stop
	Processing  State = 4  // an officer has acted on it
	Supplement  State = 5  // waits for the applicant to complete it
	Financial   State = 6  // waits for a payment
	Withdrawn   State = 7  // taken back by the applicant
	Stopped     State = 8  // ended without the result
	Done        State = 9  // the result is ready for its owner
	Returned    State = 10 // the owner has it
)

//nolint:gochecknoglobals // immutable table
var stateNames = [...]string{"", "submitted", "accepted", "notAccepted", "processing", "supplement",
	"financial", "withdrawn", "stopped", "done", "returned"}

// ParseState reads a name.
func ParseState(s string) (State, bool) {
	i := slices.Index(stateNames[:], s)
	return State(max(i, 0)), i > 0
}

// String is the name as it stands in JSON and in message keys ("process.state.submitted").
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return ""
}

// National is the code of the national portal.
func (s State) National() int { return int(s) }

// Ended reports whether nothing can happen to the dossier any more.
func (s State) Ended() bool {
	return s == NotAccepted || s == Withdrawn || s == Stopped || s == Returned
}

// Paused reports whether the count stands still and the dossier is nobody's delay.
func (s State) Paused() bool { return s == Supplement || s == Financial }

// MarshalText writes the name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name.
func (s *State) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*s = 0
		return nil
	}
	v, ok := ParseState(string(b))
	if !ok {
		return fmt.Errorf("process: unknown state %q", b)
	}
	*s = v
	return nil
}

// next holds the changes that the national portal understands.
//
//nolint:gochecknoglobals // immutable table
var next = [...][]State{
	0:         {Submitted},
	Submitted: {Accepted, NotAccepted, Supplement, Withdrawn, Stopped},
	// A fee that falls due with the acceptance is asked for at once: the national table writes
	// 2, 4, 6 where nothing happens at 4.
	Accepted:   {Processing, Supplement, Financial, Withdrawn, Stopped, Done},
	Processing: {Supplement, Financial, Withdrawn, Stopped, Done},
	Supplement: {Submitted, Processing, Financial, Withdrawn, Stopped},
	Financial:  {Processing, Supplement, Done, Stopped, Withdrawn},
	Done:       {Returned, Processing, Financial},
	Returned:   nil,
}

// May reports whether a dossier may go from s to t.
func (s State) May(t State) bool { return int(s) < len(next) && slices.Contains(next[s], t) }
