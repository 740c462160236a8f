package service

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
)

// manifestFile names the file that says what the others are: a line each of SHA-256 and
// path, sorted by path, then the signatures of author and city as a signed note.
const manifestFile = "MANIFEST"

// Digests lists the files of a package with their digests, MANIFEST left out.
func Digests(files map[string][]byte) []FileDigest {
	out := make([]FileDigest, 0, len(files))
	for _, name := range sortedNames(files) {
		if name == manifestFile {
			continue
		}
		sum := sha256.Sum256(files[name])
		out = append(out, FileDigest{Path: name, Size: int64(len(files[name])), SHA256: hex.EncodeToString(sum[:])})
	}
	return out
}

// manifestText is the text that is signed; its SHA-256 is the package's digest.
func manifestText(sums []FileDigest) string {
	var b strings.Builder
	for _, s := range sums {
		fmt.Fprintf(&b, "%s  %s\n", s.SHA256, s.Path)
	}
	return b.String()
}

func digestOf(sums []FileDigest) string {
	h := sha256.Sum256([]byte(manifestText(sums)))
	return hex.EncodeToString(h[:])
}

// Sign writes MANIFEST into the files with the author's signature. The key is one that
// NewKey made.
func Sign(files map[string][]byte, privateKey string) error {
	s, err := note.NewSigner(strings.TrimSpace(privateKey))
	if err != nil {
		return errs.E(errs.Invalid, "service.sign.key", errs.Cause(err))
	}
	signed, err := note.Sign(&note.Note{Text: manifestText(Digests(files))}, s)
	if err != nil {
		return errs.E(errs.Internal, "service.sign.failed", errs.Cause(err))
	}
	files[manifestFile] = signed
	return nil
}

// countersign adds a signature to MANIFEST, keeping those that stand there.
func countersign(files map[string][]byte, by note.Signer, known note.Verifiers) error {
	n, err := note.Open(files[manifestFile], known)
	if err != nil {
		return errs.E(errs.Invalid, "service.sign.unsigned", errs.Cause(err))
	}
	signed, err := note.Sign(n, by)
	if err != nil {
		return errs.E(errs.Internal, "service.sign.failed", errs.Cause(err))
	}
	files[manifestFile] = signed
	return nil
}

// NewKey makes a key pair for an author: the private part stays with them, the public one
// is what the city is given. Name is that of the company, without spaces or plus signs.
func NewKey(name string) (private, public string, err error) {
	private, public, err = note.GenerateKey(rand.Reader, name)
	if err != nil {
		return "", "", errs.E(errs.Invalid, "service.sign.name", errs.P("name", name), errs.Cause(err))
	}
	return private, public, nil
}

// Signers are those who signed MANIFEST, of the keys that are known. Invalid
// service.sign.unsigned where there is no signature of a known key, service.sign.damaged
// where one is not right.
func Signers(files map[string][]byte, publicKeys ...string) ([]string, error) {
	known, err := verifiers(publicKeys)
	if err != nil {
		return nil, err
	}
	n, err := note.Open(files[manifestFile], known)
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &invalid):
		return nil, errs.E(errs.Invalid, "service.sign.damaged", errs.P("name", invalid.Name))
	case errors.As(err, &unverified) && len(unverified.Note.UnverifiedSigs) > 0:
		return nil, errs.E(errs.Invalid, "service.sign.unknown", errs.P("name", unverified.Note.UnverifiedSigs[0].Name))
	case err != nil:
		return nil, errs.E(errs.Invalid, "service.sign.unsigned", errs.Cause(err))
	case n.Text != manifestText(Digests(files)):
		return nil, errs.E(errs.Invalid, "service.sign.changed", errs.P("file", strings.Join(changed(n.Text, Digests(files)), ", ")))
	}
	var out []string
	for _, s := range n.Sigs {
		out = append(out, s.Name)
	}
	return out, nil
}

func verifiers(publicKeys []string) (note.Verifiers, error) {
	var list []note.Verifier
	for _, k := range publicKeys {
		v, err := note.NewVerifier(strings.TrimSpace(k))
		if err != nil {
			return nil, errs.E(errs.Invalid, "service.sign.publicKey", errs.Cause(err))
		}
		list = append(list, v)
	}
	return note.VerifierList(list...), nil
}

// signedText is the part of MANIFEST before the signatures.
func signedText(b []byte) string {
	text, _, found := strings.Cut(string(b), "\n\n")
	if found {
		return text + "\n"
	}
	return text
}

// changed names the files that are not what a manifest says, those that it does not name
// and those that are gone.
func changed(text string, sums []FileDigest) []string {
	said := map[string]string{}
	for line := range strings.Lines(text) {
		if sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  "); ok {
			said[name] = sum
		}
	}
	var out []string
	for _, s := range sums {
		if said[s.Path] != s.SHA256 {
			out = append(out, s.Path)
		}
		delete(said, s.Path)
	}
	for name := range said {
		out = append(out, name)
	}
	return out
}

// signed checks that the files are those that MANIFEST names, where there is one: whose
// signature it bears is asked where a package is submitted and where it is published.
func (l *loader) signed() {
	b, ok := l.content[manifestFile]
	if !ok {
		return
	}
	text := signedText(b)
	if text == manifestText(l.pkg.Manifest) {
		return
	}
	for _, name := range changed(text, l.pkg.Manifest) {
		key := "service.lint.changed"
		if _, there := l.content[name]; !there {
			key = "service.lint.gone"
		} else if !strings.Contains(text, "  "+name+"\n") {
			key = "service.lint.unlisted"
		}
		l.fail(short(name), decl.Pos{Line: 1, Col: 1}, short(name), key, "file", short(name))
	}
	if !l.problems.Failed() { // the same lines in another order
		l.fail(manifestFile, decl.Pos{Line: 1, Col: 1}, "", "service.lint.manifest")
	}
}
