package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type checker struct {
	module  string
	allowed map[edge]bool
	used    map[edge]bool
	found   []Violation
}

func (c *checker) add(rule, pos, format string, args ...any) {
	c.found = append(c.found, Violation{Rule: rule, Pos: pos, Text: fmt.Sprintf(format, args...)})
}

func (c *checker) file(f *file) {
	if f.gen {
		c.imports(f) // generated pages obey the floors too
		return
	}
	if n := lines(f.src); !f.test && n > maxLines {
		c.add("length", f.name+":1", "%d lines; cut it by what it is about (at most %d)", n, maxLines)
	}
	c.imports(f)
	c.calls(f)
	if !f.test {
		c.grants(f)
		c.declarations(f)
		c.sql(f)
	}
}

// unit is the module that a folder below internal/ belongs to:
// internal/onestop/dossier/dossiertest is of onestop/dossier. The web half of a module is
// a unit of its own, onestop/dossierweb: it stands above kernel/web, which the module
// itself must not know.
func unit(pkg string) (floor, module string, ok bool) {
	rest, ok := strings.CutPrefix(pkg, "internal/")
	if !ok {
		return "", "", false
	}
	parts := strings.Split(rest, "/")
	if !slices.Contains(floors, parts[0]) {
		return "", "", false
	}
	if len(parts) == 1 || parts[0] == "app" {
		return parts[0], parts[0], true
	}
	if len(parts) > 2 && strings.HasSuffix(parts[2], "web") {
		return parts[0], parts[0] + "/" + parts[2], true
	}
	return parts[0], parts[0] + "/" + parts[1], true
}

func (c *checker) imports(f *file) {
	floor, mod, inHouse := unit(f.pkg)
	for _, im := range f.ast.Imports {
		p, _ := strconv.Unquote(im.Path.Value)
		if p == "net/http" && !f.test && !mayUseHTTP(f.pkg) {
			c.add("http", f.at(im.Pos()), "net/http belongs in a …web package, kernel/web, kernel/auth or app")
		}
		local, ok := strings.CutPrefix(p, c.module+"/")
		if !ok {
			continue
		}
		toFloor, to, ok := unit(local)
		if !ok || !inHouse {
			continue
		}
		if f.test {
			continue // a test may stand on any floor
		}
		from, at := slices.Index(floors, floor), slices.Index(floors, toFloor)
		switch {
		case at > from:
			c.add("floors", f.at(im.Pos()), "%s (%s) imports %s, a floor above it: publish an event or take an interface", mod, floor, to)
		case at == from && to != mod:
			e := edge{mod, to}
			c.used[e] = true
			if !c.allowed[e] {
				c.add("sideways", f.at(im.Pos()), "%s imports %s beside it; the edge is not in deps.txt", mod, to)
			}
		}
	}
}

func mayUseHTTP(pkg string) bool {
	if !strings.HasPrefix(pkg, "internal/") {
		return true
	}
	for _, p := range []string{"internal/kernel/web", "internal/kernel/auth", "internal/app", "internal/portal", "internal/citytest", "internal/tools"} {
		if pkg == p || strings.HasPrefix(pkg, p+"/") {
			return true
		}
	}
	return strings.HasSuffix(path.Base(pkg), "web")
}

// sideways reports circles among the listed edges and edges nobody uses.
func (c *checker) sideways() {
	next := map[string][]string{}
	for e := range c.allowed {
		next[e.from] = append(next[e.from], e.to)
		if !c.used[e] {
			c.add("sideways", "internal/archtest/deps.txt:1", "%s -> %s is listed and not used: strike it", e.from, e.to)
		}
	}
	state := map[string]int{} // 1 open, 2 done
	var visit func(string, []string)
	visit = func(n string, trail []string) {
		switch state[n] {
		case 1:
			c.add("sideways", "internal/archtest/deps.txt:1", "a circle: %s", strings.Join(append(trail, n), " -> "))
			return
		case 2:
			return
		}
		state[n] = 1
		for _, m := range slices.Sorted(slices.Values(next[n])) {
			visit(m, append(slices.Clone(trail), n))
		}
		state[n] = 2
	}
	for _, n := range slices.Sorted(maps.Keys(next)) {
		visit(n, nil)
	}
}

// calls finds the functions that only certain rooms may use.
func (c *checker) calls(f *file) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		switch pkg.Name + "." + sel.Sel.Name {
		case "time.Now", "time.Since", "time.Until":
			if !f.test && f.pkg != "internal/kernel/clock" && !isBench(f.pkg) {
				c.add("now", f.at(n.Pos()), "take a clock.Clock (or tx.Now) and not the machine's time")
			}
		case "context.Background", "context.TODO":
			if !f.test && !mayStartContext(f.pkg) {
				c.add("background", f.at(n.Pos()), "take the caller's context")
			}
		case "time.Sleep":
			if f.test {
				c.add("sleep", f.at(n.Pos()), "a test waits for a signal, never for time")
			}
		}
		return true
	})
}

// mayReadGrants are the places that look at what somebody holds otherwise than through the
// policies, each with the reason.
var mayReadGrants = map[string]string{
	"internal/kernel/auth":                 "the decision itself",
	"internal/app":                         "shows the posts of the reader in the frame of a page and marks their daily work in the menu",
	"internal/kernel/auth/authtest":        "asks Cedar the same beside it",
	"internal/citytest":                    "no part of the program",
	"internal/register/identity":           "keeps the grants",
	"internal/register/person/personweb":   "lists the counters of the reader's posts",
	"internal/register/mandate/mandateweb": "lists the counters of the reader's posts",
	"internal/register/openid":             "grants of a client are those of OAuth",
	"internal/register/openid/openidweb":   "grants of a client are those of OAuth",
	"internal/register/access":             "names the unit and the post in whose name somebody looked",
	"internal/kernel/auth/factor":          "finds the unit in whose name a kiosk is set up; each is asked of the policies",
	"internal/register/holiday":            "lists the units of the reader's posts, for a choice on the page",
	"internal/register/book":               "lists the agencies of the reader's posts; each is asked of the policies",
	"internal/register/record":             "lists the agencies of the reader's posts; each is asked of the policies",
	"internal/onestop/result":              "lists the agencies of the reader's posts; each is asked of the policies",
	"internal/onestop/desk":                "lists the units of the reader's posts, for a choice on the page",
	"internal/onestop/dossier":             "lists the units of the reader's posts, and names the post in which somebody acted",
	"internal/onestop/counter":             "lists the counters of the reader's posts; each is asked of the policies",
	"internal/onestop/payment":             "lists the units of the reader's posts; each is asked of the policies",
	"internal/onestop/reorganise":          "lists the agencies of the reader's posts; each is asked of the policies",
	"internal/onestop/counter/counterweb":  "lists the units of the reader's posts, for a choice on the page",
}

// grants: who may do what is decided by the policies. Nobody else compares roles and scopes.
func (c *checker) grants(f *file) {
	in := func(pkg string) bool { return mayReadGrants[pkg] != "" || strings.HasPrefix(pkg, "internal/app/") }
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel.Name == "Grants" && strings.HasPrefix(f.pkg, "internal/") && !in(f.pkg) {
				c.add("policy", f.at(n.Pos()), "the grants of a subject are read in the policies: ask Policies.Can, or give the reason in mayReadGrants")
			}
		case *ast.CallExpr:
			sel, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || !strings.HasPrefix(f.pkg, "internal/") || f.pkg == "internal/kernel/auth" {
				return true
			}
			switch x := ast.Unparen(sel.X).(type) {
			case *ast.Ident:
				if (x.Name == "sub" || x.Name == "subject") && (sel.Sel.Name == "Has" || sel.Sel.Name == "Covers") {
					c.add("policy", f.at(n.Pos()), "ask Policies.Can with an action, and not a subject for its roles")
				}
			case *ast.CallExpr:
				if from, ok := x.Fun.(*ast.SelectorExpr); ok && from.Sel.Name == "From" && (sel.Sel.Name == "Has" || sel.Sel.Name == "Covers") {
					c.add("policy", f.at(n.Pos()), "ask Policies.Can with an action, and not a subject for its roles")
				}
			}
		}
		return true
	})
}

// isBench: benches and tools measure the machine itself.
func isBench(pkg string) bool {
	return strings.HasSuffix(pkg, "bench") || pkg == "internal/app/cityload" || strings.HasPrefix(pkg, "internal/tools") || strings.HasPrefix(pkg, "cmd/")
}

func mayStartContext(pkg string) bool {
	switch pkg {
	case "cmd/khue", "internal/kernel/jobs", "internal/kernel/db", "internal/kernel/db/dbtest", "internal/citytest":
		return true
	}
	return strings.HasPrefix(pkg, "cmd/standin-") || isBench(pkg)
}

func (c *checker) declarations(f *file) {
	for _, d := range f.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name == "init" {
				c.add("init", f.at(d.Pos()), "no init: app wires the house in plain code")
			}
			if d.Recv != nil && setter(d) {
				c.add("setter", f.at(d.Pos()), "%s sets a dependency after construction: take it in New or Run", d.Name.Name)
			}
		case *ast.GenDecl:
			if d.Tok == token.VAR && strings.HasPrefix(f.pkg, "internal/") {
				c.globals(f, d)
			}
		}
	}
}

// setter: a method SetX(service-like pointer or interface) with no result.
func setter(d *ast.FuncDecl) bool {
	if !strings.HasPrefix(d.Name.Name, "Set") || d.Type.Results != nil || len(d.Type.Params.List) != 1 {
		return false
	}
	star, ok := d.Type.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	sel, ok := star.X.(*ast.SelectorExpr)
	return ok && (sel.Sel.Name == "Service" || sel.Sel.Name == "DB")
}

// globals refuses package variables that a program could change as it runs:
// ones without a value (embedded files excepted) and locks, pools and atomics.
func (c *checker) globals(f *file, d *ast.GenDecl) {
	for _, s := range d.Specs {
		v, ok := s.(*ast.ValueSpec)
		if !ok || v.Names[0].Name == "_" {
			continue
		}
		if len(v.Values) == 0 && !embedded(d, v) {
			c.add("global", f.at(v.Pos()), "%s can change as the program runs: put it in a value that New returns", v.Names[0].Name)
			continue
		}
		for _, x := range v.Values {
			if lit, ok := x.(*ast.CompositeLit); ok {
				if sel, ok := lit.Type.(*ast.SelectorExpr); ok {
					if p, ok := sel.X.(*ast.Ident); ok && p.Name == "atomic" {
						c.add("global", f.at(v.Pos()), "%s is shared state: put it in a value that New returns", v.Names[0].Name)
					}
				}
			}
		}
	}
}

func embedded(d *ast.GenDecl, v *ast.ValueSpec) bool {
	for _, g := range []*ast.CommentGroup{d.Doc, v.Doc} {
		if g == nil {
			continue
		}
		for _, cm := range g.List {
			if strings.HasPrefix(cm.Text, "//go:embed") {
				return true
			}
		}
	}
	return false
}

var (
	statement = regexp.MustCompile(`(?is)^\s*(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+.*\sAS\s*\()`)
	tableName = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|INTO|UPDATE|TABLE(?:\s+IF\s+(?:NOT\s+)?EXISTS)?)\s+([a-z][a-z0-9]*_[a-z0-9_]+)`)
	withName  = regexp.MustCompile(`(?i)(?:\bWITH(?:\s+RECURSIVE)?|,)\s*([a-z][a-z0-9_]*)\s*(?:\([^)]*\)\s*)?AS\s*\(`)
)

// sql: statements stand in store*.go and name only the module's own tables.
func (c *checker) sql(f *file) {
	_, mod, ok := unit(f.pkg)
	if !ok || strings.HasPrefix(f.pkg, "internal/kernel/db") {
		return
	}
	store := strings.HasPrefix(path.Base(f.name), "store")
	ast.Inspect(f.ast, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			return true
		}
		if !store {
			if statement.MatchString(text) {
				c.add("sql", f.at(n.Pos()), "SQL belongs in store*.go")
			}
			return true
		}
		c.tables(f.at(n.Pos()), path.Base(mod), text)
		return true
	})
}

func (c *checker) tables(pos, module, text string) {
	local := map[string]bool{}
	for _, m := range withName.FindAllStringSubmatch(text, -1) {
		local[strings.ToLower(m[1])] = true
	}
	for _, m := range tableName.FindAllStringSubmatch(text, -1) {
		t := strings.ToLower(m[1])
		if !local[t] && !strings.HasPrefix(t, module+"_") && !strings.HasPrefix(t, "pg_") {
			c.add("tables", pos, "%s is not a table of %s: call its owner", t, module)
		}
	}
}

// migrations holds the rule on tables for DDL.
func migrations(root fs.FS, c *checker) {
	_ = fs.WalkDir(root, "internal", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(p) != ".sql" || path.Base(path.Dir(p)) != "migrations" {
			return nil //nolint:nilerr // a folder that is not there holds no rule
		}
		_, mod, ok := unit(path.Dir(path.Dir(p)))
		if !ok || mod == "kernel/db" { // its bench has tables of its own
			return nil
		}
		src, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		c.tables(p+":1", path.Base(mod), string(src))
		return nil
	})
}
