package app

import (
	_ "embed"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// licences are the parts of the program: "go|npm NAME VERSION LICENCE" a line, written by
// internal/tools/licences.
//
//go:embed licences.txt
var licences string

// part is one component that the program was made of.
type part struct {
	Kind    string // go or npm
	Name    string
	Version string
	Licence string // SPDX
}

// purl is the part's name for tools.
func (p part) purl() string {
	if p.Kind == "npm" {
		return "pkg:npm/" + strings.ReplaceAll(p.Name, "@", "%40") + "@" + p.Version
	}
	return "pkg:golang/" + p.Name + "@" + p.Version
}

// parts joins what is linked in with the licences. A module that the list does not know has
// the licence NOASSERTION.
func parts() (out []part) {
	listed := map[string]part{}
	for line := range strings.Lines(licences) {
		if f := strings.Fields(line); len(f) == 4 {
			p := part{f[0], f[1], f[2], strings.ReplaceAll(f[3], "_", " ")}
			if p.Kind == "npm" {
				out = append(out, p)
			}
			listed[p.Name] = p
		}
	}
	b, ok := debug.ReadBuildInfo()
	if !ok || len(b.Deps) == 0 {
		for _, p := range listed {
			if p.Kind == "go" {
				out = append(out, p)
			}
		}
	} else {
		for _, d := range b.Deps {
			if d.Replace != nil {
				d = d.Replace
			}
			p := part{"go", d.Path, d.Version, "NOASSERTION"}
			if l, ok := listed[d.Path]; ok {
				p.Licence = l.Licence
			}
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b part) int { return strings.Compare(a.Kind+a.Name, b.Kind+b.Name) })
	return out
}

type aboutCmd struct {
	SBOM bool `help:"Software bill of materials, CycloneDX 1.6 as JSON."`
}

// Run says what the program is made of.
func (a *aboutCmd) Run(c *command) error {
	list := parts()
	if a.SBOM {
		return c.json(sbom(list))
	}
	fmt.Fprintf(c.out, "Khue %s, %s %s/%s\n\n", Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	width := 0
	for _, p := range list {
		width = max(width, len(p.Name))
	}
	count := map[string]int{}
	for _, p := range list {
		fmt.Fprintf(c.out, "%-4s %-*s  %-40s %s\n", p.Kind, width, p.Name, p.Version, p.Licence)
		count[p.Licence]++
	}
	fmt.Fprintf(c.out, "\n%d parts:", len(list))
	names := make([]string, 0, len(count))
	for n := range count {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		fmt.Fprintf(c.out, " %s %d", n, count[n])
	}
	fmt.Fprintln(c.out)
	return nil
}

type (
	bomComponent struct {
		Type     string       `json:"type"`
		Ref      string       `json:"bom-ref"`
		Name     string       `json:"name"`
		Version  string       `json:"version"`
		PURL     string       `json:"purl"`
		Licenses []bomLicence `json:"licenses,omitempty"`
	}
	bomLicence struct {
		License    *bomID `json:"license,omitempty"`
		Expression string `json:"expression,omitempty"`
	}
	bomID struct {
		ID string `json:"id"`
	}
)

// sbom is the list as CycloneDX; the same bytes for the same program.
func sbom(list []part) map[string]any {
	self := bomComponent{Type: "application", Ref: "pkg:golang/khue@" + Version, Name: "khue", Version: Version, PURL: "pkg:golang/khue@" + Version}
	components := []bomComponent{{Type: "platform", Ref: "pkg:golang/std@" + runtime.Version(), Name: "std", Version: runtime.Version(), PURL: "pkg:golang/std@" + runtime.Version(), Licenses: []bomLicence{{License: &bomID{"BSD-3-Clause"}}}}}
	needs := []string{components[0].Ref}
	for _, p := range list {
		x := bomComponent{Type: "library", Ref: p.purl(), Name: p.Name, Version: p.Version, PURL: p.purl()}
		switch {
		case strings.Contains(p.Licence, " "):
			x.Licenses = []bomLicence{{Expression: p.Licence}}
		case p.Licence != "NOASSERTION":
			x.Licenses = []bomLicence{{License: &bomID{p.Licence}}}
		}
		components = append(components, x)
		needs = append(needs, x.Ref)
	}
	return map[string]any{
		"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
		"metadata": map[string]any{"component": self}, "components": components,
		"dependencies": []map[string]any{{"ref": self.Ref, "dependsOn": needs}},
	}
}
