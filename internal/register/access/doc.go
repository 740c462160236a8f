// Package access remembers who looked at whose data: who, for which unit, on which basis
// and when, written down before the data is shown.
//
// A caller says what it is about to show (Looked). One look of an officer at one thing is
// one entry of the journal in ten minutes, however many pages it took; a list is one entry
// that names what it showed in its erasable payload, and is spread over those that it named
// by a follower, one row a day. Where no post of the reader's has the thing in hand the
// caller asks for a reason first (Reason); such looks stand on the board of the head of the
// unit and of the auditor. patterns.yaml says which looks are unusual; a follower flags them.
//
// Owns the tables access_look, access_shown, access_reason and access_flag and the entries
// of events.go. What must not come here: who may see what (the caller decided that), and
// names or numbers of those whose data was shown: they stand where they always stood.
package access
