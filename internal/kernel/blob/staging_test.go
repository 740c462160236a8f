package blob_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"khue/internal/kernel/blob"
	"khue/internal/kernel/errs"
)

func TestPiecesArriveAndGo(t *testing.T) {
	t.Parallel()
	s, err := blob.NewStaging(filepath.Join(t.TempDir(), "staging"))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	broken := errors.New("connection reset")
	n, err := s.Write(ctx, "7", 0, io.MultiReader(strings.NewReader("Nguy"), iotest.ErrReader(broken)), 100)
	if n != 4 || !errors.Is(err, broken) {
		t.Fatalf("%d %v", n, err)
	}
	if n, err = s.Write(ctx, "7", 4, strings.NewReader("en Minh An"), 6); n != 6 || err != nil {
		t.Fatalf("%d %v", n, err)
	}
	f, err := s.Open(ctx, "7")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 100))
	if err != nil || string(b) != "Nguyen Min" {
		t.Errorf("%q %v", b, err)
	}
	_ = f.Close()
	for range 2 {
		if err := s.Remove(ctx, "7"); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"7", "", "../7", "a/b", strings.Repeat("x", 65)} {
		if _, err := s.Open(ctx, name); !errs.Is(err, errs.NotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
