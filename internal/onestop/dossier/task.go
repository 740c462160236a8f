package dossier

import (
	"time"

	"khue/internal/kernel/id"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// TaskID names a branch of a dossier at work.
type TaskID = id.Of[Task]

// Task is the piece of work that one branch of a dossier waits for. It carries
// what a queue shows, so that a queue is read from one table. Its Version grows
// with each move, claim and assignment; a command names the version it saw.
type Task struct {
	ID        TaskID
	Dossier   ID
	Token     int // of the process instance
	Step      string
	Role      string // process.RoleApplicant where the applicant acts
	Unit      orgunit.UnitID
	Owner     orgunit.UnitID // agency that decides the dossier, wherever the task stands
	Assignee  int64          // account; 0 while nobody took it
	Open      bool
	DueAt     time.Time // until when this task should be done
	OpenedAt  time.Time
	Code      string
	Package   string
	Procedure string
	Applicant string
	State     process.State
	Promised  time.Time // the dossier's due date; zero before acceptance
	Version   int64
	LastBy    string // who acted last
	LastAt    time.Time
	Did       record    // the dossier's, as the task was opened
	WarnAt    time.Time // when the next rule of warning falls due; zero where none does
}

// Late reports whether the task's own term has run out.
func (t Task) Late(now time.Time) bool { return t.Open && now.After(t.DueAt) }

// TaskFilter selects tasks of a queue. Tasks come by due date, the first due first.
type TaskFilter struct {
	Unit      orgunit.UnitID // required unless Mine
	Roles     []string       // required unless Mine
	Mine      int64          // tasks that this account took
	State     process.State  // 0: any
	Procedure string         // "": any
	Holder    Holder
	Due       Urgency
	DueBefore time.Time
	After     TaskCursor
	Limit     int // 1 to 200; 0 means 50
}

// TaskCursor is the place after which a page begins.
type TaskCursor struct {
	Due int64 // epoch milliseconds
	ID  TaskID
}

// TaskPage is one page of a queue.
type TaskPage struct {
	Tasks []Task
	Next  *TaskCursor // nil at the end
}

// Command is an act on a task.
type Command struct {
	Task     TaskID
	Version  int64            // that the actor saw
	Action   string           // of the step: accept, approve, refuse
	Answers  []byte           // JSON object of the action's form; nil where nothing is asked
	Files    []form.File      // that answer questions of the action's form; kept already
	Comment  string           // reason, shown where the action tells the applicant something
	Units    []orgunit.UnitID // of consult: whom to ask
	Key      string           // client's request id
	Occurred time.Time
}

// Outcome is where an act left the dossier.
type Outcome struct {
	Dossier ID
	Code    string
	State   process.State
	DueAt   time.Time
	Task    TaskID // the branch that the act was on
	Version int64  // its version now
	Step    string // where the branch stands; empty where it ended or waits for the applicant
	Entry   string // id of the journal entry
}
