// Command passwords derives internal/kernel/auth/breached.bin, the filter of passwords that
// are known from breaches, from a list with one password a line (docs/adr/0146 says which).
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/auth/xorset"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: passwords LIST OUT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "passwords:", err)
		os.Exit(1)
	}
}

func run(list, out string) error {
	f, err := os.Open(list) //nolint:gosec // named by who runs it
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	var texts []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		text := auth.Plain(lines.Text())
		// What is shorter is refused anyway, and one letter again and again by rule.
		if utf8.RuneCountInString(text) >= auth.MinPassword(auth.KindCitizen) && strings.Trim(text, text[:1]) != "" {
			texts = append(texts, text)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	s, err := xorset.Build(texts)
	if err != nil {
		return err
	}
	b := s.Bytes()
	fmt.Printf("%d passwords in %d bytes\n", len(texts), len(b))
	return os.WriteFile(out, b, 0o644) //nolint:gosec // a source file
}
