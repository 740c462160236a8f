package journal

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

var errKeyForm = errors.New("journal: not of the form PRIVATE+KEY+name+hash+data")

// publicOf derives the public form of a key in the form of sumdb/note.
func publicOf(private string) (string, error) {
	f := strings.SplitN(private, "+", 5)
	if len(f) != 5 || f[0] != "PRIVATE" || f[1] != "KEY" {
		return "", errKeyForm
	}
	data, err := base64.StdEncoding.DecodeString(f[4])
	if err != nil || len(data) != 1+ed25519.SeedSize {
		return "", errKeyForm
	}
	pub, ok := ed25519.NewKeyFromSeed(data[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errKeyForm
	}
	return note.NewEd25519VerifierKey(f[2], pub)
}
