// Package decl reads declared files: YAML written by people who are not
// programmers, some of them in other companies.
//
// It is strict, and each fault names file, line, column, element and the mend:
// an unknown key is refused with the nearest key that exists, a wrong kind of
// value with the kind that is expected. All faults of a file are found in one
// reading. Anchors, tags, merge keys and doubled keys are refused; scalars keep
// the text that the author wrote, so a code such as 00118 stays a code.
//
// What must not come here: what the files mean (onestop/form, process, service).
package decl
