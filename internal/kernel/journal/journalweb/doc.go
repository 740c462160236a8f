// Package journalweb is the journal's face to strangers: what anybody needs to check the log
// without trusting the city (/api/v1/journal), the page on which a receipt is checked
// (/verify/receipt), and both ends of the talk with witnesses and authorities for time.
//
// It shows hashes, sizes, signatures and times; entries are never shown. What must not come here:
// rules about proofs (journal, journal/witness).
package journalweb
