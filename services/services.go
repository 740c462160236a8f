// Package services holds the city's declared public services, one folder each. There is
// no code in them.
package services

import "embed"

// FS holds every declared service that comes with the program.
//
//go:embed all:*
var FS embed.FS
