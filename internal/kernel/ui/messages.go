package ui

import "embed"

// Messages holds the texts of the components, for the program's i18n.Bundle.
//
//go:embed i18n
var Messages embed.FS
