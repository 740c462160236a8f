package blob

import "encoding/hex"

// Names remembers names of blobs in eight megabytes, however many there are: it knows every name that
// was added, and takes few others for one that was (one in two hundred after five million).
type Names struct{ bits []uint64 }

const nameBits = 1 << 26

// NewNames returns an empty memory.
func NewNames() *Names { return &Names{bits: make([]uint64, nameBits/64)} }

// Add remembers the names in a text.
func (n *Names) Add(text string) {
	EachName(text, func(name string) {
		n.each(name, func(word, bit uint64) bool { n.bits[word] |= bit; return true })
	})
}

// EachName gives the names of blobs in a text: each run of 64 hexadecimal digits, whatever stands
// around it.
func EachName(text string, each func(sha256 string)) {
	run := 0
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			run = 0
			continue
		}
		if run++; run >= 64 {
			each(text[i-63 : i+1])
		}
	}
}

// Has reports whether a name was added; now and then also of one that was not.
func (n *Names) Has(sha256 string) bool {
	all := (Ref{SHA256: sha256}).Valid()
	n.each(sha256, func(word, bit uint64) bool {
		all = all && n.bits[word]&bit != 0
		return all
	})
	return all
}

// each are the places of a name. Its digits are as good as any hash of it.
func (n *Names) each(sha256 string, fn func(word, bit uint64) bool) {
	b, err := hex.DecodeString(sha256)
	if err != nil || len(b) != 32 {
		return
	}
	for i := 0; i < 32; i += 8 {
		v := uint64(b[i])<<24 | uint64(b[i+1])<<16 | uint64(b[i+2])<<8 | uint64(b[i+3])
		if v %= nameBits; !fn(v/64, 1<<(v%64)) {
			return
		}
	}
}
