package token

import "errors"

// Config says which token.
type Config struct {
	Module string // library of the token: /usr/lib/softhsm/libsofthsm2.so
	Label  string // of the token
	PIN    string
}

// ErrNoCgo says that the program was built without cgo, which PKCS#11 needs.
var ErrNoCgo = errors.New("token: built without cgo; PKCS#11 needs CGO_ENABLED=1")
