package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"khue/internal/kernel/auth/hasher"
	"khue/internal/kernel/config"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/service/scaffold"
)

// Exit codes of the command line.
const (
	exitOK     = 0
	exitFailed = 1  // the work failed or found a fault
	exitUsage  = 2  // the words of the command are off
	exitClock  = 75 // the machine's clock ran back
)

// Version is the program's, from its build.
var Version = func() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
		return b.Main.Version
	}
	return "0.1.0"
}()

// storageFlags say where a city's data are.
type storageFlags struct {
	Data string `help:"Folder of the database, keys and files." default:"data" env:"KHUE_DATA" type:"path"`
	DB   string `help:"Database: sqlite:PATH or postgres://…; empty: SQLite in the data folder." env:"KHUE_DB"`
}

func (f storageFlags) config(c *command) Config {
	return Config{Data: f.Data, DB: f.DB, Log: c.log}
}

// command is what every command runs in.
type command struct {
	ctx  context.Context
	out  io.Writer
	err  io.Writer
	log  *slog.Logger
	lang i18n.Lang
	self string // the program's own file, or ""
}

// grammar is the whole command line.
type grammar struct {
	LogLevel string `help:"Least level that is logged: debug, info, warn, error." default:"warn" enum:"debug,info,warn,error" env:"KHUE_LOG"`
	Lang     string `help:"Language of messages: vi or en." default:"en" enum:"vi,en" env:"KHUE_LANG"`

	PrintConfig bool `help:"Print the settings in force, secrets masked, and stop."`

	Profile string `help:"Write a CPU profile of the run to this file." hidden:"" type:"path"`

	Demo       demoCmd       `cmd:"" help:"Start a fresh demo city with an account for every role."`
	Serve      serveCmd      `cmd:"" help:"Serve a city."`
	Migrate    migrateCmd    `cmd:"" help:"Bring the tables up to date."`
	Import     importCmd     `cmd:"" help:"Bring in units, the national catalogue of procedures, or the dossiers of an old system."`
	Client     clientCmd     `cmd:"" help:"Programs that sign people in through the city, or use its API."`
	Token      tokenCmd      `cmd:"" help:"Make a token for a program that acts as an account."`
	Person     personCmd     `cmd:"" help:"Change the key of the register of persons."`
	Policy     policyCmd     `cmd:"" help:"Who may do what, and why."`
	Backup     backupCmd     `cmd:"" help:"Copy the city to a folder, encrypted, and look after the copies."`
	Restore    restoreCmd    `cmd:"" help:"Make a city of its backup, as it was at an instant."`
	Archive    archiveCmd    `cmd:"" help:"Old dossiers in open formats, readable without this program."`
	Verify     verifyCmd     `cmd:"" help:"Recompute the journal, or check a receipt without the city."`
	Witness    witnessCmd    `cmd:"" help:"Confirm a city's journal from outside it."`
	Drill      drillCmd      `cmd:"" help:"Do harm to an empty copy, and see who finds it."`
	Doctor     doctorCmd     `cmd:"" help:"Look at all that a city stands on, change nothing, and say what to do."`
	About      aboutCmd      `cmd:"" help:"What the program is made of: parts, versions, licences; as CycloneDX with --sbom."`
	Bench      benchCmd      `cmd:"" help:"Measure this program on this machine."`
	Load       loadCmd       `cmd:"" help:"Play a city over its HTTP API and compare what it acknowledged with what it holds."`
	Service    serviceCmd    `cmd:"" help:"Check a declared service and play its scenarios."`
	Reorganise reorganiseCmd `cmd:"" help:"Carry out a reorganisation of units, or undo one."`
	Hash       hashCmd       `cmd:"" help:"Compute passwords for a server that starts it." hidden:""`
	Draw       drawCmd       `cmd:"" help:"Draw papers for a server that starts it." hidden:""`
	Conform    conformCmd    `cmd:"" name:"conformance" help:"Run an outside test suite."`

	Version kong.VersionFlag `help:"Print the version." short:"V"`
}

// Main runs one command line and returns the exit code. self is the program's own file, which a
// server starts once more to compute passwords; "" where it should not.
func Main(ctx context.Context, self string, args []string, out, errOut io.Writer) (code int) {
	var g grammar
	exited := -1
	file, err := config.File(os.Getenv("KHUE_CONFIG"))
	if err != nil {
		fmt.Fprintln(errOut, "khue:", err)
		return exitUsage
	}
	k, err := kong.New(&g, file, kong.Name("khue"), kong.Writers(out, errOut), kong.Vars{"version": Version, "servicekinds": strings.Join(scaffold.Kinds(), ",")},
		kong.Description("The digital government of a city in one program."),
		kong.Exit(func(c int) { exited = c }), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
	if err != nil {
		fmt.Fprintln(errOut, "khue:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	kctx, err := k.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		k.Errorf("%s", err)
		fmt.Fprintln(errOut, "Try: khue --help")
		return exitUsage
	}
	if g.PrintConfig {
		if err := config.Print(out, kctx); err != nil {
			fmt.Fprintln(errOut, "khue:", err)
			return exitFailed
		}
		return exitOK
	}
	var level slog.Level
	_ = level.UnmarshalText([]byte(g.LogLevel)) // the grammar allows only levels
	c := &command{ctx: ctx, out: out, err: errOut, log: slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: level})), lang: i18n.Lang(g.Lang), self: self}
	spareTheCollector()
	if g.Profile != "" {
		f, err := os.Create(g.Profile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			fmt.Fprintln(errOut, "khue:", err)
			return exitFailed
		}
		defer func() { pprof.StopCPUProfile(); _ = f.Close() }()
	}
	err = kctx.Run(c)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errUsage):
		fmt.Fprintln(errOut, "khue:", strings.TrimPrefix(err.Error(), errUsage.Error()+": "))
		return exitUsage
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return exitOK // asked to stop
	default:
		fmt.Fprintln(errOut, "khue:", c.sentence(err))
		return exitFailed
	}
}

var errUsage = errors.New("usage")

// sentence says an error for the operator: the sentence where there is one, and the diagnosis.
func (c *command) sentence(err error) string {
	e, ok := errs.As(err)
	if !ok || e.Key == "" {
		return err.Error()
	}
	b, bundleErr := embeddedSentences()
	if bundleErr != nil || !b.Has(e.Key) {
		return err.Error()
	}
	said := b.Map(c.lang, e.Key, e.Params)
	if e.Err == nil && e.Op == "" {
		return said // there is nothing behind it
	}
	return said + "\n  (" + err.Error() + ")"
}

// json prints one object for a script.
func (c *command) json(v any) error {
	enc := json.NewEncoder(c.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

type serveCmd struct {
	storageFlags
	Listen       string        `help:"Address to listen on." default:"127.0.0.1:8080" env:"KHUE_LISTEN"`
	PublicURL    string        `help:"Address of the site as readers see it." env:"KHUE_PUBLIC_URL"`
	TLSCert      string        `name:"tls-cert" help:"Certificate with its chain, PEM, read again when it changes; empty: plain HTTP behind a proxy that ends TLS." type:"existingfile" env:"KHUE_TLS_CERT"`
	TLSKey       string        `name:"tls-key" help:"Key of the certificate, PEM." type:"existingfile" env:"KHUE_TLS_KEY"`
	Proxies      []string      `name:"trusted-proxy" help:"Network of proxies whose X-Forwarded-For is believed, 10.0.0.0/8; none by default." env:"KHUE_TRUSTED_PROXIES"`
	MetricsToken string        `help:"Bearer token that opens /metrics; empty: it answers this machine and networks of --trusted-proxy, unless the request was forwarded." env:"KHUE_METRICS_TOKEN" secret:""`
	SMTP         string        `help:"Mail server, smtp://user:password@host:587 or smtp+plain://host:25; empty: mail is only recorded." env:"KHUE_SMTP"`
	SMS          string        `help:"Carrier for text messages, smpp://user:password@host:2775?from=NAME or https+json://token@host/path; empty: none." env:"KHUE_SMS"`
	MailFrom     string        `help:"Sender of notices." env:"KHUE_MAIL_FROM"`
	Hotline      string        `help:"Telephone of the one-stops, printed on form 01; empty: a line to write it on." env:"KHUE_HOTLINE"`
	LinePace     int           `help:"How many people waiting lines let in a second." default:"50" env:"KHUE_LINE_PACE"`
	NameOfficers bool          `help:"Tell citizens the name of the officer who looked at their data, beside the post." env:"KHUE_NAME_OFFICERS"`
	Witnesses    []string      `name:"witness" help:"Body outside the city that confirms the journal, https://host/path=KEY; again for more." env:"KHUE_WITNESSES"`
	TSA          string        `name:"tsa" help:"Address of an authority for time (RFC 3161) that stamps checkpoints; empty: none." env:"KHUE_TSA"`
	TSAEvery     time.Duration `name:"tsa-every" help:"How often it is asked." default:"5m" env:"KHUE_TSA_EVERY"`
	nationalFlags
	signerFlags
	paymentFlags
	postFlags
	demandFlag
	Events       string        `help:"Stream of events for other systems: nats://host:4222 (a cluster with commas, ?replicas=3), or embedded; empty: none." env:"KHUE_EVENTS"`
	EventsListen string        `help:"Address at which an embedded stream takes readers." default:"127.0.0.1:4222" env:"KHUE_EVENTS_LISTEN"`
	Leave        time.Duration `help:"When told to stop, let /readyz say no for this long before the door closes, so that a balancer sends nobody more: 5s." default:"0s" env:"KHUE_LEAVE"`
	Training     bool          `help:"This is a copy to learn on: every page and paper says so." env:"KHUE_TRAINING"`
	watchFlags
	backupFlags
}

// hashCmd is the server's child that computes passwords.
type hashCmd struct{}

// Run answers on the standard streams until the server is gone. It ignores interrupts, which
// reach the whole group: the server ends it.
func (hashCmd) Run(c *command) error { return hasher.Serve(os.Stdin, c.out) }

// drawCmd is the server's child that draws papers.
type drawCmd struct{}

// Run answers on the standard streams until the server is gone.
func (drawCmd) Run(c *command) error { return pdf.ServeDrawings(os.Stdin, c.out, fonts()) }

// settings are what the flags say.
func (s *serveCmd) settings(c *command) (Config, error) {
	cfg := s.config(c)
	cfg.Listen, cfg.PublicURL, cfg.SMTP, cfg.MailFrom = s.Listen, s.PublicURL, s.SMTP, s.MailFrom
	cfg.SMS, cfg.Training, cfg.Hotline, cfg.NameOfficers = s.SMS, s.Training, s.Hotline, s.NameOfficers
	cfg.LinePace = s.LinePace
	cfg.Events, cfg.EventsListen = s.Events, s.EventsListen
	cfg.Leave, cfg.TLSCert, cfg.TLSKey, cfg.Proxies = s.Leave, s.TLSCert, s.TLSKey, s.Proxies
	cfg.MetricsToken, cfg.Signer = s.MetricsToken, s.signer()
	cfg.PostURL, cfg.PostSecret = s.Post, s.PostSecret
	cfg.Aside = c.self
	cfg.Witnesses, cfg.TSA, cfg.TSAEvery = s.Witnesses, s.TSA, s.TSAEvery
	cfg.Backup = s.backup()
	s.watchFlags.into(&cfg)
	cfg.Payments = s.payments(false)
	var err error
	if cfg.Demand, err = s.demand(demandOn); err != nil {
		return cfg, err
	}
	cfg.National, err = s.national()
	return cfg, err
}

// Run serves until the process is told to stop.
func (s *serveCmd) Run(c *command) error {
	cfg, err := s.settings(c)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	scheme := "http"
	if s.TLSCert != "" {
		scheme = "https"
	}
	return p.Run(c.ctx, func(a net.Addr) { fmt.Fprintf(c.out, "Khue serves %s://%s\n", scheme, a) })
}

type migrateCmd struct {
	storageFlags
	Check bool `help:"Only list what is pending; exit 1 where something is."`
}

// Run migrates, or lists what is pending.
func (m *migrateCmd) Run(c *command) error {
	cfg, err := m.config(c).withDefaults()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	d, err := db.Open(c.ctx, db.Config{URL: cfg.DB, Clock: cfg.Clock, Log: c.log})
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	pending, err := d.Pending(c.ctx, Migrations())
	if err != nil {
		return err
	}
	for _, name := range pending {
		fmt.Fprintln(c.out, name)
	}
	if m.Check {
		if len(pending) > 0 {
			return fmt.Errorf("%d migrations are pending", len(pending))
		}
		return nil
	}
	if err := d.Migrate(c.ctx, Migrations()); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%d migrations applied\n", len(pending))
	return nil
}

type tokenCmd struct {
	storageFlags
	As    string `help:"Login of the account." required:"" placeholder:"LOGIN"`
	Label string `help:"What the token is for, shown to the account's owner." default:"khue token"`
}

// Run prints a token, once.
func (t *tokenCmd) Run(c *command) error {
	cfg, err := t.existing(c)
	if err != nil {
		return err
	}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	a, err := p.Auth.FindAccount(c.ctx, t.As)
	if err != nil {
		return err
	}
	token, err := p.Auth.IssueToken(c.ctx, a.ID, t.Label)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, token)
	return nil
}
