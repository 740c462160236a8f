package jobs

import (
	"context"
	"encoding/json"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
)

// JobID names a job.
type JobID = id.Of[Job]

// Job is work to be done.
type Job struct {
	Kind   string    // names the Handler
	Args   any       // made JSON; a few ids, never a document
	RunAt  time.Time // not before; zero means at once
	Unique string    // while a job of the same kind and key waits or runs, another is dropped silently
}

// Task is a job as its handler sees it.
type Task struct {
	ID      JobID
	Kind    string
	Args    json.RawMessage
	Attempt int // 1 at the first
	RunAt   time.Time
	queue   *Queue
	done    *bool
}

// Read fills v from the task's arguments.
func (t Task) Read(v any) error { return json.Unmarshal(t.Args, v) }

// Done removes the job in the handler's own transaction: effect and completion
// commit together. The handler must then return nil.
func (t Task) Done(tx *db.Tx) error { return t.queue.finish(tx, t) }

// Handler does the jobs of one kind.
type Handler struct {
	Kind        string
	Do          func(ctx context.Context, t Task) error
	MaxAttempts int           // 0 means 12, about three days of tries
	Timeout     time.Duration // of one try; 0 means a minute

	// Many does up to BatchSize due jobs together, for kinds that come in their tens of
	// thousands at one instant: it saves reads and commits. It only ever helps: what it has
	// not marked by Task.Done is done by Do, one by one, whatever Many returned. Kinds with
	// Many have workers of their own, so that their backlog holds up nobody else's jobs.
	Many func(ctx context.Context, ts []Task) error
}

// BatchSize bounds what Handler.Many is given.
const BatchSize = 64

// Periodic enqueues a job of the kind at every multiple of Every, once in the
// whole city however many nodes run. What was missed while nobody ran is done once.
type Periodic struct {
	Kind  string
	Every time.Duration
	// Offset shifts the instants: Every 24 h with Offset 2 h is 02:00 each day in Vietnam.
	Offset time.Duration
}
