// Command licences writes internal/app/licences.txt: every Go module that is linked into khue
// and every npm package that is built into its pages, with version and licence. A test of app
// holds the list against the build.
//
//	go run ./internal/tools/licences
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	lines, err := all()
	if err == nil {
		err = os.WriteFile("internal/app/licences.txt", []byte(strings.Join(lines, "\n")+"\n"), 0o644) //nolint:gosec // committed
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
	fmt.Println(len(lines), "components")
}

func all() (lines []string, err error) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}", "./cmd/khue").Output()
	if err != nil {
		return nil, err
	}
	mods := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(mods)
	for _, m := range slices.Compact(mods) {
		f := strings.Fields(m)
		if len(f) != 3 {
			continue
		}
		id, err := ofFolder(f[2])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f[0], err)
		}
		lines = append(lines, "go "+f[0]+" "+f[1]+" "+id)
	}
	packed, err := os.ReadFile("web/package.json")
	if err != nil {
		return nil, err
	}
	var p struct{ Dependencies map[string]string }
	if err := json.Unmarshal(packed, &p); err != nil {
		return nil, err
	}
	for name, version := range p.Dependencies {
		b, err := os.ReadFile(filepath.Join("web/node_modules", name, "package.json"))
		if err != nil {
			return nil, err
		}
		var q struct{ License string }
		if err := json.Unmarshal(b, &q); err != nil || q.License == "" {
			return nil, fmt.Errorf("%s says no licence: %w", name, err)
		}
		lines = append(lines, "npm "+name+" "+version+" "+spdx(q.License))
	}
	slices.Sort(lines)
	return lines, nil
}

// known are sentences that only one licence has, the longer licences first.
var known = []struct{ id, sentence string }{ //nolint:gochecknoglobals // a table
	{"Apache-2.0", "Apache License Version 2.0"},
	{"MPL-2.0", "Mozilla Public License Version 2.0"},
	{"MPL-2.0", "Mozilla Public License, version 2.0"},
	{"GPL", "GNU GENERAL PUBLIC LICENSE"},
	{"LGPL", "GNU LESSER GENERAL PUBLIC LICENSE"},
	{"BSD-3-Clause", "Neither the name"},
	{"BSD-3-Clause", "names of its contributors may"},
	{"BSD-3-Clause", "name of the copyright holder nor"},
	{"BSD-2-Clause", "Redistributions in binary form must reproduce"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software"},
	{"ISC", "Permission to use, copy, modify, and distribute this software"},
	{"MIT", "Permission is hereby granted, free of charge"},
	{"Unlicense", "This is free and unencumbered software"},
	{"CC0-1.0", "CC0 1.0 Universal"},
}

func ofFolder(dir string) (string, error) {
	for ; len(dir) > 1; dir = filepath.Dir(dir) {
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		for _, f := range files {
			if !regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)`).MatchString(filepath.Base(f)) {
				continue
			}
			b, err := os.ReadFile(f) //nolint:gosec // of the module cache
			if err != nil {
				continue
			}
			text := strings.Join(strings.Fields(string(b)), " ")
			for _, k := range known {
				if strings.Contains(strings.ToLower(text), strings.ToLower(k.sentence)) {
					return k.id, nil
				}
			}
		}
	}
	return "", fmt.Errorf("no licence was recognised: read it, and teach this tool its sentence")
}

// spdx is what a package.json says, as one word.
func spdx(said string) string {
	if said == "BSD-0-Clause" {
		return "0BSD"
	}
	return strings.ReplaceAll(strings.Trim(said, "()"), " ", "_")
}
