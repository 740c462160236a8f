package db

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// CountNodes reads now who holds a number.
func CountNodes(ctx context.Context, d *DB) { d.countNodes(ctx) }

// Waiting is the number of units queued and not yet taken.
func Waiting(d *DB) int {
	switch e := d.eng.(type) {
	case *liteEngine:
		return len(e.w.q.units)
	case *pgEngine:
		return len(e.q.units)
	}
	return 0
}

// FailCommit makes every COMMIT of cfg's SQLite database ask f first.
func FailCommit(cfg *Config, f func() error) { cfg.hooks.beforeCommit = f }

// Checkpoint makes the log's copy as the checkpointer does, and returns the
// length of the log in pages.
func Checkpoint(d *DB, limit int) (frames int, err error) {
	p := d.eng.(*liteEngine).checkpointer
	if err := p.once(limit); err != nil {
		return 0, err
	}
	return checkpoint(p.c)
}

// TellPlans calls f for each part of a statement that a reader of d's SQLite database plans.
func TellPlans(d *DB, f func()) error {
	e := d.eng.(*liteEngine)
	for _, c := range e.readers.free {
		if err := c.c.SetAuthorizer(sqlite.AuthorizeFunc(func(sqlite.Action) sqlite.AuthResult {
			f()
			return sqlite.AuthResultOK
		})); err != nil {
			return err
		}
	}
	return nil
}
