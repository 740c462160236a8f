package signatureweb_test

import (
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/onestop/signature"
)

// BenchmarkVerify verifies a paper with a signature and a seal, revocation asked in the database.
func BenchmarkVerify(b *testing.B) {
	c := citytest.New(b)
	r := newRig(b, c)
	ctx := r.ctx("chutich")
	by, err := c.Signatures.OfficerSigner(ctx, auth.From(ctx).Account)
	if err != nil {
		b.Fatal(err)
	}
	seal, err := c.Signatures.SealSigner(ctx, r.unit)
	if err != nil {
		b.Fatal(err)
	}
	person := [4]float64{350, 200, 450, 260}
	one, err := c.Signatures.SignPDF(ctx, paper(b, "Giay phep"), by, &signature.Visible{Rect: person, Kind: signature.Personal, Image: picture(b)}, "Ban hành")
	if err != nil {
		b.Fatal(err)
	}
	two, err := c.Signatures.SignPDF(ctx, one, seal, &signature.Visible{Rect: signature.SealOver(person), Kind: signature.Seal, Image: picture(b)}, "")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if rep, err := c.Signatures.Verify(ctx, two); err != nil || rep.Verdict != signature.Good {
			b.Fatal(rep.Verdict, err)
		}
	}
}
