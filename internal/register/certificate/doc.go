// Package certificate is the city's certificate authority: digital identity cards of officers
// and seals of units. A card is asked for by one person, issued by a second, renewed, and
// revoked with a reason; the authority answers what was revoked (CRL, OCSP) and what the time
// is (RFC 3161).
//
// Owns the table certificate_card and the entries of events.go. What must not come here: what
// is signed (onestop/signature), how a signature is made (kernel/sign).
package certificate
