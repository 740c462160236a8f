package backup

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"khue/internal/kernel/errs"
)

// Vault is a folder of encrypted files. Safe for concurrent use.
type Vault struct {
	dir        string
	recipients []age.Recipient
	identities []age.Identity

	mu    sync.Mutex
	dirty map[string]bool // folders whose new names are not synced
}

// ParseRecipients reads age1… keys, one an argument, or files of them.
func ParseRecipients(words []string) (out []age.Recipient, err error) {
	for _, w := range words {
		text := w
		if !strings.HasPrefix(w, "age1") {
			b, err := os.ReadFile(w) //nolint:gosec // the operator names it
			if err != nil {
				return nil, errs.E(errs.Invalid, "backup.recipient", errs.P("word", w), errs.Cause(err))
			}
			text = string(b)
		}
		rs, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return nil, errs.E(errs.Invalid, "backup.recipient", errs.P("word", w), errs.Cause(err))
		}
		out = append(out, rs...)
	}
	if len(out) == 0 {
		return nil, errs.E(errs.Invalid, "backup.noRecipient")
	}
	return out, nil
}

// NewIdentity makes a private key in a new file and returns the public one.
func NewIdentity(file string) (public string, err error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator names it
	if errors.Is(err, fs.ErrExist) {
		return "", errs.E(errs.Conflict, "backup.keyThere", errs.P("file", file))
	} else if err != nil {
		return "", errs.E(errs.Unavailable, "backup.folder", errs.P("dir", filepath.Dir(file)), errs.Cause(err))
	}
	_, err = fmt.Fprintf(f, "# public key: %s\n%s\n", id.Recipient(), id)
	return id.Recipient().String(), errors.Join(err, f.Sync(), f.Close(), syncFolder(filepath.Dir(file)))
}

// ReadIdentities reads the file of private keys that age-keygen made.
func ReadIdentities(file string) ([]age.Identity, error) {
	b, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return nil, errs.E(errs.Invalid, "backup.identity", errs.P("file", file), errs.Cause(err))
	}
	ids, err := age.ParseIdentities(bytes.NewReader(b))
	if err != nil || len(ids) == 0 {
		return nil, errs.E(errs.Invalid, "backup.identity", errs.P("file", file))
	}
	return ids, nil
}

// Create opens the folder for writing and makes it where it is not.
func Create(dir string, recipients []age.Recipient) (*Vault, error) {
	v := &Vault{dir: dir, recipients: recipients, dirty: map[string]bool{}}
	for _, d := range []string{"tmp", "objects", "generations"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return nil, errs.E(errs.Unavailable, "backup.folder", errs.P("dir", dir), errs.Cause(err))
		}
	}
	readme := filepath.Join(dir, "README.txt")
	if _, err := os.Stat(readme); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(readme, []byte(about), 0o600); err != nil {
			return nil, errs.E(errs.Unavailable, "backup.folder", errs.P("dir", dir), errs.Cause(err))
		}
	}
	v.mark(dir)
	return v, v.flush()
}

const about = "Backups of a city run by Khue. Every file but this one is encrypted with age (https://age-encryption.org).\n\n" +
	"  khue backup list --from DIR --identity FILE\n  khue restore --from DIR --identity FILE --at INSTANT --data NEW\n"

// Open opens the folder for reading. Errors: NotFound.
func Open(dir string, identities []age.Identity) (*Vault, error) {
	if st, err := os.Stat(filepath.Join(dir, "generations")); err != nil || !st.IsDir() {
		return nil, errs.E(errs.NotFound, "backup.none", errs.P("dir", dir))
	}
	return &Vault{dir: dir, identities: identities, dirty: map[string]bool{}}, nil
}

func (v *Vault) mark(dir string) {
	v.mu.Lock()
	v.dirty[dir] = true
	v.mu.Unlock()
}

// flush syncs the folders in which names are new.
func (v *Vault) flush() error {
	v.mu.Lock()
	list := v.dirty
	v.dirty = map[string]bool{}
	v.mu.Unlock()
	for dir := range list {
		if err := syncFolder(dir); err != nil {
			v.mark(dir)
			return err
		}
	}
	return nil
}

func syncFolder(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // our folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// write leaves the whole encrypted file under its name, or nothing. The name itself is durable
// after flush.
func (v *Vault) write(name string, content io.Reader) (size int64, err error) {
	defer func() { err = unwritten(err, v.dir, "backup.folder") }()
	to := filepath.Join(v.dir, filepath.FromSlash(name))
	f, err := os.CreateTemp(filepath.Join(v.dir, "tmp"), "w-*")
	if err != nil {
		return 0, err
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name()) // gone where it was renamed
	}()
	sealed, err := age.Encrypt(f, v.recipients...)
	if err != nil {
		return 0, err
	}
	z, err := zstd.NewWriter(sealed, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(z, content); err != nil {
		return 0, errors.Join(err, z.Close())
	}
	if err := errors.Join(z.Close(), sealed.Close(), f.Sync()); err != nil {
		return 0, err
	}
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if err := f.Close(); err != nil {
		return 0, err
	}
	if err := v.folder(filepath.Dir(to)); err != nil {
		return 0, err
	}
	v.mark(filepath.Dir(to))
	return st.Size(), os.Rename(f.Name(), to)
}

// folder makes a folder, and remembers that its name is new in the one above.
func (v *Vault) folder(dir string) error {
	err := os.Mkdir(dir, 0o700)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		if err := v.folder(filepath.Dir(dir)); err != nil {
			return err
		}
		return v.folder(dir)
	case err == nil:
		v.mark(filepath.Dir(dir))
	}
	return err
}

// read opens an encrypted file. A foreign key is Forbidden backup.key, a damaged file Internal
// backup.damaged.
func (v *Vault) read(name string) (io.ReadCloser, error) {
	f, err := os.Open(filepath.Join(v.dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, damaged(name, err)
	}
	open, err := age.Decrypt(f, v.identities...)
	if err != nil {
		_ = f.Close()
		var foreign *age.NoIdentityMatchError
		if errors.As(err, &foreign) {
			return nil, errs.E(errs.Forbidden, "backup.key", errs.Cause(err))
		}
		return nil, damaged(name, err)
	}
	z, err := zstd.NewReader(open, zstd.WithDecoderConcurrency(1))
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &opened{z, f}, nil
}

type opened struct {
	*zstd.Decoder
	f *os.File
}

func (o *opened) Close() error {
	o.Decoder.Close()
	return o.f.Close()
}

func (v *Vault) readAll(name string) ([]byte, error) {
	r, err := v.read(name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, damaged(name, err)
	}
	return b, nil
}

func damaged(name string, err error) error {
	if _, ok := errs.As(err); ok {
		return err
	}
	return errs.E(errs.Internal, "backup.damaged", errs.P("file", name), errs.Cause(err))
}

// Object is a stretch of bytes that is kept once.
type Object struct {
	SHA256 string `json:"h"`
	Size   int64  `json:"n"`
}

// names makes the names of objects: a keyed hash, so that nobody learns from a name whether
// the city holds a paper that they have too.
type names struct{ key []byte }

func (n names) of(o Object) string {
	h := hmac.New(sha256.New, n.key)
	h.Write([]byte(o.SHA256))
	s := hex.EncodeToString(h.Sum(nil))
	return "objects/" + s[:2] + "/" + s + ".age"
}

func (v *Vault) has(name string) bool {
	_, err := os.Stat(filepath.Join(v.dir, filepath.FromSlash(name)))
	return err == nil
}

// keep stores bytes as an object unless it is there. It returns what was written.
func (v *Vault) keep(n names, b []byte) (o Object, written int64, err error) {
	sum := sha256.Sum256(b)
	o = Object{hex.EncodeToString(sum[:]), int64(len(b))}
	name := n.of(o)
	if v.has(name) {
		return o, 0, nil
	}
	written, err = v.write(name, bytes.NewReader(b))
	return o, written, err
}

// keepFrom stores an object whose hash is known already.
func (v *Vault) keepFrom(n names, o Object, open func() (io.ReadCloser, error)) (written int64, err error) {
	name := n.of(o)
	if v.has(name) {
		return 0, nil
	}
	r, err := open()
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close() }()
	return v.write(name, r)
}

// fetch copies an object to w and checks it.
func (v *Vault) fetch(n names, o Object, w io.Writer) error {
	name := n.of(o)
	r, err := v.read(name)
	if err != nil {
		return err
	}
	h := sha256.New()
	put := &told{w: w}
	size, err := io.Copy(io.MultiWriter(put, h), r)
	if err = errors.Join(err, r.Close()); put.err != nil {
		return put.err // the backup is not to blame
	} else if err != nil {
		return damaged(name, err)
	}
	if size != o.Size || hex.EncodeToString(h.Sum(nil)) != o.SHA256 {
		return damaged(name, fmt.Errorf("other bytes than were kept"))
	}
	return nil
}

// told remembers why it could not be written.
type told struct {
	w   io.Writer
	err error
}

func (t *told) Write(b []byte) (n int, err error) {
	n, err = t.w.Write(b)
	if err != nil {
		t.err = err
	}
	return n, err
}

// unwritten says in a sentence that a folder could not be written: most often its disk is full.
// Another error stays as it is.
func unwritten(err error, dir, key string) error {
	var p *fs.PathError
	if _, said := errs.As(err); said || !errors.As(err, &p) || p.Op == "read" || !strings.HasPrefix(p.Path, dir) {
		return err
	}
	return errs.E(errs.Unavailable, key, errs.P("dir", dir), errs.Cause(err))
}
