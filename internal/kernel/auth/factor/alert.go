package factor

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// seen keeps which browser an account was used from, and writes down where it is a new one.
// The very first is not new. A known browser at another network is news at an officer's
// account only: telephones change networks all day, and who is told too often stops reading.
func (s *Service) seen(ctx context.Context, sub auth.Subject, f From) error {
	if f.Browser == "" {
		return nil
	}
	here := device{s.k.mark("device", f.Browser), f.Network}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		list, err := devicesOf(tx, sub.Account)
		if err != nil {
			return err
		}
		browser, network := false, false
		for _, d := range list {
			browser = browser || d.browser == here.browser
			network = network || d.network == here.network
		}
		if !f.Kiosk {
			if err := seeDevice(tx, sub.Account, here); err != nil {
				return err
			}
		}
		if len(list) == 0 || browser && (network || sub.Kind != auth.KindOfficer) {
			return nil
		}
		return s.note(tx, KindNewDevice, sub.Account, sub.Account, Told{Label: f.Device, Network: f.Network, Session: sub.Session})
	})
}

// EndSession ends a session of who acts.
func (s *Service) EndSession(ctx context.Context, session int64) (err error) {
	defer errs.Op(&err, "factor.EndSession")
	sub, err := s.own(ctx)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := s.Auth.EndSessionIn(tx, sub.Account, session); err != nil {
			return err
		}
		return s.note(tx, KindEnded, sub.Account, sub.Account, Told{Session: session})
	})
}

// EndOthers ends every browser session of who acts but this one.
func (s *Service) EndOthers(ctx context.Context) (err error) {
	defer errs.Op(&err, "factor.EndOthers")
	sub, err := s.own(ctx)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := s.Auth.EndOthersIn(tx, sub.Account, sub.Session); err != nil {
			return err
		}
		return s.note(tx, KindEnded, sub.Account, sub.Account, Told{})
	})
}

// ChangePassword sets a new password for who acts, ends the other sessions and opens one
// here. The old one is asked for, unless a passkey proved the owner just now. Errors: Invalid
// with the fields old and password; RateLimited.
func (s *Service) ChangePassword(ctx context.Context, old, password string, f From) (in In, err error) {
	defer errs.Op(&err, "factor.ChangePassword")
	sub, err := s.own(ctx)
	if err != nil {
		return in, err
	}
	a, err := s.Auth.AccountByID(ctx, sub.Account)
	if err != nil {
		return in, err
	}
	if !s.ProvedByKey(sub) {
		if err := s.rightPassword(ctx, a, old, f); err != nil {
			return in, err
		}
	}
	if err := s.setPassword(ctx, a, password, f, func(*db.Tx) error { return nil }); err != nil {
		return in, err
	}
	return s.open(ctx, a, f, sub.Methods)
}

// ProvedByKey reports whether who acts proved by a passkey just now that they are the owner.
func (s *Service) ProvedByKey(sub auth.Subject) bool {
	key, many := false, false
	for _, m := range sub.Methods {
		key, many = key || m == auth.ByKey, many || m == auth.ByMany
	}
	return key && many && sub.Fresh(s.Clock.Now(), auth.FreshFor)
}

func (s *Service) rightPassword(ctx context.Context, a auth.Account, old string, f From) error {
	_, err := s.Auth.Recognise(ctx, auth.Credentials{Login: a.Login, Password: old, Network: f.Network})
	switch {
	case errs.Is(err, errs.Unauthenticated):
		return errs.E(errs.Invalid, "auth.error.account", errs.WithFields(errs.Field{Path: "old", Key: "auth.error.old_password"}))
	case errs.Is(err, errs.Forbidden) && a.Renew:
		return nil // right, and to be replaced now
	}
	return err
}

func (s *Service) setPassword(ctx context.Context, a auth.Account, password string, f From, more func(*db.Tx) error) error {
	if err := s.Auth.CheckPassword(a, password); err != nil {
		return err
	}
	hash, err := s.Auth.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := more(tx); err != nil {
			return err
		}
		if err := s.Auth.SetPasswordIn(tx, a.ID, hash); err != nil {
			return err
		}
		return s.note(tx, KindPassword, a.ID, a.ID, Told{Label: f.Device, Network: f.Network})
	})
}

// alarm is what a link "that was not me" carries.
type alarm struct {
	ID      int64 `json:"id"`
	Account int64 `json:"account"`
	Until   int64 `json:"until"`
}

const alarmLife = 7 * 24 * time.Hour

// AlarmPath is the path of a page on which the owner of an account says that something was
// not them. It goes by ways that only the owner reads, and works once, for a week.
func (s *Service) AlarmPath(account, entry int64, at time.Time) (string, error) {
	plain, err := json.Marshal(alarm{entry, account, at.Add(alarmLife).UnixMilli()})
	if err != nil {
		return "", err
	}
	return "/not-me?t=" + base64.RawURLEncoding.EncodeToString(s.k.close("alarm", plain)), nil
}

func (s *Service) alarm(text string) (a alarm, err error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return a, stale()
	}
	plain, err := s.k.open("alarm", b)
	if err != nil || json.Unmarshal(plain, &a) != nil || s.Clock.Now().UnixMilli() > a.Until {
		return a, stale()
	}
	return a, nil
}

const stepRenew = "renew"

// AlarmOpen reports whether a link still works.
func (s *Service) AlarmOpen(ctx context.Context, text string) (err error) {
	a, err := s.alarm(text)
	if err != nil {
		return err
	}
	open := false
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		open, err = usable(v, placeOf("alarm", a.ID))
		return err
	})
	if err == nil && !open {
		return stale()
	}
	return err
}

// RaiseAlarm ends every session of the account, cancels what was begun to get into it, and
// lets its password open nothing until another was chosen: with the step, in this browser.
func (s *Service) RaiseAlarm(ctx context.Context, text string, f From) (step string, err error) {
	defer errs.Op(&err, "factor.RaiseAlarm")
	a, err := s.alarm(text)
	if err != nil {
		return "", err
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := spend(tx, placeOf("alarm", a.ID), db.Time(a.Until)); err != nil {
			return err
		}
		if err := closeRecoveries(tx, a.Account, "cancelled"); err != nil {
			return err
		}
		if err := s.Auth.RenewIn(tx, a.Account); err != nil {
			return err
		}
		return s.note(tx, KindEnded, a.Account, a.Account, Told{Way: "alarm", ID: a.ID})
	})
	if err != nil {
		return "", err
	}
	return s.beginFor(Step{Kind: stepRenew, Account: a.Account}, f.Browser, nil, time.Hour)
}

// Renew sets another password after an alarm, and opens nothing: who did it signs in. Errors:
// Gone; Invalid with the fields old and password.
func (s *Service) Renew(ctx context.Context, step, old, password string, f From) (err error) {
	defer errs.Op(&err, "factor.Renew")
	st, err := s.step(stepRenew, step, f.Browser, nil)
	if err != nil {
		return err
	}
	a, err := s.Auth.AccountByID(ctx, st.Account)
	if err != nil {
		return err
	}
	if err := s.rightPassword(ctx, a, old, f); err != nil {
		return err
	}
	if old == password {
		return errs.E(errs.Invalid, "auth.error.account", errs.WithFields(errs.Field{Path: "password", Key: "factor.same_password"}))
	}
	return s.setPassword(ctx, a, password, f, func(tx *db.Tx) error { return spend(tx, st.spentKey(), db.Time(st.Until)) })
}
