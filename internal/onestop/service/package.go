package service

import (
	"html/template"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/feel"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
)

// Package is one version of a declared service, compiled. It is immutable.
type Package struct {
	ID        string // hanoi.civil-status.birth-registration
	Version   string // 2.1.0
	Digest    string // SHA-256 over its manifest, hex: what a dossier pins
	From      clock.Date
	To        clock.Date // last day of validity; zero: open
	Procedure string     // national code, 1.001193
	Owner     Owner

	Cases      []string // the first is the default
	Competent  Competent
	Receive    Receive
	Applicants []string // citizen, business
	NoneWhy    string   // why Assurance is none
	Assurance  string   // what account it needs online, see SignIn: none, registered, verified
	Channels   []Channel
	Fee        Fee
	Result     Result
	More       []Result // further papers that come out, each made when a milestone is reached
	LevelCap   LevelCap
	Data       Data

	Form    *form.Form
	Process *process.Def
	Terms   process.Terms
	Papers  []form.PaperDef

	Notices   map[string]Notice     // by milestone: accepted, signed
	Warnings  []WarnRule            // of terms that run out; the city's where the package names none
	Layouts   map[string]pdf.Layout // by result kind; Vietnamese, the language of the state's papers
	Scenarios []Scenario
	Manifest  []FileDigest
	Opening   *Opening // places given out from an instant on; nil where there is no end of them
	Register  *Entry   // what the result is entered in; nil where none is declared

	feeTable  *table     // nil: the fee is declared
	termTable *table     // nil: the term is declared
	decides   *feel.Expr // nil: the receiving agency does

	texts  texts
	folder string // of a package that comes with the program
	help   map[i18n.Lang]template.HTML
}

// Channel is a way in: online, counter, kiosk, post.
type Channel string

// The channels.
const (
	Online  Channel = "online"
	Counter Channel = "counter"
	Kiosk   Channel = "kiosk"
	Post    Channel = "post"
)

// National is the national portal's code of the channel: 1 direct, 2 online, 3 post.
func (c Channel) National() int {
	switch c {
	case Online:
		return 2
	case Post:
		return 3
	default:
		return 1
	}
}

// Owner is who answers for the package.
type Owner struct {
	Agency string `yaml:"agency"`
	Author string `yaml:"author"`
}

// Competent says who receives and who decides. The receiving agency is that of the unit
// which an answer names, or of the one above it in the tier. It decides, too, unless Unit
// names another: FEEL giving a unit as the steps do, "H26/labour".
type Competent struct {
	Pos  decl.Pos
	Tier string    `yaml:"tier,required"`
	By   string    `yaml:"by,required"` // path of a unit field of the form
	Unit decl.Text `yaml:"unit"`
}

// Receive says who may take the dossier in.
type Receive string

// The rules of reception.
const (
	AnyCommune    Receive = "any-commune"    // any ward's point receives, and forwards
	CompetentOnly Receive = "competent-only" // the unit that decides
)

// Fee is what is known of the fee. Kind is free, amount, set-by-council or unknown.
type Fee struct {
	Kind   string `yaml:"kind"`
	Amount int64  `yaml:"amount"` // đồng
	Rule   string `yaml:"rule"`   // decision table, rules/fee.dmn
	When   string `yaml:"when"`   // submit, accept, return
	Source string `yaml:"source"`
	Pos    decl.Pos
}

// Free reports whether a source says that nothing is paid. A zero without one does not.
func (f Fee) Free() bool { return f.Kind == "free" }

// Result is what the applicant gets.
type Result struct {
	Pos     decl.Pos
	Kind    string   `yaml:"kind,required"`   // birth-certificate
	Code    string   `yaml:"code"`            // national code, KQ.G15.000031
	Layout  string   `yaml:"layout,required"` // results/certificate.yaml
	Sign    []string `yaml:"sign"`            // leader, unit-seal
	Signing string   `yaml:"signing"`         // act, batch: by the act that decides, or each paper waits for its signer's hand; empty: act
	Book    string   `yaml:"book"`            // register it is numbered in
	Number  string   `yaml:"number"`          // how the number is written, "{n}/GPXD"; empty: an officer types it, and nothing is issued by the city itself
	Deliver []string `yaml:"deliver"`         // wallet, counter, post
	Copies  bool     `yaml:"copies"`          // the applicant may ask for copies
	On      string   `yaml:"on"`              // of further results: the milestone that makes it, "supplementAsked"
}

// How results are signed.
const (
	SigningAct   = "act"
	SigningBatch = "batch"
)

// Numbered reports whether the city takes the number, draws the paper, signs it and enters it
// in the register, before anybody hands it over.
func (r Result) Numbered() bool { return r.Number != "" }

// NumberText writes a number of the book as the paper bears it.
func (r Result) NumberText(n int64, year int) string {
	text := strconv.FormatInt(n, 10)
	if n < 10 {
		text = "0" + text // as the rules of office papers write it
	}
	return strings.NewReplacer("{n}", text, "{year}", strconv.Itoa(year)).Replace(r.Number)
}

// LevelCap is a legal limit of the maturity level, with its source.
type LevelCap struct {
	Pos    decl.Pos
	Max    int    `yaml:"max"`
	Reason string `yaml:"reason"` // presence, inspection
	Source string `yaml:"source"`
}

// Data says what personal data is used, for what, and how long it is kept.
type Data struct {
	Pos       decl.Pos
	Purpose   string   `yaml:"purpose"`
	Uses      []string `yaml:"uses"`
	Retention string   `yaml:"retention"`
}

// Notice is the message sent at a milestone, with {placeholders}.
type Notice struct {
	Event   string
	To      []string // applicant, submitter, holder, head
	Subject decl.Label
	Body    decl.Label
	SMS     decl.Label
	Lock    decl.Label

	file string
	pos  decl.Pos
}

// FileDigest is a line of the manifest.
type FileDigest struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// SignIn is the level that an account needs to file online; false where nobody has to sign in.
func (p *Package) SignIn() (auth.Level, bool) { return auth.ParseLevel(p.Assurance) }

// Name is the service's name.
func (p *Package) Name() decl.Label { return p.Text("name") }

// Summary is one sentence on what the service is for.
func (p *Package) Summary() decl.Label { return p.Text("summary") }

// CaseName is the name of a case of the procedure; empty where the dossier has none.
func (p *Package) CaseName(id string) decl.Label {
	if id == "" {
		return decl.Label{}
	}
	return p.Text("case." + id)
}

// PaperName is the name of a paper.
func (p *Package) PaperName(id string) decl.Label {
	if p.Form != nil {
		if l := p.Form.FileLabel(id); !l.IsZero() {
			return l
		}
	}
	return p.Text("paper." + id)
}

// Text is a text of the package by key; a missing one reads as its key.
func (p *Package) Text(key string) decl.Label {
	if l, ok := p.texts.Label(key); ok {
		return l
	}
	return decl.Label{VI: key, EN: key}
}

// Label is a text of the package by key, and whether it exists.
func (p *Package) Label(key string) (decl.Label, bool) { return p.texts.Label(key) }

// Help is the guidance page of the service, cleaned by an allow-list; empty where none is written.
func (p *Package) Help(l i18n.Lang) template.HTML { return p.help[l] }

// Made lists the further results that milestones make. A nil package makes none.
func (p *Package) Made(milestones []string) []Result {
	if p == nil {
		return nil
	}
	var out []Result
	for _, r := range p.More {
		if slices.Contains(milestones, r.On) {
			out = append(out, r)
		}
	}
	return out
}

// Covers reports whether the package is in force on a day.
func (p *Package) Covers(d clock.Date) bool {
	return !d.Before(p.From) && (p.To.IsZero() || !d.After(p.To))
}

// Offers reports whether a channel is open.
func (p *Package) Offers(c Channel) bool {
	for _, o := range p.Channels {
		if o == c {
			return true
		}
	}
	return false
}
