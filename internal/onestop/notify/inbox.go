package notify

import (
	"context"
	"math"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
)

// Entry is a notice in the inbox of an account.
type Entry struct {
	ID      EntryID
	Account int64
	Kind    Kind
	Title   string
	Body    string
	Link    string // a path of this site; "" leads nowhere
	Created time.Time
	Read    time.Time // zero while it is unread
}

// EntryID names an entry of an inbox.
type EntryID = id.Of[Entry]

// pageSize is how many entries a page shows.
const pageSize = 30

// Inbox lists the reader's own notices, the youngest first, before the one named (0 for
// the start); more says that there are older ones.
func (s *Service) Inbox(ctx context.Context, before EntryID, unreadOnly bool, limit int) (out []Entry, more bool, err error) {
	defer errs.Op(&err, "notify.Inbox")
	sub := auth.From(ctx)
	if !sub.SignedIn() {
		return nil, false, errs.E(errs.Unauthenticated, "auth.error.sign_in_first")
	}
	if before == 0 {
		before = math.MaxInt64
	}
	if limit <= 0 || limit > 200 {
		limit = pageSize
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = inboxOf(v, sub.Account, before, unreadOnly, limit+1)
		return err
	})
	if len(out) > limit {
		return out[:limit], true, err
	}
	return out, false, err
}

// Unread counts the reader's unread notices, a thousand at most. It may be a few seconds
// old.
func (s *Service) Unread(ctx context.Context) (n int, err error) {
	defer errs.Op(&err, "notify.Unread")
	sub := auth.From(ctx)
	if !sub.SignedIn() {
		return 0, nil
	}
	now := s.Clock.Now()
	if n, ok := s.unread.get(sub.Account, now); ok {
		return n, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		n, err = countUnread(v, sub.Account)
		return err
	})
	if err == nil {
		s.unread.put(sub.Account, n, now)
	}
	return n, err
}

// UnreadOf counts the unread notices of an account, in the caller's view or unit.
func (s *Service) UnreadOf(q db.Querier, account int64) (int, error) { return countUnread(q, account) }

// Read marks one of the reader's notices as read. NotFound where they have no such one. To
// mark it again changes nothing.
func (s *Service) Read(ctx context.Context, v EntryID) (err error) {
	defer errs.Op(&err, "notify.Read(%s)", v)
	sub := auth.From(ctx)
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		tx.AfterCommit(func() { s.unread.forget(sub.Account) })
		return markRead(tx, sub.Account, v)
	})
}

// ReadAll marks the reader's notices up to one as read; those that came since stay unread.
func (s *Service) ReadAll(ctx context.Context, last EntryID) (err error) {
	defer errs.Op(&err, "notify.ReadAll")
	sub := auth.From(ctx)
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		tx.AfterCommit(func() { s.unread.forget(sub.Account) })
		return markAllRead(tx, sub.Account, last)
	})
}
