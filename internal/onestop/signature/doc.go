// Package signature signs papers of this house: with an officer's key, a unit's seal, or the key
// of a citizen elsewhere; one, or many in one act. It also tells anybody what a signed file is
// worth.
//
// Owns the entry of events.go and the tables signature_errand and signature_paper. What must not come here: certificates (register/certificate),
// how bytes are signed (kernel/sign), what is signed and when (onestop/result).
package signature
