package journal

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Checkpoint is the log's state as signed: whoever keeps the note can later prove
// that nothing up to Size has changed.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
	At     time.Time
	// Epoch counts the restores of the log: 1 until the first. Cut is how many entries a later
	// epoch began with; what was signed beyond it before belongs to a history that is given up.
	Epoch int
	Cut   int64
	// Old is SHA-256 of the signed checkpoint that the epoch names as given before it.
	Old  [sha256.Size]byte
	Note string // the signed text (C2SP tlog-checkpoint, with the time as its extension line)
}

const (
	checkpointTime = "2006-01-02T15:04:05.000Z"
	epochMark      = "/epoch/"
)

// originOf names the log of an epoch. Another epoch is another log to witnesses: its tree need
// not contain what was signed before.
func originOf(name string, epoch int) string {
	if epoch <= 1 {
		return name
	}
	return name + epochMark + strconv.Itoa(epoch)
}

func checkpointText(name string, size int64, root tlog.Hash, at time.Time, e epoch) string {
	text := fmt.Sprintf("%s\n%d\n%s\n%s\n", originOf(name, e.number()), size, base64.StdEncoding.EncodeToString(root[:]), at.UTC().Format(checkpointTime))
	if e.n > 1 {
		old := sha256.Sum256([]byte(e.old))
		text += fmt.Sprintf("epoch %d after %d of %s\n", e.n, e.cut, base64.StdEncoding.EncodeToString(old[:]))
	}
	return text
}

// ParseCheckpoint reads a signed note and checks the log's signature. Signatures of others,
// such as witnesses, are left alone.
func ParseCheckpoint(signed string, v note.Verifier) (Checkpoint, error) {
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("journal: checkpoint: %w", err)
	}
	c := Checkpoint{Note: signed, Epoch: 1}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 5 {
		return Checkpoint{}, fmt.Errorf("journal: a checkpoint of another form")
	}
	c.Origin = lines[0]
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 {
		return Checkpoint{}, fmt.Errorf("journal: checkpoint size %q", lines[1])
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return Checkpoint{}, fmt.Errorf("journal: checkpoint root %q", lines[2])
	}
	copy(c.Root[:], root)
	if c.At, err = time.Parse(checkpointTime, lines[3]); err != nil {
		return Checkpoint{}, fmt.Errorf("journal: checkpoint time: %w", err)
	}
	if c.Origin == v.Name() && len(lines) == 5 {
		return c, nil
	}
	return c, c.parseEpoch(v.Name(), lines[4:])
}

func (c *Checkpoint) parseEpoch(name string, rest []string) error {
	var old string
	if len(rest) != 2 || rest[1] != "" {
		return fmt.Errorf("journal: a checkpoint of another form or origin")
	}
	if _, err := fmt.Sscanf(rest[0], "epoch %d after %d of %s", &c.Epoch, &c.Cut, &old); err != nil || c.Epoch < 2 || c.Cut < 0 || c.Origin != originOf(name, c.Epoch) {
		return fmt.Errorf("journal: a checkpoint of another form or origin")
	}
	b, err := base64.StdEncoding.DecodeString(old)
	if err != nil || len(b) != len(c.Old) {
		return fmt.Errorf("journal: the checkpoint before the epoch: %q", old)
	}
	copy(c.Old[:], b)
	return nil
}

// Checkpoint returns the newest signed checkpoint; NotFound journal.empty before the first.
func (j *Journal) Checkpoint(ctx context.Context) (c Checkpoint, err error) {
	defer errs.Op(&err, "journal.Checkpoint")
	var last storedCheckpoint
	err = j.db.View(ctx, func(_ context.Context, v *db.View) (err error) {
		last, err = lastCheckpoint(v)
		return err
	})
	if err != nil {
		return c, err
	}
	if last.size == 0 {
		return c, errs.E(errs.NotFound, "journal.empty")
	}
	return ParseCheckpoint(last.note, j.signer.Verifier())
}

// sign makes a checkpoint where the log has grown since the last.
func (j *Journal) sign(ctx context.Context) error {
	var last batch
	var cp storedCheckpoint
	var e epoch
	err := j.db.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if last, err = tail(v); err != nil {
			return err
		}
		if cp, err = lastCheckpoint(v); err != nil {
			return err
		}
		e, err = lastEpoch(v)
		return err
	})
	if err != nil || last.end() == cp.size {
		return err
	}
	if last.end() < cp.size {
		return errs.E(errs.Internal, "journal.shrunk", errs.P("size", last.end(), "signed", cp.size))
	}
	t, err := last.tree()
	if err != nil {
		return err
	}
	return j.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		text := checkpointText(j.signer.Name(), t.size, t.root(), tx.Now(), e)
		signed, err := note.Sign(&note.Note{Text: text}, j.signer)
		if err != nil {
			return err
		}
		return insertCheckpoint(tx, t.size, db.Millis(tx.Now()), string(signed))
	})
}
