package filecheck

import (
	"archive/zip"
	"bytes"
	"io"
)

// isZip reports whether the file opens as an archive from its end, whatever its start.
func isZip(r io.ReaderAt, size int64) bool {
	_, err := zip.NewReader(r, size)
	return err == nil
}

// beginnings of what must not lie behind a picture. Other remains (the film of a moving
// photograph, a maker's notes) are cut off with the copy.
//
//nolint:gochecknoglobals // immutable table
var beginnings = [][]byte{
	[]byte("PK\x03\x04"), []byte("PK\x05\x06"), []byte("Rar!\x1a\x07"), []byte("7z\xbc\xaf\x27\x1c"), []byte("%PDF-"), []byte("\x7fELF"),
	[]byte("MZ\x90\x00"), []byte("This program cannot be run"), []byte("!<arch>"), []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), []byte("\xca\xfe\xba\xbe\x00\x00"),
}

// active are the words of a page that a browser would run, in small letters.
//
//nolint:gochecknoglobals // immutable table
var active = [][]byte{
	[]byte("<html"), []byte("<script"), []byte("<svg"), []byte("<!doctype"), []byte("<?php"), []byte("<iframe"), []byte("<body"), []byte("javascript:"),
}

// hides reports whether the bytes from an offset to the end hold another file or a page.
func hides(r io.ReaderAt, from, size int64) (bool, error) {
	if from >= size {
		return false, nil
	}
	if isZip(r, size) {
		return true, nil
	}
	const step, lap = 256 << 10, 32
	buf := make([]byte, step+lap)
	for at := from; at < size; at += step {
		n, err := r.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		if n == 0 && err != nil {
			return false, err
		}
		for _, b := range beginnings {
			if bytes.Contains(buf[:n], b) {
				return true, nil
			}
		}
		if bytes.IndexByte(buf[:n], '<') >= 0 && runs(buf[:n]) {
			return true, nil
		}
	}
	return false, nil
}

// runs reports whether bytes hold the beginning of a page or a script.
func runs(b []byte) bool {
	low := bytes.ToLower(b)
	for _, a := range active {
		if bytes.Contains(low, a) {
			return true
		}
	}
	return false
}
