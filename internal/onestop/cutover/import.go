package cutover

import (
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/register/orgunit"
)

// ImportID names an import.
type ImportID = id.Of[Import]

// Status is where an import stands.
type Status string

// The statuses. Checking and Running work by a job; Checked waits for the administrator.
const (
	Checking Status = "checking"
	Checked  Status = "checked"
	Running  Status = "running"
	Done     Status = "done"
	Dropped  Status = "dropped"
)

// Import is a file on its way in, with what its stage counted so far.
type Import struct {
	ID      ImportID
	File    string
	SHA256  string
	Size    int64
	Account int64
	Name    string
	// Units are the agencies whose dossiers the uploader may bring in; nil: all.
	Units  []orgunit.UnitID
	Status Status
	// Total rows of the file = Unreadable + the readable ones, of which Place are dealt with.
	Total, Unreadable, Place int

	Added, Open, Same, Changed, Refused, Doubts int

	UploadedAt, StartedAt, EndedAt time.Time
}

// Busy reports whether a job works on it.
func (i Import) Busy() bool { return i.Status == Checking || i.Status == Running }

// Percent is how far the stage is.
func (i Import) Percent() int {
	if i.Total <= i.Unreadable {
		return 100
	}
	return i.Place * 100 / (i.Total - i.Unreadable)
}

// Note is what is to be said of one row.
type Note struct {
	Line    int
	Code    string
	Outcome string // refused, changed, doubt
	Key     string
	Params  errs.Params
}
