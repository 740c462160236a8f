package journal

import (
	"context"
	"embed"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

// Messages are this package's sentences (keys under "journal").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Journal appends to the log and proves it. Safe for concurrent use.
type Journal struct {
	db     *db.DB
	gen    *id.Gen
	signer Signer
	log    *slog.Logger
	sealer db.Sealer
	grown  signal       // the log has new entries
	recent recent       // what followers read last
	span   atomic.Int64 // of transactions that numbering looks through at once; PostgreSQL
	since  atomic.Int64 // entries numbered since the index of transactions was told of them; PostgreSQL
}

// New returns the journal over d. The signer (LoadKey) names the log and signs
// checkpoints and promises.
func New(d *db.DB, gen *id.Gen, signer Signer, log *slog.Logger) *Journal {
	if log == nil {
		log = slog.Default()
	}
	j := &Journal{db: d, gen: gen, signer: signer, log: log, grown: newSignal()}
	j.sealer.Fn = j.seal
	return j
}

// Receipt is what Append knows of the entry it wrote.
type Receipt struct {
	ID   EntryID
	At   time.Time
	Leaf tlog.Hash
}

// Append writes an entry as part of the unit tx. It returns Internal
// journal.badHeader for a header that is not made of codes and TooLarge
// journal.payload.
func (j *Journal) Append(tx *db.Tx, e Entry) (Receipt, error) {
	if err := e.check(); err != nil {
		return Receipt{}, err
	}
	r := e.fill(j.gen.Next(), tx.Now())
	if err := insertEntry(tx, r); err != nil {
		return Receipt{}, err
	}
	leaf := r.leaf()
	if j.db.SingleWriter() {
		tx.AtSeal(&j.sealer, &numbered{row: r, leaf: leaf})
	} else {
		tx.AfterCommit(j.grown.set)
	}
	return Receipt{ID: EntryID(r.id), At: tx.Now(), Leaf: leaf}, nil
}

// Erase forgets the payload of an entry and records that it did. why is the
// canonical JSON of the legal basis. An entry that is unknown or already erased
// fails the unit with NotFound journal.noEntry.
func (j *Journal) Erase(tx *db.Tx, target EntryID, actor int64, unit string, why []byte) error {
	if err := forget(tx, int64(target), errs.E(errs.NotFound, "journal.noEntry", errs.P("id", target.String()))); err != nil {
		return err
	}
	tx.AfterCommit(j.recent.forget)
	_, err := j.Append(tx, Entry{
		Kind: KindErased, Subject: Subject{subjectEntry, int64(target)}, Actor: actor, Unit: unit, Payload: why,
	})
	return err
}

// BySubject reads the entries about a subject in the order of their ids, after
// the one named (0 for the start), at most limit (1 to 500; 0 means 100).
func (j *Journal) BySubject(ctx context.Context, s Subject, after EntryID, limit int) (out []Record, err error) {
	defer errs.Op(&err, "journal.BySubject(%s %d)", s.Type, s.ID)
	if limit <= 0 {
		limit = 100
	}
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		rows, err := bySubject(v, s, int64(after), min(limit, 500))
		if err != nil {
			return err
		}
		out = make([]Record, len(rows))
		for i, r := range rows {
			out[i] = r.record(-1)
		}
		return nil
	})
	return out, err
}

// maxSubjects is how many subjects BySubjects reads at once.
const maxSubjects = 100

// BySubjects reads the youngest entries about several subjects of one type, the youngest
// first, at most limit (1 to 2,000) of all together. Of more than 100 subjects it reads the first.
func (j *Journal) BySubjects(ctx context.Context, kind string, ids []int64, limit int) (out []Record, err error) {
	defer errs.Op(&err, "journal.BySubjects(%s, %d)", kind, len(ids))
	if len(ids) == 0 {
		return nil, nil
	}
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		rows, err := bySubjects(v, kind, ids[:min(len(ids), maxSubjects)], min(max(limit, 1), 2000))
		out = make([]Record, len(rows))
		for i, r := range rows {
			out[i] = r.record(-1)
		}
		return err
	})
	return out, err
}

// Last is the instant that is written in the youngest id; zero where the log is empty. A
// demo whose clock goes on later must not begin before it: ids would come again.
func (j *Journal) Last(ctx context.Context) (at time.Time, err error) {
	defer errs.Op(&err, "journal.Last")
	err = j.db.View(ctx, func(_ context.Context, v *db.View) error {
		n, err := youngest(v)
		if n > 0 {
			at = id.Time(n)
		}
		return err
	})
	return at, err
}

// Reached is the instant of the newest fact that is numbered in a database, which may lie still.
func Reached(ctx context.Context, d *db.DB) (at time.Time, err error) {
	defer errs.Op(&err, "journal.Reached")
	err = d.View(ctx, func(_ context.Context, v *db.View) error {
		last, err := tail(v)
		if last.end() > 0 {
			at = db.Time(last.at)
		}
		return err
	})
	return at, err
}

func (r *row) record(seq int64) Record {
	return Record{
		ID: EntryID(r.id), Seq: seq, At: db.Time(r.at), Occurred: db.Time(r.occurred), Kind: r.kind,
		Subject: Subject{r.subjectType, r.subjectID}, Actor: r.actor, Unit: r.unit, Request: r.request,
		Payload: r.payload, Erased: r.erased(),
	}
}

// signal wakes one waiter; sets while it is busy melt into one.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

func (s signal) set() {
	select {
	case s <- struct{}{}:
	default:
	}
}
