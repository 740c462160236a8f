package web

import "embed"

// Messages are the sentences of the edge, for app's bundle.
//
//go:embed i18n
var Messages embed.FS
