package access

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/orgunit"
)

//go:embed patterns.yaml
var patterns []byte

// Rule is one line of patterns.yaml.
type Rule struct {
	ID     string
	Counts string // people, officers, reasons, hours, names, move
	Within time.Duration
	Over   int
}

// Counted are what a rule may count.
func Counted() []string { return []string{"people", "officers", "reasons", "hours", "names", "move"} }

// Rules are the rules in force, for who wants to read them.
func (s *Service) Rules() []Rule { return s.rules }

func loadRules() ([]Rule, error) { return parseRules(patterns) }

func parseRules(text []byte) ([]Rule, error) {
	var file struct {
		Rules []struct {
			ID     string `yaml:"id,required"`
			Counts string `yaml:"counts,required"`
			Within string `yaml:"within"`
			Over   int    `yaml:"over"`
		} `yaml:"rules,required"`
	}
	if ps := decl.Decode("patterns.yaml", text, &file); ps.Failed() {
		return nil, ps.Err()
	}
	var out []Rule
	for _, r := range file.Rules {
		rule := Rule{ID: r.ID, Counts: r.Counts, Over: r.Over}
		if !slices.Contains(Counted(), r.Counts) || r.ID == "" {
			return nil, fmt.Errorf("access: patterns.yaml: rule %q counts %q; known are %s", r.ID, r.Counts, strings.Join(Counted(), ", "))
		}
		if r.Within != "" {
			days, isDays := strings.CutSuffix(r.Within, "d")
			n, err := strconv.Atoi(days)
			if rule.Within = time.Duration(n) * 24 * time.Hour; !isDays {
				rule.Within, err = time.ParseDuration(r.Within)
			}
			if err != nil || rule.Within <= 0 {
				return nil, fmt.Errorf("access: patterns.yaml: rule %s: within is hours or days, 2h or 14d", r.ID)
			}
		}
		out = append(out, rule)
	}
	return out, nil
}

// FlagID names a flag.
type FlagID = id.Of[Flag]

// Flag is what a rule found.
type Flag struct {
	ID        FlagID
	Rule      string
	Actor     int64
	Unit      orgunit.UnitID
	At        time.Time
	Look      LookID // the look with which it was found
	Type      string
	About     int64
	N         int // what was counted
	Verdict   string
	Note      string
	Settler   int64
	SettledBy string
	SettledAt time.Time
}

// Verdicts are how a flag is settled.
func Verdicts() []string { return []string{"explained", "breach"} }

// follower spreads lists over those that they showed and lays the rules over each look.
func (s *Service) follower() journal.Follower {
	return journal.Follower{Name: "access.looks", Kinds: []string{KindLooked}, Fn: s.follow}
}

func (s *Service) follow(ctx context.Context, tx *db.Tx, r journal.Record) error {
	if r.Kind != KindLooked || r.Erased {
		return nil
	}
	var p Seen
	if err := json.Unmarshal(r.Payload, &p); err != nil {
		return err
	}
	unit, _ := id.Parse[orgunit.Unit](r.Unit)
	l := Line{ID: LookID(r.ID), At: r.Occurred, Actor: r.Actor, Unit: unit, Post: p.Post, What: p.What, Basis: p.Basis, Why: p.Why, Type: p.Type}
	if p.What.many() {
		for _, a := range p.About {
			if err := spread(tx, l, int64(a)); err != nil {
				return err
			}
		}
		return nil
	}
	l.About = r.Subject.ID
	for _, rule := range s.rules {
		if err := s.judge(tx, rule, l); err != nil {
			return err
		}
	}
	return nil
}

// judge lays one rule over a look. A rule that said so already asks nothing more.
func (s *Service) judge(tx *db.Tx, r Rule, l Line) error {
	day := clock.DateOf(l.At)
	mark := r.ID + "|" + strconv.FormatInt(l.Actor, 10) + "|" + day.String()
	switch r.Counts {
	case "officers":
		mark = r.ID + "|" + strconv.FormatInt(l.About, 10) + "|" + day.String()
	case "names":
		mark = r.ID + "|" + strconv.FormatInt(l.Actor, 10) + "|" + strconv.FormatInt(l.About, 10)
	case "hours":
		if s.open(l) { // most looks end here, without a question to the database
			return nil
		}
	}
	if s.said.has(day, mark) {
		return nil
	}
	n, err := s.count(tx, r, l)
	if err != nil || n <= r.Over {
		return err
	}
	tx.AfterCommit(func() { s.said.add(day, mark) })
	if known, err := marked(tx, mark); known || err != nil {
		return err
	}
	f := Flag{ID: id.New[Flag](s.Gen), Rule: r.ID, Actor: l.Actor, Unit: l.Unit, At: l.At, Look: l.ID, Type: l.Type, About: l.About, N: n}
	if err := insertFlag(tx, f, mark); err != nil {
		return err
	}
	entry, err := entryOf(KindFlagged, journal.Subject{Type: subjectFlag, ID: int64(f.ID)}, 0, f.Unit, flagged{Rule: r.ID, N: n})
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, entry)
	return err
}

// said remembers which rules have flagged whom on the day that is read: an officer who looks at
// thousands would be counted over all of them at each look. It holds only what is committed.
type said struct {
	mu    sync.Mutex
	day   clock.Date
	marks map[string]bool
}

func (s *said) has(day clock.Date, mark string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.day == day && s.marks[mark]
}

func (s *said) add(day clock.Date, mark string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.day != day {
		s.day, s.marks = day, map[string]bool{}
	}
	s.marks[mark] = true
}

// slack is how long before and after its hours an office is not empty.
const slack = time.Hour

func (s *Service) open(l Line) bool {
	cal := s.Calendars.Of(l.Unit)
	return cal.Open(l.At) || cal.Open(l.At.Add(slack)) || cal.Open(l.At.Add(-slack)) || s.noon(l)
}

// noon is the break between the halves of a working day.
func (s *Service) noon(l Line) bool {
	cal := s.Calendars.Of(l.Unit)
	spans := cal.Hours(clock.DateOf(l.At))
	day := clock.DateOf(l.At)
	return len(spans) > 1 && !l.At.Before(spans[0].From.On(day)) && l.At.Before(spans[len(spans)-1].To.On(day)) && cal.IsWorking(day)
}

func (s *Service) count(tx *db.Tx, r Rule, l Line) (int, error) {
	switch r.Counts {
	case "people":
		return countPeople(tx, l.Actor, l.At.Add(-r.Within), l.At)
	case "officers":
		return countOfficers(tx, l.About, l.At.Add(-r.Within), l.At)
	case "reasons":
		if l.Basis != ByReason { // such a look adds nothing to what was counted before
			return 0, nil
		}
		return countReasons(tx, l.Actor, l.At.Add(-r.Within), l.At)
	case "hours":
		return countPeople(tx, l.Actor, l.At.Add(-2*time.Hour), l.At)
	case "names":
		return s.related(tx, l)
	case "move":
		near, err := s.moves(tx, r, l)
		if err != nil || !near {
			return 0, err
		}
		return countPeople(tx, l.Actor, l.At.Add(-24*time.Hour), l.At)
	}
	return 0, nil
}

// related counts how often the reader's own name stands in what they looked at.
func (s *Service) related(tx *db.Tx, l Line) (n int, err error) {
	if s.Named == nil {
		return 0, nil
	}
	a, err := s.Accounts.Known(tx, l.Actor)
	if errs.Is(err, errs.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	names, err := s.Named(tx, l.Type, l.About)
	own := i18n.Fold(a.Name)
	for _, v := range names {
		if i18n.Fold(v) == own {
			n++
		}
	}
	return n, err
}

// moves reports whether a post of the reader's ends, or ended, near a look.
func (s *Service) moves(tx *db.Tx, r Rule, l Line) (bool, error) {
	grants, err := s.Accounts.GrantsIn(tx, l.Actor)
	day := clock.DateOf(l.At)
	for _, g := range grants {
		if g.Until.IsZero() || g.For != "" {
			continue
		}
		if n := g.Until.Sub(day); time.Duration(max(n, -n))*24*time.Hour <= r.Within {
			return true, err
		}
	}
	return false, err
}

func entryOf(kind string, about journal.Subject, actor int64, unit orgunit.UnitID, payload any) (journal.Entry, error) {
	b, err := json.Marshal(payload)
	return journal.Entry{Kind: kind, Subject: about, Actor: actor, Unit: unitCode(unit), Payload: b}, err
}
