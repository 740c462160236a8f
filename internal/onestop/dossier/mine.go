package dossier

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/onestop/process"
)

// Mine is a citizen's own shelf: what they filed, for themselves or for somebody, and what
// they were given to follow.
type Mine struct {
	Open  []Dossier // not ended, children too, the youngest first
	Ended []Dossier // a page of those that ended, without children
	More  ID        // the next page of Ended lies before it; 0 at the end
	Rated map[ID]bool
}

// maxOpen bounds what one page of open dossiers shows. Nobody but a filing agency has more,
// and those read the API's pages.
const maxOpen = 200

// MineOf returns the dossiers of the signed-in account. before pages through the ended ones;
// a later page brings only those.
func (s *Service) MineOf(ctx context.Context, before ID, limit int) (m Mine, err error) {
	defer errs.Op(&err, "dossier.MineOf")
	sub := auth.From(ctx)
	if sub.Account == 0 {
		return m, errs.E(errs.Unauthenticated, "auth.error.sign_in_first")
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		reach, err := s.Mandates.Reaches(v, sub.Account)
		if err != nil {
			return err
		}
		last := before
		if before == 0 {
			last = math.MaxInt64
			if m.Open, err = openOf(v, sub.Account, reach, maxOpen); err != nil {
				return err
			}
		}
		if m.Ended, err = endedOf(v, sub.Account, reach, last, limit+1); err != nil {
			return err
		}
		if len(m.Ended) > limit {
			m.Ended = m.Ended[:limit]
			m.More = m.Ended[limit-1].ID
		}
		m.Rated, err = ratedAmong(v, m.Ended)
		return err
	})
	return m, err
}

// AskKind is what a dossier waits for from its applicant.
type AskKind string

// The things that an applicant is asked for.
const (
	AskSupplement AskKind = "supplement" // papers or answers are missing
	AskConfirm    AskKind = "confirm"    // a draft to be read
	AskPay        AskKind = "pay"
	AskCollect    AskKind = "collect" // the result is ready
	AskRate       AskKind = "rate"
)

// Ask is what the applicant should do now.
type Ask struct {
	Kind AskKind
	By   time.Time // until when; zero: no term
}

// askRate is for how long somebody is reminded to rate; mayRate for how long they may.
const (
	askRate = 30 * 24 * time.Hour
	mayRate = 180 * 24 * time.Hour
)

// AskOf is the one thing that a dossier waits for from its applicant; false where it waits
// for nothing. It costs no query.
func (s *Service) AskOf(d Dossier, rated bool) (Ask, bool) {
	if t, ok := d.Instance.Waiting(process.ForSupplement); ok {
		return Ask{AskSupplement, t.Timer.Time()}, true
	}
	if t, ok := d.Instance.Waiting(process.ForApplicant); ok {
		return Ask{AskConfirm, t.Timer.Time()}, true
	}
	switch {
	case !d.UnpaidAt.IsZero():
		return Ask{Kind: AskPay}, true
	case d.State == process.Done && d.Parent == 0: // children's results are returned with the parent's
		return Ask{Kind: AskCollect}, true
	case !rated && mayBeRated(d, s.Clock.Now(), askRate):
		return Ask{Kind: AskRate}, true
	}
	return Ask{}, false
}

// follows reports whether the account keeps a dossier that others filed.
func (s *Service) follows(q db.Querier, sub auth.Subject, v ID) (bool, error) {
	if sub.Account == 0 || sub.Kind != auth.KindCitizen {
		return false, nil
	}
	return isLinked(q, sub.Account, v)
}

// Follows reports whether the reader keeps a dossier among theirs without having filed it.
func (s *Service) Follows(ctx context.Context, d Dossier) (yes bool, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		yes, err = s.follows(v, auth.From(ctx), d.ID)
		return err
	})
	return yes, err
}

// linkType is the journal's subject of following, apart from the dossier's own timeline.
const linkType = "dossier.link"

// Follow puts a dossier among those of the signed-in account. viewer must open it by key or
// phone: that the account's own number stands in it opens nothing, since nobody has proved
// yet that an account's number is its owner's. Errors: NotFound.
func (s *Service) Follow(ctx context.Context, code, key string, viewer Viewer) (d Dossier, err error) {
	defer errs.Op(&err, "dossier.Follow")
	return s.link(ctx, code, key, "dossier.followed", viewer, func(tx *db.Tx, account int64, d Dossier) error {
		return insertLink(tx, account, d.ID, tx.Now())
	})
}

// Unfollow takes a dossier from those that the account follows; those that it filed stay.
func (s *Service) Unfollow(ctx context.Context, code, key string) (err error) {
	defer errs.Op(&err, "dossier.Unfollow")
	_, err = s.link(ctx, code, key, "dossier.unfollowed", Viewer{}, func(tx *db.Tx, account int64, d Dossier) error {
		return deleteLink(tx, account, d.ID)
	})
	return err
}

func (s *Service) link(ctx context.Context, code, key, kind string, viewer Viewer, write func(*db.Tx, int64, Dossier) error) (d Dossier, err error) {
	sub := auth.From(ctx)
	if err := s.Policies.Can(ctx, actFollow, auth.Resource{Type: "Dossier"}); err != nil {
		return d, err
	}
	if d, _, err = s.Find(ctx, code, viewer); err != nil || isOwner(sub, d) {
		return d, err
	}
	payload, err := json.Marshal(Happening{By: sub.Name})
	if err != nil {
		return d, err
	}
	hash := once.Hash([]string{kind, d.Code})
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := write(tx, sub.Account, d); err != nil {
			return err
		}
		entry := journal.Entry{Kind: kind, Subject: journal.Subject{Type: linkType, ID: int64(d.ID)}, Actor: sub.Account, Payload: payload}
		if _, err := s.Journal.Append(tx, entry); err != nil {
			return err
		}
		return once.Record(tx, sub.Account, key, hash, int64(d.ID))
	})
	if err != nil {
		if _, again, onceErr := s.replay(ctx, sub.Account, key, hash); onceErr != nil || again {
			return d, errors.Join(onceErr)
		}
	}
	return d, err
}
