package waiting

import (
	"slices"
	"time"

	"khue/internal/onestop/service"
)

// board is what is known of a line, a second old at most. It is immutable: whoever asks reads
// one whole state, without a lock.
type board struct {
	opening opening
	decl    *service.Opening
	at      time.Time
	batches []batch // as they were let in: seq and upto grow
	waiting []int64 // order of those who are not let in, smallest first
	here    int     // all who took a ticket
	taken   int
	live    int // let in, not filed yet, their time not run out
}

// opening is a row of waiting_opening.
type opening struct {
	id           int64
	from         time.Time
	seed, secret []byte
	drawn        bool
}

// batch let in everybody up to a place in the order.
type batch struct {
	seq, upto, n int64
	at           time.Time
}

// Phase is how far an opening is.
type Phase int

// The phases.
const (
	Closed Phase = iota // the line does not stand yet
	Before              // whoever comes takes part in the draw
	Open                // the line moves
	Over                // the opening has ended
)

// Doors is how long before the opening the line stands.
const Doors = time.Hour

// PhaseAt is how far an opening is at an instant.
func PhaseAt(o *service.Opening, now time.Time) Phase {
	switch {
	case !now.Before(o.Until):
		return Over
	case !now.Before(o.From):
		return Open
	case !now.Before(o.From.Add(-Doors)):
		return Before
	default:
		return Closed
	}
}

// Stand is how far somebody is.
type Stand int

// The stands.
const (
	Outside Stand = iota // no ticket
	Waits                // in the line
	In                   // may file until Standing.Until
	Lapsed               // was let in, and did not file in time
	Filed                // has filed
)

// Standing is what somebody who waits is told.
type Standing struct {
	Phase Phase
	Stand Stand
	From  time.Time // of the opening
	Ends  time.Time // of the opening
	Until time.Time // of In: when the place goes on to the next
	Ahead int       // of Waits, once drawn: how many stand before
	Here  int       // how many have come
	Left  int       // places that nobody has taken or is filing for; -1 where the quotas are of several answers
	Full  bool      // all places are taken or held; whoever waits moves up when one is given back
	Wait  time.Duration
	Known bool // Wait is an estimate by how the line moved of late

	Commitment [32]byte // of the seed
	Seed       []byte   // once drawn
	Drawn      bool
}

// grace is how much longer than its holder is told a place is kept: what was sent in the
// last second may be on its way.
const grace = 30 * time.Second

// let is the batch that let an order in; false where none did.
func (b *board) let(ord int64) (batch, bool) {
	i, _ := slices.BinarySearchFunc(b.batches, ord, func(x batch, o int64) int {
		switch {
		case x.upto < o:
			return -1
		case x.upto > o:
			return 1
		}
		return 0
	})
	if i == len(b.batches) {
		return batch{}, false
	}
	return b.batches[i], true
}

// lapsed is the order up to which the time to file has run out; below 0: of nobody.
func lapsed(batches []batch, now time.Time, file time.Duration) int64 {
	for i := len(batches) - 1; i >= 0; i-- {
		if !now.Before(batches[i].at.Add(file + grace)) {
			return batches[i].upto
		}
	}
	return -1
}

// window is how far back the line's pace is measured.
const window = 2 * time.Minute

// pace is how many a second were let in of late, 0 where nobody was.
func (b *board) pace(now time.Time) float64 {
	n, first := int64(0), now
	for i := len(b.batches) - 1; i >= 0 && now.Sub(b.batches[i].at) <= window; i-- {
		n, first = n+b.batches[i].n, b.batches[i].at
	}
	if took := now.Sub(first) + time.Second; n > 0 {
		return float64(n) / took.Seconds()
	}
	return 0
}

// standing says how somebody with a ticket stands; nil: without one.
func (b *board) standing(t *Ticket, now time.Time) Standing {
	s := Standing{
		Phase: PhaseAt(b.decl, now), From: b.decl.From, Ends: b.decl.Until, Here: b.here, Left: -1,
		Commitment: Commitment(b.opening.seed), Drawn: b.opening.drawn,
	}
	if s.Drawn {
		s.Seed = b.opening.seed
	}
	if b.decl.By == "" {
		s.Left = max(0, b.decl.Quota-b.taken-b.live)
		s.Full = s.Phase == Open && s.Left == 0
	}
	if t == nil {
		return s
	}
	s.Stand = Waits
	if s.Phase != Open {
		return s
	}
	ord := Order(b.opening.seed, b.opening.from, *t)
	if x, ok := b.let(ord); ok {
		s.Stand, s.Until = In, x.at.Add(b.decl.File)
		if !now.Before(s.Until) {
			s.Stand = Lapsed
		}
		return s
	}
	s.Ahead, _ = slices.BinarySearch(b.waiting, ord)
	if p := b.pace(now); p > 0 && !s.Full {
		s.Known, s.Wait = true, time.Duration(float64(s.Ahead+1)/p*float64(time.Second))
	}
	return s
}
