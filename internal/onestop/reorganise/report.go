package reorganise

import (
	"context"
	"slices"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// Report is what a plan would do today, and what it cannot.
type Report struct {
	Plan      string      `json:"plan"`
	Digest    string      `json:"digest"`
	Day       clock.Date  `json:"day"`
	Open      int         `json:"open"` // dossiers
	Why       map[Why]int `json:"why"`
	Flows     []UnitFlow  `json:"flows"`    // receiving agency to receiving agency
	Queues    []UnitFlow  `json:"queues"`   // open tasks, unit to unit
	Unsolved  []Unsolved  `json:"unsolved"` // at most maxUnsolved, of UnsolvedN
	UnsolvedN int         `json:"unsolvedCount"`
	Asked     []Unsolved  `json:"asked"` // of divided communes; at most maxUnsolved, of Why[asked]
	Posts     []Post      `json:"posts"`
	Lost      []Post      `json:"lostPosts"` // without a successor
}

// UnitFlow is how much goes from a unit to another, by the names of their days.
type UnitFlow struct {
	From, To         orgunit.UnitID
	FromName, ToName string
	N                int
}

// Unsolved is a dossier that a plan does not settle, with its reason.
type Unsolved struct {
	Code    string   `json:"code"`
	Why     Why      `json:"why"`
	Problem string   `json:"problem,omitempty"`
	Address string   `json:"address,omitempty"`
	Heirs   []string `json:"heirs,omitempty"`
}

const maxUnsolved = 1000

// DryRun looks at every open dossier and every post, and changes nothing.
func (s *Service) DryRun(ctx context.Context, plan *Plan, progress func(done, total int)) (rep Report, err error) {
	defer errs.Op(&err, "reorganise.DryRun(%s)", plan.ID)
	rep = Report{Plan: plan.ID, Digest: plan.Digest, Day: plan.Day, Why: map[Why]int{}}
	set := newSettler(plan, s.Units.Register())
	total, err := s.Dossiers.CountOpen(ctx)
	if err != nil {
		return rep, err
	}
	flows, queues := map[[2]orgunit.UnitID]int{}, map[[2]orgunit.UnitID]int{}
	for after := dossier.ID(0); ; {
		page, err := s.Dossiers.OpenAfter(ctx, after, batchSize)
		if err != nil {
			return rep, err
		}
		for _, d := range page {
			after = d.ID
			st, err := s.Dossiers.Standing(ctx, d.ID)
			if err != nil {
				return rep, err
			}
			rep.look(set, st, flows, queues)
		}
		if progress != nil {
			progress(rep.Open, total)
		}
		if len(page) < batchSize {
			break
		}
	}
	rep.Flows, rep.Queues = set.flows(flows), set.flows(queues)
	holders, err := s.Accounts.Everybody(ctx, plan.Day.AddDays(-1))
	for _, p := range set.postsOf(holders) {
		if p.ToRole == "" {
			rep.Lost = append(rep.Lost, p)
		} else {
			rep.Posts = append(rep.Posts, p)
		}
	}
	return rep, err
}

func (rep *Report) look(set *settler, st dossier.Standing, flows, queues map[[2]orgunit.UnitID]int) {
	rep.Open++
	v := set.settle(st, 0)
	rep.Why[v.Why]++
	u := Unsolved{Code: st.Dossier.Code, Why: v.Why, Problem: v.Problem, Address: v.Address}
	switch {
	case v.Why == WhyNoHeir || v.Why == WhyNoPost:
		if rep.UnsolvedN++; len(rep.Unsolved) < maxUnsolved {
			rep.Unsolved = append(rep.Unsolved, u)
		}
		return
	case v.Why == WhyAsked && len(rep.Asked) < maxUnsolved:
		for _, h := range v.Heirs {
			u.Heirs = append(u.Heirs, set.name(h))
		}
		rep.Asked = append(rep.Asked, u)
	}
	if v.Move == nil {
		return
	}
	flows[[2]orgunit.UnitID{st.Dossier.Receiving, v.Move.Receiving}]++
	for _, t := range st.Open() {
		if to, ok := v.Move.Heritage.Units[t.Unit]; ok && set.ends(t.Unit) {
			queues[[2]orgunit.UnitID{t.Unit, to}]++
		}
	}
}

func (s *settler) flows(m map[[2]orgunit.UnitID]int) []UnitFlow {
	out := make([]UnitFlow, 0, len(m))
	for k, n := range m {
		out = append(out, UnitFlow{From: k[0], To: k[1], FromName: s.full(s.before, k[0]), ToName: s.full(s.after, k[1]), N: n})
	}
	slices.SortFunc(out, func(a, b UnitFlow) int {
		if a.From != b.From {
			return int(a.From - b.From)
		}
		return int(a.To - b.To)
	})
	return out
}

// full names an office with its agency.
func (s *settler) full(t *orgunit.Tree, u orgunit.UnitID) string {
	v, ok := t.Get(u)
	if !ok {
		return s.name(u)
	}
	if a, ok := t.AgencyOf(u); ok && v.Class == orgunit.Office {
		return v.Name + ", " + a.Name
	}
	return v.Name
}

// ItemsOf says what acts did with a dossier, the oldest first. Errors: Forbidden.
func (s *Service) ItemsOf(ctx context.Context, code string) (out []Item, err error) {
	defer errs.Op(&err, "reorganise.ItemsOf")
	if err := s.CanRead(ctx); err != nil {
		return nil, err
	}
	return s.itemsOf(ctx, dossier.NormalCode(code))
}

func (s *Service) itemsOf(ctx context.Context, code string) (out []Item, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = itemsByCode(v, code)
		return err
	})
	return out, err
}

// Result is what an act did, by unit, and what it did not do.
type Result struct {
	Progress
	Flows  []UnitFlow
	Failed []Item // at most maxUnsolved
	Acted  []Item // of an undoing: what stayed, since somebody acted on it
}

// ResultOf reads what an act did. Errors: NotFound, Forbidden.
func (s *Service) ResultOf(ctx context.Context, v ActID) (r Result, err error) {
	defer errs.Op(&err, "reorganise.ResultOf")
	if err := s.CanRead(ctx); err != nil {
		return r, err
	}
	if r.Progress, err = s.Progress(ctx, v); err != nil {
		return r, err
	}
	plan, err := s.planOf(r.Act)
	if err != nil {
		return r, err
	}
	var list []Flow
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if list, err = flowsOf(q, v); err != nil {
			return err
		}
		if r.Failed, err = itemsBy(q, v, Failed, maxUnsolved); err != nil || r.Act.Kind != Undo {
			return err
		}
		r.Acted, err = itemsBy(q, v, Stays, maxUnsolved)
		return err
	})
	set := newSettler(plan, s.Units.Register())
	for _, f := range list {
		r.Flows = append(r.Flows, UnitFlow{From: f.From, To: f.To, FromName: set.full(set.before, f.From), ToName: set.full(set.after, f.To), N: f.N})
	}
	return r, err
}

// Left lists what an undoing left where it is, with the reason.
func (s *Service) Left(ctx context.Context, v ActID) (out []Item, err error) {
	defer errs.Op(&err, "reorganise.Left")
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		out, err = itemsBy(q, v, Stays, maxUnsolved)
		return err
	})
	return out, err
}
