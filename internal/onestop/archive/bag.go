package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Dossier is one dossier as it is kept.
type Dossier struct {
	Code     string
	Title    string // name of the service
	Facts    []Row
	Answers  []Row
	Happened []Row
	Papers   []Paper
	JSON     []byte // all of it, for programs
	Journal  []byte // its entries with their proofs
}

// Row is a line of a page.
type Row struct{ Label, Text string }

// Paper is a file as it was filed. Open is nil where no bytes are kept.
type Paper struct {
	Label, Name, SHA256 string
	Open                func() (io.ReadCloser, error)

	File string // in the folder, once written
}

// What is wrong with a folder as a whole.
var (
	ErrFull = errors.New("archive: the folder is not empty")
	ErrNone = errors.New("archive: the folder is no archive")
)

// Problem is what is wrong with one file of an archive.
type Problem struct {
	File  string `json:"file"`
	Fault string `json:"fault"` // missing, altered, strange: in no manifest
}

// Bag is a folder being written.
type Bag struct {
	dir     string
	sums    []string
	folders map[string]bool
	bytes   int64
	files   int
	list    []Dossier // code and title only
}

// Create begins a bag in a folder that is not there yet, or empty; else ErrFull.
func Create(dir string) (*Bag, error) {
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return nil, ErrFull
	}
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	return &Bag{dir: dir, folders: map[string]bool{}}, nil
}

// put writes a file, synced, and its line of the manifest.
func (b *Bag) put(name string, r io.Reader) (sum string, err error) {
	to := filepath.Join(b.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", err
	}
	for d := filepath.Dir(to); len(d) >= len(b.dir); d = filepath.Dir(d) {
		b.folders[d] = true
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // below our folder
	if err != nil {
		return "", err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, h), r)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", err
	}
	sum = hex.EncodeToString(h.Sum(nil))
	if strings.HasPrefix(name, "data/") {
		b.sums = append(b.sums, sum+"  "+name)
		b.bytes, b.files = b.bytes+n, b.files+1
	}
	return sum, nil
}

// Add writes a dossier. A paper whose bytes are not those that were filed is an error.
func (b *Bag) Add(d Dossier) error {
	dir := "data/" + safe(d.Code)
	for i := range d.Papers {
		p := &d.Papers[i]
		if p.Open == nil {
			continue
		}
		r, err := p.Open()
		if err != nil {
			return fmt.Errorf("archive: %s: %s: %w", d.Code, p.Name, err)
		}
		p.File = fmt.Sprintf("papers/%02d-%s", i+1, safe(path.Base(p.Name)))
		sum, err := b.put(dir+"/"+p.File, r)
		if err = errors.Join(err, r.Close()); err != nil {
			return fmt.Errorf("archive: %s: %s: %w", d.Code, p.Name, err)
		}
		if sum != p.SHA256 {
			return fmt.Errorf("archive: %s: the paper %s is not the one that was filed", d.Code, p.Name)
		}
	}
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, "dossier", d); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		b    []byte
	}{{"index.html", page.Bytes()}, {"dossier.json", d.JSON}, {"journal.json", d.Journal}} {
		if _, err := b.put(dir+"/"+f.name, bytes.NewReader(f.b)); err != nil {
			return fmt.Errorf("archive: %s: %w", d.Code, err)
		}
	}
	b.list = append(b.list, Dossier{Code: d.Code, Title: d.Title})
	return nil
}

// Close writes the list, the manifests and what the bag is. publicKey checks the proofs.
func (b *Bag) Close(at time.Time, about, publicKey string) (manifest string, err error) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, "list", map[string]any{"About": about, "List": b.list, "At": at.Format("02/01/2006 15:04")}); err != nil {
		return "", err
	}
	if _, err := b.put("data/index.html", &page); err != nil {
		return "", err
	}
	if _, err := b.put("data/journal-key.txt", strings.NewReader(publicKey+"\n")); err != nil {
		return "", err
	}
	slices.SortFunc(b.sums, func(x, y string) int { return strings.Compare(x[66:], y[66:]) })
	var tags []string
	for _, f := range []struct{ name, text string }{
		{"bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"},
		{"bag-info.txt", fmt.Sprintf("Bagging-Date: %s\nPayload-Oxum: %d.%d\nExternal-Description: %s\n", at.Format(time.DateOnly), b.bytes, b.files, about)},
		{"manifest-sha256.txt", strings.Join(b.sums, "\n") + "\n"},
	} {
		sum, err := b.put(f.name, strings.NewReader(f.text))
		if err != nil {
			return "", err
		}
		tags = append(tags, sum+"  "+f.name)
		manifest = sum
	}
	if _, err := b.put("tagmanifest-sha256.txt", strings.NewReader(strings.Join(tags, "\n")+"\n")); err != nil {
		return "", err
	}
	for dir := range b.folders {
		d, err := os.Open(dir) //nolint:gosec // ours
		if err != nil {
			return "", err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return "", err
		}
	}
	return manifest, nil
}

// safe is a name that every file system takes.
func safe(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|%`, r) {
			return '_'
		}
		return r
	}, s)
	return strings.TrimLeft(s, ".")
}

// Check reads a bag again: files that are missing, altered, or in no manifest. ErrNone where there
// are no manifests.
func Check(dir string, progress func(done, total int)) (files int, problems []Problem, err error) {
	listed := map[string]string{}
	for _, m := range []string{"manifest-sha256.txt", "tagmanifest-sha256.txt"} {
		f, err := os.Open(filepath.Join(dir, m)) //nolint:gosec // the operator names it
		if err != nil {
			return 0, nil, fmt.Errorf("%w: %w", ErrNone, err)
		}
		for s := bufio.NewScanner(f); s.Scan(); {
			sum, name, ok := strings.Cut(s.Text(), "  ")
			if !ok || !filepath.IsLocal(name) {
				_ = f.Close()
				return 0, nil, fmt.Errorf("%w: %s has a line that is none of sha256sum: %q", ErrNone, m, s.Text())
			}
			listed[name] = sum
		}
		_ = f.Close()
	}
	names := make([]string, 0, len(listed))
	for name := range listed {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			problems = append(problems, Problem{name, "missing"})
			continue
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return i, problems, err
		}
		if hex.EncodeToString(h.Sum(nil)) != listed[name] {
			problems = append(problems, Problem{name, "altered"})
		}
		if progress != nil {
			progress(i+1, len(names))
		}
	}
	err = filepath.WalkDir(filepath.Join(dir, "data"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if _, ok := listed[filepath.ToSlash(rel)]; err == nil && !ok {
			problems = append(problems, Problem{filepath.ToSlash(rel), "strange"})
		}
		return err
	})
	return len(names), problems, err
}

// pages stand alone: no script, no network.
var pages = template.Must(template.New("").Parse(`
{{define "head"}}<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>body{font:16px/1.5 "Be Vietnam Pro",system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35em .7em .35em 0;border-bottom:1px solid #8886}th{font-weight:600;width:35%}code{font-size:.8em;overflow-wrap:anywhere}</style>{{end}}
{{define "rows"}}<table>{{range .}}<tr><th scope="row">{{.Label}}</th><td>{{.Text}}</td></tr>{{end}}</table>{{end}}
{{define "dossier"}}{{template "head"}}<title>{{.Code}}</title><p><a href="../index.html">Danh mục</a></p><h1>Hồ sơ {{.Code}}</h1><p>{{.Title}}</p>
{{template "rows" .Facts}}<h2>Nội dung đã khai</h2>{{template "rows" .Answers}}
<h2>Giấy tờ đã nộp</h2>{{if .Papers}}<table>{{range .Papers}}<tr><th scope="row">{{.Label}}</th><td>{{if .File}}<a href="{{.File}}">{{.Name}}</a><br><code>{{.SHA256}}</code>{{else}}{{.Name}} (bản giấy){{end}}</td></tr>{{end}}</table>{{else}}<p>Không có.</p>{{end}}
<h2>Quá trình giải quyết</h2>{{template "rows" .Happened}}
<p>Các mục nhật ký và bằng chứng nằm trong <a href="journal.json">journal.json</a>; toàn bộ dữ liệu trong <a href="dossier.json">dossier.json</a>.</p></html>{{end}}
{{define "list"}}{{template "head"}}<title>Hồ sơ lưu trữ</title><h1>Hồ sơ lưu trữ</h1><p>{{.About}} Lập lúc {{.At}}.</p>
<table>{{range .List}}<tr><th scope="row"><a href="{{.Code}}/index.html">{{.Code}}</a></th><td>{{.Title}}</td></tr>{{end}}</table>
<p>Kiểm tra: <code>sha256sum -c manifest-sha256.txt</code> trong thư mục trên. Khóa công khai của nhật ký: <a href="journal-key.txt">journal-key.txt</a>.</p></html>{{end}}
`))
