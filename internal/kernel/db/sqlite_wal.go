package db

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// The format of SQLite's write-ahead log (https://www.sqlite.org/walformat.html), as far as a
// backup reads it.
const (
	walHeader   = 32
	frameHeader = 24
)

// walPlace is a place in one incarnation of the log: so many frames are read, and the checksum
// over them is sum.
type walPlace struct {
	salt   [8]byte
	big    bool // checksums over big-endian words
	page   int
	frames uint32
	sum    [2]uint32
}

func (p walPlace) size() int64   { return int64(frameHeader + p.page) }
func (p walPlace) offset() int64 { return walHeader + int64(p.frames)*p.size() }

// walBegin reads the header of a log file.
func walBegin(h []byte) (p walPlace, ok bool) {
	if len(h) < walHeader || binary.BigEndian.Uint32(h)&^1 != 0x377f0682 {
		return p, false
	}
	p.big = binary.BigEndian.Uint32(h)&1 == 1
	p.page = int(binary.BigEndian.Uint32(h[8:]))
	copy(p.salt[:], h[16:24])
	p.sum = walSum(p.big, [2]uint32{}, h[:24])
	return p, p.page >= 512 && p.page <= 65536 && p.sum == [2]uint32{binary.BigEndian.Uint32(h[24:]), binary.BigEndian.Uint32(h[28:])}
}

// walSum goes on with the log's checksum over b, whose length is a multiple of eight.
func walSum(big bool, s [2]uint32, b []byte) [2]uint32 {
	s0, s1 := s[0], s[1]
	if big {
		for ; len(b) >= 8; b = b[8:] {
			s0 += binary.BigEndian.Uint32(b) + s1
			s1 += binary.BigEndian.Uint32(b[4:]) + s0
		}
	} else {
		for ; len(b) >= 8; b = b[8:] {
			s0 += binary.LittleEndian.Uint32(b) + s1
			s1 += binary.LittleEndian.Uint32(b[4:]) + s0
		}
	}
	return [2]uint32{s0, s1}
}

// next checks a frame at the place and goes past it. commit is the size of the database in
// pages where the frame ends a transaction, else 0.
func (p *walPlace) next(frame []byte) (page, commit uint32, ok bool) {
	if !bytes.Equal(frame[8:16], p.salt[:]) {
		return 0, 0, false
	}
	s := walSum(p.big, p.sum, frame[:8])
	s = walSum(p.big, s, frame[frameHeader:])
	if s != [2]uint32{binary.BigEndian.Uint32(frame[16:]), binary.BigEndian.Uint32(frame[20:])} {
		return 0, 0, false
	}
	p.sum, p.frames = s, p.frames+1
	return binary.BigEndian.Uint32(frame), binary.BigEndian.Uint32(frame[4:]), true
}

// frames walks the frames of a run, and fails where its checksums are not the log's.
func (r Run) frames(data []byte, fn func(page, commit uint32, content []byte) error) error {
	p := walPlace{big: r.Big, page: r.Page, sum: r.Seed}
	copy(p.salt[:], r.Salt)
	if r.Page < 512 || int64(len(data)) != r.N || r.N%p.size() != 0 {
		return fmt.Errorf("db: a run of %d bytes is no run of frames", len(data))
	}
	for n := int(p.size()); len(data) > 0; data = data[n:] {
		page, commit, ok := p.next(data[:n])
		if !ok {
			return fmt.Errorf("db: frame %d of a run does not carry the log's checksum", p.frames)
		}
		if err := fn(page, commit, data[frameHeader:n]); err != nil {
			return err
		}
	}
	return nil
}

// walIndex is the head of the index that SQLite's connections share: what is committed, and
// with synchronous=FULL synced.
type walIndex struct {
	frames uint32
	salt   [8]byte
}

func parseIndex(b []byte) (ix walIndex, ok bool) {
	if len(b) < 96 || !bytes.Equal(b[:48], b[48:96]) || b[12] == 0 {
		return ix, false
	}
	ix.frames = binary.NativeEndian.Uint32(b[16:])
	copy(ix.salt[:], b[32:40])
	return ix, true
}
