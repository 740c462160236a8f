// Package id makes the identifiers of the house: int64, time-ordered, made in
// Go, unique across nodes. In JSON they are decimal strings, since a browser's
// numbers stop at 2^53.
//
// What must not come here: codes that people read (dossier codes, book
// numbers); leasing of node numbers (kernel/db).
package id
