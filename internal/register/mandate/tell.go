package mandate

import (
	"slices"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/person"
)

// WarnDays is how long before its last day both sides of a mandate are told that it ends.
const WarnDays = 14

// Events are the entries about a mandate.
func Events() []string {
	return []string{KindOffered, KindRecorded, KindAccepted, KindDeclined, KindEnded}
}

// Accounts are the accounts of both sides of a mandate, as far as they have any: of its giver,
// for a business of those who represent it by law; and of its holder, also while it is offered.
func (s *Service) Accounts(q db.Querier, m Mandate) (givers, holders []int64, err error) {
	givers, err = s.givers(q, m)
	if err != nil {
		return nil, nil, err
	}
	holder := m.Holder
	if holder == 0 {
		p, _, err := s.d.People.ByMark(q, m.mark)
		if err != nil {
			return nil, nil, err
		}
		holder = p.ID
	}
	holders, err = s.accounts(q, holder)
	return givers, holders, err
}

func (s *Service) givers(q db.Querier, m Mandate) ([]int64, error) {
	if v, ok := m.Giver.Person(); ok {
		return s.accounts(q, v)
	}
	given, err := byGiver(q, []Party{m.Giver})
	if err != nil {
		return nil, err
	}
	var legal []person.ID
	for _, x := range given {
		if x.Kind == Legal && x.ID != m.ID && x.State(s.Today()) == string(Active) && !slices.Contains(legal, x.Holder) {
			legal = append(legal, x.Holder)
		}
	}
	out, err := s.accounts(q, legal...)
	if err != nil {
		return nil, err
	}
	if v, ok := m.Giver.business(); ok { // and the business itself, where it signs in
		if a, ok, err := s.d.People.BusinessAccount(q, v); err != nil || ok {
			return append(out, a), err
		}
	}
	return out, nil
}

func (s *Service) accounts(q db.Querier, people ...person.ID) (out []int64, err error) {
	for _, v := range people {
		if v == 0 {
			continue
		}
		a, ok, err := s.d.People.AccountFor(q, v)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return nil, err
		}
		if ok && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out, nil
}

// Ending lists the mandates that hold and whose last day is near, by id after one.
func (s *Service) Ending(q db.Querier, after ID, limit int) ([]Mandate, error) {
	today := s.Today()
	return ending(q, today, today.AddDays(WarnDays), after, limit)
}
