package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"khue/internal/kernel/errs"
)

// Local keeps blobs below a folder: ab/cd/abcd… by the digits of the name, written
// to tmp/ first. Files are readable by the program's user only.
type Local struct{ dir string }

// NewLocal returns the store below dir, which it makes where it is not.
func NewLocal(dir string) (*Local, error) {
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o700); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return &Local{dir: dir}, nil
}

func (s *Local) path(sum string) string { return filepath.Join(s.dir, sum[:2], sum[2:4], sum) }

// Put implements Store. File and folders are synced before it returns.
func (s *Local) Put(ctx context.Context, r io.Reader, max int64) (ref Ref, err error) {
	defer errs.Op(&err, "blob.Put")
	f, err := os.CreateTemp(filepath.Join(s.dir, "tmp"), "put-*")
	if err != nil {
		return Ref{}, err
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name()) // gone already where it was renamed
	}()
	h := sha256.New()
	// One byte more than allowed tells a full file from one that is too long.
	n, err := io.Copy(io.MultiWriter(f, h), io.LimitReader(reader{ctx, r}, max+1))
	if err != nil {
		return Ref{}, err
	}
	if n > max {
		return Ref{}, tooLarge(max)
	}
	ref = Ref{SHA256: hex.EncodeToString(h.Sum(nil)), Size: n}
	// A blob that is kept already is replaced all the same: that heals a damaged
	// one, and a sweep that is under way sees a young file.
	if err := f.Sync(); err != nil {
		return Ref{}, err
	}
	if err := f.Close(); err != nil {
		return Ref{}, err
	}
	return ref, s.place(f.Name(), ref.SHA256)
}

// place moves a written file to its name and makes name and folders durable.
func (s *Local) place(tmp, sum string) error {
	to := s.path(sum)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if err := os.Rename(tmp, to); err != nil {
		return err
	}
	for d := filepath.Dir(to); ; d = filepath.Dir(d) {
		if err := syncDir(d); err != nil {
			return err
		}
		if d == s.dir || len(d) <= len(s.dir) {
			return nil
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // a folder of the store
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

// Stat implements Store.
func (s *Local) Stat(_ context.Context, ref Ref) error {
	if !ref.Valid() {
		return missing(ref)
	}
	st, err := os.Stat(s.path(ref.SHA256))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return missing(ref)
	case err != nil:
		return fmt.Errorf("blob.Stat: %w", err)
	case st.Size() != ref.Size:
		return damaged(ref)
	}
	return nil
}

// Open implements Store.
func (s *Local) Open(ctx context.Context, ref Ref) (io.ReadCloser, error) {
	if err := s.Stat(ctx, ref); err != nil {
		return nil, err
	}
	f, err := os.Open(s.path(ref.SHA256))
	if err != nil {
		return nil, fmt.Errorf("blob.Open: %w", err)
	}
	return &checked{f: f, h: sha256.New(), ref: ref}, nil
}

// Remove implements Store.
func (s *Local) Remove(_ context.Context, ref Ref) error {
	if !ref.Valid() {
		return nil
	}
	if err := os.Remove(s.path(ref.SHA256)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("blob.Remove: %w", err)
	}
	return nil
}

// Sweep removes blobs older than a time that keep does not want, and what
// broken writes left in tmp/. It returns how many went. The caller's time lies before
// the oldest backup that could still be restored.
func (s *Local) Sweep(ctx context.Context, before time.Time, keep func(sha256 string) (bool, error)) (n int, err error) {
	defer errs.Op(&err, "blob.Sweep")
	err = filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		st, err := d.Info()
		if err != nil || !st.ModTime().Before(before) {
			return err
		}
		if (Ref{SHA256: d.Name()}).Valid() {
			if wanted, err := keep(d.Name()); err != nil || wanted {
				return err
			}
		} else if filepath.Base(filepath.Dir(path)) != "tmp" {
			return nil // not ours
		}
		n++
		return os.Remove(path)
	})
	return n, err
}

// Walk calls fn for every blob that is kept.
func (s *Local) Walk(ctx context.Context, fn func(Ref) error) error {
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		ref := Ref{SHA256: d.Name()}
		st, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) || !ref.Valid() {
			return nil
		}
		if err != nil {
			return err
		}
		ref.Size = st.Size()
		return fn(ref)
	})
	if err != nil {
		return fmt.Errorf("blob.Walk: %w", err)
	}
	return nil
}

// checked hashes what is read and refuses to end well where the bytes are others.
type checked struct {
	f   *os.File
	h   hash.Hash
	n   int64
	ref Ref
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.f.Read(p)
	c.h.Write(p[:n])
	c.n += int64(n)
	if errors.Is(err, io.EOF) && (c.n != c.ref.Size || hex.EncodeToString(c.h.Sum(nil)) != c.ref.SHA256) {
		return n, damaged(c.ref)
	}
	return n, err
}

func (c *checked) Close() error { return c.f.Close() }

// reader ends with its context.
type reader struct {
	ctx context.Context //nolint:containedctx // lives as long as one Put
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
