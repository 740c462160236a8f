package factor

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/module"
)

// Messages are this package's sentences (keys under "factor").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Channel is where a code may be sent.
type Channel string

// The channels.
const (
	Email Channel = "email"
	Phone Channel = "phone"
)

// Courier hands a short text to a person. Errors are those of the channel: Invalid where no
// try can send it.
type Courier interface {
	Has(c Channel) bool
	Send(ctx context.Context, c Channel, to, name, subject, text, key string) error
}

// Deps is what the ways in stand on.
type Deps struct {
	Auth    *auth.Service
	DB      *db.DB
	Gen     *id.Gen
	Clock   clock.Clock
	Journal *journal.Journal
	Jobs    *jobs.Queue
	Courier Courier
	Secret  []byte // key file of 32 bytes; without it nothing sealed opens again
	Address string // of the site as browsers see it: passkeys are bound to its host
	House   string // name of the site, as authenticators show it
	// Policies and Government, the scope of the whole city, say whose a kiosk is.
	Policies   *auth.Policies
	Government func() string
}

// Service keeps the ways in. Safe for concurrent use.
type Service struct {
	Deps
	k     keys
	keys  *webauthn.WebAuthn // nil where the address has no host that passkeys can be bound to
	words *i18n.Bundle

	kiosks kioskCache
}

// New returns the service.
func New(d Deps) (*Service, error) {
	k, err := newKeys(d.Secret)
	if err != nil {
		return nil, err
	}
	words, err := i18n.NewBundle(Messages)
	if err != nil {
		return nil, err
	}
	s := &Service{Deps: d, k: k, words: words, kiosks: kioskCache{of: map[int64]kioskAt{}}}
	s.keys, err = party(d.Address, d.House)
	return s, err
}

// party is the relying party of an address. Passkeys are bound to a name: an address of
// digits, which only a machine of a developer has, stands for localhost.
func party(address, house string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("factor: the address %q is not http(s)://host", address)
	}
	host, origin := u.Hostname(), u.Scheme+"://"+u.Host
	if protocol.ValidateRPID(host) != nil {
		host, origin = "localhost", u.Scheme+"://localhost"
		if u.Port() != "" {
			origin += ":" + u.Port()
		}
	}
	if u.Scheme != "https" && host != "localhost" {
		return nil, nil //nolint:nilnil // browsers offer passkeys to safe origins only
	}
	return webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: house, RPOrigins: []string{origin}, AttestationPreference: protocol.PreferNoAttestation,
	})
}

// PasskeyHost is the host that passkeys are bound to; "" where there are none.
func (s *Service) PasskeyHost() string {
	if s.keys == nil {
		return ""
	}
	return s.keys.Config.RPID
}

const (
	jobSend     = "auth.code"
	jobRecovery = "auth.recovery"
	jobPurge    = "auth.purge"
)

// Module is what the ways in bring to the program. Their tables come with package auth's.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "factor",
		Jobs: []jobs.Handler{
			{Kind: jobSend, Do: s.sendCode, MaxAttempts: 5},
			{Kind: jobRecovery, Do: s.sendRecovery, MaxAttempts: 5},
			{Kind: jobPurge, Do: func(ctx context.Context, _ jobs.Task) error {
				return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return purge(tx, tx.Now()) })
			}},
		},
		Periodic: []jobs.Periodic{{Kind: jobPurge, Every: time.Hour}},
	}
}

// The journal's kinds. Their subject is the account.
const (
	SubjectAccount = "account"

	KindAdded     = "auth.factor_added"
	KindRemoved   = "auth.factor_removed"
	KindPassword  = "auth.password_changed"
	KindBegun     = "auth.recovery_begun"
	KindRecovered = "auth.recovery_done"
	KindCancelled = "auth.recovery_cancelled"
	KindReset     = "auth.ways_reset"
	KindNewDevice = "auth.new_device"
	KindEnded     = "auth.sessions_ended"
	KindStopped   = "auth.sessions_stopped" // by an officer, for the owner
	KindCloned    = "auth.passkey_cloned"
	KindKiosk     = "auth.kiosk"
)

// Told is the payload of an entry: what the owner is told, no address and no number.
type Told struct {
	Way     string `json:"way,omitempty"`   // passkey, totp, codes, email, phone
	Label   string `json:"label,omitempty"` // as the owner named it, or the device
	Network string `json:"network,omitempty"`
	Session int64  `json:"session,omitempty"`
	Until   int64  `json:"until,omitempty"` // ms: when a recovery at a counter opens
	ID      int64  `json:"id,omitempty"`
	By      string `json:"by,omitempty"`     // the officer
	Reason  string `json:"reason,omitempty"` // in their words
}

// Kinds are all the entries that an owner is told of.
func Kinds() []string {
	return []string{KindAdded, KindRemoved, KindPassword, KindBegun, KindRecovered, KindCancelled, KindReset, KindNewDevice, KindCloned, KindStopped}
}

func (s *Service) note(tx *db.Tx, kind string, account, actor int64, t Told) error {
	payload, err := json.Marshal(t)
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, journal.Entry{Kind: kind, Subject: journal.Subject{Type: SubjectAccount, ID: account}, Actor: actor, Payload: payload})
	return err
}

// own is the account of who acts, who must have signed in.
func (s *Service) own(ctx context.Context) (auth.Subject, error) {
	sub := auth.From(ctx)
	if !sub.SignedIn() || sub.Kind == auth.KindSystem {
		return sub, errs.E(errs.Unauthenticated, "auth.error.sign_in_first")
	}
	return sub, nil
}

// refresh says whether the password of an account is enough by itself, after its ways changed.
func (s *Service) refresh(tx *db.Tx, account int64) error {
	w, err := waysOf(tx, s.k, account)
	if err != nil {
		return err
	}
	return s.Auth.SetSecondIn(tx, account, w.Second())
}
