package process

import (
	"slices"
	"time"
)

// Millis is an instant in epoch milliseconds; 0 is none.
type Millis int64

// Time is the instant; the zero time for none.
func (m Millis) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m))
}

func millis(t time.Time) Millis {
	if t.IsZero() {
		return 0
	}
	return Millis(t.UnixMilli())
}

// Instance is where one dossier stands. It is a value: Step returns a new one.
// Its JSON is compact and the same for the same instance.
type Instance struct {
	State  State   `json:"state"`
	Tokens []Token `json:"tokens,omitempty"`
	Last   int     `json:"last"` // number of the youngest token

	ReceiveBy Millis `json:"receiveBy,omitempty"` // until when the one-stop answers
	Accepted  Millis `json:"accepted,omitempty"`
	Due       Millis `json:"due,omitempty"`    // promised; exists from acceptance
	Paused    Millis `json:"paused,omitempty"` // since when the count stands still
	Term      string `json:"term,omitempty"`   // name of the term the due date was counted by

	Supplements int `json:"supplements,omitempty"` // asked so far
	Extensions  int `json:"extensions,omitempty"`
}

// Token is one place where the dossier stands.
type Token struct {
	N     int    `json:"n"`
	Step  string `json:"step"`
	Wait  Wait   `json:"wait,omitempty"`  // empty: an officer's task is open
	Since Millis `json:"since"`           //
	Timer Millis `json:"timer,omitempty"` // when it moves by itself
}

// Wait says what a token without an officer's task waits for.
type Wait string

// The waits.
const (
	ForSupplement Wait = "supplement" // the applicant completes the dossier
	ForApplicant  Wait = "applicant"  // the applicant acts at this step
)

// Token returns the token with number n.
func (i Instance) Token(n int) (Token, bool) {
	k := slices.IndexFunc(i.Tokens, func(t Token) bool { return t.N == n })
	if k < 0 {
		return Token{}, false
	}
	return i.Tokens[k], true
}

// At returns the token that stands at a step.
func (i Instance) At(step string) (Token, bool) {
	k := slices.IndexFunc(i.Tokens, func(t Token) bool { return t.Step == step })
	if k < 0 {
		return Token{}, false
	}
	return i.Tokens[k], true
}

// Waiting returns the token that waits for w.
func (i Instance) Waiting(w Wait) (Token, bool) {
	k := slices.IndexFunc(i.Tokens, func(t Token) bool { return t.Wait == w })
	if k < 0 {
		return Token{}, false
	}
	return i.Tokens[k], true
}
