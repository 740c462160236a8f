// Package uploadweb is the web half of uploads: the box of a paper on a page, and the
// requests by which a script sends a file in pieces, after the core, creation and
// termination parts of the protocol tus 1.0. Without a script the box is a plain file
// field of its form.
//
// A module that has uploads calls Routes with a gate, which says what the address leads
// to and whether the sender may write there.
package uploadweb
