package app

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/sign/signweb"
	"khue/internal/kernel/trace"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/result"
	"khue/internal/register/openid/openidweb"
)

// Config is what an operator sets. Every field has a value that works.
type Config struct {
	Data      string // folder of the database, keys and files; "data"
	DB        string // sqlite:PATH or postgres://…; empty: sqlite in Data
	Listen    string // host:port
	PublicURL string // as readers see the site; empty: http://Listen
	TLSCert   string // PEM file, with TLSKey; empty: plain HTTP behind a proxy that ends TLS
	TLSKey    string
	// Leave is how long before a stop /readyz says no while the door is still open.
	Leave   time.Duration
	Proxies []string // networks of proxies whose X-Forwarded-For is believed: 10.0.0.0/8
	// MetricsToken opens /metrics; empty: to this machine and to networks of Proxies.
	MetricsToken string
	SMTP         string        // host:port of the mail relay; empty: mail is kept in the log only
	MailFrom     string        // sender of notices
	SMS          string        // carrier: smpp://user:password@host:2775?from=NAME or https+json://token@host/path; empty: no SMS
	Clamd        string        // scanner of uploads, tcp://host:3310 or unix:/path; empty: none
	ClamdDown    string        // what is done with files while it is away: refuse (also "") or take
	OTLP         string        // collector of traces; empty: none
	Tracer       *trace.Tracer // in place of OTLP, in tests
	Slow         time.Duration // statements that take longer are shown to operators; 0: 250 ms
	Twice        bool          // tests: the first run of each write on SQLite is undone, and it runs again
	// Payments says how the city is paid; zero: not by this program.
	Payments Payments
	// PushHosts are hosts, with their port, that may be called with web push beside the
	// browsers' own services.
	PushHosts []string

	// Events is where other systems hear of what happens: nats://host:4222 or "embedded"; empty:
	// nowhere. EventsListen is where an embedded stream takes its readers.
	Events, EventsListen string

	// Opened is the instant at which a demo city opens; zero: now, and no demo.
	Opened time.Time
	// Hotline is the telephone of the one-stops, printed on form 01; empty: a line to write on.
	Hotline string
	// Training is a copy on which officers learn: every page and paper says so.
	Training bool
	// NameOfficers tells citizens the name of who looked at their data beside the post.
	NameOfficers bool
	// Signer is the remote signing service behind which officers' own keys lie; zero: none.
	Signer signweb.Config
	// Demand says since when two factors are demanded of officers, and a fresh proof of who signs;
	// zero: of nobody.
	Demand auth.Demand
	// Aside is this program's own file, of which children compute passwords (khue hash) and draw
	// papers (khue draw) beside the pages; empty: none, both are done here.
	Aside string
	// Clock replaces the machine's, in tests.
	Clock clock.Clock
	Log   *slog.Logger
	// Services are the declared services that come with the program; nil: the city's own.
	Services fs.FS
	// National is the identity above the city through which people may sign in; zero: none.
	National openidweb.National
	// Witnesses are bodies outside the city that confirm the journal, each URL=KEY.
	Witnesses []string
	// TSA is the address of an authority for time (RFC 3161) that stamps checkpoints; empty: none.
	TSA string
	// TSAEvery is how often; 0 means every five minutes.
	TSAEvery time.Duration
	// LinePace is how many people the waiting lines let in a second; 0: 50.
	LinePace int
	// Signing signs results in place of the city's own cards and seals, in tests.
	Signing result.Signing
	// Post takes results to their owners; nil where the desk sends them.
	Post result.Post
	// PostURL is the order API of a postal service, where Post is nil; PostSecret is shared with it.
	PostURL    string
	PostSecret string
	// Connectors are the other systems that processes may ask.
	Connectors []dossier.Connector

	// Backup is where the city is copied to while it works; zero: nowhere.
	Backup BackupConfig

	// MigrateAtStart brings the tables up to date by itself. SQLite always does; on
	// PostgreSQL that is the operator's act (khue migrate).
	MigrateAtStart bool
}

// City is the name under which this city's journal signs.
const City = "khue.hanoi"

// House is the name of the site, as authenticators and messages show it.
const House = "Khuê"

func (c Config) withDefaults() (Config, error) {
	if c.Data == "" {
		c.Data = "data"
	}
	abs, err := filepath.Abs(c.Data)
	if err != nil {
		return c, fmt.Errorf("app: data folder %s: %w", c.Data, err)
	}
	c.Data = abs
	if c.DB == "" {
		c.DB = "sqlite:" + filepath.Join(c.Data, "khue.db")
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	if c.TSAEvery <= 0 {
		c.TSAEvery = 5 * time.Minute
	}
	if c.MailFrom == "" {
		c.MailFrom = "Khuê <no-reply@khue.invalid>"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	if c.Clock == nil {
		log := c.Log
		c.Clock = clock.Watch(clock.System(), 5*time.Second, func(was, is time.Time) {
			// Acts would be backdated: no answer is better than a wrong one.
			log.Error("the machine's clock ran back; stopping", "was", was, "is", is)
			os.Exit(exitClock)
		})
	}
	if !c.Opened.IsZero() {
		if c.Opened.After(c.Clock.Now().AddDate(1, 0, 0)) {
			return c, errors.New("app: a demo opens at most a year ahead")
		}
		c.Clock = clock.StartAt(c.Clock, c.Opened)
	}
	return c, nil
}
