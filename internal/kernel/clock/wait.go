package clock

import (
	"context"
	"time"
)

// Wait lets d pass by the machine's clock, whatever time the city has. It returns false where
// ctx ended first.
func Wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
