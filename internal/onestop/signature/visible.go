package signature

import (
	"strings"
	"time"
	"unicode/utf8"

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

// What shows of a signature of which nobody has an image: on paper it must be seen who signed and
// that it was signed.
const (
	personalWords = "Đã ký số"
	sealLine      = 15 // runes of a line inside of the rim
	sealLines     = 4
)

// plain is a look with something to see: of a person the words and the time, of an agency its name
// inside the rim.
func plain(v Visible, name string, at time.Time) Visible {
	if len(v.Image) > 0 || len(v.Lines) > 0 {
		return v
	}
	switch v.Kind {
	case Personal:
		v.Lines = []string{personalWords, at.In(clock.Zone).Format("02/01/2006 15:04")}
	case Seal:
		v.Lines = wrapped(name)
	case Words:
	}
	return v
}

// wrapped breaks the name of an agency into lines for its seal; what does not fit is left out whole
// rather than cut within a word.
func wrapped(name string) (out []string) {
	for _, w := range strings.Fields(strings.ToUpper(name)) {
		last := len(out) - 1
		if last >= 0 && utf8.RuneCountInString(out[last])+1+utf8.RuneCountInString(w) <= sealLine {
			out[last] += " " + w
			continue
		}
		if len(out) == sealLines {
			return out
		}
		out = append(out, w)
	}
	return out
}
