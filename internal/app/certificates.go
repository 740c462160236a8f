package app

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/sign"
	"khue/internal/kernel/sign/signweb"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/result"
	"khue/internal/onestop/signature"
	"khue/internal/register/certificate"
	"khue/internal/register/certificate/certificateweb"
)

// authority builds the city's certificate authority.
func (p *Program) authority(ctx context.Context) error {
	key, err := p.secret("certificate.key")
	if err != nil {
		return err
	}
	remote, err := signweb.Dial(p.Config.Signer)
	if err != nil {
		return err
	}
	open := certificate.Remote(remote)
	if remote == nil {
		open = p.away
	}
	keys, err := certificate.OpenKeys(p.keyFile(""), House, p.Clock.Now(), open)
	if err != nil {
		return err
	}
	p.Certificates, err = certificate.New(ctx, certificate.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Policies: p.Policies, People: holders{p}, Secret: key, Keys: keys, Remote: remote,
		Government: p.government, Address: p.issuer,
	})
	return err
}

// away stands for a key behind a signing service that is not set up: a backup or a migration signs
// nothing and must not need the token. The server does not open its door so (reachesKeys).
func (p *Program) away(ref string, chain []*x509.Certificate) (sign.Signer, error) {
	p.keysAway = append(p.keysAway, ref)
	return silent(chain), nil
}

// reachesKeys refuses to serve while a key of the authority is out of reach for good.
func (p *Program) reachesKeys() error {
	if len(p.keysAway) == 0 {
		return nil
	}
	return fmt.Errorf("app: the keys %s lie behind a signing service, and none is set up: --signer", strings.Join(p.keysAway, ", "))
}

type silent []*x509.Certificate

func (s silent) Certificate(context.Context) ([]*x509.Certificate, error) { return s, nil }

func (s silent) Sign(context.Context, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("app: this command does not reach the signing service of the authority's keys")
}

// signing builds what signs papers.
func (p *Program) signing() {
	f := fonts()
	p.Signatures = signature.New(signature.Deps{DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Authority: p.Certificates, Font: f.Regular, Blobs: p.Blobs, Takers: map[string]signature.Taker{
		ownResult: func(tx *db.Tx, x signature.OwnPaper) error {
			return p.Results.SignedElsewhereIn(tx, result.ID(x.Subject.ID), x.Of, x.Signed)
		},
	}})
}

// certificatesWeb is what the pages of the authority stand on.
func (p *Program) certificatesWeb() certificateweb.Deps {
	return certificateweb.Deps{
		Authority: p.Certificates, Units: holders{p}.units,
		Manages: func(ctx context.Context) bool { return p.mayOpen(ctx, "/admin/officers") },
	}
}

// holders tells the authority who works where.
type holders struct{ p *Program }

// ByLogin finds an officer whom the reader may look at.
func (h holders) ByLogin(ctx context.Context, login string) (out certificate.Holder, err error) {
	a, err := h.p.Auth.FindAccount(ctx, login)
	if err != nil {
		return out, err
	}
	o, posts, err := h.p.Officers.Officer(ctx, a.ID)
	if err != nil {
		return out, err
	}
	t := h.p.Units.Now()
	for _, x := range posts {
		if x.For != "" || !x.On(h.p.today()) {
			continue
		}
		out = certificate.Holder{Account: o.Account, Name: o.Name, Unit: "unit:" + x.Unit.String()}
		if a, ok := t.IssuerOf(x.Unit); ok {
			out.Title = a.Name
		}
		return out, nil
	}
	return out, errs.E(errs.NotFound, "identity.officer.none")
}

// UnitName is the name of a unit by its scope.
func (h holders) UnitName(_ context.Context, scope string) (string, error) {
	if v, ok := unitOf(scope); ok {
		if u, ok := h.p.Units.Now().Get(v); ok {
			return u.Name, nil
		}
	}
	return "", errs.E(errs.NotFound, "certificate.error.unit")
}

// units are the agencies of the reader's posts, for which a seal may be asked.
func (h holders) units(ctx context.Context) (out []ui.Option) {
	t, seen := h.p.Units.Now(), map[string]bool{}
	for _, g := range auth.From(ctx).Grants {
		v, ok := unitOf(g.Scope)
		if !ok {
			continue
		}
		u, ok := t.IssuerOf(v)
		if scope := "unit:" + u.ID.String(); ok && !seen[scope] {
			seen[scope] = true
			out = append(out, ui.Option{Value: scope, Label: strings.TrimSpace(u.Name)})
		}
	}
	return out
}

// signerFlags say where the remote signing service is.
type signerFlags struct {
	Signer     string `help:"Remote signing service of keys in tokens: https://host:port or unix:///path; empty: none." env:"KHUE_SIGNER" placeholder:"URL"`
	SignerCA   string `help:"PEM of the authority of that service." env:"KHUE_SIGNER_CA" type:"path"`
	SignerCert string `help:"PEM of this city's certificate there." env:"KHUE_SIGNER_CERT" type:"path"`
	SignerKey  string `help:"PEM of its key." env:"KHUE_SIGNER_KEY" type:"path"`
}

func (f signerFlags) signer() signweb.Config {
	return signweb.Config{URL: f.Signer, CA: f.SignerCA, Cert: f.SignerCert, Key: f.SignerKey}
}

// DemoCards gives those who sign at a demo's commune and the bodies around it their cards, and
// these their seals, asked for and issued by two people as in any city. Who is chair of the
// commune is returned.
func (p *Program) DemoCards(ctx context.Context, city DemoCity) (chair context.Context, err error) {
	who, err := p.actors(ctx, city)
	if err != nil {
		return nil, err
	}
	chair = who["chutich"]
	deputy, lead := who["phochutich"], who["lanhdao"]
	if chair == nil || deputy == nil || lead == nil {
		return nil, nil // a day on which the commune is led by others
	}
	for i, w := range []struct{ by, card, sealOf string }{
		{"phochutich", "chutich", ""}, {"chutich", "phochutich", ""}, {"phochutich", "", "chutich"},
		{"chutich", "kinhdoanh.tp", ""},
		{"congan.truong", "congan.truong", ""}, {"congan.truong", "", "congan.truong"},
		{"bhxh.gd", "bhxh.gd", ""}, {"bhxh.gd", "", "bhxh.gd"},
		{"noivu.pgd", "noivu.pgd", ""}, {"noivu.pgd", "", "noivu.pgd"},
	} {
		if who[w.by] == nil || w.card != "" && who[w.card] == nil {
			continue // a day that has no such officer
		}
		wish := certificate.Wish{Kind: certificate.Officer, Login: w.card, Basis: "Quyết định 01/QĐ-UBND"}
		if w.sealOf != "" {
			wish.Kind, wish.Unit = certificate.Seal, auth.From(who[w.sealOf]).Grants[0].Scope
		}
		c, err := p.Certificates.Ask(who[w.by], wish, "demo-card-0123456789-"+strconv.Itoa(i))
		if w.card != "" && w.card != w.by && errs.Is(err, errs.Invalid) {
			continue // on that day an officer of another agency: in 2025 the head of a district's office
		}
		if err != nil {
			return nil, err
		}
		if _, err := p.Certificates.Decide(lead, c.ID, true); err != nil {
			return nil, err
		}
	}
	return chair, nil
}
