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
	"strings"
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
func (s *Local) Remove(_ context.Context, ref Ref, before time.Time) (err error) {
	defer errs.Op(&err, "blob.Remove")
	if !ref.Valid() {
		return nil
	}
	path := s.path(ref.SHA256)
	st, err := os.Stat(path)
	if err != nil || !st.ModTime().Before(before) {
		return gone(err)
	}
	_, err = s.sweep(path, before)
	return err
}

// Swept says what a sweep found.
type Swept struct {
	Kept    int   // blobs that stay
	Bytes   int64 // of these
	Removed int   // blobs that went
	Freed   int64 // bytes of these
	Broken  int   // what broken writes had left
}

// Sweep removes blobs that were put before a time and that keep does not want, and what broken writes
// left. The caller gives its rows so much time to name a blob that none which it does not name can
// still be on its way. One that is put again meanwhile stays: it is moved aside before it is looked at
// for the last time.
func (s *Local) Sweep(ctx context.Context, before time.Time, keep func(sha256 string) bool) (out Swept, err error) {
	defer errs.Op(&err, "blob.Sweep")
	tmp := filepath.Join(s.dir, "tmp")
	err = filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		st, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		old := st.ModTime().Before(before)
		switch {
		case filepath.Dir(path) == tmp:
			if name, aside := strings.CutPrefix(d.Name(), asidePrefix); aside && !old && (Ref{SHA256: name}).Valid() {
				return s.place(path, name) // a sweep ended between its two steps
			}
			if !old {
				return nil
			}
			out.Broken++
			return gone(os.Remove(path))
		case !(Ref{SHA256: d.Name()}).Valid() || path != s.path(d.Name()):
			return nil // not ours
		case !old || keep(d.Name()):
			out.Kept, out.Bytes = out.Kept+1, out.Bytes+st.Size()
			return nil
		}
		went, err := s.sweep(path, before)
		if went {
			out.Removed, out.Freed = out.Removed+1, out.Freed+st.Size()
		} else if err == nil {
			out.Kept, out.Bytes = out.Kept+1, out.Bytes+st.Size()
		}
		return err
	})
	return out, err
}

const asidePrefix = "swept-"

// sweep removes a file unless somebody put it again since it was looked at.
func (s *Local) sweep(path string, before time.Time) (went bool, err error) {
	aside := filepath.Join(s.dir, "tmp", asidePrefix+filepath.Base(path))
	if err := os.Rename(path, aside); err != nil {
		return false, gone(err)
	}
	st, err := os.Stat(aside)
	if err != nil {
		return false, gone(err)
	}
	if !st.ModTime().Before(before) {
		return false, os.Rename(aside, path)
	}
	return true, gone(os.Remove(aside))
}

// gone is err, unless it says that a file is not there any more.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
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
