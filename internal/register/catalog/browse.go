package catalog

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// Filter chooses procedures. Zero fields do not filter.
type Filter struct {
	Query     string
	Tier      Tier
	Level     *Level // exactly this level
	Field     string // name of a field, as recorded
	LifeEvent string // id
	Agency    string // name of an executing agency
	Reach     Reach
	Online    bool   // only what this city takes online
	Cursor    string // Page.Next of the page before
	Limit     int    // 20 where zero, 200 at most
}

// Page is a page of a list. Lists without a query are in the order of codes, or of a
// life event; with a query, best first.
type Page struct {
	Items []Item
	Next  string // cursor; empty at the end
	Total int
	Tiers map[Tier]int  // what the list holds without the filter on tier
	Level map[Level]int // and without the one on level
}

const (
	pageSize = 20
	pageMax  = 200
)

// Procedures lists and searches what is in force today. An unknown life event is
// NotFound, a cursor that this list did not give Invalid.
func (s *Service) Procedures(ctx context.Context, f Filter) (_ Page, err error) {
	defer errs.Op(&err, "catalog.Procedures")
	x, err := s.index(ctx)
	if err != nil {
		return Page{}, err
	}
	page := Page{Tiers: map[Tier]int{}, Level: map[Level]int{}}
	agency := fold(f.Agency)
	var members map[Code]int
	if f.LifeEvent != "" {
		ev, err := s.lifeEvent(f.LifeEvent)
		if err != nil {
			return Page{}, err
		}
		members = map[Code]int{}
		for i, c := range ev.Codes {
			members[c] = i
		}
	}
	keep := func(d *doc) bool {
		if f.Field != "" && d.Field.Name != f.Field || f.Reach != "" && d.Reach != f.Reach || f.Online && !d.Online {
			return false
		}
		if members != nil {
			if _, ok := members[d.Code]; !ok {
				return false
			}
		}
		if agency != "" && !slices.Contains(d.execs, agency) {
			return false
		}
		return true
	}
	var ids []int32
	if strings.TrimSpace(f.Query) != "" {
		for _, h := range x.search(f.Query, s.words, keep) {
			ids = append(ids, h.doc)
		}
	} else {
		for i := range x.docs {
			if keep(&x.docs[i]) {
				ids = append(ids, int32(i))
			}
		}
	}
	if members != nil && f.Query == "" {
		slices.SortFunc(ids, func(a, b int32) int { return members[x.docs[a].Code] - members[x.docs[b].Code] })
	}
	ids = slices.DeleteFunc(ids, func(id int32) bool { return !page.count(&x.docs[id], f) })
	page.Total = len(ids)
	return page, x.page(&page, ids, f)
}

// count counts a document under each tier and level that the other filter leaves, and
// reports whether both leave it.
func (p *Page) count(d *doc, f Filter) bool {
	tier, level := f.Tier == "" || d.HasTier(f.Tier), f.Level == nil || d.Level == *f.Level
	if level {
		for _, t := range d.Tiers {
			p.Tiers[t]++
		}
	}
	if tier {
		p.Level[d.Level]++
	}
	return tier && level
}

// page cuts a page out of a list. The cursor of a list by code is the last code, so
// that pages stay whole while procedures come and go; of a ranked list, the rank.
func (x *index) page(p *Page, ids []int32, f Filter) error {
	byCode := strings.TrimSpace(f.Query) == "" && f.LifeEvent == ""
	limit := f.Limit
	if limit <= 0 {
		limit = pageSize
	}
	limit = min(limit, pageMax)
	from := 0
	if f.Cursor != "" {
		kind, at := f.Cursor[0], f.Cursor[1:]
		switch {
		case byCode && kind == 'c' && Code(at).Valid():
			for from < len(ids) && string(x.docs[ids[from]].Code) <= at {
				from++
			}
		case !byCode && kind == 'r':
			n, err := strconv.Atoi(at)
			if err != nil || n < 0 {
				return errs.E(errs.Invalid, "catalog.cursor")
			}
			from = min(n, len(ids))
		default:
			return errs.E(errs.Invalid, "catalog.cursor")
		}
	}
	end := min(from+limit, len(ids))
	for _, id := range ids[from:end] {
		p.Items = append(p.Items, x.docs[id].Item)
	}
	if end < len(ids) {
		p.Next = "r" + strconv.Itoa(end)
		if byCode {
			p.Next = "c" + string(x.docs[ids[end-1]].Code)
		}
	}
	return nil
}

// Item returns one procedure as lists show it, from memory. NotFound where the code
// is not in force today.
func (s *Service) Item(ctx context.Context, code Code) (_ Item, err error) {
	defer errs.Op(&err, "catalog.Item(%s)", code)
	x, err := s.index(ctx)
	if err != nil {
		return Item{}, err
	}
	i, ok := x.byCode[code]
	if !ok {
		return Item{}, errs.E(errs.NotFound, "catalog.notfound", errs.P("code", string(code)))
	}
	return x.docs[i].Item, nil
}

// Group is a heading to browse by, with how many procedures stand under it.
type Group struct {
	Name  string // as recorded
	EN    string // unofficial translation, or empty
	Count int
	City  int // of them handled in the city
}

// Fields lists the fields of administration in dictionary order.
func (s *Service) Fields(ctx context.Context) (_ []Group, err error) {
	defer errs.Op(&err, "catalog.Fields")
	x, err := s.index(ctx)
	if err != nil {
		return nil, err
	}
	return x.fields, nil
}

// Agencies lists the executing agencies, as recorded, in dictionary order.
func (s *Service) Agencies(ctx context.Context) (_ []Group, err error) {
	defer errs.Op(&err, "catalog.Agencies")
	x, err := s.index(ctx)
	if err != nil {
		return nil, err
	}
	return x.agencies, nil
}

// grouping gathers names that differ in marks or case only under the first spelling.
type grouping struct {
	words *words
	keys  map[string]string // name → folded
	found map[string]*Group
}

func newGrouping(w *words) grouping {
	return grouping{words: w, keys: map[string]string{}, found: map[string]*Group{}}
}

// add counts a procedure under a name and returns the name folded.
func (g grouping) add(name string, r Reach) string {
	key, ok := g.keys[name]
	if !ok {
		key = fold(name)
		g.keys[name] = key
	}
	if key == "" {
		return ""
	}
	at := g.found[key]
	if at == nil {
		at = &Group{Name: name, EN: g.words.fieldsEN[name]}
		g.found[key] = at
	}
	at.Count++
	if r == InCity {
		at.City++
	}
	return key
}

func (g grouping) sorted() []Group {
	out := make([]Group, 0, len(g.found))
	for _, at := range g.found {
		out = append(out, *at)
	}
	c := i18n.Collator(i18n.VI)
	slices.SortFunc(out, func(a, b Group) int { return c.CompareString(a.Name, b.Name) })
	return out
}

// LifeEvents lists the life events, most common first.
func (s *Service) LifeEvents() []LifeEvent { return slices.Clone(s.words.events) }

// LifeEvent returns one life event, NotFound where there is none of that id.
func (s *Service) LifeEvent(id string) (LifeEvent, error) { return s.lifeEvent(id) }

func (s *Service) lifeEvent(id string) (LifeEvent, error) {
	for _, e := range s.words.events {
		if e.ID == id {
			return e, nil
		}
	}
	return LifeEvent{}, errs.E(errs.NotFound, "catalog.event", errs.P("id", brief(id, 40)))
}

// Counts tells how many procedures are known, by reach.
type Counts struct {
	All     int
	Reach   map[Reach]int
	Offered int // with an online service of the city
}

// Counts counts what is in force today.
func (s *Service) Counts(ctx context.Context) (_ Counts, err error) {
	defer errs.Op(&err, "catalog.Counts")
	x, err := s.index(ctx)
	if err != nil {
		return Counts{}, err
	}
	c := Counts{All: len(x.docs), Reach: map[Reach]int{}}
	for i := range x.docs {
		c.Reach[x.docs[i].Reach]++
		if x.docs[i].Online {
			c.Offered++
		}
	}
	return c, nil
}
