package service

import (
	"slices"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/onestop/form"
)

// Opening says that a service has so many places and gives them out from an instant on. A
// change of it is a new version of the package, which two people publish.
type Opening struct {
	From, Until time.Time
	Quota       int            // places; of each answer of By where that is set
	By          string         // path of the answer that places are counted by: a school; "" for one quota
	Quotas      map[string]int // of the answers of By that have another quota
	One         string         // path of the answer that may hold one place: a child; "" where the account may
	File        time.Duration  // how long whoever is let in has to file
	Release     []string       // what gives a place back: withdrawn, refused
}

// The words of release.
const (
	ReleaseWithdrawn = "withdrawn"
	ReleaseRefused   = "refused"
)

// openingDef is the opening as written.
type openingDef struct {
	Pos     decl.Pos
	From    decl.Text      `yaml:"from,required"`  // 2026-07-01T00:00, by the clock of the city
	Until   decl.Text      `yaml:"until,required"` // the instant at which it is over
	Quota   int            `yaml:"quota,required"`
	By      decl.Text      `yaml:"by"`
	Quotas  map[string]int `yaml:"quotas"`
	One     decl.Text      `yaml:"one"`
	Minutes int            `yaml:"minutes"`
	Release []decl.Text    `yaml:"release"`
}

const (
	instantForm   = "2006-01-02T15:04"
	fileMinutes   = 20
	maxQuota      = 1_000_000
	maxFileWithin = 180 // minutes: a place must not stand idle for a day
)

// PlacesOf is how many places an answer of By has, and the name that they are counted under.
func (o *Opening) PlacesOf(answers form.Answers) (name string, places int) {
	if o.By == "" {
		return "", o.Quota
	}
	name = answers.Text(o.By)
	if n, ok := o.Quotas[name]; ok {
		return name, n
	}
	return name, o.Quota
}

// Gives reports whether what happened to a dossier gives its place back.
func (o *Opening) Gives(what string) bool { return o != nil && slices.Contains(o.Release, what) }

// opening reads the opening; it is nil where the package has none.
func (l *loader) opening(src *source) {
	d := src.Opening
	if d == nil {
		return
	}
	const file = "service.yaml"
	o := &Opening{Quota: d.Quota, By: d.By.S, Quotas: d.Quotas, One: d.One.S, File: time.Duration(d.Minutes) * time.Minute}
	o.From, o.Until = l.instant(d.From, "opening.from"), l.instant(d.Until, "opening.until")
	if !o.From.IsZero() && !o.Until.IsZero() && !o.Until.After(o.From) {
		l.fail(file, d.Until.Pos, "opening.until", "service.lint.openingUntil")
	}
	if d.Minutes == 0 {
		o.File = fileMinutes * time.Minute
	}
	if d.Minutes < 0 || d.Minutes > maxFileWithin {
		l.fail(file, d.Pos, "opening.minutes", "service.lint.openingNumber", "element", "minutes", "value", d.Minutes, "min", 1, "max", maxFileWithin)
	}
	if d.Quota < 1 || d.Quota > maxQuota {
		l.fail(file, d.Pos, "opening.quota", "service.lint.openingNumber", "element", "quota", "value", d.Quota, "min", 1, "max", maxQuota)
	}
	for _, n := range d.Quotas {
		if n < 0 || n > maxQuota {
			l.fail(file, d.Pos, "opening.quotas", "service.lint.openingNumber", "element", "quotas", "value", n, "min", 0, "max", maxQuota)
		}
	}
	for _, r := range d.Release {
		if known := []string{ReleaseWithdrawn, ReleaseRefused}; !slices.Contains(known, r.S) {
			l.fail(file, r.Pos, "opening.release", "service.lint.word", "value", r.S, "known", list(known))
		}
		o.Release = append(o.Release, r.S)
	}
	l.pkg.Opening = o
}

func (l *loader) instant(t decl.Text, element string) time.Time {
	v, err := time.ParseInLocation(instantForm, t.S, clock.Zone)
	if err != nil && t.Set() {
		l.fail("service.yaml", t.Pos, element, "service.lint.openingInstant", "value", t.S)
	}
	return v
}

// lintOpening checks an opening against the rest of the package: there is one place in the
// line for an account, so that whoever opens more windows gains nothing.
func (l *loader) lintOpening(src *source) {
	o := l.pkg.Opening
	if o == nil {
		return
	}
	const file = "service.yaml"
	if _, needed := l.pkg.SignIn(); !needed && l.pkg.Offers(Online) {
		l.fail(file, src.Opening.Pos, "opening", "service.lint.openingAccount")
	}
	if day := clock.DateOf(o.From); day.Before(l.pkg.From) || !l.pkg.To.IsZero() && clock.DateOf(o.Until.Add(-time.Minute)).After(l.pkg.To) {
		l.fail(file, src.Opening.Pos, "opening", "service.lint.openingValid")
	}
	for element, t := range map[string]decl.Text{"opening.by": src.Opening.By, "opening.one": src.Opening.One} {
		if t.S == "" {
			continue
		}
		typ, ok := l.pkg.Form.Leaf(t.S)
		// Whatever anybody may type would be a quota of its own.
		if !ok || element == "opening.by" && typ != "code" && typ != "unit" {
			l.fail(file, t.Pos, element, "service.lint.openingAnswer", "path", t.S, "nearest", nearestOr(t.S, l.leaves()))
		}
	}
	if o.By == "" && len(o.Quotas) > 0 {
		l.fail(file, src.Opening.Pos, "opening.quotas", "service.lint.openingQuotas")
	}
}

// leaves are the paths of the form's questions.
func (l *loader) leaves() []string {
	var out []string
	for _, in := range l.pkg.Form.Inputs() {
		out = append(out, in.Path)
	}
	return out
}
