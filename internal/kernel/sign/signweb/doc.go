// Package signweb reaches keys that lie elsewhere: a client and a server of the calls
// credentials/info and signatures/signHash of the Cloud Signature Consortium's API (v2), over
// HTTPS where both sides show certificates, or a socket of this machine.
//
// The server is what cmd/khue-token puts before a PKCS#11 token: the city's own program stays free of
// cgo. What must not come here: who may sign.
package signweb
