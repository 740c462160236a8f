package once

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Life is how long a key is remembered.
const Life = 7 * 24 * time.Hour

// Hash is the digest of what a command asks, for telling a repeat from another use of the
// key: the SHA-256 of v as JSON, in which the keys of maps are sorted. Leave the request
// key itself out of v. It panics on what JSON cannot write (functions, channels).
func Hash(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("once: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// Find returns the result of an earlier command of the same actor with the same key.
// Where the earlier one asked something else, the error is Mismatch.
func Find(q db.Querier, actor int64, key string, hash []byte) (result int64, found bool, err error) {
	defer errs.Op(&err, "once.Find")
	r, err := findRequest(q, placeOf(actor, key))
	switch {
	case errs.Is(err, errs.NotFound):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case subtle.ConstantTimeCompare(r.body, hash) != 1:
		return 0, false, errs.E(errs.Mismatch, "once.mismatch")
	}
	return r.result, true, nil
}

// Record writes a command down beside its effect. Where a twin was faster the unit fails,
// here or at its commit, with an error on which db.IsUnique is true.
func Record(tx *db.Tx, actor int64, key string, hash []byte, result int64) (err error) {
	defer errs.Op(&err, "once.Record")
	return insertRequest(tx, placeOf(actor, key), request{hash, result})
}

// Do runs act unless the actor's key was used before, and returns the result of the one
// time that it ran. act does its writes in tx and returns the result's id; it may run
// twice, as every unit may. repeated says that act's effect is of an earlier request.
func Do(ctx context.Context, d *db.DB, actor int64, key string, hash []byte,
	act func(ctx context.Context, tx *db.Tx) (int64, error),
) (result int64, repeated bool, err error) {
	find := func() (found bool, err error) {
		err = d.View(ctx, func(_ context.Context, v *db.View) error {
			result, found, err = Find(v, actor, key, hash)
			return err
		})
		return found, err
	}
	if found, err := find(); found || err != nil {
		return result, found, err
	}
	err = d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if result, err = act(ctx, tx); err != nil {
			return err
		}
		return Record(tx, actor, key, hash, result)
	})
	if err == nil {
		return result, false, nil
	}
	if found, findErr := find(); found || errs.Is(findErr, errs.Mismatch) {
		return result, found, findErr // a twin was faster: its result is ours
	}
	return 0, false, err
}

// place is where a key of an actor stands in the table.
type place struct {
	digest int64 // 63 bits of the key's digest
	// A UUID of version 7 tells the millisecond in which it was made. Such keys stand in the
	// order of their making: thirty bits of the time, which last for more than Life, then 33 of the
	// digest. Commands of one moment then share a page of the table, where digests alone would
	// change a page for each of them.
	timed int64
	made  int64 // epoch milliseconds; 0 where the key does not tell
}

const (
	timeBits   = 30
	digestBits = 63 - timeBits
)

// placeOf is the place of an actor's key. Two keys that meet by chance look like a mismatch and are
// refused: one pair in 10^7 at a million keys of the digest alone, of the others as adr/0292 reckons.
func placeOf(actor int64, key string) place {
	h := sha256.New()
	var a [8]byte
	binary.BigEndian.PutUint64(a[:], uint64(actor)) //nolint:gosec // bits only
	h.Write(a[:])
	h.Write([]byte(key))
	p := place{digest: int64(binary.BigEndian.Uint64(h.Sum(nil)) >> 1)} //nolint:gosec // 63 bits
	if u, err := uuid.Parse(key); err == nil && u.Version() == 7 {
		p.made = int64(binary.BigEndian.Uint64(u[:8]) >> 16) //nolint:gosec // 48 bits
		p.timed = p.made&(1<<timeBits-1)<<digestBits | p.digest&(1<<digestBits-1)
	}
	return p
}

const purgeBatch = 1000

// Purge forgets keys older than Life. It walks the table in small units so that nobody waits
// behind it: a few seconds of an hour for the million commands of a large city's week.
func Purge(ctx context.Context, d *db.DB) (err error) {
	defer errs.Op(&err, "once.Purge")
	after := int64(-1)
	for {
		at := after
		err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			after, err = deleteOld(tx, db.Millis(tx.Now().Add(-Life)), at, purgeBatch)
			return err
		})
		if err != nil || after == 0 {
			return err
		}
	}
}

//go:embed migrations/*.sql
var migrations embed.FS

// Messages are the package's sentences, for app's bundle.
//
//go:embed i18n
var Messages embed.FS

// Migrations are of the package's own table.
func Migrations() db.Migrations { return db.Embedded("once", migrations) }
