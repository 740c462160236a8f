package factor

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"strconv"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/jobs"
)

// Recovery is a way back that was begun for an account.
type Recovery struct {
	ID      int64
	Account int64
	How     string // HowSelf or HowCounter
	State   string
	By      int64 // the officer at the counter
	Opens   time.Time
	Expires time.Time
	Created time.Time
}

// How a recovery was begun.
const (
	HowSelf    = "self"
	HowCounter = "counter"
)

const (
	stepRecover = "recover"
	stepReset   = "reset"

	recoverLife = 15 * time.Minute
	// CounterWait is how long the owner has to say no after somebody showed a card at a counter.
	CounterWait = 24 * time.Hour
	counterLife = 7 * 24 * time.Hour
)

type recoverData struct {
	Recovery int64  `json:"recovery"`
	Account  int64  `json:"account"`
	Login    string `json:"login"`
}

type recoveryArgs struct {
	Recovery int64     `json:"recovery"`
	Lang     i18n.Lang `json:"lang"`
}

// BeginRecovery begins the way back of a citizen who lost the password. What it does and says
// is the same for a login that nobody has; a job finds out. RateLimited.
func (s *Service) BeginRecovery(ctx context.Context, login string, f From) (step string, err error) {
	defer errs.Op(&err, "factor.BeginRecovery")
	login = auth.NormLogin(login)
	if err := s.Auth.Often("recover", login, f.Network); err != nil {
		return "", err
	}
	account := int64(0)
	a, err := s.Auth.FindAccount(ctx, login)
	switch {
	case errs.Is(err, errs.NotFound):
	case err != nil:
		return "", err
	case a.Kind == auth.KindCitizen && !a.Disabled:
		account = a.ID
	}
	r := Recovery{ID: s.Gen.Next(), Account: account, How: HowSelf}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r.Opens, r.Expires = tx.Now(), tx.Now().Add(recoverLife)
		if err := insertRecovery(tx, r); err != nil {
			return err
		}
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: jobRecovery, Args: recoveryArgs{r.ID, i18n.LangOf(ctx)}})
	})
	if err != nil {
		return "", err
	}
	return s.beginFor(Step{Kind: stepRecover}, f.Browser, recoverData{r.ID, account, login}, recoverLife)
}

// sendRecovery is the job: it sends the codes and tells the owner on every way.
func (s *Service) sendRecovery(ctx context.Context, t jobs.Task) error {
	var args recoveryArgs
	if err := t.Read(&args); err != nil {
		return jobs.Permanent(err)
	}
	var r Recovery
	var w Ways
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if r, err = recoveryByID(v, args.Recovery); err != nil {
			return err
		}
		w, err = waysOf(v, s.k, r.Account)
		return err
	})
	if err != nil || r.Account == 0 || r.State != "open" {
		return err
	}
	a, err := s.Auth.AccountByID(ctx, r.Account)
	if err != nil {
		return err
	}
	if t.Attempt == 1 {
		err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return s.note(tx, KindBegun, a.ID, 0, Told{ID: r.ID}) })
		if err != nil {
			return err
		}
	}
	phone := contactData{Phone, a.Login}
	if c, ok := w.Contact(Phone); ok {
		phone.Address = c.Address
	}
	if s.Sends(Phone) && auth.IsPhone(phone.Address) {
		if err := s.send(ctx, a, phone, r.ID, "recover", args.Lang); err != nil {
			return err
		}
	}
	if c, ok := w.Contact(Email); ok && s.Sends(Email) {
		return s.send(ctx, a, contactData{Email, c.Address}, -r.ID, "recover", args.Lang)
	}
	return nil
}

func wrongRecovery() error {
	return errs.E(errs.Invalid, "factor.recover_wrong", errs.WithFields(errs.Field{Path: "phone", Key: "factor.recover_wrong"}))
}

// AnswerRecovery takes both proofs: the code sent to the telephone, and one of a recovery code,
// the code sent by e-mail, or the code of a counter. Who has the telephone alone comes no
// further. Errors: Gone; Invalid, in the same words whatever was wrong; RateLimited.
func (s *Service) AnswerRecovery(ctx context.Context, step, phone, other string, f From) (reset string, err error) {
	defer errs.Op(&err, "factor.AnswerRecovery")
	var d recoverData
	st, err := s.step(stepRecover, step, f.Browser, &d)
	if err != nil {
		return "", err
	}
	mark := s.codeMark(d.Account, other)
	var open, recovery bool
	var atCounter []Recovery
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if open, err = usable(v, st.spentKey()); err != nil {
			return err
		}
		if recovery, err = hasCode(v, d.Account, mark); err != nil {
			return err
		}
		atCounter, err = openRecoveries(v, d.Account)
		return err
	})
	if err != nil {
		return "", err
	}
	if !open {
		return "", stale()
	}
	use := func(*db.Tx) error { return nil }
	ok, err := s.Auth.Guess("recover", d.Login, f.Network, func() (bool, error) {
		right := equal(s.k.digits("code", d.Recovery), digitsOf(phone))
		byMail := equal(s.k.digits("code", -d.Recovery), digitsOf(other))
		now, counter := s.Clock.Now(), false
		for _, r := range atCounter {
			if r.How == HowCounter && !now.Before(r.Opens) && now.Before(r.Expires) && equal(s.counterCode(r.ID), plainCode(other)) {
				counter = true
			}
		}
		switch {
		case d.Account == 0 || !right:
			return false, nil
		case recovery:
			use = func(tx *db.Tx) error { return useCode(tx, wrongRecovery(), d.Account, mark) }
			return true, nil
		case byMail:
			// The address must be confirmed: without one the code was sent to nobody.
			w, err := s.Ways(ctx, d.Account)
			_, has := w.Contact(Email)
			return has, err
		}
		return counter, nil
	})
	if err != nil {
		return "", err
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if !ok {
			return miss(tx, st.spentKey(), db.Time(st.Until))
		}
		if err := spend(tx, st.spentKey(), db.Time(st.Until)); err != nil {
			return err
		}
		return use(tx)
	})
	if err != nil {
		return "", err
	}
	if !ok {
		return "", wrongRecovery()
	}
	return s.beginFor(Step{Kind: stepReset, Account: d.Account}, f.Browser, d, recoverLife)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Resettable tells whether a reset may still be finished in this browser.
func (s *Service) Resettable(step string, f From) (auth.Kind, error) {
	_, err := s.step(stepReset, step, f.Browser, nil)
	return auth.KindCitizen, err
}

// Reset sets the new password, ends every session and signs in. Errors: Gone; Invalid with
// the field password.
func (s *Service) Reset(ctx context.Context, step, password string, f From) (in In, err error) {
	defer errs.Op(&err, "factor.Reset")
	st, err := s.step(stepReset, step, f.Browser, nil)
	if err != nil {
		return in, err
	}
	a, err := s.Auth.AccountByID(ctx, st.Account)
	if err != nil {
		return in, err
	}
	if err := s.Auth.CheckPassword(a, password); err != nil {
		return in, err
	}
	hash, err := s.Auth.HashPassword(ctx, password)
	if err != nil {
		return in, err
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := spend(tx, st.spentKey(), db.Time(st.Until)); err != nil {
			return err
		}
		if err := s.Auth.SetPasswordIn(tx, a.ID, hash); err != nil {
			return err
		}
		if err := closeRecoveries(tx, a.ID, "done"); err != nil {
			return err
		}
		return s.note(tx, KindRecovered, a.ID, a.ID, Told{Label: f.Device, Network: f.Network})
	})
	if err != nil {
		return in, err
	}
	// Two proofs of different kinds: what was lost can be put right now.
	return s.open(ctx, a, f, []string{auth.ByCode, auth.ByMany})
}

// counterCode is what the officer hands out on paper.
func (s *Service) counterCode(v int64) string {
	n := binary.BigEndian.Uint64(s.k.sum("counter", strconv.FormatInt(v, 10)))
	out := make([]byte, codeLength)
	for i := range out {
		out[i] = codeLetters[n%uint64(len(codeLetters))]
		n /= uint64(len(codeLetters))
	}
	return string(out)
}

// BeginAtCounter begins the way back of somebody whose card an officer saw. The code opens
// after a day, and only together with the code sent to the telephone: neither the officer nor
// the holder of the telephone comes in alone. The owner is told on every way and may cancel.
// Errors: NotFound, also for an officer's account; Conflict where one is open.
func (s *Service) BeginAtCounter(ctx context.Context, login string) (r Recovery, code string, err error) {
	defer errs.Op(&err, "factor.BeginAtCounter")
	sub, err := s.own(ctx)
	if err != nil {
		return r, "", err
	}
	if sub.Kind != auth.KindOfficer {
		return r, "", errs.E(errs.Forbidden, "auth.error.not_allowed")
	}
	a, err := s.Auth.FindAccount(ctx, login)
	if err != nil {
		return r, "", err
	}
	if a.Kind != auth.KindCitizen || a.Disabled {
		return r, "", errs.E(errs.NotFound, "auth.error.no_account")
	}
	r = Recovery{ID: s.Gen.Next(), Account: a.ID, How: HowCounter, By: sub.Account}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		list, err := openRecoveries(tx, a.ID)
		if err != nil {
			return err
		}
		for _, x := range list {
			if x.How == HowCounter && tx.Now().Before(x.Expires) {
				return errs.E(errs.Conflict, "factor.recovery_open", errs.P("opens", x.Opens))
			}
		}
		r.Opens = tx.Now().Add(CounterWait)
		r.Expires = r.Opens.Add(counterLife)
		if err := insertRecovery(tx, r); err != nil {
			return err
		}
		return s.note(tx, KindBegun, a.ID, sub.Account, Told{ID: r.ID, Way: HowCounter, Until: db.Millis(r.Opens)})
	})
	code = s.counterCode(r.ID)
	return r, code[:5] + "-" + code[5:], err
}

// Recoveries are the ways back of an account that are open at a counter.
func (s *Service) Recoveries(ctx context.Context, account int64) (out []Recovery, err error) {
	defer errs.Op(&err, "factor.Recoveries(%d)", account)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		list, err := openRecoveries(v, account)
		for _, r := range list {
			if r.How == HowCounter && s.Clock.Now().Before(r.Expires) {
				out = append(out, r)
			}
		}
		return err
	})
	return out, err
}

// CancelRecoveries ends every open way back of who acts.
func (s *Service) CancelRecoveries(ctx context.Context) (err error) {
	defer errs.Op(&err, "factor.CancelRecoveries")
	sub, err := s.own(ctx)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := closeRecoveries(tx, sub.Account, "cancelled"); err != nil {
			return err
		}
		return s.note(tx, KindCancelled, sub.Account, sub.Account, Told{})
	})
}

// ResetIn takes every way in from an account, its password too, and ends its sessions, as part
// of the unit in which two people decided so: for an officer who lost them all. What comes
// after it is an invitation to the officer's own address.
func (s *Service) ResetIn(tx *db.Tx, account, by int64) error {
	if err := deleteWays(tx, account); err != nil {
		return err
	}
	if err := closeRecoveries(tx, account, "cancelled"); err != nil {
		return err
	}
	if err := s.Auth.SetPasswordIn(tx, account, ""); err != nil {
		return err
	}
	if err := s.refresh(tx, account); err != nil {
		return err
	}
	return s.note(tx, KindReset, account, by, Told{})
}
