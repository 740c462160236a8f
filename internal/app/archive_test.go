package app

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/rights"
)

// TestAnArchiveIsReadWithoutTheProgram writes the ended dossiers of a filled city, checks the
// folder with sha256sum and the proofs with nothing but the public key, and finds what was
// altered.
func TestAnArchiveIsReadWithoutTheProgram(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p, err := New(ctx, Config{Data: t.TempDir(), Opened: clock.MustDate("2025-06-23").At(8, 0)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	city, err := p.Settle(ctx)
	if err == nil {
		_, err = p.Fill(ctx, city, dossier.Filling{N: 60, Since: p.Clock.Now().AddDate(0, -3, 0)})
	}
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "archive")
	n, _, err := p.archive(ctx, out, "", clock.DateOf(p.Clock.Now()), func(int) {})
	if err != nil || n == 0 {
		t.Fatalf("%d dossiers, %v", n, err)
	}
	if said, err := exec.CommandContext(ctx, "sh", "-c", "cd \"$1\" && sha256sum --quiet -c manifest-sha256.txt && sha256sum --quiet -c tagmanifest-sha256.txt", "-", out).CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v: %s", err, said)
	}
	check := func() string {
		t.Helper()
		said := &strings.Builder{}
		if code := Main(context.Background(), "khue", []string{"archive", "check", out}, io.Discard, said); code != 0 && said.Len() == 0 {
			t.Errorf("code %d without a word", code)
		}
		return said.String()
	}
	if said := check(); strings.Contains(said, "altered") || strings.Contains(said, "missing") {
		t.Error(said)
	}
	key, err := os.ReadFile(filepath.Join(out, "data", "journal-key.txt"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(strings.TrimSpace(string(key)))
	if err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(out, "data", "*", "journal.json"))
	if err != nil || len(found) != n {
		t.Fatalf("%d of %d dossiers, %v", len(found), n, err)
	}
	for _, f := range found {
		raw, err := os.ReadFile(f)
		var list []struct{ Proof journal.Proof }
		if err == nil {
			err = json.Unmarshal(raw, &list)
		}
		if err != nil || len(list) == 0 {
			t.Fatalf("%s: %d entries, %v", f, len(list), err)
		}
		for _, e := range list {
			if err := e.Proof.Check(v); err != nil {
				t.Errorf("%s: %v", f, err)
			}
		}
	}
	page := filepath.Join(filepath.Dir(found[0]), "index.html")
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(text), "Quá trình giải quyết") || strings.Contains(string(text), "<script") || strings.Contains(string(text), "app.archive.") {
		t.Errorf("%v: %.500s", err, text)
	}
	if dir := os.Getenv("KHUE_ARCHIVE_COPY"); dir != "" {
		_ = os.CopyFS(dir, os.DirFS(out))
	}
	if err := os.WriteFile(page, append(text, '!'), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(found[1]); err != nil {
		t.Fatal(err)
	}
	if said := check(); strings.Count(said, " was altered") != 1 || strings.Count(said, " is missing") != 1 {
		t.Errorf("what was altered: %s", said)
	}
}

// TestAnArchiveNamesHolds: whoever gets the folder reads by which decision a dossier must be kept.
func TestAnArchiveNamesHolds(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p, err := New(ctx, Config{Data: t.TempDir(), Opened: clock.MustDate("2025-06-23").At(8, 0)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	city, err := p.Settle(ctx)
	if err == nil {
		_, err = p.Fill(ctx, city, dossier.Filling{N: 40, Since: p.Clock.Now().AddDate(0, -3, 0)})
	}
	if err != nil {
		t.Fatal(err)
	}
	actors, err := p.actors(ctx, city)
	if err != nil {
		t.Fatal(err)
	}
	var held dossier.ID
	for _, pkg := range p.Services.All() {
		ids, err := p.Dossiers.EndedBefore(ctx, pkg.ID, clock.DateOf(p.Clock.Now()).Time(), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(ids) > 0 {
			held = ids[0]
		}
	}
	codes, err := p.Dossiers.Codes(ctx, []int64{int64(held)})
	if err != nil {
		t.Fatal(err)
	}
	code := codes[int64(held)]
	_, err = p.Rights.AskHold(actors["auditor"], rights.HoldAsk{
		Decision: "15/2025/QĐ-TA", OrderedBy: "Tòa án nhân dân khu vực 2", Since: clock.DateOf(p.Clock.Now()), Codes: []string{code}, Why: "Vụ án số 5, tòa án yêu cầu.", Key: web.NewKey(),
	})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "archive")
	n, _, err := p.archive(ctx, out, "", clock.DateOf(p.Clock.Now()), func(int) {})
	if err != nil || n < 2 {
		t.Fatalf("%d dossiers, %v", n, err)
	}
	found, err := filepath.Glob(filepath.Join(out, "data", "*", "dossier.json"))
	if err != nil || len(found) != n {
		t.Fatalf("%d of %d dossiers, %v", len(found), n, err)
	}
	for _, f := range found {
		raw, err := os.ReadFile(f)
		var d struct {
			Code  string
			Holds []string
		}
		if err == nil {
			err = json.Unmarshal(raw, &d)
		}
		if err != nil || (len(d.Holds) == 1 && d.Holds[0] == "15/2025/QĐ-TA") != (d.Code == code) || d.Code != code && len(d.Holds) != 0 {
			t.Errorf("%s is held by %v, %v", d.Code, d.Holds, err)
		}
	}
}
