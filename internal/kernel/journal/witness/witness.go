// Package witness is the memory of somebody outside the city: it looks at the log's newest
// checkpoint, checks that it continues all that it saw before, and signs it. A log that
// shows two histories, or less than before, is refused from then on, and what
// proves it is kept.
//
// Owns no table: its state is one file, written before a signature is given away. What must not
// come here: HTTP (journalweb), and trust in the city beyond its public key.
package witness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
)

// Log is where a witness looks.
type Log interface {
	Checkpoint(ctx context.Context) (string, error)
	Consistency(ctx context.Context, old, now int64) (tlog.TreeProof, error)
}

// Fault is why a log is refused.
type Fault string

// The faults.
const (
	Forked   Fault = "forked"   // two checkpoints that are not of one history
	Shrunk   Fault = "shrunk"   // it signs for less than before and cannot prove the rest
	Restored Fault = "restored" // a restore gave up entries that this witness signed for
)

// Refusal is kept in the state until somebody of the witness decides.
type Refusal struct {
	Fault    Fault     `json:"fault"`
	At       time.Time `json:"at"`
	Epoch    int       `json:"epoch"` // of the checkpoint that was refused
	Had      string    `json:"had"`   // the checkpoint signed last
	Got      string    `json:"got"`   // the one that was refused; both are signed by the log
	Evidence string    `json:"evidence"`
}

func (r *Refusal) Error() string {
	what := map[Fault]string{
		Forked:   "the log FORKED: it signed two histories that contradict each other",
		Shrunk:   "the log SHRANK: it signs for less than this witness has seen and cannot prove the rest",
		Restored: "the log was RESTORED and gave up entries that this witness had signed for; where the city has explained it, go on with --accept-epoch",
	}[r.Fault]
	return fmt.Sprintf("%s. Nothing is signed any more. Evidence: %s", what, r.Evidence)
}

// state is the file.
type state struct {
	Key     string   `json:"key"`  // public, of the log
	Note    string   `json:"note"` // checkpoint signed last, with this witness's signature
	Refused *Refusal `json:"refused,omitempty"`
}

// Witness watches one log. Safe for concurrent use.
type Witness struct {
	file  string
	key   *journal.WitnessKey
	log   note.Verifier
	clock clock.Clock

	mu   sync.Mutex
	st   state
	last *journal.Checkpoint
}

// Open reads the state in file, or begins one. logKey is the public key of the log; a state that
// was begun with another is refused.
func Open(file, logKey string, key *journal.WitnessKey, c clock.Clock) (*Witness, error) {
	v, err := note.NewVerifier(logKey)
	if err != nil {
		return nil, errs.E(errs.Invalid, "journal.badPublicKey", errs.Cause(err))
	}
	w := &Witness{file: file, key: key, log: v, clock: c, st: state{Key: logKey}}
	raw, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &w.st)
	}
	if err != nil {
		return nil, fmt.Errorf("witness: state %s: %w", file, err)
	}
	if w.st.Key != logKey {
		return nil, fmt.Errorf("witness: the state %s is of a log with another key; a log does not change its key in silence", file)
	}
	if w.st.Note != "" {
		c, err := journal.ParseCheckpoint(w.st.Note, v)
		if err != nil {
			return nil, fmt.Errorf("witness: state %s: %w", file, err)
		}
		w.last = &c
	}
	return w, nil
}

// KnownKey is the log's key in a state, empty where there is no state yet.
func KnownKey(file string) string {
	var st state
	raw, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil || json.Unmarshal(raw, &st) != nil {
		return ""
	}
	return st.Key
}

// Signed is the checkpoint that was signed last, and why the log is refused since; both may be
// empty.
func (w *Witness) Signed() (signed string, refused *Refusal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.st.Note, w.st.Refused
}

// AcceptEpoch goes on after a restore that somebody of the witness has had explained. The
// evidence stays.
func (w *Witness) AcceptEpoch(n int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.st.Refused; r == nil || r.Fault != Restored || r.Epoch != n {
		return fmt.Errorf("witness: no restore with epoch %d was refused", n)
	}
	next := w.st
	next.Refused, next.Note = nil, ""
	if err := w.save(next); err != nil {
		return err
	}
	w.last = nil
	return nil
}

// Look fetches the log's checkpoint, checks it against what was signed last, and signs it. The
// error is a *Refusal where the log is at fault; any other means that nothing was learned.
// grown is how many entries came; 0 also for an older checkpoint that the log still stands by.
func (w *Witness) Look(ctx context.Context, log Log) (c journal.Checkpoint, grown int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.st.Refused != nil {
		return c, 0, w.st.Refused
	}
	signed, err := log.Checkpoint(ctx)
	if err != nil {
		return c, 0, fmt.Errorf("witness: checkpoint: %w", err)
	}
	if c, err = journal.ParseCheckpoint(signed, w.log); err != nil {
		return c, 0, fmt.Errorf("%w: %w", ErrUnsigned, err)
	}
	if w.last != nil {
		fault, err := w.check(ctx, log, *w.last, c)
		if err != nil {
			return c, 0, err
		}
		if fault != "" {
			return c, 0, w.refuse(fault, c)
		}
		if c.Size < w.last.Size {
			return c, 0, nil
		}
		grown = c.Size - w.last.Size
	}
	now := w.clock.Now()
	cosigned, err := w.key.Cosign(c, w.log, now)
	if err != nil {
		return c, 0, fmt.Errorf("witness: %w", err)
	}
	next := w.st
	next.Note = cosigned
	if err := w.save(next); err != nil {
		return c, 0, err
	}
	c.Note = cosigned
	w.last = &c
	return c, grown, nil
}

// check compares two checkpoints of the log. An error means that the log did not answer.
func (w *Witness) check(ctx context.Context, log Log, had, got journal.Checkpoint) (Fault, error) {
	switch {
	case got.Epoch < had.Epoch:
		return Shrunk, nil
	case got.Epoch > had.Epoch && got.Cut < had.Size:
		return Restored, nil
	case got.Size == had.Size && got.Root == had.Root:
		return "", nil
	case got.Size == had.Size:
		return Forked, nil
	}
	old, now, fault := had, got, Forked
	if got.Size < had.Size {
		// A stale answer of a cache: then the log still has the rest, and proves it.
		old, now, fault = got, had, Shrunk
	}
	if old.Size == 0 {
		return "", nil
	}
	var answered error
	for range 2 {
		path, err := log.Consistency(ctx, old.Size, now.Size)
		if err != nil {
			if fault == Shrunk && errors.Is(err, ErrRefused) {
				return fault, nil
			}
			return "", fmt.Errorf("witness: consistency of %d and %d: %w", old.Size, now.Size, err)
		}
		if answered = tlog.CheckTree(path, now.Size, now.Root, old.Size, old.Root); answered == nil {
			return "", nil
		}
	}
	return fault, nil
}

// ErrUnsigned is what Look returns where what came is not signed by the log's key.
var ErrUnsigned = errors.New("witness: what came is not signed by the log")

// ErrRefused is what a Log returns where the log answered that it cannot prove what was asked.
var ErrRefused = errors.New("the log refuses the proof")

func (w *Witness) refuse(f Fault, got journal.Checkpoint) error {
	at := w.clock.Now().UTC()
	r := &Refusal{Fault: f, At: at, Epoch: got.Epoch, Had: w.last.Note, Got: got.Note}
	r.Evidence = filepath.Join(w.file+".evidence", fmt.Sprintf("%s-%s-%d-%d.txt", at.Format("20060102T150405Z"), f, w.last.Size, got.Size))
	text := fmt.Sprintf("Khue witness %s, %s\nThe log %s is refused: %s.\nBoth checkpoints below are signed by the log's key\n%s\n\n--- signed before\n%s\n--- given now\n%s",
		w.key.Name(), at.Format(time.RFC3339), got.Origin, f, w.st.Key, r.Had, r.Got)
	err := os.MkdirAll(filepath.Dir(r.Evidence), 0o700)
	if err == nil {
		err = writeFile(r.Evidence, []byte(text))
	}
	next := w.st
	next.Refused = r
	return errors.Join(r, err, w.save(next))
}

// save writes the state and then takes it over.
func (w *Witness) save(next state) error {
	raw, err := json.MarshalIndent(next, "", "  ")
	if err == nil {
		err = writeFile(w.file, raw)
	}
	if err != nil {
		return fmt.Errorf("witness: state: %w", err)
	}
	w.st = next
	return nil
}

// writeFile leaves the old file or the new one whole, also after a power cut.
func writeFile(file string, raw []byte) (err error) {
	dir := filepath.Dir(file)
	f, err := os.CreateTemp(dir, ".witness-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if _, err = f.Write(raw); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), file); err != nil {
		return err
	}
	d, err := os.Open(dir) //nolint:gosec // the operator names the folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
