// Package orgunitweb shows the units: GET /api/v1/units and /api/v1/units/{id}
// for programs, /units and /units/{id} for people, both of any date.
//
// What must not come here: rules about units (orgunit), changing them.
package orgunitweb
