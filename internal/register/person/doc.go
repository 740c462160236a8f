// Package person knows people by their personal number, so that nobody types at a counter
// what the city was told before.
//
// A person is found by a keyed digest of their number, of the old nine-digit number, or of
// their phone; everything else is sealed. Whoever reads the database without the key file
// reads neither numbers nor names. Every look at a person is an entry of the journal with
// its basis: access.Looked, see Look.
//
// An account is linked to a person by the national identity (LinkNational) or at a counter:
// a card that a clerk compared with whoever stands there, and a code that only the owner of
// the account can read (BeginCheck, Confirm). Rows that turn out to be one person are merged
// so that both are found under either, and unmerged (Merge). Businesses stand beside people,
// by tax code.
//
// Owns the tables person_… and the entries of events.go. What must not come here: accounts
// (kernel/auth), who may act for whom (register/mandate), what somebody applied for
// (onestop/counter), proof that the data are those of the national register: they are what
// was told at a counter or read from a card.
package person
