package journal

import (
	"context"
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
	Note   string // the signed text (C2SP tlog-checkpoint, with the time as its extension line)
}

func checkpointText(origin string, size int64, root tlog.Hash, at time.Time) string {
	return fmt.Sprintf("%s\n%d\n%s\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]), at.UTC().Format("2006-01-02T15:04:05.000Z"))
}

// ParseCheckpoint reads a signed note and checks its signature.
func ParseCheckpoint(signed string, v note.Verifier) (Checkpoint, error) {
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("journal: checkpoint: %w", err)
	}
	c := Checkpoint{Note: signed}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 5 || lines[0] != v.Name() {
		return Checkpoint{}, fmt.Errorf("journal: a checkpoint of another form or origin")
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
	if c.At, err = time.Parse("2006-01-02T15:04:05.000Z", lines[3]); err != nil {
		return Checkpoint{}, fmt.Errorf("journal: checkpoint time: %w", err)
	}
	return c, nil
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
	err := j.db.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if last, err = tail(v); err != nil {
			return err
		}
		cp, err = lastCheckpoint(v)
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
		text := checkpointText(j.signer.Name(), t.size, t.root(), tx.Now())
		signed, err := note.Sign(&note.Note{Text: text}, j.signer)
		if err != nil {
			return err
		}
		return insertCheckpoint(tx, t.size, db.Millis(tx.Now()), string(signed))
	})
}
