// Package measure keeps figures of the program in the words of the domain: how many, how
// old, how far behind. What costs a query is read now and then by one goroutine; whoever
// scrapes or looks gets the last reading, so that watching never loads the database.
//
// It owns no tables. What must not come here: what a figure means (a module says that) and
// anything about one person or one dossier.
package measure
