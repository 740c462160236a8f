package waiting

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/service"
)

// settle is how long after the opening the order is laid open: tickets of its last instant
// may still be on their way to the disk.
const settle = 2 * time.Second

// move does what is due in one line, and brings its board up to date.
func (s *Service) move(ctx context.Context, r *room, o *service.Opening) (err error) {
	defer errs.Op(&err, "waiting.move(%s)", r.service)
	r.refresh.Lock()
	defer r.refresh.Unlock()
	b, now := r.now.Load(), s.Clock.Now()
	if PhaseAt(o, now) == Closed {
		return nil // nobody is here
	}
	if !b.opening.drawn && !now.Before(o.From.Add(settle)) {
		if err := s.draw(ctx, r, b); err != nil {
			return err
		}
	}
	if err := s.read(ctx, r); err != nil {
		return err
	}
	if b = r.now.Load(); PhaseAt(o, now) != Open || !b.opening.drawn {
		return nil
	}
	moved, err := s.admit(ctx, r, b, now)
	if err != nil || !moved {
		return err
	}
	return s.read(ctx, r)
}

// draw lays the seed open, with the digest of who took part in which order.
func (s *Service) draw(ctx context.Context, r *room, b *board) error {
	var ids []int64
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		ids, err = early(v, b.opening.id)
		return err
	})
	if err != nil {
		return err
	}
	h := sha256.New()
	for _, id := range ids {
		_ = binary.Write(h, binary.BigEndian, id)
	}
	entry, err := s.entry(KindDrawn, b.opening.id, map[string]any{
		"service": r.service, "seed": hex.EncodeToString(b.opening.seed), "tickets": len(ids), "order": hex.EncodeToString(h.Sum(nil)),
	})
	if err != nil {
		return err
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := markDrawn(tx, b.opening.id); err != nil {
			return err
		}
		_, err := s.Journal.Append(tx, entry)
		return err
	})
	if errors.Is(err, errRaced) {
		err = nil // another node drew: the same order, by the same seed
	}
	if err == nil {
		fresh := *b
		fresh.opening.drawn = true
		r.now.Store(&fresh)
	}
	return err
}

// admit lets the next in: as many as the pace, the room and the places allow. false where
// nobody was, or another node did it.
func (s *Service) admit(ctx context.Context, r *room, b *board, now time.Time) (moved bool, err error) {
	last := batch{upto: -1, at: now.Add(-time.Second)}
	if n := len(b.batches); n > 0 {
		last = b.batches[n-1]
	}
	since := min(now.Sub(last.at), 3*time.Second)
	n := int(since.Seconds() * float64(s.Pace))
	n = min(n, s.Room-b.live)
	if b.decl.By == "" {
		n = min(n, b.decl.Quota-b.taken-b.live)
	}
	if n <= 0 {
		return false, nil
	}
	var ords []int64
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		ords, err = next(v, b.opening.id, last.upto, n)
		return err
	})
	if err != nil || len(ords) == 0 {
		return false, err
	}
	x := batch{seq: last.seq + 1, upto: ords[len(ords)-1], n: int64(len(ords)), at: now.Truncate(time.Millisecond)}
	entry, err := s.entry(KindAdmitted, b.opening.id, map[string]any{"seq": x.seq, "upto": x.upto, "n": x.n})
	if err != nil {
		return false, err
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := insertBatch(tx, b.opening.id, x); err != nil {
			return err
		}
		_, err := s.Journal.Append(tx, entry)
		return err
	})
	if db.IsUnique(err) {
		return false, nil // another node was faster
	}
	return err == nil, err
}

const (
	// overlap is how far back new tickets are read again: a unit may commit after one that
	// began later.
	overlap = 10 * time.Second
	// whole is how often all tickets are read anew: who filed or left is out of memory then.
	whole = time.Minute
)

// read brings a board up to date; r.refresh is held.
func (s *Service) read(ctx context.Context, r *room) error {
	b := *r.now.Load()
	now := s.Clock.Now()
	since := b.at.Add(-overlap)
	if r.known == nil || now.Sub(r.full) >= whole {
		since, r.full = time.UnixMilli(0), now
		r.known, r.here = map[int64]int64{}, map[int64]struct{}{}
	}
	seq := int64(0)
	if n := len(b.batches); n > 0 {
		seq = b.batches[n-1].seq
	}
	var came []row
	var more []batch
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if more, err = batchesAfter(v, b.opening.id, seq); err != nil {
			return err
		}
		if came, err = arrivals(v, b.opening.id, since); err != nil {
			return err
		}
		upto := int64(-1)
		if all := append(b.batches[:len(b.batches):len(b.batches)], more...); len(all) > 0 {
			upto = all[len(all)-1].upto
			if b.live, err = countBetween(v, b.opening.id, lapsed(all, now, b.decl.File), upto); err != nil {
				return err
			}
		}
		b.taken, err = countTaken(v, b.opening.id)
		return err
	})
	if err != nil {
		r.known = nil // read all of it next time
		return err
	}
	b.at, b.batches = now, append(b.batches[:len(b.batches):len(b.batches)], more...)
	front := int64(-1)
	if n := len(b.batches); n > 0 {
		front = b.batches[n-1].upto
	}
	for _, x := range came {
		r.here[x.Account] = struct{}{}
		if x.dossier == 0 {
			r.known[x.Account] = x.ord
		}
	}
	b.here = len(r.here)
	b.waiting = make([]int64, 0, len(r.known))
	for account, ord := range r.known {
		if ord <= front {
			delete(r.known, account)
			continue
		}
		b.waiting = append(b.waiting, ord)
	}
	slices.Sort(b.waiting)
	r.now.Store(&b)
	return nil
}
