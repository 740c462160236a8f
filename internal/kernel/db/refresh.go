package db

import (
	"context"
	"errors"
	"time"

	"khue/internal/kernel/errs"
)

// KeepFresh calls read every so often until ctx ends, so that what another node wrote is
// seen here too. A database that is away for a while is no end; any other error is.
func KeepFresh(ctx context.Context, every time.Duration, read func(context.Context) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := read(ctx); err != nil && !errors.Is(err, context.Canceled) && errs.KindOf(err) != errs.Unavailable {
				return err
			}
		}
	}
}
