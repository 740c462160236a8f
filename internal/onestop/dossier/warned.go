package dossier

import (
	"context"
	"fmt"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/jobs"
	"khue/internal/onestop/notify"
	"khue/internal/register/orgunit"
)

// bundle is what one person is to be told of now.
type bundle struct {
	Late, Soon int
	First      []warnedTask // the most urgent
	Newest     int64        // created_at of the youngest row read
	LastTold   time.Time
}

// warnedTask is a line of a bundle.
type warnedTask struct {
	Code  string
	DueAt time.Time
}

// bundleLines are how many dossiers a notice names.
const bundleLines = 15

// tellWarned is JobWarned. What was done since is left out here, at the last moment; who was
// told today is told again on the next working day, of all that came in between.
func (s *Service) tellWarned(ctx context.Context, t jobs.Task) error {
	var a warnedArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	now := s.Clock.Now()
	var b bundle
	var who auth.Account
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if who, err = s.Accounts.Known(v, a.Account); err != nil {
			return err
		}
		b, err = warnedOf(v, a.Account, now)
		return err
	})
	if err != nil {
		return err
	}
	today := clock.DateOf(now)
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := t.Done(tx); err != nil || b.Newest == 0 {
			return err
		}
		if !b.LastTold.IsZero() && clock.DateOf(b.LastTold) == today {
			next := s.Calendars.City().NextWorking(today)
			opens := s.Calendars.City().Hours(next)[0].From.On(next)
			return s.Jobs.Enqueue(tx, jobs.Job{Kind: JobWarned, Args: a, RunAt: opens, Unique: fmt.Sprint(a.Account)})
		}
		if err := markWarned(tx, a.Account, b.Newest); err != nil {
			return err
		}
		if b.Late+b.Soon == 0 || who.Disabled {
			return nil // all of it was done in the meantime
		}
		return s.Notices.Tell(tx, notify.Notice{
			Cause: "warn." + today.String(), Kind: notify.Warning, Account: a.Account, Name: who.Name, Lang: i18n.VI, Link: "/desk",
			Outside: strings.TrimSuffix(s.Address, "/") + "/desk",
			Text:    func(lang i18n.Lang) notify.Text { return s.bundleText(lang, b, now) },
		})
	})
}

func (s *Service) bundleText(lang i18n.Lang, b bundle, now time.Time) notify.Text {
	kv := []any{"late", b.Late, "soon", b.Soon}
	key := "both"
	switch {
	case b.Soon == 0:
		key = "late"
	case b.Late == 0:
		key = "soon"
	}
	title := s.words.T(lang, "dossier.warn.title_"+key, kv...)
	lines := []string{s.words.T(lang, "dossier.warn.lead")}
	for _, w := range b.First {
		line := "dossier.warn.lineSoon"
		if w.DueAt.Before(now) {
			line = "dossier.warn.lineLate"
		}
		lines = append(lines, s.words.T(lang, line, "code", w.Code, "due", i18n.DateTime(lang, w.DueAt)))
	}
	if more := b.Late + b.Soon - len(b.First); more > 0 {
		lines = append(lines, s.words.T(lang, "dossier.warn.more", "n", more))
	}
	return notify.Text{Title: title, Lock: title, Body: strings.Join(lines, "\n")}
}

// JobDigest writes the officers' morning summary, a page of officers at a time.
const JobDigest = "dossier.digest"

type digestArgs struct {
	After int64 `json:"after"`
}

const (
	digestPage = 100
	digestAt   = 7*time.Hour + 30*time.Minute
)

// morning is what an officer finds when the day begins.
type morning struct{ Late, Today, Queue, QueueLate, New, Unread int }

func (m morning) empty() bool { return m.Late+m.Today+m.QueueLate+m.New+m.Unread == 0 }

// digest is JobDigest.
func (s *Service) digest(ctx context.Context, t jobs.Task) error {
	var a digestArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	now := s.Clock.Now()
	today := clock.DateOf(now)
	type letter struct {
		who auth.Account
		m   morning
	}
	var page []auth.Account
	var letters []letter
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if page, err = s.Accounts.OfficersAfter(v, a.After, digestPage); err != nil {
			return err
		}
		for _, who := range page {
			m, err := s.morningOf(v, who, today, now)
			if err != nil {
				return err
			}
			if !m.empty() {
				letters = append(letters, letter{who, m})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		for _, l := range letters {
			err := s.Notices.Tell(tx, notify.Notice{
				Cause: "digest." + today.String(), Kind: notify.Digest, Account: l.who.ID, Name: l.who.Name, Lang: i18n.VI, Link: "/desk/mine",
				Outside: strings.TrimSuffix(s.Address, "/") + "/desk/mine",
				Text:    func(lang i18n.Lang) notify.Text { return s.digestText(lang, l.m, today) },
			})
			if err != nil {
				return err
			}
		}
		if err := t.Done(tx); err != nil || len(page) < digestPage {
			return err
		}
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: JobDigest, Args: digestArgs{After: page[len(page)-1].ID}})
	})
}

// morningOf counts an officer's day; nothing on a day off of their unit.
func (s *Service) morningOf(q db.Querier, who auth.Account, today clock.Date, now time.Time) (m morning, err error) {
	grants, err := s.Accounts.HeldOn(q, who.ID, today)
	if err != nil || len(grants) == 0 {
		return m, err
	}
	working := false
	evening := today.AddDays(1).Time()
	since := s.Calendars.City().PrevWorking(today).Time().Add(digestAt)
	for _, g := range grants {
		u, err := parseScope(g.Scope)
		if err != nil {
			continue
		}
		if !s.Calendars.Of(s.agencyOf(u, today)).IsWorking(today) {
			continue
		}
		working = true
		c, err := countMorning(q, u, g.Role, now, since)
		if err != nil {
			return m, err
		}
		m.Queue, m.QueueLate, m.New = m.Queue+c.Queue, m.QueueLate+c.QueueLate, m.New+c.New
	}
	if !working {
		return morning{}, nil
	}
	if m.Late, m.Today, err = countMine(q, who.ID, now, evening); err != nil {
		return m, err
	}
	m.Unread, err = s.Notices.UnreadOf(q, who.ID)
	return m, err
}

// agencyOf is the agency that a unit belongs to: its calendar is the office's too.
func (s *Service) agencyOf(u orgunit.UnitID, on clock.Date) orgunit.UnitID {
	t := s.Units.At(on)
	if at, ok := t.Get(u); ok && at.Class == orgunit.Office {
		return at.Parent
	}
	return u
}

func (s *Service) digestText(lang i18n.Lang, m morning, today clock.Date) notify.Text {
	var lines []string
	for _, l := range []struct {
		key string
		n   int
	}{{"late", m.Late}, {"today", m.Today}, {"queueLate", m.QueueLate}, {"new", m.New}, {"queue", m.Queue}, {"unread", m.Unread}} {
		if l.n > 0 {
			lines = append(lines, s.words.T(lang, "dossier.digest."+l.key, "n", l.n))
		}
	}
	return notify.Text{
		Title: s.words.T(lang, "dossier.digest.title", "day", i18n.Date(lang, today)), Lock: s.words.T(lang, "dossier.digest.lock"), Body: strings.Join(lines, "\n"),
	}
}
