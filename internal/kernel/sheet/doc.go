// Package sheet writes tables as files for spreadsheet programs, Office Open XML (.xlsx)
// and CSV, and reads them. Written rows are taken one by one and never held in memory
// together; what is read comes from strangers and is bounded (Limits).
//
// Every cell is a number or text. Text is never a formula: what begins like one, which a
// stranger may have typed as their name, is shown and not computed.
//
// Owns no table and no event. What must not come here: what a table is about, words of it.
package sheet
