package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"khue/internal/kernel/backup"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/rights"
)

// restoring says what is made of a backup.
type restoring struct {
	At                          time.Time
	Data, PGData, PGBin, PGUser string
	Log                         *slog.Logger
	Progress                    func(done, total int64)
}

// restored is a city that stands again, not serving yet. Close it.
type restored struct {
	Program *Program
	Report  backup.Restored
	DB      string
	Reached time.Time        // of the youngest fact
	Erased  int              // things erased again
	Left    []backup.Erasure // dossiers that are open at this instant, and so could not be erased
	stop    func() error
}

// Close ends the program and the database behind it.
func (r *restored) Close() error {
	r.Program.Close()
	if r.stop != nil {
		return r.stop()
	}
	return nil
}

// whole fails where the journal is not.
func (r *restored) whole(ctx context.Context) error {
	rep, err := r.Program.Journal.Verify(ctx, journal.Held{}, nil)
	if err == nil && !rep.OK() {
		err = notWhole(rep)
	}
	return err
}

// restore makes the files, lets the database recover, verifies the journal, opens its new epoch
// and does again the erasures that came after the instant.
func restore(ctx context.Context, v *backup.Vault, t restoring) (out *restored, err error) {
	store := t.Data
	if t.PGData != "" {
		store = t.PGData
	}
	out = &restored{}
	out.Report, err = v.Restore(ctx, backup.Target{At: t.At, Data: t.Data, Store: store, Newest: func(ctx context.Context, file string) (time.Time, error) {
		d, err := db.Open(ctx, db.Config{URL: "sqlite:" + file, Log: t.Log, Readers: 1})
		if err != nil {
			return time.Time{}, err
		}
		at, err := journal.Reached(ctx, d)
		return at, errors.Join(err, d.Close())
	}, Progress: t.Progress})
	if err != nil {
		return nil, err
	}
	if out.Report.Engine == "sqlite" {
		out.DB = "sqlite:" + out.Report.File
	} else {
		if t.PGData == "" {
			return nil, errs.E(errs.Invalid, "app.restore.pgdata")
		}
		r := db.Recovery{Data: t.PGData, WAL: out.Report.WAL, At: t.At, Bin: t.PGBin, User: t.PGUser, Owner: out.Report.Owner}
		if out.DB, out.stop, err = r.Start(ctx); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil && out.Program == nil && out.stop != nil {
			err = errors.Join(err, out.stop())
		} else if err != nil && out.Program != nil {
			err = errors.Join(err, out.Close())
		}
	}()
	p, err := New(ctx, Config{Data: t.Data, DB: out.DB, Log: t.Log, MigrateAtStart: true})
	if err != nil {
		return nil, err
	}
	out.Program = p
	if out.Reached, err = journal.Reached(ctx, p.DB); err != nil {
		return nil, err
	}
	if err := out.whole(ctx); err != nil {
		return nil, err
	}
	// The newest checkpoint that the backup knows: others may hold it, and more.
	if err := p.Journal.OpenEpoch(ctx, "restore", []byte(out.Report.Checkpoint)); err != nil {
		return nil, err
	}
	if out.Erased, out.Left, err = p.eraseAgain(ctx, out.Report.Erasures); err != nil {
		return nil, err
	}
	// Numbered and signed before anybody is let in.
	return out, p.Journal.Tick(ctx, p.backupModule().Followers)
}

// eraseAgain forgets what was erased after the instant of a restore, and checks that it is
// gone. What does not exist yet at that instant needs nothing.
func (p *Program) eraseAgain(ctx context.Context, list []backup.Erasure) (n int, left []backup.Erasure, err error) {
	var files []string
	for _, e := range list {
		why, err := json.Marshal(map[string]any{"rule": "restore", "entry": e.ID, "at": e.At})
		if err != nil {
			return n, left, err
		}
		switch e.Kind {
		case rights.KindErased:
			var more []string
			more, err = erasing{p}.Erase(ctx, e.Of, why)
			files = append(files, more...)
			if errs.Is(err, errs.Conflict) {
				left = append(left, e)
				continue
			}
		case journal.KindErased:
			err = p.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
				return p.Journal.Erase(tx, journal.EntryID(e.Of), 0, "", why)
			})
		}
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return n, left, fmt.Errorf("app: erasing %s %d again: %w", e.Kind, e.Of, err)
		}
		n++
	}
	// Nobody was let in yet: whatever was put was put by the restore.
	if err := p.release(ctx, files, clock.System().Now().Add(hour)); err != nil {
		return n, left, err
	}
	return n, left, p.stayErased(ctx, list, left)
}

// stayErased fails where an erased dossier still holds what was filed.
func (p *Program) stayErased(ctx context.Context, list, left []backup.Erasure) error {
	open := map[int64]bool{}
	for _, e := range left {
		open[e.Of] = true
	}
	for _, e := range list {
		if e.Kind != rights.KindErased || open[e.Of] {
			continue
		}
		holds, err := p.Dossiers.Holds(ctx, dossier.ID(e.Of))
		if err != nil {
			return err
		}
		if holds {
			return errs.E(errs.Internal, "app.restore.notErased", errs.P("id", e.Of))
		}
	}
	return nil
}

// parseInstant reads an instant, in Hanoi where no zone is told.
func parseInstant(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, clock.Zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no instant such as 2026-12-01T09:30:00+07:00", s)
}
