package bpmn

import "embed"

// Messages are this package's sentences (keys under "bpmn").
//
//go:embed i18n/*.yaml
var Messages embed.FS
