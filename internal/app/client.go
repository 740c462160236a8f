package app

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/register/openid"
)

type clientCmd struct {
	Add        clientAddCmd    `cmd:"" help:"Register a program; prints its client_id and, once, its secret."`
	List       clientListCmd   `cmd:"" help:"List the registered programs."`
	Rotate     clientRotateCmd `cmd:"" help:"Give a program a new secret; the old one holds for a while."`
	Remove     clientRemoveCmd `cmd:"" help:"Remove a program; its tokens end within a second."`
	RotateKeys clientKeysCmd   `cmd:"" help:"Make a new signing key; it signs after everybody has it."`
}

type clientAddCmd struct {
	storageFlags
	Name        string   `help:"Name that people read." required:""`
	Owner       string   `help:"Company or agency that answers for it." required:""`
	Redirect    []string `help:"Address to which people come back, whole; may be given several times." placeholder:"URI"`
	AfterLogout []string `help:"Address to which people come back from signing out." placeholder:"URI"`
	Grant       []string `help:"What it does: code, refresh, client, device." default:"code" enum:"code,refresh,client,device"`
	Scope       []string `help:"What it may ask for." default:"openid,profile"`
	Auth        string   `help:"How it proves itself: none, client_secret_basic, private_key_jwt." default:"client_secret_basic" enum:"none,client_secret_basic,private_key_jwt"`
	Keys        string   `help:"File with its public keys (JWKS), for private_key_jwt." type:"existingfile"`
	FirstParty  bool     `help:"A program of the city itself: nobody is asked for consent."`
	Sector      string   `help:"Domain under which it knows people; empty: that of its first address."`
	LogoutURI   string   `name:"logout-uri" help:"Address that is told when a session ends (back-channel logout)." placeholder:"URI"`
	Token       string   `help:"Access tokens: opaque, or jwt for an API of its own." default:"opaque" enum:"opaque,jwt"`
	Audience    string   `help:"API for which jwt tokens are."`
	Alg         string   `help:"Signature of its ID tokens: ES256, or RS256 where it cannot do otherwise." default:"ES256" enum:"ES256,RS256"`
	Pushed      bool     `help:"It must push its requests (RFC 9126)."`
	Bound       bool     `help:"Its tokens must be bound to a key (RFC 9449)."`
	Inspects    bool     `help:"It serves an API and may inspect tokens of other programs."`
	JSON        bool     `help:"One JSON object."`
}

// Run registers a program.
func (a *clientAddCmd) Run(c *command) error {
	cfg, err := a.existing(c)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	n := openid.Client{
		Name: a.Name, Owner: a.Owner, First: a.FirstParty, Redirects: a.Redirect, AfterLogout: a.AfterLogout, Scopes: a.Scope,
		Auth: a.Auth, Sector: a.Sector, LogoutURI: a.LogoutURI, Token: a.Token, Audience: a.Audience, Alg: a.Alg, Pushed: a.Pushed, Bound: a.Bound, Inspects: a.Inspects,
	}
	for _, g := range a.Grant {
		n.Grants = append(n.Grants, map[string]string{"code": openid.GrantCode, "refresh": openid.GrantRefresh, "client": openid.GrantClient, "device": openid.GrantDevice}[g])
	}
	if n.Sector == "" && !n.First {
		n.Sector = strings.ToLower(a.Owner)
		if len(a.Redirect) > 0 {
			if u, err := url.Parse(a.Redirect[0]); err == nil && u.Host != "" {
				n.Sector = u.Hostname()
			}
		}
	}
	if a.Keys != "" {
		b, err := os.ReadFile(a.Keys)
		if err != nil {
			return err
		}
		n.Keys = string(b)
	}
	made, secret, err := p.OpenID.AddClient(c.ctx, n)
	if err != nil {
		if e, ok := errs.As(err); ok {
			for _, f := range e.Fields {
				fmt.Fprintf(c.err, "  %s: %s\n", f.Path, p.Bundle.Map(c.lang, f.Key, f.Params))
			}
		}
		return err
	}
	if a.JSON {
		return c.json(map[string]string{"client_id": made.Code, "client_secret": secret})
	}
	fmt.Fprintf(c.out, "client_id      %s\n", made.Code)
	if secret != "" {
		fmt.Fprintf(c.out, "client_secret  %s\n", secret)
	}
	return nil
}

type clientListCmd struct {
	storageFlags
	JSON bool `help:"One JSON object a line."`
}

// Run lists the programs.
func (l *clientListCmd) Run(c *command) error {
	cfg, err := l.existing(c)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, x := range p.OpenID.Clients() {
		if l.JSON {
			if err := c.json(map[string]any{"client_id": x.Code, "name": x.Name, "owner": x.Owner, "first": x.First, "redirects": x.Redirects, "grants": x.Grants, "scopes": x.Scopes, "auth": x.Auth}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", x.Code, x.Name, x.Owner, x.Auth, strings.Join(x.Redirects, " "))
	}
	return w.Flush()
}

type clientRotateCmd struct {
	storageFlags
	Client string        `arg:"" help:"client_id."`
	Keep   time.Duration `help:"How long the old secret still holds." default:"168h"`
}

// Run gives a new secret.
func (r *clientRotateCmd) Run(c *command) error {
	cfg, err := r.existing(c)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	secret, err := p.OpenID.RotateSecret(c.ctx, r.Client, r.Keep)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "client_secret  %s\n", secret)
	return nil
}

type clientRemoveCmd struct {
	storageFlags
	Client string `arg:"" help:"client_id."`
}

// Run removes a program.
func (r *clientRemoveCmd) Run(c *command) error {
	cfg, err := r.existing(c)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	return p.OpenID.RemoveClient(c.ctx, r.Client)
}

type clientKeysCmd struct {
	storageFlags
	Alg  string `help:"Algorithm." default:"ES256" enum:"ES256,RS256"`
	Lost bool   `help:"The key in use was lost: the new one signs at once and the old ones are no longer published, so that every token they signed is refused."`
}

// Run makes a new key.
func (k *clientKeysCmd) Run(c *command) error {
	cfg, err := k.existing(c)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.OpenID.Rotate(c.ctx, k.Alg, k.Lost); err != nil {
		return err
	}
	for _, key := range p.OpenID.PublicKeys().Keys {
		fmt.Fprintln(c.out, key.KeyID, key.Algorithm)
	}
	return nil
}

// DemoClient is a program of a visitor that may sign people in to a demo.
type DemoClient struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// demoClient registers a visitor's program by the addresses at which it takes people back. A
// command beside a running demo would write the machine's time into its journal.
func (p *Program) demoClient(ctx context.Context, redirects []string, first bool) (*DemoClient, error) {
	if len(redirects) == 0 {
		return nil, nil //nolint:nilnil // none was asked for
	}
	n := openid.Client{
		Name: "Ứng dụng thử", Owner: "Công ty Thử Nghiệm (bịa ra)", First: first, Sector: "khue.demo", Redirects: redirects,
		Grants: []string{openid.GrantCode, openid.GrantRefresh, openid.GrantClient, openid.GrantDevice},
		Scopes: []string{openid.ScopeOpenID, openid.ScopeProfile, openid.ScopeEmail, openid.ScopePhone, openid.ScopeOffline, "dossiers.read", "dossiers.write"},
		Auth:   openid.AuthBasic, Token: openid.TokenOpaque, Alg: "ES256",
	}
	for _, r := range redirects { // back to its front page after signing out
		if u, err := url.Parse(r); err == nil {
			n.AfterLogout = append(n.AfterLogout, u.Scheme+"://"+u.Host+"/")
		}
	}
	made, secret, err := p.OpenID.AddClient(ctx, n)
	if err != nil {
		return nil, err
	}
	return &DemoClient{made.Code, secret}, nil
}
