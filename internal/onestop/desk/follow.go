package desk

import (
	"net/url"
	"slices"

	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
	"khue/internal/register/orgunit"
)

// Handover is a post that ended with its unit and the one that follows it.
type Handover struct {
	Account  int64
	From, To orgunit.UnitID
	Role     string
	ToRole   string
}

const followPage = 500

// Follow lets kept filters go with the queues that they narrow, when units end and others
// begin: an officer's own where one unit follows the old one for them, a shared one to each
// unit that follows. A role that is no more is replaced. Where several units follow, an own
// one stays and its page says why it is empty. by is who answers for it; a second call
// changes nothing.
func (s *Service) Follow(tx *db.Tx, by string, list []Handover) error {
	of := map[orgunit.UnitID][]Handover{}
	for _, h := range list {
		of[h.From] = append(of[h.From], h)
	}
	for after := FilterID(0); ; {
		page, err := filtersAfter(tx, after, followPage)
		if err != nil {
			return err
		}
		for _, f := range page {
			after = f.ID
			if len(of[f.Unit]) == 0 {
				continue
			}
			if err := s.followFilter(tx, by, f, of[f.Unit]); err != nil {
				return err
			}
		}
		if len(page) < followPage {
			return nil
		}
	}
}

func (s *Service) followFilter(tx *db.Tx, by string, f Filter, list []Handover) error {
	query, role := followQuery(f.Query, list)
	to := heirsOf(f, role, list)
	if len(to) == 0 || f.Account != 0 && len(to) > 1 {
		return nil
	}
	for i, u := range to {
		next := f
		next.Unit, next.Query, next.By, next.At = u, query, by, tx.Now()
		twin, err := hasFilter(tx, next)
		switch {
		case err != nil:
			return err
		case twin && i == 0: // two units that became one shared the same
			if err := deleteFilter(tx, f.ID, f.Version, filterMoved(f)); err != nil {
				return err
			}
			if err := s.tellFilter(tx, KindFilterRemoved, f); err != nil {
				return err
			}
		case twin:
		case i == 0:
			if err := rehouseFilter(tx, next, filterMoved(f)); err != nil {
				return err
			}
			next.Version++
			if err := s.tellFilter(tx, KindFilterKept, next); err != nil {
				return err
			}
		default:
			next.ID, next.Version = id.New[Filter](s.Gen), 1
			if err := insertFilter(tx, next); err != nil {
				return err
			}
			if err := s.tellFilter(tx, KindFilterKept, next); err != nil {
				return err
			}
		}
	}
	return nil
}

// followQuery puts the role that follows in the place of one that is no more; role is the one
// that was asked for.
func followQuery(query string, list []Handover) (string, string) {
	q, err := url.ParseQuery(query)
	role := q.Get("role")
	if err != nil || role == "" {
		return query, ""
	}
	for _, h := range list {
		if h.Role == role && h.ToRole != role {
			q.Set("role", h.ToRole)
			return q.Encode(), role
		}
	}
	return query, role
}

// heirsOf are the units that follow a filter's: for an own one those in which its owner's
// posts go on, first by the role that it asks for; for others those of everybody.
func heirsOf(f Filter, role string, list []Handover) []orgunit.UnitID {
	for _, fits := range []func(Handover) bool{
		func(h Handover) bool { return f.Account != 0 && h.Account == f.Account && h.Role == role },
		func(h Handover) bool { return f.Account != 0 && h.Account == f.Account },
		func(h Handover) bool { return role != "" && h.Role == role },
		func(Handover) bool { return true },
	} {
		var out []orgunit.UnitID
		for _, h := range list {
			if fits(h) && !slices.Contains(out, h.To) {
				out = append(out, h.To)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}
