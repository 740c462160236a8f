package factor

import (
	"context"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// From is where an act comes from.
type From struct {
	Browser string // the browser's own token
	New     bool   // which it has just been given
	Network string
	Device  string
	Old     string // token of the session before
	Kiosk   bool   // a browser in a public place
}

// KioskIdle is how long a session at a kiosk may rest.
const KioskIdle = 2 * time.Minute

func (f From) how(methods []string) auth.How {
	h := auth.How{Methods: methods, Network: f.Network, Device: f.Device, Old: f.Old}
	if f.Kiosk {
		h.Idle = KioskIdle
	}
	return h
}

// In is somebody who has come in, or the step that still stands before them.
type In struct {
	Token   string
	Subject auth.Subject
	Step    string // not empty: a second factor is wanted
}

const stepSecond = "second"

// SignIn checks a password. Where the account wants a second factor the answer has a step,
// which opens in this browser for five minutes. Errors: as auth.SignIn.
func (s *Service) SignIn(ctx context.Context, login, password string, f From) (in In, err error) {
	defer errs.Op(&err, "factor.SignIn")
	known, err := s.known(ctx, login, f)
	if err != nil {
		return in, err
	}
	a, err := s.Auth.Recognise(ctx, auth.Credentials{Login: login, Password: password, Network: f.Network, Known: known})
	if err != nil {
		return in, err
	}
	if !a.Second {
		return s.open(ctx, a, f, []string{auth.ByPassword})
	}
	in.Step, err = s.begin(Step{Kind: stepSecond, Account: a.ID, Methods: []string{auth.ByPassword}}, f.Browser, nil)
	return in, err
}

// known names the browser where the owner of a login came in with it before; "" elsewhere.
func (s *Service) known(ctx context.Context, login string, f From) (name string, err error) {
	if f.Browser == "" || f.New || f.Kiosk {
		return "", nil
	}
	mark := s.k.mark("device", f.Browser)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		ok, err := knownDevice(v, auth.NormLogin(login), mark)
		if ok {
			name = mark
		}
		return err
	})
	return name, err
}

// SignUp makes a citizen's account and signs in. Errors: as auth.SignUp.
func (s *Service) SignUp(ctx context.Context, name, login, password string, f From) (in In, err error) {
	defer errs.Op(&err, "factor.SignUp")
	c := auth.Credentials{Login: login, Password: password, Network: f.Network, Device: f.Device, Old: f.Old}
	if f.Kiosk {
		c.Idle = KioskIdle
	}
	in.Token, in.Subject, err = s.Auth.SignUp(ctx, name, c)
	if errs.Is(err, errs.Forbidden) {
		return s.SignIn(ctx, login, password, f) // sent twice, by who has a second factor
	}
	if err != nil {
		return in, err
	}
	return in, s.seen(ctx, in.Subject, f)
}

// Second is what a step may be answered with.
func (s *Service) Second(ctx context.Context, step string, f From) (w Ways, err error) {
	defer errs.Op(&err, "factor.Second")
	st, err := s.step(stepSecond, step, f.Browser, nil)
	if err != nil {
		return w, err
	}
	return s.Ways(ctx, st.Account)
}

// SendSecond sends a code for a step to a contact that is a second factor.
func (s *Service) SendSecond(ctx context.Context, step string, c Channel, f From) (err error) {
	defer errs.Op(&err, "factor.SendSecond")
	st, err := s.step(stepSecond, step, f.Browser, nil)
	if err != nil {
		return err
	}
	return s.sendFor(ctx, st, c, f)
}

func (s *Service) sendFor(ctx context.Context, st Step, c Channel, f From) error {
	w, err := s.Ways(ctx, st.Account)
	if err != nil {
		return err
	}
	x, ok := w.Contact(c)
	if !ok || !x.Second {
		return gone("factor.no_contact")
	}
	if err := s.Auth.Often("second", placeOf("account", st.Account), f.Network); err != nil {
		return err
	}
	return s.mail(ctx, st.ID, st.Account, contactData{c, x.Address}, "second")
}

// AnswerCode finishes a sign-in by a code: of the application, sent, or one of recovery.
// Errors: Gone; Invalid with the field code; RateLimited.
func (s *Service) AnswerCode(ctx context.Context, step, code string, f From) (in In, err error) {
	defer errs.Op(&err, "factor.AnswerCode")
	st, err := s.step(stepSecond, step, f.Browser, nil)
	if err != nil {
		return in, err
	}
	a, err := s.Auth.AccountByID(ctx, st.Account)
	if err != nil {
		return in, err
	}
	if err := s.checkCode(ctx, st, a, code, f); err != nil {
		return in, err
	}
	return s.open(ctx, a, f, []string{auth.ByPassword, auth.ByCode, auth.ByMany})
}

// checkCode takes a code for a step once, and uses the step up.
func (s *Service) checkCode(ctx context.Context, st Step, a auth.Account, code string, f From) error {
	var w Ways
	var open, recovery bool
	mark := s.codeMark(a.ID, code)
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if open, err = usable(v, st.spentKey()); err != nil {
			return err
		}
		if recovery, err = hasCode(v, a.ID, mark); err != nil {
			return err
		}
		w, err = waysOf(v, s.k, a.ID)
		return err
	})
	if err != nil {
		return err
	}
	if !open || a.Disabled {
		return stale()
	}
	use := func(*db.Tx) error { return nil }
	sentTo := slices.ContainsFunc(w.Contacts, func(c Contact) bool { return c.Second })
	ok, err := s.Auth.Guess("second", a.Login, f.Network, func() (bool, error) {
		if w.App != nil {
			if at := fits(w.App.secret, digitsOf(code), s.Clock.Now()); at > w.App.step {
				use = func(tx *db.Tx) error { return useApp(tx, wrongCode(), a.ID, at) }
				return true, nil
			}
		}
		if recovery {
			use = func(tx *db.Tx) error { return useCode(tx, wrongCode(), a.ID, mark) }
			return true, nil
		}
		return sentTo && s.k.digits("code", st.ID) == digitsOf(code), nil
	})
	if err != nil {
		return err
	}
	if !ok {
		if err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return miss(tx, st.spentKey(), db.Time(st.Until)) }); err != nil {
			return err
		}
		return wrongCode()
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := spend(tx, st.spentKey(), db.Time(st.Until)); err != nil {
			return err
		}
		return use(tx)
	})
}

// AskSecond begins the answer of a step by passkey.
func (s *Service) AskSecond(ctx context.Context, step string, f From) (options any, key string, err error) {
	st, err := s.step(stepSecond, step, f.Browser, nil)
	if err != nil {
		return nil, "", err
	}
	return s.AskPasskeyOf(ctx, st.Account, f.Browser)
}

// AnswerKey finishes a sign-in by a passkey after the password.
func (s *Service) AnswerKey(ctx context.Context, step, key, answer string, f From) (in In, err error) {
	defer errs.Op(&err, "factor.AnswerKey")
	st, err := s.step(stepSecond, step, f.Browser, nil)
	if err != nil {
		return in, err
	}
	a, _, err := s.answerPasskey(ctx, st.Account, f.Browser, key, answer)
	if err != nil {
		return in, err
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return spend(tx, st.spentKey(), db.Time(st.Until)) })
	if err != nil {
		return in, err
	}
	return s.open(ctx, a, f, []string{auth.ByPassword, auth.ByKey, auth.ByMany})
}

// SignInByKey signs in whom a passkey names; it must have verified its owner.
func (s *Service) SignInByKey(ctx context.Context, key, answer string, f From) (in In, err error) {
	defer errs.Op(&err, "factor.SignInByKey")
	a, methods, err := s.answerPasskey(ctx, 0, f.Browser, key, answer)
	if err != nil {
		return in, err
	}
	return s.open(ctx, a, f, methods)
}

func (s *Service) open(ctx context.Context, a auth.Account, f From, methods []string) (in In, err error) {
	in.Token, in.Subject, err = s.Auth.OpenAs(ctx, a, f.how(methods))
	if err != nil {
		return in, err
	}
	return in, s.seen(ctx, in.Subject, f)
}

// Prove notes that who acts proved again who they are: with the password and, where there is
// one, a second factor, or with a passkey. Errors: as SignIn and AnswerCode.
func (s *Service) Prove(ctx context.Context, password, code, step string, f From) (err error) {
	defer errs.Op(&err, "factor.Prove")
	sub, err := s.own(ctx)
	if err != nil {
		return err
	}
	st, err := s.step(stepProve, step, f.Browser, nil)
	if err != nil {
		return err
	}
	if st.Account != sub.Account {
		return stale()
	}
	a, err := s.Auth.Recognise(ctx, auth.Credentials{Login: sub.Login, Password: password, Network: f.Network})
	if errs.Is(err, errs.Unauthenticated) {
		return errs.E(errs.Invalid, "auth.error.account", errs.WithFields(errs.Field{Path: "password", Key: "auth.error.old_password"}))
	}
	if err != nil {
		return err
	}
	methods := []string{auth.ByPassword}
	if a.Second {
		if err := s.checkCode(ctx, st, a, code, f); err != nil {
			return err
		}
		methods = append(methods, auth.ByCode, auth.ByMany)
	}
	return s.proved(ctx, sub, methods)
}

const stepProve = "prove"

// BeginProof begins a proof of who acts; the step stays good while a form is filled.
func (s *Service) BeginProof(ctx context.Context, f From) (step string, w Ways, err error) {
	defer errs.Op(&err, "factor.BeginProof")
	sub, err := s.own(ctx)
	if err != nil {
		return "", w, err
	}
	if step, err = s.beginFor(Step{Kind: stepProve, Account: sub.Account}, f.Browser, nil, 15*time.Minute); err != nil {
		return "", w, err
	}
	w, err = s.Ways(ctx, sub.Account)
	return step, w, err
}

// SendProof sends a code for a proof.
func (s *Service) SendProof(ctx context.Context, step string, c Channel, f From) (err error) {
	defer errs.Op(&err, "factor.SendProof")
	st, err := s.step(stepProve, step, f.Browser, nil)
	if err != nil {
		return err
	}
	if st.Account != auth.From(ctx).Account {
		return stale()
	}
	return s.sendFor(ctx, st, c, f)
}

// ProveByKey is Prove with one of the account's own passkeys.
func (s *Service) ProveByKey(ctx context.Context, key, answer string, f From) (err error) {
	defer errs.Op(&err, "factor.ProveByKey")
	sub, err := s.own(ctx)
	if err != nil {
		return err
	}
	_, methods, err := s.answerPasskey(ctx, sub.Account, f.Browser, key, answer)
	if err != nil {
		return err
	}
	return s.proved(ctx, sub, methods)
}

func (s *Service) proved(ctx context.Context, sub auth.Subject, methods []string) error {
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return s.provedIn(tx, sub, methods) })
}

// provedIn adds how the owner of a session was recognised now to how they were before.
func (s *Service) provedIn(tx *db.Tx, sub auth.Subject, methods []string) error {
	all := slices.Concat(sub.Methods, methods)
	if slices.Contains(all, auth.ByPassword) && (slices.Contains(all, auth.ByKey) || slices.Contains(all, auth.ByCode)) {
		all = append(all, auth.ByMany)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return s.Auth.ProvedIn(tx, sub.Account, sub.Session, all)
}

// Kept is what somebody typed before they were asked to prove who they are.
type Kept struct {
	Path string              `json:"path"`
	Form map[string][]string `json:"form"`
}

const stepKept = "kept"

// Keep seals a form for who acts: it may hold a password, so no page shows it.
func (s *Service) Keep(ctx context.Context, k Kept, f From) (string, error) {
	return s.beginFor(Step{Kind: stepKept, Account: auth.From(ctx).Account}, f.Browser, k, 15*time.Minute)
}

// Release opens what Keep sealed, once.
func (s *Service) Release(ctx context.Context, kept string, f From) (k Kept, err error) {
	defer errs.Op(&err, "factor.Release")
	st, err := s.step(stepKept, kept, f.Browser, &k)
	if err != nil {
		return k, err
	}
	if st.Account != auth.From(ctx).Account {
		return k, stale()
	}
	return k, s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return spend(tx, st.spentKey(), db.Time(st.Until)) })
}
