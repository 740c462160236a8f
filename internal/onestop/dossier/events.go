package dossier

import (
	"time"

	"github.com/go-json-experiment/json/v1"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/process"
)

// SubjectType is the journal subject of a dossier.
const SubjectType = "dossier"

// Kinds of journal entries about a dossier. An act is published under its own
// word, "dossier.accept"; the milestones that it reached stand in its payload.
const (
	KindSubmitted = "dossier.submitted"
	KindClaimed   = "dossier.claimed"
	KindAssigned  = "dossier.assigned"
	KindSupplied  = "dossier.supplied"
	KindWithdrawn = "dossier.withdrawn"
	KindTimer     = "dossier.timer"
	// KindNote is a note of an officer for officers: Comment is its text, Whom are the
	// colleagues that it mentions. No applicant reads it.
	KindNote = "dossier.note"

	// Orders of leaders. The payload's order names the accounts: of ordered and closed the
	// officer is to be told, of answered the leader.
	KindOrdered       = "dossier.ordered" // also when the leader insists: round is above 1
	KindOrderAnswered = "dossier.orderAnswered"
	KindOrderClosed   = "dossier.orderClosed"

	kindActPrefix  = "dossier.act."
	maxCommentSize = 4000 // runes
)

// KindOf is the journal kind of an officer's action.
func KindOf(action string) string { return kindActPrefix + action }

// Happening is the payload of an entry: what a timeline, a notice and a report
// need. Names and comments stand here and nowhere in the header, so that they can
// be erased.
type Happening struct {
	Step    string             `json:"step,omitempty"`
	Action  string             `json:"action,omitempty"`
	By      string             `json:"by,omitempty"`
	Role    string             `json:"role,omitempty"`
	For     string             `json:"for,omitempty"` // the absent person in whose place By acts, or from whom a task went
	Comment string             `json:"comment,omitempty"`
	State   process.State      `json:"state"`
	Due     int64              `json:"due,omitempty"`    // epoch milliseconds
	DueWhy  string             `json:"dueWhy,omitempty"` // where the act set Due: accepted, restarted, resumed, extended, redated
	Count   *calendar.Count    `json:"count,omitempty"`  // how Due was counted, where the act set it
	Reached []string           `json:"reached,omitempty"`
	Term    *calendar.Deadline `json:"term,omitempty"`    // what a decision table gave, so that a replay is exact
	Papers  []string           `json:"papers,omitempty"`  // papers of the one-stop that the act made
	Numbers map[string]int64   `json:"numbers,omitempty"` // of those that carry one: by paper, in the year of the act, at the receiving agency
	To      []Moved            `json:"to,omitempty"`
	Answers []byte             `json:"-"`
	Content string             `json:"content,omitempty"` // SHA-256 of what was filed
	Left    []string           `json:"left,omitempty"`    // steps that ended beside Step
	Late    bool               `json:"late,omitempty"`    // the task's term had run out
	Sorry   int64              `json:"sorry,omitempty"`   // of an apology that came too late: until when it was due
	When    int64              `json:"when,omitempty"`    // instant of the act, by which its dates are counted; the entry is written a moment later
	Paused  int64              `json:"paused,omitempty"`  // the count stands still since, after the act
	Owed    int64              `json:"owed,omitempty"`    // a fee is due since and has not come, after the act
	TaskDue int64              `json:"taskDue,omitempty"` // until when the task was to be done
	Mail    bool               `json:"mail,omitempty"`    // the applicant reads notices by e-mail
	Public  bool               `json:"public,omitempty"`  // the comment is for the applicant
	Parent  string             `json:"parent,omitempty"`  // code of the dossier that opened this one
	Child   string             `json:"child,omitempty"`   // code of the child that ended
	Service string             `json:"service,omitempty"` // package of the child
	Outcome process.State      `json:"outcome,omitempty"` // state of the child

	Said *Said `json:"said,omitempty"` // of a filing

	Cause     string      `json:"cause,omitempty"`     // why a branch got stuck: a message key
	Authority string      `json:"authority,omitempty"` // the order that a correction rests on
	Link      string      `json:"link,omitempty"`      // code of the dossier that a duplicate went into or came from
	Whom      []int64     `json:"whom,omitempty"`      // accounts that the entry is addressed to: given the task, mentioned, ordered
	Escalated *Escalation `json:"escalated,omitempty"`
	Order     *Ordered    `json:"order,omitempty"`    // of an order and its answer
	Imported  bool        `json:"imported,omitempty"` // came from another system: the line tells when that says it happened
	Demo      bool        `json:"demo,omitempty"`     // invented: the line tells when it is meant to have happened
	Shift     *Shift      `json:"shift,omitempty"`    // of a move to other units
	Passed    []string    `json:"passed,omitempty"`   // steps at which a declared rule of a reorganisation acted
}

// Ordered is the part of an entry that speaks of a leader's order; the words of leader and
// officer are its comment.
type Ordered struct {
	ID       string `json:"id"`
	Leader   int64  `json:"leader"`             // account, to be told of the answer
	Officer  int64  `json:"officer"`            // account, to be told of the order and of its end
	Name     string `json:"name"`               // of the officer
	Due      int64  `json:"due"`                // until when the answer is asked, epoch milliseconds
	Forecast string `json:"forecast,omitempty"` // day on which the result is expected now
	Round    int    `json:"round"`              // 1, and one more each time the leader insisted
}

// Said is what whoever filed was told beside code and state, kept so that a repeated filing gets
// the same answer.
type Said struct {
	ReceiveBy int64  `json:"receiveBy"` // epoch milliseconds
	Warnings  int    `json:"warnings,omitempty"`
	Task      TaskID `json:"task,omitzero"` // the first task; told to those who may act on it
	Version   int64  `json:"version,omitempty"`
}

// Moved is where a branch went.
type Moved struct {
	Step string `json:"step"`
	Role string `json:"role"`
	Unit int64  `json:"unit,omitempty"`
}

// Line is one line of a dossier's timeline.
type Line struct {
	ID   journal.EntryID
	At   time.Time
	Kind string
	Unit string // code of the unit that acted, as in the header
	// Actor is the account that acted; 0 where the program or a reader without rights looks.
	Actor int64
	Happening
	Erased bool
}

func lineOf(r journal.Record) (Line, error) {
	l := Line{ID: r.ID, At: r.At, Kind: r.Kind, Unit: r.Unit, Actor: r.Actor, Erased: r.Erased}
	if r.Erased {
		return l, nil
	}
	err := json.Unmarshal(r.Payload, &l.Happening)
	if l.Demo || l.Imported {
		l.At = r.Occurred
	}
	return l, err
}
