// Package errs is the one error type of the house.
//
// An error says two things apart: the diagnosis for those who run the program
// (Op, Err) and the sentence for the person (Key, Params), which the edge turns
// into the reader's language. Kinds are closed; kernel/web maps each to one
// HTTP status.
//
// What must not come here: sentences, statuses, logging.
package errs
