package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"khue/internal/kernel/clock"
)

// Recovery lets PostgreSQL replay the WAL of a restored base.
type Recovery struct {
	Data string    // the restored folder of the cluster
	WAL  string    // inside it
	At   time.Time // zero: all WAL there is
	Bin  string    // folder of PostgreSQL's programs; empty: found
	User string    // whom the server runs as where we are root
	Owner
}

// Start recovers the cluster to its instant and leaves it running, to be reached through a
// socket in a folder of its own alone. stop ends it cleanly; the cluster can then be started
// in the usual way.
func (r Recovery) Start(ctx context.Context) (at string, stop func() error, err error) {
	ctl, err := PostgresBinary("pg_ctl", r.Bin)
	if err != nil {
		return "", nil, fmt.Errorf("db: recovery needs PostgreSQL's programs: %w", err)
	}
	socket, err := os.MkdirTemp("", "khue-restore-")
	if err != nil {
		return "", nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(socket)
		}
	}()
	hba := filepath.Join(socket, "hba.conf")
	if err := os.WriteFile(hba, []byte("local all all trust\n"), 0o600); err != nil {
		return "", nil, err
	}
	// Debian keeps these outside of the data; the server wants them to be there.
	for _, name := range []string{"postgresql.conf", "pg_hba.conf", "pg_ident.conf"} {
		f, err := os.OpenFile(filepath.Join(r.Data, name), os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return "", nil, err
		}
		_ = f.Close()
	}
	if err := os.WriteFile(filepath.Join(r.Data, "recovery.signal"), nil, 0o600); err != nil {
		return "", nil, err
	}
	attr, err := r.own(r.Data, socket)
	if err != nil {
		return "", nil, err
	}
	log := filepath.Join(r.Data, "khue_restore.log")
	run := func(args ...string) error {
		cmd := exec.CommandContext(ctx, ctl, append([]string{"-D", r.Data, "-w", "-t", "86400"}, args...)...) //nolint:gosec // PostgreSQL's own
		cmd.Dir, cmd.SysProcAttr = "/", attr
		if out, err := cmd.CombinedOutput(); err != nil {
			b, _ := os.ReadFile(log) //nolint:gosec // the server's
			return fmt.Errorf("db: pg_ctl %s: %w: %s", args[len(args)-1], err, lastLines(string(out)+string(b), 8))
		}
		return nil
	}
	start := func(target string) error {
		options := []string{
			"listen_addresses=", "unix_socket_directories=" + socket, "port=5432", "hba_file=" + hba, "hot_standby=off", "archive_mode=off", "ssl=off",
			"shared_preload_libraries=", "synchronous_standby_names=", "restore_command=cp \"" + r.WAL + "/%f\" \"%p\"", "recovery_target_action=promote", "recovery_target_time=" + target,
		}
		var line strings.Builder
		for _, o := range options {
			line.WriteString(" -c '" + strings.ReplaceAll(o, "'", `'\''`) + "'")
		}
		_ = os.Remove(log)
		if err := run("-l", log, "-o", line.String(), "start"); err != nil {
			return err
		}
		if err := recovered(ctx, at); err != nil {
			b, _ := os.ReadFile(log) //nolint:gosec // the server's
			return fmt.Errorf("db: recovery: %w: %s", err, lastLines(string(b), 8))
		}
		return nil
	}
	q := url.Values{"host": {socket}, "port": {"5432"}, "sslmode": {"disable"}}
	at = (&url.URL{Scheme: "postgres", User: url.User(r.Role), Path: "/" + r.Database, RawQuery: q.Encode()}).String()
	target := ""
	if !r.At.IsZero() {
		target = r.At.UTC().Format("2006-01-02 15:04:05.000000+00")
	}
	err = start(target)
	if err != nil && target != "" && strings.Contains(err.Error(), "before configured recovery target was reached") {
		// Nothing was committed after the instant: all there is is what stood then.
		err = start("")
	}
	if err != nil {
		return "", nil, err
	}
	stop = func() error {
		ctx = context.WithoutCancel(ctx)
		return errors.Join(run("-m", "fast", "stop"), os.RemoveAll(socket))
	}
	return at, stop, nil
}

// recovered waits until the server takes writes.
func recovered(ctx context.Context, at string) error {
	for {
		c, err := pgx.Connect(ctx, at)
		var early *pgconn.PgError
		if errors.As(err, &early) && early.Code == "57P03" { // it still recovers
			if !clock.Wait(ctx, 50*time.Millisecond) {
				return ctx.Err()
			}
			continue
		}
		if err != nil {
			return err
		}
		var busy bool
		err = c.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&busy)
		_ = c.Close(ctx)
		if err != nil || !busy {
			return err
		}
		if !clock.Wait(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// own gives the folders to the server's user where we are root, as whom PostgreSQL does not run.
func (r Recovery) own(dirs ...string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return nil, os.Chmod(r.Data, 0o700) //nolint:gosec // what the server asks for
	}
	name := r.User
	if name == "" {
		name = "postgres"
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("db: PostgreSQL does not run as root: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(p, uid, gid)
		})
		if err != nil {
			return nil, err
		}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, os.Chmod(r.Data, 0o700) //nolint:gosec // ids
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
