package catalog

import (
	"testing"

	"khue/internal/kernel/clock"
)

// A search among the whole national catalogue, over the queries of the golden file.
func BenchmarkSearch(b *testing.B) {
	x, w := indexOf(b, readAll(b, nationalRows))
	qs := wantedQueries(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		x.search(qs[i%len(qs)].query, w, everything)
	}
}

// Building the index of the whole national catalogue, without reading the store.
func BenchmarkIndex(b *testing.B) {
	entries := readAll(b, nationalRows)
	_, w := indexOf(b, nil)
	for b.Loop() {
		in := inForce{}
		for _, e := range entries {
			in.rows = append(in.rows, *e.summary)
		}
		buildIndex(in, clock.MustDate("2026-11-23"), "H26", w)
	}
}
