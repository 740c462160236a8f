package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"khue/internal/kernel/errs"
)

// Sight is what can be seen of a folder of backups without a key that opens it.
type Sight struct {
	Generation string    // the newest whole one
	Based      time.Time // when its base was put down
	Newest     time.Time // when the newest of its segments was; Based where it has none
	Segments   int64
	Missing    int64 // segments that are not there, though later ones are
}

// Look looks at the newest whole backup in a folder: its base and its newest segment can be read
// and are encrypted files, no segment is missing or empty. Whether they open to what they should
// is Verify's, with the key. Errors: NotFound backup.none, Internal backup.damaged with file.
func Look(dir string) (out Sight, err error) {
	v, err := Open(dir, nil)
	if err != nil {
		return out, err
	}
	list, err := v.generations()
	if err != nil || len(list) == 0 {
		return out, errs.E(errs.NotFound, "backup.none", errs.P("dir", dir), errs.Cause(err))
	}
	out.Generation = list[len(list)-1]
	if out.Based, err = v.sealed(basePath(out.Generation)); err != nil {
		return out, err
	}
	out.Newest = out.Based
	last, err := v.last(out.Generation)
	if err != nil || last == 0 {
		return out, err
	}
	there, err := v.filled(out.Generation)
	if err != nil {
		return out, err
	}
	out.Segments, out.Missing = there, last-there
	newest, err := v.sealed(segmentPath(out.Generation, last))
	if newest.After(out.Newest) {
		out.Newest = newest
	}
	return out, err
}

// sealed fails where a file cannot be read, or is none of age's.
func (v *Vault) sealed(name string) (at time.Time, err error) {
	f, err := os.Open(filepath.Join(v.dir, filepath.FromSlash(name)))
	if err != nil {
		return at, damaged(name, err)
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return at, damaged(name, err)
	}
	if _, err := age.ExtractHeader(f); err != nil {
		return st.ModTime(), damaged(name, err)
	}
	return st.ModTime(), nil
}

// filled counts the segments of a generation that hold something.
func (v *Vault) filled(generation string) (n int64, err error) {
	err = filepath.WalkDir(filepath.Join(v.dir, "generations", generation), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		var at int64
		name, ours := strings.CutSuffix(d.Name(), ".age")
		if _, err := fmt.Sscanf(name, "%d", &at); !ours || err != nil {
			return nil
		}
		st, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // pruned meanwhile
		}
		if err == nil && st.Size() > 0 {
			n++
		}
		return err
	})
	return n, err
}
