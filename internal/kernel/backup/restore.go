package backup

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// Target is where a restored city goes.
type Target struct {
	At    time.Time // zero: all there is
	Data  string    // new folder of the city
	Store string    // new folder of the database: SQLite's file, or PostgreSQL's data
	// Newest is the instant of the youngest fact in a SQLite file that stands.
	Newest   func(ctx context.Context, file string) (time.Time, error)
	Progress func(done, total int64)
}

// Restored tells what was made.
type Restored struct {
	Generation string
	Engine     string
	Owner      db.Owner  // of PostgreSQL
	File       string    // SQLite's
	WAL        string    // PostgreSQL's folder of WAL
	Reaches    time.Time // up to which the backup goes
	Segments   int
	Blobs      int
	Erasures   []Erasure // all that the backup knows, also those after At
	Checkpoint string    // the newest signed, also after At: what others may hold
	HasKeys    bool
}

// Restore makes the files of a city as it was at t.At. Data and Store must not exist, or be empty.
// Errors: Forbidden backup.key, Internal backup.damaged, NotFound backup.none and backup.before,
// Conflict backup.full, Unavailable backup.target. What was begun goes where it fails.
func (v *Vault) Restore(ctx context.Context, t Target) (out Restored, err error) {
	defer errs.Op(&err, "backup.Restore")
	for _, dir := range []string{t.Data, t.Store} {
		if err := emptyFolder(dir); err != nil {
			return out, unwritten(err, dir, "backup.target")
		}
	}
	defer func() {
		if err == nil {
			return
		}
		for _, dir := range []string{t.Data, t.Store} {
			err = errors.Join(unwritten(err, dir, "backup.target"), sweep(dir))
		}
	}()
	gens, err := v.generations()
	if err != nil {
		return out, err
	}
	if len(gens) == 0 {
		return out, errs.E(errs.NotFound, "backup.none", errs.P("dir", v.dir))
	}
	at := len(gens) - 1
	var b Base
	for ; ; at-- {
		if at < 0 {
			return out, errs.E(errs.NotFound, "backup.before", errs.P("from", b.Ended.Format(time.RFC3339)))
		}
		if b, err = v.base(gens[at]); err != nil {
			return out, err
		}
		if t.At.IsZero() || !t.At.Before(b.Ended) {
			break
		}
	}
	r := &restoring{v: v, t: t, b: b, n: names{b.Names}, out: Restored{Generation: b.Generation, Engine: b.Engine, Owner: b.Owner, Checkpoint: b.Checkpoint, HasKeys: len(b.Keys) > 0}}
	for _, o := range b.Blobs {
		r.blobs = append(r.blobs, o)
	}
	r.erasures = append(r.erasures, b.Erasures...)
	if err := r.files(ctx); err != nil {
		return out, err
	}
	if err := r.follow(ctx, gens[at:]); err != nil {
		return out, err
	}
	if err := r.keepBlobs(ctx); err != nil {
		return out, err
	}
	slices.SortFunc(r.erasures, func(a, b Erasure) int { return int(min(1, max(-1, a.ID-b.ID))) })
	r.out.Erasures = slices.CompactFunc(r.erasures, func(a, b Erasure) bool { return a.ID == b.ID })
	return r.out, nil
}

func emptyFolder(dir string) error {
	list, err := os.ReadDir(dir)
	if err == nil && len(list) > 0 {
		return errs.E(errs.Conflict, "backup.full", errs.P("dir", dir))
	}
	return os.MkdirAll(dir, 0o700)
}

// sweep empties a folder that was empty before.
func sweep(dir string) (err error) {
	list, err := os.ReadDir(dir)
	for _, e := range list {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

type restoring struct {
	v        *Vault
	t        Target
	b        Base
	n        names
	blobs    []Object
	erasures []Erasure
	out      Restored
	done     int64
	total    int64
	lsn      uint64 // of PostgreSQL: WAL is whole up to here
}

func (r *restoring) say(n int64) {
	if r.done += n; r.t.Progress != nil {
		r.t.Progress(r.done, r.total)
	}
}

// files copies the base and the keys.
func (r *restoring) files(ctx context.Context) error {
	for _, f := range append(slices.Clone(r.b.Files), r.b.Keys...) {
		r.total += f.Size
	}
	for _, o := range r.b.Blobs {
		r.total += o.Size
	}
	for _, f := range r.b.Files {
		if err := r.file(ctx, r.t.Store, f); err != nil {
			return err
		}
	}
	for _, f := range r.b.Keys {
		if err := r.file(ctx, filepath.Join(r.t.Data, "keys"), f); err != nil {
			return err
		}
	}
	if r.b.Engine == engineSQLite {
		if len(r.b.Files) != 1 {
			return damaged(basePath(r.b.Generation), errors.New("a base of SQLite is one file"))
		}
		r.out.File = filepath.Join(r.t.Store, r.b.Files[0].Name)
		return nil
	}
	r.out.WAL = filepath.Join(r.t.Store, "khue_wal")
	return os.MkdirAll(r.out.WAL, 0o700)
}

func (r *restoring) file(ctx context.Context, dir string, f File) (err error) {
	if !filepath.IsLocal(f.Name) {
		return damaged(basePath(r.b.Generation), errors.New("a name that leaves the folder"))
	}
	to := filepath.Join(dir, filepath.FromSlash(f.Name))
	if f.Dir {
		return os.MkdirAll(to, 0o700)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	w, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // local, see above
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Sync(), w.Close(), syncFolder(filepath.Dir(to))) }()
	for _, o := range f.Chunks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.v.fetch(r.n, o, w); err != nil {
			return err
		}
		r.say(o.Size)
	}
	return nil
}

// follow replays the segments of the generation up to the instant, and reads on for what was
// erased later. On PostgreSQL the WAL of the next generations goes on where this one's ends.
func (r *restoring) follow(ctx context.Context, gens []string) error {
	over := false // the instant is passed, or the log ends
	for i, gen := range gens {
		if i > 0 {
			b, err := r.v.base(gen)
			if err != nil {
				return err
			}
			r.erasures = append(r.erasures, b.Erasures...)
			if b.Checkpoint != "" {
				r.out.Checkpoint = b.Checkpoint
			}
			over = over || b.Engine == engineSQLite || b.Engine != r.b.Engine
		}
		last, err := r.v.last(gen)
		if err != nil {
			return err
		}
		before := ""
		for n := int64(1); n <= last; n++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			s, data, sum, err := r.v.segment(gen, n)
			if err != nil {
				return err
			}
			if s.Before != before {
				return damaged(segmentPath(gen, n), errors.New("it does not follow the segment before it"))
			}
			before = sum
			r.erasures = append(r.erasures, s.Erasures...)
			if s.Checkpoint != "" {
				r.out.Checkpoint = s.Checkpoint
			}
			if over {
				continue
			}
			if !r.t.At.IsZero() && s.From.After(r.t.At.Add(r.slack())) && n > r.b.Segment {
				over = true
				continue
			}
			if over, err = r.replay(ctx, s, data); err != nil {
				return damaged(segmentPath(gen, n), err)
			}
			r.out.Segments++
			r.out.Reaches = s.To
			r.blobs = append(r.blobs, s.Blobs...)
		}
	}
	return nil
}

// slack is how much more log than needed is laid down: PostgreSQL stops at the instant itself,
// by its own clock.
func (r *restoring) slack() time.Duration {
	if r.b.Engine == engineSQLite {
		return 0
	}
	return time.Minute
}

func (r *restoring) replay(ctx context.Context, s Segment, data []byte) (over bool, err error) {
	p := db.Piece{Runs: s.Runs, Data: data}
	if r.b.Engine != engineSQLite {
		for _, run := range s.Runs {
			if r.lsn != 0 && run.LSN > r.lsn {
				return true, nil // WAL between two streams is missing
			}
			r.lsn = max(r.lsn, run.LSN+uint64(run.N)) //nolint:gosec // a length
		}
		return false, db.ReplayWAL(r.out.WAL, p)
	}
	var check func() (bool, error)
	if !r.t.At.IsZero() && s.Upto.After(r.t.At) {
		check = func() (bool, error) {
			at, err := r.t.Newest(ctx, r.out.File)
			return at.After(r.t.At), err
		}
	}
	return db.ReplaySQLite(r.out.File, p, check)
}

// keepBlobs writes the blobs under their own names.
func (r *restoring) keepBlobs(ctx context.Context) error {
	root := filepath.Join(r.t.Data, "blobs")
	had := map[string]bool{}
	folders := map[string]bool{root: true}
	for _, o := range r.blobs {
		if had[o.SHA256] || len(o.SHA256) != 64 {
			continue
		}
		had[o.SHA256] = true
		if err := ctx.Err(); err != nil {
			return err
		}
		if !r.v.has(r.n.of(o)) {
			continue // erased before it was copied; a check of the papers would tell
		}
		dir := filepath.Join(root, o.SHA256[:2], o.SHA256[2:4])
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		folders[dir], folders[filepath.Dir(dir)] = true, true
		f, err := os.OpenFile(filepath.Join(dir, o.SHA256), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // a hash
		if err != nil {
			return err
		}
		if err := errors.Join(r.v.fetch(r.n, o, f), f.Sync(), f.Close()); err != nil {
			return err
		}
		r.out.Blobs++
		r.say(o.Size)
	}
	for dir := range folders {
		if err := syncFolder(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Line is a generation as it is listed.
type Line struct {
	Generation string    `json:"generation"`
	Engine     string    `json:"engine"`
	Version    string    `json:"version"`
	From       time.Time `json:"from"` // the first instant that can be restored
	To         time.Time `json:"to"`
	Segments   int64     `json:"segments"`
	Files      int       `json:"files"`
	Bytes      int64     `json:"bytes"` // of the database at its base
	Blobs      int       `json:"blobs"`
	Keys       bool      `json:"keys"`
}

// List tells which generations there are.
func (v *Vault) List() (out []Line, err error) {
	defer errs.Op(&err, "backup.List")
	gens, err := v.generations()
	for _, gen := range gens {
		b, err := v.base(gen)
		if err != nil {
			return nil, err
		}
		l := Line{Generation: gen, Engine: b.Engine, Version: b.Version, From: b.Ended, To: b.Ended, Files: len(b.Files), Blobs: len(b.Blobs), Keys: len(b.Keys) > 0}
		for _, f := range b.Files {
			l.Bytes += f.Size
		}
		if l.Segments, err = v.last(gen); err != nil {
			return nil, err
		}
		if l.Segments > 0 {
			s, _, _, err := v.segment(gen, l.Segments)
			if err != nil {
				return nil, err
			}
			l.To = s.To
		}
		out = append(out, l)
	}
	return out, err
}

// Verify reads everything that is in the folder and says what is damaged or missing, one line
// each. Objects are read once, however many bases name them.
func (v *Vault) Verify(ctx context.Context, progress func(done, total int)) (objects int, problems []error, err error) {
	defer errs.Op(&err, "backup.Verify")
	gens, err := v.generations()
	if err != nil {
		return 0, nil, err
	}
	if len(gens) == 0 {
		return 0, nil, errs.E(errs.NotFound, "backup.none", errs.P("dir", v.dir))
	}
	type named struct {
		n names
		o Object
	}
	var list []named
	seen := map[string]bool{}
	add := func(n names, os ...Object) {
		for _, o := range os {
			if name := n.of(o); !seen[name] {
				seen[name] = true
				list = append(list, named{n, o})
			}
		}
	}
	for _, gen := range gens {
		b, err := v.base(gen)
		if errs.Is(err, errs.Forbidden) {
			return 0, nil, err
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		n := names{b.Names}
		for _, f := range append(slices.Clone(b.Files), b.Keys...) {
			add(n, f.Chunks...)
		}
		add(n, b.Blobs...)
		last, err := v.last(gen)
		if err != nil {
			return 0, nil, err
		}
		before := ""
		for i := int64(1); i <= last; i++ {
			s, data, sum, err := v.segment(gen, i)
			if err == nil && s.Before != before {
				err = damaged(segmentPath(gen, i), errors.New("it does not follow the segment before it"))
			}
			if err == nil && b.Engine == engineSQLite {
				if err = db.CheckFrames(db.Piece{Runs: s.Runs, Data: data}); err != nil {
					err = damaged(segmentPath(gen, i), err)
				}
			}
			if err != nil {
				problems = append(problems, err)
				break
			}
			before = sum
			add(n, s.Blobs...)
		}
	}
	for i, x := range list {
		if err := ctx.Err(); err != nil {
			return i, problems, err
		}
		if err := v.fetch(x.n, x.o, io.Discard); err != nil {
			problems = append(problems, err)
		}
		if progress != nil {
			progress(i+1, len(list))
		}
	}
	return len(list), problems, nil
}

// Prune removes the generations that no instant after before needs, and the objects that no
// other names. The newest generation stays.
func (v *Vault) Prune(before time.Time) (generations, objects int, err error) {
	defer errs.Op(&err, "backup.Prune")
	gens, err := v.generations()
	if err != nil || len(gens) < 2 {
		return 0, 0, err
	}
	bases := make([]Base, len(gens))
	for i, gen := range gens {
		if bases[i], err = v.base(gen); err != nil {
			return 0, 0, err
		}
	}
	first := 0
	for first+1 < len(gens) && bases[first+1].Ended.Before(before) {
		first++
	}
	wanted := map[string]bool{}
	for i := first; i < len(gens); i++ {
		n := names{bases[i].Names}
		want := func(os ...Object) {
			for _, o := range os {
				wanted[n.of(o)] = true
			}
		}
		for _, f := range append(slices.Clone(bases[i].Files), bases[i].Keys...) {
			want(f.Chunks...)
		}
		want(bases[i].Blobs...)
		last, err := v.last(gens[i])
		if err != nil {
			return 0, 0, err
		}
		for k := int64(1); k <= last; k++ {
			s, _, _, err := v.segment(gens[i], k)
			if err != nil {
				return 0, 0, err
			}
			want(s.Blobs...)
		}
	}
	// The names first, then what they name.
	for _, gen := range gens[:first] {
		if err := os.RemoveAll(filepath.Join(v.dir, "generations", gen)); err != nil {
			return generations, 0, err
		}
		generations++
	}
	if generations == 0 {
		return 0, 0, nil
	}
	if err := syncFolder(filepath.Join(v.dir, "generations")); err != nil {
		return generations, 0, err
	}
	old := bases[first].Begun.Add(-time.Hour) // a base that is being made now names younger ones
	found, err := filepath.Glob(filepath.Join(v.dir, "objects", "*", "*.age"))
	if err != nil {
		return generations, 0, err
	}
	for _, p := range found {
		rel, err := filepath.Rel(v.dir, p)
		if err != nil {
			return generations, objects, err
		}
		st, err := os.Stat(p)
		if err != nil || wanted[filepath.ToSlash(rel)] || !st.ModTime().Before(old) {
			continue
		}
		if err := os.Remove(p); err != nil {
			return generations, objects, err
		}
		objects++
	}
	return generations, objects, nil
}
