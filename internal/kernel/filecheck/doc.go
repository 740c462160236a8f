// Package filecheck decides whether a file that a stranger sends may be kept, and makes
// a safe copy and a safe name of it.
//
// A file is one of a few kinds. Its ending, the type that the sender declared and its
// bytes must agree; it must be that kind from its first byte to its last, with nothing
// before, behind or inside that another program would run or unpack; and reading it is
// bounded in time and memory, whatever it says of itself. What is refused is refused with
// a sentence that says what to do.
//
// Check reads through io.ReaderAt and holds no file in memory. Photographs lose their
// metadata (place, device, thumbnail) on the way into the store; documents are never
// altered, since signatures hang on their bytes.
//
// It owns no table and no event. What must not come here: what a paper may be, quotas,
// storage.
package filecheck
