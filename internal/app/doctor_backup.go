package app

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"khue/internal/kernel/backup"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// backup looks at the folder of backups from outside: nobody here has the key that opens it.
func (x *doctor) backup() {
	dir := x.cfg.Backup.Dir
	if dir == "" {
		x.says(think, "noBackup")
		return
	}
	x.backupDisk(dir)
	seen, err := backup.Look(dir)
	e, _ := errs.As(err)
	switch {
	case errs.Is(err, errs.NotFound):
		how := wrong
		if _, err := os.Stat(filepath.Join(x.cfg.Data, "keys")); err != nil {
			how = think // before the first start
		}
		x.says(how, "noneBackup", "dir", dir)
		return
	case err != nil && e != nil && e.Params["file"] != nil:
		x.says(wrong, "badBackup", "file", fmt.Sprint(e.Params["file"]), "dir", dir, "why", fmt.Sprint(e.Err))
		return
	case err != nil:
		x.says(wrong, "badBackup", "file", dir, "dir", dir, "why", err.Error())
		return
	case seen.Missing > 0:
		x.says(wrong, "gapBackup", "n", seen.Missing, "dir", dir)
	}
	limit := x.cfg.Backup.Alarm
	if limit <= 0 {
		limit = defaultAlarm
	}
	old := x.now.Sub(seen.Newest)
	how := fine
	switch {
	case old > day+limit:
		how = wrong
	case old > limit:
		how = think // a city that does not run commits nothing
	}
	x.says(how, "backup", "at", i18n.DateTime(x.c.lang, seen.Newest), "age", x.long(old))
}

// backupDisk looks at the room where backups go.
func (x *doctor) backupDisk(dir string) {
	if _, err := os.Stat(dir); err != nil {
		return // told by what is not in it
	}
	free, size, err := disk(dir)
	mb, percent := int64(free>>20), int64(free*100/max(size, 1)) //nolint:gosec // sizes of disks
	switch {
	case err != nil:
		x.says(think, "noDisk", "why", err.Error())
	case free < roomFor || free < size/20:
		x.says(wrong, "fullBackup", "mb", mb, "percent", percent)
	case free < size/10:
		x.says(think, "fullBackup", "mb", mb, "percent", percent)
	default:
		x.says(fine, "roomBackup", "gb", mb>>10)
	}
}

// long says how long something is in the largest unit of which it has two.
func (x *doctor) long(d time.Duration) string {
	switch {
	case d >= 2*day:
		return x.c.say("app.doctor.days", "n", int64(d/day))
	case d >= 2*hour:
		return x.c.say("app.doctor.hours", "n", int64(d/hour))
	}
	return x.c.say("app.doctor.minutes", "n", max(0, int64(d/time.Minute)))
}
