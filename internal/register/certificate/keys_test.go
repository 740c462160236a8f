package certificate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/register/certificate"
)

// An authority whose parts do not belong together stops the start, and says which and why: the first
// to see it would be a citizen whose paper nobody believes.
func TestPartsOfTheAuthorityBelongTogether(t *testing.T) {
	t.Parallel()
	now := clock.MustDate("2026-11-02").At(9, 0)
	made := func() string {
		t.Helper()
		dir := t.TempDir()
		if _, err := certificate.OpenKeys(dir, "Thành phố thử", now, nil); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	put := func(from, name, to, as string) {
		t.Helper()
		for _, kind := range []string{".pem", ".key"} {
			b, err := os.ReadFile(filepath.Join(from, name+kind))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(to, as+kind), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	other := made()
	for name, x := range map[string]struct {
		spoil func(dir string)
		says  string
	}{
		"another root's issuer":  {func(dir string) { put(other, "ca-issuing", dir, "ca-issuing") }, "ca-issuing.pem was not signed by ca-root.pem"},
		"another root's stamp":   {func(dir string) { put(other, "ca-stamp", dir, "ca-stamp") }, "ca-stamp.pem was not signed by ca-root.pem"},
		"a stamp that issues":    {func(dir string) { put(dir, "ca-stamp", dir, "ca-issuing") }, "ca-issuing.pem issues nothing"},
		"an issuer that stamps":  {func(dir string) { put(dir, "ca-issuing", dir, "ca-stamp") }, "ca-stamp.pem makes no time stamps"},
		"a root that is no root": {func(dir string) { put(dir, "ca-stamp", dir, "ca-root") }, "ca-root.pem is no authority"},
	} {
		dir := made()
		x.spoil(dir)
		if _, err := certificate.OpenKeys(dir, "", now, nil); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := certificate.OpenKeys(other, "", now, nil); err != nil {
		t.Errorf("a whole folder does not open again: %v", err)
	}
}
