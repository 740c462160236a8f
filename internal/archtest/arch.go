package archtest

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// floors from the ground up. A package stands on the floor of its first path
// element below internal/.
var floors = []string{"kernel", "register", "onestop", "office", "city", "portal", "app"}

// maxLines bounds every source file that a person writes.
const maxLines = 600

// Violation is one broken rule.
type Violation struct {
	Rule string // short name, as in ruleNames
	Pos  string // file:line, from the module's root
	Text string
}

func (v Violation) String() string { return fmt.Sprintf("%s: %s: %s", v.Pos, v.Rule, v.Text) }

// file is one parsed Go file.
type file struct {
	name string // path from the root, with slashes
	pkg  string // folder
	test bool
	gen  bool
	src  []byte
	ast  *ast.File
	fset *token.FileSet
}

func (f *file) at(p token.Pos) string {
	return f.name + ":" + strconv.Itoa(f.fset.Position(p).Line)
}

// Check reads the module at root and returns every violation. module is its
// import path; deps is the text of deps.txt.
func Check(root fs.FS, module, deps string) ([]Violation, error) {
	files, err := load(root)
	if err != nil {
		return nil, err
	}
	allowed, err := readDeps(deps)
	if err != nil {
		return nil, err
	}
	c := &checker{module: module, allowed: allowed, used: map[edge]bool{}}
	for _, f := range files {
		c.file(f)
	}
	c.sideways()
	migrations(root, c)
	slices.SortFunc(c.found, func(a, b Violation) int { return strings.Compare(a.String(), b.String()) })
	return c.found, nil
}

func load(root fs.FS) ([]*file, error) {
	var out []*file
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case "node_modules", "testdata", "dist", ".git", "data", "bin", "peers":
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(p) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		tree, err := parser.ParseFile(fset, p, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		out = append(out, &file{
			name: p, pkg: path.Dir(p), src: src, ast: tree, fset: fset,
			test: strings.HasSuffix(p, "_test.go"),
			gen:  ast.IsGenerated(tree),
		})
		return nil
	})
	return out, err
}

// edge is an import inside one floor, module to module: "kernel/journal kernel/db".
type edge struct{ from, to string }

func readDeps(text string) (map[edge]bool, error) {
	out := map[edge]bool{}
	sc := bufio.NewScanner(strings.NewReader(text))
	for n := 1; sc.Scan(); n++ {
		line, _, _ := strings.Cut(sc.Text(), "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		from, to, ok := strings.Cut(line, "->")
		if !ok {
			return nil, fmt.Errorf("deps.txt:%d: write it as \"from -> to to\"", n)
		}
		for _, t := range strings.Fields(to) {
			out[edge{strings.TrimSpace(from), t}] = true
		}
	}
	return out, sc.Err()
}

func lines(src []byte) int { return bytes.Count(src, []byte{'\n'}) }
