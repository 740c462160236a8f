package db

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/errs"
)

//go:embed migrations/*.sql
var ownMigrations embed.FS

// Migrations are one module's steps: files NNNN_name.sql at the root of FS, run in
// order of their number, each once, each in one transaction with its code.
//
// The text is one for both engines, with the tokens of ddl. A file that was
// applied must never change; Before and After run with their number's file, in
// its transaction, and only while it is applied.
type Migrations struct {
	Module string
	FS     fs.FS
	Before map[int]func(ctx context.Context, tx *Tx) error
	After  map[int]func(ctx context.Context, tx *Tx) error
}

// step is one migration file.
type step struct {
	module  string
	version int
	name    string // module/NNNN_name
	text    string
	digest  string
	before  func(ctx context.Context, tx *Tx) error
	after   func(ctx context.Context, tx *Tx) error
}

// steps reads the files of m in order.
func (m Migrations) steps() ([]step, error) {
	files, err := fs.Glob(m.FS, "*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var out []step
	for _, f := range files {
		num, name, ok := strings.Cut(strings.TrimSuffix(f, ".sql"), "_")
		v, err := strconv.Atoi(num)
		if err != nil || !ok || len(num) != 4 || v < 1 {
			return nil, fmt.Errorf("db: migration %s/%s: the name is NNNN_name.sql", m.Module, f)
		}
		if len(out) > 0 && out[len(out)-1].version == v {
			return nil, fmt.Errorf("db: migration %s/%s: number %d stands twice", m.Module, f, v)
		}
		text, err := fs.ReadFile(m.FS, f)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		out = append(out, step{
			module: m.Module, version: v, name: m.Module + "/" + num + "_" + name,
			text: string(text), digest: hex.EncodeToString(sum[:]), before: m.Before[v], after: m.After[v],
		})
	}
	for v := range m.Before {
		if !slices.ContainsFunc(out, func(s step) bool { return s.version == v }) {
			return nil, fmt.Errorf("db: %s has code before migration %d, which does not exist", m.Module, v)
		}
	}
	for v := range m.After {
		if !slices.ContainsFunc(out, func(s step) bool { return s.version == v }) {
			return nil, fmt.Errorf("db: %s has code after migration %d, which does not exist", m.Module, v)
		}
	}
	return out, nil
}

// ddl puts an engine's words for the tokens:
//
//	%INT%        64-bit integer (INTEGER PRIMARY KEY on SQLite is the row id)
//	%TEXT%       text in byte order on both engines
//	%JSON%       text on SQLite, jsonb on PostgreSQL; never for signed or hashed bytes
//	%BYTES%      bytes
//	%BOOL%       boolean; write TRUE and FALSE
//	%REAL%       64-bit float
//	%STRICT%     ends CREATE TABLE; SQLite's type checks
//	%CLUSTERED%  instead of %STRICT%: SQLite stores the rows in the primary key's tree
//	%BY_RANGE(col)% ends a CREATE TABLE that PostgreSQL partitions by col; like %STRICT% on SQLite
//
// A line that begins with "--pg " or "--sqlite " is kept only on that engine.
func ddl(engine, text string) string {
	words := []string{
		"%INT%", "INTEGER", "%TEXT%", "TEXT", "%JSON%", "TEXT", "%BYTES%", "BLOB", "%BOOL%", "INTEGER",
		"%REAL%", "REAL", "%STRICT%", "STRICT", "%CLUSTERED%", "STRICT, WITHOUT ROWID",
	}
	if engine == enginePostgres {
		words = []string{
			"%INT%", "BIGINT", "%TEXT%", `TEXT COLLATE "C"`, "%JSON%", "JSONB", "%BYTES%", "BYTEA", "%BOOL%", "BOOLEAN",
			"%REAL%", "DOUBLE PRECISION", "%STRICT%", "", "%CLUSTERED%", "",
		}
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "--pg "); ok {
			if engine != enginePostgres {
				continue
			}
			line = rest
		}
		if rest, ok := strings.CutPrefix(line, "--sqlite "); ok {
			if engine != engineSQLite {
				continue
			}
			line = rest
		}
		if head, tail, ok := strings.Cut(line, "%BY_RANGE("); ok {
			col, rest, _ := strings.Cut(tail, ")%")
			if engine == enginePostgres {
				line = head + "PARTITION BY RANGE (" + col + ")" + rest
			} else {
				line = head + "STRICT" + rest
			}
		}
		b.WriteString(line)
	}
	return strings.NewReplacer(words...).Replace(b.String())
}

// DDL is the text of all steps as one engine ("sqlite" or "postgres") gets it.
func (m Migrations) DDL(engine string) (string, error) {
	steps, err := m.steps()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "-- %s\n%s\n", s.name, ddl(engine, s.text))
	}
	return b.String(), nil
}

// Own are the migrations of this package, which Migrate applies first.
func Own() Migrations { return Embedded("db", ownMigrations) }

// Embedded are the steps in the folder "migrations" of what a module embeds.
func Embedded(module string, files embed.FS) Migrations {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // only a name that is no path
	}
	return Migrations{Module: module, FS: sub}
}

// applied is a row of db_version; key is module/version.
type applied struct{ key, digest string }

func scanApplied(s Scanner) (applied, error) {
	var a applied
	var module string
	var version int
	err := s.Scan(&module, &version, &a.digest)
	a.key = fmt.Sprintf("%s/%d", module, version)
	return a, err
}

// missing compares the steps of all modules with db_version.
func missing(q Querier, all []Migrations) ([]step, error) {
	rows, err := All(q, scanApplied, `SELECT module, version, digest FROM db_version`)
	if err != nil {
		return nil, err
	}
	done := make(map[string]string, len(rows))
	for _, r := range rows {
		done[r.key] = r.digest
	}
	var out []step
	for _, m := range all {
		steps, err := m.steps()
		if err != nil {
			return nil, err
		}
		known := map[string]bool{}
		for _, s := range steps {
			key := fmt.Sprintf("%s/%d", s.module, s.version)
			known[key] = true
			digest, ok := done[key]
			switch {
			case !ok:
				out = append(out, s)
			case digest != s.digest:
				return nil, errs.E(errs.Conflict, "db.changed", errs.P("name", s.name))
			}
		}
		for key := range done {
			module, version, _ := strings.Cut(key, "/")
			if module == m.Module && !known[key] {
				return nil, errs.E(errs.Conflict, "db.newer", errs.P("module", module, "version", version))
			}
		}
	}
	return out, nil
}

// versionTable exists before any migration, and is the same on both engines.
const versionTable = `CREATE TABLE IF NOT EXISTS db_version (
	module %TEXT% NOT NULL, version %INT% NOT NULL, digest %TEXT% NOT NULL, at %INT% NOT NULL,
	PRIMARY KEY (module, version)) %CLUSTERED%`

// Migrate applies what is missing, in the order of all, each step in its own
// transaction. Two processes may call it at once: one waits. Conflict where an
// applied file changed, or the database is newer than the program.
func (d *DB) Migrate(ctx context.Context, all []Migrations) (err error) {
	defer errs.Op(&err, "db.Migrate")
	all = append([]Migrations{Own()}, all...)
	if err := d.eng.exclusive(ctx, func(s session) error {
		return s.exec(ddl(d.eng.name(), versionTable), nil)
	}); err != nil {
		return err
	}
	for {
		more := false
		err := d.eng.exclusive(ctx, func(s session) error {
			tx := &Tx{db: d, s: s, now: d.now()}
			defer tx.ended.Store(true)
			steps, err := missing(tx, all)
			if err != nil || len(steps) == 0 {
				return err
			}
			more = true
			return d.apply(context.WithValue(ctx, txKey{}, tx), tx, steps[0])
		})
		if err != nil || !more {
			return err
		}
	}
}

// script is a session that takes a text of several statements.
type script interface{ run(sql string) error }

func (d *DB) apply(ctx context.Context, tx *Tx, s step) (err error) {
	defer errs.Op(&err, "migration %s", s.name)
	if s.before != nil {
		if err := s.before(ctx, tx); err != nil {
			return err
		}
	}
	if err := tx.s.(script).run(ddl(d.eng.name(), s.text)); err != nil {
		return err
	}
	if s.after != nil {
		if err := s.after(ctx, tx); err != nil {
			return err
		}
	}
	return tx.Exec(`INSERT INTO db_version (module, version, digest, at) VALUES ($1, $2, $3, $4)`,
		s.module, s.version, s.digest, Millis(tx.now))
}

// Pending names the steps (module/NNNN_name) that Migrate would apply.
func (d *DB) Pending(ctx context.Context, all []Migrations) (names []string, err error) {
	defer errs.Op(&err, "db.Pending")
	all = append([]Migrations{Own()}, all...)
	var steps []step
	err = d.View(ctx, func(_ context.Context, v *View) error {
		fresh, err := d.fresh(v)
		if err != nil {
			return err
		}
		if fresh {
			for _, m := range all {
				s, err := m.steps()
				if err != nil {
					return err
				}
				steps = append(steps, s...)
			}
			return nil
		}
		steps, err = missing(v, all)
		return err
	})
	for _, s := range steps {
		names = append(names, s.name)
	}
	return names, err
}

// fresh reports whether the database has no version table yet.
func (d *DB) fresh(q Querier) (bool, error) {
	sql := `SELECT count(*) FROM sqlite_master WHERE name = 'db_version'`
	if d.eng.name() == enginePostgres {
		sql = `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'db_version'`
	}
	var n int
	err := q.QueryRow(sql).Scan(&n)
	return n == 0, err
}
