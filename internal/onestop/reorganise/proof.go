package reorganise

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// Snapshot is what must not change in a reorganisation: the open dossiers with their codes,
// versions of their services and dates.
type Snapshot map[dossier.ID]Kept

// Kept is what an act keeps of a dossier.
type Kept struct {
	Code    string
	Package string
	Due     time.Time
	By      time.Time // until when the one-stop must answer
	Tasks   map[dossier.TaskID]time.Time
}

// Snapshot reads the open dossiers of the city.
func (s *Service) Snapshot(ctx context.Context) (out Snapshot, err error) {
	defer errs.Op(&err, "reorganise.Snapshot")
	out = Snapshot{}
	for after := dossier.ID(0); ; {
		page, err := s.Dossiers.OpenAfter(ctx, after, batchSize)
		if err != nil {
			return out, err
		}
		for _, d := range page {
			after = d.ID
			st, err := s.Dossiers.Standing(ctx, d.ID)
			if err != nil {
				return out, err
			}
			out[d.ID] = kept(st)
		}
		if len(page) < batchSize {
			return out, nil
		}
	}
}

func kept(st dossier.Standing) Kept {
	d := st.Dossier
	k := Kept{Code: d.Code, Package: d.Package, Due: d.DueAt, By: d.ReceiveBy, Tasks: map[dossier.TaskID]time.Time{}}
	for _, t := range st.Tasks {
		if t.Open {
			k.Tasks[t.ID] = t.DueAt
		}
	}
	return k
}

// Proof is what a comparison found. Every list names dossiers by code; all are empty where
// the act did what it should.
type Proof struct {
	Before, After int
	Explained     int      // with exactly one entry of the move, or a stated reason for none
	Lost          []string // open before, and now neither open nor known
	Doubled       []string // moved more than once by the act
	Unexplained   []string
	Changed       []string // another code, version or date
	Dead          []string // an open task or an agency at a unit that is no more
	Unstaffed     []string // an open task that no post may do
}

// OK reports whether nothing was found.
func (p Proof) OK() bool {
	return len(p.Lost)+len(p.Doubled)+len(p.Unexplained)+len(p.Changed)+len(p.Dead)+len(p.Unstaffed) == 0
}

// String names what was found.
func (p Proof) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d open before, %d after, %d explained", p.Before, p.After, p.Explained)
	for _, l := range [...]struct {
		word  string
		codes []string
	}{{"lost", p.Lost}, {"doubled", p.Doubled}, {"unexplained", p.Unexplained}, {"changed", p.Changed}, {"at a dead unit", p.Dead}, {"unstaffed", p.Unstaffed}} {
		fmt.Fprintf(&b, ", %d %s", len(l.codes), l.word)
		if len(l.codes) > 0 {
			fmt.Fprintf(&b, " (such as %s)", l.codes[0])
		}
	}
	return b.String()
}

// Prove holds an act against what stood before it. Nobody may have acted in between: it
// compares dates of tasks too.
func (s *Service) Prove(ctx context.Context, v ActID, before Snapshot) (p Proof, err error) {
	defer errs.Op(&err, "reorganise.Prove(%s)", v)
	after, err := s.Snapshot(ctx)
	if err != nil {
		return p, err
	}
	p.Before, p.After = len(before), len(after)
	for d, was := range before {
		is, open := after[d]
		if !open {
			p.Lost = append(p.Lost, was.Code)
			continue
		}
		if !same(was, is) {
			p.Changed = append(p.Changed, was.Code)
		}
		if err := s.proveOne(ctx, v, d, was.Code, &p); err != nil {
			return p, err
		}
	}
	for d, is := range after {
		if _, ok := before[d]; !ok {
			p.Lost = append(p.Lost, is.Code+" (new)")
		}
	}
	return p, nil
}

func same(a, b Kept) bool {
	if a.Code != b.Code || a.Package != b.Package || !a.Due.Equal(b.Due) || !a.By.Equal(b.By) || len(a.Tasks) != len(b.Tasks) {
		return false
	}
	for id, due := range a.Tasks {
		if now, ok := b.Tasks[id]; !ok || !now.Equal(due) {
			return false
		}
	}
	return true
}

func (s *Service) proveOne(ctx context.Context, v ActID, d dossier.ID, code string, p *Proof) error {
	st, err := s.Dossiers.Standing(ctx, d)
	if err != nil {
		return err
	}
	lines, err := s.Dossiers.Timeline(ctx, st.Dossier, dossier.SeeAll)
	if err != nil {
		return err
	}
	moves := 0
	for _, l := range lines {
		if l.Kind == dossier.KindMoved && l.Shift != nil && l.Shift.Act == v.String() && l.Shift.Why != string(WhyOfficer) && l.Shift.Why != string(WhyOwner) {
			moves++
		}
	}
	items, err := s.itemsOf(ctx, code)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(items, func(i Item) bool { return i.Act == v })
	switch {
	case moves > 1:
		p.Doubled = append(p.Doubled, code)
	case i < 0, (items[i].Outcome == Moved || items[i].Outcome == Undone) != (moves == 1):
		p.Unexplained = append(p.Unexplained, code)
	default:
		p.Explained++
	}
	tree := s.Units.At(clock.DateOf(s.Clock.Now()))
	for _, u := range [...]orgunit.UnitID{st.Dossier.Reception, st.Dossier.Receiving, st.Dossier.Competent} {
		if _, ok := tree.Get(u); !ok {
			p.Dead = append(p.Dead, code)
			break
		}
	}
	set := settler{after: tree}
	for _, t := range st.Open() {
		if _, ok := tree.Get(t.Unit); !ok {
			p.Dead = append(p.Dead, code)
		} else if t.Role != "" && !set.staffed(t.Unit, t.Role) {
			p.Unstaffed = append(p.Unstaffed, code+" "+t.Step+" "+t.Role)
		}
	}
	return nil
}
