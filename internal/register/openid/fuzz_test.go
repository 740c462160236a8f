package openid

import (
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// FuzzToken: whatever is sent where a signed token belongs, only the allowed algorithms are
// read, and reading never fails by a panic.
func FuzzToken(f *testing.F) {
	f.Add("eyJhbGciOiJFUzI1NiIsInR5cCI6ImRwb3Arand0In0.e30.AAAA")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("eyJhbGciOiJIUzI1NiJ9.e30.AAAA")
	f.Add("..")
	f.Add("eyJhbGciOiJSUzI1NiIsImp3ayI6eyJrdHkiOiJSU0EiLCJuIjoiQVEiLCJlIjoiQVFBQiJ9fQ.e30.AA")
	allowed := ProofAlgs()
	f.Fuzz(func(t *testing.T, s string) {
		j, err := jose.ParseSignedCompact(s, allowed)
		if err != nil {
			return
		}
		for _, sig := range j.Signatures {
			good := false
			for _, a := range allowed {
				good = good || sig.Header.Algorithm == string(a)
			}
			if !good {
				t.Errorf("%q read with %s", s, sig.Header.Algorithm)
			}
		}
	})
}
