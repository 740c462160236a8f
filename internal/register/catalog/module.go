package catalog

import (
	"embed"
	"io/fs"

	"khue/internal/kernel/db"
	"khue/internal/kernel/module"
)

//go:embed migrations i18n
var files embed.FS

// Module is the catalogue as app sees it. Procedures are loaded by Service.LoadSeed
// at start and by Service.Import on command.
func Module() module.Module {
	return module.Module{
		Name:       "catalog",
		Migrations: db.Migrations{Module: "catalog", FS: sub("migrations")},
		Messages:   sub("i18n"),
	}
}

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return f
}
