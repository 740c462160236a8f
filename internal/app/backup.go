package app

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"khue/internal/kernel/backup"
	"khue/internal/kernel/blob"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/measure"
	"khue/internal/kernel/module"
	"khue/internal/onestop/rights"
)

// BackupConfig says where the city is copied to while it works.
type BackupConfig struct {
	Dir         string        // folder, on another disk or machine; empty: no backup
	Recipients  []string      // age1… or files of them
	Every       time.Duration // between segments; 1 s
	Rebase      time.Duration // between bases; a day
	Alarm       time.Duration // age of the last good backup at which health complains; 15 min
	WithoutKeys bool          // the folder of keys is kept elsewhere
	Progress    func(backup.Progress)
}

// backups opens the folder and hears of new blobs; nil where no backup is taken.
func (p *Program) backups() error {
	cfg := p.Config.Backup
	if cfg.Dir == "" {
		return nil
	}
	local, ok := p.Blobs.(*blob.Local)
	if !ok {
		return errors.New("app: blobs that are not in a folder are not backed up")
	}
	recipients, err := backup.ParseRecipients(cfg.Recipients)
	if err != nil {
		return err
	}
	vault, err := backup.Create(cfg.Dir, recipients)
	if err != nil {
		return err
	}
	names, err := p.secret("backup.key")
	if err != nil {
		return err
	}
	fresh := &freshBlobs{Local: local}
	p.Blobs = fresh
	d := backup.Deps{
		DB: p.DB, Clock: p.Clock, Vault: vault, Log: p.Config.Log, Names: names, Version: Version, Blobs: fresh, Keys: p.keyFiles,
		Erasures: func(ctx context.Context, after int64) ([]backup.Erasure, error) {
			return backup.Erasures(ctx, p.DB, after)
		},
		Checkpoint: func(ctx context.Context) string {
			c, err := p.Journal.Checkpoint(ctx)
			if err != nil {
				return "" // none yet
			}
			return c.Note
		},
		Progress: cfg.Progress, Every: cfg.Every, Rebase: cfg.Rebase,
	}
	if cfg.WithoutKeys {
		d.Keys = nil
	}
	p.Backup = backup.New(d)
	return nil
}

// keyFiles reads the folder of keys.
func (p *Program) keyFiles() (map[string][]byte, error) {
	dir := filepath.Join(p.Config.Data, "keys")
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, f := range list {
		if !f.Type().IsRegular() {
			continue
		}
		if out[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name())); err != nil { //nolint:gosec // our own folder
			return nil, err
		}
	}
	return out, nil
}

// freshBlobs remembers what was put since the backup asked last.
type freshBlobs struct {
	*blob.Local
	mu  sync.Mutex
	new []blob.Ref
}

// Put implements blob.Store.
func (f *freshBlobs) Put(ctx context.Context, r io.Reader, max int64) (blob.Ref, error) {
	ref, err := f.Local.Put(ctx, r, max)
	if err == nil {
		f.mu.Lock()
		f.new = append(f.new, ref)
		f.mu.Unlock()
	}
	return ref, err
}

// Fresh implements backup.Blobs.
func (f *freshBlobs) Fresh() []blob.Ref {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.new
	f.new = nil
	return out
}

// backupModule notes erasures, for restores, and watches over the age of the last good backup.
func (p *Program) backupModule() module.Module {
	m := module.Module{Name: "backup", Followers: []journal.Follower{backup.Follow(rights.KindErased, journal.KindErased)}}
	if p.Backup != nil {
		m.Run = p.Backup.Run
		m.Health = []module.Check{{Name: "age", Do: p.backupAge}}
		m.Measures = []measure.Group{p.backupFigures()}
	}
	return m
}

// backupFigures say what a loss of this machine would take with it.
func (p *Program) backupFigures() measure.Group {
	return measure.Group{
		Name: "backup",
		Figures: []measure.Figure{
			{Name: "khue_backup_behind_seconds", Help: "Age of the newest instant up to which all that was committed is in the folder of backups."},
			{Name: "khue_backup_lag_seconds", Help: "How long the oldest act of the newest segment had been acknowledged when the segment was on its disk."},
			{Name: "khue_backup_lag_p99_seconds", Help: "The same, in 99 of 100 of the last 600 segments no longer."},
			{Name: "khue_backup_segments", Help: "Segments of the log since the newest base."},
		},
		Now: func(put measure.Put) {
			s := p.Backup.Status()
			if s.Good.IsZero() || s.Waiting {
				return // none yet, or another node takes it
			}
			put("khue_backup_behind_seconds", p.Clock.Now().Sub(s.Good).Seconds())
			put("khue_backup_lag_seconds", s.Lag.Seconds())
			put("khue_backup_lag_p99_seconds", s.LagP99.Seconds())
			put("khue_backup_segments", float64(s.Segments))
		},
	}
}

// defaultAlarm is how old the last good backup may be.
const defaultAlarm = 15 * time.Minute

func (p *Program) backupAge(context.Context) error {
	s := p.Backup.Status()
	limit := p.Config.Backup.Alarm
	if limit <= 0 {
		limit = defaultAlarm
	}
	now := p.Clock.Now()
	switch {
	case s.Waiting:
		return nil // another node takes it, and tells
	case s.Good.IsZero() && s.Err == "":
		return nil // the first base is on its way
	case s.Good.IsZero():
		return errs.E(errs.Unavailable, "backup.never", errs.P("why", s.Err))
	case now.Sub(s.Good) > limit:
		return errs.E(errs.Unavailable, "backup.stale", errs.P("good", s.Good.Format(time.RFC3339), "limit", limit.String(), "why", s.Err))
	}
	return nil
}
