// Package scaffold writes a new service package: a folder that passes the linter and its
// own scenarios before its author has changed a letter.
//
// It fills templates from the catalogue's record of the procedure: name, papers with
// their national codes, term, fee, result. What the record does not say is marked in the
// files and listed, never guessed in silence.
//
// Owns no table. What must not come here: checks of packages (onestop/service), the
// command line (app).
package scaffold
