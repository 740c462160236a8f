package journal_test

import (
	"testing"

	"khue/internal/kernel/journal"
)

// FuzzPromise: nothing that this key did not sign is taken for a promise or a checkpoint.
func FuzzPromise(f *testing.F) {
	signer, err := journal.NewKey("khue.test")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("1.123.1700000000000.AAAA.AAAA")
	f.Add("khue.test\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n2025-06-23T01:10:00.000Z\n\n— khue.test AAAA\n")
	f.Add("....")
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := journal.ParsePromise(s, signer.Verifier()); err == nil {
			t.Errorf("%q is taken for a promise of %v", s, r)
		}
		if c, err := journal.ParseCheckpoint(s, signer.Verifier()); err == nil {
			t.Errorf("%q is taken for a checkpoint of %v", s, c)
		}
	})
}
