package calendar_test

import (
	"io/fs"
	"testing/fstest"
)

// testNames are the names of the invented holiday.
type testNames struct{}

func (testNames) fs() fs.FS {
	return fstest.MapFS{
		"i18n/vi.yaml": {Data: []byte("holiday: {x: ngày X}")},
		"i18n/en.yaml": {Data: []byte("holiday: {x: X day}")},
	}
}
