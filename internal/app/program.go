package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/factor"
	"khue/internal/kernel/auth/hasher"
	"khue/internal/kernel/backup"
	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/journal/journalweb"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/measure"
	"khue/internal/kernel/module"
	"khue/internal/kernel/outlet"
	"khue/internal/kernel/push"
	"khue/internal/kernel/push/pushweb"
	"khue/internal/kernel/sms"
	"khue/internal/kernel/sms/smsweb"
	"khue/internal/kernel/trace"
	"khue/internal/kernel/web"
	"khue/internal/onestop/apply"
	"khue/internal/onestop/counter"
	"khue/internal/onestop/cutover"
	"khue/internal/onestop/desk"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/notify"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/reorganise"
	"khue/internal/onestop/result"
	"khue/internal/onestop/rights"
	"khue/internal/onestop/service"
	"khue/internal/onestop/signature"
	"khue/internal/onestop/upload"
	"khue/internal/onestop/waiting"
	"khue/internal/register/access"
	"khue/internal/register/book"
	"khue/internal/register/catalog"
	"khue/internal/register/certificate"
	"khue/internal/register/holiday"
	"khue/internal/register/identity"
	"khue/internal/register/mandate"
	"khue/internal/register/openid"
	"khue/internal/register/openid/openidweb"
	"khue/internal/register/orgunit"
	"khue/internal/register/person"
	"khue/internal/register/record"
	"khue/services"
)

// Program is the whole city: every module, built and ready to run. Tests start the
// same one.
type Program struct {
	Config   Config
	Clock    clock.Clock
	DB       *db.DB
	Gen      *id.Gen
	Bundle   *i18n.Bundle
	Journal  *journal.Journal
	Jobs     *jobs.Queue
	Blobs    blob.Store
	Backup   *backup.Runner // nil where none is taken
	Staging  blob.Staging
	Mail     mail.Sender
	SMS      sms.Sender // nil where the city has no carrier
	Auth     *auth.Service
	Ways     *factor.Service
	Policies *auth.Policies
	Units    *orgunit.Service
	Officers *identity.Service
	Holidays *holiday.Service
	Catalog  *catalog.Service
	People   *person.Service
	OpenID   *openid.Service
	Mandates *mandate.Service
	Looks    *access.Service
	Books    *book.Service
	Records  *record.Service
	Results  *result.Service
	Rights   *rights.Service
	Services *service.Registry
	Library  *service.Library
	Notices  *notify.Service
	Places   *waiting.Service
	Uploads  *upload.Service
	Desk     *desk.Service
	Payments *payment.Service
	Dossiers *dossier.Service
	Apply    *apply.Service
	Counter  *counter.Service
	Live     *web.Live
	Measures *measure.Set
	Trace    *trace.Tracer   // nil where nobody collects
	Outlet   *outlet.Service // nil where nobody outside listens
	// Certificates is the city's certificate authority; Signatures signs and verifies.
	Certificates *certificate.Service
	Signatures   *signature.Service

	Reorganise *reorganise.Service
	Cutover    *cutover.Service
	Server     *web.Server

	witnesses []journalweb.Witness

	stage   *stage // of a demo
	modules []module.Module
	pages   map[string]auth.Action // what can be opened, by path
	heard   atomic.Pointer[string] // address on which the door listens
	closers []func()
}

// New builds the program in floor order and brings its storage up to date. Close it.
func New(ctx context.Context, cfg Config) (*Program, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Program{Config: cfg, Clock: cfg.Clock, stage: newStage()}
	for _, build := range []func(context.Context) error{p.tracing, p.ground, p.kernel, p.register, p.onestop, p.outside, p.speak, p.fill, p.doors} {
		if err := build(ctx); err != nil {
			p.Close()
			return nil, err
		}
	}
	return p, nil
}

// ground is the data folder, the database and the ids.
func (p *Program) ground(ctx context.Context) (err error) {
	if err = os.MkdirAll(filepath.Join(p.Config.Data, "keys"), 0o700); err != nil {
		return fmt.Errorf("app: data folder: %w", err)
	}
	p.DB, err = db.Open(ctx, db.Config{URL: p.Config.DB, Clock: p.Clock, Slow: p.Config.Slow, Trace: p.Trace, Log: p.Config.Log})
	if err != nil {
		return err
	}
	p.onClose(func() { _ = p.DB.Close() })
	if p.DB.SingleWriter() || p.Config.MigrateAtStart {
		err = p.DB.Migrate(ctx, Migrations())
	} else {
		err = p.refusePending(ctx)
	}
	if err != nil {
		return err
	}
	node, release, err := p.DB.LeaseNode(ctx)
	if err != nil {
		return err
	}
	p.onClose(release)
	p.Gen = id.NewGen(node, p.Clock)
	return nil
}

func (p *Program) refusePending(ctx context.Context) error {
	names, err := p.DB.Pending(ctx, Migrations())
	if err == nil && len(names) > 0 {
		err = fmt.Errorf("app: the database lacks %d migrations (%s …): run khue migrate first", len(names), names[0])
	}
	return err
}

func (p *Program) kernel(context.Context) error {
	signer, err := journal.LoadKey(filepath.Join(p.Config.Data, "keys", "journal.key"), City)
	if err != nil {
		return err
	}
	p.Journal = journal.New(p.DB, p.Gen, signer, p.Config.Log)
	for _, s := range p.Config.Witnesses {
		w, err := journalweb.ParseWitness(s)
		if err != nil {
			return fmt.Errorf("app: %w", err)
		}
		p.witnesses = append(p.witnesses, w)
	}
	p.Jobs = jobs.New(p.DB, p.Gen, jobs.Config{Trace: p.Trace, Log: p.Config.Log})
	if p.Blobs, err = blob.NewLocal(filepath.Join(p.Config.Data, "blobs")); err != nil {
		return err
	}
	if err = p.backups(); err != nil {
		return err
	}
	if p.Staging, err = blob.NewStaging(filepath.Join(p.Config.Data, "staging")); err != nil {
		return err
	}
	if p.Mail, err = mail.New(mail.Config{URL: p.Config.SMTP, From: p.Config.MailFrom}, p.Clock); err != nil {
		return err
	}
	var sessions auth.Config
	if !p.Config.Opened.IsZero() {
		// A demo's clock jumps by days; nobody should have to sign in again for that.
		sessions.SessionIdle, sessions.SessionMax = 90*day, 90*day
	}
	sessions.Ended = func(tx *db.Tx, account, session int64) error { return p.OpenID.SessionEnded(tx, account, session) }
	if p.Config.Aside != "" {
		child := hasher.NewChild(p.Config.Log, p.Config.Aside, "hash")
		p.onClose(child.Close)
		sessions.Derive = child.Derive
	}
	p.Auth = auth.New(p.DB, p.Gen, p.Clock, p.Config.Log, sessions)
	return nil
}

func (p *Program) register(ctx context.Context) (err error) {
	if p.Units, err = orgunit.New(p.DB, p.Clock, p.Gen, p.Journal); err != nil {
		return err
	}
	if p.Policies, err = auth.NewPolicies(scopes{p.Units}, orgunit.ActsAs, PolicySources()...); err != nil {
		return err
	}
	p.Holidays, err = holiday.New(holiday.Deps{DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Units: p.Units, Policies: p.Policies})
	if err != nil {
		return err
	}
	invites, err := secret(filepath.Join(p.Config.Data, "keys", "invite.key"))
	if err != nil {
		return err
	}
	p.Officers = identity.New(identity.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Auth: p.Auth, Units: p.Units, Scopes: scopes{p.Units}, Policies: p.Policies,
		Mail: p.Mail, TakeWays: func(tx *db.Tx, account, by int64) error { return p.Ways.ResetIn(tx, account, by) }, Secret: invites, Address: p.address(), Demo: !p.Config.Opened.IsZero(),
	})
	if p.Catalog, err = catalog.New(p.DB, p.Clock, catalog.Options{}); err != nil {
		return err
	}
	p.Looks, err = access.New(access.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Policies: p.Policies, Units: p.Units, Calendars: p.Holidays, Accounts: p.Auth,
		Named: p.namesIn, Limited: p.limited, Kept: func(ctx context.Context) ([]int64, error) { return p.Rights.HeldThings(ctx) },
	})
	if err != nil {
		return err
	}
	sealing, err := keyRing(personKey(p.Config.Data))
	if err != nil {
		return err
	}
	p.People, err = person.New(person.Deps{DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Auth: p.Auth, Looks: p.Looks, Secrets: sealing})
	if err != nil {
		return err
	}
	p.Mandates = mandate.New(mandate.Deps{DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, People: p.People})
	if err := p.provider(); err != nil {
		return err
	}
	return p.authority(ctx)
}

func (p *Program) onestop(context.Context) (err error) {
	if p.Services, err = p.loaded(); err != nil {
		return err
	}
	world, err := playWorld()
	if err != nil {
		return err
	}
	signer, err := journal.LoadKey(filepath.Join(p.Config.Data, "keys", "packages.key"), City)
	if err != nil {
		return err
	}
	p.Library = service.NewLibrary(service.LibraryDeps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Policies: p.Policies, Registry: p.Services, Signer: signer, World: world, Log: p.Config.Log, Changed: p.offer,
	})
	waysKey, err := secret(filepath.Join(p.Config.Data, "keys", "ways.key"))
	if err != nil {
		return err
	}
	secret, err := secret(filepath.Join(p.Config.Data, "keys", "access.key"))
	if err != nil {
		return err
	}
	keys, err := push.LoadKeys(filepath.Join(p.Config.Data, "keys", "push.key"))
	if err != nil {
		return err
	}
	if p.SMS, err = smsweb.New(p.Config.SMS); err != nil {
		return err
	}
	p.Ways, err = factor.New(factor.Deps{
		Auth: p.Auth, DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Courier: courier{p},
		Secret: waysKey, Address: p.address(), House: House, Policies: p.Policies, Government: p.government,
	})
	if err != nil {
		return err
	}
	p.Notices = notify.New(notify.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Jobs: p.Jobs, Journal: p.Journal, Policies: p.Policies, Units: p.Units, Mail: p.Mail, SMS: p.SMS,
		// The true time also in a demo: push services compare it with theirs.
		Push: pushweb.New(keys, p.contact(), p.Config.PushHosts, clock.System()),
	})
	p.Places = waiting.New(waiting.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Services: p.Services, Log: p.Config.Log, Pace: p.Config.LinePace,
	})
	p.signing()
	scanning, err := p.scanning()
	if err != nil {
		return err
	}
	p.Uploads = upload.New(p.DB, p.Gen, p.Blobs, p.Staging, scanning)
	p.Desk = desk.New(desk.Deps{DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Units: p.Units, Policies: p.Policies})
	p.Books = book.New(book.Deps{DB: p.DB, Gen: p.Gen, Journal: p.Journal, Units: p.Units, Policies: p.Policies})
	p.Records = record.New(record.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Units: p.Units, Policies: p.Policies, Looks: p.Looks, Declared: result.Declared{Services: p.Services},
	})
	if err := p.payments(); err != nil {
		return err
	}
	p.Dossiers = dossier.New(dossier.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Blobs: p.Blobs, Units: p.Units,
		Services: p.Services, Calendars: p.Holidays, Scopes: scopes{p.Units}, Policies: p.Policies, People: p.Auth, Mandates: p.Mandates, Notices: p.Notices, Accounts: p.Auth, Looks: p.Looks, Places: p.Places, Duties: p.Officers, Numbers: p.Officers, Fonts: fonts(), Draw: p.drawer(), Payments: p.Payments, Connectors: p.Config.Connectors, Address: p.address(), Secret: secret, Demo: !p.Config.Opened.IsZero(),
		Training: p.Config.Training, Hotline: p.Config.Hotline, Demand: p.Config.Demand, Results: results{p},
	})
	p.Results = result.New(result.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Blobs: p.Blobs, Units: p.Units, Policies: p.Policies, Services: p.Services,
		Dossiers: p.Dossiers, Books: p.Books, Records: p.Records, Signing: p.signsPapers(), Post: p.takesPapers(), Address: p.address(), Demand: p.Config.Demand, Looks: p.Looks,
	})
	p.Apply = apply.New(p.DB, p.Gen, p.Clock, p.Services, p.Dossiers,
		consented{apply.Profile(), p, rights.SuggestProfile}, consented{p.Dossiers.Previous(), p, rights.SuggestPrevious})
	p.Counter = counter.New(counter.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Policies: p.Policies, Units: p.Units, Services: p.Services, Dossiers: p.Dossiers, People: p.People, Looks: p.Looks, Unused: p.unused, Notices: p.Notices, Accounts: p.Auth, Fonts: fonts(),
	})
	p.Cutover = cutover.New(cutover.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Units: p.Units, Dossiers: p.Dossiers, Managers: p.Officers,
	})
	if p.Rights, err = rights.New(p.rightsDeps()); err != nil {
		return err
	}
	p.Reorganise, err = reorganise.New(reorganise.Deps{
		DB: p.DB, Gen: p.Gen, Clock: p.Clock, Journal: p.Journal, Jobs: p.Jobs, Units: p.Units, Dossiers: p.Dossiers, Accounts: p.Auth, Policies: p.Policies,
		Follow: []reorganise.Follow{p.Counter.Follow}, Posts: []reorganise.FollowPosts{p.followFilters}, Demo: !p.Config.Opened.IsZero(),
	})
	return err
}

// embedded are the services and the sentences in the binary, read once however many programs
// one process opens: both never change.
var (
	embeddedServices  = sync.OnceValues(func() (*service.Registry, decl.Problems) { return service.LoadAll(services.FS) })
	embeddedSentences = sync.OnceValues(func() (*i18n.Bundle, error) { return i18n.NewBundle(sentences()...) })
)

// declared are the packages that come with the program.
func (p *Program) declared() fs.FS {
	if p.Config.Services != nil {
		return p.Config.Services
	}
	return services.FS
}

// loaded is the registry of the services that the program came with.
func (p *Program) loaded() (*service.Registry, error) {
	load := embeddedServices
	if fsys := p.Config.Services; fsys != nil {
		load = func() (*service.Registry, decl.Problems) { return service.LoadAll(fsys) }
	}
	reg, problems := load()
	if problems.Failed() {
		return nil, problems.Err()
	}
	return reg.Fresh(), nil
}

// speak joins the sentences of all modules; a missing one stops the program here.
func (p *Program) speak(context.Context) (err error) {
	p.modules = p.list()
	p.Bundle, err = embeddedSentences()
	return err
}

// fill brings in what every city needs: units' own facts, the embedded catalogue and
// the offerings of the declared services.
func (p *Program) fill(ctx context.Context) error {
	if err := p.Units.Refresh(ctx); err != nil {
		return err
	}
	if err := p.Holidays.Refresh(ctx); err != nil {
		return err
	}
	if err := p.Officers.Adopt(ctx); err != nil {
		return err
	}
	if err := p.Catalog.LoadSeed(ctx); err != nil {
		return err
	}
	if err := p.Library.Keep(ctx, p.declared()); err != nil {
		return err
	}
	if err := p.Library.Refresh(ctx); err != nil {
		return err
	}
	if err := p.Dossiers.Pinned(ctx); err != nil {
		return err
	}
	if err := p.OpenID.Ready(ctx); err != nil {
		return err
	}
	if err := p.Certificates.Refresh(ctx); err != nil {
		return err
	}
	return p.offer(ctx)
}

// doors is the HTTP edge with every module's pages and operations.
func (p *Program) doors(context.Context) (err error) {
	metrics := prometheus.NewRegistry()
	p.Measures = p.measures()
	metrics.MustRegister(p.Measures)
	p.measureEvents(metrics)
	p.Live = web.NewLive(p.Dossiers.MayHear)
	door := p.doorkeeper()
	proxies := make([]netip.Prefix, len(p.Config.Proxies))
	for i, v := range p.Config.Proxies {
		if proxies[i], err = netip.ParsePrefix(v); err != nil {
			return fmt.Errorf("app: trusted proxy %q is not a network such as 10.0.0.0/8: %w", v, err)
		}
	}
	p.Server, err = web.New(web.Config{
		Listen: p.Config.Listen, PublicURL: p.Config.PublicURL, TLSCert: p.Config.TLSCert, TLSKey: p.Config.TLSKey, TrustedProxies: proxies, MetricsToken: p.Config.MetricsToken, Leave: p.Config.Leave,
	}, web.Deps{
		Bundle: p.Bundle, Auth: bearers{p.Auth, p.OpenID}, Proves: openidweb.Proves(p.OpenID), Policies: p.Policies, Clock: p.Clock, Log: p.Config.Log, Metrics: metrics, Trace: p.Trace, Checks: p.checks(), Nodes: p.DB.LiveNodes,
		Shell: p.shell, Live: p.Live, About: p.about(), Prove: door.Prove, Demands: func(s auth.Subject) auth.Proof { return p.Config.Demand.Of(s, p.Clock.Now()) }, Kiosk: p.Ways.IsKiosk,
	}, p.webModules()...)
	if err == nil {
		p.pages = p.built()
	}
	return err
}

// Run serves until ctx ends, then stops everything in order: first the door, then
// the work behind it. ready, when not nil, is told the address.
func (p *Program) Run(ctx context.Context, ready func(net.Addr)) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	door, closeDoor := context.WithCancel(ctx)
	defer closeDoor()
	for _, run := range p.background() {
		wg.Go(func() {
			if err := run(work); err != nil && work.Err() == nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
				closeDoor() // a program without one of its parts must not take dossiers
			}
		})
	}
	err := p.Server.Run(door, func(a net.Addr) {
		heard := "http://" + a.String()
		p.heard.Store(&heard)
		if ready != nil {
			ready(a)
		}
	})
	stop()
	wg.Wait()
	if p.Backup != nil {
		errs = append(errs, p.Backup.Close(context.WithoutCancel(ctx)))
	}
	return errors.Join(append(errs, err)...)
}

// background are the parts that work beside the door.
func (p *Program) background() []func(context.Context) error {
	var handlers []jobs.Handler
	var periodic []jobs.Periodic
	var followers []journal.Follower
	for _, m := range p.modules {
		handlers = append(handlers, m.Jobs...)
		periodic = append(periodic, m.Periodic...)
		followers = append(followers, m.Followers...)
	}
	out := []func(context.Context) error{
		func(ctx context.Context) error { return p.Journal.Run(ctx, followers) },
		func(ctx context.Context) error { return p.Jobs.Run(ctx, handlers, periodic) },
		func(ctx context.Context) error { return p.Journal.Watch(ctx, p.publish) },
		p.Measures.Run,
		p.Auth.Run,
		p.OpenID.Run,
		p.Certificates.Run,
		p.Units.Run,
		p.Holidays.Run,
		p.Library.Run,
		p.Notices.Line,
		p.Places.Run,
		p.Catalog.Warm, // the first reader should not wait for the search index
	}
	if p.Outlet != nil {
		out = append(out, p.Outlet.Run)
	}
	if p.Backup != nil {
		out = append(out, p.Backup.Run)
	}
	return out
}

// Close frees what New took, last first.
func (p *Program) Close() {
	for i := len(p.closers) - 1; i >= 0; i-- {
		p.closers[i]()
	}
	p.closers = nil
}

func (p *Program) onClose(f func()) { p.closers = append(p.closers, f) }

// secret reads a random key of 32 bytes, or makes it.
func secret(file string) ([]byte, error) {
	b, err := os.ReadFile(file) //nolint:gosec // our own folder
	if err == nil && len(b) == 32 {
		return b, nil
	}
	if err == nil {
		return nil, fmt.Errorf("app: %s is not a key of 32 bytes; restore it from a backup", file)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("app: %w", err)
	}
	b = make([]byte, 32)
	_, _ = rand.Read(b)
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // our own folder
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	_, err = f.Write(b)
	return b, errors.Join(err, f.Sync(), f.Close())
}
