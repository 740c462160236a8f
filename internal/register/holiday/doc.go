// Package holiday knows the days off of Vietnam's public sector and the hours of each
// unit, as dated facts, and builds working calendars from them: the city's, and one for
// each unit that differs.
//
// Two sources are laid one over the other. The facts of the public sector are embedded in
// days.txt; each edition that a program ever ran with is kept, so that a date counted then
// can be counted again. What a city adds (a new holiday, a swap, a day on which one
// office is closed, its Saturday morning) is a Change: proposed by one person with its
// source, approved by another, numbered, never edited. The version of a calendar names
// the edition, the last change that touched it, and the unit: "vn-public-2026.1+7@1331".
//
// The facts end with the year in which the last official notice was published: a later
// day is known only as a weekday or a weekend, and the calendar says so.
//
// Owns the tables holiday_edition, holiday_change and holiday_epoch, and publishes the
// journal entries of events.go. What must not come here: counting (kernel/calendar), what
// a new day off does to dossiers (dossier follows EventApproved).
package holiday
