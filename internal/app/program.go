package app

import (
	"context"
	"fmt"
	"io/fs"
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
	Config Config
	Clock  clock.Clock

	// The kernel.
	DB       *db.DB
	Gen      *id.Gen
	Bundle   *i18n.Bundle
	Journal  *journal.Journal
	Jobs     *jobs.Queue
	Blobs    blob.Store
	Staging  blob.Staging
	Backup   *backup.Runner // nil where none is taken
	Mail     mail.Sender
	SMS      sms.Sender // nil where the city has no carrier
	Auth     *auth.Service
	Ways     *factor.Service
	Policies *auth.Policies
	Measures *measure.Set
	Trace    *trace.Tracer   // nil where nobody collects
	Outlet   *outlet.Service // nil where nobody outside listens
	Live     *web.Live
	Server   *web.Server

	// The register.
	Units        *orgunit.Service
	Officers     *identity.Service
	Holidays     *holiday.Service
	Catalog      *catalog.Service
	Looks        *access.Service
	People       *person.Service
	Mandates     *mandate.Service
	OpenID       *openid.Service
	Certificates *certificate.Service // the city's certificate authority
	keysAway     []string             // its keys behind a signing service that is not set up
	Books        *book.Service
	Records      *record.Service

	// The one-stop.
	Services   *service.Registry
	Library    *service.Library
	Notices    *notify.Service
	Places     *waiting.Service
	Signatures *signature.Service // signs and verifies
	Uploads    *upload.Service
	Desk       *desk.Service
	Payments   *payment.Service
	Dossiers   *dossier.Service
	Results    *result.Service
	Apply      *apply.Service
	Counter    *counter.Service
	Cutover    *cutover.Service
	Rights     *rights.Service
	Reorganise *reorganise.Service

	witnesses []journalweb.Witness
	stage     *stage // of a demo
	modules   []module.Module
	pages     map[string]auth.Action // what can be opened, by path
	heard     atomic.Pointer[string] // address on which the door listens
	closers   []func()
}

// New builds the program in the order of house and brings its storage up to date. Close it.
func New(ctx context.Context, cfg Config) (*Program, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Program{Config: cfg, Clock: cfg.Clock, stage: newStage()}
	for _, build := range []func(context.Context) error{p.tracing, p.ground, p.kernel, p.build, p.outside, p.speak, p.start, p.doors} {
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
	p.DB, err = db.Open(ctx, db.Config{URL: p.Config.DB, Clock: p.Clock, Slow: p.Config.Slow, Trace: p.Trace, Log: p.Config.Log, Twice: p.Config.Twice})
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

// kernel builds what all modules stand on.
func (p *Program) kernel(context.Context) error {
	signer, err := journal.LoadKey(p.keyFile("journal.key"), City)
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
	if p.SMS, err = smsweb.New(p.Config.SMS); err != nil {
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
	p.Bundle, err = embeddedSentences()
	return err
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
