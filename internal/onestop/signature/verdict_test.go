package signature

import (
	"testing"

	"khue/internal/kernel/sign"
)

// One word for a file: what was changed outweighs who signed, and one signer who cannot be relied on
// outweighs those who can.
func TestTheWordForAFile(t *testing.T) {
	t.Parallel()
	good := sign.Signature{Whole: sign.Kept, Trust: sign.Trusted}
	under := sign.Signature{Whole: sign.Signed, Trust: sign.Trusted}
	unknown := sign.Signature{Whole: sign.Kept, Trust: sign.Unknown}
	for name, x := range map[string]struct {
		list []sign.Signature
		want Verdict
	}{
		"none":                     {nil, Unsigned},
		"one":                      {[]sign.Signature{good}, Good},
		"a second over the first":  {[]sign.Signature{under, good}, Good},
		"content added":            {[]sign.Signature{{Whole: sign.Added, Trust: sign.Trusted}}, Changed},
		"content added beneath":    {[]sign.Signature{{Whole: sign.Added, Trust: sign.Trusted}, good}, Changed},
		"altered":                  {[]sign.Signature{{Whole: sign.Altered}}, Changed},
		"nothing covers the whole": {[]sign.Signature{under}, Changed},
		"of nobody known":          {[]sign.Signature{unknown}, Doubtful},
		"one of two unknown":       {[]sign.Signature{under, unknown}, Doubtful},
		"revoked":                  {[]sign.Signature{{Whole: sign.Kept, Trust: sign.Revoked}}, Doubtful},
		"unknown, and altered":     {[]sign.Signature{{Whole: sign.Signed, Trust: sign.Unknown}, {Whole: sign.Altered}}, Changed},
	} {
		if got := verdict(x.list); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
}
