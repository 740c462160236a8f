// Package backup keeps a copy of a city in a folder somewhere else, while the city works, and
// makes a city of it again as it was at an instant.
//
// A copy is a generation: a base (every file of the database, cut into chunks, and every blob)
// and segments of the log, one as often as something was committed. Chunks and blobs are
// objects, kept once under a keyed hash of their bytes, so that a later base costs what
// changed. Everything is compressed and encrypted to age recipients: who runs the city cannot
// read its backups, and who holds the folder cannot either. Nothing is named before it is on
// disk: file, then folder, then what refers to it.
//
// Beside the log each segment carries which erasures happened, by number: whoever restores an
// earlier instant does them again.
//
// Owns the table backup_erasure. What must not come here: what an erasure means to a module,
// and the command line; app has both.
package backup
