package dossier

import (
	"context"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// LeaderList names one of the lists that a leader reads of an agency.
type LeaderList string

// The lists. All hold open tasks.
const (
	ListSign  LeaderList = "sign"  // the leader is to act
	ListToday LeaderList = "today" // due before the day ends, with anybody of the agency
	ListLate  LeaderList = "late"  // past their term, with anybody of the agency
	ListOwe   LeaderList = "owe"   // dossiers of other agencies that stand here
	ListOwed  LeaderList = "owed"  // the agency's own that stand with others
)

// LeaderLists are the lists in the order of the page.
func LeaderLists() []LeaderList {
	return []LeaderList{ListSign, ListToday, ListLate, ListOwe, ListOwed}
}

// LeaderTask is a task on a leader's page.
type LeaderTask struct {
	Task
	// Silent is when the asked unit's silence counts as its answer; zero where nobody waits so.
	Silent time.Time
}

// SignCard is a task to be signed, with all that its card says.
type SignCard struct {
	Task
	Dossier  Dossier
	Content  Content
	Proposal Line   // the act that brought it here; the zero value where there is none
	Objected []Line // units that objected when they were asked
}

// LateGroup is what one person, or one post that nobody took the work of, is late with.
type LateGroup struct {
	Unit     orgunit.UnitID
	Role     string
	Assignee int64 // 0: nobody took them
	Tasks    int
	Since    time.Time // the oldest term that ran out
	Days     int       // working days since
}

// DayTally is one day of an agency.
type DayTally struct {
	Day      clock.Date
	Received int // accepted by its one-stop
	Settled  int // of its own decisions
	Late     int // of Settled, after the promised date
}

// LeaderAsk says which part of the page is wanted. The zero value is the overview: the head
// of each list.
type LeaderAsk struct {
	List  LeaderList
	After TaskCursor
	Limit int
	// Of the late: only those of one office, post and person, where OnlyUnit is set.
	OnlyUnit orgunit.UnitID
	OnlyRole string
	OnlyOf   int64
}

// LeaderView is what a leader sees of an agency.
type LeaderView struct {
	Unit   orgunit.UnitID
	Counts map[LeaderList]int
	Sign   []SignCard
	Lists  map[LeaderList][]LeaderTask
	Late   []LateGroup
	Days   []DayTally
	Orders []Order
	OrderN int // orders that are not closed
	Next   *TaskCursor
}

// Heads of the lists on the overview.
const (
	signHead   = 10
	listHead   = 5
	weekDays   = 7
	lateGroups = 60
)

// Led lists the agencies at which the reader acts as leader, in order of their posts.
func (s *Service) Led(ctx context.Context) []orgunit.UnitID {
	var out []orgunit.UnitID
	for _, g := range auth.From(ctx).Grants {
		if !orgunit.Role(g.Role).Acts(orgunit.RoleLeader) {
			continue
		}
		u, err := parseScope(g.Scope)
		if err != nil {
			u = s.Units.At(clock.DateOf(s.Clock.Now())).Government().ID
		}
		if !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

// leads reports whether a subject leads an agency, or one above it.
func (s *Service) leads(ctx context.Context, sub auth.Subject, unit orgunit.UnitID) bool {
	return s.Policies.Permits(ctx, sub, actLead, unitResource(unit))
}

// Leads reports whether the reader leads an agency, or one above it.
func (s *Service) Leads(ctx context.Context, unit orgunit.UnitID) bool {
	return s.leads(ctx, auth.From(ctx), unit)
}

// within are an agency and its offices today, without external units that stand in them.
func (s *Service) within(unit orgunit.UnitID) []orgunit.UnitID {
	out := []orgunit.UnitID{unit}
	for _, c := range s.Units.At(clock.DateOf(s.Clock.Now())).Children(unit) {
		if c.Class == orgunit.Office && !c.External() {
			out = append(out, c.ID)
		}
	}
	return out
}

// Leader reads a leader's page of an agency: the overview, or a page of one list. The number
// of queries does not depend on how much there is. Errors: Forbidden.
func (s *Service) Leader(ctx context.Context, unit orgunit.UnitID, ask LeaderAsk) (v LeaderView, err error) {
	defer errs.Op(&err, "dossier.Leader")
	sub := auth.From(ctx)
	if err := s.Policies.Can(ctx, actLead, unitResource(unit)); err != nil {
		return v, err
	}
	now := s.Clock.Now()
	q := leaderQuery{
		units: s.within(unit), unit: unit, roles: s.rolesAt(ctx, sub, unit, nil),
		now: now, tomorrow: clock.DateOf(now).AddDays(1).At(0, 0), ask: ask,
	}
	if len(q.roles) == 0 {
		q.roles = []string{string(orgunit.RoleLeader)}
	}
	v = LeaderView{Unit: unit, Lists: map[LeaderList][]LeaderTask{}}
	limit := ask.Limit
	if limit <= 0 || limit > maxPageSize {
		limit = pageSize
	}
	err = s.DB.View(ctx, func(_ context.Context, view *db.View) error {
		if v.Counts, err = leaderCounts(view, q); err != nil {
			return err
		}
		switch ask.List {
		case "":
			if v.Sign, err = signCards(view, q, signHead+1); err != nil {
				return err
			}
			if v.Lists, err = leaderHeads(view, q, listHead); err != nil {
				return err
			}
			if v.Late, err = lateBy(view, q, lateGroups); err != nil {
				return err
			}
			if v.Days, err = week(view, unit, clock.DateOf(now), weekDays); err != nil {
				return err
			}
			v.Orders, v.OrderN, err = ordersOfUnit(view, unit, TaskCursor{}, listHead)
			return err
		case ListSign:
			v.Sign, err = signCards(view, q, min(limit, 20)+1)
			return err
		default:
			v.Lists[ask.List], err = leaderPage(view, q, limit+1)
			return err
		}
	})
	if err != nil {
		return v, err
	}
	v.page(ask, limit)
	cal := s.Calendars.Of(unit)
	for i, g := range v.Late {
		v.Late[i].Days = cal.WorkingDays(clock.DateOf(g.Since), clock.DateOf(now))
	}
	if err := s.listed(ctx, access.List, access.DutySupervision, v.shown()); err != nil {
		return LeaderView{}, err
	}
	return v, s.proposals(ctx, v.Sign)
}

// shown are the dossiers that the page names.
func (v *LeaderView) shown() (ids []int64) {
	for _, c := range v.Sign {
		ids = append(ids, int64(c.Task.Dossier))
	}
	for _, l := range LeaderLists() {
		for _, t := range v.Lists[l] {
			ids = append(ids, int64(t.Dossier))
		}
	}
	for _, o := range v.Orders {
		ids = append(ids, int64(o.Dossier))
	}
	return ids
}

// page cuts what was read to see whether there is more.
func (v *LeaderView) page(ask LeaderAsk, limit int) {
	if ask.List == ListSign {
		limit = min(limit, 20)
	}
	if ask.List == "" {
		limit = signHead
	}
	if len(v.Sign) > limit {
		v.Sign = v.Sign[:limit]
		last := v.Sign[limit-1]
		v.Next = &TaskCursor{Due: db.Millis(last.DueAt), ID: last.ID}
	}
	if list := v.Lists[ask.List]; ask.List != "" && len(list) > limit {
		v.Lists[ask.List] = list[:limit]
		last := list[limit-1]
		v.Next = &TaskCursor{Due: db.Millis(last.DueAt), ID: last.ID}
	}
}

// proposalLines bounds what is read of the journal for the cards of one page.
const proposalLines = 600

// proposals finds for each card who brought it here and with which words, and who objected.
func (s *Service) proposals(ctx context.Context, cards []SignCard) error {
	if len(cards) == 0 {
		return nil
	}
	ids := make([]int64, len(cards))
	for i, c := range cards {
		ids[i] = int64(c.Dossier.ID)
	}
	records, err := s.Journal.BySubjects(ctx, SubjectType, ids, proposalLines)
	if err != nil {
		return err
	}
	for _, r := range records { // the youngest first
		l, err := lineOf(r)
		if err != nil {
			return err
		}
		for i := range cards {
			c := &cards[i]
			if int64(c.Dossier.ID) != r.Subject.ID {
				continue
			}
			if c.Proposal.ID == 0 && slices.ContainsFunc(l.To, func(m Moved) bool { return m.Step == c.Step }) {
				c.Proposal = l
			}
			if l.Action == "object" {
				c.Objected = append(c.Objected, l)
			}
		}
	}
	return nil
}
