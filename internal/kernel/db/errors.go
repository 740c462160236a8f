package db

import (
	"errors"
	"fmt"
)

// refusal is the class of an engine's error that callers may act on.
type refusal uint8

const (
	refusedOther refusal = iota
	refusedUnique
	refusedForeign
	refusedCheck
	refusedBusy // may work when tried again
)

// stmtError is an engine's error with its statement, without arguments.
type stmtError struct {
	class refusal
	sql   string
	err   error
}

func (e *stmtError) Error() string { return fmt.Sprintf("%s: %v", brief(e.sql), e.err) }
func (e *stmtError) Unwrap() error { return e.err }

// IsUnique reports whether a unique constraint (or primary key) refused the unit.
func IsUnique(err error) bool { return refusedBy(err, refusedUnique) }

// IsForeign reports whether a foreign key refused the unit.
func IsForeign(err error) bool { return refusedBy(err, refusedForeign) }

// IsCheck reports whether a CHECK or NOT NULL constraint refused the unit.
func IsCheck(err error) bool { return refusedBy(err, refusedCheck) }

func refusedBy(err error, class refusal) bool {
	var e *stmtError
	return errors.As(err, &e) && e.class == class
}
