package journal

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// algCosign marks keys and signatures of witnesses (C2SP cosignature/v1): an ed25519 signature
// over the checkpoint's text and the second at which the witness saw it.
const algCosign = 4

var errCosignKey = errors.New("journal: not a witness's key of the form name+hash+data")

func cosignHash(name string, pub []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), append([]byte{algCosign}, pub...)...))
	return binary.BigEndian.Uint32(sum[:])
}

func cosignText(at int64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", at), text...)
}

// WitnessVerifier checks cosignatures of one witness.
type WitnessVerifier struct {
	name string
	hash uint32
	pub  ed25519.PublicKey
}

// ParseWitnessKey reads the public key of a witness, name+hash+data.
func ParseWitnessKey(key string) (*WitnessVerifier, error) {
	f := strings.SplitN(strings.TrimSpace(key), "+", 3)
	if len(f) != 3 {
		return nil, errCosignKey
	}
	data, err := base64.StdEncoding.DecodeString(f[2])
	if err != nil || len(data) != 1+ed25519.PublicKeySize || data[0] != algCosign || f[0] == "" || strings.ContainsAny(f[0], " \t\n") {
		return nil, errCosignKey
	}
	v := &WitnessVerifier{name: f[0], hash: cosignHash(f[0], data[1:]), pub: data[1:]}
	if f[1] != fmt.Sprintf("%08x", v.hash) {
		return nil, errCosignKey
	}
	return v, nil
}

// Name is the witness's.
func (v *WitnessVerifier) Name() string { return v.name }

// KeyHash tells signatures of one key from those of another.
func (v *WitnessVerifier) KeyHash() uint32 { return v.hash }

// Verify checks a signature over a checkpoint's text.
func (v *WitnessVerifier) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	return ed25519.Verify(v.pub, cosignText(int64(at), text), sig[8:]) //nolint:gosec // what is no second of ours verifies nothing
}

// WitnessKey signs for a witness.
type WitnessKey struct {
	*WitnessVerifier
	seed ed25519.PrivateKey
}

// LoadWitnessKey reads the key in file, or makes it with mode 0600 where there is none. A name
// is needed only then.
func LoadWitnessKey(file, name string) (*WitnessKey, error) {
	text, err := readSecret(file)
	if errors.Is(err, fs.ErrNotExist) {
		if name == "" || strings.ContainsAny(name, "+ \t\n") {
			return nil, fmt.Errorf("journal: a new witness's key needs a name, such as audit.example.vn/khue")
		}
		seed := make([]byte, ed25519.SeedSize)
		_, _ = rand.Read(seed)
		k := witnessKey(name, seed)
		text := fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, k.hash, base64.StdEncoding.EncodeToString(append([]byte{algCosign}, seed...)))
		if err := writeSecret(file, text); err != nil {
			return nil, fmt.Errorf("journal: key: %w", err)
		}
		return k, nil
	}
	if err != nil {
		return nil, err
	}
	f := strings.SplitN(text, "+", 5)
	if len(f) != 5 || f[0] != "PRIVATE" || f[1] != "KEY" {
		return nil, fmt.Errorf("journal: %s holds no witness's key", file)
	}
	data, err := base64.StdEncoding.DecodeString(f[4])
	if err != nil || len(data) != 1+ed25519.SeedSize || data[0] != algCosign {
		return nil, fmt.Errorf("journal: %s holds no witness's key", file)
	}
	if name != "" && name != f[2] {
		return nil, fmt.Errorf("journal: the key %s signs for %q, not for %q", file, f[2], name)
	}
	return witnessKey(f[2], data[1:]), nil
}

func witnessKey(name string, seed []byte) *WitnessKey {
	priv := ed25519.NewKeyFromSeed(seed)
	pub := priv[ed25519.SeedSize:]
	return &WitnessKey{WitnessVerifier: &WitnessVerifier{name: name, hash: cosignHash(name, pub), pub: ed25519.PublicKey(pub)}, seed: priv}
}

// PublicKey is what the city and auditors are given.
func (k *WitnessKey) PublicKey() string {
	return fmt.Sprintf("%s+%08x+%s", k.name, k.hash, base64.StdEncoding.EncodeToString(append([]byte{algCosign}, k.pub...)))
}

// Cosign adds the witness's signature to a checkpoint that it has checked. Signatures of other
// witnesses are dropped, the log's is kept.
func (k *WitnessKey) Cosign(c Checkpoint, log note.Verifier, at time.Time) (string, error) {
	n, err := note.Open([]byte(c.Note), note.VerifierList(log))
	if err != nil {
		return "", err
	}
	n.UnverifiedSigs = nil
	out, err := note.Sign(n, cosignAt{k, at.Unix()})
	return string(out), err
}

// cosignAt is a note.Signer for one second.
type cosignAt struct {
	*WitnessKey
	at int64
}

func (s cosignAt) Sign(text []byte) ([]byte, error) {
	out := binary.BigEndian.AppendUint64(nil, uint64(s.at)) //nolint:gosec // after 1970
	return append(out, ed25519.Sign(s.seed, cosignText(s.at, text))...), nil
}

// Cosignature is what a witness said of a checkpoint.
type Cosignature struct {
	Witness string
	At      time.Time // when it saw the checkpoint and found it consistent
	line    string
}

// Cosignatures are those of the named witnesses over a note.
func Cosignatures(signed string, witnesses ...*WitnessVerifier) (out []Cosignature) {
	for _, v := range witnesses {
		n, err := note.Open([]byte(signed), note.VerifierList(v))
		if err != nil {
			continue
		}
		for _, s := range n.Sigs {
			raw, err := base64.StdEncoding.DecodeString(s.Base64)
			if err != nil || len(raw) < 12 {
				continue
			}
			at := int64(binary.BigEndian.Uint64(raw[4:12])) //nolint:gosec // verified above
			out = append(out, Cosignature{Witness: s.Name, At: time.Unix(at, 0).UTC(), line: "— " + s.Name + " " + s.Base64})
		}
	}
	return out
}

// AddCosignature keeps a witness's signature over one of this log's checkpoints. A note that
// is not of this log or not signed by the witness is Invalid journal.badCheckpoint; one whose
// root is not the one that was signed here is Conflict journal.forked: somebody has
// seen another history.
func (j *Journal) AddCosignature(ctx context.Context, signed string, w *WitnessVerifier) (size int64, err error) {
	defer errs.Op(&err, "journal.AddCosignature(%s)", w.Name())
	c, err := ParseCheckpoint(signed, j.signer.Verifier())
	if err != nil {
		return 0, errs.E(errs.Invalid, "journal.badCheckpoint", errs.Cause(err))
	}
	said := Cosignatures(signed, w)
	if len(said) == 0 {
		return 0, errs.E(errs.Invalid, "journal.badCheckpoint", errs.Cause(fmt.Errorf("journal: no signature of %s", w.Name())))
	}
	return c.Size, j.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		own, err := checkpointFrom(tx, c.Size)
		if err != nil {
			return err
		}
		ours, err := ParseCheckpoint(own.note, j.signer.Verifier())
		if err != nil || own.size != c.Size || ours.Epoch != c.Epoch || ours.Root != c.Root {
			return errs.E(errs.Conflict, "journal.forked", errs.P("witness", w.Name(), "size", c.Size))
		}
		return insertCosignature(tx, c.Size, w.Name(), db.Millis(said[0].At), said[0].line)
	})
}

// join adds cosignatures to a note.
func join(signed string, lines []string) string {
	for _, l := range lines {
		signed += l + "\n"
	}
	return signed
}
