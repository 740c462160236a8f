package filecheck

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngKept are the chunks that a picture needs to look as it does. Texts, times and the
// camera's notes are left out, as are chunks that nobody has described.
//
//nolint:gochecknoglobals // immutable table
var pngKept = map[string]bool{
	"IHDR": true, "PLTE": true, "IDAT": true, "IEND": true, "tRNS": true, "gAMA": true, "cHRM": true, "sRGB": true, "iCCP": true, "sBIT": true,
	"bKGD": true, "pHYs": true, "cICP": true,
}

// checkPNG walks the chunks and checks their sums.
func checkPNG(r io.ReaderAt, size int64, v *Verdict) error {
	br := bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 64<<10)
	if _, err := br.Discard(len(pngSignature)); err != nil {
		return refuse("image.cut")
	}
	at := int64(len(pngSignature))
	v.pieces = []piece{{to: at}}
	seen := map[string]int{}
	for seen["IEND"] == 0 {
		name, n, header, err := pngChunk(br)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return refuse("image.cut")
		case err != nil:
			return err
		}
		first := len(seen) == 0
		seen[name]++
		switch {
		case first != (name == "IHDR"), name == "IDAT" && seen["IHDR"] == 0:
			return refuse("image.damaged")
		case name == "IHDR":
			if n != 13 {
				return refuse("image.damaged")
			}
			w, h := binary.BigEndian.Uint32(header), binary.BigEndian.Uint32(header[4:])
			if w > 1<<30 || h > 1<<30 {
				return refuse("image.damaged")
			}
			if err := checkPixels(v, int(w), int(h)); err != nil {
				return err
			}
		}
		if to := at + 12 + n; pngKept[name] {
			v.pieces = add(v.pieces, at, to)
		} else {
			if name[0] >= 'A' && name[0] <= 'Z' {
				return refuse("image.damaged") // a chunk that must be understood, and is not
			}
			v.Stripped = true
		}
		at += 12 + n
	}
	if seen["IDAT"] == 0 {
		return refuse("image.damaged")
	}
	if found, err := hides(r, at, size); err != nil {
		return err
	} else if found {
		return refuse("hidden")
	}
	v.Stripped = v.Stripped || at < size
	v.size = 0
	for _, p := range v.pieces {
		v.size += p.to - p.from
	}
	return nil
}

// pngChunk reads a chunk and returns its name, length and first 16 bytes.
func pngChunk(r *bufio.Reader) (name string, n int64, head []byte, err error) {
	var h [8]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return "", 0, nil, err
	}
	n = int64(binary.BigEndian.Uint32(h[:]))
	if n > 1<<31-1 {
		return "", 0, nil, refuse("image.damaged")
	}
	for _, c := range h[4:] {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return "", 0, nil, refuse("image.damaged")
		}
	}
	sum := crc32.NewIEEE()
	sum.Write(h[4:])
	head = make([]byte, min(n, 16))
	if _, err := io.ReadFull(r, head); err != nil {
		return "", 0, nil, err
	}
	sum.Write(head)
	if rest := n - int64(len(head)); rest > 0 {
		if _, err := io.CopyN(sum, r, rest); err != nil {
			return "", 0, nil, err
		}
	}
	var crc [4]byte
	if _, err := io.ReadFull(r, crc[:]); err != nil {
		return "", 0, nil, err
	}
	if binary.BigEndian.Uint32(crc[:]) != sum.Sum32() {
		return "", 0, nil, refuse("image.damaged")
	}
	return string(h[4:]), n, head, nil
}
