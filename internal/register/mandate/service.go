package mandate

import (
	"context"
	"embed"
	"encoding/json"
	"slices"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/register/person"
)

// Messages are this package's sentences (keys under "mandate").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// Deps is what the register stands on. All are required.
type Deps struct {
	DB      *db.DB
	Gen     *id.Gen
	Clock   clock.Clock
	Journal *journal.Journal
	People  *person.Service
}

// Service keeps the register. Safe for concurrent use.
type Service struct{ d Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("mandate", migrations) }

// Today is the day on which mandates hold or do not.
func (s *Service) Today() clock.Date { return clock.DateOf(s.d.Clock.Now()) }

func (s *Service) append(tx *db.Tx, kind string, m Mandate, sub auth.Subject, unit, reason string) error {
	t := Told{Kind: m.Kind, By: sub.Name, Paper: m.Paper, Services: m.Services, From: dayText(m.From), Until: dayText(m.Until), Reason: reason}
	payload, err := json.Marshal(t)
	if err != nil {
		return err
	}
	_, err = s.d.Journal.Append(tx, journal.Entry{Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: int64(m.ID)}, Actor: sub.Account, Unit: unit, Payload: payload})
	return err
}

func dayText(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// who is the person of the subject's account. Forbidden where the account is not verified.
func (s *Service) who(ctx context.Context, q db.Querier) (person.Person, error) {
	sub := auth.From(ctx)
	p, ok, err := s.d.People.Of(q, sub.Account)
	if err == nil && (!ok || sub.Kind != auth.KindCitizen) {
		err = errs.E(errs.Forbidden, "mandate.verify")
	}
	return p, err
}

// PartyOf is an account as a party; "" where it is linked to nobody.
func (s *Service) PartyOf(q db.Querier, account int64) (Party, error) {
	p, ok, err := s.d.People.Of(q, account)
	if err != nil {
		return "", err
	}
	if !ok {
		b, ok, err := s.d.People.BusinessOf(q, account)
		if err != nil || !ok {
			return "", err
		}
		return BusinessParty(b.ID), nil
	}
	return PersonParty(p.ID), nil
}

// Own are the parties that an account is itself; rows that were merged are all named. None
// where it is linked to nobody.
func (s *Service) Own(q db.Querier, account int64) (out []Party, err error) {
	p, ok, err := s.d.People.Of(q, account)
	if err != nil {
		return nil, err
	}
	if !ok {
		b, ok, err := s.d.People.BusinessOf(q, account)
		if err != nil || !ok {
			return nil, err
		}
		return []Party{BusinessParty(b.ID)}, nil
	}
	ids, err := s.d.People.Family(q, p.ID)
	for _, v := range ids {
		out = append(out, PersonParty(v))
	}
	return out, err
}

// Person is the person of an account; false where it is linked to nobody.
func (s *Service) Person(q db.Querier, account int64) (person.ID, bool, error) {
	p, ok, err := s.d.People.Of(q, account)
	return p.ID, ok, err
}

// held are the mandates of a person, whatever their state.
func (s *Service) held(q db.Querier, v person.ID) ([]Mandate, error) {
	ids, err := s.d.People.Family(q, v)
	if err != nil {
		return nil, err
	}
	return byHolder(q, ids)
}

// usable are the mandates by which a person may act in a service today.
func (s *Service) usable(q db.Querier, v person.ID, service string) ([]Mandate, error) {
	all, err := s.held(q, v)
	today := s.Today()
	return slices.DeleteFunc(all, func(m Mandate) bool { return m.check(service, today) != nil }), err
}

// Usable are the mandates by which the subject may act for others in a service today.
func (s *Service) Usable(ctx context.Context, service string) (out []Mandate, err error) {
	defer errs.Op(&err, "mandate.Usable")
	sub := auth.From(ctx)
	if sub.Kind != auth.KindCitizen {
		return nil, nil
	}
	err = s.d.DB.View(ctx, func(_ context.Context, v *db.View) error {
		p, ok, err := s.d.People.Of(v, sub.Account)
		if err != nil || !ok {
			return err
		}
		out, err = s.usable(v, p.ID, service)
		return err
	})
	return out, err
}

// UsableBy are the mandates by which somebody who stands at a counter may act in a service.
func (s *Service) UsableBy(ctx context.Context, v person.ID, service string) (out []Mandate, err error) {
	defer errs.Op(&err, "mandate.UsableBy")
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		out, err = s.usable(q, v, service)
		return err
	})
	return out, err
}

// Use is a mandate that its holder uses in a service now. NotFound where it is not theirs;
// Forbidden, with what to do, where it does not hold.
func (s *Service) Use(q db.Querier, holder person.ID, v ID, service string) (Mandate, error) {
	m, err := find(q, v)
	if err != nil {
		return m, err
	}
	ids, err := s.d.People.Family(q, holder)
	if err != nil {
		return m, err
	}
	if holder == 0 || !slices.Contains(ids, m.Holder) {
		return Mandate{}, errs.E(errs.NotFound, "mandate.none")
	}
	return m, s.Holds(q, m, service)
}

// Holds says why a mandate does not hold for a service now: Forbidden, with what to do.
func (s *Service) Holds(q db.Querier, m Mandate, service string) error {
	if err := m.check(service, s.Today()); err != nil {
		return err
	}
	v, ok := m.Giver.Person()
	if !ok {
		return nil
	}
	p, err := s.d.People.In(q, v)
	if err == nil && p.Died != "" {
		err = errs.E(errs.Forbidden, "mandate.lapsed.died", errs.P("giver", m.GiverName))
	}
	return err
}

// Get reads a mandate that a dossier names.
func (s *Service) Get(q db.Querier, v ID) (Mandate, error) { return find(q, v) }

// Reach is a party that somebody may act for today, and in what.
type Reach struct {
	Party Party
	// By is nil for oneself.
	By *Mandate
}

// Reaches are the parties that an account may act for today: its own person, and the givers of
// its mandates. Rows that were merged are all named.
func (s *Service) Reaches(q db.Querier, account int64) (out []Reach, err error) {
	self, err := s.Own(q, account)
	if err != nil {
		return nil, err
	}
	var own []person.ID
	for _, x := range self {
		out = append(out, Reach{Party: x})
		if v, ok := x.Person(); ok {
			own = append(own, v)
		}
	}
	if len(own) == 0 {
		return out, nil // only people hold mandates
	}
	all, err := byHolder(q, own)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if m.State(s.Today()) != string(Active) {
			continue
		}
		v, isPerson := m.Giver.Person()
		if !isPerson {
			out = append(out, Reach{m.Giver, &m})
			continue
		}
		ids, err := s.d.People.Living(q, v)
		if err != nil {
			return nil, err
		}
		for _, one := range ids {
			out = append(out, Reach{PersonParty(one), &m})
		}
	}
	return out, nil
}

// ActsFor reports whether an account may act for a party in a service today.
func (s *Service) ActsFor(q db.Querier, account int64, p Party, service string) (bool, error) {
	all, err := s.Reaches(q, account)
	return slices.ContainsFunc(all, func(r Reach) bool { return r.Party == p && (r.By == nil || r.By.Reaches(service)) }), err
}
