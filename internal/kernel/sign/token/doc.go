// Package token signs with keys in a PKCS#11 token. It needs cgo, so only cmd/khue-token imports
// it: the city's program asks that one over kernel/sign/signweb and is built without.
//
// What must not come here: who may sign; a PIN in a log.
package token
