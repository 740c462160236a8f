package identity

import (
	"encoding/json"

	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
	"khue/internal/register/orgunit"
)

// Subjects of journal entries.
const (
	SubjectChange  = "identity"         // id of the change
	SubjectOfficer = "identity.officer" // the account
	SubjectLeave   = "identity.leave"   // id of the leave
	SubjectUnit    = "identity.unit"    // the unit
)

// Kinds of journal entries; the payload is Told as JSON.
const (
	EventEnrolled       = "identity.enrolled"
	EventProposed       = "identity.proposed"
	EventApproved       = "identity.approved"
	EventRejected       = "identity.rejected"
	EventWithdrawn      = "identity.withdrawn"
	EventInvited        = "identity.invited"
	EventMoved          = "identity.moved" // the work of the old post went back
	EventLeft           = "identity.left"  // left the service: signs in no more
	EventContact        = "identity.contact"
	EventBarred         = "identity.barred" // shut out at once
	EventPassword       = "identity.password"
	EventLeaveEntered   = "identity.leave.entered"
	EventLeaveBegan     = "identity.leave.began"
	EventLeaveEnded     = "identity.leave.ended"
	EventLeaveCancelled = "identity.leave.cancelled"
	EventDutiesShared   = "identity.duties.shared" // one person may receive, verify and sign
	EventDutiesApart    = "identity.duties.apart"
)

// Told is what happened. Names of people stand here and nowhere in the header.
type Told struct {
	Kind   Kind   `json:"kind,omitempty"`
	By     string `json:"by,omitempty"`
	Name   string `json:"name,omitempty"`
	Number string `json:"number,omitempty"`
	Deputy string `json:"deputy,omitempty"`
	From   string `json:"from,omitempty"`
	Until  string `json:"until,omitempty"`
	Reason string `json:"reason,omitempty"`
	Tasks  int    `json:"tasks,omitempty"`
	Body   *Body  `json:"body,omitempty"`
}

func (s *Service) append(tx *db.Tx, kind, subject string, of, actor int64, u orgunit.UnitID, t Told) error {
	payload, err := json.Marshal(t)
	if err != nil {
		return err
	}
	e := journal.Entry{Kind: kind, Subject: journal.Subject{Type: subject, ID: of}, Actor: actor, Payload: payload}
	if u != 0 {
		e.Unit = u.String()
	}
	_, err = s.Journal.Append(tx, e)
	return err
}
