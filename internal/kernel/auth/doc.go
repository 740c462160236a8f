// Package auth knows who acts and what they may do: accounts, grants of roles,
// sessions and tokens for programs, and policies as values that an auditor can read.
//
// It owns the tables auth_account, auth_grant, auth_session, auth_change and auth_tally.
//
// A grant's scope is opaque here ("unit:00133"); who understands scopes (the
// register of units) is asked through Scopes. Names of roles belong to the
// modules that use them. No page and no cookie is made here: see authweb and
// kernel/web. Nothing of a person's identity beyond the name shown and the login
// may come here; identity papers live in the register of persons.
package auth
