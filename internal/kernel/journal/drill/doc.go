// Package drill does to a journal what somebody with the database in hand, or with the
// database and the signing key, could do, and looks who finds it: verification alone, or what
// somebody outside holds. The tests run it, and `khue drill journal` lets anybody.
//
// It destroys the journal of the database that it is given, and takes only an empty one.
package drill
