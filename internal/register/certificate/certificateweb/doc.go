// Package certificateweb are the pages about digital identity cards and seals, at
// /admin/certificates, and what anybody asks of the authority at /ca: its certificates, what was
// revoked (CRL, OCSP), the time (RFC 3161).
//
// What must not come here: keys.
package certificateweb
