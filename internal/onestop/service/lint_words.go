package service

import (
	"reflect"
	"slices"
	"strings"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/pdf"
)

// noticeWords and layoutWords are what notices and results are filled with beside answers.
//
//nolint:gochecknoglobals // immutable tables
var (
	noticeWords = []string{"applicant", "dossier.code", "dossier.due", "service", "case"}
	layoutWords = []string{
		"agency", "agency.upper", "case", "day", "month", "year", "dossier.code", "dossier.date", "dossier.due", "service", "result.number", "result.date",
		"result.mark", "result.replaces", "signer", "signer.title", "verify.url",
	}
)

// blanks are the placeholders of notices and results: one that nothing fills would stand
// empty in front of a citizen.
func (l *loader) blanks() {
	for _, file := range l.files("notify", ".yaml") {
		b, ok := l.read(file)
		if !ok {
			continue
		}
		for _, m := range placeholder.FindAllStringSubmatch(string(b), -1) {
			l.blank(file, b, m[1], noticeWords)
		}
	}
	paths := l.wideScope().Paths()
	known := append(slices.Clone(layoutWords), paths...)
	for _, r := range append([]Result{l.pkg.Result}, l.pkg.More...) {
		lay, ok := l.pkg.Layouts[r.Kind]
		b, readable := l.read(r.Layout)
		if !ok || !readable {
			continue
		}
		texts, lists := layoutTexts(lay)
		for _, t := range texts {
			for _, m := range placeholder.FindAllStringSubmatch(t, -1) {
				l.blank(r.Layout, b, m[1], known)
			}
		}
		for _, name := range lists {
			if !slices.Contains(paths, name) && name != "papers" {
				l.fail(r.Layout, placeOfText(b, name), "from", "service.lint.blank", "name", name, "nearest", nearestOr(name, paths))
			}
		}
	}
}

func (l *loader) blank(file string, b []byte, name string, known []string) {
	if slices.Contains(known, name) {
		return
	}
	l.fail(file, placeOfText(b, "{"+name+"}"), "{"+name+"}", "service.lint.blank", "name", name, "nearest", nearestOr(name, known))
}

// layoutTexts are the texts of a layout that are filled from the whole dossier, and the
// lists that tables and lists run over: within these placeholders are relative.
func layoutTexts(lay pdf.Layout) (texts, lists []string) {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			texts = append(texts, v.String())
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			if from := v.FieldByName("From"); from.IsValid() && from.Kind() == reflect.String && from.String() != "" {
				lists = append(lists, from.String())
				return
			}
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		}
	}
	walk(reflect.ValueOf(lay.Blocks))
	return texts, lists
}

// names refuses ids that would collide when a dossier's parts come together.
func (l *loader) names() {
	taken := map[string]string{}
	for _, w := range []string{"case", "channel", "receiving", "competent", "action", "dossier", "result", "loop", "papers"} {
		taken[w] = w
	}
	for _, in := range l.pkg.Form.Inputs() {
		head, _, _ := strings.Cut(in.Path, ".")
		if taken[head] != "" {
			pos := l.fieldPos(in.Path)
			l.fail("form.yaml", pos, in.Path, "service.lint.reserved", "id", head)
		}
	}
	applicant := map[string]bool{}
	for _, in := range l.pkg.Form.Inputs() {
		applicant[in.Path] = true
	}
	types := map[string]string{}
	for _, name := range slices.Sorted(slices.Values(l.pkg.Form.Actions())) {
		for _, fd := range l.def.Officer[name].Fields {
			at := "officer." + name + "." + fd.ID
			switch was, twice := types[fd.ID]; {
			case applicant[fd.ID]:
				l.fail("form.yaml", fd.Pos, at, "service.lint.officerField", "id", fd.ID)
			case twice && was != fd.Type:
				l.fail("form.yaml", fd.Pos, at, "service.lint.officerType", "id", fd.ID, "was", was, "type", fd.Type)
			}
			types[fd.ID] = fd.Type
		}
	}
	seen := map[string]bool{}
	for _, p := range l.pkg.Papers {
		if seen[p.ID] {
			l.fail("service.yaml", p.Pos, "papers."+p.ID, "service.lint.idTwice", "id", p.ID)
		}
		if applicant[p.ID] {
			l.fail("service.yaml", p.Pos, "papers."+p.ID, "service.lint.paperField", "id", p.ID)
		}
		seen[p.ID] = true
	}
	pages := map[string]bool{}
	for _, p := range l.def.Pages {
		if pages[p.ID] {
			l.fail("form.yaml", p.Pos, "pages."+p.ID, "service.lint.idTwice", "id", p.ID)
		}
		pages[p.ID] = true
	}
	for i, c := range l.pkg.Cases {
		if slices.Contains(l.pkg.Cases[:i], c) {
			l.fail("service.yaml", l.casePos(i), "cases", "service.lint.idTwice", "id", c)
		}
		if l.pkg.Process.UsesTerm(c) {
			l.fail("service.yaml", l.casePos(i), "cases", "service.lint.caseTerm", "id", c)
		}
	}
}

func (l *loader) casePos(i int) decl.Pos {
	if i < len(l.src.Cases) {
		return l.src.Cases[i].Pos
	}
	return decl.Pos{Line: 1, Col: 1}
}

// fieldPos is where the question of a path is declared.
func (l *loader) fieldPos(path string) decl.Pos {
	for _, p := range l.def.Pages {
		for _, fd := range p.Fields {
			if fd.ID == path || strings.HasPrefix(path, fd.ID+".") {
				return fd.Pos
			}
		}
	}
	return decl.Pos{Line: 1, Col: 1}
}
