// Package web holds the assets of the program as `make assets` built them: styles,
// scripts, fonts and icons, each under a name that changes with its content and each
// compressed beforehand.
//
// The sources lie beside this file (css, js, icons); npm's packages and the built files
// are never committed. A program built without them still runs: pages come without
// style, Built says so, and kernel/web logs it.
//
// What must not come here: templates (kernel/ui), anything that a request decides.
package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"io"
	"io/fs"
	"mime"
	"path"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

// Prefix is where the program serves the assets.
const Prefix = "/assets/"

// Entry is one asset in the manifest that the build writes.
type Entry struct {
	File   string `json:"file"`             // name under Prefix, with the digest of its content
	Size   int    `json:"size"`             // bytes
	Gzip   int    `json:"gzip,omitempty"`   // bytes compressed; 0 where that gains nothing
	Brotli int    `json:"brotli,omitempty"` //
}

// Manifest is what the build made.
type Manifest struct {
	Source string           `json:"source"` // digest of all that went in
	Assets map[string]Entry `json:"assets"` // by plain name: "app.css"
}

// loaded reads the embedded files once; they cannot change while the program runs.
var loaded = sync.OnceValue(func() *bundle { return load(dist) })

type bundle struct {
	manifest Manifest
	paths    map[string]string // plain name to path
	files    map[string]file   // name under Prefix to its forms
}

type file struct {
	kind              string
	raw, gzip, brotli []byte
}

func load(fsys fs.FS) *bundle {
	b := &bundle{paths: map[string]string{}, files: map[string]file{}}
	raw, err := fs.ReadFile(fsys, "dist/manifest.json")
	if err != nil || json.Unmarshal(raw, &b.manifest) != nil {
		return b
	}
	for name, e := range b.manifest.Assets {
		b.paths[name] = Prefix + e.File
		f := file{kind: typeOf(e.File)}
		f.raw, _ = fs.ReadFile(fsys, "dist/assets/"+e.File)
		f.gzip, _ = fs.ReadFile(fsys, "dist/assets/"+e.File+".gz")
		f.brotli, _ = fs.ReadFile(fsys, "dist/assets/"+e.File+".br")
		b.files[e.File] = f
	}
	return b
}

// typeOf is not left to the machine: its table of types differs between systems.
func typeOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// Path is where the browser finds an asset: "app.css" is at "/assets/app-K3FA2C.css".
// A name that was not built comes back as it is, under Prefix, and is not found there.
func Path(name string) string {
	if p, ok := loaded().paths[name]; ok {
		return p
	}
	return Prefix + name
}

// Built reports whether the assets were built into this program.
func Built() bool { return len(loaded().paths) > 0 }

// Assets is the manifest: names and sizes. Callers must not change it.
func Assets() Manifest { return loaded().manifest }

// FontStyle is one cut of the type for paper.
type FontStyle string

// The cuts.
const (
	Regular    FontStyle = "regular"
	Bold       FontStyle = "bold"
	Italic     FontStyle = "italic"
	BoldItalic FontStyle = "bold-italic"
)

// Font is Be Vietnam Pro as TrueType, for PDF: ASCII, Latin-1 and Vietnamese, without
// hinting, under the SIL Open Font License. It returns fs.ErrNotExist while the assets
// are not built.
func Font(s FontStyle) ([]byte, error) {
	return dist.ReadFile("dist/fonts/" + string(s) + ".ttf")
}

// accepts reports whether an Accept-Encoding header allows a coding; the fine print of
// weights is left out, since the only weight that browsers send is q=0 never.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			return strings.ReplaceAll(q, " ", "") != "q=0"
		}
	}
	return false
}

// Axe is the source of axe-core, whole and unchanged (MPL 2.0): what `khue service
// preview --check` examines pages with. No page is ever served it. It returns
// fs.ErrNotExist while the assets are not built.
func Axe() ([]byte, error) {
	packed, err := dist.ReadFile("dist/check/axe.min.js.gz")
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
