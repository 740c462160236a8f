// Package sign signs papers and reads signatures: CMS with the attributes of CAdES (PAdES B-B
// and B-T in a PDF, added as an incremental update so that an older signature stays whole) and
// XAdES in XML. It knows keys as a Signer and time stamps as a Stamper, and neither where they
// lie.
//
// Whatever is read here may be hostile: every reader is bounded in size, depth and count, and
// opens nothing that a file names. What must not come here: who may sign (onestop/signature),
// the city's certificates (register/certificate), net/http.
package sign
