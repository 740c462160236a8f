// Package blob keeps files: uploads, rendered papers, results.
//
// A blob is named by the SHA-256 of its bytes, so it never changes and the same file
// is kept once. Put it first, then write the row that names it: a row never points
// at nothing. What no row names is an orphan, swept when it is so old that none can be on its way (Sweep).
//
// Staging keeps what still arrives, under names of the caller; it is no blob yet.
//
// Store is the port; Local is the folder of one machine. A store in S3 is another
// implementation of the same three methods.
//
// Owns no table and no event. What must not come here: file names, types, who may read.
package blob
