package desk

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/register/orgunit"
)

// FilterID names a saved filter.
type FilterID = id.Of[Filter]

// Filter is a narrowed view of a unit's queue under a name: an officer's own, or shared with
// the unit by its head or leader.
type Filter struct {
	ID      FilterID
	Account int64          // whose own; 0: shared with Unit
	Unit    orgunit.UnitID // whose queue it narrows
	Name    string
	Query   string // as in an address, without the unit; the list reads and writes it
	Default bool   // the queue opens with it; own ones only, one of them
	Version int64
	By      string // who kept it last
	At      time.Time
}

// The journal kinds of filters. The payload is the filter.
const (
	KindFilterKept    = "desk.filter.kept"
	KindFilterRemoved = "desk.filter.removed"
	subjectFilter     = "desk.filter"
)

// What a filter may be.
const (
	MaxFilterName  = 60  // runes
	MaxFilters     = 20  // of one officer, and shared with one unit
	maxFilterQuery = 500 // bytes
)

// Filters are the reader's own, then those shared with the units in which they hold a post
// and with the unit at whose queue they look, the oldest first.
func (s *Service) Filters(ctx context.Context, at orgunit.UnitID) (out []Filter, err error) {
	defer errs.Op(&err, "desk.Filters")
	sub := auth.From(ctx)
	if err := s.Policies.Can(ctx, actUse, auth.Resource{}); err != nil {
		return nil, err
	}
	units := UnitsOf(sub)
	if at != 0 && !slices.Contains(units, at) {
		units = append(units, at)
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = selectFilters(v, sub.Account, units)
		return err
	})
	slices.SortStableFunc(out, func(a, b Filter) int { return a.rank() - b.rank() })
	return out, err
}

func (f Filter) rank() int {
	if f.Account != 0 {
		return 0
	}
	return 1
}

// MayKeepFilter reports whether who asks may change a filter, or add one for its owner.
func (s *Service) MayKeepFilter(ctx context.Context, f Filter) bool {
	return s.canKeepFilter(ctx, f) == nil
}

func (s *Service) canKeepFilter(ctx context.Context, f Filter) error {
	if f.Unit == 0 {
		return errs.E(errs.Forbidden, "desk.filter.notYours")
	}
	return s.Policies.Can(ctx, actKeepFilter, kept("Filter", f.ID.String(), f.Account, f.Unit))
}

// KeepFilter adds a filter (ID 0); or, if the one with its ID still stands at its version,
// gives that its name and makes it the default or not. Errors: Invalid with the field,
// Forbidden, Conflict (who changed it, and when), NotFound, Mismatch.
func (s *Service) KeepFilter(ctx context.Context, f Filter, key string) (v FilterID, err error) {
	defer errs.Op(&err, "desk.KeepFilter(%s)", f.ID)
	f.Name = strings.Join(strings.Fields(f.Name), " ")
	if err := f.check(); err != nil {
		return 0, err
	}
	sub := auth.From(ctx)
	n, _, err := once.Do(ctx, s.DB, sub.Account, key, once.Hash(f), func(ctx context.Context, tx *db.Tx) (int64, error) {
		next := f
		if f.ID != 0 {
			old, err := s.ownFilter(ctx, tx, f.ID)
			if err != nil {
				return 0, err
			}
			next = old
			next.Name, next.Default, next.Version = f.Name, f.Default, f.Version
			next.By, next.At = sub.Name, tx.Now()
			next.Default = next.Default && next.Account != 0
			if err := updateFilter(tx, next, filterMoved(old)); err != nil {
				return 0, err
			}
			next.Version++
		} else {
			if err := s.canKeepFilter(ctx, f); err != nil {
				return 0, err
			}
			if n, err := countFilters(tx, f); err != nil || n >= MaxFilters {
				if err == nil {
					err = errs.E(errs.Invalid, "desk.filter.many", errs.P("max", MaxFilters))
				}
				return 0, err
			}
			next.ID, next.Version = id.New[Filter](s.Gen), 1
			next.By, next.At = sub.Name, tx.Now()
			next.Default = next.Default && next.Account != 0
			if err := insertFilter(tx, next); err != nil {
				return 0, err
			}
		}
		if next.Default {
			if err := clearDefault(tx, next); err != nil {
				return 0, err
			}
		}
		return int64(next.ID), s.tellFilter(tx, KindFilterKept, next)
	})
	return FilterID(n), err
}

// RemoveFilter takes a filter out.
func (s *Service) RemoveFilter(ctx context.Context, v FilterID, version int64, key string) (err error) {
	defer errs.Op(&err, "desk.RemoveFilter(%s)", v)
	_, _, err = once.Do(ctx, s.DB, auth.From(ctx).Account, key, once.Hash([]any{"removeFilter", v, version}), func(ctx context.Context, tx *db.Tx) (int64, error) {
		old, err := s.ownFilter(ctx, tx, v)
		if err != nil {
			return 0, err
		}
		if err := deleteFilter(tx, v, version, filterMoved(old)); err != nil {
			return 0, err
		}
		return int64(v), s.tellFilter(tx, KindFilterRemoved, old)
	})
	return err
}

// ownFilter reads a filter that who asks may change; another's is as if there were none.
func (s *Service) ownFilter(ctx context.Context, q db.Querier, v FilterID) (Filter, error) {
	f, err := findFilter(q, v)
	if err == nil && !s.MayKeepFilter(ctx, f) {
		err = errs.E(errs.NotFound, "desk.filter.notFound")
	}
	return f, err
}

// filterMoved is the conflict of who changes a filter second.
func filterMoved(now Filter) error {
	return errs.E(errs.Conflict, "desk.filter.moved", errs.P("by", now.By, "at", now.At))
}

func (f Filter) check() error {
	key := ""
	switch {
	case f.Name == "":
		key = "desk.filter.empty"
	case utf8.RuneCountInString(f.Name) > MaxFilterName:
		key = "desk.filter.long"
	case namesSomebody(f.Name):
		key = "desk.filter.personal"
	case len(f.Query) > maxFilterQuery:
		key = "desk.filter.query"
	default:
		return nil
	}
	return errs.E(errs.Invalid, "desk.filter.invalid", errs.WithFields(errs.Field{Path: "name", Key: key, Params: errs.Params{"max": MaxFilterName}}))
}

func (s *Service) tellFilter(tx *db.Tx, kind string, f Filter) error {
	payload, err := json.Marshal(map[string]any{"unit": f.Unit.String(), "shared": f.Account == 0, "name": f.Name, "query": f.Query, "default": f.Default, "by": f.By, "version": f.Version})
	if err != nil {
		return err
	}
	e := journal.Entry{Kind: kind, Subject: journal.Subject{Type: subjectFilter, ID: int64(f.ID)}, Payload: payload}
	if f.Account != 0 {
		e.Actor = f.Account
	}
	_, err = s.Journal.Append(tx, e)
	return err
}
