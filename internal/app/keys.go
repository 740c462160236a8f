package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keyFile is where a key of this city lies.
func (p *Program) keyFile(name string) string { return filepath.Join(p.Config.Data, "keys", name) }

// secret is a random key of this city.
func (p *Program) secret(name string) ([]byte, error) { return secret(p.keyFile(name)) }

// secret reads a random key of 32 bytes, or makes it.
func secret(file string) ([]byte, error) {
	b, err := os.ReadFile(file) //nolint:gosec // our own folder
	if err == nil && len(b) == 32 {
		return b, nil
	}
	if err == nil {
		return nil, fmt.Errorf("app: %s is not a key of 32 bytes; restore it from a backup", file)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("app: %w", err)
	}
	b = make([]byte, 32)
	_, _ = rand.Read(b)
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // our own folder
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	_, err = f.Write(b)
	return b, errors.Join(err, f.Sync(), f.Close())
}
