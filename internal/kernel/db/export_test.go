package db

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
