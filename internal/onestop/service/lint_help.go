package service

import (
	"net/url"
	"path"
	"regexp"
	"strings"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
)

var (
	helpLink    = regexp.MustCompile(`(!?)\[([^\]]*)\]\(\s*<?([^)\s>]*)>?[^)]*\)`)
	helpHeading = regexp.MustCompile(`(?m)^(#{1,6})\s`)
	fenced      = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
)

// guidance checks the help pages: their links lead somewhere, their headings fit below the
// page's own, and they hold no HTML, which would be dropped unseen.
func (l *loader) guidance() {
	for _, lang := range i18n.Langs {
		file := "help/" + string(lang) + ".md"
		b, ok := l.read(file)
		if !ok {
			continue // told where it is read
		}
		text := fenced.ReplaceAllStringFunc(string(b), func(s string) string {
			return strings.Map(func(r rune) rune {
				if r == '\n' {
					return r
				}
				return ' '
			}, s)
		})
		for _, m := range markup.FindAllStringIndex(text, -1) {
			if s := text[m[0]:m[1]]; !strings.HasPrefix(s, "<http") && !strings.HasPrefix(s, "<mailto") {
				l.fail(file, posAt(text, m[0]), "", "service.lint.html", "html", short(s))
			}
		}
		for _, m := range helpLink.FindAllStringSubmatchIndex(text, -1) {
			l.link(file, posAt(text, m[0]), text[m[2]:m[3]] != "", text[m[4]:m[5]], text[m[6]:m[7]])
		}
		for _, m := range helpHeading.FindAllStringSubmatchIndex(text, -1) {
			if n := m[3] - m[2]; n != 2 && n != 3 {
				l.fail(file, posAt(text, m[0]), text[m[2]:m[3]], "service.lint.heading")
			}
		}
	}
}

func (l *loader) link(file string, pos decl.Pos, image bool, text, target string) {
	u, err := url.Parse(target)
	known := func() bool { _, ok := l.read(path.Join(path.Dir(file), target)); return ok }
	switch {
	case image:
		l.fail(file, pos, target, "service.lint.image")
	case strings.TrimSpace(text) == "":
		l.fail(file, pos, target, "service.lint.linkText", "link", short(target))
	case err != nil || target == "":
		l.fail(file, pos, target, "service.lint.link", "link", short(target))
	case u.Scheme == "https" && u.Host != "", u.Scheme == "mailto", u.Scheme == "tel":
	case u.Scheme != "":
		l.fail(file, pos, target, "service.lint.linkScheme", "link", short(target))
	case strings.HasPrefix(target, "//"):
		l.fail(file, pos, target, "service.lint.linkScheme", "link", short(target))
	case strings.HasPrefix(target, "/"): // a page of the site
	case !known():
		l.fail(file, pos, target, "service.lint.link", "link", short(target))
	}
}

// posAt is the place of a byte in a text.
func posAt(text string, at int) decl.Pos {
	head := text[:at]
	return decl.Pos{Line: strings.Count(head, "\n") + 1, Col: len([]rune(head[strings.LastIndexByte(head, '\n')+1:])) + 1}
}
