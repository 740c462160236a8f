package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"

	"khue/web"
)

func main() {
	dir := flag.String("dir", "web", "folder of the sources")
	force := flag.Bool("force", false, "build even when nothing has changed")
	flag.Parse()
	if err := build(*dir, *force); err != nil {
		fmt.Fprintln(os.Stderr, "assets:", err)
		os.Exit(1)
	}
}

func build(dir string, force bool) error {
	source, err := digest(dir)
	if err != nil {
		return err
	}
	if manifest := filepath.Join(dir, "dist", "manifest.json"); !force && current(manifest, source) {
		fmt.Println("assets: nothing has changed")
		now := time.Now() //nolint:forbidigo // for make, which compares the times of files
		return os.Chtimes(manifest, now, now)
	}
	if err := install(dir); err != nil {
		return err
	}
	if err := run(dir, "node", "build/prepare.mjs"); err != nil {
		return err
	}
	outputs, err := bundle(dir)
	if err != nil {
		return err
	}
	m := web.Manifest{Source: source, Assets: map[string]web.Entry{}}
	files := map[string][]byte{}
	for name, out := range outputs {
		e := web.Entry{File: filepath.Base(out.Path), Size: len(out.Contents)}
		files["assets/"+e.File] = out.Contents
		// Fonts are compressed in themselves.
		if !strings.HasSuffix(e.File, ".woff2") {
			gz, br := compress(out.Contents)
			e.Gzip, e.Brotli = len(gz), len(br)
			files["assets/"+e.File+".gz"], files["assets/"+e.File+".br"] = gz, br
		}
		m.Assets[name] = e
	}
	for _, s := range []web.FontStyle{web.Regular, web.Bold, web.Italic, web.BoldItalic} {
		ttf, err := os.ReadFile(filepath.Join(dir, ".cache", string(s)+".ttf"))
		if err != nil {
			return err
		}
		files["fonts/"+string(s)+".ttf"] = ttf
	}
	axe, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		return err
	}
	files["check/axe.min.js.gz"], _ = compress(axe) // whole, with its licence: pages are never served it
	if err := weigh(os.Stdout, m); err != nil {
		return err
	}
	return write(filepath.Join(dir, "dist"), files, m)
}

// digest is over all that the build reads, this program included through its version of
// the lock file and go.mod being the same in one checkout.
func digest(dir string) (string, error) {
	var names []string
	for _, part := range []string{"css", "js", "icons", "build", "package-lock.json", "../internal/tools/assets"} {
		err := filepath.WalkDir(filepath.Join(dir, part), func(p string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				names = append(names, p)
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	slices.Sort(names)
	sum := sha256.New()
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n", filepath.ToSlash(n), len(b))
		sum.Write(b)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func current(manifest, source string) bool {
	raw, err := os.ReadFile(manifest)
	var m web.Manifest
	return err == nil && json.Unmarshal(raw, &m) == nil && m.Source == source
}

// install runs npm only when the lock file is newer than what is installed.
func install(dir string) error {
	lock, err := os.Stat(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return err
	}
	have, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json"))
	if err == nil && !have.ModTime().Before(lock.ModTime()) {
		return nil
	}
	fmt.Println("assets: installing the packages of web/package-lock.json")
	return run(dir, "npm", "ci", "--no-fund", "--no-audit", "--loglevel=error")
}

func run(dir, name string, args ...string) error {
	if _, err := exec.LookPath(name); err != nil {
		return fmt.Errorf("%s is needed to build the assets and is not installed: %w", name, err)
	}
	cmd := exec.Command(name, args...) //nolint:noctx,gosec // a build tool with fixed commands
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return nil
}

// bundle returns esbuild's outputs by the plain name of their source. Citizens' files are
// written out for telephones of 2018; what only the desk loads is left as it is.
func bundle(dir string) (map[string]api.OutputFile, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	out := map[string]api.OutputFile{}
	if err := esbuild(abs, out, []api.Engine{
		{Name: api.EngineChrome, Version: "70"},
		{Name: api.EngineFirefox, Version: "68"},
		{Name: api.EngineSafari, Version: "12"},
	}, ".cache/app.css", "js/app.js", "icons/icon.svg"); err != nil {
		return nil, err
	}
	return out, esbuild(abs, out, nil, "js/live.js", ".cache/desk.css", "js/desk.js")
}

func esbuild(abs string, out map[string]api.OutputFile, oldest []api.Engine, entries ...string) error {
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     abs,
		EntryPoints:       entries,
		Outdir:            "dist/assets",
		EntryNames:        "[name]-[hash]",
		AssetNames:        "[name]-[hash]",
		Bundle:            true,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone,
		Metafile:          true,
		Format:            api.FormatESModule,
		Engines:           oldest,
		Loader:            map[string]api.Loader{".svg": api.LoaderCopy, ".woff2": api.LoaderFile},
	})
	for _, m := range append(result.Errors, result.Warnings...) {
		return fmt.Errorf("esbuild: %s %v", m.Text, m.Location)
	}
	var meta struct {
		Outputs map[string]struct {
			Inputs map[string]any `json:"inputs"`
			Entry  string         `json:"entryPoint"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(result.Metafile), &meta); err != nil {
		return err
	}
	for _, f := range result.OutputFiles {
		rel, err := filepath.Rel(abs, f.Path)
		if err != nil {
			return err
		}
		from := meta.Outputs[filepath.ToSlash(rel)]
		name := from.Entry
		for in := range from.Inputs {
			if name == "" { // a file that the styles name has one input
				name = in
			}
		}
		out[filepath.Base(name)] = f
	}
	return nil
}

func compress(b []byte) (gz, br []byte) {
	var g, r bytes.Buffer
	zw, _ := gzip.NewWriterLevel(&g, gzip.BestCompression) // the level is valid
	bw := brotli.NewWriterLevel(&r, brotli.BestCompression)
	for _, w := range []io.WriteCloser{zw, bw} {
		_, _ = w.Write(b) // a bytes.Buffer takes everything
		_ = w.Close()
	}
	return g.Bytes(), r.Bytes()
}

// write replaces dist, but for the file that keeps the folder in the repository.
func write(dist string, files map[string][]byte, m web.Manifest) error {
	for _, old := range []string{"assets", "check", "fonts", "manifest.json"} {
		if err := os.RemoveAll(filepath.Join(dist, old)); err != nil {
			return err
		}
	}
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	var problems []error
	files["manifest.json"] = append(raw, '\n')
	for name, content := range files {
		p := filepath.Join(dist, filepath.FromSlash(name))
		problems = append(problems, os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, content, 0o644)) //nolint:gosec // public files
	}
	return errors.Join(problems...)
}
