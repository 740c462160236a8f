package form

import (
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
)

// Options are what a definition is compiled against.
type Options struct {
	File   string     // name in problems, "form.yaml"
	Texts  decl.Texts // of the package: field.<id>, hint.<id>, page.<id>, msg.<id>, option.<list>.<code>
	Lists  Lists      // beyond the built-in ones; may be nil
	Papers []PaperDef
	Cases  []string
	// Sources are the names of those that can suggest answers; nil: not known. A field
	// that names another still works, and is reported as information.
	Sources []string
}

// Lists gives the items of a code list by name.
type Lists interface {
	List(name string) ([]Item, bool)
}

// Item is one value of a code list.
type Item struct {
	Code  string
	Label decl.Label
}

// Units resolves codes of administrative units. The code of a unit is ambiguous
// without a date, so every call has one.
type Units interface {
	// Unit returns the unit that bore a code on a day; false where none did.
	Unit(code string, on clock.Date) (Unit, bool)
	// Choices are the units of a tier that live on a day, ordered by name.
	Choices(tier string, on clock.Date) []Unit
	// Above is the unit itself or the one above it in a tier; false where none lives.
	Above(code, tier string, on clock.Date) (Unit, bool)
}

// Unit is an administrative unit as a form needs it.
type Unit struct {
	Code string // GSO code, "00118"
	Name string // "Phường Bồ Đề"
	Full string // with its parents: "Phường Bồ Đề, thành phố Hà Nội"
	Tier string // city, district, commune
}

// Env is what a form reads beside the answers.
type Env struct {
	Now     time.Time
	Case    string // of the procedure
	Channel string // online, counter, kiosk, post
	Units   Units  // nil: codes are checked by shape only
	// Receiving and Competent are codes of units, for conditions; empty until known.
	Receiving string
	Competent string
	// District is the code of the district above the receiving agency; empty in a city of two tiers.
	District string
	Files    []File // papers given
	// Dossier are the applicant's answers where an officer's form is filled.
	Dossier Answers
}

// Finder is what Units may be besides: it finds units by what people call them.
type Finder interface {
	// Find returns the units of a tier that live on a day and bear a name, or took the
	// place of one that bore it before, the best first.
	Find(name, tier string, on clock.Date) []Match
}

// Match is a unit that a name led to.
type Match struct {
	Unit  Unit
	Was   string // the name of old that led there, "Phường Ngọc Lâm"; empty where it is the unit's own
	Exact bool   // the name is the whole name
}

// given counts the files that were handed in for a paper or a file field.
func (e *Env) given(id string) int {
	n := 0
	for i := range e.Files {
		if e.Files[i].Paper == id {
			n++
		}
	}
	return n
}

// File is what is known of a paper given with a dossier. The bytes stay in the blob store.
type File struct {
	Paper     string `json:"paper"` // id of the paper, "birthSlip", or path of the file field
	Name      string `json:"name"`
	Type      string `json:"type"` // pdf, jpg, png: from the content, not from the name
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256,omitempty"`
	Originals int    `json:"originals,omitempty"`
	Copies    int    `json:"copies,omitempty"`
	ShownOnly bool   `json:"shownOnly,omitempty"` // shown at the counter and given back
	// Electronic is a paper that came as signed data: neither original nor copy is kept.
	Electronic bool `json:"electronic,omitempty"`
}

// Result is what Validate found.
type Result struct {
	Answers  Answers      // in canonical form, hidden ones dropped, computed ones filled
	Dropped  []string     // paths whose question does not apply; tell the person
	Errors   []errs.Field // stop the submission
	Warnings []errs.Field // shown to the person and to the officer
}

// OK reports whether nothing stops the submission.
func (r Result) OK() bool { return len(r.Errors) == 0 }

// Err is nil where nothing stops the submission, otherwise Invalid with key form.invalid.
func (r Result) Err() error {
	if r.OK() {
		return nil
	}
	return errs.E(errs.Invalid, "form.invalid", errs.P("n", len(r.Errors)), errs.WithFields(r.Errors...))
}

// PaperNeed is a paper of the dossier under given answers.
type PaperNeed struct {
	ID        string
	Code      string
	Label     decl.Label
	Hint      decl.Label
	Required  bool
	OneOf     string // one paper of this group suffices
	ShownOnly bool   // brought to the counter and given back
	Accept    []string
	MaxBytes  int64
	MaxFiles  int
	From      []string // wallet, register, upload
	Originals int
	Copies    int
	Name      string // of the input that uploads it: "papers.birthSlip", or the path of a file field
}
