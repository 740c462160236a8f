package decl

import "embed"

// Messages are this package's sentences (keys under "decl").
//
//go:embed i18n/*.yaml
var Messages embed.FS
