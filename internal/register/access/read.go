package access

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/register/orgunit"
)

// Filter selects looks; the zero value selects all.
type Filter struct {
	What   What
	Basis  Basis
	From   time.Time
	To     time.Time // open
	Before LookID    // a page begins before it
}

const pageSize = 50

// At reads the looks at things of one owner, lists among them, the youngest first. Whose the
// things are is the caller's to know. next is 0 at the end.
func (s *Service) At(ctx context.Context, things []int64, f Filter) (out []Line, next LookID, err error) {
	defer errs.Op(&err, "access.At(%d)", len(things))
	if len(things) == 0 {
		return nil, 0, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = looksAt(v, things, f, pageSize+1)
		return err
	})
	slices.SortFunc(out, func(a, b Line) int { return cmp.Or(cmp.Compare(b.ID, a.ID), cmp.Compare(a.About, b.About)) })
	if len(out) > pageSize {
		// A list that showed two of the owner's things is two lines of one id: never part them.
		n := pageSize
		for n > 1 && out[n-1].ID == out[n].ID {
			n--
		}
		out = out[:n]
		next = out[n-1].ID
	}
	return out, next, err
}

// LookAt is one look at one of the things. NotFound.
func (s *Service) LookAt(ctx context.Context, v LookID, things []int64) (l Line, err error) {
	defer errs.Op(&err, "access.LookAt(%s)", v)
	if len(things) == 0 {
		return l, errs.E(errs.NotFound, "access.notFound")
	}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		l, err = lookAt(q, v, things)
		return err
	})
	return l, err
}

// reasonLife is how long a reason lets its giver look.
const reasonLife = 8 * time.Hour

// Reasoned is the reason that lets the subject of ctx look at a thing now.
func (s *Service) Reasoned(ctx context.Context, about int64) (r Reason, ok bool, err error) {
	if s == nil {
		return r, true, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		r, ok, err = reasonFor(v, auth.From(ctx).Account, about, s.Clock.Now())
		return err
	})
	return r, ok, err
}

// Continues reports whether the subject of ctx looked at a thing without needing a reason since
// an instant: who worked on it today may see how it ended.
func (s *Service) Continues(ctx context.Context, about int64, since time.Time) (ok bool, err error) {
	if s == nil {
		return true, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		ok, err = lookedSince(v, auth.From(ctx).Account, about, since)
		return err
	})
	return ok, err
}

// Bounds of what is written.
const (
	minWords = 10
	maxWords = 500
)

// GiveReason keeps why the subject of ctx must look at a thing, and lets them for some hours.
// The same key again changes nothing. Errors: Forbidden, Invalid with fields choice and words.
func (s *Service) GiveReason(ctx context.Context, kind string, about int64, choice, words, key string) (err error) {
	defer errs.Op(&err, "access.GiveReason")
	sub := auth.From(ctx)
	if !watched(sub) {
		return errs.E(errs.Forbidden, "auth.error.not_allowed")
	}
	words = clean(words)
	var bad []errs.Field
	if !slices.Contains(Choices(), choice) {
		bad = append(bad, errs.Field{Path: "choice", Key: "access.reason.choice"})
	}
	if n := utf8.RuneCountInString(words); n < minWords || n > maxWords {
		bad = append(bad, errs.Field{Path: "words", Key: "access.reason.words", Params: errs.Params{"min": minWords, "max": maxWords}})
	}
	if len(bad) > 0 {
		return errs.E(errs.Invalid, "access.reason.invalid", errs.WithFields(bad...))
	}
	now := s.Clock.Now()
	r := Reason{ID: id.New[Reason](s.Gen), Actor: sub.Account, About: about, Unit: FirstUnit(sub), Choice: choice, Words: words, At: now, Until: now.Add(reasonLife)}
	entry, err := entryOf(KindReasoned, journal.Subject{Type: subjectPrefix + kind, ID: about}, sub.Account, r.Unit,
		Seen{Basis: ByReason, Why: choice, Words: words, Type: kind})
	if err != nil {
		return err
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"access.reason", about, choice, words}), func(_ context.Context, tx *db.Tx) (int64, error) {
		receipt, err := s.Journal.Append(tx, entry)
		if err != nil {
			return 0, err
		}
		return int64(r.ID), insertReason(tx, r, receipt.ID)
	})
	return err
}

func clean(s string) string { return i18n.NFC(strings.Join(strings.Fields(s), " ")) }

// Auditor is the role that reads the board of the whole city.
const Auditor = "auditor"

// Heir is the unit that answers for a unit now: itself, or its main successor.
func (s *Service) Heir(u orgunit.UnitID) orgunit.UnitID {
	if _, ok := s.Units.Now().Get(u); ok || u == 0 {
		return u
	}
	heirs, _ := s.Units.Successors(u, s.Units.Today())
	if v, ok := orgunit.Main(heirs); ok {
		return v
	}
	return u
}

// Board is what a head sees of their units, or an auditor of the city.
type Board struct {
	Looks []Line
	Next  LookID
	Flags []Flag
}

const maxFlags = 100

// BoardOf reads the looks with a reason and the flags. all asks for the whole city, which is
// the auditor's. open leaves settled flags out. Errors: Forbidden.
func (s *Service) BoardOf(ctx context.Context, all, open bool, before LookID) (b Board, err error) {
	defer errs.Op(&err, "access.BoardOf")
	sub := auth.From(ctx)
	var units []orgunit.UnitID
	switch {
	case all && !s.Inspects(ctx, sub, 0):
		return b, errs.E(errs.Forbidden, "access.board.auditor")
	case !all:
		if units = s.headsOf(ctx, sub); len(units) == 0 {
			return b, errs.E(errs.Forbidden, "access.board.head")
		}
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if b.Looks, err = reasoned(v, units, before, pageSize+1); err != nil {
			return err
		}
		b.Flags, err = flags(v, units, open, maxFlags)
		return err
	})
	if len(b.Looks) > pageSize {
		b.Looks = b.Looks[:pageSize]
		b.Next = b.Looks[pageSize-1].ID
	}
	return b, err
}

// Settle closes a flag: explained, or a breach that is followed up. The head of the unit does
// it, or an auditor; never who looked. Errors: NotFound, Forbidden, Invalid, Conflict.
func (s *Service) Settle(ctx context.Context, v FlagID, verdict, note, key string) (err error) {
	defer errs.Op(&err, "access.Settle(%s)", v)
	sub := auth.From(ctx)
	var f Flag
	if err = s.DB.View(ctx, func(_ context.Context, q *db.View) error { f, err = flagByID(q, v); return err }); err != nil {
		return err
	}
	r := unitResource(s.Heir(f.Unit))
	r.Type, r.ID, r.Owners = "Flag", f.ID.String(), []int64{f.Actor}
	if err := s.Policies.Can(ctx, actSettle, r); err != nil {
		return err
	}
	note = clean(note)
	var bad []errs.Field
	if !slices.Contains(Verdicts(), verdict) {
		bad = append(bad, errs.Field{Path: "verdict", Key: "access.flag.verdict"})
	}
	if n := utf8.RuneCountInString(note); n < minWords || n > maxWords {
		bad = append(bad, errs.Field{Path: "note", Key: "access.reason.words", Params: errs.Params{"min": minWords, "max": maxWords}})
	}
	if len(bad) > 0 {
		return errs.E(errs.Invalid, "access.flag.invalid", errs.WithFields(bad...))
	}
	f.Verdict, f.Note, f.Settler, f.SettledBy, f.SettledAt = verdict, note, sub.Account, sub.Name, s.Clock.Now()
	entry, err := entryOf(KindSettled, journal.Subject{Type: subjectFlag, ID: int64(f.ID)}, sub.Account, f.Unit,
		flagged{Rule: f.Rule, Verdict: verdict, Note: note, By: sub.Name})
	if err != nil {
		return err
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"access.settle", v, verdict, note}), func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := settleFlag(tx, f, errs.E(errs.Conflict, "access.flag.settled")); err != nil {
			return 0, err
		}
		_, err := s.Journal.Append(tx, entry)
		return int64(v), err
	})
	return err
}

// Expired counts the looks whose term is over, but for those that are kept.
func (s *Service) Expired(ctx context.Context, before time.Time) (n int, err error) {
	defer errs.Op(&err, "access.Expired")
	kept, err := s.kept(ctx)
	if err != nil {
		return 0, err
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error { n, err = countOld(v, before, kept); return err })
	return n, err
}

func (s *Service) kept(ctx context.Context) ([]int64, error) {
	if s.Kept == nil {
		return nil, nil
	}
	return s.Kept(ctx)
}

// expireBatch is how many looks one unit of work forgets.
const expireBatch = 200

// Expire forgets looks before an instant, some at a time: the rows, and what their entries
// named. What Kept names stays. It returns how many; 0 where nothing is left. why is the rule as JSON.
func (s *Service) Expire(ctx context.Context, before time.Time, why []byte) (n int, err error) {
	defer errs.Op(&err, "access.Expire")
	kept, err := s.kept(ctx)
	if err != nil {
		return 0, err
	}
	var ids []int64
	var reasons []oldReason
	if err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if ids, err = oldLooks(v, before, kept, expireBatch); err != nil {
			return err
		}
		reasons, err = oldReasons(v, before, kept, expireBatch)
		return err
	}); err != nil {
		return 0, err
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		for _, v := range ids {
			if err := s.Journal.Erase(tx, journal.EntryID(v), 0, "", why); err != nil {
				return err
			}
			if err := removeLook(tx, v); err != nil {
				return err
			}
		}
		for _, v := range reasons {
			if v.entry != 0 {
				if err := s.Journal.Erase(tx, v.entry, 0, "", why); err != nil {
					return err
				}
			}
			if err := removeReason(tx, v.id); err != nil {
				return err
			}
		}
		return removeShown(tx, clock.DateOf(before), kept)
	})
	return len(ids) + len(reasons), err
}
