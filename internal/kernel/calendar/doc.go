// Package calendar counts time as the law does: working days, office hours and
// deadlines over dated facts about days off.
//
// It is pure. A Calendar is built from days that somebody else knows (for the
// city: register/holiday), names the version of those facts, and every Due tells
// which days it counted, which it passed over and why, so that a promised date
// can be explained to the person it was promised to and recomputed years later.
//
// Owns no table and no event. What must not come here: the list of a country's
// holidays, units, dossiers.
package calendar

import "embed"

// Messages are this package's sentences (keys under "calendar").
//
//go:embed i18n/*.yaml
var Messages embed.FS
