package service

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"khue/internal/kernel/decl"
	"khue/internal/onestop/form"
)

// markup is what a label, a notice or a help page may not hold: it is text, and the page
// draws it.
var markup = regexp.MustCompile(`<\s*/?\s*[a-zA-Z!?][^>]*>?`)

// label refuses HTML and signs that turn the direction of reading, by which a text shows
// something else than it says.
func (l *loader) label(file string, pos decl.Pos, element, text string) {
	if m := markup.FindString(text); m != "" {
		l.fail(file, pos, element, "service.lint.html", "html", short(m))
	}
	if i := strings.IndexFunc(text, hidden); i >= 0 {
		l.fail(file, pos, element, "service.lint.hiddenSign", "sign", strings.ToUpper(hex4([]rune(text[i:])[0])))
	}
}

func hidden(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r'
}

func hex4(r rune) string {
	const digits = "0123456789abcdef"
	return "U+" + string([]byte{digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15]})
}

// short cuts what is quoted in a message.
func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// topics are the first words of text keys. What stands under another is a slip.
//
//nolint:gochecknoglobals // immutable table
var topics = []string{
	"name", "summary", "case", "page", "intro", "field", "hint", "paper", "paperHint", "msg", "step", "public",
	"action", "option", "result", "register", "term", "unit", "item", "lane", "connector", "child",
}

// unused warns of texts that nothing shows: most are a slip in the key.
func (l *loader) unused() {
	used := l.usedTexts()
	known := make([]string, 0, len(used))
	for k := range used {
		known = append(known, k)
	}
	slices.Sort(known)
	for key, pos := range l.places {
		topic, _, _ := strings.Cut(key, ".")
		if !slices.Contains(topics, topic) {
			l.warn("i18n/vi.yaml", pos, key, "service.lint.unusedTopic", "key", key, "nearest", nearestOr(topic, topics))
			continue
		}
		if judged[topic] && !used[key] {
			l.warn("i18n/vi.yaml", pos, key, "service.lint.unusedText", "key", key, "nearest", nearestOr(key, known))
		}
	}
}

// judged are the topics whose every key is known here.
//
//nolint:gochecknoglobals // immutable table
var judged = map[string]bool{
	"case": true, "page": true, "intro": true, "field": true, "hint": true, "paper": true, "paperHint": true,
	"msg": true, "step": true, "public": true, "action": true, "result": true, "register": true,
}

// nearestOr is the nearest word, or a dash where none is near.
func nearestOr(word string, known []string) string {
	if n := decl.Nearest(word, known); n != "" {
		return n
	}
	return "–"
}

func (l *loader) usedTexts() map[string]bool {
	used := map[string]bool{"page.action": true}
	use := func(id string, topics ...string) {
		for _, t := range topics {
			used[t+"."+id] = true
		}
	}
	for _, c := range l.pkg.Cases {
		use(c, "case")
	}
	for _, p := range l.def.Pages {
		use(p.ID, "page", "intro")
		l.useFields(use, "", p.Fields)
	}
	for name, act := range l.def.Officer {
		l.useFields(use, "officer."+name+".", act.Fields)
		if o := officerForm(l.pkg.Form, name); o != nil {
			for _, in := range o.Inputs() {
				useAbove(use, in.Path)
			}
		}
	}
	for _, in := range l.pkg.Form.Inputs() {
		useAbove(use, in.Path)
	}
	for _, p := range l.pkg.Papers {
		use(p.ID, "paper", "paperHint")
	}
	for _, s := range l.pkg.Process.Steps() {
		use(s.ID, "step", "public")
		for _, a := range s.Actions {
			use(a.Do, "action")
			use(s.ID+"."+a.Do, "action")
		}
	}
	for _, id := range l.elementIDs() {
		use(id, "step", "public")
	}
	for _, k := range append([]string{l.pkg.Result.Kind}, l.moreKinds()...) {
		use(k, "result")
	}
	if l.register != nil {
		use(l.register.ID.S, "register")
		for _, f := range l.register.Fields {
			use(f.ID.S, "register")
		}
	}
	return used
}

// useAbove marks a leaf and the composites that it is part of.
func useAbove(use func(string, ...string), path string) {
	for path != "" {
		use(path, "field", "hint")
		i := strings.LastIndexByte(path, '.')
		path = path[:max(i, 0)]
	}
}

func (l *loader) useFields(use func(string, ...string), prefix string, fields []form.FieldDef) {
	for _, f := range fields {
		use(f.ID, "field", "hint")
		use(prefix+f.ID, "field", "hint")
		for _, r := range f.Rules {
			use(r.Msg, "msg")
		}
	}
}

func (l *loader) moreKinds() []string {
	out := make([]string, 0, len(l.pkg.More))
	for _, r := range l.pkg.More {
		out = append(out, r.Kind)
	}
	return out
}

var xmlID = regexp.MustCompile(`\bid="([^"]+)"`)

// elementIDs are the ids of a drawn process, whose events and tasks may have labels.
func (l *loader) elementIDs() []string {
	b, _ := l.read("process.bpmn")
	var out []string
	for _, m := range xmlID.FindAllSubmatch(b, -1) {
		out = append(out, string(m[1]))
	}
	return out
}
