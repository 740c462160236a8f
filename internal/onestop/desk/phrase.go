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

// PhraseID names a phrase.
type PhraseID = id.Of[Phrase]

// Phrase is a sentence for the reason of an act. It is one officer's own, a unit's or the
// city's: its owner keeps it, and for a unit its head or leader, for the city those of the
// city's government.
type Phrase struct {
	ID        PhraseID
	Account   int64          // whose own; 0: of a unit or the city
	Unit      orgunit.UnitID // whose; 0 with Account 0: the city's
	Procedure string         // national code; "" for any
	Action    string         // "" for any that asks for a reason
	VI, EN    string         // EN may be empty
	Version   int64
	By        string // who kept it last
	At        time.Time
}

// Text is the phrase as it goes to an applicant: in their language where there is one.
func (p Phrase) Text(english bool) string {
	if english && p.EN != "" {
		return p.EN
	}
	return p.VI
}

// The journal kinds of phrases. The payload is the phrase.
const (
	KindPhraseKept    = "desk.phrase.kept"
	KindPhraseRemoved = "desk.phrase.removed"
	subjectPhrase     = "desk.phrase"
)

const (
	maxPhrase  = 1000 // runes
	maxPhrases = 300  // of one owner
)

// Phrases are those that who asks may use: their own, those of the units in which they hold
// a post, the city's; in this order, the special before the general. With a procedure and an
// action it leaves out those of others.
func (s *Service) Phrases(ctx context.Context, procedure, action string) (out []Phrase, err error) {
	defer errs.Op(&err, "desk.Phrases")
	sub := auth.From(ctx)
	if err := s.Policies.Can(ctx, actUse, auth.Resource{}); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = selectPhrases(v, sub.Account, UnitsOf(sub))
		return err
	})
	if err != nil {
		return nil, err
	}
	out = slices.DeleteFunc(out, func(p Phrase) bool {
		return procedure != "" && p.Procedure != "" && p.Procedure != procedure || action != "" && p.Action != "" && p.Action != action
	})
	slices.SortStableFunc(out, func(a, b Phrase) int { return a.rank() - b.rank() })
	return out, nil
}

func (p Phrase) rank() int {
	n := 0
	switch {
	case p.Account != 0:
	case p.Unit != 0:
		n = 4
	default:
		n = 8
	}
	if p.Procedure == "" {
		n += 2
	}
	if p.Action == "" {
		n++
	}
	return n
}

// MayKeep reports whether who asks may change a phrase, or add one for its owner.
func (s *Service) MayKeep(ctx context.Context, p Phrase) bool {
	return s.Policies.May(ctx, actKeepPhrase, s.phrase(p))
}

// KeepPhrase adds a phrase (ID 0), or changes the one with its ID if it still stands at its
// version. Errors: Invalid with the fields, Forbidden, Conflict (who changed it, and when),
// NotFound, Mismatch.
func (s *Service) KeepPhrase(ctx context.Context, p Phrase, key string) (v PhraseID, err error) {
	defer errs.Op(&err, "desk.KeepPhrase(%s)", p.ID)
	p.VI, p.EN = strings.TrimSpace(p.VI), strings.TrimSpace(p.EN)
	if err := p.check(); err != nil {
		return 0, err
	}
	sub := auth.From(ctx)
	n, _, err := once.Do(ctx, s.DB, sub.Account, key, once.Hash(p), func(ctx context.Context, tx *db.Tx) (int64, error) {
		if err := s.Policies.Can(ctx, actKeepPhrase, s.phrase(p)); err != nil {
			return 0, err
		}
		next := p
		next.By, next.At = sub.Name, tx.Now()
		if p.ID == 0 {
			if n, err := countPhrases(tx, p); err != nil || n >= maxPhrases {
				if err == nil {
					err = errs.E(errs.Invalid, "desk.phrase.many", errs.P("max", maxPhrases))
				}
				return 0, err
			}
			next.ID, next.Version = id.New[Phrase](s.Gen), 1
			if err := insertPhrase(tx, next); err != nil {
				return 0, err
			}
			return int64(next.ID), s.tell(tx, KindPhraseKept, next)
		}
		old, err := findPhrase(tx, p.ID)
		if err != nil {
			return 0, err
		}
		if !s.MayKeep(ctx, old) {
			return 0, errs.E(errs.NotFound, "desk.phrase.notFound")
		}
		if err := updatePhrase(tx, next, moved(old)); err != nil {
			return 0, err
		}
		return int64(next.ID), s.tell(tx, KindPhraseKept, next)
	})
	return PhraseID(n), err
}

// RemovePhrase takes a phrase out. What was written with it stays where it was written.
func (s *Service) RemovePhrase(ctx context.Context, v PhraseID, version int64, key string) (err error) {
	defer errs.Op(&err, "desk.RemovePhrase(%s)", v)
	sub := auth.From(ctx)
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"remove", v, version}), func(ctx context.Context, tx *db.Tx) (int64, error) {
		old, err := findPhrase(tx, v)
		if err != nil {
			return 0, err
		}
		if !s.MayKeep(ctx, old) {
			return 0, errs.E(errs.NotFound, "desk.phrase.notFound")
		}
		if err := deletePhrase(tx, v, version, moved(old)); err != nil {
			return 0, err
		}
		return int64(v), s.tell(tx, KindPhraseRemoved, old)
	})
	return err
}

// moved is the conflict of who changes a phrase second.
func moved(now Phrase) error {
	return errs.E(errs.Conflict, "desk.phrase.moved", errs.P("by", now.By, "at", now.At))
}

func (p Phrase) check() error {
	var bad []errs.Field
	add := func(path, key string) {
		bad = append(bad, errs.Field{Path: path, Key: key, Params: errs.Params{"max": maxPhrase}})
	}
	if p.VI == "" {
		add("vi", "desk.phrase.empty")
	}
	for path, text := range map[string]string{"vi": p.VI, "en": p.EN} {
		switch {
		case utf8.RuneCountInString(text) > maxPhrase:
			add(path, "desk.phrase.long")
		case namesSomebody(text):
			add(path, "desk.phrase.personal")
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return errs.E(errs.Invalid, "desk.phrase.invalid", errs.WithFields(bad...))
}

// namesSomebody finds a run of nine digits, spaced or not: a personal or telephone number
// has no place in a sentence for many dossiers.
func namesSomebody(text string) bool {
	run := 0
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			if run++; run >= 9 {
				return true
			}
		case c == ' ' || c == '.' && run > 0:
		default:
			run = 0
		}
	}
	return false
}

func (s *Service) tell(tx *db.Tx, kind string, p Phrase) error {
	payload, err := json.Marshal(map[string]any{"procedure": p.Procedure, "action": p.Action, "vi": p.VI, "en": p.EN, "by": p.By, "version": p.Version})
	if err != nil {
		return err
	}
	e := journal.Entry{Kind: kind, Subject: journal.Subject{Type: subjectPhrase, ID: int64(p.ID)}, Payload: payload}
	if p.Account != 0 {
		e.Actor = p.Account
	}
	_, err = s.Journal.Append(tx, e)
	return err
}
