// Package bpmn reads, writes and draws BPMN 2.0.
//
// It knows the standard's shapes and nothing of what a city does with them:
// attributes and extension elements of the khue: namespace are kept as they stand,
// and onestop/process gives them their meaning. A file from a stranger is hostile
// input: it is bounded in size, depth and number of elements, has no entities and no
// HTML, and each refusal names line, element, reason and mend.
//
// Owns no table and no event. What must not come here: running a process, units,
// roles, dossiers.
package bpmn
