package journal

import (
	"context"
	"math"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// About is what a stranger needs to check the log.
type About struct {
	Origin string // of the epoch in force
	Key    string // public, in the form of sumdb/note
	Epoch  int
	Size   int64
	Signed time.Time // of the newest checkpoint; zero before the first
}

// About says which log this is.
func (j *Journal) About(ctx context.Context) (a About, err error) {
	defer errs.Op(&err, "journal.About")
	a = About{Origin: j.signer.Name(), Key: j.signer.PublicKey(), Epoch: 1}
	c, err := j.Checkpoint(ctx)
	if errs.Is(err, errs.NotFound) {
		return a, nil
	}
	if err == nil {
		a.Origin, a.Epoch, a.Size, a.Signed = c.Origin, c.Epoch, c.Size, c.At
	}
	return a, err
}

// Key is the public key by which this log's signatures are checked.
func (j *Journal) Key() string { return j.signer.PublicKey() }

// CheckpointOf returns the checkpoint of exactly a size with the cosignatures of witnesses;
// NotFound journal.noCheckpoint where none was signed.
func (j *Journal) CheckpointOf(ctx context.Context, size int64) (c Checkpoint, err error) {
	defer errs.Op(&err, "journal.CheckpointOf(%d)", size)
	return j.read(ctx, func(v *db.View) (storedCheckpoint, error) {
		s, err := checkpointFrom(v, size)
		if err == nil && s.size != size {
			s = storedCheckpoint{}
		}
		return s, err
	})
}

// Cosigned returns the newest checkpoint that a witness signed, with the cosignatures;
// NotFound journal.noCheckpoint before the first.
func (j *Journal) Cosigned(ctx context.Context) (c Checkpoint, err error) {
	defer errs.Op(&err, "journal.Cosigned")
	return j.read(ctx, func(v *db.View) (storedCheckpoint, error) { return lastCosigned(v) })
}

// read returns a stored checkpoint with the cosignatures.
func (j *Journal) read(ctx context.Context, find func(*db.View) (storedCheckpoint, error)) (c Checkpoint, err error) {
	var s storedCheckpoint
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		if s, err = find(v); err != nil || s.size == 0 {
			return err
		}
		lines, err := cosignatures(v, s.size)
		s.note = join(s.note, lines)
		return err
	})
	if err == nil && s.size == 0 {
		err = errs.E(errs.NotFound, "journal.noCheckpoint")
	}
	if err != nil {
		return c, err
	}
	return ParseCheckpoint(s.note, j.signer.Verifier())
}

// Checkpoints lists what was signed below a size (0: all), the newest first, at most limit
// (1 to 500; 0 means 50), with the cosignatures.
func (j *Journal) Checkpoints(ctx context.Context, before int64, limit int) (out []Checkpoint, err error) {
	defer errs.Op(&err, "journal.Checkpoints(%d)", before)
	if before <= 0 {
		before = math.MaxInt64
	}
	if limit <= 0 {
		limit = 50
	}
	var all []storedCheckpoint
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		if all, err = checkpointsBefore(v, before, min(limit, 500)); err != nil {
			return err
		}
		for i := range all {
			lines, err := cosignatures(v, all[i].size)
			if err != nil {
				return err
			}
			all[i].note = join(all[i].note, lines)
		}
		return nil
	})
	for _, s := range all {
		c, perr := ParseCheckpoint(s.note, j.signer.Verifier())
		if perr != nil {
			return nil, perr
		}
		out = append(out, c)
	}
	return out, err
}

// ProofAt proves that an entry is in the log of a checkpoint's size; 0 means the newest. The
// checkpoint comes with the cosignatures. Errors are those of Proof, and NotFound
// journal.noCheckpoint for a size that was not signed.
func (j *Journal) ProofAt(ctx context.Context, entry EntryID, size int64) (p Proof, err error) {
	defer errs.Op(&err, "journal.ProofAt(%s, %d)", entry, size)
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		p, err = proofAt(v, entry, func(int64) (storedCheckpoint, error) {
			if size == 0 {
				return lastCheckpoint(v)
			}
			c, err := checkpointFrom(v, size)
			if err == nil && c.size != size {
				err = errs.E(errs.NotFound, "journal.noCheckpoint")
			}
			return c, err
		})
		return err
	})
	return p, err
}

// proofAt proves an entry to the checkpoint that choose gives for its number.
func proofAt(v *db.View, entry EntryID, choose func(seq int64) (storedCheckpoint, error)) (p Proof, err error) {
	notYet := errs.E(errs.Unavailable, "journal.notYet", errs.P("id", entry.String()))
	r, err := entryByID(v, int64(entry))
	if err != nil {
		return p, err
	}
	seq, err := place(v, r)
	if err != nil {
		return p, err
	}
	if seq < 0 {
		return p, notYet
	}
	cp, err := choose(seq)
	if err != nil {
		return p, err
	}
	if seq >= cp.size {
		return p, notYet
	}
	path, err := tlog.ProveRecord(cp.size, seq, hashReader(v))
	if err != nil {
		return p, err
	}
	lines, err := cosignatures(v, cp.size)
	return Proof{ID: entry, Seq: seq, Leaf: r.leaf(), Path: path, Checkpoint: join(cp.note, lines)}, err
}

// ConsistencyOf proves that the log of size old is the beginning of the log of size now, which
// need not have been signed. Invalid journal.badSize outside 1 ≤ old ≤ now ≤ the newest checkpoint's size.
func (j *Journal) ConsistencyOf(ctx context.Context, old, now int64) (path tlog.TreeProof, err error) {
	defer errs.Op(&err, "journal.ConsistencyOf(%d, %d)", old, now)
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		cp, err := lastCheckpoint(v)
		if err != nil {
			return err
		}
		if old < 1 || old > now || now > cp.size {
			return errs.E(errs.Invalid, "journal.badSize", errs.P("size", cp.size))
		}
		path, err = tlog.ProveTree(now, old, hashReader(v))
		return err
	})
	return path, err
}

// TileHeight is that of C2SP tlog-tiles: 256 hashes.
const TileHeight = 8

// Tile returns the hashes of a tile of the signed tree. A tile that is not complete yet is NotFound
// unless its width is asked for (tlog.Tile.W).
func (j *Journal) Tile(ctx context.Context, t tlog.Tile) (data []byte, err error) {
	defer errs.Op(&err, "journal.Tile")
	none := errs.E(errs.NotFound, "journal.noTile")
	if t.H != TileHeight || t.L < 0 || t.L > 7 || t.N < 0 || t.W < 1 || t.W > 1<<TileHeight {
		return nil, none
	}
	span := int64(1) << (TileHeight * t.L) // entries below one hash
	if t.N > math.MaxInt64/span>>TileHeight-1 {
		return nil, none
	}
	end := (t.N<<TileHeight + int64(t.W)) * span
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		cp, err := lastCheckpoint(v)
		if err != nil {
			return err
		}
		if end > cp.size {
			return none
		}
		if t.L > 0 {
			data, err = tlog.ReadTileData(t, hashReader(v))
			return err
		}
		data, err = leafHashes(v, t.N<<TileHeight, end)
		return err
	})
	return data, err
}

// leafHashes reads the leaves of entries from number lo up to hi, from the batches that hold them.
func leafHashes(v *db.View, lo, hi int64) ([]byte, error) {
	bs, err := batchesOver(v, lo, hi)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, (hi-lo)*tlog.HashSize)
	for i := range bs {
		at := 0
		for n := bs[i].first; n < bs[i].end(); n++ {
			if n >= lo && n < hi && (at+1)*tlog.HashSize <= len(bs[i].hashes) {
				out = append(out, bs[i].hashes[at*tlog.HashSize:(at+1)*tlog.HashSize]...)
			}
			at += 1 + trailingOnes(n)
		}
	}
	if int64(len(out)) != (hi-lo)*tlog.HashSize {
		return nil, errs.E(errs.NotFound, "journal.noTile")
	}
	return slices.Clip(out), nil
}
