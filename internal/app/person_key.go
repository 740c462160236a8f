package app

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

const (
	keySize = 32
	maxRing = 4 // keys of a ring: the one that writes, and those that still read
)

func personKey(data string) string { return filepath.Join(data, "keys", "person.key") }

// keyRing reads a file of keys of 32 bytes, the one that writes first, or makes it with one.
func keyRing(file string) ([][]byte, error) {
	b, err := os.ReadFile(file) //nolint:gosec // our own folder
	if errors.Is(err, fs.ErrNotExist) {
		b, err = secret(file)
	}
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	if len(b) == 0 || len(b)%keySize != 0 || len(b) > maxRing*keySize {
		return nil, fmt.Errorf("app: %s does not hold keys of %d bytes; restore it from a backup", file, keySize)
	}
	return slices.Collect(slices.Chunk(b, keySize)), nil
}

// writeRing puts a file of keys in place of the old one, whole or not at all.
func writeRing(file string, ring [][]byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".person-*.key") // 0600
	if err != nil {
		return fmt.Errorf("app: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(bytes.Join(ring, nil))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	return err
}

type personCmd struct {
	AddKey  personAddCmd   `cmd:"" help:"Add a second key, which only reads: give the file to every node and start it anew."`
	UseKey  personUseCmd   `cmd:"" help:"Let the newest key write: give the file to every node and start it anew."`
	Rekey   personRekeyCmd `cmd:"" help:"Seal anew what lies under old keys, beside running nodes."`
	DropKey personDropCmd  `cmd:"" help:"Drop the old keys, once nothing lies under them."`
}

type personAddCmd struct{ storageFlags }

// Run adds a key at the end of the ring.
func (a *personAddCmd) Run(c *command) error {
	file := personKey(a.Data)
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("app: there is no city in %s: %w", a.Data, err)
	}
	ring, err := keyRing(file)
	if err != nil {
		return err
	}
	if len(ring) > 1 {
		return fmt.Errorf("%w: there is more than one key already; finish with use-key, rekey and drop-key", errUsage)
	}
	fresh := make([]byte, keySize)
	_, _ = rand.Read(fresh)
	if err := writeRing(file, append(ring, fresh)); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "A second key was added to %s. Back it up, give it to every node, start every node anew; then: khue person use-key\n", file)
	return nil
}

type personUseCmd struct{ storageFlags }

// Run puts the last key of the ring first. Run once more it puts the old one back, which harms
// nothing: both are read.
func (u *personUseCmd) Run(c *command) error {
	file := personKey(u.Data)
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("app: there is no city in %s: %w", u.Data, err)
	}
	ring, err := keyRing(file)
	if err != nil {
		return err
	}
	if len(ring) < 2 {
		return fmt.Errorf("%w: there is one key only; add one first: khue person add-key", errUsage)
	}
	ring = append([][]byte{ring[len(ring)-1]}, ring[:len(ring)-1]...)
	if err := writeRing(file, ring); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "The newest key of %s writes. Give it to every node, start every node anew; then: khue person rekey\n", file)
	return nil
}

type personRekeyCmd struct{ storageFlags }

// Run seals anew. It may be broken off and run again.
func (r *personRekeyCmd) Run(c *command) error {
	cfg, err := r.existing(c)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	n, err := p.People.Rekey(c.ctx, func(done int) {
		if done > 0 && done%10_000 == 0 {
			fmt.Fprintf(c.err, "%d …\n", done)
		}
	})
	fmt.Fprintf(c.out, "%d rows were sealed anew\n", n)
	return err
}

type personDropCmd struct{ storageFlags }

// Run drops all keys but the first, unless something lies under them.
func (d *personDropCmd) Run(c *command) error {
	cfg, err := d.existing(c)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	n, err := p.People.UnderOldKeys(c.ctx)
	if err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("%d rows lie under an old key still: khue person rekey", n)
	}
	file := personKey(d.Data)
	ring, err := keyRing(file)
	if err != nil {
		return err
	}
	if err := writeRing(file, ring[:1]); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s holds one key. Give it to every node, start every node anew.\n", file)
	return nil
}
