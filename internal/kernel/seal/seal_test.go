package seal_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"khue/internal/kernel/seal"
)

func TestSealedBytesOpenOnlyInTheirPlace(t *testing.T) {
	t.Parallel()
	secret := bytes.Repeat([]byte{7}, 32)
	box, err := seal.New(secret, "khue.test")
	if err != nil {
		t.Fatal(err)
	}
	other, err := seal.New(secret, "khue.other")
	if err != nil {
		t.Fatal(err)
	}
	plain := []byte("001196000001")
	sealed := box.Close("row 1", plain)
	if got, err := box.Open("row 1", sealed); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%q %v", got, err)
	}
	if bytes.Contains(sealed, plain) || bytes.Equal(sealed, box.Close("row 1", plain)) {
		t.Error("it shows what it holds, or that it holds the same")
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another place": func() ([]byte, error) { return box.Open("row 2", sealed) },
		"another use":   func() ([]byte, error) { return other.Open("row 1", sealed) },
		"changed":       func() ([]byte, error) { return box.Open("row 1", changed) },
		"cut off":       func() ([]byte, error) { return box.Open("row 1", sealed[:11]) },
		"empty":         func() ([]byte, error) { return box.Open("row 1", nil) },
	} {
		if got, err := open(); err == nil {
			t.Errorf("%s: it opens: %q", name, got)
		}
	}
}

// oldSeal was sealed by another program, from what the formats say.
const oldSeal = "000102030405060708090a0b4b9d7a2058c49e4fc719c0a843f68cd2719635838e91d13008025df7"

// TestOldSealsOpen: rows of cities that live are sealed so.
func TestOldSealsOpen(t *testing.T) {
	t.Parallel()
	box, err := seal.New(bytes.Repeat([]byte{7}, 32), "khue.person.seal")
	if err != nil {
		t.Fatal(err)
	}
	old, err := hex.DecodeString(oldSeal)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := box.Open("person\x00\x00\x00\x00\x00\x00\x00\x01", old); err != nil || string(got) != "001196000001" {
		t.Errorf("%q %v", got, err)
	}
}
