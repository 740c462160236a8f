// Package personweb are the pages about people: how one's own account becomes verified, the
// check of a card at a counter, facts that disagree, and rows that may be one person.
//
// Owns the addresses below /account/identity, /desk/identity, /desk/people and /admin/people.
// What must not come here: a personal number that is not masked.
package personweb
