package backup

import (
	"context"
	"embed"

	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
)

// Messages are this package's sentences (keys under "backup").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make this package's table.
func Migrations() db.Migrations { return db.Embedded("backup", migrations) }

// Follow notes the erasures that the journal tells of.
func Follow(kinds ...string) journal.Follower {
	return journal.Follower{Name: "backup.erasures", Kinds: kinds, Fn: func(_ context.Context, tx *db.Tx, r journal.Record) error {
		return tx.Exec(`INSERT INTO backup_erasure (id, at, kind, target) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING`,
			int64(r.ID), db.Millis(r.At), r.Kind, r.Subject.ID)
	}}
}

// Erasures lists what was noted with an id above after, the oldest first.
func Erasures(ctx context.Context, d *db.DB, after int64) (out []Erasure, err error) {
	err = d.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = db.All(v, func(s db.Scanner) (e Erasure, err error) {
			err = s.Scan(&e.ID, &e.At, &e.Kind, &e.Of)
			return e, err
		}, `SELECT id, at, kind, target FROM backup_erasure WHERE id > $1 ORDER BY id`, after)
		return err
	})
	return out, err
}
