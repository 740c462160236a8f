package dossier_test

import (
	"context"
	"io/fs"
	"testing"
	"testing/fstest"

	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/onestop/dossier"
)

// before0070 are the tables as they stood before tasks knew their owner.
func before0070(t *testing.T) db.Migrations {
	t.Helper()
	all := dossier.Migrations()
	old := fstest.MapFS{}
	files, err := fs.Glob(all.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if name >= "0070" {
			continue
		}
		text, err := fs.ReadFile(all.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		old[name] = &fstest.MapFile{Data: text}
	}
	return db.Migrations{Module: all.Module, FS: old}
}

// Tasks that were open when the owner came have it from their dossier.
func TestOpenTasksLearnTheirOwner(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, []db.Migrations{before0070(t)}, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			for id, competent := range map[int64]int64{1: 70, 2: 80} {
				if err := tx.Exec(`INSERT INTO dossier_dossier (id, code, service, package, procedure, variant, state, channel, reception_unit, receiving_unit,
 competent_unit, submitter, applicant, phone, mail, submitted_at, receive_by, process, version)
 VALUES ($1, $2, '', '', '', '', 4, 'online', 7, 7, $3, 0, '', '', $4, 0, 0, '{}', 1)`, id, "H26-"+string(rune('0'+id)), competent, false); err != nil {
					return err
				}
				if err := tx.Exec(`INSERT INTO dossier_task (id, dossier_id, token, step, role, unit, assignee, open, due_at, opened_at, code, package, procedure,
 applicant, state, version, last_by, last_at) VALUES ($1, $2, 1, '', '', 9, 0, $3, 0, 0, '', '', '', '', 4, 1, '', 0)`, id+10, id, true); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(ctx, []db.Migrations{dossier.Migrations()}); err != nil {
			t.Fatal(err)
		}
		for task, want := range map[int64]int64{11: 70, 12: 80} {
			var got int64
			if err := d.View(ctx, func(_ context.Context, v *db.View) error {
				return v.QueryRow(`SELECT owner FROM dossier_task WHERE id = $1`, task).Scan(&got)
			}); err != nil || got != want {
				t.Errorf("task %d is owned by %d, %v; want %d", task, got, err, want)
			}
		}
	})
}
