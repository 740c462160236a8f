package dossier

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// KindEscalated is the entry of a term that was reported above the one who holds the task.
const KindEscalated = "dossier.escalated"

const (
	// JobWarn looks for tasks at which a rule of warning falls due, a page at a time. It is
	// the only one to look: each transition has left the next such instant in its row.
	JobWarn = "dossier.warn"
	// JobWarned tells one person of all that fell due for them, once a day.
	JobWarned = "dossier.warned"

	warnEvery = 10 * time.Minute
	warnPage  = 200
	// warnDelay lets the pages of one sweep come together in one notice.
	warnDelay = 2 * time.Minute
	// warnStale is how long ago a rule may have fallen due and still be told: dossiers that
	// come from an older system late are a list, not an alarm.
	warnStale = 14 * 24 * time.Hour
	warnKept  = 60 * 24 * time.Hour
)

// point is an instant at which a rule falls due for a task.
type point struct {
	at      time.Time
	due     time.Time
	mark    string
	promise bool
	to      []service.WarnTo
}

// officeBefore is the instant from which some hours of office time are left until t.
func officeBefore(cal *calendar.Calendar, t time.Time, left time.Duration) time.Time {
	const longest = 400 // days looked back
	for day, i := clock.DateOf(t), 0; i < longest; day, i = day.AddDays(-1), i+1 {
		if !cal.IsWorking(day) {
			continue
		}
		spans := cal.Hours(day)
		for j := len(spans) - 1; j >= 0; j-- {
			from, to := spans[j].From.On(day), spans[j].To.On(day)
			if to.After(t) {
				to = t
			}
			open := to.Sub(from)
			if open <= 0 {
				continue
			}
			if open >= left {
				return to.Add(-left)
			}
			left -= open
		}
	}
	return t
}

// daysAfter is the same time of day some working days later.
func daysAfter(cal *calendar.Calendar, t time.Time, days int) time.Time {
	day := clock.DateOf(t)
	of := t.Sub(day.Time())
	for range days {
		day = cal.NextWorking(day)
	}
	return day.Time().Add(of)
}

// points are the instants of a task's rules in order. The promised date has its own, unless
// the task ends with it.
func points(cal *calendar.Calendar, rules []service.WarnRule, due, promised time.Time) []point {
	var out []point
	add := func(term time.Time, promise bool) {
		for _, r := range rules {
			p := point{due: term, promise: promise, to: r.To}
			switch {
			case r.Hours > 0:
				p.at, p.mark = officeBefore(cal, term, time.Duration(r.Hours)*time.Hour), fmt.Sprintf("h%d", r.Hours)
			case r.Days > 0:
				p.at, p.mark = daysAfter(cal, term, r.Days), fmt.Sprintf("d%d", r.Days)
			default:
				p.at, p.mark = term, "d0"
			}
			if promise {
				p.mark = "p" + p.mark
			}
			out = append(out, p)
		}
	}
	if !due.IsZero() {
		add(due, false)
	}
	if !promised.IsZero() && !promised.Equal(due) {
		add(promised, true)
	}
	slices.SortStableFunc(out, func(a, b point) int { return a.at.Compare(b.at) })
	return out
}

// pointsOf are the instants of a task.
func (s *Service) pointsOf(t Task, d Dossier) []point {
	if !t.Open || t.Role == process.RoleApplicant || t.Role == "" || d.State.Ended() || d.State == process.Done || !d.ClosedAt.IsZero() {
		return nil
	}
	rules := service.CityWarnings()
	if pkg, err := s.pkg(d); err == nil && len(pkg.Warnings) > 0 {
		rules = pkg.Warnings
	}
	return points(s.Calendars.Of(d.Receiving), rules, t.DueAt, t.Promised)
}

// warnAfter is the first instant after another at which a rule falls due; zero for none.
func warnAfter(ps []point, now time.Time) time.Time {
	for _, p := range ps {
		if p.at.After(now) {
			return p.at
		}
	}
	return time.Time{}
}

// warning is what a sweep found at one task.
type warning struct {
	task   Task
	was    int64 // warn_at as read
	next   time.Time
	points []point // to be told, one for each kind of reader
	to     [][]auth.Account
}

// sweep is JobWarn.
func (s *Service) sweep(ctx context.Context, t jobs.Task) error {
	now := s.Clock.Now()
	var page []warnRow
	var found []warning
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if page, err = dueWarnings(v, now, warnPage); err != nil {
			return err
		}
		type place struct {
			unit, holder int64
			role         string
			to           service.WarnTo
		}
		known := map[place][]auth.Account{}
		for _, r := range page {
			w := s.look(r, now)
			for _, p := range w.points {
				at := place{int64(r.t.Unit), r.t.Assignee, r.t.Role, p.to[0]}
				if _, ok := known[at]; !ok {
					if known[at], err = s.warned(v, r.t, p.to[0]); err != nil {
						return err
					}
				}
				w.to = append(w.to, known[at])
			}
			found = append(found, w)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		told := map[int64]bool{}
		for _, w := range found {
			if err := s.putWarning(tx, w, told); err != nil {
				return err
			}
		}
		for account := range told {
			job := jobs.Job{Kind: JobWarned, Args: warnedArgs{account}, RunAt: tx.Now().Add(warnDelay), Unique: fmt.Sprint(account)}
			if err := s.Jobs.Enqueue(tx, job); err != nil {
				return err
			}
		}
		if err := t.Done(tx); err != nil {
			return err
		}
		if len(page) < warnPage {
			return deleteWarnings(tx, tx.Now().Add(-warnKept))
		}
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: JobWarn, Unique: "page", Args: struct{}{}})
	})
}

// look decides what falls due at a task: of the rules that were reached since it was looked
// at, for each kind of reader the last.
func (s *Service) look(r warnRow, now time.Time) warning {
	w := warning{task: r.t, was: r.warn}
	if !r.d.PausedAt.IsZero() {
		w.next = now.Add(24 * time.Hour) // the count stands still: look again
		return w
	}
	ps := s.pointsOf(r.t, r.d)
	w.next = warnAfter(ps, now)
	last := map[service.WarnTo]point{}
	for _, p := range ps {
		if p.at.After(now) || db.Millis(p.at) < r.warn || now.Sub(p.at) > warnStale {
			continue
		}
		for _, to := range p.to {
			last[to] = p
		}
	}
	for _, to := range [...]service.WarnTo{service.WarnHolder, service.WarnHead, service.WarnLeader} {
		if p, ok := last[to]; ok {
			p.to = []service.WarnTo{to}
			w.points = append(w.points, p)
		}
	}
	return w
}

// putWarning writes what a sweep found at a task, unless the task moved or another node was
// here; told gathers the readers.
func (s *Service) putWarning(tx *db.Tx, w warning, told map[int64]bool) error {
	mine, err := moveWarning(tx, w.task, w.was, w.next)
	if err != nil || !mine {
		return err
	}
	escalated := Escalation{}
	for i, p := range w.points {
		subject := int64(w.task.ID)
		if p.promise {
			subject = int64(w.task.Dossier)
		}
		for _, a := range w.to[i] {
			fresh, err := insertWarning(tx, subject, p, a.ID, w.task.ID)
			if err != nil {
				return err
			}
			if !fresh {
				continue
			}
			told[a.ID] = true
			if p.to[0] != service.WarnHolder {
				escalated.To = append(escalated.To, a.Name)
				escalated.Rank, escalated.Promise, escalated.Due = p.to[0], p.promise, db.Millis(p.due)
			}
		}
	}
	if len(escalated.To) == 0 {
		return nil
	}
	payload, err := json.Marshal(Happening{Step: w.task.Step, Role: w.task.Role, State: w.task.State, Escalated: &escalated, Late: true})
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, journal.Entry{
		Kind: KindEscalated, Subject: journal.Subject{Type: SubjectType, ID: int64(w.task.Dossier)}, Unit: w.task.Unit.String(), Payload: payload,
	})
	return err
}

// Escalation is to whom a term was reported.
type Escalation struct {
	To      []string       `json:"to"`
	Rank    service.WarnTo `json:"rank"`
	Promise bool           `json:"promise,omitempty"`
	Due     int64          `json:"due"` // the term that ran out, epoch milliseconds
}

type warnedArgs struct {
	Account int64 `json:"account"`
}
