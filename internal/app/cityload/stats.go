package cityload

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// sample is one step that was due.
type sample struct {
	at    time.Duration // intended start
	lag   time.Duration // from it to the start that it had: the queue within the load
	took  time.Duration // from the start that it had to the last answer
	actor int
	act   string
	fault fault
	how   how
	again int
	said  string
}

// latency counts from the intended start: who waits behind a slow answer, waits.
func (s sample) latency() time.Duration { return s.lag + s.took }

// stats collects samples. Exact: percentiles are of all of them.
type stats struct {
	mu      sync.Mutex
	all     []sample
	told    int // of them, already in a line of progress
	notes   []string
	pending *sync.WaitGroup
}

const notesKept = 100

func (s *stats) add(x sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, x)
}

// note keeps what must not happen at all.
func (s *stats) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.notes) < notesKept {
		s.notes = append(s.notes, text)
	}
}

// second is a line of progress over what came since the last.
func (s *stats) second(n, rate, asked int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lat []time.Duration
	wrong := 0
	for _, x := range s.all[s.told:] {
		switch {
		case x.how == idle:
		case x.how != served:
			wrong++
		case x.fault == noFault:
			lat = append(lat, x.latency())
		}
	}
	done := len(s.all) - s.told
	s.told = len(s.all)
	slices.Sort(lat)
	return fmt.Sprintf("%4d s  asked %5d/s  done %5d/s  waiting %5d  errors %3d  p50 %s  p95 %s  p99 %s ms",
		n, rate, done, asked-len(s.all), wrong, short(quantile(lat, 0.5)), short(quantile(lat, 0.95)), short(quantile(lat, 0.99)))
}

func short(ms float64) string {
	switch {
	case ms >= 100:
		return fmt.Sprintf("%5.0f", ms)
	case ms >= 10:
		return fmt.Sprintf("%5.1f", ms)
	}
	return fmt.Sprintf("%5.2f", ms)
}

// quantile of sorted durations, in milliseconds: the least that at least q of them reach.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return float64(sorted[max(0, min(i, len(sorted)-1))]) / float64(time.Millisecond)
}

// loadAverage is what the machine says of itself, over the last minute; empty elsewhere
// than on Linux.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}
