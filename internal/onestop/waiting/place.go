package waiting

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

// Hold is a place about to be taken: whose, of which quota, by which ticket.
type Hold struct {
	room    *room
	opening int64
	ticket  *row // nil at a counter
	quota   string
	size    int
	holder  string
	n       int64
}

// Hold says whether the subject of ctx may file for a place now. nil where the service has no
// opening. Conflict where the opening has not come, the line has not let them in, their time
// ran out, or the place is held already; Gone where it is over.
func (s *Service) Hold(ctx context.Context, pkg *service.Package, online bool, answers form.Answers) (h *Hold, err error) {
	o := pkg.Opening
	if o == nil {
		return nil, nil //nolint:nilnil // nothing to take
	}
	defer errs.Op(&err, "waiting.Hold(%s)", pkg.ID)
	r, err := s.room(ctx, pkg)
	if err != nil {
		return nil, err
	}
	sub, now, b := auth.From(ctx), s.Clock.Now(), r.now.Load()
	if err := inTime(o, now); err != nil {
		return nil, err
	}
	h = &Hold{room: r, opening: b.opening.id}
	h.quota, h.size = o.PlacesOf(answers)
	who := "account\x00" + itoa(sub.Account)
	if o.One != "" {
		who = "answer\x00" + answers.Text(o.One)
	} else if !online {
		who = "" // a clerk files for many; each dossier is a place
	}
	if who != "" {
		m := hmac.New(sha256.New, b.opening.secret)
		m.Write([]byte(who))
		h.holder = hex.EncodeToString(m.Sum(nil)[:16])
	}
	var has bool
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if online {
			x, found, err := findTicket(v, h.opening, sub.Account)
			if err != nil {
				return err
			}
			if found {
				h.ticket = &x
			}
		}
		if h.holder != "" {
			has, err = held(v, h.opening, h.holder)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case has:
		return nil, errs.E(errs.Conflict, "waiting.held")
	case !online:
		return h, nil
	case h.ticket == nil:
		return nil, errs.E(errs.Conflict, keyOutside)
	case h.ticket.dossier != 0:
		return nil, errs.E(errs.Conflict, "waiting.used")
	}
	switch st := b.standing(&h.ticket.Ticket, now); st.Stand {
	case In:
		return h, nil
	case Lapsed:
		return nil, errs.E(errs.Conflict, keyLapsed)
	case Outside, Waits, Filed:
	}
	return nil, errs.E(errs.Conflict, keyWaits)
}

const (
	keyOutside = "waiting.outside"
	keyWaits   = "waiting.waits"
	keyLapsed  = "waiting.lapsed"
)

// InLine reports whether an error of filing is one that the line answers: no ticket, not let
// in yet, or too late.
func InLine(err error) bool {
	e, ok := errs.As(err)
	return ok && (e.Key == keyOutside || e.Key == keyWaits || e.Key == keyLapsed)
}

func inTime(o *service.Opening, now time.Time) error {
	if now.Before(o.From) {
		return errs.E(errs.Conflict, "waiting.notOpen", errs.P("from", o.From))
	}
	if !now.Before(o.Until) {
		return errs.E(errs.Gone, "waiting.over", errs.P("until", o.Until))
	}
	return nil
}

// Lets says whether the subject of ctx may begin and file now, as Hold does, without a place.
func (s *Service) Lets(ctx context.Context, pkg *service.Package, t *Ticket) (bool, error) {
	if pkg.Opening == nil {
		return true, nil
	}
	switch PhaseAt(pkg.Opening, s.Clock.Now()) {
	case Closed:
		return true, nil // who prepares early need not wait
	case Over:
		return false, nil
	case Before, Open:
	}
	if t == nil || t.Account != auth.From(ctx).Account {
		return false, nil
	}
	st, err := s.Standing(ctx, pkg, t)
	return st.Stand == In, err
}

// Place picks a place and runs file, which calls Take in its unit of work; where a place was
// taken by another meanwhile, it picks the next. Conflict where none is left. A nil Hold takes none.
func (s *Service) Place(ctx context.Context, h *Hold, file func() error) error {
	if h == nil {
		return file()
	}
	for {
		q := h.room.quotas.get(h.quota)
		n, ok, err := q.pick(ctx, s, h)
		if err != nil {
			return err
		}
		if !ok {
			return errs.E(errs.Conflict, "waiting.full")
		}
		h.n = n
		err = file()
		q.done(n, err == nil)
		if errors.Is(err, errUsed) {
			return errs.E(errs.Conflict, "waiting.used", errs.Cause(err))
		}
		if !db.IsUnique(err) {
			return err
		}
		var taken, has bool
		seen := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
			if h.holder != "" {
				if has, err = held(v, h.opening, h.holder); err != nil {
					return err
				}
			}
			taken, err = numberTaken(v, h.opening, h.quota, n)
			return err
		})
		switch {
		case seen != nil:
			return seen
		case has:
			return errs.E(errs.Conflict, "waiting.held", errs.Cause(err))
		case !taken:
			return err // something else of the dossier exists: the caller knows
		}
		q.mark(n) // another node gave it
	}
}

// Take writes the place down beside the dossier.
func (h *Hold) Take(tx *db.Tx, dossier int64) error {
	if h == nil {
		return nil
	}
	if h.ticket != nil {
		if err := useTicket(tx, h.opening, *h.ticket, dossier); err != nil {
			return err
		}
	}
	holder := h.holder
	if holder == "" {
		holder = "dossier " + itoa(dossier)
	}
	return insertPlace(tx, place{dossier: dossier, opening: h.opening, n: h.n, quota: h.quota, holder: holder})
}

// Release gives the place of a dossier back, if it holds one: the next in line is let in.
func (s *Service) Release(tx *db.Tx, dossier int64) error {
	p, found, err := placeOf(tx, dossier)
	if err != nil || !found {
		return err
	}
	entry, err := s.entry(KindReleased, p.opening, map[string]any{"quota": p.quota, "n": p.n})
	if err != nil {
		return err
	}
	if err := removePlace(tx, dossier); err != nil {
		return err
	}
	if err := forgetTicket(tx, p.opening, dossier); err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, entry)
	return err
}

// quotas hands out the numbers of places on this node, so that those who file at once do not
// try the same one. What is right stands in the database.
type quotas struct {
	mu sync.Mutex
	of map[string]*quota
}

type quota struct {
	mu     sync.Mutex
	landed sync.Cond // a try ended
	free   []int64
	flying map[int64]struct{} // being filed
	size   int
	read   time.Time
}

func (qs *quotas) get(name string) *quota {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	q := qs.of[name]
	if q == nil {
		q = &quota{flying: map[int64]struct{}{}}
		q.landed.L = &q.mu
		qs.of[name] = q
	}
	return q
}

// again is how long a quota that is full is believed to be.
const again = time.Second

// pick is a number that nobody on this node tries; false where no place is left. Where others
// try the last ones it waits for what comes of that: a family that was let in must not hear
// that all is taken because somebody's lost connection is sent twice.
func (q *quota) pick(ctx context.Context, s *Service, h *Hold) (n int64, ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		now := s.Clock.Now()
		stale := q.read.IsZero() || now.Sub(q.read) >= again || now.Before(q.read)
		if len(q.free) == 0 && stale || q.size != h.size {
			if err := q.reread(ctx, s, h, now); err != nil {
				return 0, false, err
			}
		}
		if len(q.free) > 0 {
			break
		}
		if len(q.flying) == 0 {
			return 0, false, nil
		}
		q.landed.Wait()
	}
	// Somewhere in what is left: nodes meet seldom.
	at := rand.IntN(len(q.free)) //nolint:gosec // no secret
	n = q.free[at]
	q.free[at] = q.free[len(q.free)-1]
	q.free = q.free[:len(q.free)-1]
	q.flying[n] = struct{}{}
	return n, true, nil
}

// reread takes from the database which numbers are free; q.mu is held.
func (q *quota) reread(ctx context.Context, s *Service, h *Hold, now time.Time) error {
	var gone []int64
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		gone, err = numbers(v, h.opening, h.quota)
		return err
	})
	if err != nil {
		return err
	}
	taken := make(map[int64]struct{}, len(gone))
	for _, g := range gone {
		taken[g] = struct{}{}
	}
	q.free, q.read, q.size = q.free[:0], now, h.size
	for i := range int64(h.size) {
		_, a := taken[i]
		_, b := q.flying[i]
		if !a && !b {
			q.free = append(q.free, i)
		}
	}
	return nil
}

// done ends a try; a number that was not used is free again.
func (q *quota) done(n int64, used bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.flying, n)
	q.landed.Broadcast()
	if !used && n < int64(q.size) {
		q.free = append(q.free, n)
	}
}

// mark takes a number out that another node gave.
func (q *quota) mark(n int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, f := range q.free {
		if f == n {
			q.free[i] = q.free[len(q.free)-1]
			q.free = q.free[:len(q.free)-1]
			return
		}
	}
}
