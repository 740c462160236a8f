package pdf

import (
	"encoding/binary"
	"math"
)

// srgb is a profile of the colour space sRGB (IEC 61966-2-1) as ICC.1:2001 writes it: three
// primaries adapted to D50 and one curve. It is computed, so that no profile under somebody's
// licence has to be carried.
func srgb() []byte {
	be := binary.BigEndian
	fixed := func(v float64) []byte { return be.AppendUint32(nil, uint32(int32(math.Round(v*65536)))) } //nolint:gosec // s15Fixed16 by definition
	xyz := func(x, y, z float64) []byte {
		b := append([]byte("XYZ "), 0, 0, 0, 0)
		return append(append(append(b, fixed(x)...), fixed(y)...), fixed(z)...)
	}
	text := func(s string) []byte { return append(append([]byte("text\x00\x00\x00\x00"), s...), 0) }
	const name = "sRGB IEC61966-2.1"
	desc := append([]byte("desc\x00\x00\x00\x00"), be.AppendUint32(nil, uint32(len(name)+1))...)
	desc = append(append(desc, name...), 0)
	desc = append(desc, make([]byte, 4+4+2+1+67)...) // no other languages
	const points = 1024
	curve := append([]byte("curv\x00\x00\x00\x00"), be.AppendUint32(nil, points)...)
	for i := range points {
		c := float64(i) / (points - 1)
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		curve = be.AppendUint16(curve, uint16(math.Round(c*65535)))
	}
	parts := []struct {
		tags []string
		data []byte
	}{
		{[]string{"desc"}, desc},
		{[]string{"cprt"}, text("No copyright, use freely")},
		{[]string{"wtpt"}, xyz(0.95045, 1, 1.08905)},
		{[]string{"rXYZ"}, xyz(0.43607, 0.22249, 0.01392)},
		{[]string{"gXYZ"}, xyz(0.38515, 0.71687, 0.09708)},
		{[]string{"bXYZ"}, xyz(0.14307, 0.06061, 0.71410)},
		{[]string{"rTRC", "gTRC", "bTRC"}, curve},
	}
	tags := 0
	for _, p := range parts {
		tags += len(p.tags)
	}
	table := be.AppendUint32(nil, uint32(tags)) //nolint:gosec // nine
	var data []byte
	for _, p := range parts {
		at := 128 + 4 + 12*tags + len(data)
		for _, t := range p.tags {
			table = append(table, t...)
			table = be.AppendUint32(table, uint32(at))          //nolint:gosec // a few thousand
			table = be.AppendUint32(table, uint32(len(p.data))) //nolint:gosec // a few thousand
		}
		data = append(data, p.data...)
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
	}
	head := make([]byte, 128)
	be.PutUint32(head, uint32(128+len(table)+len(data))) //nolint:gosec // a few thousand
	be.PutUint32(head[8:], 0x02100000)                   // version 2.1
	copy(head[12:], "mntrRGB XYZ ")
	for i, v := range []uint16{2026, 1, 1, 0, 0, 0} {
		be.PutUint16(head[24+2*i:], v)
	}
	copy(head[36:], "acsp")
	copy(head[68:], xyz(0.9642, 1, 0.8249)[8:]) // D50
	return append(append(head, table...), data...)
}
