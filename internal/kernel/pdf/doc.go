// Package pdf makes documents: receipts, notices, results.
//
// A document is a Layout: blocks of a small closed vocabulary, written in Go or
// declared in YAML, with {placeholders} that Fill replaces. Render sets it in the
// fonts given, with every Vietnamese letter, and gives the same bytes for the same input, so
// that a paper can be made again and compared.
//
// Owns no table and no event. What must not come here: what a paper is for, whose it
// is, signatures in the legal sense (those are laid over the finished bytes).
package pdf
