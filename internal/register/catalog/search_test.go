package catalog

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"khue/internal/kernel/clock"
)

// indexOf builds an index of entries as they would be stored.
func indexOf(t testing.TB, entries []*entry, offers ...Offering) (*index, *words) {
	t.Helper()
	w, err := loadWords(seedFiles)
	if err != nil {
		t.Fatal(err)
	}
	in := inForce{full: map[Code]bool{}, offerings: map[Code][]Offering{}}
	for _, e := range entries {
		if len(e.refused) == 0 {
			in.rows = append(in.rows, *e.summary)
		}
	}
	for _, o := range offers {
		in.offerings[o.Procedure] = append(in.offerings[o.Procedure], o)
	}
	return buildIndex(in, clock.MustDate("2026-11-23"), "H26", w), w
}

func seedEntries(t testing.TB) []*entry {
	t.Helper()
	es, err := readSeed(seedFiles)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]*entry, len(es))
	for i := range es {
		out[i] = &es[i]
	}
	return out
}

func everything(*doc) bool { return true }

type wanted struct {
	query string
	code  Code
	place int
	all   bool
}

func wantedQueries(t testing.TB) []wanted {
	t.Helper()
	raw, err := os.ReadFile("testdata/search.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []wanted
	for l := range strings.Lines(string(raw)) {
		part := strings.Split(strings.TrimSpace(l), " | ")
		if len(part) != 3 || l[0] == '#' {
			continue
		}
		place, all := strings.CutSuffix(part[2], " all")
		n, err := strconv.Atoi(place)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, wanted{part[0], Code(part[1]), n, all})
	}
	if len(out) < 60 {
		t.Fatalf("only %d queries", len(out))
	}
	return out
}

func check(t *testing.T, x *index, w *words, q wanted) {
	t.Helper()
	hits := x.search(q.query, w, everything)
	var first []string
	for i, h := range hits {
		d := &x.docs[h.doc]
		if d.Code == q.code && i < q.place {
			return
		}
		if i < 5 {
			first = append(first, fmt.Sprintf("%s %.1f %s", d.Code, h.score, brief(d.Name, 70)))
		}
	}
	t.Errorf("%q: %s not among the first %d of %d:\n\t%s", q.query, q.code, q.place, len(hits), strings.Join(first, "\n\t"))
}

func TestSearchFindsWhatPeopleMean(t *testing.T) {
	t.Parallel()
	x, w := indexOf(t, readAll(t, nationalRows))
	for _, q := range wantedQueries(t) {
		check(t, x, w, q)
		decomposed := q
		decomposed.query = norm.NFD.String(q.query)
		check(t, x, w, decomposed)
	}
}

func TestSearchAmongTheEmbedded(t *testing.T) {
	t.Parallel()
	x, w := indexOf(t, seedEntries(t))
	for _, q := range wantedQueries(t) {
		if q.all {
			check(t, x, w, q)
		}
	}
}

// Whatever is typed, search answers, and soon.
func TestSearchStandsHostileQueries(t *testing.T) {
	t.Parallel()
	x, w := indexOf(t, seedEntries(t))
	for _, q := range []string{
		"", " ", "\xff\xfe", "\x00", "%", "'; DROP TABLE catalog_version; --", "<script>", strings.Repeat("a", 5000),
		strings.Repeat("khai sinh ", 500), strings.Repeat("ă", 300), "1.", "9.9", "\u200b\u202e", "🙂 khai sinh 🙂", "=khai2", "dddddddddddddddddddddddddddddd",
	} {
		x.search(q, w, everything)
	}
	if hits := x.search(strings.Repeat("khai sinh ", 500), w, everything); len(hits) == 0 || x.docs[hits[0].doc].Code != "1.001193" {
		t.Error("a long query found nothing")
	}
}

func FuzzSearch(f *testing.F) {
	x, w := indexOf(f, seedEntries(f))
	f.Add("dang ky khai sinh")
	f.Add("sổ đỏ")
	f.Fuzz(func(_ *testing.T, q string) { x.search(q, w, everything) })
}
