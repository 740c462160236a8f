package holiday

import (
	"context"
	"embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/orgunit"
)

//go:embed migrations/*.sql
var migrations embed.FS

// refreshEvery is how late this node may see a change approved on another.
const refreshEvery = time.Second

// Journal is where changes are made known, in their own transaction.
type Journal interface {
	Append(tx *db.Tx, e journal.Entry) (journal.Receipt, error)
}

// Deps is what the calendars stand on. A program without a database (tools, tests) leaves
// all of it out and has the embedded facts.
type Deps struct {
	DB       *db.DB
	Gen      *id.Gen
	Clock    clock.Clock
	Journal  Journal
	Units    *orgunit.Service
	Policies *auth.Policies
}

// Service gives calendars and takes changes. Safe for concurrent use.
type Service struct {
	Deps
	state atomic.Pointer[state]
	past  sync.Map // version to *calendar.Calendar: calendars as they were, which never change
}

// New returns the service with the embedded facts. Refresh adds what stands in the
// database, once that is migrated.
func New(d Deps) (*Service, error) {
	st, err := build(Version, facts, nil, 0)
	if err != nil {
		return nil, err
	}
	st.editions = map[string]string{Version: facts}
	s := &Service{Deps: d}
	s.state.Store(st)
	return s, nil
}

// City is the calendar of the whole city.
func (s *Service) City() *calendar.Calendar { return s.state.Load().city }

// Of is the calendar of a unit. An office without its own has that of its agency, an
// agency without its own that of the city. It allocates nothing.
func (s *Service) Of(u orgunit.UnitID) *calendar.Calendar {
	st := s.state.Load()
	if len(st.units) == 0 {
		return st.city
	}
	if c, ok := st.units[u]; ok {
		return c
	}
	if v, ok := s.Units.Now().Get(u); ok && v.Class == orgunit.Office {
		return st.of(v.Parent)
	}
	return st.city
}

// Version returns a calendar as it was: the one whose Version is v. False where its
// edition was never loaded here.
func (s *Service) Version(v string) (*calendar.Calendar, bool) {
	st := s.state.Load()
	edition, number, u, ok := parseVersion(v)
	if !ok {
		return nil, false
	}
	if now := st.of(u); now.Version() == v {
		return now, true
	}
	if c, ok := s.past.Load(v); ok {
		return c.(*calendar.Calendar), true
	}
	text, ok := st.editions[edition]
	if !ok || number > st.epoch {
		return nil, false
	}
	old, err := build(edition, text, upTo(st.changes, number), 0)
	if err != nil || old.of(u).Version() != v {
		return nil, false
	}
	s.past.Store(v, old.of(u))
	return old.of(u), true
}

func upTo(changes []Change, number int64) []Change {
	for i, c := range changes {
		if c.Number > number {
			return changes[:i]
		}
	}
	return changes
}

// versionOf names a calendar: edition, the last change that touched it, the unit.
func versionOf(edition string, number int64, u orgunit.UnitID) string {
	if number > 0 {
		edition += "+" + strconv.FormatInt(number, 10)
	}
	if u != 0 {
		edition += "@" + u.String()
	}
	return edition
}

func parseVersion(v string) (edition string, number int64, u orgunit.UnitID, ok bool) {
	edition, unit, local := strings.Cut(v, "@")
	var err error
	if local {
		if u, err = id.Parse[orgunit.Unit](unit); err != nil {
			return "", 0, 0, false
		}
	}
	edition, n, changed := strings.Cut(edition, "+")
	if changed {
		number, err = strconv.ParseInt(n, 10, 64)
	}
	return edition, number, u, err == nil
}

// state is one reading of the facts: immutable.
type state struct {
	city     *calendar.Calendar
	units    map[orgunit.UnitID]*calendar.Calendar
	changes  []Change          // approved, by number
	editions map[string]string // every edition that ran here
	epoch    int64
	today    clock.Date // of a check; zero in the shared state
}

func (st *state) of(u orgunit.UnitID) *calendar.Calendar {
	if c, ok := st.units[u]; ok {
		return c
	}
	return st.city
}

// layer is what changes add up to, for the city or one unit.
type layer struct {
	days  map[clock.Date]calendar.Day
	plain map[clock.Date]bool
	weeks []calendar.Week
	last  int64
}

func (l *layer) add(c Change) {
	for _, d := range c.Body.Days {
		l.days[d.Date] = d
		delete(l.plain, d.Date)
	}
	for _, d := range c.Body.Plain {
		delete(l.days, d)
		l.plain[d] = true
	}
	if c.Body.Week != nil {
		l.weeks = append(l.weeks, *c.Body.Week)
	}
	l.last = c.Number
}

func newLayer() *layer {
	return &layer{days: map[clock.Date]calendar.Day{}, plain: map[clock.Date]bool{}}
}

// build lays approved changes over an edition.
func build(edition, text string, changes []Change, epoch int64) (*state, error) {
	days, err := Parse(text)
	if err != nil {
		return nil, err
	}
	city, units := newLayer(), map[orgunit.UnitID]*layer{}
	for _, c := range changes {
		l := city
		if c.Unit != 0 {
			if units[c.Unit] == nil {
				units[c.Unit] = newLayer()
			}
			l = units[c.Unit]
		}
		l.add(c)
	}
	kept := days[:0:0]
	for _, d := range days {
		if _, over := city.days[d.Date]; !over && !city.plain[d.Date] {
			kept = append(kept, d)
		}
	}
	for _, d := range city.days {
		kept = append(kept, d)
	}
	st := &state{units: make(map[orgunit.UnitID]*calendar.Calendar, len(units)), changes: changes, epoch: epoch}
	if st.city, err = calendar.New(kept, versionOf(edition, city.last, 0)); err != nil {
		return nil, fmt.Errorf("holiday: %w", err)
	}
	if len(city.weeks) > 0 {
		if st.city, err = st.city.With(calendar.Local{Weeks: city.weeks}, st.city.Version()); err != nil {
			return nil, fmt.Errorf("holiday: %w", err)
		}
	}
	for u, l := range units {
		local := calendar.Local{Weeks: l.weeks}
		for _, d := range l.days {
			local.Days = append(local.Days, d)
		}
		if st.units[u], err = st.city.With(local, versionOf(edition, max(city.last, l.last), u)); err != nil {
			return nil, fmt.Errorf("holiday: unit %s: %w", u, err)
		}
	}
	return st, nil
}

// Refresh reads the approved changes where there are new ones since the last reading, and
// keeps this program's edition of the embedded facts.
func (s *Service) Refresh(ctx context.Context) (err error) {
	defer errs.Op(&err, "holiday.Refresh")
	if s.DB == nil {
		return nil
	}
	was := s.state.Load()
	var next *state
	kept := true
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		epoch, err := selectEpoch(v)
		if err != nil || epoch == was.epoch && len(was.editions) > 0 && was.changes != nil {
			return err
		}
		changes, err := selectApproved(v)
		if err != nil {
			return err
		}
		editions, err := selectEditions(v)
		if err != nil {
			return err
		}
		if _, kept = editions[Version]; !kept {
			editions[Version] = facts
		}
		if next, err = build(Version, facts, changes, epoch); err == nil {
			next.editions = editions
		}
		return err
	})
	if err != nil || next == nil {
		return err
	}
	if !kept {
		err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return keepEdition(tx, Version, facts) })
	}
	s.state.CompareAndSwap(was, next) // a lost race is somebody's newer reading
	return err
}

// Run keeps the calendars fresh until ctx ends: a change approved on any node is seen here
// within a second or two.
func (s *Service) Run(ctx context.Context) error { return db.KeepFresh(ctx, refreshEvery, s.Refresh) }
