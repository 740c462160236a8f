package upload_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"khue/internal/kernel/blob"
	"khue/internal/kernel/clam"
	"khue/internal/kernel/clam/clamtest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/onestop/upload"
)

// TestHarmfulFilesAreNotKept: a file with the test text of scanners leaves nothing behind, a
// clean one is kept; while the scanner is away the declared policy holds.
func TestHarmfulFilesAreNotKept(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, []db.Migrations{upload.Migrations()}, func(t *testing.T, d *db.DB) {
		daemon := clamtest.Start(t)
		by, err := clam.New(daemon.URL())
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		blobs, err := blob.NewLocal(dir)
		if err != nil {
			t.Fatal(err)
		}
		staging, err := blob.NewStaging(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		gen := id.NewGen(1, clock.System())
		careful := upload.New(d, gen, blobs, staging, upload.Scanning{By: by})
		keep := func(s *upload.Service, text string) error {
			_, err := s.Keep(t.Context(), slip, upload.Source{Name: "giay.pdf", Size: int64(len(text)), R: strings.NewReader(text)})
			return err
		}
		if err := keep(careful, strings.Replace(pdf, "trailer", "%"+clamtest.EICAR+"\ntrailer", 1)); !errs.Is(err, errs.Invalid) {
			t.Errorf("harmful: %v", err)
		} else if e, _ := errs.As(err); e.Key != "upload.harmful" || len(e.Fields) != 1 {
			t.Errorf("%+v", e)
		}
		if n := stored(t, dir); n != 0 {
			t.Errorf("%d files are kept of a harmful one", n)
		}
		if err := keep(careful, pdf); err != nil || daemon.Scanned() != 2 {
			t.Errorf("clean: %v after %d scans", err, daemon.Scanned())
		}
		check := careful.Module().Health[0].Do
		if err := check(t.Context()); err != nil {
			t.Error(err)
		}
		daemon.Stop()
		if err := check(context.Background()); err == nil {
			t.Error("a scanner that is away is healthy")
		}
		if err := keep(careful, pdf+" "); !errs.Is(err, errs.Unavailable) {
			t.Errorf("away, refuse: %v", err)
		}
		if err := keep(upload.New(d, gen, blobs, staging, upload.Scanning{By: by, TakeUnscanned: true}), pdf+"  "); err != nil {
			t.Errorf("away, take: %v", err)
		}
	})
}

func stored(t *testing.T, dir string) (n int) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return nil
	})
	return n
}
