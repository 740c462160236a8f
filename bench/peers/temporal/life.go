package main

import (
	"context"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Command is one act on a dossier, as small as the body that Khue's bench posts for it.
type Command struct {
	Task    string
	Version int64
	Action  string
	Answers string
}

// Moved is what an act answers.
type Moved struct {
	Task    string
	Version int64
	State   string
}

// acts are the six transitions after the filing, those of Khue's bench.
var acts = [...]Command{
	{Action: "accept"},
	{Action: "approve"},
	{Action: "approve", Answers: `{"book.number":17,"book.year":2025}`},
	{Action: "sign"},
	{Action: "number"},
	{Action: "issue"},
}

// Life is a dossier's life as a workflow: the form is filed by the first activity and moved by
// six more, one after the other. Only the first carries the form.
func Life(ctx workflow.Context, submission []byte) (Moved, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 3},
	})
	var m Moved
	var a *Acts
	if err := workflow.ExecuteActivity(ctx, a.File, submission).Get(ctx, &m); err != nil {
		return m, err
	}
	for _, c := range acts {
		c.Task, c.Version = m.Task, m.Version
		if err := workflow.ExecuteActivity(ctx, a.Move, c).Get(ctx, &m); err != nil {
			return m, err
		}
	}
	return m, nil
}

// Acts are the activities, counted as they are done.
type Acts struct{ N atomic.Int64 }

// File does nothing with the form: the engine is measured, not the work.
func (a *Acts) File(_ context.Context, _ []byte) (Moved, error) {
	a.N.Add(1)
	return Moved{Task: "1790263520137318401", Version: 1, State: "submitted"}, nil
}

// Move does nothing either.
func (a *Acts) Move(_ context.Context, c Command) (Moved, error) {
	a.N.Add(1)
	return Moved{Task: c.Task, Version: c.Version + 1, State: c.Action}, nil
}
