package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// Where the authority's key lies in a token, only the server needs the token: a backup, a migration or
// any other command beside it goes on without.
func TestOnlyTheServerNeedsTheToken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := Config{Data: dir, Opened: clock.MustDate("2025-06-23").At(8, 0)}
	p, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	keys := filepath.Join(dir, "keys")
	if err := os.Remove(filepath.Join(keys, "ca-issuing.key")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(keys, "ca-issuing.ref"), []byte("ca-issuing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err = New(t.Context(), cfg); err != nil {
		t.Fatalf("a command beside the server: %v", err)
	}
	defer p.Close()
	c, err := p.Certificates.Condition(t.Context())
	if err != nil || c.Parts[1].Name != "issuing" || c.Parts[1].Err == nil || c.Parts[1].Until.IsZero() || c.Parts[2].Err != nil {
		t.Errorf("the authority is told to be %+v, %v", c, err)
	}
	if _, err := p.Certificates.CRL(t.Context()); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a list that no key signs: %v", err)
	}
	if err := p.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "--signer") {
		t.Errorf("the server starts without its key: %v", err)
	}
}
