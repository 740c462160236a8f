package app_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/onestop/process"
)

// An erased dossier takes its files with it, those of officers too, and none that anything else names:
// what a result shows, what another signed, handed in or is about to hand in. A file that came again
// just now stays as well: its row may be on its way.
func TestErasureLeavesFilesThatOthersName(t *testing.T) {
	t.Parallel()
	test := func(t *testing.T, opts ...citytest.Option) {
		t.Parallel()
		s := sow(t, opts...)
		ctx := t.Context()
		put := func(text string, age time.Duration) blob.Ref {
			t.Helper()
			ref, err := s.Blobs.Put(ctx, bytes.NewReader([]byte(text)), 1<<10)
			s.ok(err)
			at := clock.System().Now().Add(-age)
			s.ok(os.Chtimes(filepath.Join(s.Config.Data, "blobs", ref.SHA256[:2], ref.SHA256[2:4], ref.SHA256), at, at))
			return ref
		}
		var all []int64
		s.ok(s.DB.View(ctx, func(_ context.Context, q *db.View) (err error) {
			all, err = db.All(q, db.Value[int64], `SELECT dossier_id FROM dossier_content ORDER BY dossier_id`)
			return err
		}))
		v, other := all[0], all[1]
		const kept, gone, old = true, false, 2 * time.Hour
		want := map[blob.Ref]bool{}
		papers := "[]"
		name := func(what string, stays bool, age time.Duration, sql string, args ...any) {
			t.Helper()
			ref := put(what, age)
			want[ref] = stays
			papers = papers[:len(papers)-1] + `{"paper":"a","sha256":"` + ref.SHA256 + `"},]`
			if sql == "" {
				return
			}
			s.ok(s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return tx.Exec(sql, append([]any{ref.SHA256}, args...)...) }))
			if s.named()[ref.SHA256] == "" {
				t.Fatalf("the city has no row for: %s", sql)
			}
		}
		name("a paper of this dossier alone", gone, old, "")
		name("a paper that came again just now", kept, 0, "")
		name("an upload", kept, old, `UPDATE upload_upload SET sha256 = $1`)
		name("a draft", kept, old, `UPDATE apply_draft SET papers = '[{"sha256":"' || $1 || '"}]'`)
		name("an intake", kept, old, `UPDATE counter_intake SET content = '{"papers":[{"sha256":"' || $1 || '"}]}' WHERE id = (SELECT MIN(id) FROM counter_intake)`)
		name("a request", kept, old, `UPDATE rights_request SET paper = $1 WHERE id = (SELECT MIN(id) FROM rights_request)`)
		name("another dossier", kept, old, `UPDATE dossier_content SET papers = '[{"sha256":"' || $1 || '"}]' WHERE dossier_id = $2`, other)
		name("another's result", kept, old, `UPDATE dossier_content SET officer = '{"x":"' || $1 || '"}' WHERE dossier_id = $2`, other)
		name("a result of the city", kept, old, `UPDATE result_result SET sha256 = $1 WHERE id = (SELECT MIN(id) FROM result_result)`)
		name("what another signed", kept, old, `UPDATE signature_paper SET subject_id = $2, signed_sha = $1 WHERE id = (SELECT MIN(id) FROM signature_paper)`, other)
		officer := put("what an officer added", old)
		want[officer] = gone
		s.ok(s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			if err := tx.Exec(`UPDATE dossier_content SET papers = $2, officer = '{"x":"' || $3 || '"}' WHERE dossier_id = $1`, v, papers[:len(papers)-2]+"]", officer.SHA256); err != nil {
				return err
			}
			return tx.Exec(`UPDATE dossier_dossier SET state = $2, closed_at = 1 WHERE id = $1`, v, int64(process.Returned))
		}))
		files, err := s.Rights.Dossiers.Erase(ctx, v, []byte(`{"rule":"test"}`))
		s.ok(err)
		s.ok(s.Rights.Dossiers.Release(ctx, files))
		for ref, stays := range want {
			text := fmt.Sprint(ref)
			if f, err := s.Blobs.Open(ctx, ref); err == nil {
				b := make([]byte, ref.Size)
				_, _ = f.Read(b)
				_ = f.Close()
				text = string(b)
				if !stays {
					t.Errorf("still kept: %s", text)
				}
			} else if stays {
				t.Errorf("taken from under who names it (%d bytes): %v, named in %q", ref.Size, err, s.named()[ref.SHA256])
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) { test(t) })
	t.Run("postgres", func(t *testing.T) {
		url := dbtest.PostgresURL(t, app.Migrations())
		test(t, citytest.With(func(c *app.Config) { c.DB = url }))
	})
}
