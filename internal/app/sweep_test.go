package app_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/jobs"
)

// named are the names of files in all texts of all tables, each with where it stands.
func (s *seed) named() map[string]string {
	s.t.Helper()
	type column struct{ table, name string }
	out, sum := map[string]string{}, regexp.MustCompile(`[0-9a-f]{64}`)
	columns := `SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND p.type = 'TEXT'`
	if s.DB.Engine() == "postgres" {
		columns = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() AND data_type = 'text'`
	}
	s.ok(s.DB.View(s.t.Context(), func(_ context.Context, q *db.View) error {
		all, err := db.All(q, func(r db.Scanner) (c column, err error) { err = r.Scan(&c.table, &c.name); return c, err }, columns)
		for _, c := range all {
			if err != nil {
				return err
			}
			var texts []string
			texts, err = db.All(q, func(r db.Scanner) (string, error) {
				var v *string
				if err := r.Scan(&v); err != nil || v == nil {
					return "", err
				}
				return *v, nil
			}, `SELECT "`+c.name+`" FROM "`+c.table+`"`)
			for _, x := range texts {
				for _, name := range sum.FindAllString(x, -1) {
					out[name] = c.table + "." + c.name
				}
			}
		}
		return err
	}))
	return out
}

// The weekly sweep takes what is old and named by nothing, and leaves what any row of any table names,
// and what is young: somebody may be about to name it.
func TestFilesThatNothingNamesGo(t *testing.T) {
	t.Parallel()
	test := func(t *testing.T, opts ...citytest.Option) {
		t.Parallel()
		s := sow(t, opts...)
		ctx := t.Context()
		put := func(text string) blob.Ref {
			t.Helper()
			ref, err := s.Blobs.Put(ctx, bytes.NewReader([]byte(text)), 1<<10)
			s.ok(err)
			return ref
		}
		orphan := put("nothing names this")
		for _, sql := range []string{
			`UPDATE upload_upload SET sha256 = $1`, `UPDATE apply_draft SET papers = '[{"name":"a.pdf","sha256":"' || $1 || '"}]'`,
			`UPDATE counter_intake SET content = '{"papers":[{"sha256":"' || $1 || '"}]}' WHERE id = (SELECT MIN(id) FROM counter_intake)`,
			`UPDATE rights_request SET paper = $1 WHERE id = (SELECT MIN(id) FROM rights_request)`,
			`UPDATE dossier_content SET papers = '[{"sha256":"' || $1 || '"}]' WHERE dossier_id = (SELECT MIN(dossier_id) FROM dossier_content)`,
			`UPDATE dossier_content SET officer = '{"x":"' || $1 || '"}' WHERE dossier_id = (SELECT MAX(dossier_id) FROM dossier_content)`,
			`UPDATE result_result SET sha256 = $1 WHERE id = (SELECT MIN(id) FROM result_result)`, `UPDATE result_result SET drawn_sha = $1 WHERE id = (SELECT MIN(id) FROM result_result)`,
			`UPDATE signature_paper SET signed_sha = $1 WHERE id = (SELECT MIN(id) FROM signature_paper)`,
		} {
			ref := put(sql)
			s.ok(s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return tx.Exec(sql, ref.SHA256) }))
			if s.named()[ref.SHA256] == "" {
				t.Fatalf("the city has no row for: %s", sql)
			}
		}
		long := clock.System().Now() // the sweep goes by the earlier clock
		if city := s.Clock.Now(); city.Before(long) {
			long = city
		}
		long = long.Add(-100 * 24 * time.Hour)
		s.ok(filepath.WalkDir(filepath.Join(s.Config.Data, "blobs"), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			return os.Chtimes(path, long, long)
		}))
		var were []blob.Ref
		s.ok(s.Blobs.(*blob.Local).Walk(ctx, func(ref blob.Ref) error { were = append(were, ref); return nil }))
		young := put("nor this, yet")
		s.ok(s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return s.Jobs.Enqueue(tx, jobs.Job{Kind: "app.sweepFiles"}) }))
		s.Eventually("the orphan goes", func() bool { return errs.Is(s.Blobs.Stat(ctx, orphan), errs.NotFound) })
		s.ok(s.Blobs.Stat(ctx, young))
		names := s.named()
		for _, ref := range were {
			if where := names[ref.SHA256]; where != "" && s.Blobs.Stat(ctx, ref) != nil {
				t.Errorf("a file went that stands in %s", where)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) { test(t) })
	t.Run("postgres", func(t *testing.T) {
		url := dbtest.PostgresURL(t, app.Migrations())
		test(t, citytest.With(func(c *app.Config) { c.DB = url }))
	})
}
