package app_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/services"
)

// A dossier goes on by the text that it was filed under, also where a release changed the
// package without a new version; where that text is lost, the program does not start.
func TestAPackageChangedInPlace(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	open := func(packages fs.FS) (*app.Program, error) {
		return app.New(t.Context(), app.Config{Data: folder, Listen: "127.0.0.1:0", Clock: clock.NewFake(citytest.Opened()), MigrateAtStart: true, Services: packages})
	}
	c := citytest.New(t, citytest.With(func(cfg *app.Config) { cfg.Data = filepath.Join(folder, "before"); folder = cfg.Data }))
	code := c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
	was := ""
	look := func(p *app.Program) string {
		var digest string
		if err := p.DB.View(t.Context(), func(_ context.Context, v *db.View) error {
			return v.QueryRow(`SELECT package FROM dossier_dossier WHERE code = $1`, code).Scan(&digest)
		}); err != nil {
			t.Fatal(err)
		}
		return digest
	}
	was = look(c.Program)
	c.Close()

	changed := fstest.MapFS{}
	if err := fs.WalkDir(services.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(services.FS, name)
		if strings.HasPrefix(name, "birth-registration") && strings.HasSuffix(name, "help/vi.md") {
			b = append(b, "\nThêm một câu.\n"...)
		}
		changed[name] = &fstest.MapFile{Data: b, Mode: os.ModePerm}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	p, err := open(changed)
	if err != nil {
		t.Fatal(err)
	}
	old, err := p.Services.ByDigest(was)
	if err != nil {
		t.Fatalf("the text that %s was filed under is gone: %v", code, err)
	}
	now, err := p.Services.Find(old.ID, clock.DateOf(citytest.Opened()))
	if err != nil || now.Digest == was || now.Version != old.Version {
		t.Errorf("new dossiers do not go by the changed text: %v", err)
	}
	// A folder of a time when texts were not kept.
	if err := p.DB.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error {
		if err := tx.Exec(`DELETE FROM service_base`); err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM service_content`)
	}); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if _, err = open(changed); err == nil || !strings.Contains(err.Error(), "dossier.pinned") {
		t.Fatalf("a program without the text of an open dossier starts: %v", err)
	}
	p, err = open(services.FS) // the release that it was filed under
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	if p, err = open(changed); err != nil {
		t.Fatal(err)
	}
	p.Close()
}
