// Package xorset holds a large set of texts in a tenth of its size: an xor filter with eight
// bits an entry (Graf and Lemire 2020). What was put in is always found; one in 256 of all
// other texts is found too. The texts themselves cannot be read out of it.
package xorset

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// Set is a filter, ready to be asked. Safe for concurrent use.
type Set struct {
	seed   uint64
	block  uint32
	prints []byte
}

const head = 12

// Parse reads what Bytes wrote. The bytes are used, not copied.
func Parse(b []byte) (Set, error) {
	if len(b) < head {
		return Set{}, errors.New("xorset: cut off")
	}
	s := Set{seed: binary.LittleEndian.Uint64(b), block: binary.LittleEndian.Uint32(b[8:]), prints: b[head:]}
	if s.block == 0 || uint64(len(s.prints)) != 3*uint64(s.block) {
		return Set{}, errors.New("xorset: cut off")
	}
	return s, nil
}

// Bytes is the set to be stored.
func (s Set) Bytes() []byte {
	b := binary.LittleEndian.AppendUint64(nil, s.seed)
	b = binary.LittleEndian.AppendUint32(b, s.block)
	return append(b, s.prints...)
}

// Has reports whether a text is in the set, or looks as if it were.
func (s Set) Has(text string) bool {
	h := mix(xxhash.Sum64String(text) + s.seed)
	a, b, c := s.places(h)
	return print8(h) == s.prints[a]^s.prints[b]^s.prints[c]
}

// Build makes a set of texts.
func Build(texts []string) (Set, error) {
	keys := make([]uint64, len(texts))
	for i, t := range texts {
		keys[i] = xxhash.Sum64String(t)
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	size := uint32(len(keys))*123/100 + 32 //nolint:gosec // a list of passwords
	s := Set{block: size / 3}
	for s.seed = 1; s.seed < 100; s.seed++ {
		if s.fill(keys) {
			return s, nil
		}
	}
	return Set{}, errors.New("xorset: no seed fits")
}

// fill peels: a key that is alone at a place can be satisfied there after all others.
func (s *Set) fill(keys []uint64) bool {
	n := 3 * s.block
	masks, counts := make([]uint64, n), make([]uint32, n)
	for _, k := range keys {
		h := mix(k + s.seed)
		a, b, c := s.places(h)
		for _, p := range [3]uint32{a, b, c} {
			masks[p] ^= h
			counts[p]++
		}
	}
	var alone []uint32
	for p := range n {
		if counts[p] == 1 {
			alone = append(alone, p)
		}
	}
	type peeled struct {
		hash  uint64
		place uint32
	}
	stack := make([]peeled, 0, len(keys))
	for len(alone) > 0 {
		p := alone[len(alone)-1]
		alone = alone[:len(alone)-1]
		if counts[p] != 1 {
			continue
		}
		h := masks[p]
		stack = append(stack, peeled{h, p})
		a, b, c := s.places(h)
		for _, q := range [3]uint32{a, b, c} {
			masks[q] ^= h
			if counts[q]--; counts[q] == 1 {
				alone = append(alone, q)
			}
		}
	}
	if len(stack) != len(keys) {
		return false
	}
	s.prints = make([]byte, n)
	for _, x := range slices.Backward(stack) {
		a, b, c := s.places(x.hash)
		s.prints[x.place] = 0
		s.prints[x.place] = print8(x.hash) ^ s.prints[a] ^ s.prints[b] ^ s.prints[c]
	}
	return true
}

func (s Set) places(h uint64) (a, b, c uint32) {
	in := func(x uint64) uint32 { return uint32(uint64(uint32(x)) * uint64(s.block) >> 32) } //nolint:gosec // under block
	return in(h), s.block + in(bits.RotateLeft64(h, 21)), 2*s.block + in(bits.RotateLeft64(h, 42))
}

func print8(h uint64) byte { return byte(h ^ h>>32) } //nolint:gosec // bits only

// mix is the finisher of MurmurHash3.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
