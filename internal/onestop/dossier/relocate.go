package dossier

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// KindMoved is the journal kind of a dossier that a reorganisation gave to other units.
const KindMoved = "dossier.moved"

// milestoneMoved is what the applicant is told of.
const milestoneMoved = "moved"

// Relocation is where a reorganisation puts a dossier. Code, version, dates and content stay.
type Relocation struct {
	Act   int64  // the declared act
	Plan  string // digest of its plan
	Why   string // the rule that decided: a word
	Basis string // the resolution, as people cite it
	By    string // who acts, for the timeline and for whoever comes second

	Reception, Receiving, Competent orgunit.UnitID
	Heritage                        Heritage // its Units are added to those of earlier moves
	// Back puts tasks where an earlier move took them from, by task; everything else follows
	// the heritage.
	Back map[TaskID]ShiftedTask
	Bare bool // the heritage is taken away: the dossier is as it was filed
	Undo bool // takes an earlier move back
}

// Shift is the payload of a move: where a dossier came from and went.
type Shift struct {
	Act       string        `json:"act"`
	Plan      string        `json:"plan"`
	Why       string        `json:"why"`
	Basis     string        `json:"basis,omitempty"`
	Reception [2]int64      `json:"reception"` // from, to
	Receiving [2]int64      `json:"receiving"`
	Competent [2]int64      `json:"competent"`
	Tasks     []ShiftedTask `json:"tasks,omitempty"`
}

// ShiftedTask is an open task that went to another unit.
type ShiftedTask struct {
	Task TaskID         `json:"task"`
	Step string         `json:"step"`
	Role string         `json:"role"` // before the move
	From orgunit.UnitID `json:"from"`
	To   orgunit.UnitID `json:"to"`
}

// Standing is a dossier as a reorganisation reads it.
type Standing struct {
	Dossier Dossier
	Content Content
	Package *service.Package
	Tasks   []Task
}

// Open lists the open tasks that lie with a unit.
func (st Standing) Open() []Task {
	return slices.DeleteFunc(slices.Clone(st.Tasks), func(t Task) bool { return !t.Open || t.Unit == 0 })
}

// Relocated is what a move did.
type Relocated struct {
	Dossier Dossier // after it
	Shift   *Shift  // nil where the dossier stays
	Undo    bool    // an earlier move was taken back
	By      string  // who acts
}

// Relocate moves a dossier to other units as one unit of work, with an entry of the journal.
// decide is asked with the dossier as it stands, again where somebody acted in between; nil
// leaves it where it is. also runs in the same transaction in both cases. Errors: those of
// decide and also, Conflict dossier.busy where others act on it all the time.
func (s *Service) Relocate(ctx context.Context, v ID, decide func(Standing) (*Relocation, error), also func(*db.Tx, Relocated) error) (err error) {
	defer errs.Op(&err, "dossier.Relocate(%s)", v)
	for range maxRelocate {
		if err = s.relocate(ctx, v, decide, also); !errors.Is(err, errMoved) && !errors.Is(err, errTaken) {
			return err
		}
	}
	return errs.E(errs.Conflict, "dossier.busy", errs.Cause(err))
}

// maxRelocate bounds how often a move begins again because somebody acted.
const maxRelocate = 20

func (s *Service) relocate(ctx context.Context, v ID, decide func(Standing) (*Relocation, error), also func(*db.Tx, Relocated) error) error {
	st, err := s.Standing(ctx, v)
	if err != nil {
		return err
	}
	r, err := decide(st)
	if err != nil {
		return err
	}
	if r == nil {
		return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return also(tx, Relocated{Dossier: st.Dossier}) })
	}
	now := nowAt{at: s.Clock.Now()}
	ch, shift, err := s.shift(st, *r, now)
	if err != nil {
		return err
	}
	sub := auth.From(ctx)
	entry, err := ch.entry(KindMoved, sub, r.Receiving.String(), now, func(h *Happening) {
		h.By, h.Shift, h.Authority = r.By, shift, r.Basis
		h.Reached = append(h.Reached, milestoneMoved)
		for _, t := range shift.Tasks {
			if !slices.ContainsFunc(ch.closed, func(c process.TaskClosed) bool { return c.Step == t.Step }) {
				h.Left = append(h.Left, t.Step)
				h.To = append(h.To, Moved{Step: t.Step, Role: s.roleAfter(ch, t), Unit: int64(t.To)})
			}
		}
	})
	if err != nil {
		return err
	}
	heritage, err := encodeHeritage(ch.dossier.Heritage)
	if err != nil {
		return err
	}
	entries, texts, err := s.register(ctx, ch, r.By, now)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if _, err := s.put(tx, ch, entry, entries, texts); err != nil {
			return err
		}
		if err := rehouse(tx, ch.dossier, heritage); err != nil {
			return err
		}
		after := ch.dossier
		after.Version++
		return also(tx, Relocated{Dossier: after, Shift: shift, Undo: r.Undo, By: r.By})
	})
}

// Standing reads a dossier with all that a move looks at.
func (s *Service) Standing(ctx context.Context, v ID) (st Standing, err error) {
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if st.Dossier, err = findByID(q, v); err != nil {
			return err
		}
		if st.Tasks, err = tasksOf(q, v); err != nil {
			return err
		}
		st.Content, err = findContent(q, v)
		return err
	})
	if err == nil {
		st.Package, err = s.pkg(st.Dossier)
	}
	return st, err
}

// shift computes a move: the dossier with its new units, and its open tasks with theirs.
func (s *Service) shift(st Standing, r Relocation, now nowAt) (*change, *Shift, error) {
	d, day := st.Dossier, clock.DateOf(now.at)
	shift := &Shift{
		Act: orgunit.UnitID(r.Act).String(), Plan: r.Plan, Why: r.Why, Basis: r.Basis,
		Reception: [2]int64{int64(d.Reception), int64(r.Reception)}, Receiving: [2]int64{int64(d.Receiving), int64(r.Receiving)},
		Competent: [2]int64{int64(d.Competent), int64(r.Competent)},
	}
	ch := &change{before: d, dossier: d, tasks: slices.Clone(st.Tasks), family: len(st.Package.Process.Children()) > 0}
	to := &ch.dossier
	to.Reception, to.Receiving, to.Competent = r.Reception, r.Receiving, r.Competent
	to.Heritage = d.inherit(r)
	var rows []taskWrite
	for i, t := range ch.tasks {
		if !t.Open || t.Unit == 0 {
			continue
		}
		at, role := t.Unit, t.Role
		if back, ok := r.Back[t.ID]; ok {
			at, role = back.From, back.Role
		} else if to.Heritage != nil {
			v, ok := s.heir(to.Heritage, t.Unit, day)
			if !ok {
				return nil, nil, errs.E(errs.Invalid, "dossier.unit.noHeir", errs.P("unit", t.Unit.String(), "date", day))
			}
			at, role = v.ID, s.roleAt(*to, v.ID, t.Role, day)
		}
		if at == t.Unit && role == t.Role {
			continue
		}
		shift.Tasks = append(shift.Tasks, ShiftedTask{Task: t.ID, Step: t.Step, Role: t.Role, From: t.Unit, To: at})
		t.Unit, t.Role, t.LastBy, t.LastAt = at, role, r.By, now.at
		ch.tasks[i] = t
		rows = append(rows, taskWrite{t, false})
	}
	if err := s.settleMove(ch, st, now); err != nil {
		return nil, nil, err
	}
	s.plan(ch, r.By, now.at)
	for _, w := range rows {
		if !slices.ContainsFunc(ch.writes, func(o taskWrite) bool { return o.ID == w.ID }) {
			ch.writes = append(ch.writes, w)
		}
	}
	return ch, shift, nil
}

// settleMove brings the payload up to date, and acts at a step that a declared rule passes.
func (s *Service) settleMove(ch *change, st Standing, now nowAt) error {
	h := ch.dossier.Heritage
	if h == nil || len(h.Skip) == 0 {
		return s.gather(ch, nil, now)
	}
	env, home, err := s.env(ch.dossier, st.Package, now, st.Content)
	if err != nil {
		return err
	}
	ch.home = home
	for _, t := range ch.tasks {
		if t.Open && h.Skip[t.Step] != "" {
			if err := s.takeAt(ch, st.Package, env, t.Token, t.Step, now.at); err != nil {
				return err
			}
		}
	}
	if err := s.pass(ch, st.Package, env, now); err != nil {
		return err
	}
	if err := s.offspring(ch, st.Package, env, now, st.Content); err != nil {
		return err
	}
	return s.gather(ch, nil, now)
}

// pass acts at the steps that a declared rule of a reorganisation passes, as they open.
func (s *Service) pass(ch *change, pkg *service.Package, env process.Env, now nowAt) error {
	h := ch.dossier.Heritage
	if h == nil || len(h.Skip) == 0 {
		return nil
	}
	for i := 0; i < len(ch.opened); i++ {
		o := ch.opened[i]
		if h.Skip[o.Step] == "" {
			continue
		}
		ch.opened = slices.Delete(ch.opened, i, i+1)
		i--
		if err := s.takeAt(ch, pkg, env, o.Token, o.Step, now.at); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) takeAt(ch *change, pkg *service.Package, env process.Env, token int, step string, now time.Time) error {
	ev := process.Event{Kind: process.Act, Token: token, Action: ch.dossier.Heritage.Skip[step]}
	inst, effects, err := process.Step(pkg.Process, ch.dossier.Instance, ev, env)
	if err != nil {
		return stepErr(err)
	}
	ch.dossier.Instance = inst
	ch.happened.Passed = append(ch.happened.Passed, step)
	for _, e := range effects {
		ch.take(e, now)
	}
	return nil
}

// inherit is the heritage of a dossier after a move: what was filed stays from the first one.
func (d Dossier) inherit(r Relocation) *Heritage {
	if r.Bare {
		return nil
	}
	h := r.Heritage
	h.Reception, h.Receiving, h.Competent = d.Reception, d.Receiving, d.Competent
	if old := d.Heritage; old != nil {
		h.Reception, h.Receiving, h.Competent = old.Reception, old.Receiving, old.Competent
		h.Units, h.Roles, h.Skip = joined(old.Units, h.Units), joined(old.Roles, h.Roles), joined(old.Skip, h.Skip)
	}
	return &h
}

// joined lays the younger entries over the older.
func joined[K comparable, V any](old, young map[K]V) map[K]V {
	out := maps.Clone(old)
	if out == nil {
		return young
	}
	maps.Copy(out, young)
	return out
}

func (s *Service) roleAfter(ch *change, t ShiftedTask) string {
	for _, w := range ch.writes {
		if w.ID == t.Task {
			return w.Role
		}
	}
	return t.Role
}

func encodeHeritage(h *Heritage) (string, error) {
	if h == nil {
		return "", nil
	}
	b, err := json.Marshal(h)
	return string(b), err
}

// OpenAfter pages through the open dossiers of the city by id.
func (s *Service) OpenAfter(ctx context.Context, after ID, limit int) (out []Dossier, err error) {
	defer errs.Op(&err, "dossier.OpenAfter")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = openAfter(v, after, limit)
		return err
	})
	return out, err
}

// CountOpen counts the open dossiers of the city.
func (s *Service) CountOpen(ctx context.Context) (n int, err error) {
	defer errs.Op(&err, "dossier.CountOpen")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		n, err = countRunning(v)
		return err
	})
	return n, err
}
