package app

import (
	"context"
	"fmt"
	"os"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/factor"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/openid"
	"khue/internal/register/openid/openidweb"
	"khue/internal/register/person"
)

// provider builds the provider of identities for other programs.
func (p *Program) provider() error {
	key, err := p.secret("openid.key")
	if err != nil {
		return err
	}
	wire := p.Clock
	if !p.Config.Opened.IsZero() {
		wire = clock.System() // other programs compare tokens with their own time, also in a demo
	}
	p.OpenID, err = openid.New(openid.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Wire: wire, Journal: p.Journal, Jobs: p.Jobs, Auth: p.Auth, Secret: key, Issuer: p.issuer, Policies: p.Policies, Government: p.government, Demand: p.Config.Demand,
		Post: openidweb.Poster(), Verified: p.nationally,
		Email: func(ctx context.Context, account int64) (string, bool) {
			// An address to which a code came counts as shown; the one for notices is only typed.
			if w, err := p.Ways.Ways(ctx, account); err == nil {
				if c, ok := w.Contact(factor.Email); ok {
					return c.Address, true
				}
			}
			m, _, err := p.Notices.Mine(auth.With(ctx, auth.Subject{Account: account}))
			if err != nil {
				return "", false
			}
			return m.Email, false // nobody has shown that mail reaches them
		},
		Phone: func(ctx context.Context, account int64) (string, bool) {
			w, err := p.Ways.Ways(ctx, account)
			if err != nil {
				return "", false
			}
			c, ok := w.Contact(factor.Phone)
			return c.Address, ok
		},
	})
	return err
}

// nationally links an account with the person whom the national identity named.
func (p *Program) nationally(tx *db.Tx, account int64, u openid.Upstream) error {
	if u.TaxCode != "" {
		return p.People.LinkBusiness(tx, account, person.NewBusiness{TaxCode: u.TaxCode, Name: u.Name, Address: u.Address})
	}
	n, ok := person.ParseNumber(u.Number, p.today())
	if !ok {
		return errs.E(errs.Invalid, "openidweb.error.national_refused")
	}
	_, err := p.People.LinkNational(tx, account, n, person.Facts{Name: u.Name, Phone: auth.NormLogin(u.Phone)})
	return err
}

// issuer is the name of this city as a provider: its address or, where none was set, the one on
// which it listens.
func (p *Program) issuer() string {
	if heard := p.heard.Load(); p.Config.PublicURL == "" && heard != nil {
		return *heard
	}
	return p.address()
}

// bearers tells who stands behind a token: a session or a token of our own, or one that is
// signed for another audience and opens only what OpenID Connect asks.
type bearers struct {
	*auth.Service
	provider *openid.Service
}

// Resolve is web.Authenticator.
func (b bearers) Resolve(ctx context.Context, token string) (auth.Subject, error) {
	if strings.Count(token, ".") == 2 {
		return b.provider.Resolve(ctx, token)
	}
	return b.Service.Resolve(ctx, token)
}

// nationalFlags say which identity above the city people may sign in with.
type nationalFlags struct {
	National           string `help:"Issuer of the national identity (OpenID Connect); empty: none." env:"KHUE_NATIONAL" placeholder:"URL"`
	NationalClient     string `help:"Our client_id there." env:"KHUE_NATIONAL_CLIENT"`
	NationalSecretFile string `help:"File with our secret there." env:"KHUE_NATIONAL_SECRET_FILE" type:"path"`
	NationalLevel      string `help:"Level that is asked for (acr_values)." default:"LoA2" env:"KHUE_NATIONAL_LEVEL"`
}

func (f nationalFlags) national() (n openidweb.National, err error) {
	if f.National == "" {
		return n, nil
	}
	if f.NationalClient == "" || f.NationalSecretFile == "" {
		return n, fmt.Errorf("%w: --national needs --national-client and --national-secret-file", errUsage)
	}
	b, err := os.ReadFile(f.NationalSecretFile)
	if err != nil {
		return n, err
	}
	return openidweb.National{Issuer: f.National, Client: f.NationalClient, Secret: strings.TrimSpace(string(b)), Level: f.NationalLevel}, nil
}

// government is the scope of the whole city.
func (p *Program) government() string { return "unit:" + p.Units.Now().Government().ID.String() }
