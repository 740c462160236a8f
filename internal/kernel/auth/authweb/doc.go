// Package authweb is the pages of package auth: signing in and out, a citizen's sign-up,
// and the account page with its sessions. All work without JavaScript.
//
// What must not come here: how a password is checked or a session kept (package auth);
// signing in with an electronic identity, which the register of identity brings.
package authweb
