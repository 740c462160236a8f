package journal

import (
	"testing"
	"time"
)

// BenchmarkHash is what Append computes, without the database.
func BenchmarkHash(b *testing.B) {
	payload := make([]byte, 200)
	e := Entry{Kind: "dossier.accepted", Subject: Subject{"dossier", 7}, Actor: 42, Unit: "H26.16.5", Payload: payload}
	at := time.UnixMilli(1750640000000)
	b.ReportAllocs()
	for b.Loop() {
		if e.check() != nil {
			b.Fatal()
		}
		r := e.fill(9, at)
		_ = r.leaf()
	}
}
