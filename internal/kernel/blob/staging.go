package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"khue/internal/kernel/errs"
)

// Staging keeps files that are still arriving, piece by piece, under a name of the
// caller. Nothing here is a blob: it is put into a Store, or removed. Implementations are
// safe for concurrent use of different names; the caller lets one write at a time.
type Staging interface {
	// Write puts what r gives at an offset, at most max bytes, and returns how many are
	// durable: where r breaks off, with the reader's error and what came before it.
	Write(ctx context.Context, name string, offset int64, r io.Reader, max int64) (int64, error)
	// Open reads what arrived. NotFound blob.missing where nothing did.
	Open(ctx context.Context, name string) (Staged, error)
	// Remove forgets a name; one that is not there is fine.
	Remove(ctx context.Context, name string) error
}

// Staged is what arrived under a name.
type Staged interface {
	io.ReaderAt
	io.Closer
}

// LocalStaging keeps arriving files in a folder of one machine.
type LocalStaging struct{ dir string }

// NewStaging returns the staging below dir, which it makes where it is not.
func NewStaging(dir string) (*LocalStaging, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return &LocalStaging{dir: dir}, nil
}

// file is the path of a name; names are letters, digits and hyphens.
func (s *LocalStaging) file(name string) (string, error) {
	if len(name) == 0 || len(name) > 64 {
		return "", errs.E(errs.NotFound, "blob.missing", errs.P("sha256", "?"))
	}
	for i := range len(name) {
		if c := name[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' {
			return "", errs.E(errs.NotFound, "blob.missing", errs.P("sha256", "?"))
		}
	}
	return filepath.Join(s.dir, name), nil
}

// Write implements Staging.
func (s *LocalStaging) Write(ctx context.Context, name string, offset int64, r io.Reader, max int64) (n int64, err error) {
	path, err := s.file(name)
	if err != nil {
		return 0, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // a name of ours
	if err != nil {
		return 0, fmt.Errorf("blob.Write: %w", err)
	}
	defer func() { _ = f.Close() }()
	n, err = io.Copy(io.NewOffsetWriter(f, offset), io.LimitReader(reader{ctx, r}, max))
	if e := f.Sync(); e != nil {
		return 0, fmt.Errorf("blob.Write: %w", e)
	}
	return n, err
}

// Open implements Staging.
func (s *LocalStaging) Open(_ context.Context, name string) (Staged, error) {
	path, err := s.file(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path) //nolint:gosec // a name of ours
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errs.E(errs.NotFound, "blob.missing", errs.P("sha256", "?"))
	}
	if err != nil {
		return nil, fmt.Errorf("blob.Open: %w", err)
	}
	return f, nil
}

// Remove implements Staging.
func (s *LocalStaging) Remove(_ context.Context, name string) error {
	path, err := s.file(name)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("blob.Remove: %w", err)
	}
	return nil
}
