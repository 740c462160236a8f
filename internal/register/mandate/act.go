package mandate

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/once"
	"khue/internal/register/person"
)

const (
	maxPaper   = 200
	maxYears   = 5 // of a power of attorney
	ofAge      = 18
	maxPerSide = 200
)

// faults gathers what is wrong with a form, by field.
type faults []errs.Field

func (f *faults) add(path, key string) {
	*f = append(*f, errs.Field{Path: path, Key: "mandate.fault." + key, Params: errs.Params{"years": maxYears}})
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return errs.E(errs.Invalid, "mandate.invalid", errs.P("n", len(f)), errs.WithFields(f...))
}

func tidy(s string) string { return i18n.NFC(strings.Join(strings.Fields(s), " ")) }

// Limits are what both ways to a mandate ask for.
type Limits struct {
	Services []string
	From     clock.Date // zero: today
	Until    clock.Date
	Paper    string
}

func (s *Service) limits(k Kind, l Limits, f *faults) Limits {
	today := s.Today()
	if l.From.IsZero() {
		l.From = today
	}
	l.Paper = tidy(l.Paper)
	switch {
	case l.From.Before(today):
		f.add("from", "from")
	case !l.Until.IsZero() && l.Until.Before(l.From):
		f.add("until", "until")
	case k == Attorney && (l.Until.IsZero() || l.Until.After(l.From.AddMonths(12*maxYears))):
		f.add("until", "term")
	}
	if utf8.RuneCountInString(l.Paper) > maxPaper {
		f.add("paper", "paper")
	}
	slices.Sort(l.Services)
	l.Services = slices.Compact(slices.DeleteFunc(l.Services, func(v string) bool { return strings.TrimSpace(v) == "" }))
	return l
}

// Offer is a mandate that the subject grants: for themselves a power of attorney, for a
// business that they represent an employee's.
type Offer struct {
	Business person.BusinessID // 0: for oneself
	Number   string            // personal number of the holder
	Name     string            // their name
	Limits
	Key string
}

// Grant offers a mandate. It holds once its holder accepts it; that nobody has the number is
// not told, so that numbers cannot be tried out. Errors: Forbidden where the account is not
// verified or does not represent the business; Invalid with fields.
func (s *Service) Grant(ctx context.Context, o Offer) (m Mandate, err error) {
	defer errs.Op(&err, "mandate.Grant")
	sub := auth.From(ctx)
	m = Mandate{ID: id.New[Mandate](s.d.Gen), Kind: Attorney, Status: Offered, Basis: BasisOwn, By: sub.Name, Version: 1, Made: s.d.Clock.Now()}
	if o.Business != 0 {
		m.Kind = Employee
	}
	var f faults
	l := s.limits(m.Kind, o.Limits, &f)
	m.Services, m.From, m.Until, m.Paper = l.Services, l.From, l.Until, l.Paper
	n, ok := person.ParseNumber(o.Number, s.Today())
	if !ok {
		f.add("number", "number")
	}
	if m.HolderName = tidy(o.Name); utf8.RuneCountInString(m.HolderName) < 2 || utf8.RuneCountInString(m.HolderName) > 120 {
		f.add("name", "name")
	}
	m.mark = s.d.People.Mark(n)
	err = s.d.DB.View(ctx, func(_ context.Context, v *db.View) error {
		me, err := s.who(ctx, v)
		if err != nil {
			return err
		}
		if m.Giver, m.GiverName = PersonParty(me.ID), me.Facts.Name; o.Business == 0 {
			if me.Number == n {
				f.add("number", "self")
			}
			return nil
		}
		b, err := s.represented(v, me.ID, o.Business)
		m.Giver, m.GiverName = BusinessParty(b.ID), b.Name
		return err
	})
	if err == nil {
		err = f.err()
	}
	if err != nil {
		return m, err
	}
	hash := once.Hash([]any{o.Business, m.mark, m.HolderName, l})
	result, again, err := once.Do(ctx, s.d.DB, sub.Account, o.Key, hash, func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := insert(tx, m); err != nil {
			return 0, err
		}
		return int64(m.ID), s.append(tx, KindOffered, m, sub, "", "")
	})
	if again {
		return s.again(ctx, ID(result))
	}
	return m, err
}

// represented is a business that a person represents by law today. Forbidden otherwise.
func (s *Service) represented(q db.Querier, p person.ID, b person.BusinessID) (out person.Business, err error) {
	all, err := s.held(q, p)
	if err != nil {
		return out, err
	}
	if !slices.ContainsFunc(all, func(m Mandate) bool {
		return m.Kind == Legal && m.Giver == BusinessParty(b) && m.State(s.Today()) == string(Active)
	}) {
		return out, errs.E(errs.Forbidden, "mandate.notLegal")
	}
	return s.d.People.Business(q, b)
}

// Record is a mandate that a clerk enters from a paper, with its holder at the counter.
type Record struct {
	Kind       Kind
	Holder     string // card or number of who stands there
	HolderName string // with a typed number
	Giver      string // number or card of a person, tax code of a business
	GiverName  string
	GiverBorn  clock.Date // of a minor
	Address    string     // of a business
	Enterprise string
	Unit       string
	Limits
	Key string
}

// Enter records a mandate at a counter: it holds at once. A parent's ends the day before the
// child is of age. Errors: Invalid with fields.
func (s *Service) Enter(ctx context.Context, r Record) (m Mandate, err error) {
	defer errs.Op(&err, "mandate.Enter")
	sub := auth.From(ctx)
	var f faults
	if !slices.Contains(Kinds(), r.Kind) || r.Kind == Employee {
		f.add("kind", "kind")
	}
	m = Mandate{ID: id.New[Mandate](s.d.Gen), Kind: r.Kind, Status: Active, Basis: BasisCounter, By: sub.Name, Unit: r.Unit, Version: 1, Made: s.d.Clock.Now()}
	if r.Kind == Parent {
		switch adult := r.GiverBorn.AddMonths(12 * ofAge); {
		case r.GiverBorn.IsZero() || r.GiverBorn.After(s.Today()):
			f.add("giverBorn", "born")
		case !adult.After(s.Today()):
			f.add("giverBorn", "adult")
		case r.Until.IsZero() || !r.Until.Before(adult):
			r.Until = adult.AddDays(-1)
		}
	}
	l := s.limits(m.Kind, r.Limits, &f)
	m.Services, m.From, m.Until, m.Paper = l.Services, l.From, l.Until, l.Paper
	if utf8.RuneCountInString(m.Paper) < 3 {
		f.add("paper", "paper")
	}
	holder, told := s.someone("holder", r.Holder, r.HolderName, clock.Date{}, &f)
	var giver person.Number
	var of person.Facts
	if m.Kind == Legal {
		if _, ok := person.ParseTaxCode(r.Giver); !ok {
			f.add("giver", "tax")
		}
	} else if giver, of = s.someone("giver", r.Giver, r.GiverName, r.GiverBorn, &f); giver == holder && giver != "" {
		f.add("giver", "self")
	}
	if err := f.err(); err != nil {
		return m, err
	}
	hash := once.Hash([]any{r.Kind, s.d.People.Mark(holder), s.d.People.Mark(giver), l})
	result, again, err := once.Do(ctx, s.d.DB, sub.Account, r.Key, hash, func(_ context.Context, tx *db.Tx) (int64, error) {
		p, err := s.d.People.Remember(tx, holder, told)
		if err != nil {
			return 0, err
		}
		m.Holder, m.HolderName, m.mark = p.ID, p.Facts.Name, s.d.People.Mark(holder)
		if m.Kind == Legal {
			b, err := s.d.People.RecordBusinessIn(tx, sub, person.NewBusiness{
				TaxCode: r.Giver, Enterprise: r.Enterprise, Name: r.GiverName, Address: r.Address, Legal: p.Facts.Name, Number: holder, Source: m.Paper, Unit: r.Unit,
			})
			if err != nil {
				return 0, err
			}
			m.Giver, m.GiverName = BusinessParty(b.ID), b.Name
		} else {
			g, err := s.d.People.Remember(tx, giver, of)
			if err != nil {
				return 0, err
			}
			m.Giver, m.GiverName = PersonParty(g.ID), g.Facts.Name
		}
		if err := insert(tx, m); err != nil {
			return 0, err
		}
		return int64(m.ID), s.append(tx, KindRecorded, m, sub, r.Unit, "")
	})
	if again {
		return s.again(ctx, ID(result))
	}
	return m, err
}

// again reads what the same request made before.
func (s *Service) again(ctx context.Context, v ID) (m Mandate, err error) {
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		m, err = find(q, v)
		return err
	})
	return m, err
}

// someone reads a card, or a number with a name.
func (s *Service) someone(path, text, name string, born clock.Date, f *faults) (person.Number, person.Facts) {
	today := s.Today()
	if c, ok := person.ParseCard(text, today); ok {
		return c.Number, person.FactsOf(c)
	}
	n, ok := person.ParseNumber(text, today)
	if !ok {
		f.add(path, "number")
	}
	told := person.Facts{Name: tidy(name)}
	if k := utf8.RuneCountInString(told.Name); k < 2 || k > 120 {
		f.add(path+"Name", "name")
	}
	if !born.IsZero() {
		if told.Born = born.String(); ok && born.Year != n.BirthYear() {
			f.add(path+"Born", "bornNumber")
		}
	}
	return n, told
}

// Sides are the mandates of the subject's account: those that they gave, also for businesses
// that they represent, those that they hold, and those that wait for them. The youngest first.
type Sides struct {
	Given, Held, Offered []Mandate
	Businesses           []person.Business // that the reader represents by law
}

// Of lists the subject's mandates. Forbidden where the account is not verified.
func (s *Service) Of(ctx context.Context) (out Sides, err error) {
	defer errs.Op(&err, "mandate.Of")
	err = s.d.DB.View(ctx, func(_ context.Context, v *db.View) error {
		me, err := s.who(ctx, v)
		if err != nil {
			return err
		}
		out, err = s.sides(v, me)
		return err
	})
	return out, err
}

// OfPerson lists the mandates of somebody at a counter.
func (s *Service) OfPerson(ctx context.Context, p person.Person) (out Sides, err error) {
	defer errs.Op(&err, "mandate.OfPerson")
	err = s.d.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = s.sides(v, p)
		return err
	})
	return out, err
}

func (s *Service) sides(q db.Querier, me person.Person) (out Sides, err error) {
	ids, err := s.d.People.Family(q, me.ID)
	if err != nil {
		return out, err
	}
	if out.Held, err = byHolder(q, ids); err != nil {
		return out, err
	}
	givers := make([]Party, 0, len(ids))
	for _, v := range ids {
		givers = append(givers, PersonParty(v))
	}
	for _, m := range out.Held {
		b, ok := m.Giver.business()
		if !ok || m.Kind != Legal || m.State(s.Today()) != string(Active) || slices.Contains(givers, m.Giver) {
			continue
		}
		givers = append(givers, m.Giver)
		business, err := s.d.People.Business(q, b)
		if err != nil {
			return out, err
		}
		out.Businesses = append(out.Businesses, business)
	}
	if out.Given, err = byGiver(q, givers); err != nil {
		return out, err
	}
	out.Offered, err = offeredTo(q, s.d.People.Marks(me.Number))
	return out, err
}

// Answer is what a side of a mandate says to it.
type Answer string

// The answers. End is revoking by its giver, resigning by its holder.
const (
	Accept  Answer = "accept"
	Decline Answer = "decline"
	End     Answer = "end"
)

// Decide accepts or declines an offer, by whom it is offered to, or ends a mandate, by either
// side and at once. NotFound for a mandate of others; Conflict where it was decided already;
// Forbidden for one that only a counter ends.
func (s *Service) Decide(ctx context.Context, v ID, what Answer) (m Mandate, err error) {
	defer errs.Op(&err, "mandate.Decide(%s)", v)
	sub := auth.From(ctx)
	err = s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		me, err := s.who(ctx, tx)
		if err != nil {
			return err
		}
		if m, err = find(tx, v); err != nil {
			return err
		}
		all, err := s.sides(tx, me)
		if err != nil {
			return err
		}
		mine := func(ms []Mandate) bool { return slices.ContainsFunc(ms, func(x Mandate) bool { return x.ID == v }) }
		given, held, offered := mine(all.Given), mine(all.Held), mine(all.Offered)
		if !given && !held && !offered {
			return errs.E(errs.NotFound, "mandate.none")
		}
		decided := errs.E(errs.Conflict, "mandate.decided")
		kind := KindEnded
		switch {
		case what == Accept && offered:
			kind, m.Status, m.Holder, m.HolderName = KindAccepted, Active, me.ID, me.Facts.Name
		case what == Decline && offered:
			kind, m.Status = KindDeclined, Declined
		case what == End && m.Kind.byLaw():
			return errs.E(errs.Forbidden, "mandate.byLaw")
		case what == End && (given || held) && m.May():
			m.Status = Ended
		default:
			return decided
		}
		if m.Status != Active {
			m.EndedAt, m.EndedBy = s.d.Clock.Now(), sub.Name
		}
		if err := update(tx, m, decided); err != nil {
			return err
		}
		return s.append(tx, kind, m, sub, "", "")
	})
	return m, err
}

// Close ends a mandate at a counter, with the reason. Conflict where it is over.
func (s *Service) Close(ctx context.Context, v ID, unit, reason string) (m Mandate, err error) {
	defer errs.Op(&err, "mandate.Close(%s)", v)
	sub := auth.From(ctx)
	if reason = tidy(reason); utf8.RuneCountInString(reason) < 5 || utf8.RuneCountInString(reason) > maxPaper {
		return m, errs.E(errs.Invalid, "mandate.fault.reason", errs.WithFields(errs.Field{Path: "reason", Key: "mandate.fault.reason"}))
	}
	err = s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if m, err = find(tx, v); err != nil {
			return err
		}
		decided := errs.E(errs.Conflict, "mandate.decided")
		if m.Status != Active && m.Status != Offered {
			return decided
		}
		m.Status, m.EndedAt, m.EndedBy, m.Reason = Ended, s.d.Clock.Now(), sub.Name, reason
		if err := update(tx, m, decided); err != nil {
			return err
		}
		return s.append(tx, KindEnded, m, sub, unit, reason)
	})
	return m, err
}
