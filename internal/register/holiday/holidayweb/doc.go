// Package holidayweb shows the working calendar of the city and of each unit, a year at a
// time, and takes proposals and decisions of changes. It works without JavaScript.
//
// It keeps no state and takes no decision. What must not come here: counting
// (kernel/calendar), who may do what (holiday).
package holidayweb
