package filecheck

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// maxPixels bounds what whoever opens the picture has to hold: no telephone of today
// takes a larger one by itself.
const maxPixels = 100_000_000

func checkPixels(v *Verdict, w, h int) error {
	if w <= 0 || h <= 0 {
		return refuse("image.damaged")
	}
	if int64(w)*int64(h) > maxPixels {
		return refuse("image.large", "w", w, "h", h, "max", maxPixels/1_000_000)
	}
	v.Width, v.Height = w, h
	return nil
}

// jpegWalk goes from marker to marker and collects what the safe copy keeps.
type jpegWalk struct {
	r      *bufio.Reader
	at     int64 // offset of the next byte of r
	keep   []piece
	front  []piece // header segment, before the orientation
	turn   byte    // orientation of the camera, 1 to 8
	frames int
	scans  int
	lost   bool
	v      *Verdict
}

func checkJPEG(r io.ReaderAt, size int64, v *Verdict) error {
	w := &jpegWalk{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 64<<10), v: v}
	err := w.walk()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse("image.cut")
	}
	if err != nil {
		return err
	}
	if w.frames != 1 || w.scans == 0 {
		return refuse("image.damaged")
	}
	if found, err := hides(r, w.at, size); err != nil {
		return err
	} else if found {
		return refuse("hidden")
	}
	ps := append([]piece{{from: 0, to: 2}}, w.front...)
	if w.turn > 1 && w.turn <= 8 {
		ps = append(ps, piece{bytes: orientation(w.turn)})
	}
	v.pieces = append(ps, w.keep...)
	v.size = 0
	for _, p := range v.pieces {
		v.size += p.to - p.from + int64(len(p.bytes))
	}
	v.Stripped = w.lost || w.at < size
	return nil
}

func (w *jpegWalk) next() (byte, error) {
	b, err := w.r.ReadByte()
	if err == nil {
		w.at++
	}
	return b, err
}

func (w *jpegWalk) walk() error {
	for range 2 { // the start was seen
		if _, err := w.next(); err != nil {
			return err
		}
	}
	marker := byte(0)
	for {
		if marker == 0 {
			var err error
			if marker, err = w.marker(); err != nil {
				return err
			}
		}
		from := w.at - 2
		switch {
		case marker == 0xD9:
			w.keep = add(w.keep, from, w.at)
			return nil
		case marker == 0x01 || marker >= 0xD0 && marker <= 0xD8:
			return refuse("image.damaged")
		}
		body, err := w.segment()
		if err != nil {
			return err
		}
		was := marker
		if marker, err = w.take(was, from, body); err != nil {
			return err
		}
	}
}

// marker reads the next marker, which stands where a segment ended.
func (w *jpegWalk) marker() (byte, error) {
	b, err := w.next()
	if err != nil {
		return 0, err
	}
	if b != 0xFF {
		return 0, refuse("image.damaged")
	}
	for b == 0xFF {
		if b, err = w.next(); err != nil {
			return 0, err
		}
	}
	if b == 0 {
		return 0, refuse("image.damaged")
	}
	return b, nil
}

// segment reads a segment with its length, at most 64 KB.
func (w *jpegWalk) segment() ([]byte, error) {
	var n [2]byte
	if _, err := io.ReadFull(w.r, n[:]); err != nil {
		return nil, err
	}
	l := int(binary.BigEndian.Uint16(n[:]))
	if l < 2 {
		return nil, refuse("image.damaged")
	}
	body := make([]byte, l-2)
	if _, err := io.ReadFull(w.r, body); err != nil {
		return nil, err
	}
	w.at += int64(l)
	return body, nil
}

// take keeps a segment or leaves it out; it returns the marker that follows where the
// segment begins the picture's data.
func (w *jpegWalk) take(marker byte, from int64, body []byte) (following byte, err error) {
	switch {
	case marker == 0xE0 && bytes.HasPrefix(body, []byte("JFIF\x00")) && len(w.front) == 0:
		w.front = append(w.front, piece{from: from, to: w.at})
		return 0, nil
	case marker == 0xE1:
		if tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok && w.turn == 0 {
			w.turn = orientationOf(tiff)
			if w.turn > 1 && bytes.HasSuffix(orientation(w.turn), body) {
				return 0, nil // what an earlier copy kept
			}
		}
		w.lost = true
		return 0, nil
	case marker == 0xE2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")), marker == 0xEE && bytes.HasPrefix(body, []byte("Adobe")):
		// Without them the colours would be others.
	case marker >= 0xE0 && marker <= 0xEF, marker == 0xFE:
		w.lost = true
		return 0, nil
	case marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC:
		if w.frames++; len(body) < 6 || w.frames > 1 {
			return 0, refuse("image.damaged")
		}
		height, width := int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
		if err := checkPixels(w.v, width, height); err != nil {
			return 0, err
		}
	case marker == 0xDA:
		if w.scans++; w.frames == 0 {
			return 0, refuse("image.damaged")
		}
		if following, err = w.data(); err != nil {
			return 0, err
		}
		w.keep = add(w.keep, from, w.at-2)
		return following, nil
	}
	w.keep = add(w.keep, from, w.at)
	return 0, nil
}

// data skips the picture's data to the marker behind it.
func (w *jpegWalk) data() (byte, error) {
	for {
		b, err := w.r.ReadSlice(0xFF)
		w.at += int64(len(b))
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return 0, err
		}
		c := byte(0xFF)
		for c == 0xFF {
			if c, err = w.next(); err != nil {
				return 0, err
			}
		}
		if c != 0 && (c < 0xD0 || c > 0xD7) {
			return c, nil
		}
	}
}

// orientationOf reads tag 0x0112 of the first directory; 0 where there is none.
func orientationOf(tiff []byte) byte {
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	if bytes.HasPrefix(tiff, []byte("II")) {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0
	}
	n := int64(order.Uint16(tiff[at:]))
	for i := range n {
		e := at + 2 + 12*i
		if e+12 > int64(len(tiff)) {
			return 0
		}
		if order.Uint16(tiff[e:]) == 0x0112 {
			if turn := order.Uint16(tiff[e+8:]); turn >= 1 && turn <= 8 {
				return byte(turn)
			}
			return 0
		}
	}
	return 0
}

// orientation is a segment that says nothing but how the camera was held.
func orientation(turn byte) []byte {
	return []byte("\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(rune(turn)) + "\x00\x00\x00\x00\x00\x00")
}
