package app

import (
	"os"
	"path/filepath"
	"strings"

	"khue/internal/kernel/errs"
)

// existing is the configuration of a city that is there already. Commands that look at a city or
// act on it begin here: a misspelt folder would else be made into an empty city, of which all is
// well. Fails with errs.NotFound where there is no database or no keys.
func (f storageFlags) existing(c *command) (Config, error) {
	cfg, err := f.stored(c)
	if err != nil {
		return cfg, err
	}
	if _, err := os.Stat(journalKey(cfg.Data)); err != nil {
		return cfg, errs.E(errs.NotFound, "app.noKeys", errs.P("dir", cfg.Data))
	}
	return cfg, nil
}

// stored is the same for who needs no keys.
func (f storageFlags) stored(c *command) (Config, error) {
	cfg, err := f.config(c).withDefaults()
	if err != nil {
		return cfg, err
	}
	if file, lite := sqliteFile(cfg.DB); lite {
		if _, err := os.Stat(file); err != nil {
			return cfg, errs.E(errs.NotFound, "app.noCity", errs.P("file", file))
		}
	}
	return cfg, nil
}

// sqliteFile is the file of an address of SQLite.
func sqliteFile(url string) (file string, is bool) {
	file, is = strings.CutPrefix(url, "sqlite:")
	return strings.TrimPrefix(file, "//"), is
}

func journalKey(data string) string { return filepath.Join(data, "keys", "journal.key") }
