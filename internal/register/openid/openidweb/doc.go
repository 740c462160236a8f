// Package openidweb is the provider over HTTP: the endpoints of OpenID Connect and OAuth, and
// the pages on which people allow, refuse and withdraw.
//
// Signing in stays with kernel/auth/authweb: an authorization request sends whoever is not
// signed in there and comes back by "next".
package openidweb
