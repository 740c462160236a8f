// Package db is the only door to storage: one SQL text on two engines, SQLite
// inside the program and PostgreSQL beside it.
//
// A unit of work (InTx) commits whole or not at all, and is on disk when InTx
// returns nil. Many callers' units share one commit. The function of a unit may
// run twice and touches only its Tx. Reads outside a unit go through View.
//
// Arguments and results are int64, float64, string, []byte, bool and NULL (and
// types over them); json.RawMessage is text. Instants are epoch milliseconds
// (Millis, Time), dates ISO text. A query while earlier rows are still open is
// refused on both engines; All and One read to the end and close.
//
// What would differ in silence between the engines is made alike: text sorts by
// bytes, LIKE minds case, lower() knows ASCII only (search columns are folded in
// Go), text with NUL or broken UTF-8 and NaN are refused. What stays to the
// writer of SQL: order nullable columns with NULLS FIRST or LAST, divide by
// nothing that may be zero, and keep signed or hashed bytes out of %JSON%.
//
// Owns the tables db_version and db_node. What must not come here: any table,
// noun or rule of a module; knowledge of the engine must not leave.
package db
