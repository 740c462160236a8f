package service

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
)

// Limits of a package, whatever it comes in. A service is text: the largest real one has
// under a hundred files and 300 KB.
const (
	maxFiles   = 200
	maxFile    = 1 << 20 // bytes of one file
	maxTotal   = 8 << 20 // bytes of all files together
	maxArchive = 4 << 20 // bytes of an archive
	maxRatio   = 100     // of a compressed file beyond 64 KB: more is a bomb
	maxPath    = 120
	maxLevels  = 3
)

// MaxArchive are the bytes that an archive may have.
const MaxArchive = maxArchive

// intake takes a stranger's files in: a folder's or an archive's. It holds no more than
// the limits allow, whatever the sender claims of their sizes.
type intake struct {
	files    map[string][]byte
	folded   map[string]string // by name without case
	total    int
	problems decl.Problems
	full     bool // a limit of the whole was passed; the rest is not read
}

func newIntake() *intake {
	return &intake{files: map[string][]byte{}, folded: map[string]string{}}
}

func (t *intake) fail(file, key string, kv ...any) {
	t.problems = append(t.problems, decl.Problem{File: short(file), Pos: decl.Pos{Line: 1, Col: 1}, Element: short(path.Base(file)), Key: key, Params: params(kv)})
}

var goodPath = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$`)

// kinds of files that a package may hold. MANIFEST has no ending.
//
//nolint:gochecknoglobals // immutable table
var fileEndings = []string{".yaml", ".md", ".dmn", ".bpmn", ".pdf", ".png", ".jpg"}

// name checks the path of a file; it is what the package calls the file by.
func (t *intake) name(name string) bool {
	switch {
	case strings.HasPrefix(name, "/"), strings.Contains(name, `\`), strings.Contains(name, ":"),
		slices.Contains(strings.Split(name, "/"), ".."):
		t.fail(name, "service.lint.pathOutside", "file", short(name))
	case len(name) > maxPath || strings.Count(name, "/") >= maxLevels || !goodPath.MatchString(name) || i18n.NFC(name) != name:
		t.fail(name, "service.lint.pathForm", "file", short(name))
	case t.folded[strings.ToLower(name)] != "":
		t.fail(name, "service.lint.pathTwice", "file", name, "other", t.folded[strings.ToLower(name)])
	case strings.EqualFold(path.Ext(name), ".svg"):
		t.fail(name, "service.lint.svg", "file", name)
	case name != manifestFile && !slices.Contains(fileEndings, path.Ext(name)):
		t.fail(name, "service.lint.file", "file", name)
	default:
		t.folded[strings.ToLower(name)] = name
		return true
	}
	return false
}

// mode refuses everything that is no plain file.
func (t *intake) mode(name string, m fs.FileMode) bool {
	switch {
	case m&fs.ModeSymlink != 0:
		t.fail(name, "service.lint.symlink", "file", short(name))
	case !m.IsRegular():
		t.fail(name, "service.lint.special", "file", short(name))
	default:
		return true
	}
	return false
}

// take reads one file. packed is its size in the archive, 0 where it was not compressed
// alone.
func (t *intake) take(name string, packed int64, r io.Reader) {
	if t.full || !t.name(name) {
		return
	}
	if len(t.files) >= maxFiles {
		t.full = true
		t.fail(name, "service.lint.tooMany", "max", maxFiles)
		return
	}
	b, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	switch {
	case err != nil:
		t.fail(name, "service.lint.unreadable", "reason", err.Error())
		return
	case packed > 0 && len(b) > 64<<10 && int64(len(b)) > packed*maxRatio:
		t.full = true
		t.fail(name, "service.lint.bomb", "ratio", maxRatio)
		return
	case len(b) > maxFile:
		t.fail(name, "service.lint.size", "max", maxFile>>10)
		return
	}
	if t.total += len(b); t.total > maxTotal {
		t.full = true
		t.fail(name, "service.lint.total", "max", maxTotal>>20)
		return
	}
	if t.content(name, b) {
		t.files[name] = b
	}
}

// active are the words of a PDF that does something when it is opened.
//
//nolint:gochecknoglobals // immutable table
var active = [][]byte{[]byte("/JavaScript"), []byte("/JS"), []byte("/Launch"), []byte("/EmbeddedFile"), []byte("/OpenAction")}

// content checks that a file is what its name says.
func (t *intake) content(name string, b []byte) bool {
	magic := map[string]string{".png": "\x89PNG\r\n\x1a\n", ".jpg": "\xff\xd8\xff", ".pdf": "%PDF-"}[path.Ext(name)]
	switch {
	case magic != "" && !bytes.HasPrefix(b, []byte(magic)):
		t.fail(name, "service.lint.magic", "file", name)
	case path.Ext(name) == ".pdf" && slices.ContainsFunc(active, func(w []byte) bool { return bytes.Contains(b, w) }):
		t.fail(name, "service.lint.active", "file", name)
	case magic == "" && (!utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0):
		t.fail(name, "service.lint.text8", "file", name)
	default:
		return true
	}
	return false
}

// folder takes in a folder of a file system. Nothing is followed that leads out of it.
func (t *intake) folder(fsys fs.FS, dir string) {
	seen := 0
	err := fs.WalkDir(fsys, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if seen++; seen > 4*maxFiles || t.full {
			if !t.full {
				t.full = true
				t.fail(name, "service.lint.tooMany", "max", maxFiles)
			}
			return fs.SkipAll
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")
		if d.IsDir() {
			if strings.Count(rel, "/") >= maxLevels {
				t.fail(rel, "service.lint.pathForm", "file", short(rel))
				return fs.SkipDir
			}
			return nil
		}
		if !t.mode(rel, d.Type()) {
			return nil
		}
		f, err := fsys.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		t.take(rel, 0, f)
		return nil
	})
	var pe *fs.PathError
	if err != nil {
		reason := err.Error()
		if errors.As(err, &pe) {
			reason = pe.Err.Error()
		}
		t.fail(dir, "service.lint.unreadable", "reason", reason)
	}
}
