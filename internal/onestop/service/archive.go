package service

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"khue/internal/kernel/decl"
)

// LoadArchive reads, compiles and lints a package that came as .zip or .tar.gz, as Load
// does a folder. The archive is a stranger's: links, paths that lead outside, names that
// differ only by case, bombs and files that are not what they say are refused, within
// bounded memory. name stands in the problems. A single folder around everything is
// looked through.
func LoadArchive(name string, data []byte) (*Package, decl.Problems) {
	t := unpack(data)
	if t.problems.Failed() {
		for i := range t.problems {
			t.problems[i].File = path.Join(name, t.problems[i].File)
		}
		t.problems.Sort()
		return nil, t.problems
	}
	return loadFiles(nil, name, t)
}

// unpack takes in an archive, told by its first bytes.
func unpack(data []byte) *intake {
	t := newIntake()
	switch {
	case len(data) > MaxArchive:
		t.fail("", "service.lint.archiveSize", "max", MaxArchive>>20)
	case bytes.HasPrefix(data, []byte("PK")):
		t.zip(data)
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		t.tar(data)
	default:
		t.fail("", "service.lint.archive")
	}
	return t
}

func (t *intake) zip(data []byte) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		t.fail("", "service.lint.archive")
		return
	}
	if len(z.File) > 4*maxFiles {
		t.fail("", "service.lint.tooMany", "max", maxFiles)
		return
	}
	root := commonRoot(len(z.File), func(i int) string { return z.File[i].Name })
	for _, f := range z.File {
		name := strings.TrimPrefix(f.Name, root)
		switch {
		case t.full:
			return
		case strings.HasSuffix(f.Name, "/") && f.UncompressedSize64 == 0: // a folder
			continue
		case f.Flags&1 != 0:
			t.fail(name, "service.lint.encrypted", "file", short(name))
			continue
		case !t.mode(name, f.Mode()):
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.fail(name, "service.lint.unreadable", "reason", err.Error())
			continue
		}
		t.take(name, max(int64(f.CompressedSize64), 1), r) //nolint:gosec // an archive has under 4 MB
		_ = r.Close()
	}
}

func (t *intake) tar(data []byte) {
	entries := 0
	// Twice over the bytes: once for the folder around everything, once for the files.
	var names []string
	walk := func(do func(h *tar.Header, r io.Reader) bool) bool {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.fail("", "service.lint.archive")
			return false
		}
		all := &io.LimitedReader{R: z, N: maxTotal + 4*maxFiles*1024}
		r := tar.NewReader(all)
		for entries = 0; ; entries++ {
			h, err := r.Next()
			switch {
			case errors.Is(err, io.EOF):
				return true
			case err != nil && all.N <= 0:
				t.fail("", "service.lint.bomb", "ratio", maxRatio)
				return false
			case errors.Is(err, tar.ErrInsecurePath):
			case err != nil:
				t.fail("", "service.lint.archive")
				return false
			case entries > 4*maxFiles:
				t.fail("", "service.lint.tooMany", "max", maxFiles)
				return false
			}
			if !do(h, r) {
				return true
			}
		}
	}
	if !walk(func(h *tar.Header, _ io.Reader) bool { names = append(names, h.Name); return true }) {
		return
	}
	root := commonRoot(len(names), func(i int) string { return names[i] })
	walk(func(h *tar.Header, r io.Reader) bool {
		name := strings.TrimPrefix(h.Name, root)
		switch h.Typeflag {
		case tar.TypeDir, tar.TypeXGlobalHeader:
			return true
		case tar.TypeLink, tar.TypeSymlink:
			t.fail(name, "service.lint.symlink", "file", short(name))
			return true
		case tar.TypeReg:
		default:
			t.fail(name, "service.lint.special", "file", short(name))
			return true
		}
		t.take(name, 0, r)
		return !t.full
	})
}

// commonRoot is the one folder that all names stand in, with its slash; "" where service.yaml
// stands at the top.
func commonRoot(n int, name func(int) string) string {
	root := ""
	for i := range n {
		head, rest, deep := strings.Cut(name(i), "/")
		switch {
		case !deep, head == "", head == "..", root != "" && head+"/" != root:
			return ""
		case rest == "" && root == "":
			root = head + "/"
		}
		root = head + "/"
	}
	return root
}

// Pack writes the files of a package as an archive that is the same for the same files:
// ordered by name, without times.
func Pack(files map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range sortedNames(files) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// ReadFolder takes in the files of a package's folder as they stand, MANIFEST with them.
// Problems are those of the files' names, sizes and kinds, not of what they say.
func ReadFolder(fsys fs.FS, dir string) (map[string][]byte, decl.Problems) {
	t := newIntake()
	t.folder(fsys, dir)
	return t.files, t.problems
}

// ReadArchive takes in the files of an archive under the same rules.
func ReadArchive(data []byte) (map[string][]byte, decl.Problems) {
	t := unpack(data)
	return t.files, t.problems
}

func sortedNames(files map[string][]byte) []string {
	out := make([]string, 0, len(files))
	for n := range files {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
