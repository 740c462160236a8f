package citytest

import (
	"io/fs"
	"strings"
	"testing/fstest"
	"time"

	"khue/internal/app"
	"khue/internal/kernel/clock"
	"khue/services"
)

// Enrolment is the service with an opening: grade 1 from midnight of 1 July 2026.
const Enrolment = "hanoi.education.grade-1-enrolment"

// Midnight is the opening of Enrolment.
func Midnight() time.Time { return clock.MustDate("2026-07-01").At(0, 0) }

// Quota opens a city half an hour before Midnight, where the lines of the declaration of
// Enrolment are replaced: old, new, old, new.
func Quota(pace int, replace ...string) []Option {
	all := fstest.MapFS{}
	err := fs.WalkDir(services.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(services.FS, path)
		if path == "school-enrolment/service.yaml" {
			b = []byte(strings.NewReplacer(replace...).Replace(string(b)))
		}
		all[path] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		panic(err) // the folder is embedded
	}
	return []Option{
		At(Midnight().Add(-30 * time.Minute)),
		With(func(c *app.Config) { c.Services, c.LinePace = all, pace }),
	}
}
