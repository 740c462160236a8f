package service

import (
	"context"
	"io/fs"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// baseRow is a package that came with a program that ran here.
type baseRow struct{ digest, service, version string }

// Keep writes down the packages that came with the program, fsys, and brings back those that
// came with an earlier one: a dossier is pinned to a text, which stays when a release takes it
// out, or changes it without a new version.
func (l *Library) Keep(ctx context.Context, fsys fs.FS) (err error) {
	defer errs.Op(&err, "service.Keep")
	known := map[string]baseRow{}
	if err := l.DB.View(ctx, func(_ context.Context, v *db.View) error {
		rows, err := selectBase(v)
		for _, r := range rows {
			known[r.digest] = r
		}
		return err
	}); err != nil {
		return err
	}
	base := map[string]*Package{}
	var fresh []*Package
	for _, p := range l.Registry.base {
		base[p.Digest] = p
		if _, ok := known[p.Digest]; !ok {
			fresh = append(fresh, p)
		}
	}
	archives, err := pack(fsys, fresh)
	if err != nil {
		return err
	}
	if len(fresh) > 0 {
		if err := l.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			for _, p := range fresh {
				if err := insertBase(tx, baseRow{p.Digest, p.ID, p.Version}, archives[p.Digest]); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	var kept []*Package
	for digest, r := range known {
		if base[digest] != nil {
			continue
		}
		var archive []byte
		if err := l.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
			archive, err = selectContent(v, digest)
			return err
		}); err != nil {
			return err
		}
		p := trusted(archive)
		if p == nil || p.Digest != digest {
			l.Log.Error("a package of an earlier release cannot be read: its dossiers cannot go on", "service", r.service, "version", r.version)
			continue
		}
		kept = append(kept, p)
		for _, now := range l.Registry.base {
			if now.ID == r.service && now.Version == r.version {
				l.Log.Warn("a service package was changed without a new version: dossiers filed before go on by the old text; give the change a version of its own",
					"service", r.service, "version", r.version, "was", digest[:12], "is", now.Digest[:12])
			}
		}
	}
	l.Registry.kept.Store(&kept)
	later := context.WithoutCancel(ctx)
	learn := func(digest string) *Package { return l.brought(later, digest) }
	l.Registry.learn.Store(&learn)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch.Store(-1) // the shelf is made anew by the next Refresh
	return nil
}

// brought is a package that came with the program of another node; nil where none brought it.
func (l *Library) brought(ctx context.Context, digest string) (p *Package) {
	var archive []byte
	err := l.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		archive, err = selectBrought(v, digest)
		return err
	})
	switch {
	case errs.Is(err, errs.NotFound):
		return nil
	case err != nil:
		l.Log.Error("a package of another release was not read", "error", err)
		return nil
	}
	if p = trusted(archive); p == nil || p.Digest != digest {
		l.Log.Error("a package of another release cannot be read: its dossiers wait for this node's upgrade", "digest", digest[:min(len(digest), 12)])
		return nil
	}
	return p
}

// pack makes archives of those packages of a folder of folders, by digest.
func pack(fsys fs.FS, pkgs []*Package) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, p := range pkgs {
		files, ps := ReadFolder(fsys, p.folder)
		if ps.Failed() {
			return nil, ps.Err()
		}
		b, err := Pack(files)
		if err != nil {
			return nil, err
		}
		out[p.Digest] = b
	}
	return out, nil
}
