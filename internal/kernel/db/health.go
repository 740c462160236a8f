package db

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/measure"
)

// Replica is a server that copies this one.
type Replica struct {
	Name  string
	State string        // streaming, catchup …
	Sync  bool          // commits wait for it
	Lag   time.Duration // how far behind it applies
}

// Condition is how the database is.
type Condition struct {
	Engine   string
	Size     int64    // bytes of the database
	Log      int64    // bytes of the write-ahead log beside it; SQLite only
	Careless []string // settings under which the server may forget what it acknowledged
	Replicas []Replica
	Version  string
}

// Condition asks the database how it is. It reads no table of the house.
func (d *DB) Condition(ctx context.Context) (c Condition, err error) {
	defer errs.Op(&err, "db.Condition")
	c.Engine = d.eng.name()
	if path, lite := d.File(); lite {
		c.Size, c.Log = sizeOf(path), sizeOf(path+"-wal")
		err = d.View(ctx, func(_ context.Context, v *View) error {
			return v.QueryRow(`SELECT sqlite_version()`).Scan(&c.Version)
		})
		return c, err
	}
	err = d.View(ctx, func(_ context.Context, v *View) error {
		if err := v.QueryRow(`SELECT pg_database_size(current_database()), current_setting('server_version')`).Scan(&c.Size, &c.Version); err != nil {
			return err
		}
		var off string
		if err := v.QueryRow(carelessSQL).Scan(&off); err != nil {
			return err
		}
		c.Careless = strings.Fields(off)
		c.Replicas, err = All(v, func(s Scanner) (r Replica, err error) {
			var ms int64
			err = s.Scan(&r.Name, &r.State, &r.Sync, &ms)
			r.Lag = time.Duration(ms) * time.Millisecond
			return r, err
		}, `SELECT application_name, coalesce(state, ''), coalesce(sync_state, '') IN ('sync', 'quorum'),
			CAST(coalesce(extract(epoch FROM replay_lag) * 1000, 0) AS BIGINT) FROM pg_stat_replication ORDER BY application_name`)
		return err
	})
	return c, err
}

// carelessSQL names the settings that forget acknowledged writes.
const carelessSQL = `SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') FROM pg_settings
	WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'`

// File is the database's file; false where it is a server.
func (d *DB) File() (path string, lite bool) {
	if !d.SingleWriter() {
		return "", false
	}
	path, err := filepath.Abs(strings.TrimPrefix(strings.TrimPrefix(d.cfg.URL, "sqlite:"), "//"))
	return path, err == nil
}

func sizeOf(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}

// String says a condition in one line, for a terminal.
func (c Condition) String() string {
	return fmt.Sprintf("%s %s, %d MB", c.Engine, c.Version, c.Size>>20)
}

// Measures are the figures of the database.
func (d *DB) Measures() []measure.Group {
	return []measure.Group{
		{
			Name: "commits",
			Figures: []measure.Figure{
				{Name: "khue_db_commits_total", Help: "Commits on this node.", Total: true},
				{Name: "khue_db_units_total", Help: "Units of work committed on this node; divided by commits: how many share one.", Total: true},
				{Name: "khue_db_units_rerun_total", Help: "Units run again because a neighbour broke their group.", Total: true},
				{Name: "khue_db_queries_total", Help: "Statements that read.", Total: true},
				{Name: "khue_db_writes_total", Help: "Statements that wrote.", Total: true},
				{Name: "khue_db_slow_total", Help: "Statements and units that took longer than the threshold.", Total: true},
			},
			Now: func(put measure.Put) {
				s := d.Stats()
				put("khue_db_commits_total", float64(s.Commits))
				put("khue_db_units_total", float64(s.Units))
				put("khue_db_units_rerun_total", float64(s.Rerun))
				put("khue_db_queries_total", float64(s.Queries))
				put("khue_db_writes_total", float64(s.Writes))
				put("khue_db_slow_total", float64(d.slow.n.Load()))
			},
		},
		{
			Name: "database", Every: 30 * time.Second,
			Figures: []measure.Figure{
				{Name: "khue_db_bytes", Help: "Size of the database."},
				{Name: "khue_db_wal_bytes", Help: "Size of the write-ahead log beside it (SQLite)."},
				{Name: "khue_db_careless_settings", Help: "Settings of the server under which acknowledged writes may be lost; 0 is right."},
				{Name: "khue_db_replicas", Help: "Servers that copy this one (PostgreSQL)."},
				{Name: "khue_db_replica_lag_seconds", Help: "How far the slowest of them is behind."},
			},
			Read: func(ctx context.Context, put measure.Put) error {
				c, err := d.Condition(ctx)
				if err != nil {
					return err
				}
				put("khue_db_bytes", float64(c.Size))
				put("khue_db_wal_bytes", float64(c.Log))
				put("khue_db_careless_settings", float64(len(c.Careless)))
				put("khue_db_replicas", float64(len(c.Replicas)))
				var lag time.Duration
				for _, r := range c.Replicas {
					lag = max(lag, r.Lag)
				}
				put("khue_db_replica_lag_seconds", lag.Seconds())
				return nil
			},
		},
	}
}
