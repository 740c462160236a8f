// Package openid lets other programs sign people in through the city: OpenID Connect and the
// parts of OAuth 2.1 that go with it, without HTTP.
//
// A code is sealed and stands in no table; redeeming it writes one row, its permit, and a code
// that comes twice meets that row and ends what the first coming gave. Refresh tokens count
// turns of the permit in the same way. Access tokens are tokens of kernel/auth, so that its
// cache and its revocations hold for them too.
//
// Owns the tables openid_* and the entries of events.go. What must not come here: pages and
// protocol over HTTP (openidweb), how somebody signs in (kernel/auth/authweb).
package openid
