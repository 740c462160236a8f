// Package book numbers what the law wants numbered without gaps: results, decisions,
// certified copies. A book is of one agency, one kind and one year; its numbers begin at 1.
//
// A number is taken in the transaction of the act that needs it, and stands or falls with it:
// nobody takes one ahead, so none is lost. What fails later, when the number is already
// known, makes it void: it keeps its place in the book with the reason, and is never given
// again.
//
// Owns the tables book_book and book_number and publishes the entries of events.go. What must
// not come here: what a number stands for (it names a subject), papers, registers of facts
// (record), the numbers that dossier writes on the forms of the one-stop (ADR 0220).
package book
