package catalog

import (
	"math"
	"slices"
	"strings"
	"sync"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
)

// Item is one procedure in a list.
type Item struct {
	Summary
	NameEN  string
	FieldEN string
	Called  []string // what people call it, most common first; Vietnamese
	Reach   Reach
	Level   Level
	Why     Why
	Full    bool // the full record is known
	Online  bool // a service of this city takes applications online
}

// doc is an item as the index holds it.
type doc struct {
	Item
	title  string  // folded name without the leading "thủ tục"
	alias  string  // folded names that people use, between bars: "|so do|so hong|"
	prior  float32 // how likely a citizen of this city means it
	events []string
	execs  []string // executing agencies, folded
}

// index answers search and browsing for one day from memory. It is built from the
// store and never changed, so readers need no lock.
type index struct {
	epoch  int64
	on     clock.Date
	docs   []doc // by code
	byCode map[Code]int32
	terms  map[string]int32
	posts  [][]posting
	idf    []float32
	byLen  map[int][]string // plain words by length, for slips

	fields, agencies []Group

	boards sync.Pool // scratch of searches
}

// posting says how strongly a term speaks for a document, within 0 to 1, before idf.
type posting struct {
	doc    int32
	weight float32
}

// Weights of the fields, their length damping, and the saturation of repeated terms.
const (
	nameWeight   = 3.0
	aliasWeight  = 3.0
	fieldWeight  = 0.8
	resultWeight = 0.9
	agencyWeight = 0.25
	lengthDamp   = 0.65
	saturation   = 1.6
)

// lead are the first words of most names; they tell nothing.
const lead = "thu tuc "

func buildIndex(in inForce, on clock.Date, home string, w *words) *index {
	x := &index{
		epoch: in.epoch, on: on, docs: make([]doc, len(in.rows)), byCode: make(map[Code]int32, len(in.rows)),
		terms: make(map[string]int32, 40_000), byLen: map[int][]string{},
	}
	slices.SortFunc(in.rows, func(a, b Summary) int { return strings.Compare(string(a.Code), string(b.Code)) }) // by bytes, whatever the engine's collation
	b := indexBuilder{index: x, tf: map[int32]float32{}, seen: map[string]spelling{}}
	fields, agencies := newGrouping(w), newGrouping(w)
	var names int
	for i := range in.rows {
		names += strings.Count(in.rows[i].Name, " ") + 1
	}
	b.avgName = float32(names) / float32(max(len(in.rows), 1))
	for i := range in.rows {
		s := &in.rows[i]
		d := &x.docs[i]
		d.Summary, d.Full = *s, in.full[s.Code]
		g := w.glossary[s.Code]
		d.NameEN, d.FieldEN, d.Called = g.en, w.fieldsEN[s.Field.Name], g.aliases
		d.Reach, d.events = s.reach(home), w.eventsOf[s.Code]
		d.Level, d.Why = level(d.Full, in.offerings[s.Code])
		d.Online = len(in.offerings[s.Code]) > 0 && d.Level >= 3
		d.title = b.title(s.Name)
		d.alias = g.folded
		d.prior = prior(d, g.known)
		fields.add(s.Field.Name, d.Reach)
		for _, a := range s.Agencies {
			d.execs = append(d.execs, agencies.add(a, d.Reach))
		}
		x.byCode[s.Code] = int32(i)
		b.add(int32(i), d, g)
	}
	b.finish()
	x.fields, x.agencies = fields.sorted(), agencies.sorted()
	return x
}

// prior ranks equal matches: what this city offers online, then what many people
// need, then what is near them; rare or foreign things last.
func prior(d *doc, popular bool) float32 {
	p := float32(1)
	switch d.Reach {
	case ByMinistry:
		p = 0.7
	case BetweenOffice:
		p = 0.4
	case OtherProvince:
		p = 0.3
	case InCity:
		if d.HasTier(Commune) {
			p = 1.1
		}
	}
	if popular {
		p *= 1.35
	}
	switch {
	case d.Level >= 3:
		p *= 1.35
	case d.Level == 2:
		p *= 1.15
	}
	return p
}

type indexBuilder struct {
	*index
	tf      map[int32]float32
	avgName float32
	seen    map[string]spelling // the records use few words many times
	pair    []byte
}

// spelling is a word as the index knows it.
type spelling struct{ plain, marked string }

func (b *indexBuilder) add(id int32, d *doc, g glossaryEntry) {
	clear(b.tf)
	ws := b.split(d.Name)
	if len(ws) > 2 && ws[0].plain == "thu" && ws[1].plain == "tuc" {
		ws = ws[2:]
	}
	damp := 1 - lengthDamp + lengthDamp*float32(len(ws))/b.avgName
	b.words(ws, nameWeight/damp)
	b.marked(ws, nameWeight/damp)
	for _, a := range g.aliases {
		as := b.split(a)
		b.words(as, aliasWeight)
		b.marked(as, aliasWeight)
	}
	b.words(b.split(g.en), aliasWeight)
	fs := b.split(d.Field.Name)
	b.words(fs, fieldWeight)
	b.marked(fs, fieldWeight)
	for _, r := range d.Results {
		rs := b.split(r)
		b.words(rs, resultWeight/max(1, float32(len(rs))/8))
	}
	for _, a := range d.Agencies {
		b.words(b.split(a), agencyWeight)
	}
	for t, f := range b.tf {
		b.posts[t] = append(b.posts[t], posting{id, f / (f + saturation)})
	}
}

// title is a name in plain words, without its leading "thủ tục".
func (b *indexBuilder) title(name string) string {
	ws := b.split(name)
	plain := make([]string, len(ws))
	for i, w := range ws {
		plain[i] = w.plain
	}
	return strings.TrimPrefix(strings.Join(plain, " "), lead)
}

// split is tokens and marked in one, for text in NFC.
func (b *indexBuilder) split(s string) []spelling {
	var out []spelling
	for w := range strings.FieldsFuncSeq(s, notWord) {
		sp, ok := b.seen[w]
		if !ok {
			sp = spelling{plain: respell(i18n.Fold(w)), marked: markedWord(w)}
			b.seen[w] = sp
		}
		out = append(out, sp)
	}
	return out
}

func (b *indexBuilder) words(ws []spelling, weight float32) {
	for i, w := range ws {
		b.count([]byte(w.plain), weight)
		if i > 0 {
			b.pair = append(append(append(b.pair[:0], ws[i-1].plain...), ' '), w.plain...)
			b.count(b.pair, weight)
		}
	}
}

func (b *indexBuilder) marked(ws []spelling, weight float32) {
	for _, w := range ws {
		if w.marked != "" {
			b.count([]byte(w.marked), weight)
		}
	}
}

func (b *indexBuilder) count(term []byte, weight float32) {
	t, ok := b.terms[string(term)]
	if !ok {
		t = int32(len(b.posts))
		b.terms[string(term)] = t
		b.posts = append(b.posts, nil)
	}
	b.tf[t] += weight
}

func (b *indexBuilder) finish() {
	n := float64(len(b.docs))
	b.idf = make([]float32, len(b.posts))
	for t, ps := range b.posts {
		df := float64(len(ps))
		b.idf[t] = float32(math.Log(1 + (n-df+0.5)/(df+0.5)))
	}
	for term := range b.terms {
		if term[0] != '=' && strings.IndexByte(term, ' ') < 0 && len(term) > 2 {
			b.byLen[len(term)] = append(b.byLen[len(term)], term)
		}
	}
	for _, ws := range b.byLen {
		slices.Sort(ws)
	}
}

// level is the best level among a procedure's offerings, with its reason; without
// any, 1 where the full record is published, else 0, and no reason beyond that.
func level(full bool, offers []Offering) (Level, Why) {
	if len(offers) > 0 {
		best := offers[0]
		for _, o := range offers[1:] {
			if o.Level > best.Level {
				best = o
			}
		}
		return best.Level, best.Why
	}
	if full {
		return 1, Why{}
	}
	return 0, Why{}
}

// fold is a text as aliases and agencies are compared.
func fold(s string) string { return strings.Join(tokens(i18n.Fold(s)), " ") }
