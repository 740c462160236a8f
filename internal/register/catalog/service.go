package catalog

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Options are what an installation sets.
type Options struct {
	// Home is the agency code of the city, "H26" for Hanoi. Procedures that another
	// province set for itself are ranked last.
	Home string
}

// Service answers for the catalogue. Safe for concurrent use.
type Service struct {
	store store
	clk   clock.Clock
	opts  Options
	words *words

	cur      atomic.Pointer[index]
	checked  atomic.Int64 // when the epoch was last compared, epoch milliseconds
	building sync.Mutex
}

// recheck is how old the answer to "has anything changed" may be.
const recheck = time.Second

// New returns the service. It fails only where an embedded file is broken.
func New(d *db.DB, clk clock.Clock, opts Options) (*Service, error) {
	w, err := loadWords(seedFiles)
	if err != nil {
		return nil, err
	}
	if opts.Home == "" {
		opts.Home = "H26"
	}
	return &Service{store: store{d}, clk: clk, opts: opts, words: w}, nil
}

// SeedSource is the name under which the embedded procedures are stored.
const SeedSource = "embedded"

// LoadSeed stores the embedded procedures that are not known yet, in force since
// ever. Whatever an import brought stays. It is quick where nothing is missing.
func (s *Service) LoadSeed(ctx context.Context) (err error) {
	defer errs.Op(&err, "catalog.LoadSeed")
	entries, err := readSeed(seedFiles)
	if err != nil {
		return err
	}
	known, err := s.store.versions(ctx)
	if err != nil {
		return err
	}
	var missing []change
	for i := range entries {
		e := &entries[i]
		if !known.new(e.code) {
			continue
		}
		row, err := known.changes(&entry{code: e.code, summary: e.summary}, clock.Date{}, SeedSource)
		if err != nil {
			return err
		}
		full, err := known.changes(e, clock.Date{}, SeedSource)
		if err != nil {
			return err
		}
		missing = append(missing, row...)
		for _, c := range full {
			if c.part == partFull {
				missing = append(missing, c)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return s.store.put(ctx, missing)
}

// SetOffering records that a unit (” for the whole city) offers a procedure at a
// level, 1 to 4, from today on; 0 ends it. Only onestop/service, which computes the
// level, calls it. It joins the caller's unit and writes nothing where nothing changed.
func (s *Service) SetOffering(tx *db.Tx, procedure Code, unit string, level Level, why Why) (err error) {
	defer errs.Op(&err, "catalog.SetOffering(%s, %s)", procedure, unit)
	if !procedure.Valid() {
		return errs.E(errs.Invalid, "catalog.code.form", errs.P("code", string(procedure)))
	}
	if level < 0 || level > 4 || level > 0 && (why.VI == "" || why.EN == "") {
		return errs.E(errs.Invalid, "catalog.offering.level", errs.P("code", string(procedure)))
	}
	_, err = offer(tx, Offering{
		Procedure: procedure, Unit: unit, Level: level, Why: why,
		Validity: Validity{From: clock.DateOf(tx.Now())},
	})
	return err
}

// Get returns a procedure as it is in force on a day, today where zero. NotFound
// where the code is unknown, or not yet known on that day.
func (s *Service) Get(ctx context.Context, code Code, on clock.Date) (_ *Procedure, err error) {
	defer errs.Op(&err, "catalog.Get(%s)", code)
	if on.IsZero() {
		on = s.today()
	}
	if !code.Valid() {
		return nil, errs.E(errs.NotFound, "catalog.notfound", errs.P("code", string(code)))
	}
	st, err := s.store.find(ctx, code, on)
	if err != nil {
		return nil, err
	}
	if st.row == nil {
		if len(st.revisions) > 0 {
			since := st.revisions[len(st.revisions)-1].Validity.From
			return nil, errs.E(errs.NotFound, "catalog.notyet", errs.P("code", string(code), "since", since))
		}
		return nil, errs.E(errs.NotFound, "catalog.notfound", errs.P("code", string(code)))
	}
	return s.assemble(st)
}

// assemble joins a row and a full record; where they differ both stay, in doubt.
func (s *Service) assemble(st stored) (*Procedure, error) {
	p := &Procedure{Offerings: st.offerings, Revisions: st.revisions}
	if err := unpack(partRow, st.row.body, &p.Summary); err != nil {
		return nil, err
	}
	src := st.row
	if st.full != nil {
		p.Detail, src = &Detail{}, st.full
		if err := unpack(partFull, st.full.body, p.Detail); err != nil {
			return nil, err
		}
		p.Doubts = once(append(differing(&p.Summary, p.Detail), append(withoutFees(p.Doubts), p.Detail.Doubts...)...))
	}
	p.Validity, p.Revision, p.Source = src.validity, src.revision, Source{Name: src.source}
	g := s.words.glossary[p.Code]
	p.NameEN, p.FieldEN, p.Called = g.en, s.words.fieldsEN[p.Field.Name], g.aliases
	p.Reach, p.LifeEvents = p.reach(s.opts.Home), s.words.eventsOf[p.Code]
	p.Level, p.Why = level(st.full != nil, st.offerings)
	return p, nil
}

// withoutFees drops a row's doubts about fees: the full record has the words that a
// row lacks, and its own doubts.
func withoutFees(ds []Doubt) []Doubt {
	var out []Doubt
	for _, d := range ds {
		switch d.Reason {
		case FeeZero, FeeNoValue, FeeNoCurrency, FeeTiny:
		default:
			out = append(out, d)
		}
	}
	return out
}

// differing compares the terms that row and full record give for each channel.
func differing(s *Summary, d *Detail) []Doubt {
	said := func(ms []Method) map[string]bool {
		out := map[string]bool{}
		for _, m := range ms {
			out[string(m.Channel)+" "+m.Deadline.String()] = true
		}
		return out
	}
	a, b := said(s.Methods), said(d.Methods)
	var out []Doubt
	for k := range a {
		if !b[k] {
			out = append(out, Doubt{Reason: RowVsRecord, Detail: k})
		}
	}
	for k := range b {
		if !a[k] {
			out = append(out, Doubt{Reason: RowVsRecord, Detail: k})
		}
	}
	return out
}

// Today is the day that lists and Get take where none is named.
func (s *Service) Today() clock.Date { return s.today() }

func (s *Service) today() clock.Date { return clock.DateOf(s.clk.Now()) }

// index returns the index of today. It compares the epoch once a second and builds
// anew where something changed; while one caller builds, others read the old one.
func (s *Service) index(ctx context.Context) (*index, error) {
	now, cur := s.clk.Now(), s.cur.Load()
	fresh := now.UnixMilli()-s.checked.Load() < recheck.Milliseconds() && now.UnixMilli() >= s.checked.Load()
	if cur != nil && fresh && cur.on == s.today() {
		return cur, nil
	}
	if cur == nil {
		s.building.Lock()
	} else if !s.building.TryLock() {
		return cur, nil
	}
	defer s.building.Unlock()
	today := s.today()
	if cur = s.cur.Load(); cur != nil && cur.on == today {
		n, err := s.store.epoch(ctx)
		if err != nil {
			return nil, err
		}
		if n == cur.epoch {
			s.checked.Store(now.UnixMilli())
			return cur, nil
		}
	}
	in, err := s.store.inForce(ctx, today)
	if err != nil {
		return nil, err
	}
	x := buildIndex(in, today, s.opts.Home, s.words)
	s.cur.Store(x)
	s.checked.Store(now.UnixMilli())
	return x, nil
}

// Warm builds the index, so that the first search finds it ready.
func (s *Service) Warm(ctx context.Context) error {
	_, err := s.index(ctx)
	return err
}
