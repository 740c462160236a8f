package service

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/sms"
)

// city.yaml is what the city says and does where a service declares nothing.
//
//go:embed city.yaml
var cityFile []byte

type cityDef struct {
	Notices []noticeDef `yaml:"notices,required"`
	Warn    []warnDef   `yaml:"warn,required"`
}

// city is the content of city.yaml.
type city struct {
	notices map[string]Notice
	warn    []WarnRule
}

var cityRules = sync.OnceValue(func() city {
	var src cityDef
	if ps := decl.Decode("city.yaml", cityFile, &src); ps.Failed() {
		panic(ps.Err()) // the file is embedded
	}
	out := city{notices: map[string]Notice{}}
	for _, n := range src.Notices {
		out.notices[n.Event.S] = n.notice()
	}
	for _, w := range src.Warn {
		r, bad := w.rule()
		if bad != "" {
			panic("city.yaml: " + bad)
		}
		out.warn = append(out.warn, r)
	}
	return out
})

// CityNotice is what the city says of a milestone for which a service says nothing; false
// where it is silent too.
func CityNotice(event string) (Notice, bool) {
	n, ok := cityRules().notices[event]
	return n, ok
}

// CityWarnings are the city's rules for terms that run out.
func CityWarnings() []WarnRule { return slices.Clone(cityRules().warn) }

// NoticeOf is the package's notice of a milestone, completed by the city's; false where both
// are silent.
func (p *Package) NoticeOf(event string) (Notice, bool) {
	n, ok := p.Notices[event]
	c, has := CityNotice(event)
	if !ok {
		return c, has
	}
	if n.SMS.IsZero() {
		n.SMS = c.SMS
	}
	if n.Lock.IsZero() {
		n.Lock = c.Lock
	}
	return n, true
}

func (n noticeDef) notice() Notice {
	return Notice{Event: n.Event.S, To: n.To, Subject: n.Subject, Body: n.Body, SMS: n.SMS, Lock: n.Lock, pos: n.Event.Pos}
}

// NoticeText is a notice filled in one language.
type NoticeText struct{ Subject, Body, SMS, Lock string }

// Write fills a notice in a language.
func (n Notice) Write(lang i18n.Lang, data map[string]string) NoticeText {
	fill := func(l decl.Label) string { return Fill(l.In(lang), data) }
	return NoticeText{Subject: fill(n.Subject), Body: fill(n.Body), SMS: fill(n.SMS), Lock: fill(n.Lock)}
}

// WarnTo is whom a warning tells.
type WarnTo string

// The people.
const (
	WarnHolder WarnTo = "holder" // who took the task; while nobody did, all of the post
	WarnHead   WarnTo = "head"   // of the unit where the task lies
	WarnLeader WarnTo = "leader" // above the head
)

// WarnRule tells somebody that a term runs out: some office time before it, when it ends,
// or some working days after. It holds for the term of each task and for the date promised
// to the applicant.
type WarnRule struct {
	Hours int // office hours before the term
	Days  int // working days after it
	To    []WarnTo
}

// warnDef is a rule as written.
type warnDef struct {
	Pos    decl.Pos
	Before decl.Text `yaml:"before"` // 8 workingHours
	At     decl.Text `yaml:"at"`     // due
	After  decl.Text `yaml:"after"`  // 1 workingDays
	To     []string  `yaml:"to,required"`
}

// rule reads a rule; bad is the word that is none.
func (w warnDef) rule() (r WarnRule, bad string) {
	for _, to := range w.To {
		if !slices.Contains([]string{string(WarnHolder), string(WarnHead), string(WarnLeader)}, to) {
			return r, to
		}
		r.To = append(r.To, WarnTo(to))
	}
	set := 0
	for _, t := range []decl.Text{w.Before, w.At, w.After} {
		if t.Set() {
			set++
		}
	}
	if set != 1 || len(w.To) == 0 {
		return r, "before, at, after"
	}
	switch {
	case w.At.Set():
		if w.At.S != "due" {
			return r, w.At.S
		}
	case w.Before.Set():
		t, err := calendar.ParseTerm(w.Before.S)
		if err != nil || t.Kind != calendar.WorkingHours || t.N < 1 || t.N > 400 {
			return r, w.Before.S
		}
		r.Hours = t.N
	default:
		t, err := calendar.ParseTerm(w.After.S)
		if err != nil || t.Kind != calendar.WorkingDays || t.N < 1 || t.N > 100 {
			return r, w.After.S
		}
		r.Days = t.N
	}
	return r, ""
}

// warnings reads the rules of service.yaml.
func (l *loader) warnings(src *source) {
	for _, w := range src.Warn {
		r, bad := w.rule()
		if bad != "" {
			l.fail("service.yaml", w.Pos, "warn", "service.lint.warn", "value", bad)
			continue
		}
		l.pkg.Warnings = append(l.pkg.Warnings, r)
	}
}

// openWords may stand where everybody can read over a shoulder.
//
//nolint:gochecknoglobals // immutable table
var openWords = []string{"dossier.code", "dossier.due"}

// maxNoticeSMS is how many messages a notice may cost, filled.
const maxNoticeSMS = 3

// Example values are as long as true ones.
func noticeExample() map[string]string {
	return map[string]string{"dossier.code": "H26.16.99-250623-000001", "dossier.due": "17:00 ngày 23/06/2025", "applicant": "Nguyễn Thị Ánh Nguyệt", "service": "", "case": ""}
}

func (l *loader) notices() {
	for _, file := range l.files("notify", ".yaml") {
		var n noticeDef
		if !l.decode(file, &n) {
			continue
		}
		if n.Subject.VI == "" || n.Subject.EN == "" || n.Body.VI == "" || n.Body.EN == "" || (n.SMS.VI == "") != (n.SMS.EN == "") || (n.Lock.VI == "") != (n.Lock.EN == "") {
			l.fail(file, n.Pos, n.Event.S, "service.lint.notice")
		}
		for element, text := range map[string]decl.Label{"subject": n.Subject, "body": n.Body, "sms": n.SMS, "lock": n.Lock} {
			l.label(file, n.Pos, element, text.VI+text.EN)
		}
		for _, to := range n.To {
			if known := []string{"applicant", "submitter", "holder", "head"}; !slices.Contains(known, to) {
				l.fail(file, n.Pos, "to", "service.lint.wordNear", "value", to, "known", list(known), "nearest", nearestOr(to, known))
			}
		}
		// What lights up on a table is read by whoever sits there.
		for element, text := range map[string]decl.Label{"subject": n.Subject, "sms": n.SMS, "lock": n.Lock} {
			for _, m := range placeholder.FindAllStringSubmatch(text.VI+text.EN, -1) {
				if !slices.Contains(openWords, m[1]) {
					l.fail(file, n.Pos, element, "service.lint.openWord", "name", m[1], "known", strings.Join(openWords, ", "))
				}
			}
		}
		for _, lang := range i18n.Langs {
			if text := n.SMS.In(lang); text != "" && sms.Segments(Fill(text, noticeExample())) > maxNoticeSMS {
				l.fail(file, n.Pos, "sms", "service.lint.smsLong", "n", sms.Segments(Fill(text, noticeExample())), "max", maxNoticeSMS)
			}
		}
		if _, twice := l.pkg.Notices[n.Event.S]; twice {
			l.fail(file, n.Event.Pos, n.Event.S, "service.lint.noticeTwice", "event", n.Event.S)
		}
		out := n.notice()
		out.file = file
		l.pkg.Notices[n.Event.S] = out
	}
}
