package clock_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"khue/internal/kernel/clock"
)

func TestDateIsTheDayInHanoi(t *testing.T) {
	t.Parallel()
	// 18:30 UTC is already the next day at +07:00.
	if got := clock.DateOf(time.Date(2025, 6, 22, 18, 30, 0, 0, time.UTC)).String(); got != "2025-06-23" {
		t.Errorf("got %s", got)
	}
}

func TestDateArithmetic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{clock.MustDate("2026-12-31").AddDays(1).String(), "2027-01-01"},
		{clock.MustDate("2026-01-31").AddMonths(1).String(), "2026-02-28"},
		{clock.MustDate("2024-01-31").AddMonths(1).String(), "2024-02-29"},
		{clock.MustDate("2026-03-31").AddMonths(-1).String(), "2026-02-28"},
		{clock.MustDate("2026-11-30").AddMonths(3).String(), "2027-02-28"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
	if n := clock.MustDate("2025-07-01").Sub(clock.MustDate("2025-06-23")); n != 8 {
		t.Errorf("Sub = %d", n)
	}
}

func TestDateRefusesWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"2025-02-29", "2025-6-1", "23/06/2025", "", "2025-06-31"} {
		if d, err := clock.ParseDate(s); err == nil {
			t.Errorf("ParseDate(%q) = %v", s, d)
		}
	}
	if (clock.Date{Year: 2025, Month: 2, Day: 30}).Valid() {
		t.Error("30 February is valid")
	}
}

func TestDateAsJSON(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(map[string]clock.Date{"d": clock.MustDate("2025-06-23")})
	if err != nil || string(b) != `{"d":"2025-06-23"}` {
		t.Errorf("%s %v", b, err)
	}
}

func TestWatchStopsOnceWhenTheClockRunsBack(t *testing.T) {
	t.Parallel()
	f := clock.NewFake(clock.MustDate("2025-06-23").At(8, 10))
	stops := 0
	w := clock.Watch(f, time.Second, func(_, _ time.Time) { stops++ })
	w.Now()
	f.Advance(-500 * time.Millisecond) // within slack
	w.Now()
	if stops != 0 {
		t.Fatal("stopped within slack")
	}
	f.Advance(-time.Minute)
	w.Now()
	w.Now()
	if stops != 1 {
		t.Errorf("stopped %d times", stops)
	}
}

func TestShiftedJumpsOnlyForward(t *testing.T) {
	t.Parallel()
	f := clock.NewFake(clock.MustDate("2026-11-23").At(9, 0))
	s := clock.StartAt(f, clock.MustDate("2025-06-23").At(8, 10))
	f.Advance(time.Hour)
	if got := s.Now(); !got.Equal(clock.MustDate("2025-06-23").At(9, 10)) {
		t.Errorf("runs to %v", got)
	}
	if err := s.JumpTo(clock.MustDate("2025-07-01").At(8, 0)); err != nil {
		t.Fatal(err)
	}
	if err := s.JumpTo(clock.MustDate("2025-06-30").At(8, 0)); !errors.Is(err, clock.ErrBackward) {
		t.Errorf("jumped back: %v", err)
	}
}
