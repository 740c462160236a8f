package openid

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Upstream is what an identity above the city says of somebody.
type Upstream struct {
	Issuer  string `json:"i"`
	Subject string `json:"s"`
	Number  string `json:"n,omitempty"` // personal number; it is kept as a keyed index only
	TaxCode string `json:"b,omitempty"` // of a business; a person has none
	Address string `json:"a,omitempty"` // of a business
	Name    string `json:"m"`
	Phone   string `json:"p,omitempty"`
	Sure    bool   `json:"v,omitempty"` // of a level that counts as verified
}

// known is by what somebody is known again: the personal number, or for a business its tax code.
func (u Upstream) known() string {
	if u.TaxCode != "" {
		return "tax:" + u.TaxCode
	}
	return u.Number
}

// linkFresh is how long ago the owner of an account may have proved that it is theirs.
const linkFresh = 10 * time.Minute

// Linked finds the account that belongs to somebody: by the subject first, then by the personal
// number, where the identity calls them anew.
func (s *Service) Linked(ctx context.Context, u Upstream) (account int64, found bool, err error) {
	defer errs.Op(&err, "openid.Linked")
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if account, err = linkBySubject(tx, u.Issuer, u.Subject); errs.Is(err, errs.NotFound) {
			if u.known() == "" {
				return nil
			}
			if account, err = linkByNumber(tx, u.Issuer, s.numberIndex(u.known())); errs.Is(err, errs.NotFound) {
				return nil
			}
			if err == nil {
				err = s.link(ctx, tx, u, account)
			}
		}
		if err != nil {
			return err
		}
		found = true
		return s.raise(tx, u, account)
	})
	return account, found, err
}

// raise notes that the identity is sure of the owner. It never lowers what a counter saw.
func (s *Service) raise(tx *db.Tx, u Upstream, account int64) error {
	a, err := s.Auth.Known(tx, account)
	if err != nil || !u.Sure || a.Level >= auth.Verified {
		return err
	}
	return s.verified(tx, u, account)
}

// verified tells the register of people whose account it is, and the account that its owner is
// known.
func (s *Service) verified(tx *db.Tx, u Upstream, account int64) error {
	if s.Verified != nil && u.known() != "" {
		if err := s.Verified(tx, account, u); err != nil {
			return err
		}
	}
	return s.Auth.SetLevelIn(tx, account, auth.Verified)
}

func (s *Service) link(ctx context.Context, tx *db.Tx, u Upstream, account int64) error {
	if err := insertLink(tx, u.Issuer, u.Subject, s.numberIndex(u.known()), account); err != nil {
		return err
	}
	return s.append(ctx, tx, EventLinked, account, Told{Issuer: u.Issuer})
}

// numberIndex is the look-up index of a personal number. Without the key file nobody can tell
// which number it is of.
func (s *Service) numberIndex(number string) string {
	if number == "" {
		return ""
	}
	return hex.EncodeToString(mac(s.keys.index, "number", number)[:20])
}

// Join makes an account for somebody who has none; for a business one that only the identity opens. Conflict where an account with the telephone
// number exists: its owner has to prove that it is theirs; Invalid without a number.
func (s *Service) Join(ctx context.Context, u Upstream) (account int64, err error) {
	defer errs.Op(&err, "openid.Join")
	n := auth.NewAccount{Login: auth.NormLogin(u.Phone), Name: u.Name, Kind: auth.KindCitizen}
	switch {
	case u.TaxCode != "" && !u.Sure:
		return 0, errs.E(errs.Forbidden, "openidweb.error.national_business")
	case u.TaxCode != "":
		n.Login, n.Business = "mst-"+u.TaxCode, true
	case !auth.IsPhone(n.Login):
		return 0, errs.E(errs.Invalid, "openidweb.error.national_phone")
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if account, err = s.Auth.CreateIn(tx, n); err != nil {
			return err
		}
		if err := s.link(ctx, tx, u, account); err != nil || !u.Sure {
			return err
		}
		return s.verified(tx, u, account)
	})
	if db.IsUnique(err) {
		return 0, errs.E(errs.Conflict, "openid.error.link_taken", errs.Cause(err))
	}
	return account, err
}

// Link joins the account of the subject of ctx with an identity. Forbidden where the owner has
// not proved within the last minutes that it is theirs, or where it is no citizen's; Conflict
// where either is linked with another.
func (s *Service) Link(ctx context.Context, u Upstream) (err error) {
	defer errs.Op(&err, "openid.Link")
	sub := auth.From(ctx)
	if u.TaxCode != "" || sub.Kind != auth.KindCitizen || sub.Client != 0 || !sub.Fresh(s.Clock.Now(), linkFresh) {
		return errs.E(errs.Forbidden, "auth.error.not_allowed")
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		numbers, err := linksOf(tx, u.Issuer, sub.Account)
		if err != nil {
			return err
		}
		if len(numbers) > 0 && !slices.Contains(numbers, s.numberIndex(u.Number)) {
			return errs.E(errs.Conflict, "openid.error.link_taken")
		}
		if err := s.link(ctx, tx, u, sub.Account); err != nil {
			return err
		}
		return s.raise(tx, u, sub.Account)
	})
	if db.IsUnique(err) {
		return errs.E(errs.Conflict, "openid.error.link_taken", errs.Cause(err))
	}
	return err
}

// VerifyUpstream opens an ID token of an identity above the city. It is for us, of this issuer,
// fresh, and answers our own request; anything else is false.
func (s *Service) VerifyUpstream(token string, set jose.JSONWebKeySet, issuer, client, nonce string) (subject, acr string, ok bool) {
	j, err := jose.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256})
	if err != nil || len(j.Signatures) != 1 {
		return "", "", false
	}
	h := j.Signatures[0].Protected
	var payload []byte
	for _, k := range set.Keys {
		if k.IsPublic() && k.KeyID == h.KeyID && (k.Algorithm == "" || k.Algorithm == h.Algorithm) && k.Use != "enc" {
			if payload, err = j.Verify(k.Key); err == nil {
				break
			}
		}
	}
	var x struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience any    `json:"aud"`
		Azp      string `json:"azp"`
		Expires  int64  `json:"exp"`
		Issued   int64  `json:"iat"`
		Nonce    string `json:"nonce"`
		ACR      string `json:"acr"`
	}
	if payload == nil || json.Unmarshal(payload, &x) != nil {
		return "", "", false
	}
	now := s.Wire.Now()
	several, _ := x.Audience.([]any)
	ok = x.Issuer == issuer && x.Subject != "" && forUs(x.Audience, client) && (x.Azp == client || x.Azp == "" && len(several) < 2) &&
		now.Before(time.Unix(x.Expires, 0).Add(proofSlack)) && now.After(time.Unix(x.Issued, 0).Add(-proofSlack)) && x.Nonce == nonce && nonce != ""
	return x.Subject, x.ACR, ok
}
