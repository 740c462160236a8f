package journal_test

import (
	"context"
	"testing"
	"time"

	"khue/internal/kernel/journal"
)

// TestWatchTellsEveryNode: each process hears of what is appended from now on, whoever
// appended it, and keeps no cursor that another could move.
func TestWatchTellsEveryNode(t *testing.T) {
	each(t, func(t *testing.T, c *city) {
		ctx, cancel := context.WithCancel(t.Context())
		c.add(t, journal.Entry{Kind: "old", Subject: dossier(1)})
		c.tick(t)
		heard := [2]chan journal.Record{make(chan journal.Record, 1000), make(chan journal.Record, 1000)}
		ended := make(chan error, 2)
		for i, j := range [2]*journal.Journal{c.Journal, journal.New(c.d, nil, nil, nil)} {
			go func() {
				ended <- j.Watch(ctx, func(rs []journal.Record, _ bool) {
					for _, r := range rs {
						heard[i] <- r
					}
				})
			}()
		}
		// When a node begins to look is its own affair: speak until both have heard.
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		got := [2]bool{}
		for n := int64(2); !got[0] || !got[1]; n++ {
			c.add(t, journal.Entry{Kind: "new", Subject: dossier(n)})
			c.tick(t)
			select {
			case r := <-heard[0]:
				got[0] = true
				if r.Kind != "new" {
					t.Errorf("the first node heard of %s, which was there before", r.Kind)
				}
			case r := <-heard[1]:
				got[1] = true
				if r.Kind != "new" {
					t.Errorf("the second node heard of %s, which was there before", r.Kind)
				}
			case <-tick.C:
			}
		}
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Errorf("watching ended with %v", err)
			}
		}
	})
}
