// Package crashtest kills the whole program under load and holds what it stores
// against what it had acknowledged.
//
// It is tests only and owns nothing. What must not come here: tests that need no
// process of their own.
package crashtest
