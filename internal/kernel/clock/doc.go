// Package clock is the only place that asks the machine for the time.
//
// Everything else takes a Clock, so that tests and the demo can stand on any
// day, and a Date where the law counts days. What must not come here: working
// days and deadlines (kernel/calendar).
package clock
