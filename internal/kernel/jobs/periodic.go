package jobs

import (
	"context"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// beatOf is a periodic job with what this node believes is its next instant.
type beatOf struct {
	Periodic
	began time.Time // when the node began to work: the first instant comes after it
	next  int64     // 0: not read yet
}

// after is the first instant of the period after t, counted from midnight in the city.
func (p Periodic) after(t time.Time) time.Time {
	_, zone := t.In(clock.Zone).Zone()
	shift := p.Offset.Milliseconds() - int64(zone)*1000
	every := p.Every.Milliseconds()
	n := (t.UnixMilli() - shift) / every
	return db.Time((n+1)*every + shift)
}

// enqueue enqueues the job where its instant has come and no other node was faster.
func (b *beatOf) enqueue(ctx context.Context, q *Queue) (err error) {
	defer errs.Op(&err, "jobs.periodic(%s)", b.Kind)
	if b.next == 0 {
		if err := b.read(ctx, q); err != nil {
			return err
		}
	}
	due := false
	err = q.db.View(ctx, func(_ context.Context, v *db.View) error {
		due = db.Millis(v.Now()) >= b.next
		return nil
	})
	if err != nil || !due {
		return err
	}
	other := errs.E(errs.Conflict, "jobs.taken", errs.P("id", b.Kind))
	moved := int64(0)
	err = q.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		moved = db.Millis(b.after(tx.Now()))
		if err := movePeriodic(tx, b.Kind, b.next, moved, other); err != nil {
			return err
		}
		return q.Enqueue(tx, Job{Kind: b.Kind, Unique: "periodic"})
	})
	if gone(err) {
		b.next = 0 // read what the other node wrote
		return nil
	}
	if err == nil {
		b.next = moved
	}
	return err
}

func (b *beatOf) read(ctx context.Context, q *Queue) error {
	for {
		known := false
		err := q.db.View(ctx, func(_ context.Context, v *db.View) (err error) {
			b.next, known, err = periodicNext(v, b.Kind)
			return err
		})
		if err != nil || known {
			return err
		}
		err = q.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			return startPeriodic(tx, b.Kind, db.Millis(b.after(b.began)))
		})
		if err != nil {
			return err
		}
	}
}
