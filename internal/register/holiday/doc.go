// Package holiday holds the days off of Vietnam's public sector as dated facts
// and builds the city's working calendar from them.
//
// The facts stand in days.txt, in a format of this package, and carry a version
// that every computed date records. They end with the year in which the last
// official notice was published: a later day is known only as a weekday or a
// weekend, and the calendar says so.
//
// Owns no table and no event. What must not come here: counting (kernel/calendar),
// local days off of one unit.
package holiday
