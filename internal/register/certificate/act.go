package certificate

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/once"
	"khue/internal/kernel/sign"
)

// cardYears is how long a card holds.
const cardYears = 2

// Wish is what somebody asks for.
type Wish struct {
	Kind    Kind
	Login   string // of the officer
	Unit    string // of a seal: scope
	Request string // PEM of a CSR; "" lets the city make and keep the key
	Ref     string // which key of the service that keeps it
	Renews  ID
	Basis   string
	Look    []byte // PNG of the signature or seal, to be shown on paper; nil: none
}

func (s *Service) unit(scope string) auth.Resource {
	return auth.Resource{Type: "Unit", ID: scope, Units: []string{scope}}
}

func (s *Service) card(c Card) auth.Resource {
	return auth.Resource{Type: "Card", ID: c.ID.String(), Units: []string{c.Unit, s.d.Government()}, Owners: []int64{c.Proposer}, About: []int64{c.Account}, State: string(c.State)}
}

func (s *Service) decides(c Card) auth.Resource {
	r := s.card(c)
	r.Units = []string{s.d.Government()}
	return r
}

// Proposes reports whether the reader may ask for cards and seals of a unit.
func (s *Service) Proposes(ctx context.Context, scope string) bool {
	return s.d.Policies.May(ctx, actPropose, s.unit(scope))
}

// DecidesOn reports whether the reader may decide on a request.
func (s *Service) DecidesOn(ctx context.Context, c Card) bool {
	return c.State == Asked && s.d.Policies.May(ctx, actDecide, s.decides(c))
}

// Revokes reports whether the reader may revoke a card.
func (s *Service) Revokes(ctx context.Context, c Card) bool {
	return c.State == Issued && s.d.Policies.May(ctx, actRevoke, s.card(c))
}

// Ask asks for a card. Errors: Forbidden; Invalid with fields; Conflict where one waits already.
func (s *Service) Ask(ctx context.Context, w Wish, key string) (c Card, err error) {
	defer errs.Op(&err, "certificate.Ask")
	c = Card{Kind: w.Kind, Place: InCity, Ref: strings.TrimSpace(w.Ref), Basis: i18n.NFC(strings.Join(strings.Fields(w.Basis), " ")), State: Asked}
	var bad []errs.Field
	miss := func(path, key string) { bad = append(bad, errs.Field{Path: path, Key: key}) }
	if w.Renews != 0 {
		old, err := s.Get(ctx, w.Renews)
		if err != nil {
			return c, err
		}
		if old.State != Issued {
			return c, errs.E(errs.Conflict, "certificate.error.notIssued")
		}
		c.Renews, c.Kind, c.Account, c.Unit, c.Name, c.Title, c.Place, c.Ref, c.request = old.ID, old.Kind, old.Account, old.Unit, old.Name, old.Title, old.Place, old.Ref, old.request
		if c.look, err = s.Look(ctx, old.ID); err != nil {
			return c, err
		}
	} else {
		if err := s.whose(ctx, w, &c, miss); err != nil {
			return c, err
		}
		if strings.TrimSpace(w.Request) != "" {
			c.Place = Own
			if c.request, err = readRequest(w.Request); err != nil {
				miss("request", "certificate.error.request")
			}
		}
	}
	if len(w.Look) > 0 {
		if c.look = w.Look; readLook(w.Look) != nil {
			miss("look", "certificate.error.look")
		}
	}
	if n := utf8.RuneCountInString(c.Basis); n < 5 || n > 300 {
		miss("basis", "certificate.error.basis")
	}
	if len(c.Ref) > 200 {
		miss("ref", "certificate.error.request")
	}
	if len(bad) > 0 {
		return c, errs.E(errs.Invalid, "certificate.error.wish", errs.WithFields(bad...))
	}
	if err := s.d.Policies.Can(ctx, actPropose, s.unit(c.Unit)); err != nil {
		return c, err
	}
	sub := auth.From(ctx)
	c.ID, c.Proposer, c.ProposedBy = ID(s.d.Gen.Next()), sub.Account, sub.Name
	n, _, err := once.Do(ctx, s.d.DB, sub.Account, key, once.Hash([]any{w}), func(ctx context.Context, tx *db.Tx) (int64, error) {
		c.ProposedAt = tx.Now()
		if err := insert(tx, c); err != nil {
			return 0, err
		}
		if err := insertLook(tx, c.ID, c.look); err != nil {
			return 0, err
		}
		return int64(c.ID), s.append(ctx, tx, EventAsked, c)
	})
	if db.IsUnique(err) {
		return c, errs.E(errs.Conflict, "certificate.error.waits", errs.Cause(err))
	}
	c.ID = ID(n)
	return c, err
}

// whose fills in who the card is for.
func (s *Service) whose(ctx context.Context, w Wish, c *Card, miss func(path, key string)) error {
	switch w.Kind {
	case Officer:
		h, err := s.d.People.ByLogin(ctx, strings.TrimSpace(w.Login))
		switch {
		case errs.Is(err, errs.NotFound):
			miss("login", "certificate.error.login")
		case err != nil:
			return err
		}
		c.Account, c.Name, c.Title, c.Unit = h.Account, h.Name, h.Title, h.Unit
	case Seal:
		name, err := s.d.People.UnitName(ctx, w.Unit)
		switch {
		case errs.Is(err, errs.NotFound):
			miss("unit", "certificate.error.unit")
		case err != nil:
			return err
		}
		c.Unit, c.Name, c.Title = w.Unit, name, name
	default:
		miss("kind", "certificate.error.kind")
	}
	return nil
}

func readRequest(text string) ([]byte, error) {
	if len(text) > 8<<10 {
		return nil, sign.ErrWeak
	}
	p, _ := pem.Decode([]byte(strings.TrimSpace(text) + "\n"))
	if p == nil {
		return nil, sign.ErrWeak
	}
	r, err := x509.ParseCertificateRequest(p.Bytes)
	if err != nil {
		return nil, err
	}
	if err := r.CheckSignature(); err != nil {
		return nil, err
	}
	return p.Bytes, sign.Strong(r.PublicKey)
}

// Decide issues a card or refuses it; who asked for it may take it back. Errors: NotFound;
// Forbidden; Conflict where it was decided.
func (s *Service) Decide(ctx context.Context, v ID, issue bool) (c Card, err error) {
	defer errs.Op(&err, "certificate.Decide(%s)", v)
	if c, err = s.Get(ctx, v); err != nil {
		return c, err
	}
	sub := auth.From(ctx)
	if issue || c.Proposer != sub.Account {
		if err := s.d.Policies.Can(ctx, actDecide, s.decides(c)); err != nil {
			return c, err
		}
	}
	gone := errs.E(errs.Conflict, "certificate.error.decided")
	if c.State != Asked {
		return c, gone
	}
	kind := EventRefused
	c.State, c.Decider, c.DecidedBy = Refused, sub.Account, sub.Name
	if issue {
		kind, c.State = EventIssued, Issued
		if err := s.issue(ctx, &c); err != nil {
			return c, err
		}
	}
	err = s.d.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c.DecidedAt = tx.Now()
		if err := decide(tx, c, gone); err != nil {
			return err
		}
		if err := s.append(ctx, tx, kind, c); err != nil {
			return err
		}
		if c.State == Refused {
			return deleteLook(tx, c.ID)
		}
		if c.Renews == 0 {
			return nil
		}
		old, err := find(tx, c.Renews)
		if err != nil || old.State != Issued {
			return err
		}
		return s.revokeIn(ctx, tx, old, Superseded)
	})
	if err != nil {
		return c, err
	}
	return c, s.changed(ctx)
}

// changed lets this node know at once what it issued or revoked.
func (s *Service) changed(ctx context.Context) error {
	s.mu.Lock()
	s.list = crl{}
	s.mu.Unlock()
	return s.Refresh(ctx)
}

// issue signs the certificate, before any transaction: the key may lie elsewhere.
func (s *Service) issue(ctx context.Context, c *Card) error {
	var pub crypto.PublicKey
	if c.Place == Own {
		r, err := x509.ParseCertificateRequest(c.request)
		if err != nil {
			return err
		}
		pub = r.PublicKey
	} else {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return err
		}
		pub, c.sealed = key.Public(), s.close(c.ID, der)
	}
	serial, err := newSerial()
	if err != nil {
		return err
	}
	now := s.d.Clock.Now().UTC().Truncate(time.Second)
	at := s.d.Address()
	t := &x509.Certificate{
		SerialNumber: serial, NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(cardYears, 0, 0),
		Subject:  pkix.Name{Country: []string{"VN"}, Organization: []string{c.Title}, CommonName: c.Name, SerialNumber: c.ID.String()},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment, BasicConstraintsValid: true,
		CRLDistributionPoints: []string{at + "/ca/crl"}, OCSPServer: []string{at + "/ca/ocsp"}, IssuingCertificateURL: []string{at + "/ca/issuing.cer"},
	}
	if t.NotAfter.After(s.issuing.NotAfter) {
		t.NotAfter = s.issuing.NotAfter
	}
	c.Der, err = x509.CreateCertificate(rand.Reader, t, s.issuing, pub, sign.Standard(ctx, s.d.Keys.Issuing, s.issuing))
	if err != nil {
		return unheard(err)
	}
	c.Serial, c.From, c.Until = serialText(serial), t.NotBefore, t.NotAfter
	return nil
}

func serialText(n *big.Int) string { return n.Text(16) }

// Revoke ends a card at once. The holder may, and whoever may ask for cards of the unit. Errors:
// NotFound; Forbidden; Invalid; Conflict where it is not in force.
func (s *Service) Revoke(ctx context.Context, v ID, why Reason) (c Card, err error) {
	defer errs.Op(&err, "certificate.Revoke(%s)", v)
	if c, err = s.Get(ctx, v); err != nil {
		return c, err
	}
	if err := s.d.Policies.Can(ctx, actRevoke, s.card(c)); err != nil {
		return c, err
	}
	known := false
	for _, r := range Reasons() {
		known = known || r == why
	}
	if !known {
		return c, errs.E(errs.Invalid, "certificate.error.wish", errs.WithFields(errs.Field{Path: "reason", Key: "certificate.error.reason"}))
	}
	err = s.d.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.revokeIn(ctx, tx, c, why) })
	if err != nil {
		return c, err
	}
	return c, s.changed(ctx)
}

func (s *Service) revokeIn(ctx context.Context, tx *db.Tx, c Card, why Reason) error {
	c.State, c.Reason, c.RevokedAt, c.RevokedBy = Revoked, why, tx.Now(), auth.From(ctx).Name
	if err := revoke(tx, c, errs.E(errs.Conflict, "certificate.error.notIssued")); err != nil {
		return err
	}
	if err := deleteLook(tx, c.ID); err != nil {
		return err
	}
	return s.append(ctx, tx, EventRevoked, c)
}

func (s *Service) close(v ID, plain []byte) []byte {
	return s.seal.Close(v.String(), plain)
}

// Reaches reports whether the city can ask the key of a card to sign.
func (s *Service) Reaches(c Card) bool { return c.Place == InCity || s.d.Remote != nil && c.Ref != "" }

// Signer is the key of a card that is in force. Conflict where it is not, or its key is out of reach.
func (s *Service) Signer(_ context.Context, c Card) (sign.Signer, error) {
	if !c.Valid(s.d.Clock.Now()) {
		return nil, errs.E(errs.Conflict, "certificate.error.notIssued")
	}
	cert, err := c.Certificate()
	if err != nil {
		return nil, err
	}
	chain := []*x509.Certificate{cert, s.issuing, s.d.Keys.Root}
	if c.Place == Own {
		if !s.Reaches(c) {
			return nil, errs.E(errs.Conflict, "certificate.error.remote")
		}
		return s.d.Remote(c.Ref, chain)
	}
	if len(c.sealed) == 0 {
		return nil, errs.E(errs.Conflict, "certificate.error.remote")
	}
	der, err := s.seal.Open(c.ID.String(), c.sealed)
	if err != nil {
		return nil, fmt.Errorf("certificate: key of card %s: %w", c.ID, err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errs.E(errs.Conflict, "certificate.error.remote")
	}
	return sign.Local(signer, chain...), nil
}
