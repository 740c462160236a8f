package orgunit

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

// refreshEvery is how late this node may see another node's change.
const refreshEvery = time.Second

// Service answers who governs where on a day, and takes imports. Answers come
// from memory; it is safe for concurrent use.
type Service struct {
	db      *db.DB
	clk     clock.Clock
	gen     *id.Gen
	journal Journal
	state   atomic.Pointer[state]
}

// state is one reading of the facts.
type state struct {
	reg   *Register
	facts facts
	epoch int64
}

// New returns the service with the embedded facts. Refresh adds what stands in
// the database, once that is migrated. A program without a database (tools,
// tests) gives nil for d, gen and j and cannot import.
func New(d *db.DB, clk clock.Clock, gen *id.Gen, j Journal) (*Service, error) {
	f, err := embeddedFacts()
	if err != nil {
		return nil, err
	}
	reg, err := Embedded()
	if err != nil {
		return nil, err
	}
	s := &Service{db: d, clk: clk, gen: gen, journal: j}
	s.state.Store(&state{reg: reg, facts: f})
	return s, nil
}

// Refresh reads the city's own facts where they changed since the last reading.
func (s *Service) Refresh(ctx context.Context) (err error) {
	defer errs.Op(&err, "orgunit.Refresh")
	if s.db == nil {
		return nil
	}
	was := s.state.Load()
	var next *state
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		epoch, err := selectEpoch(v)
		if err != nil || epoch == was.epoch {
			return err
		}
		rows, err := selectFacts(v)
		if err != nil {
			return err
		}
		next, err = read(rows, epoch)
		return err
	})
	if err == nil && next != nil {
		s.state.CompareAndSwap(was, next) // a lost race is somebody's newer reading
	}
	return err
}

// read builds the state of the embedded facts and the city's rows.
func read(rows []factRow, epoch int64) (*state, error) {
	f, err := embeddedFacts()
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if err := f.read("orgunit_fact", r.block+"\n"+r.line); err != nil {
			return nil, err
		}
	}
	reg, problems, err := build(f)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return &state{reg, f, epoch}, nil
}

// Run keeps the units fresh until ctx ends: a change on any node is seen here
// within a second or two.
func (s *Service) Run(ctx context.Context) error { return db.KeepFresh(ctx, refreshEvery, s.Refresh) }

// Register returns all units over all time as last read.
func (s *Service) Register() *Register { return s.state.Load().reg }

// At returns the tree of a day.
func (s *Service) At(d clock.Date) *Tree { return s.Register().At(d) }

// Now returns today's tree.
func (s *Service) Now() *Tree { return s.At(s.Today()) }

// Today is the day by the service's clock.
func (s *Service) Today() clock.Date { return clock.DateOf(s.clk.Now()) }

// Unit returns a unit of any time, as it stands or stood last. NotFound for an unknown id.
func (s *Service) Unit(u UnitID) (Unit, error) {
	unit, ok := s.Register().Unit(u)
	if !ok {
		return Unit{}, errs.E(errs.NotFound, "orgunit.unit.unknown", errs.P("id", u.String()))
	}
	return unit, nil
}

// Successors tells who stands for a unit on a day; see Register.Successors.
func (s *Service) Successors(u UnitID, d clock.Date) (heirs []Heir, complete bool) {
	return s.Register().Successors(u, d)
}

// Predecessors tells which units of an earlier day went into a unit.
func (s *Service) Predecessors(u UnitID, d clock.Date) []Heir { return s.Register().Predecessors(u, d) }

// Lineage tells the story of a unit with its old and new names.
func (s *Service) Lineage(u UnitID) []Episode { return s.Register().Lineage(u) }

// CompetentAgency returns the People's Committee that answers on a day for a
// territory, at a tier. The territory may be of another time; errors:
//
//	NotFound orgunit.unit.unknown      no such unit
//	NotFound orgunit.tier.none         the tier does not exist on that day
//	Conflict orgunit.territory.split   it was divided: ask for the address; Params names, ids
//	Conflict orgunit.territory.lost    it ended and its successor is not known: ask
func (s *Service) CompetentAgency(territory UnitID, tier Tier, d clock.Date) (Unit, error) {
	return s.Register().CompetentAgency(territory, tier, d)
}

// CompetentAgency is Service.CompetentAgency on this reading of the facts.
func (r *Register) CompetentAgency(territory UnitID, tier Tier, d clock.Date) (Unit, error) {
	old, ok := r.Unit(territory)
	if !ok {
		return Unit{}, errs.E(errs.NotFound, "orgunit.unit.unknown", errs.P("id", territory.String()))
	}
	tree := r.At(d)
	if tier == City {
		return tree.Government(), nil
	}
	if old.Class != Territory && old.Serves != 0 {
		territory = old.Serves
	}
	heirs, complete := r.Successors(territory, d)
	if !complete {
		return Unit{}, errs.E(errs.Conflict, "orgunit.territory.lost", errs.P("name", old.Name, "date", d))
	}
	var names []string
	var places []UnitID
	for _, h := range heirs {
		up, ok := tree.Above(h.Unit, tier)
		if !ok {
			return Unit{}, errs.E(errs.NotFound, "orgunit.tier.none", errs.P("date", d))
		}
		if !slices.Contains(places, up.ID) {
			names, places = append(names, up.Name), append(places, up.ID)
		}
	}
	if len(places) > 1 {
		return Unit{}, errs.E(errs.Conflict, "orgunit.territory.split",
			errs.P("name", old.Name, "date", d, "names", strings.Join(names, ", "), "ids", places))
	}
	a, _ := tree.AgencyOf(places[0])
	return a, nil
}
