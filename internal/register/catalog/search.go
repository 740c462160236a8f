package catalog

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"khue/internal/kernel/i18n"
)

// A query becomes units, one for each word or known phrase. A unit has alternatives
// (the word as typed, without marks, with a slip mended; a synonym); a document takes
// the best of them. Documents that answer more of the query come first, and among
// equals those that a citizen of this city is likely to mean.

// maxQuery is how many bytes, and maxWords how many words, of a query are read.
const (
	maxQuery = 200
	maxWords = 16
)

// Weights of a unit's alternatives, against 1 for the word as typed.
const (
	plainWeight   = 0.7  // the word without its marks, where marks were typed
	prefixWeight  = 0.75 // the last word, still being typed
	longerWeight  = 0.35 // the same where it is a word already
	slipWeight    = 0.6
	bigramWeight  = 0.9
	synonymWeight = 1.0
	fillerWeight  = 0.08 // "làm", "xin", "cho"
	leastCover    = 0.2  // of the query, for a document to be an answer at all
)

type alternative struct {
	terms  []int32
	weight float32
}

type unit struct {
	alts   []alternative
	weight float32
}

type hit struct {
	doc   int32
	score float32
}

// search returns the documents that answer a query and pass keep, best first.
func (x *index) search(q string, w *words, keep func(*doc) bool) []hit {
	if len(q) > maxQuery {
		q = strings.ToValidUTF8(q[:maxQuery], "")
	}
	q = i18n.NFC(q)
	if hits := x.byPrefix(q, keep); hits != nil {
		return hits
	}
	ws, ms := tokens(q), marked(q)
	if len(ws) > 2 && len(ms) == len(ws) && ws[0] == "thu" && ws[1] == "tuc" {
		ws, ms = ws[2:], ms[2:] // says as little in a query as in a name
	}
	if len(ws) > maxWords {
		ws = ws[:maxWords]
	}
	units := x.units(ws, ms, w)
	if len(units) == 0 {
		return nil
	}
	b := x.board()
	defer x.boards.Put(b)
	var all float32
	for _, u := range units {
		clear(b.best)
		clear(b.share)
		for _, a := range u.alts {
			x.alternative(a, b)
		}
		all += u.weight
		for i, s := range b.best {
			if s > 0 {
				b.total[i] += s * u.weight
				b.cover[i] += b.share[i] * u.weight
			}
		}
	}
	whole := strings.Join(ws, " ")
	var hits []hit
	for i, score := range b.total {
		d := &x.docs[i]
		if score == 0 || !keep(d) {
			continue
		}
		c := b.cover[i] / all
		if c < leastCover {
			continue
		}
		score *= c * c * d.prior * exactness(d, whole)
		hits = append(hits, hit{int32(i), score})
	}
	slices.SortFunc(hits, func(a, b hit) int {
		if c := cmp.Compare(b.score, a.score); c != 0 {
			return c
		}
		return cmp.Compare(a.doc, b.doc)
	})
	return cut(hits)
}

// board is the sums of one search, an entry for each document.
type board struct{ total, cover, best, share, part, found []float32 }

// board returns sums of zero; they go back to boards after use.
func (x *index) board() *board {
	b, ok := x.boards.Get().(*board)
	if !ok {
		n := len(x.docs)
		all := make([]float32, 6*n)
		return &board{all[:n:n], all[n : 2*n : 2*n], all[2*n : 3*n : 3*n], all[3*n : 4*n : 4*n], all[4*n : 5*n : 5*n], all[5*n:]}
	}
	clear(b.total)
	clear(b.cover)
	return b
}

// enough is how many results stay though the best one scored far more: a reader who
// meant something else needs them.
const enough = 8

// cut drops the tail that shares only a common word with the query.
func cut(hits []hit) []hit {
	for i, h := range hits {
		least := hits[0].score * 0.15
		if i < enough {
			least /= 4
		}
		if h.score < least {
			return hits[:i]
		}
	}
	return hits
}

// exactness favours a document whose whole name, or a name that people use, is the query.
func exactness(d *doc, q string) float32 {
	q = strings.TrimPrefix(q, lead)
	switch {
	case d.title == q, strings.Contains(d.alias, "|"+q+"|"):
		return 2
	case strings.HasPrefix(d.title, q+" "):
		return 1.25
	}
	return 1
}

// byPrefix answers a query that is a code or the start of one.
func (x *index) byPrefix(q string, keep func(*doc) bool) []hit {
	q = strings.ToUpper(strings.TrimSpace(q))
	if len(q) < 3 || q[0] < '0' || q[0] > '9' || q[1] != '.' {
		return nil
	}
	at, _ := slices.BinarySearchFunc(x.docs, q, func(d doc, q string) int { return strings.Compare(string(d.Code), q) })
	var hits []hit
	for i := at; i < len(x.docs) && strings.HasPrefix(string(x.docs[i].Code), q); i++ {
		if keep(&x.docs[i]) {
			hits = append(hits, hit{int32(i), 1})
		}
	}
	return hits
}

// alternative scores one alternative and merges it into the best of its unit. A
// phrase counts by how much of it is there.
func (x *index) alternative(a alternative, b *board) {
	var ideal float32
	clear(b.part)
	clear(b.found)
	for _, t := range a.terms {
		idf := x.idf[t]
		ideal += idf
		for _, p := range x.posts[t] {
			b.part[p.doc] += idf * p.weight
			b.found[p.doc] += idf
		}
	}
	likely := float32(math.Sqrt(float64(a.weight)))
	for i, s := range b.part {
		if s == 0 {
			continue
		}
		got := b.found[i] / ideal
		b.best[i] = max(b.best[i], s*got*a.weight)
		b.share[i] = max(b.share[i], got*likely)
	}
}

// units cuts the words of a query into units; ms are the words with their marks.
func (x *index) units(ws, ms []string, w *words) []unit {
	var out []unit
	for i := 0; i < len(ws); {
		n, syn := w.synonym(ws[i:])
		switch {
		case n > 0:
			out = append(out, x.phrase(ws[i:i+n], syn))
			i += n
			continue
		case w.filler[ws[i]], len(ws[i]) == 1 && len(ws) > 1:
			u := x.word(ws[i], "", false)
			u.weight *= fillerWeight
			out = append(out, u)
		default:
			m := ""
			if i < len(ms) {
				m = ms[i]
			}
			out = append(out, x.word(ws[i], m, i == len(ws)-1))
		}
		if i > 0 {
			if t, ok := x.terms[ws[i-1]+" "+ws[i]]; ok && !(w.filler[ws[i]] && w.filler[ws[i-1]]) {
				out = append(out, unit{alts: []alternative{{terms: []int32{t}, weight: 1}}, weight: bigramWeight})
			}
		}
		i++
	}
	return slices.DeleteFunc(out, func(u unit) bool { return len(u.alts) == 0 })
}

// phrase is a unit for a known phrase: its own words, or any of its synonyms.
func (x *index) phrase(ws []string, synonyms [][]string) unit {
	u := unit{weight: float32(len(ws))}
	for i, alt := range append([][]string{ws}, synonyms...) {
		var terms []int32
		for j, w := range alt {
			if t, ok := x.terms[w]; ok {
				terms = append(terms, t)
			}
			if j == 0 {
				continue
			}
			if t, ok := x.terms[alt[j-1]+" "+w]; ok {
				terms = append(terms, t)
			}
		}
		if len(terms) > 0 {
			weight := float32(synonymWeight)
			if i == 0 {
				weight = plainWeight
			}
			u.alts = append(u.alts, alternative{terms, weight})
		}
	}
	return u
}

// word is a unit for one word. A word that stands nowhere is read as one with a
// slip, or as several written together.
func (x *index) word(w, mark string, last bool) unit {
	u := unit{weight: 1}
	plain := float32(1)
	if mark != "" {
		if t, ok := x.terms[mark]; ok {
			u.alts = append(u.alts, alternative{[]int32{t}, 1})
			plain = plainWeight
		}
	}
	t, known := x.terms[w]
	if known {
		u.alts = append(u.alts, alternative{[]int32{t}, plain})
	}
	if last && len(w) >= 2 {
		weight := float32(prefixWeight)
		if known {
			weight = longerWeight
		}
		x.startingWith(w, weight, &u)
	}
	if known || len(w) < 3 || len(u.alts) > 0 {
		return u
	}
	if parts := x.split(w); parts != nil {
		return x.phrase(parts, nil)
	}
	for n := len(w) - 1; n <= len(w)+1; n++ {
		for _, c := range x.byLen[n] {
			if near(w, c) {
				u.alts = append(u.alts, alternative{[]int32{x.terms[c]}, slipWeight})
			}
		}
	}
	return u
}

func (x *index) startingWith(w string, weight float32, u *unit) {
	for n := len(w) + 1; n <= len(w)+4; n++ {
		words := x.byLen[n]
		at, _ := slices.BinarySearch(words, w)
		for ; at < len(words) && strings.HasPrefix(words[at], w); at++ {
			u.alts = append(u.alts, alternative{[]int32{x.terms[words[at]]}, weight})
		}
	}
}

// split reads a word as two or three words that stand side by side somewhere.
func (x *index) split(w string) []string {
	for i := 2; i <= len(w)-2; i++ {
		if _, ok := x.terms[w[:i]+" "+w[i:]]; ok {
			return []string{w[:i], w[i:]}
		}
	}
	for i := 2; i <= len(w)-4; i++ {
		for j := i + 2; j <= len(w)-2; j++ {
			_, a := x.terms[w[:i]+" "+w[i:j]]
			if _, b := x.terms[w[i:j]+" "+w[j:]]; a && b {
				return []string{w[:i], w[i:j], w[j:]}
			}
		}
	}
	return nil
}
