package db

import (
	"log/slog"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/trace"
)

// Config says which database to open and how. Only URL must be set.
type Config struct {
	URL     string        // "sqlite:/path/khue.db" or "postgres://…"
	Readers int           // connections for View; 0 means one per processor, at least 4
	Workers int           // PostgreSQL connections that commit units; 0 means 4
	Clock   clock.Clock   // nil means the system's
	Node    uint16        // fixed node number; 0 leases one from the database
	Stuck   time.Duration // a unit that waits longer fails and names who holds the writer; 0 means 15 s
	Slow    time.Duration // statements that take longer are remembered; 0 means 250 ms, below 0 none
	Trace   *trace.Tracer // a span for each unit of work; nil makes none
	Log     *slog.Logger  // nil means slog.Default
	Strict  bool          // tests: misuse panics at once instead of timing out
	Twice   bool          // tests: SQLite undoes each unit's first run and runs it again, as a neighbour's failure does

	hooks faults // planted faults of this package's tests
}

// faults are places where this package's tests break things on purpose.
type faults struct {
	beforeCommit func() error // after the sealers, before COMMIT
}
