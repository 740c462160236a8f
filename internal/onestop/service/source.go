package service

import (
	"slices"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/register/catalog"
	"khue/internal/register/orgunit"
)

// Format is the word that service.yaml begins with.
const Format = "khue-service/1"

// source is service.yaml as written.
type source struct {
	Pos        decl.Pos
	Format     decl.Text       `yaml:"format,required"`
	ID         decl.Text       `yaml:"id,required"`
	Version    decl.Text       `yaml:"version,required"`
	Valid      validity        `yaml:"valid,required"`
	Procedure  decl.Text       `yaml:"procedure,required"`
	Owner      Owner           `yaml:"owner,required"`
	Cases      []decl.Text     `yaml:"cases"`
	Competent  Competent       `yaml:"competent,required"`
	Receive    decl.Text       `yaml:"receive,required"`
	Applicants []decl.Text     `yaml:"applicants,required"`
	Assurance  decl.Text       `yaml:"assurance,required"`
	NoneWhy    decl.Text       `yaml:"assuranceWhy"` // why it is none
	Channels   []decl.Text     `yaml:"channels,required"`
	Deadline   []deadlineDef   `yaml:"deadline,required"`
	Acceptance acceptanceDef   `yaml:"acceptance"`
	Supplement *supplementDef  `yaml:"supplement"`
	Consult    *consultDef     `yaml:"consult"`
	Papers     []form.PaperDef `yaml:"papers"`
	Fee        Fee             `yaml:"fee,required"`
	Result     Result          `yaml:"result,required"`
	Results    []Result        `yaml:"results"` // beside the result: a notice, a stamped set of drawings
	LevelCap   LevelCap        `yaml:"levelCap"`
	Data       Data            `yaml:"data,required"`
	Opening    *openingDef     `yaml:"opening"`
	Warn       []warnDef       `yaml:"warn"` // who is told of terms that run out; without it the city's rule
}

type validity struct {
	From decl.Text `yaml:"from,required"`
	To   decl.Text `yaml:"to"`
}

type deadlineDef struct {
	Pos         decl.Pos
	Case        string    `yaml:"case"`
	Channel     string    `yaml:"channel"`
	Kind        decl.Text `yaml:"kind,required"`
	N           int       `yaml:"n"`
	Cutoff      decl.Text `yaml:"cutoff"`
	CutoffMoves decl.Text `yaml:"cutoffMoves"`
	Rule        string    `yaml:"rule"`   // a table that gives kind and n for some answers; else the term here stands
	Reason      string    `yaml:"reason"` // why the steps may add up to more
}

type acceptanceDef struct {
	WorkingHours int `yaml:"workingHours"`
}

// consultDef says who answers in a unit that is consulted, and until when.
type consultDef struct {
	Pos    decl.Pos
	Role   decl.Text `yaml:"role,required"`
	Within decl.Text `yaml:"within,required"` // 12 calendarDays; silence agrees
}

type supplementDef struct {
	Pos    decl.Pos
	Max    int       `yaml:"max,required"`
	Within decl.Text `yaml:"within,required"`
	After  decl.Text `yaml:"after,required"`
	// Notices are terms until which the office writes what is missing: after acceptance, then
	// after each thing that was sent.
	Notices []decl.Text `yaml:"notices"`
	Lapse   decl.Text   `yaml:"lapse,required"`
}

// noticeDef is a file of notify/.
type noticeDef struct {
	Pos     decl.Pos
	Event   decl.Text  `yaml:"event,required"`
	To      []string   `yaml:"to,required"`
	Subject decl.Label `yaml:"subject,required"`
	Body    decl.Label `yaml:"body,required"`
	SMS     decl.Label `yaml:"sms"`  // a text message; without it the city's for the event
	Lock    decl.Label `yaml:"lock"` // what a locked screen may show; without it the city's
}

// defaultReceive is the one-stop's own term in working hours.
const defaultReceive = 8

// leastWhy is how many letters a reason has at least.
const leastWhy = 10

// facts fills the package from its source and reports what no type can hold.
func (l *loader) facts(src *source) {
	p := l.pkg
	p.ID, p.Version, p.Procedure, p.Owner = src.ID.S, src.Version.S, src.Procedure.S, src.Owner
	p.Competent, p.Receive, p.Assurance = src.Competent, Receive(src.Receive.S), src.Assurance.S
	p.Fee, p.Result, p.More, p.LevelCap, p.Data, p.Papers = src.Fee, src.Result, src.Results, src.LevelCap, src.Data, src.Papers
	const file = "service.yaml"
	oneOf := func(t decl.Text, element string, words ...string) {
		if t.Set() && !slices.Contains(words, t.S) {
			l.fail(file, t.Pos, element, "service.lint.word", "value", t.S, "known", list(words))
		}
	}
	oneOf(src.Format, "format", Format)
	oneOf(src.Receive, "receive", string(AnyCommune), string(CompetentOnly))
	oneOf(src.Assurance, "assurance", "none", "registered", "verified")
	// Packages that were published without it stay readable: it is asked for, not refused.
	if p.NoneWhy = strings.TrimSpace(src.NoneWhy.S); src.Assurance.S == "none" && utf8.RuneCountInString(p.NoneWhy) < leastWhy {
		l.warn(file, src.Assurance.Pos, "assurance", "service.lint.assuranceNone", "min", leastWhy)
	}
	for _, a := range src.Applicants {
		oneOf(a, "applicants", "citizen", "business")
		p.Applicants = append(p.Applicants, a.S)
	}
	for _, c := range src.Channels {
		oneOf(c, "channels", string(Online), string(Counter), string(Kiosk), string(Post))
		p.Channels = append(p.Channels, Channel(c.S))
	}
	for _, c := range src.Cases {
		p.Cases = append(p.Cases, c.S)
	}
	if !idForm.MatchString(src.ID.S) {
		l.fail(file, src.ID.Pos, "id", "service.lint.id", "id", src.ID.S)
	}
	if !versionForm.MatchString(src.Version.S) {
		l.fail(file, src.Version.Pos, "version", "service.lint.version", "version", src.Version.S)
	}
	if !catalog.Code(src.Procedure.S).Valid() {
		l.fail(file, src.Procedure.Pos, "procedure", "service.lint.procedure", "code", src.Procedure.S)
	}
	p.From = l.date(src.Valid.From, "valid.from")
	if src.Valid.To.Set() {
		if p.To = l.date(src.Valid.To, "valid.to"); p.To.Before(p.From) {
			l.fail(file, src.Valid.To.Pos, "valid.to", "service.lint.validity")
		}
	}
	oneOf(decl.Text{S: src.Fee.Kind, Pos: src.Fee.Pos}, "fee.kind", "", "free", "amount", "set-by-council", "unknown")
	if p.Fee.Kind == "" {
		p.Fee.Kind = "unknown"
	}
	l.terms(src)
	l.warnings(src)
	l.opening(src)
}

func (l *loader) date(t decl.Text, element string) clock.Date {
	d, err := clock.ParseDate(t.S)
	if err != nil && t.Set() {
		l.fail("service.yaml", t.Pos, element, "service.lint.date", "value", t.S)
	}
	return d
}

func (l *loader) terms(src *source) {
	const file = "service.yaml"
	terms := process.Terms{Receive: src.Acceptance.WorkingHours, Result: src.Result.Kind}
	if terms.Receive == 0 {
		terms.Receive = defaultReceive
	}
	for _, d := range src.Deadline {
		dl := calendar.Deadline{N: d.N}
		err := dl.Kind.UnmarshalText([]byte(d.Kind.S))
		if err == nil && d.Cutoff.Set() {
			err = dl.Cutoff.UnmarshalText([]byte(d.Cutoff.S))
		}
		if err == nil {
			err = dl.CutoffMoves.UnmarshalText([]byte(d.CutoffMoves.S))
		}
		if err == nil {
			err = dl.Check()
		}
		if err != nil {
			l.fail(file, d.Pos, "deadline", "service.lint.deadline", "reason", err.Error())
			continue
		}
		terms.Deadlines = append(terms.Deadlines, process.Deadline{Case: d.Case, Channel: d.Channel, Term: dl})
	}
	if s := src.Supplement; s != nil {
		within, err := calendar.ParseTerm(s.Within.S)
		if err != nil {
			l.fail(file, s.Within.Pos, "supplement.within", "process.lint.period", "value", s.Within.S)
		}
		for _, w := range []struct {
			t     decl.Text
			name  string
			known []string
		}{{s.After, "after", []string{"restart", "resume"}}, {s.Lapse, "lapse", []string{"return"}}} {
			if w.t.Set() && !slices.Contains(w.known, w.t.S) {
				l.fail(file, w.t.Pos, "supplement."+w.name, "service.lint.word", "value", w.t.S, "known", list(w.known))
			}
		}
		terms.Supplement = process.SupplementTerms{Max: s.Max, Within: within, Resume: s.After.S == "resume"}
		for _, t := range s.Notices {
			n, err := calendar.ParseTerm(t.S)
			if err != nil {
				l.fail(file, t.Pos, "supplement.notices", "process.lint.period", "value", t.S)
			}
			terms.Supplement.Notices = append(terms.Supplement.Notices, n)
		}
		if len(s.Notices) > s.Max+1 {
			l.fail(file, s.Notices[s.Max+1].Pos, "supplement.notices", "service.lint.notices", "max", s.Max+1)
		}
	}
	if c := src.Consult; c != nil {
		within, err := calendar.ParseTerm(c.Within.S)
		if err != nil {
			l.fail(file, c.Within.Pos, "consult.within", "process.lint.period", "value", c.Within.S)
		}
		if _, ok := orgunit.RoleOf(orgunit.Role(c.Role.S)); !ok {
			l.fail(file, c.Role.Pos, "consult.role", "process.lint.role", "role", c.Role.S, "known", strings.Join(roleNames(), ", "))
		}
		terms.Consult = process.ConsultTerms{Role: c.Role.S, Within: within}
	}
	l.pkg.Terms = terms
}

func params(kv []any) errs.Params {
	out := make(errs.Params, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		out[kv[i].(string)] = kv[i+1]
	}
	return out
}
