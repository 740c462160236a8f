package access

import (
	"context"
	"embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/holiday"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "access").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// Accounts says who an account is and which posts it had; kernel/auth answers it.
type Accounts interface {
	Known(q db.Querier, id int64) (auth.Account, error)
	GrantsIn(q db.Querier, account int64) ([]auth.GrantPeriod, error)
}

// Deps is what the module stands on. All are required but Named, Limited and Kept.
type Deps struct {
	DB        *db.DB
	Gen       *id.Gen
	Clock     clock.Clock
	Journal   *journal.Journal
	Units     *orgunit.Service
	Policies  *auth.Policies
	Calendars *holiday.Service
	Accounts  Accounts
	// Named lists the names that stand in a thing, for the pattern of relatives. A module above
	// knows them; nil: the pattern finds nothing.
	Named func(q db.Querier, kind string, about int64) ([]string, error)
	// Limited reports whether a person had the use of a thing restricted. A module above
	// decides that; nil: nothing is.
	Limited func(ctx context.Context, kind string, about int64) (bool, error)
	// Kept are things whose looks stay beyond their term. A module above decides that; nil: none.
	Kept func(ctx context.Context) ([]int64, error)
}

// Service writes looks down and reads them. Safe for concurrent use. A nil Service, of tools
// without a database, remembers nothing.
type Service struct {
	Deps
	rules  []Rule
	memory *memory
	said   *said
}

// New returns the service. It fails where patterns.yaml is not in order.
func New(d Deps) (*Service, error) {
	rules, err := loadRules()
	return &Service{Deps: d, rules: rules, memory: &memory{marks: map[mark]seen{}}, said: &said{}}, err
}

// Stretch is the time in which a reader's looks at one thing are one look.
const Stretch = 10 * time.Minute

// maxMarks bounds what is remembered; a city's officers of one node at work stay far below.
const maxMarks = 400_000

type mark struct{ account, about int64 }

type seen struct {
	at    time.Time
	depth int8
}

// memory knows what was written down in the last stretch. It holds only what is durable: a
// look that failed is written the next time, and so is every look after a restart.
type memory struct {
	mu    sync.Mutex
	marks map[mark]seen
}

// fresh are the things of a look that were not written down yet.
func (m *memory) fresh(account int64, l Look, now time.Time) (out []int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range l.About {
		s, ok := m.marks[mark{account, a}]
		if a != 0 && (!ok || s.depth < l.What.depth() || now.Sub(s.at) >= Stretch || now.Before(s.at)) && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

func (m *memory) note(account int64, l Look, things []int64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.marks)+len(things) > maxMarks {
		for k, s := range m.marks {
			if now.Sub(s.at) >= Stretch {
				delete(m.marks, k)
			}
		}
		if len(m.marks)+len(things) > maxMarks {
			clear(m.marks) // what is forgotten is written down once more
		}
	}
	for _, a := range things {
		m.marks[mark{account, a}] = seen{now, l.What.depth()}
	}
}

// Looked writes down what the subject of ctx is about to be shown: an officer, or a program.
// It returns when that is durable, and the caller shows nothing where it fails. Looks of
// others are their own and leave nothing.
func (s *Service) Looked(ctx context.Context, l Look) (err error) {
	sub := auth.From(ctx)
	if s == nil || !watched(sub) {
		return nil
	}
	defer errs.Op(&err, "access.Looked(%s)", l.What)
	now := s.Clock.Now()
	things := s.memory.fresh(sub.Account, l, now)
	if len(things) == 0 {
		return nil
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return s.write(tx, sub, l, things) })
	if err == nil {
		s.memory.note(sub.Account, l, things, now)
	}
	return err
}

// LookedIn is Looked as part of a unit of work, for what an act shows.
func (s *Service) LookedIn(ctx context.Context, tx *db.Tx, l Look) (err error) {
	sub := auth.From(ctx)
	if s == nil || !watched(sub) {
		return nil
	}
	defer errs.Op(&err, "access.LookedIn(%s)", l.What)
	now := s.Clock.Now()
	things := s.memory.fresh(sub.Account, l, now)
	if len(things) == 0 {
		return nil
	}
	tx.AfterCommit(func() { s.memory.note(sub.Account, l, things, now) })
	return s.write(tx, sub, l, things)
}

func watched(sub auth.Subject) bool {
	return sub.SignedIn() && (sub.Kind == auth.KindOfficer || sub.Kind == auth.KindSystem)
}

// maxAbout is how many things one entry names; a payload holds that many.
const maxAbout = 1000

func (s *Service) write(tx *db.Tx, sub auth.Subject, l Look, things []int64) error {
	if l.Unit == 0 {
		l.Unit = FirstUnit(sub)
	}
	for part := range slices.Chunk(things, maxAbout) {
		if l.What.many() {
			if err := s.entry(tx, sub, l, part); err != nil {
				return err
			}
			continue
		}
		for i := range part {
			if err := s.entry(tx, sub, l, part[i:i+1]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) entry(tx *db.Tx, sub auth.Subject, l Look, things []int64) error {
	post := postAt(sub, l.Unit)
	p := Seen{What: l.What, Basis: l.Basis, Why: l.Why, Words: l.Words, Type: l.Type, Post: post}
	subject := journal.Subject{Type: subjectPrefix + l.Type, ID: things[0]}
	line := Line{At: tx.Now(), Actor: sub.Account, Unit: l.Unit, Post: post, What: l.What, Basis: l.Basis, Why: l.Why, Words: l.Words, Type: l.Type, About: things[0], N: 1}
	if l.What.many() {
		subject = journal.Subject{Type: subjectList, ID: sub.Account}
		line.About, line.N = 0, len(things)
		p.About = make([]ThingID, len(things))
		for i, a := range things {
			p.About[i] = ThingID(a)
		}
	}
	payload, err := json.Marshal(p)
	if err != nil {
		return err
	}
	r, err := s.Journal.Append(tx, journal.Entry{Kind: KindLooked, Subject: subject, Actor: sub.Account, Unit: unitCode(l.Unit), Payload: payload})
	if err != nil {
		return err
	}
	line.ID = LookID(r.ID)
	return insertLook(tx, line)
}

// unitCode is a unit as headers name it. A header holds no run of nine digits, and no id of a
// unit has one.
func unitCode(u orgunit.UnitID) string {
	if u == 0 {
		return ""
	}
	return u.String()
}

// postAt is the role that a subject holds in a unit, or first of all.
func postAt(sub auth.Subject, u orgunit.UnitID) string {
	for _, g := range sub.Grants {
		if g.Scope == "unit:"+u.String() {
			return g.Role
		}
	}
	if len(sub.Grants) > 0 {
		return sub.Grants[0].Role
	}
	return ""
}

// FirstUnit is the unit of a subject's first post; 0 where they have none.
func FirstUnit(sub auth.Subject) orgunit.UnitID {
	for _, g := range sub.Grants {
		if u, err := id.Parse[orgunit.Unit](strings.TrimPrefix(g.Scope, "unit:")); err == nil {
			return u
		}
	}
	return 0
}
