// Package identity is the register of officers: who holds which post in which unit, on
// whose decision, and who stands in while somebody is on leave.
//
// Accounts and grants are kernel/auth's, and what auth holds is what counts; here stands
// what an auditor asks beside it: the officer's number, the decision, the right to sign.
// Granting or ending a post takes two people: one proposes, another approves (Change). Both
// are entries of the journal, and an approved change works within a second on every node.
//
// It owns the tables identity_officer, identity_number, identity_post, identity_change,
// identity_leave and identity_duty, and appends entries about the subjects "identity" (a
// change), "identity.leave" and "identity.unit". What must not come here: pages (identityweb), what a role may do
// (the processes of services), which dossiers somebody works on (dossier; see Tasks),
// identity papers of citizens.
package identity
