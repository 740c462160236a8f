package journal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"khue/internal/kernel/errs"
)

// Signer signs checkpoints and promises with an ed25519 key. Its name is the
// origin of the log. A key in a security module is another implementation.
type Signer interface {
	note.Signer
	// Verifier checks what Sign made.
	Verifier() note.Verifier
	// PublicKey is what auditors and witnesses are given (sumdb/note form).
	PublicKey() string
}

type key struct {
	note.Signer
	verifier note.Verifier
	public   string
}

func (k *key) Verifier() note.Verifier { return k.verifier }
func (k *key) PublicKey() string       { return k.public }

// NewKey makes a key that lives in memory only.
func NewKey(name string) (Signer, error) {
	private, _, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, err
	}
	return parseKey(private)
}

func parseKey(private string) (Signer, error) {
	s, err := note.NewSigner(private)
	if err != nil {
		return nil, err
	}
	// PRIVATE+KEY+name+hash+data holds the seed; the public form follows from it.
	public, err := publicOf(private)
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		return nil, err
	}
	return &key{Signer: s, verifier: v, public: public}, nil
}

// LoadKey reads the key in file, or makes it with mode 0600 where there is none.
// A file that others can read is refused.
func LoadKey(file, name string) (Signer, error) {
	text, err := readSecret(file)
	if errors.Is(err, fs.ErrNotExist) {
		private, _, err := note.GenerateKey(rand.Reader, name)
		if err != nil {
			return nil, fmt.Errorf("journal: key: %w", err)
		}
		if err := writeSecret(file, private); err != nil {
			return nil, fmt.Errorf("journal: key: %w", err)
		}
		return parseKey(private)
	}
	if err != nil {
		return nil, err
	}
	k, err := parseKey(text)
	if err != nil {
		return nil, fmt.Errorf("journal: %s holds no signing key: %w", file, err)
	}
	if k.Name() != name {
		return nil, fmt.Errorf("journal: the key %s signs for %q, not for %q", file, k.Name(), name)
	}
	return k, nil
}

// readSecret reads a key that nobody else can read; fs.ErrNotExist where there is none.
func readSecret(file string) (string, error) {
	raw, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("journal: key: %w", err)
	}
	if st, err := os.Stat(file); err != nil || st.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("journal: the signing key %s can be read by others; run chmod 600 on it", file)
	}
	return strings.TrimSpace(string(raw)), nil
}

// writeSecret leaves either the whole file on disk or none.
func writeSecret(file, text string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(file), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if _, err = f.WriteString(text + "\n"); err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	// Link fails where another process was first; then its key is the one.
	return os.Link(f.Name(), file)
}

// PublicOnly is the key of somebody who checks and never signs: Sign fails. The text is what
// PublicKey says.
func PublicOnly(public string) (Signer, error) {
	v, err := note.NewVerifier(public)
	if err != nil {
		return nil, errs.E(errs.Invalid, "journal.badPublicKey", errs.Cause(err))
	}
	return publicOnly{v, public}, nil
}

type publicOnly struct {
	v      note.Verifier
	public string
}

func (k publicOnly) Name() string            { return k.v.Name() }
func (k publicOnly) KeyHash() uint32         { return k.v.KeyHash() }
func (k publicOnly) Verifier() note.Verifier { return k.v }
func (k publicOnly) PublicKey() string       { return k.public }
func (publicOnly) Sign([]byte) ([]byte, error) {
	return nil, errors.New("journal: a public key does not sign")
}
