// Package factor is the ways in beside the password: passkeys, an application that shows
// codes, codes sent once, recovery codes, and the way back for who lost them; kiosks; and
// what an owner is told of sign-ins. It decides which of them a sign-in still needs.
//
// It owns the tables auth_passkey, auth_totp, auth_recovery_code, auth_contact, auth_spent,
// auth_recovery, auth_device and auth_kiosk, and the journal's kinds auth.*. Secrets are
// sealed with a key of the data folder. Codes are derived from that key and the id of what
// they are for, so that none lies anywhere to be read.
//
// What must not come here: accounts, passwords and sessions (package auth); pages
// (authweb); how a message reaches a person (Courier, which app plugs in).
package factor
