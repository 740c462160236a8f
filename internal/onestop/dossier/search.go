package dossier

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/v1"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/service"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// The index holds one row a dossier: words of [a-z0-9], each of a kind by its first sign.
// Names stand as they are typed without marks; they begin with no digit.
const (
	wordCode   = "0c" // the whole code, without signs
	wordDay    = "0d" // its day and number: 2506230007
	wordNumber = "0n" // its number alone
	wordPhone  = "0p"
	wordProc   = "0x" // the procedure's national code
	wordUnit   = "0u" // a unit whose posts see the dossier
)

// searchWords bounds what is asked at once.
const searchWords = 8

// Found is one page of a search, the youngest dossier first.
type Found struct {
	Dossiers []Dossier // without the state of their processes
	Next     ID        // where the next page begins: before it; 0 at the end
}

// Search finds dossiers that the reader's posts cover: by code or the end of one, by words
// of the applicant's name without marks and in any order, by phone, by procedure. What was
// filed a moment ago is found by its code at once, and by the rest when the follower of the
// journal has seen it, within seconds. Forbidden for who is no officer.
func (s *Service) Search(ctx context.Context, text string, before ID, limit int) (out Found, err error) {
	defer errs.Op(&err, "dossier.Search")
	sub := auth.From(ctx)
	if err := s.Policies.Can(ctx, actSearch, auth.Resource{}); err != nil {
		return out, err
	}
	if before == 0 {
		if d, a, err := s.find(ctx, text, Viewer{}); err == nil && a == SeeAll {
			return Found{Dossiers: []Dossier{d}}, s.listed(ctx, access.Search, access.DutyPost, []int64{int64(d.ID)})
		}
		before = math.MaxInt64
	}
	within, all := s.seenFrom(sub)
	asked := s.query(text)
	if len(asked) == 0 || !all && len(within) == 0 {
		return out, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		ids, err := s.match(v, asked, within, before, limit+1)
		if err == nil && len(ids) == 0 && asked.begins() {
			asked.last().prefix = true
			if err := asked.meant(v); err != nil {
				return err
			}
			ids, err = s.match(v, asked, within, before, limit+1)
		}
		if err != nil {
			return err
		}
		if len(ids) > limit {
			ids = ids[:limit]
			out.Next = ids[limit-1]
		}
		out.Dossiers, err = shortDossiers(v, ids)
		return err
	})
	if err == nil {
		err = s.listed(ctx, access.Search, access.DutyPost, dossierIDs(out.Dossiers))
	}
	if err != nil {
		return Found{}, err
	}
	slices.SortFunc(out.Dossiers, func(a, b Dossier) int { return int(min(max(int64(b.ID-a.ID), -1), 1)) })
	return out, nil
}

// seenFrom are the units of a subject's posts; all where one reaches everywhere.
func (s *Service) seenFrom(sub auth.Subject) (units []string, all bool) {
	for _, g := range sub.Grants {
		if g.Scope == auth.Everywhere {
			return nil, true
		}
		if u, err := parseScope(g.Scope); err == nil {
			units = append(units, unitWord(u))
		}
	}
	return units, false
}

func unitWord(u orgunit.UnitID) string { return wordUnit + strings.ToLower(u.String()) }

// term is one word asked for, in any of its readings.
type term struct {
	any    []string
	prefix bool // the last reading begins a word
}

// asking is all that must be found together; or, in its place, one of some procedures.
type asking []*term

func (a asking) last() *term { return a[len(a)-1] }

// begins reports whether the last word may be the beginning of a name.
func (a asking) begins() bool {
	t := a.last()
	w := t.any[len(t.any)-1]
	return len(w) >= 3 && w[0] > '9'
}

// query reads what was typed.
func (s *Service) query(text string) (out asking) {
	folded := i18n.Fold(text)
	if procs := s.proceduresOf(folded); len(procs) > 0 {
		return asking{{any: procs}}
	}
	for _, w := range strings.Fields(folded) {
		plain := letters(w)
		if plain == "" {
			continue
		}
		t := &term{any: []string{plain}}
		if plain[0] <= '9' || strings.ContainsAny(w, "-./") {
			t.any = []string{wordCode + plain, wordDay + plain, wordNumber + plain, wordProc + plain}
			if phone, ok := NormalPhone(w); ok {
				t.any = append(t.any, wordPhone+phone)
			}
		}
		if out = append(out, t); len(out) == searchWords {
			break
		}
	}
	if phone, ok := NormalPhone(text); ok {
		return asking{{any: []string{wordPhone + phone}}}
	}
	return out
}

// proceduresOf are the procedures whose name holds what was typed; short words are names.
func (s *Service) proceduresOf(folded string) (out []string) {
	if len(folded) < 6 || !strings.Contains(folded, " ") {
		return nil
	}
	for _, pkg := range s.Services.All() {
		if name := s.names.of(pkg); strings.Contains(name.VI, folded) || strings.Contains(name.EN, folded) {
			if w := wordProc + letters(pkg.Procedure); !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	return out
}

// foldedNames remembers the names of packages as they are searched; one of a digest never changes.
type foldedNames struct{ byDigest sync.Map }

func (f *foldedNames) of(pkg *service.Package) decl.Label {
	if v, ok := f.byDigest.Load(pkg.Digest); ok {
		return v.(decl.Label)
	}
	name := pkg.Name()
	name.VI, name.EN = i18n.Fold(name.VI), i18n.Fold(name.EN)
	f.byDigest.Store(pkg.Digest, name)
	return name
}

// letters keeps [a-z0-9] of folded text.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// wordsOf are the words of a dossier in the index; units are where its tasks lay.
func (s *Service) wordsOf(ctx context.Context, d Dossier, units []orgunit.UnitID) string {
	words := strings.FieldsFunc(i18n.Fold(d.Applicant), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	for i, w := range words {
		if w[0] <= '9' {
			words[i] = "n" + w // a number in a name is no number of a dossier
		}
	}
	code := strings.ToLower(d.Code)
	words = append(words, wordCode+letters(code), wordPhone+letters(d.Phone), wordProc+letters(d.Procedure))
	if parts := strings.Split(code, "-"); len(parts) > 1 {
		n := letters(parts[len(parts)-1])
		words = append(words, wordDay+letters(parts[len(parts)-2])+n, wordNumber+n)
		if short := strings.TrimLeft(n, "0"); short != n && short != "" {
			words = append(words, wordNumber+short)
		}
	}
	for _, u := range append(units, d.Receiving, d.Competent, d.Reception) {
		if u != 0 {
			words = append(words, s.reach.of(ctx, s, u)...)
		}
	}
	slices.Sort(words)
	return strings.Join(slices.Compact(words), " ")
}

// reach remembers which units' posts see what lies at a unit, for a day.
type reach struct {
	mu    sync.Mutex
	day   clock.Date
	above map[orgunit.UnitID][]string
}

func (r *reach) of(ctx context.Context, s *Service, u orgunit.UnitID) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if today := clock.DateOf(s.Clock.Now()); r.above == nil || r.day != today {
		r.day, r.above = today, map[orgunit.UnitID][]string{}
	}
	if w, ok := r.above[u]; ok {
		return w
	}
	out := []string{unitWord(u)}
	for _, a := range s.Units.Now().Over(u) {
		if a.Class != orgunit.Office && s.Scopes.Covers(ctx, scope(a.ID), scope(u)) {
			out = append(out, unitWord(a.ID))
		}
	}
	r.above[u] = out
	return out
}

// searchFollower keeps the index: an entry that sends a dossier somewhere new brings its row
// up to date. The rows of an invented life were written with it.
func (s *Service) searchFollower() journal.Follower {
	var last rows
	return journal.Follower{Name: "dossier.search", Fn: func(ctx context.Context, tx *db.Tx, r journal.Record) error {
		if r.Subject.Type != SubjectType {
			return nil
		}
		invented := bytes.Contains(r.Payload, []byte(`"demo":true`))
		if invented && r.Kind != KindSubmitted {
			return nil
		}
		var h struct {
			To []Moved `json:"to"`
		}
		if err := json.Unmarshal(r.Payload, &h); err != nil && !r.Erased {
			return err
		}
		v, day := ID(r.Subject.ID), clock.DateOf(s.Clock.Now())
		switch {
		case r.Kind == KindSubmitted || r.Kind == KindAdopted || r.Kind == KindMoved:
		case len(h.To) == 0:
			return nil
		case strings.HasPrefix(r.Kind, kindActPrefix) && last.hold(day, v, r.Seq, h.To):
			return nil
		}
		if invented {
			if there, err := s.indexed(tx, v); err != nil || there {
				return err
			}
		}
		units, err := s.index(ctx, tx, v)
		last.put(day, v, r.Seq, units)
		return err
	}}
}

// index writes the row of a dossier as it stands, and returns its units.
func (s *Service) index(ctx context.Context, tx *db.Tx, v ID) ([]orgunit.UnitID, error) {
	found, err := shortDossiers(tx, []ID{v})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	units, err := unitsOfTasks(tx, v)
	if err != nil {
		return nil, err
	}
	return units, s.putWords(tx, v, s.wordsOf(ctx, found[0], units))
}

// rows remembers the units of the rows written last, so that an act that sends a dossier
// where it lay before costs the index nothing. A row whose transaction failed is written
// again, since its entry comes again: only what stands behind it in the log is spared.
type rows struct {
	mu  sync.Mutex
	day clock.Date
	of  map[ID]row
}

type row struct {
	seq   int64
	units []orgunit.UnitID
}

// rowsKept bounds what is remembered; then it begins anew.
const rowsKept = 16_384

func (r *rows) hold(day clock.Date, v ID, seq int64, to []Moved) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.of[v]
	return ok && r.day == day && seq > known.seq && !slices.ContainsFunc(to, func(m Moved) bool {
		return m.Unit != 0 && !slices.Contains(known.units, orgunit.UnitID(m.Unit))
	})
}

func (r *rows) put(day clock.Date, v ID, seq int64, units []orgunit.UnitID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil || r.day != day || len(r.of) >= rowsKept {
		r.day, r.of = day, map[ID]row{}
	}
	r.of[v] = row{seq, units}
}
