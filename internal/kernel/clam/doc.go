// Package clam asks a ClamAV daemon whether a file holds something harmful, over its own
// protocol (INSTREAM of clamd), so that nothing of ClamAV is linked in or run by us.
//
// What must not come here: what is done with a harmful file, or without a daemon; the owner of
// the file says that.
package clam
