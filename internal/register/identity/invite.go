package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"strconv"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/once"
)

const (
	jobInvite  = "identity.invite"
	inviteLife = 72 * time.Hour
)

type inviteArgs struct {
	Account int64 `json:"account"`
	Again   bool  `json:"again,omitempty"` // after every way in was taken from them
}

// Nobody but the officer ever knows their password: who could set one for another could be
// both of the two people that a change takes. So an invitation goes to the officer's own
// address, lasts three days, and is worth nothing once a password was chosen with it.

// invitation is the path of the page on which an officer chooses a password.
func (s *Service) invitation(account int64, until time.Time, mark []byte) string {
	q := url.Values{"a": {strconv.FormatInt(account, 10)}, "u": {strconv.FormatInt(until.UnixMilli(), 10)}}
	q.Set("s", s.seal(account, until.UnixMilli(), mark))
	return "/welcome?" + q.Encode()
}

func (s *Service) seal(account, until int64, mark []byte) string {
	m := hmac.New(sha256.New, s.Secret)
	m.Write([]byte("identity.invite\x00"))
	var n [16]byte
	binary.BigEndian.PutUint64(n[:8], uint64(account)) //nolint:gosec // bits only
	binary.BigEndian.PutUint64(n[8:], uint64(until))   //nolint:gosec // bits only
	m.Write(n[:])
	m.Write(mark)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:18])
}

// Invited is who an invitation is for. Errors: Forbidden identity.invite.stale where it is
// no invitation, has run out, or was used.
func (s *Service) Invited(ctx context.Context, account, until, seal string) (a auth.Account, err error) {
	stale := errs.E(errs.Forbidden, "identity.invite.stale")
	id, err1 := strconv.ParseInt(account, 10, 64)
	ms, err2 := strconv.ParseInt(until, 10, 64)
	if err1 != nil || err2 != nil || s.now().UnixMilli() > ms {
		return a, stale
	}
	if a, err = s.Auth.AccountByID(ctx, id); err != nil || a.Disabled || a.Kind != auth.KindOfficer {
		return a, stale
	}
	if !hmac.Equal([]byte(s.seal(id, ms, a.PasswordMark())), []byte(seal)) {
		return a, stale
	}
	return a, nil
}

// Welcome takes the password that an invited officer chose. Errors: as Invited, and Invalid
// with the field password.
func (s *Service) Welcome(ctx context.Context, account, until, seal, password string) (err error) {
	defer errs.Op(&err, "identity.Welcome")
	a, err := s.Invited(ctx, account, until, seal)
	if err != nil {
		return err
	}
	if err := s.Auth.SetPassword(ctx, a.ID, password); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		return s.append(tx, EventPassword, SubjectOfficer, a.ID, a.ID, 0, Told{By: a.Name})
	})
}

// Invite sends an officer a new invitation: the first was lost, or the password forgotten.
// In a demonstration, where nobody reads the mail, it returns the page's path. Errors:
// Forbidden, Invalid where the officer has no address.
func (s *Service) Invite(ctx context.Context, account int64, key string) (link string, err error) {
	defer errs.Op(&err, "identity.Invite")
	o, posts, err := s.Officer(ctx, account)
	if err != nil {
		return "", err
	}
	if err := s.Policies.Can(ctx, actPropose, s.account(account, posts, s.Units.Now().Government().ID)); err != nil {
		return "", err
	}
	if o.Email == "" && !s.Demo {
		return "", errs.E(errs.Invalid, "identity.invite.noEmail")
	}
	sub := auth.From(ctx)
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"invite", account}), func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := s.Jobs.Enqueue(tx, jobs.Job{Kind: jobInvite, Args: inviteArgs{Account: account}}); err != nil {
			return 0, err
		}
		return account, s.append(tx, EventInvited, SubjectOfficer, account, sub.Account, 0, Told{By: sub.Name, Name: o.Name})
	})
	if err != nil || !s.Demo {
		return "", err
	}
	a, err := s.Auth.AccountByID(ctx, account)
	return s.invitation(account, s.now().Add(inviteLife), a.PasswordMark()), err
}

func (s *Service) sendInvitation(ctx context.Context, t jobs.Task) error {
	var args inviteArgs
	if err := t.Read(&args); err != nil {
		return jobs.Permanent(err)
	}
	a, err := s.Auth.AccountByID(ctx, args.Account)
	if err != nil {
		return err
	}
	var o Officer
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		o, err = findOfficer(v, args.Account)
		return err
	})
	if err != nil || o.Email == "" {
		return err
	}
	words, err := i18n.NewBundle(Messages)
	if err != nil {
		return err
	}
	text := "identity.mail.text"
	if args.Again {
		text = "identity.mail.again"
	}
	until := s.now().Add(inviteLife)
	link := s.Address + s.invitation(a.ID, until, a.PasswordMark())
	return s.Mail.Send(ctx, mail.Message{
		To: o.Email, Name: o.Name, Subject: words.T(i18n.VI, "identity.mail.subject"), Key: "invite-" + t.ID.String(),
		Text: words.T(i18n.VI, text, "name", o.Name, "login", o.Login, "number", o.Number, "link", link, "until", until.In(clock.Zone)),
	})
}
