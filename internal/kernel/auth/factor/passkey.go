package factor

import (
	"context"
	"encoding/binary"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Passkey is a key that a telephone, a computer or a security key keeps for an account.
type Passkey struct {
	ID      int64
	Account int64
	Label   string
	Cloned  bool // its counter ran back: somebody else may have a copy
	Created time.Time
	Used    time.Time // zero: never
	record  webauthn.Credential
}

const (
	maxPasskeys = 20
	maxLabel    = 60

	stepRegister = "register"
	stepPasskey  = "passkey"
)

// holder is an account as the library sees it. The handle that authenticators keep tells
// nobody anything.
type holder struct {
	a    auth.Account
	list []Passkey
}

func handle(account int64) []byte {
	return binary.BigEndian.AppendUint64([]byte("khue"), uint64(account)) //nolint:gosec // bits only
}

func accountOf(b []byte) int64 {
	if len(b) != 12 || string(b[:4]) != "khue" {
		return 0
	}
	return int64(binary.BigEndian.Uint64(b[4:])) //nolint:gosec // bits only
}

func (h holder) WebAuthnID() []byte          { return handle(h.a.ID) }
func (h holder) WebAuthnName() string        { return h.a.Login }
func (h holder) WebAuthnDisplayName() string { return h.a.Name }
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, len(h.list))
	for i, p := range h.list {
		out[i] = p.record
	}
	return out
}

func noKeys() error { return errs.E(errs.Unavailable, "factor.no_passkeys") }

func refusedKey(err error) error {
	return errs.E(errs.Invalid, "factor.passkey_refused", errs.Cause(err), errs.WithFields(errs.Field{Key: "factor.passkey_refused"}))
}

// BeginPasskey begins the registration of a passkey of who acts: options for the browser and
// the step that comes back with its answer.
func (s *Service) BeginPasskey(ctx context.Context, browser string) (options any, step string, err error) {
	defer errs.Op(&err, "factor.BeginPasskey")
	sub, err := s.own(ctx)
	if err != nil {
		return nil, "", err
	}
	if s.keys == nil {
		return nil, "", noKeys()
	}
	h, err := s.holder(ctx, sub.Account)
	if err != nil {
		return nil, "", err
	}
	if len(h.list) >= maxPasskeys {
		return nil, "", errs.E(errs.Conflict, "factor.too_many_passkeys", errs.P("max", maxPasskeys))
	}
	known := make([]protocol.CredentialDescriptor, len(h.list))
	for i, p := range h.list {
		known[i] = p.record.Descriptor()
	}
	creation, session, err := s.keys.BeginRegistration(h,
		webauthn.WithResidentKeyRequirement(protocol.ResidentKeyRequirementRequired),
		webauthn.WithExclusions(known),
		func(o *protocol.PublicKeyCredentialCreationOptions) error {
			o.AuthenticatorSelection.UserVerification = protocol.VerificationPreferred
			o.Timeout = int(stepLife.Milliseconds())
			return nil
		})
	if err != nil {
		return nil, "", err
	}
	step, err = s.begin(Step{Kind: stepRegister, Account: sub.Account}, browser, session)
	return creation.Response, step, err
}

// AddPasskey keeps the passkey that a browser made, and returns recovery codes where the
// account has none: the device may be lost. Errors: Gone where the step ran out or was used;
// Invalid where the answer does not fit.
func (s *Service) AddPasskey(ctx context.Context, browser, step, answer, label string) (codes []string, err error) {
	defer errs.Op(&err, "factor.AddPasskey")
	sub, err := s.own(ctx)
	if err != nil {
		return nil, err
	}
	if s.keys == nil {
		return nil, noKeys()
	}
	var session webauthn.SessionData
	st, err := s.step(stepRegister, step, browser, &session)
	if err != nil {
		return nil, err
	}
	if st.Account != sub.Account {
		return nil, stale()
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return nil, refusedKey(err)
	}
	h, err := s.holder(ctx, sub.Account)
	if err != nil {
		return nil, err
	}
	record, err := s.keys.CreateCredential(h, session, parsed)
	if err != nil {
		return nil, refusedKey(err)
	}
	// What proves the make of the device is not kept: nobody here asks for it.
	record.Attestation = webauthn.CredentialAttestation{}
	p := Passkey{ID: s.Gen.Next(), Account: sub.Account, Label: cleanLabel(label), record: *record}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := spend(tx, st.spentKey(), db.Time(st.Until)); err != nil {
			return err
		}
		if err := insertPasskey(tx, s.k, p); err != nil {
			return err
		}
		if err := s.refresh(tx, sub.Account); err != nil {
			return err
		}
		if codes, err = s.firstCodes(tx, sub.Account); err != nil {
			return err
		}
		if err := s.provedIn(tx, sub, ofKey(parsed.Response.AttestationObject.AuthData.Flags)); err != nil {
			return err
		}
		return s.note(tx, KindAdded, sub.Account, sub.Account, Told{Way: "passkey", Label: p.Label})
	})
	if db.IsUnique(err) {
		return nil, refusedKey(err)
	}
	return codes, err
}

func cleanLabel(label string) string {
	label = strings.TrimSpace(label)
	for utf8.RuneCountInString(label) > maxLabel {
		_, n := utf8.DecodeLastRuneInString(label)
		label = label[:len(label)-n]
	}
	return label
}

func gone(key string) error { return errs.E(errs.NotFound, key) }

// RenamePasskey gives a passkey of who acts another name.
func (s *Service) RenamePasskey(ctx context.Context, v int64, label string) (err error) {
	defer errs.Op(&err, "factor.RenamePasskey")
	sub, err := s.own(ctx)
	if err != nil {
		return err
	}
	if label = cleanLabel(label); label == "" {
		return errs.E(errs.Invalid, "auth.error.account", errs.WithFields(errs.Field{Path: "label", Key: "factor.label"}))
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		return renamePasskey(tx, gone("factor.no_passkey"), sub.Account, v, label)
	})
}

// RemovePasskey takes a passkey of who acts away.
func (s *Service) RemovePasskey(ctx context.Context, v int64) (err error) {
	defer errs.Op(&err, "factor.RemovePasskey")
	sub, err := s.own(ctx)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		label := ""
		list, err := passkeysOf(tx, s.k, sub.Account)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.ID == v {
				label = p.Label
			}
		}
		if err := deletePasskey(tx, gone("factor.no_passkey"), sub.Account, v); err != nil {
			return err
		}
		if err := s.refresh(tx, sub.Account); err != nil {
			return err
		}
		return s.note(tx, KindRemoved, sub.Account, sub.Account, Told{Way: "passkey", Label: label})
	})
}

// holder reads an account with its passkeys.
func (s *Service) holder(ctx context.Context, account int64) (h holder, err error) {
	if h.a, err = s.Auth.AccountByID(ctx, account); err != nil {
		return h, err
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		h.list, err = passkeysOf(v, s.k, account)
		return err
	})
	return h, err
}

// AskPasskey begins a sign-in by passkey in a browser, before anybody said who they are: the
// authenticator says it. The options name no account, so they tell nothing.
func (s *Service) AskPasskey(browser string) (options any, step string, err error) {
	defer errs.Op(&err, "factor.AskPasskey")
	if s.keys == nil {
		return nil, "", noKeys()
	}
	assertion, session, err := s.keys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired),
		func(o *protocol.PublicKeyCredentialRequestOptions) error {
			o.Timeout = int(stepLife.Milliseconds())
			return nil
		})
	if err != nil {
		return nil, "", err
	}
	step, err = s.begin(Step{Kind: stepPasskey}, browser, session)
	return assertion.Response, step, err
}

// AskPasskeyOf begins the proof by one of an account's own passkeys.
func (s *Service) AskPasskeyOf(ctx context.Context, account int64, browser string) (options any, step string, err error) {
	defer errs.Op(&err, "factor.AskPasskeyOf")
	if s.keys == nil {
		return nil, "", noKeys()
	}
	h, err := s.holder(ctx, account)
	if err != nil {
		return nil, "", err
	}
	if len(h.list) == 0 {
		return nil, "", gone("factor.no_passkey")
	}
	assertion, session, err := s.keys.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationPreferred),
		func(o *protocol.PublicKeyCredentialRequestOptions) error {
			o.Timeout = int(stepLife.Milliseconds())
			return nil
		})
	if err != nil {
		return nil, "", err
	}
	step, err = s.begin(Step{Kind: stepPasskey, Account: account}, browser, session)
	return assertion.Response, step, err
}

// answerPasskey checks an answer and uses the step up. account is 0 where anybody may answer.
func (s *Service) answerPasskey(ctx context.Context, account int64, browser, step, answer string) (a auth.Account, methods []string, err error) {
	if s.keys == nil {
		return a, nil, noKeys()
	}
	var session webauthn.SessionData
	st, err := s.step(stepPasskey, step, browser, &session)
	if err != nil {
		return a, nil, err
	}
	if st.Account != account {
		return a, nil, stale()
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return a, nil, refusedKey(err)
	}
	h := holder{}
	var record *webauthn.Credential
	if account == 0 {
		record, err = s.keys.ValidateDiscoverableLogin(func(_, user []byte) (webauthn.User, error) {
			h, err = s.holder(ctx, accountOf(user))
			return h, err
		}, session, parsed)
	} else if h, err = s.holder(ctx, account); err == nil {
		record, err = s.keys.ValidateLogin(h, session, parsed)
	}
	if err != nil {
		return a, nil, refusedKey(err)
	}
	if h.a.Disabled {
		return a, nil, refusedKey(nil)
	}
	for _, p := range h.list {
		if string(p.record.ID) != string(record.ID) {
			continue
		}
		fresh := record.Authenticator.CloneWarning && !p.Cloned
		p.record, p.Cloned = *record, p.Cloned || record.Authenticator.CloneWarning
		err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			if err := spend(tx, st.spentKey(), db.Time(st.Until)); err != nil {
				return err
			}
			if err := usePasskey(tx, s.k, p); err != nil || !fresh {
				return err
			}
			return s.note(tx, KindCloned, p.Account, 0, Told{Way: "passkey", Label: p.Label})
		})
		if err != nil {
			return a, nil, err
		}
		if p.Cloned {
			// One of two copies speaks, and nobody knows which: neither is believed.
			return a, nil, errs.E(errs.Forbidden, "factor.cloned", errs.WithFields(errs.Field{Key: "factor.cloned"}))
		}
		return h.a, ofKey(parsed.Response.AuthenticatorData.Flags), nil
	}
	return a, nil, refusedKey(nil)
}

// ofKey is how a key recognised its holder: one that verified them is two factors, what they
// have and what they are or know.
func ofKey(f protocol.AuthenticatorFlags) []string {
	if f.HasUserVerified() {
		return []string{auth.ByKey, auth.ByMany}
	}
	return []string{auth.ByKey}
}
