package signature

import (
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/sign"
)

// Looks of signatures on paper (Decree 30/2020, annex I).
const (
	Personal = sign.Personal
	Seal     = sign.Seal
	Words    = sign.Words
)

// sealSide is the width of an agency's seal in points: 36 mm, its real size.
const sealSide = 102

// SealOver is where the seal goes: in real size, over the left third of a person's signature.
func SealOver(person [4]float64) [4]float64 {
	right := person[0] + (person[2]-person[0])/3
	middle := (person[1] + person[3]) / 2
	return [4]float64{right - sealSide, middle - sealSide/2, right, middle + sealSide/2}
}

// AttachedWords is the line of an agency's signature on a file attached to a paper, on the right
// at the top of the first page: number and sign of the paper; time of signing.
func AttachedWords(number string, at time.Time) *Visible {
	return &Visible{Page: 1, Rect: [4]float64{330, 800, 560, 816}, Kind: Words, Lines: []string{number + "; " + at.In(clock.Zone).Format("2006-01-02T15:04:05-07:00")}}
}
