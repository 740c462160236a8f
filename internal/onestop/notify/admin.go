package notify

import (
	"context"
	"math"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
)

// EventResent is the journal's kind of a message that was given another round of tries.
const EventResent = "notify.resent"

// Who may look at the messages of the city, and who may send one again.
const (
	MayRead   = auth.Policy("role leader or designer or auditor")
	MayResend = auth.Policy("role leader or designer")
)

// Filter selects messages; zero values select all.
type Filter struct {
	State   State
	Channel Channel
	Before  MessageID
	Limit   int
}

// Tally counts messages by channel and state.
type Tally map[Channel]map[State]int

// Of counts a state over all channels.
func (t Tally) Of(s State) (n int) {
	for _, by := range t {
		n += by[s]
	}
	return n
}

// counted is how far back figures look.
const counted = 7 * 24 * time.Hour

// List reads the messages of the reader's units, the youngest first, with their addresses half hidden and without
// their texts.
func (s *Service) List(ctx context.Context, f Filter) (out []Message, more bool, err error) {
	defer errs.Op(&err, "notify.List")
	units, err := s.read(ctx)
	if err != nil {
		return nil, false, err
	}
	if f.Before == 0 {
		f.Before = math.MaxInt64
	}
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = pageSize
	}
	want := f.Limit
	f.Limit++
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = list(v, f, units)
		return err
	})
	if more = len(out) > want; more {
		out = out[:want]
	}
	for i := range out {
		out[i].To = mask(out[i].To)
	}
	return out, more, err
}

// mask hides most of an address: 84912***678, t***@example.com.
func mask(to string) string {
	name, host, isMail := strings.Cut(to, "@")
	switch {
	case isMail:
		return string([]rune(name + "*")[:1]) + "***@" + host
	case strings.HasPrefix(to, "account:"):
		return ""
	case len(to) > 8:
		return to[:5] + "***" + to[len(to)-3:]
	}
	return "***"
}

// Counts counts the messages of the reader's units in the last seven days.
func (s *Service) Counts(ctx context.Context) (out Tally, err error) {
	defer errs.Op(&err, "notify.Counts")
	units, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = count(v, s.Clock.Now().Add(-counted), units)
		return err
	})
	return out, err
}

// Resends reports whether the reader may send a message again.
func (s *Service) Resends(ctx context.Context, m Message) bool {
	return s.Policies.May(ctx, actResend, s.of(m.Unit))
}

// Resend gives a message that failed all its tries again. NotFound; Forbidden where it is of a
// unit of others; Conflict where it has
// not failed, or somebody sent it again already.
func (s *Service) Resend(ctx context.Context, v MessageID, key string) (err error) {
	defer errs.Op(&err, "notify.Resend(%s)", v)
	sub := auth.From(ctx)
	var m Message
	if err := s.DB.View(ctx, func(_ context.Context, q *db.View) (err error) { m, err = find(q, v); return err }); err != nil {
		return err
	}
	if err := s.Policies.Can(ctx, actResend, s.of(m.Unit)); err != nil {
		return err
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"resend", v}), func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := revive(tx, v); err != nil {
			return 0, err
		}
		if _, err := s.Journal.Append(tx, journal.Entry{
			Kind: EventResent, Subject: journal.Subject{Type: "notice", ID: int64(v)}, Actor: sub.Account, Payload: []byte("{}"),
		}); err != nil {
			return 0, err
		}
		return int64(v), s.Jobs.Enqueue(tx, jobs.Job{Kind: jobSend, Args: sendArgs{v}})
	})
	return err
}
