package identity

import (
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/id"
	"khue/internal/register/orgunit"
)

// ChangeID names a change.
type ChangeID = id.Of[Change]

// Kind is what a change does.
type Kind string

// The kinds.
const (
	Appoint Kind = "appoint" // one person gets one post
	End     Kind = "end"     // one post ends
	Import  Kind = "import"  // many get posts, from a spreadsheet
	Office  Kind = "office"  // an agency gets one more office
	AddPost Kind = "post"    // a unit gets one more post
	Move    Kind = "move"    // one post ends and another begins the day after
	Depart  Kind = "depart"  // somebody leaves the service
	Reset   Kind = "reset"   // somebody lost every way in
)

// Status is where a change stands.
type Status string

// The statuses. A draft is a spreadsheet that its sender has not sent on yet.
const (
	Draft     Status = "draft"
	Proposed  Status = "proposed"
	Approved  Status = "approved"
	Rejected  Status = "rejected"
	Withdrawn Status = "withdrawn"
)

// Entry is one post to be given. Account 0 is a person who has none yet: Login, Name and
// Email make one.
type Entry struct {
	Account  int64          `json:"account,omitempty"`
	Login    string         `json:"login"`
	Name     string         `json:"name"`
	Email    string         `json:"email,omitempty"`
	Phone    string         `json:"phone,omitempty"`
	Unit     orgunit.UnitID `json:"unit"`
	Role     orgunit.Role   `json:"role"`
	From     clock.Date     `json:"from"`
	Until    clock.Date     `json:"until"` // last day; zero: open
	Decision string         `json:"decision"`
	Sign     Sign           `json:"sign,omitempty"`
	Line     int            `json:"line,omitempty"` // of the spreadsheet
}

// Ending is one post to be ended.
type Ending struct {
	Account  int64          `json:"account"`
	Name     string         `json:"name"`
	Unit     orgunit.UnitID `json:"unit"`
	Role     orgunit.Role   `json:"role"`
	From     clock.Date     `json:"from"` // of the post, by which it is known
	Last     clock.Date     `json:"last"` // last day on which it is held
	Decision string         `json:"decision"`
}

// Departure is the end of somebody's service: all their posts end, they sign in no more, and
// their work goes back to the queues.
type Departure struct {
	Account  int64            `json:"account"`
	Name     string           `json:"name"`
	Units    []orgunit.UnitID `json:"units"` // where they hold posts
	Last     clock.Date       `json:"last"`
	Decision string           `json:"decision"`
}

// Resetting takes every way in from an officer who lost them, so that they may begin anew by an
// invitation to their own address. It changes no post.
type Resetting struct {
	Account int64            `json:"account"`
	Name    string           `json:"name"`
	Units   []orgunit.UnitID `json:"units"`           // where they hold posts
	Leads   []orgunit.UnitID `json:"leads,omitempty"` // which they lead
	Reason  string           `json:"reason"`
}

// Body is what a change does, by its kind.
type Body struct {
	Entries []Entry       `json:"entries,omitempty"`
	End     *Ending       `json:"end,omitempty"`
	Add     *AdditionBody `json:"add,omitempty"`
	Depart  *Departure    `json:"depart,omitempty"`
	Reset   *Resetting    `json:"reset,omitempty"`
	File    string        `json:"file,omitempty"`   // name of the spreadsheet
	Faults  []RowFault    `json:"faults,omitempty"` // of a draft
	Rows    int           `json:"rows,omitempty"`
}

// AdditionBody is an office or post to be added.
type AdditionBody struct {
	From   clock.Date     `json:"from"`
	Name   string         `json:"name,omitempty"`
	NameEN string         `json:"nameEN,omitempty"`
	Roles  []orgunit.Role `json:"roles"`
	Source string         `json:"source"`
}

// Change is one wish and what became of it. It is decided once, by another person, and
// never edited.
type Change struct {
	ID         ChangeID
	Kind       Kind
	Unit       orgunit.UnitID // under whose authority
	Account    int64          // whose post; 0 where nobody's or of several
	Body       Body
	Status     Status
	Proposer   int64
	ProposedBy string
	ProposedAt time.Time
	Decider    int64
	DecidedBy  string
	DecidedAt  time.Time
	Reason     string
	subject    string
}

// leads reports whether the change is about a post that leads an agency.
func (c Change) leads() []orgunit.UnitID {
	var out []orgunit.UnitID
	add := func(u orgunit.UnitID, r orgunit.Role) {
		if r.Acts(orgunit.RoleLeader) {
			out = append(out, u)
		}
	}
	for _, e := range c.Body.Entries {
		add(e.Unit, e.Role)
	}
	if e := c.Body.End; e != nil {
		add(e.Unit, e.Role)
	}
	if r := c.Body.Reset; r != nil {
		out = append(out, r.Leads...)
	}
	return out
}
