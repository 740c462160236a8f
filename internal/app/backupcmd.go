package app

import (
	"errors"
	"fmt"
	"time"

	"khue/internal/kernel/backup"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
)

type backupCmd struct {
	Run    backupRunCmd    `cmd:"" help:"Copy the city to a folder, encrypted, while it works. A second run copies what changed."`
	List   backupListCmd   `cmd:"" help:"What is in the folder, and which instants can be restored."`
	Verify backupVerifyCmd `cmd:"" help:"Read everything in the folder and say what is damaged or missing."`
	Key    backupKeyCmd    `cmd:"" help:"Make a pair of keys: the private one into a file, the public one printed."`
	Prune  backupPruneCmd  `cmd:"" help:"Remove what no instant of the last days needs."`
}

// sealedFlags are for whoever reads backups.
type sealedFlags struct {
	From     string `help:"Folder of the backups." required:"" type:"existingdir" env:"KHUE_BACKUP"`
	Identity string `help:"File of the private key (age-keygen)." required:"" type:"existingfile"`
	JSON     bool   `help:"One JSON object."`
}

func (s sealedFlags) vault() (*backup.Vault, error) {
	ids, err := backup.ReadIdentities(s.Identity)
	if err != nil {
		return nil, err
	}
	return backup.Open(s.From, ids)
}

type backupRunCmd struct {
	storageFlags
	To          string   `help:"Folder of the backups, on another disk or machine." required:"" type:"path" env:"KHUE_BACKUP"`
	Recipients  []string `name:"recipient" help:"Public key age1…, or a file of them; again for more." required:"" env:"KHUE_BACKUP_RECIPIENTS"`
	WithoutKeys bool     `help:"Leave out the folder of keys: it is kept elsewhere."`
	JSON        bool     `help:"One JSON object."`
}

// Run takes one base with its log up to now.
func (b *backupRunCmd) Run(c *command) error {
	cfg, err := b.existing(c)
	if err != nil {
		return err
	}
	bar := newProgress(c.err, "backup")
	var last backup.Progress
	cfg.Backup = BackupConfig{Dir: b.To, Recipients: b.Recipients, WithoutKeys: b.WithoutKeys, Progress: func(p backup.Progress) {
		last = p
		bar.show(int(p.Bytes>>20), 0)
	}}
	p, err := New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	// What happened before a backup was ever taken is noted first.
	if err := p.Journal.Tick(c.ctx, p.backupModule().Followers); err != nil {
		return err
	}
	begun := c.now()
	st, err := p.Backup.Once(c.ctx)
	bar.end()
	if err != nil {
		return err
	}
	took := c.now().Sub(begun)
	if b.JSON {
		return c.json(map[string]any{"generation": st.Generation, "good": st.Good, "bytes": last.Bytes, "written": last.Written, "objects": last.Objects, "ms": took.Milliseconds()})
	}
	fmt.Fprintln(c.out, c.say("app.backup.done", "generation", st.Generation, "good", st.Good.Format(time.RFC3339), "mb", last.Bytes>>20, "written", last.Written>>20, "s", fmt.Sprintf("%.1f", took.Seconds())))
	return nil
}

type backupKeyCmd struct {
	File string `arg:"" help:"New file of the private key. Keep it far from the city and from its backups." type:"path"`
}

// Run makes the pair.
func (b *backupKeyCmd) Run(c *command) error {
	public, err := backup.NewIdentity(b.File)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, public)
	return nil
}

type backupListCmd struct{ sealedFlags }

// Run lists the generations.
func (b *backupListCmd) Run(c *command) error {
	v, err := b.vault()
	if err != nil {
		return err
	}
	list, err := v.List()
	if err != nil {
		return err
	}
	if b.JSON {
		return c.json(map[string]any{"generations": list})
	}
	if len(list) == 0 {
		return errs.E(errs.NotFound, "backup.none", errs.P("dir", b.From))
	}
	for _, l := range list {
		fmt.Fprintln(c.out, c.say("app.backup.line", "generation", l.Generation, "engine", l.Engine, "from", l.From.Format(time.RFC3339), "to", l.To.Format(time.RFC3339), "segments", l.Segments, "mb", l.Bytes>>20, "blobs", l.Blobs))
	}
	return nil
}

type backupVerifyCmd struct{ sealedFlags }

// Run reads everything.
func (b *backupVerifyCmd) Run(c *command) error {
	v, err := b.vault()
	if err != nil {
		return err
	}
	bar := newProgress(c.err, "backup")
	n, problems, err := v.Verify(c.ctx, bar.show)
	bar.end()
	if err != nil {
		return err
	}
	if b.JSON {
		if err := c.json(map[string]any{"objects": n, "problems": len(problems)}); err != nil {
			return err
		}
	}
	for _, p := range problems {
		fmt.Fprintln(c.err, "-", c.sentence(p))
	}
	if len(problems) > 0 {
		return errs.E(errs.Internal, "app.backup.damaged", errs.P("n", len(problems)))
	}
	if !b.JSON {
		fmt.Fprintln(c.out, c.say("app.backup.whole", "n", n))
	}
	return nil
}

type backupPruneCmd struct {
	sealedFlags
	Keep time.Duration `help:"Every instant of this long back stays restorable." default:"720h"`
}

// Run removes what is older.
func (b *backupPruneCmd) Run(c *command) error {
	v, err := b.vault()
	if err != nil {
		return err
	}
	gens, objects, err := v.Prune(c.now().Add(-b.Keep))
	if err != nil {
		return err
	}
	if b.JSON {
		return c.json(map[string]any{"generations": gens, "objects": objects})
	}
	fmt.Fprintln(c.out, c.say("app.backup.pruned", "generations", gens, "objects", objects))
	return nil
}

// say is a sentence of the program in the operator's language.
func (c *command) say(key string, args ...any) string {
	b, err := embeddedSentences()
	if err != nil {
		return key
	}
	return b.T(c.lang, key, args...)
}

func (c *command) now() time.Time { return newProgress(c.err, "").clk.Now() }

// backupFlags are of a program that copies itself while it serves.
type backupFlags struct {
	Backup      string        `help:"Folder to which the city is copied all the time, on another disk or machine; empty: nowhere." type:"path" env:"KHUE_BACKUP"`
	Recipients  []string      `name:"backup-recipient" help:"Public key age1… for whom the backup is encrypted, or a file of them; again for more." env:"KHUE_BACKUP_RECIPIENTS"`
	Every       time.Duration `name:"backup-every" help:"How often what was committed is copied." default:"1s" env:"KHUE_BACKUP_EVERY"`
	Rebase      time.Duration `name:"backup-base" help:"How often a new base is taken." default:"24h" env:"KHUE_BACKUP_BASE"`
	Alarm       time.Duration `name:"backup-alarm" help:"Age of the last good backup at which /readyz complains." default:"15m" env:"KHUE_BACKUP_ALARM"`
	WithoutKeys bool          `name:"backup-without-keys" help:"Leave out the folder of keys: it is kept elsewhere." env:"KHUE_BACKUP_WITHOUT_KEYS"`
}

func (b backupFlags) backup() BackupConfig {
	return BackupConfig{Dir: b.Backup, Recipients: b.Recipients, Every: b.Every, Rebase: b.Rebase, Alarm: b.Alarm, WithoutKeys: b.WithoutKeys}
}

type restoreCmd struct {
	sealedFlags
	At     string `help:"Instant, 2026-12-01T09:30:00+07:00 or 2026-12-01 09:30 in Hanoi; empty: all that is in the backup."`
	Data   string `help:"New folder of the city." required:"" type:"path"`
	PGData string `name:"pgdata" help:"New folder of the PostgreSQL cluster, for a backup of PostgreSQL." type:"path"`
	PGBin  string `name:"pg-bin" help:"Folder of PostgreSQL's programs; empty: the newest that is installed." type:"path"`
	PGUser string `name:"pg-user" help:"Whom PostgreSQL runs as, where this command runs as root." default:"postgres"`
}

// Run restores, verifies the journal, opens its new epoch and erases again what was erased later.
func (r *restoreCmd) Run(c *command) (err error) {
	var at time.Time
	if r.At != "" {
		if at, err = parseInstant(r.At); err != nil {
			return fmt.Errorf("%w: %s", errUsage, c.say("app.badInstant", "text", r.At))
		}
	}
	v, err := r.vault()
	if err != nil {
		return err
	}
	bar := newProgress(c.err, "restore")
	begun := c.now()
	done, err := restore(c.ctx, v, restoring{
		At: at, Data: r.Data, PGData: r.PGData, PGBin: r.PGBin, PGUser: r.PGUser, Log: c.log,
		Progress: func(done, total int64) { bar.show(int(done>>10), int(total>>10)) },
	})
	bar.end()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done.Close()) }()
	if !r.JSON {
		if err := verify(c, done.Program.Journal, journal.Held{}, false); err != nil {
			return err
		}
	} else if err := done.whole(c.ctx); err != nil {
		return err
	}
	took := c.now().Sub(begun)
	rep := done.Report
	if r.JSON {
		return c.json(map[string]any{
			"ok": true, "generation": rep.Generation, "engine": rep.Engine, "reached": done.Reached, "backupReaches": rep.Reaches, "segments": rep.Segments, "blobs": rep.Blobs, "erasedAgain": done.Erased,
			"notErased": len(done.Left), "db": done.DB, "ms": took.Milliseconds(),
		})
	}
	fmt.Fprintln(c.out, c.say("app.restore.done", "generation", rep.Generation, "reached", i18n.DateTime(c.lang, done.Reached), "segments", rep.Segments, "blobs", rep.Blobs, "s", fmt.Sprintf("%.1f", took.Seconds())))
	fmt.Fprintln(c.out, c.say("app.restore.erased", "n", done.Erased))
	for _, e := range done.Left {
		fmt.Fprintln(c.err, "-", c.say("app.restore.left", "id", e.Of))
	}
	if !rep.HasKeys {
		fmt.Fprintln(c.out, c.say("app.restore.keys", "dir", r.Data))
	}
	if rep.Engine == "sqlite" {
		fmt.Fprintln(c.out, c.say("app.restore.serve", "data", r.Data, "db", done.DB))
	} else {
		fmt.Fprintln(c.out, c.say("app.restore.servePG", "data", r.Data, "pgdata", r.PGData, "database", rep.Owner.Database))
	}
	return nil
}
