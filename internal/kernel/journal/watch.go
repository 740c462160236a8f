package journal

import (
	"context"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

const (
	watchEvery = 400 * time.Millisecond // so that what any node commits is seen within a second
	watchMax   = 256                    // entries read at once
)

// Watch tells this process of what is appended from now on, on whatever node, until ctx
// ends. Unlike a Follower it keeps no cursor and every node has its own: it is for what only
// this process holds, such as open connections. do gets headers and payloads in the order of
// the log; where more came than one look reads, skipped says that the rest was passed over.
func (j *Journal) Watch(ctx context.Context, do func(rs []Record, skipped bool)) error {
	seq := int64(-1)
	look := func(ctx context.Context) error {
		var rs []Record
		skipped := false
		err := j.db.View(ctx, func(_ context.Context, v *db.View) error {
			last, err := tail(v)
			if err != nil || last.end() == seq {
				return err
			}
			if seq < 0 {
				seq = last.end()
				return nil
			}
			end := seq
			if rs, end, err = readFrom(v, seq, watchMax); err != nil {
				return err
			}
			if skipped = last.end()-end > watchMax; skipped {
				end = last.end()
			}
			seq = end
			return nil
		})
		if err != nil {
			if errs.KindOf(err) != errs.Unavailable && ctx.Err() == nil {
				j.complain(ctx, "journal: watch", err)
			}
			return nil // a look that failed is taken again
		}
		if len(rs) > 0 || skipped {
			do(rs, skipped)
		}
		return nil
	}
	_ = look(ctx) // from now on, not from the first tick on
	return db.KeepFresh(ctx, watchEvery, look)
}
