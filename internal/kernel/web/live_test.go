package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestLiveGathersForSlowReaders: a name waits once however often it is said, a flood becomes
// one "all", and nobody hears of a topic that was not theirs.
func TestLiveGathersForSlowReaders(t *testing.T) {
	t.Parallel()
	l := NewLive(func(_ context.Context, topic string) bool { return strings.HasPrefix(topic, "unit:") })
	topics := l.allowed(t.Context(), []string{"unit:1", "unit:2", "unit:1", "account:9", "unit:3\nx"})
	if !slices.Equal(topics, []string{"unit:1", "unit:2"}) {
		t.Fatalf("joined %q", topics)
	}
	x, err := l.join(7, topics)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		l.Publish("unit:2", "unit:1", "unit:99")
	}
	if got := x.take(); !slices.Equal(got, []string{"unit:1", "unit:2"}) {
		t.Errorf("a slow reader gets %q", got)
	}
	many := make([]string, 0, livePending+10)
	for i := range livePending + 10 {
		many = append(many, fmt.Sprint("unit:", i))
		x.topics[many[i]] = true
	}
	l.Publish(many...)
	if got := x.take(); !slices.Equal(got, []string{LiveAll}) {
		t.Errorf("a flood is %q, want one %q", got, LiveAll)
	}
	l.leave(x)
	l.leave(x)
	if !l.Idle() {
		t.Error("who left is still counted")
	}
}

// TestLiveBoundsOneAccount: a person's many browsers do not take the house: the oldest ends.
func TestLiveBoundsOneAccount(t *testing.T) {
	t.Parallel()
	l := NewLive(func(context.Context, string) bool { return true })
	var all []*listener
	for range livePerAccount + 3 {
		x, err := l.join(7, []string{"unit:1"})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, x)
	}
	ended := 0
	for i, x := range all {
		select {
		case <-x.gone:
			if i >= 3 {
				t.Errorf("stream %d ended before older ones", i)
			}
			ended++
		default:
		}
	}
	if ended != 3 || len(l.open) != livePerAccount {
		t.Errorf("%d streams ended and %d stand, want 3 and %d", ended, len(l.open), livePerAccount)
	}
}
