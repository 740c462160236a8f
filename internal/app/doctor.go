package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
)

// doctorCmd looks at all that a city stands on and changes nothing. Its flags are those of
// serve, so that the settings in force are looked at.
type doctorCmd struct {
	serveCmd
	Strict bool `help:"Exit 1 also where something is only worth a thought."`
	JSON   bool `help:"One JSON object."`
}

// How bad a finding is.
const (
	fine  = "fine"
	think = "think" // works, and yet
	wrong = "wrong"
)

// symptom is one thing that was looked at.
type symptom struct {
	What string `json:"what"` // key below app.doctor
	How  string `json:"how"`  // fine, think, wrong
	Says string `json:"says"` // in the reader's language
	Do   string `json:"do,omitempty"`
}

// doctor gathers symptoms.
type doctor struct {
	c    *command
	cfg  Config
	cmd  *doctorCmd
	now  time.Time
	list []symptom
}

const dialTime = 3 * time.Second

// Run looks and tells. It exits 1 where something is wrong.
func (d *doctorCmd) Run(c *command) error {
	cfg, err := d.settings(c)
	if err != nil {
		return err
	}
	if cfg, err = cfg.withDefaults(); err != nil {
		return err
	}
	x := &doctor{c: c, cfg: cfg, cmd: d, now: cfg.Clock.Now()}
	for _, look := range []func(){x.address, x.folder, x.keys, x.disk, x.clock, x.files, x.certificate, x.database, x.backup, x.reach, x.server} {
		look()
	}
	worst := x.worst()
	if d.JSON {
		if err := c.json(map[string]any{"state": worst, "findings": x.list}); err != nil {
			return err
		}
	} else {
		x.print()
	}
	if worst == wrong || worst == think && d.Strict {
		return errs.E(errs.Invalid, "app.doctor.unwell")
	}
	return nil
}

func (x *doctor) worst() string {
	out := fine
	for _, s := range x.list {
		if s.How == wrong || s.How == think && out == fine {
			out = s.How
		}
	}
	return out
}

func (x *doctor) print() {
	sign := map[string]string{fine: "  ok  ", think: "  ??  ", wrong: "  !!  "}
	for _, s := range x.list {
		fmt.Fprintln(x.c.out, sign[s.How]+s.Says)
		if s.Do != "" {
			fmt.Fprintln(x.c.out, "      → "+s.Do)
		}
	}
}

// says adds a symptom; its sentences are app.doctor.KEY, and app.doctor.KEY_do for what to do.
func (x *doctor) says(how, key string, kv ...any) {
	b, err := embeddedSentences()
	s := symptom{What: key, How: how, Says: key}
	if err == nil {
		params := map[string]any{}
		for i := 0; i+1 < len(kv); i += 2 {
			params[fmt.Sprint(kv[i])] = kv[i+1]
		}
		s.Says = b.Map(x.c.lang, "app.doctor."+key, params)
		if k := "app.doctor." + key + "_do"; how != fine && b.Has(k) {
			s.Do = b.Map(x.c.lang, k, params)
		}
	}
	x.list = append(x.list, s)
}

// address looks at how readers reach the site.
func (x *doctor) address() {
	u, err := url.Parse(x.cfg.PublicURL)
	host, _, _ := net.SplitHostPort(x.cfg.Listen)
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case x.cfg.PublicURL == "":
		x.says(think, "noAddress")
	case err != nil || u.Scheme != "https":
		x.says(wrong, "plainAddress", "url", x.cfg.PublicURL)
	default:
		x.says(fine, "address", "url", x.cfg.PublicURL)
	}
	if x.cfg.TLSCert == "" && !local {
		x.says(wrong, "openPlain", "listen", x.cfg.Listen)
	}
	if x.cfg.TLSCert == "" && len(x.cfg.Proxies) == 0 && x.cfg.PublicURL != "" {
		x.says(think, "noProxy")
	}
}

// folder looks at the data folder and whom it is open to.
func (x *doctor) folder() {
	st, err := os.Stat(x.cfg.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		x.says(think, "noFolder", "dir", x.cfg.Data)
		return
	case err != nil || !st.IsDir():
		x.says(wrong, "badFolder", "dir", x.cfg.Data, "why", fmt.Sprint(err))
		return
	case st.Mode().Perm()&0o077 != 0:
		x.says(wrong, "openFolder", "dir", x.cfg.Data, "mode", fmt.Sprintf("%04o", st.Mode().Perm()))
	default:
		x.says(fine, "folder", "dir", x.cfg.Data)
	}
	f, err := os.CreateTemp(x.cfg.Data, ".doctor-*")
	if err != nil {
		x.says(wrong, "notWritable", "dir", x.cfg.Data, "why", err.Error())
		return
	}
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// keyFiles are made at the first start; one that is missing later means a half restore.
func keyFiles() []string {
	return []string{"journal.key", "packages.key", "access.key", "invite.key", "person.key", "ways.key", "push.key", "openid.key"}
}

func (x *doctor) keys() {
	dir := filepath.Join(x.cfg.Data, "keys")
	list, err := os.ReadDir(dir)
	if err != nil || len(list) == 0 {
		return // a city that was never started
	}
	good := true
	for _, name := range keyFiles() {
		st, err := os.Stat(filepath.Join(dir, name))
		switch {
		case err != nil:
			x.says(wrong, "noKey", "file", name)
		case st.Mode().Perm()&0o077 != 0:
			x.says(wrong, "openKey", "file", name, "mode", fmt.Sprintf("%04o", st.Mode().Perm()))
		case st.Size() == 0:
			x.says(wrong, "emptyKey", "file", name)
		default:
			continue
		}
		good = false
	}
	if _, err := journal.LoadKey(filepath.Join(dir, "journal.key"), City); err != nil {
		x.says(wrong, "badKey", "file", "journal.key", "why", err.Error())
		good = false
	}
	if good {
		x.says(fine, "keys", "n", len(keyFiles()))
	}
}

// roomFor is the least that should be free.
const roomFor = 2 << 30

func (x *doctor) disk() {
	dir := x.cfg.Data
	if _, err := os.Stat(dir); err != nil {
		dir = filepath.Dir(dir)
	}
	free, size, err := disk(dir)
	switch {
	case err != nil:
		x.says(think, "noDisk", "why", err.Error())
	case free < roomFor || free < size/20:
		x.says(wrong, "fullDisk", "mb", int64(free>>20), "percent", int64(free*100/max(size, 1))) //nolint:gosec // sizes of disks
	case free < size/10:
		x.says(think, "fullDisk", "mb", int64(free>>20), "percent", int64(free*100/max(size, 1))) //nolint:gosec // sizes of disks
	default:
		x.says(fine, "disk", "gb", int64(free>>30)) //nolint:gosec // sizes of disks
	}
}

const timeError = 5 // TIME_ERROR: the clock is not kept by anybody

// clock asks the system whether somebody keeps its time: due dates and checkpoints stand on it.
func (x *doctor) clock() {
	var t syscall.Timex
	state, err := syscall.Adjtimex(&t)
	if err != nil || state == timeError {
		x.says(think, "noTime")
		return
	}
	x.says(fine, "time")
}

const leastFiles = 4096

func (x *doctor) files() {
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err == nil && lim.Cur < leastFiles {
		x.says(think, "fewFiles", "n", int64(lim.Cur), "least", leastFiles) //nolint:gosec // a small number
	}
}

func (x *doctor) certificate() {
	if x.cfg.TLSCert == "" {
		return
	}
	pair, err := tls.LoadX509KeyPair(x.cfg.TLSCert, x.cfg.TLSKey)
	if err != nil || pair.Leaf == nil {
		x.says(wrong, "badCertificate", "file", x.cfg.TLSCert, "why", fmt.Sprint(err))
		return
	}
	left := int64(pair.Leaf.NotAfter.Sub(x.now) / day)
	switch u, err := url.Parse(x.cfg.PublicURL); {
	case left < 0:
		x.says(wrong, "overCertificate", "n", -left)
	case err == nil && u.Hostname() != "" && pair.Leaf.VerifyHostname(u.Hostname()) != nil:
		x.says(wrong, "otherCertificate", "host", u.Hostname())
	case left < 21:
		x.says(think, "shortCertificate", "n", left)
	default:
		x.says(fine, "certificate", "n", left)
	}
}

// database looks at the database without migrating or making it.
func (x *doctor) database() {
	if file, lite := strings.CutPrefix(x.cfg.DB, "sqlite:"); lite {
		if _, err := os.Stat(strings.TrimPrefix(file, "//")); err != nil {
			x.says(think, "noDatabase", "file", file)
			return
		}
	}
	ctx, cancel := context.WithTimeout(x.c.ctx, 20*time.Second)
	defer cancel()
	d, err := db.Open(ctx, db.Config{URL: x.cfg.DB, Clock: x.cfg.Clock, Log: x.c.log})
	if err != nil {
		x.says(wrong, "deadDatabase", "why", x.c.sentence(err))
		return
	}
	defer func() { _ = d.Close() }()
	cond, err := d.Condition(ctx)
	switch {
	case err != nil:
		x.says(wrong, "deadDatabase", "why", x.c.sentence(err))
		return
	case len(cond.Careless) > 0:
		x.says(wrong, "careless", "settings", strings.Join(cond.Careless, ", "))
	default:
		x.says(fine, "database", "what", cond.String())
	}
	for _, r := range cond.Replicas {
		if r.Lag > 30*time.Second {
			x.says(think, "replica", "name", r.Name, "n", int64(r.Lag/time.Second))
		}
	}
	pending, err := d.Pending(ctx, Migrations())
	switch {
	case err != nil:
		x.says(wrong, "deadDatabase", "why", x.c.sentence(err))
		return
	case len(pending) > 0:
		x.says(think, "pending", "n", len(pending), "first", pending[0])
		return // older tables: the journal may have another form
	default:
		x.says(fine, "migrated")
	}
	x.journal(ctx, d)
}

// journal is a quick look: the newest checkpoint is signed by our key and is not ahead of
// the log. The whole is khue verify's.
func (x *doctor) journal(ctx context.Context, d *db.DB) {
	signer, err := journal.LoadKey(filepath.Join(x.cfg.Data, "keys", "journal.key"), City)
	if err != nil {
		return // told already
	}
	j := journal.New(d, nil, signer, x.c.log)
	st, err := j.Status(ctx)
	if err != nil {
		x.says(wrong, "badJournal", "why", x.c.sentence(err))
		return
	}
	if st.Size == 0 {
		return
	}
	cp, err := j.Checkpoint(ctx)
	switch {
	case errs.Is(err, errs.NotFound): // it was never running long enough to sign
	case err != nil:
		x.says(wrong, "badJournal", "why", err.Error())
	case cp.Size > st.Size:
		x.says(wrong, "shortJournal", "size", st.Size, "signed", cp.Size)
	default:
		x.says(fine, "journal", "n", st.Size)
	}
	if last, err := j.Last(ctx); err == nil && last.After(x.now.Add(time.Minute)) {
		x.says(wrong, "future")
	}
}

// reach knocks at what the program must reach.
func (x *doctor) reach() {
	for _, s := range []struct{ key, address string }{{"mail", x.cfg.SMTP}, {"sms", x.cfg.SMS}, {"collector", x.cfg.OTLP}, {"clamd", x.cfg.Clamd}} {
		if s.address == "" {
			if s.key == "mail" {
				x.says(think, "noMail")
			}
			continue
		}
		network, host := "tcp", hostOf(s.address)
		if path, unix := strings.CutPrefix(s.address, "unix:"); unix {
			network, host = "unix", strings.TrimPrefix(path, "//")
		}
		if host == "" {
			x.says(wrong, "badAddress", "what", s.key)
			continue
		}
		ctx, cancel := context.WithTimeout(x.c.ctx, dialTime)
		conn, err := (&net.Dialer{}).DialContext(ctx, network, host)
		cancel()
		if err != nil {
			x.says(wrong, "away", "what", s.key, "host", host)
			continue
		}
		_ = conn.Close()
		x.says(fine, "there", "what", s.key, "host", host)
	}
}

// hostOf is host:port of an address, with the port that its scheme means.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"smtp": "587", "smtps": "465", "smtp+plain": "25", "smpp": "2775", "smpps": "2775", "http": "80", "http+json": "80", "tcp": "3310"}[u.Scheme]
	}
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// server asks a program that runs already whether it is ready.
func (x *doctor) server() {
	scheme := "http://"
	client := &http.Client{Timeout: dialTime}
	if x.cfg.TLSCert != "" {
		scheme = "https://"
		client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}} //nolint:gosec // this machine, and only a yes or no
	}
	req, err := http.NewRequestWithContext(x.c.ctx, http.MethodGet, scheme+x.cfg.Listen+"/readyz", nil)
	if err != nil {
		return
	}
	res, err := client.Do(req)
	if err != nil {
		x.says(think, "notRunning", "listen", x.cfg.Listen)
		return
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		x.says(wrong, "notReady", "listen", x.cfg.Listen, "url", scheme+x.cfg.Listen+"/readyz")
		return
	}
	x.says(fine, "ready", "listen", x.cfg.Listen)
}
