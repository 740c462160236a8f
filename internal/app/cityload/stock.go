package cityload

import (
	"sync"
)

// life is a dossier that the load may act on next. It belongs to one request at a time.
type life struct {
	code, access string
	task         string
	version      int64 // of the task, as last acknowledged
	stage        int   // of the script, to be done next
	claimed      bool
}

// known is a dossier that its owner may look up.
type known struct{ code, access string }

// seenKept bounds how many dossiers are looked up.
const seenKept = 20_000

// stock is what there is to do.
type stock struct {
	mu     sync.Mutex
	open   [][]*life        // by stage, oldest first
	online map[string]*life // filed by citizens, whose task a queue has yet to show
	waits  []*life          // for their applicants
	seen   []known
	turn   int
}

func newStock(stages int) *stock {
	return &stock{open: make([][]*life, stages), online: map[string]*life{}}
}

// take gives the oldest life at the first of the stages that has one.
func (s *stock) take(stages ...int) *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range stages {
		if q := s.open[k]; len(q) > 0 {
			s.open[k] = q[1:]
			return q[0]
		}
	}
	return nil
}

// unclaimed gives the oldest life that nobody took yet.
func (s *stock) unclaimed() *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, q := range s.open {
		for i := range q[:min(len(q), 50)] {
			if l := q[i]; !l.claimed {
				s.open[k] = append(q[:i:i], q[i+1:]...)
				return l
			}
		}
	}
	return nil
}

// put gives a life back; one that has ended goes.
func (s *stock) put(l *life) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.stage < len(s.open) {
		s.open[l.stage] = append(s.open[l.stage], l)
	}
}

// await keeps a life that its applicant is asked about.
func (s *stock) await(l *life) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits = append(s.waits, l)
}

// awaited gives the one that has waited longest.
func (s *stock) awaited() *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waits) == 0 {
		return nil
	}
	l := s.waits[0]
	s.waits = s.waits[1:]
	return l
}

// filed remembers a dossier for look-ups, and for a clerk's queue where its task is not
// known yet.
func (s *stock) filed(l *life) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := (known{l.code, l.access}); l.access == "" { // answered again without it
	} else if len(s.seen) < seenKept {
		s.seen = append(s.seen, k)
	} else {
		s.seen[s.turn%seenKept] = k
		s.turn++
	}
	if l.task == "" {
		s.online[l.code] = l
	} else {
		s.open[l.stage] = append(s.open[l.stage], l)
	}
}

// queued learns from a queue the task of a dossier that was filed online.
func (s *stock) queued(code, task string, version int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.online[code]; l != nil {
		delete(s.online, code)
		l.task, l.version = task, version
		s.open[l.stage] = append(s.open[l.stage], l)
	}
}

// look draws a dossier for a look-up.
func (s *stock) look(pick uint64) (known, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == 0 {
		return known{}, false
	}
	return s.seen[pick%uint64(len(s.seen))], true
}
